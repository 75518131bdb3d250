"""Which events go next: full batches, and never two requests at once that hold events of one user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Literal

from hatched.imports.rows import Item
from hatched.routes import MAX_BATCH

Order = Literal["user", "none", "total"]
MAX_BYTES = 1_000_000
"""Of one request's events (inferred: no limit is documented)."""

_KEYS: dict[Order, Callable[[Item], Hashable]] = {
    "user": attrgetter("user"),
    "none": attrgetter("position"),
    "total": lambda _: None,
}


class Schedule:
    """Events that wait. Those that share a key stay in order: while one is under way, the others wait.

    They go in the order in which they came. Those that cannot are put aside when their turn comes, and go first
    as soon as they can.

    Attributes:
        key: What of an event keeps it in order with others.
        waiting: Events.
        bytes: Of the events that wait.
    """

    def __init__(self, order: Order) -> None:
        self.key: Callable[[Item], Hashable] = _KEYS[order]
        self.waiting: int = 0
        self.bytes: int = 0
        self._new: deque[Item] = deque()
        self._busy: set[Hashable] = set()
        self._aside: dict[Hashable, deque[Item]] = {}
        self._freed: deque[Hashable] = deque()  # keys of which some are aside, and none is under way
        self._next: list[Item] = []
        self._room = MAX_BYTES  # in the next batch

    @property
    def full(self) -> bool:
        """Whether the next batch is as full as may be."""
        self._fill()
        return bool(self._freed or self._new) or len(self._next) == MAX_BATCH

    @property
    def ready(self) -> bool:
        """Whether the next batch has events."""
        self._fill()
        return bool(self._next)

    def add(self, items: Sequence[Item]) -> None:
        """The next events of the source."""
        self._new.extend(items)
        self.waiting += len(items)
        self.bytes += _bytes(items)

    def take(self) -> list[Item]:
        """A batch, as full as may be; its keys are under way until they are given back."""
        self._fill()
        batch, self._next = self._next, []
        self._busy.update(map(self.key, batch))
        if self._freed and self._freed[0] in self._busy:
            self._freed.popleft()
        self.waiting -= len(batch)
        self.bytes -= MAX_BYTES - self._room
        self._room = MAX_BYTES
        return batch

    def give_back(self, batch: Iterable[Item]) -> None:
        """The batch is dealt with: what waits behind it may go."""
        keys = dict.fromkeys(map(self.key, batch))
        self._busy.difference_update(keys)
        self._freed.extend([key for key in keys if key in self._aside] if self._aside else ())

    def _fill(self) -> None:
        while self._freed and self._move(self._aside[self._freed[0]]):
            del self._aside[self._freed.popleft()]
        while not self._freed and self._new and (left := MAX_BATCH - len(self._next)):
            some = deque(self._free([self._new.popleft() for _ in range(min(left, len(self._new)))]))
            if not self._move(some):
                self._new.extendleft(reversed(some))
                break

    def _move(self, queue: deque[Item]) -> bool:
        """Put events into the next batch. Answers whether there was room for all; the first of a batch always fits."""
        batch, room = self._next, self._room
        if len(queue) <= MAX_BATCH - len(batch) and (size := _bytes(queue)) <= room:
            batch.extend(queue)
            self._room -= size
            return True
        while queue:
            size = len(queue[0].body)
            if len(batch) == MAX_BATCH or (size > room and batch):
                break
            batch.append(queue.popleft())
            room -= size
        self._room = room
        return not queue

    def _free(self, items: list[Item]) -> list[Item]:
        """Those of new items that need not wait; the others are put aside. While none is freed, all aside are busy."""
        keys = [*map(self.key, items)]
        if self._busy.isdisjoint(keys):
            return items
        free = []
        for key, item in zip(keys, items, strict=True):
            if key in self._busy:
                self._aside.setdefault(key, deque()).append(item)
            else:
                free.append(item)
        return free


def _bytes(items: Iterable[Item]) -> int:
    return sum([len(item.body) for item in items])  # noqa: C419  a generator takes twice as long
