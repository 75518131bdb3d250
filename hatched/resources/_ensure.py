"""The first-user bootstrap: the buddy of a user, hatched if need be (guides/first-user-bootstrap).

Several callers may run this at once, so an egg that hatches already, whoever began it, is waited for. Eggs
are looked at before buddies: one that stops hatching in between has become a buddy by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attrs import frozen

from hatched import models, routes
from hatched.errors import ConflictError, OperationFailedError, OperationTimeoutError
from hatched.resources._call import Caller
from hatched.resources._polling import poll, wait_for_operation
from hatched.resources.buddies import AsyncBuddies
from hatched.resources.eggs import AsyncEggs


@frozen(kw_only=True)
class Bootstrap:
    """One run of it, until `ends` on the clock of the client."""

    call: Caller
    user_id: str
    audience: str | None
    ends: float
    interval: float
    options: Mapping[str, Any]

    async def run(self) -> models.Buddy:
        """See `AsyncBuddies.ensure`."""
        found = await self._buddy() or await self._look()
        if found is None:
            mine = await AsyncEggs(self.call).create(
                user_id=self.user_id, ensure=True, audience=self.audience, **self.options
            )
            # Another caller may have begun to hatch the egg that `ensure` would have answered: then ours
            # is left waiting, for a later `ensure` to use.
            found = await self._look() or await self._hatch(mine)
        if isinstance(found, models.Buddy):
            return found
        return await AsyncBuddies(self.call).get(await self._hatched(found.egg_id), **self.options)

    async def _look(self) -> models.Egg | models.Buddy | None:
        return await self._hatching() or await self._buddy()

    async def _buddy(self) -> models.Buddy | None:
        # One page: a user has one buddy per audience (concepts/buddy-and-hatch).
        found = await AsyncBuddies(self.call).list(
            user_id=self.user_id, status=models.BuddyStatus.ACTIVE, **self.options
        )
        for buddy in found.data:
            if self.audience is None or buddy.audience == self.audience:
                return buddy
        return None

    async def _hatching(self) -> models.Egg | None:
        found = await AsyncEggs(self.call).list(user_id=self.user_id, status=models.EggStatus.HATCHING, **self.options)
        for egg in found:
            if self.audience is None or egg.metadata.get("audience", self.audience) == self.audience:
                return egg
        return None

    async def _hatch(self, egg: models.Egg) -> models.Egg | models.Buddy:
        eggs = AsyncEggs(self.call)
        if egg.status is models.EggStatus.WAITING:
            with suppress(ConflictError):  # another caller made it ready
                await eggs.update_status(egg.egg_id, status="ready", **self.options)
        try:
            started = await eggs.hatch(egg.egg_id, **self.options)
        except ConflictError:  # another caller hatches this egg, or has hatched one of its own
            found = await self._look()
            if found is None:
                raise
            return found
        await wait_for_operation(
            self.call,
            started.operation_id,
            timeout=self._time_left(),
            interval=self.interval,
            raise_on_failure=True,
            options=self.options,
        )
        return egg

    async def _hatched(self, egg_id: str) -> str:
        async def look(time_left: float) -> str | None:
            egg = await self.call(routes.EGGS_GET, models.Egg, egg_id, options={**self.options, "deadline": time_left})
            if egg.buddy_id is None and egg.status not in (models.EggStatus.HATCHING, models.EggStatus.HATCHED):
                raise OperationFailedError(
                    f"egg {egg_id} stopped hatching and is {egg.status}", operation=None, route=routes.EGGS_HATCH.id
                )
            return egg.buddy_id

        buddy_id = await poll(self.call, look, timeout=self._time_left(), interval=self.interval)
        if buddy_id is None:
            raise OperationTimeoutError(
                f"egg {egg_id} has not hatched in time; call again", operation=None, route=routes.EGGS_HATCH.id
            )
        return buddy_id

    def _time_left(self) -> float:
        """At least one interval, so that what was begun is looked at."""
        return max(self.ends - self.call.io.now(), self.interval)
