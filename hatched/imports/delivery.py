"""Takes a batch to its end: every event of it is accepted, or rejected for a reason of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve

from hatched.errors import HatchedError
from hatched.imports.batch import Batch
from hatched.imports.report import Rejection
from hatched.imports.sending import Accepted, Sender
from hatched.imports.split import KIND_OF, Kind, Split, named


class Delivery:
    """Delivers one batch after another, for several tasks, and remembers which kinds of event are refused.

    Args:
        accept: Is given what the server has accepted.
        reject: Is given the position, the event and the reason of what it refuses.
    """

    def __init__(
        self,
        sender: Sender,
        accept: Callable[[Batch, Accepted], Awaitable[None]],
        reject: Callable[[int, Any, Rejection], Awaitable[None]],
    ) -> None:
        self._sender = sender
        self._accept = accept
        self._reject = reject
        self._bad_kinds: dict[str, dict[Kind, Rejection]] = {code: {} for code in KIND_OF}
        self._good_kinds: dict[str, set[Kind]] = {code: set() for code in KIND_OF}

    async def deliver(self, batch: Batch) -> None:
        """Come to an end with each event.

        Raises:
            StoppedError: The import stops; what was neither accepted nor rejected is as good as not sent.
        """
        split = Split(batch)
        refused_for = ""
        await self._leave_out_bad_kinds(split)
        while part := split.part:
            outcome = await self._sender.send(part)
            if isinstance(outcome, Accepted):
                split.accepted()
                await self._accept(part, outcome)
                if refused_for in KIND_OF:
                    self._good_kinds[refused_for].update(KIND_OF[refused_for](item.event) for item in part)
                    if len(part) == 1:
                        self._probe(split, refused_for)
            else:
                refused_for = await self._find_the_bad(split, part, outcome)

    async def _find_the_bad(self, split: Split, part: Batch, error: HatchedError) -> str:
        """The server refuses something of this part: what it names, a kind of event, or one that halving finds."""
        code = error.code or str(error.status_code)
        rejection = Rejection(code=code, message=error.message, request_id=error.request_id)
        if len(part) == 1:
            split.drop(part)
            await self._reject(part[0].position, part[0].event, rejection)
            if code in KIND_OF:
                self._bad_kinds[code][KIND_OF[code](part[0].event)] = rejection
                await self._leave_out_bad_kinds(split)
            return code
        found = {part[index]: message for index, message in named(error.details).items() if index < len(part)}
        for item, message in found.items():
            await self._reject(item.position, item.event, evolve(rejection, message=message))
            if code in KIND_OF:
                self._bad_kinds[code][KIND_OF[code](item.event)] = rejection
        if found:
            split.drop(found)
        elif not self._probe(split, code):
            split.halve()
        return code

    def _probe(self, split: Split, code: str) -> bool:
        """Have an event of a kind that was never accepted go next, alone, if that leaves the order as it is."""
        if code not in KIND_OF:
            return False
        good = self._good_kinds[code]
        unknown = split.first(lambda item: KIND_OF[code](item.event) not in good)
        if unknown is not None:
            split.probe(unknown)
        return unknown is not None

    async def _leave_out_bad_kinds(self, split: Split) -> None:
        for code, kinds in self._bad_kinds.items():
            bad = [item for item in split.left if KIND_OF[code](item.event) in kinds] if kinds else []
            for item in bad:
                await self._reject(item.position, item.event, kinds[KIND_OF[code](item.event)])
            if bad:
                split.drop(bad)
