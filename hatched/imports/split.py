"""Finds the events for which a batch was refused, with few requests, and sends the others in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from hatched.imports.batch import Batch, Item

Kind = tuple[Hashable, ...]
_INDEX = re.compile(r"\bevents[.\[](\d{1,3})\b")

KIND_OF: Mapping[str, Callable[[dict[str, Any]], Kind]] = {
    "event_type_not_registered": lambda event: (event.get("audience"), event["type"]),
    "missing_audience": lambda event: (event.get("audience"),),
    "unknown_audience": lambda event: (event.get("audience"),),
}
"""By error code: what the events have in common that are refused for it."""


def named(details: Any) -> dict[int, str]:
    """The events that `details.fields` names, by index, each with its message.

    The shape of an entry is not documented (reference/error-codes): an object or text that holds `events.3.` or
    `events[3]` is understood.
    """
    fields = details.get("fields") if isinstance(details, Mapping) else None
    found: dict[int, str] = {}
    for entry in fields if isinstance(fields, list) else ():
        texts = [str(value) for value in entry.values()] if isinstance(entry, Mapping) else [str(entry)]
        places_first = sorted(texts, key=lambda text: " " in text)  # a message may quote what anybody wrote
        match = _INDEX.search(" ".join(places_first)[:10_000])
        if match:
            found.setdefault(int(match[1]), ": ".join(texts)[:500])
    return found


class Split:
    """What is left of a batch, and which part of it goes next.

    The first `suspects` events are known to hold one that is refused: their first half goes alone, until it is found.
    Parts go from left to right, so events of one user stay in order.

    Attributes:
        left: Events that are neither accepted nor rejected.
    """

    def __init__(self, batch: Batch) -> None:
        self.left: Batch = batch
        self._suspects = 0
        self._probe: Item | None = None

    @property
    def part(self) -> Batch:
        """What to send next; empty when nothing is left."""
        if self._probe is not None:
            return Batch.of([self._probe])
        return self.left[: max(self._suspects // 2, 1)] if self._suspects else self.left

    def accepted(self) -> None:
        """The part was accepted."""
        part = self.part
        if self._probe is not None:
            self.drop(part)
        else:
            self.left = self.left[len(part) :]
            self._suspects -= min(len(part), self._suspects)

    def halve(self) -> None:
        """The part, of more than one event, was refused without a word about which of them."""
        self._suspects = len(self.part)

    def probe(self, item: Item) -> None:
        """The next part is this event alone."""
        self._probe = item

    def drop(self, items: Iterable[Item]) -> None:
        """These need not be sent any more."""
        gone = {item.position for item in items}
        self.left = self.left.where(lambda item: item.position not in gone)
        self._suspects = 0
        self._probe = None

    def first(self, wanted: Callable[[Item], bool]) -> Item | None:
        """A wanted event before which none of the same key is left: it may go first."""
        keys: set[Hashable] = set()
        for item in self.left:
            if item.key not in keys and wanted(item):
                return item
            keys.add(item.key)
        return None
