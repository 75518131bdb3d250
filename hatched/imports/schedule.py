"""Which events go next: full batches, and never two requests at once that hold events of one user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Literal

from hatched.imports.batch import Batch
from hatched.routes import MAX_BATCH

Order = Literal["user", "none", "total"]
MAX_BYTES = 1_000_000
"""Of one request's events (inferred: no limit is documented)."""

_Row = tuple[int, Hashable, bytes]
"""An `Item` without its name: to make one takes longer than all that is done with it here."""
_KEYS: dict[Order, Callable[[Batch], Sequence[Hashable]]] = {
    "user": attrgetter("keys"),
    "none": attrgetter("positions"),
    "total": lambda batch: [None] * len(batch),
}


class Schedule:
    """Events that wait. Those that share a key stay in order: while one is under way, the others wait.

    They go in the order in which they came. Those that cannot are put aside when their turn comes, and go first
    as soon as they can.

    Attributes:
        waiting: Events.
        bytes: Of the events that wait.
    """

    def __init__(self, order: Order) -> None:
        self._keys = _KEYS[order]
        self.waiting: int = 0
        self.bytes: int = 0
        self._new: deque[Batch] = deque()
        self._busy: set[Hashable] = set()
        self._aside: dict[Hashable, list[_Row]] = {}
        self._freed: deque[Hashable] = deque()  # keys of which some are aside, and none is under way
        self._next = Batch()
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

    def add(self, events: Batch) -> None:
        """The next events of the source, of which each user is the key."""
        if events:
            self._new.append(Batch(events.positions, self._keys(events), events.bodies))
            self.waiting += len(events)
            self.bytes += events.size

    def take(self) -> Batch:
        """A batch, as full as may be; its keys are under way until they are given back."""
        self._fill()
        batch, self._next = self._next, Batch()
        self._busy.update(batch.keys)
        if self._freed and self._freed[0] in self._busy:
            self._freed.popleft()
        self.waiting -= len(batch)
        self.bytes -= MAX_BYTES - self._room
        self._room = MAX_BYTES
        return batch

    def give_back(self, batch: Batch) -> None:
        """The batch is dealt with: what waits behind it may go."""
        self._busy.difference_update(batch.keys)
        if self._aside:
            self._freed.extend([key for key in dict.fromkeys(batch.keys) if key in self._aside])

    def _fill(self) -> None:
        if self._freed:
            self._fill_from_aside()
        while not self._freed and self._new and (left := MAX_BATCH - len(self._next)):
            events = self._new.popleft()
            if len(events) > left:
                self._new.appendleft(events[left:])
                events = events[:left]
            events = self._free(events)
            fitting = self._fitting(events)
            self._next += events[:fitting] if fitting < len(events) else events
            if fitting < len(events):
                self._new.appendleft(events[fitting:])
                break

    def _fill_from_aside(self) -> None:
        rows: list[_Row] = []
        room, left = self._room, MAX_BATCH - len(self._next)
        while self._freed:
            queue = self._aside[self._freed[0]]
            taken = 0
            for row in queue:
                size = len(row[2])
                if len(rows) == left or (size > room and (rows or self._next)):
                    break
                rows.append(row)
                room -= size
                taken += 1
            if taken < len(queue):
                del queue[:taken]
                break
            del self._aside[self._freed.popleft()]
        self._room = room
        self._next += Batch.of(rows)

    def _fitting(self, events: Batch) -> int:
        """How many of these there is room for, which is taken; the first of a batch always fits."""
        size = events.size
        if size <= self._room:
            self._room -= size
            return len(events)
        for count, body in enumerate(events.bodies):
            if len(body) > self._room and (count or self._next):
                return count
            self._room -= len(body)
        return len(events)

    def _free(self, events: Batch) -> Batch:
        """Those of new events that need not wait; the others are put aside. While none is freed, all aside are busy."""
        if self._busy.isdisjoint(events.keys):
            return events
        free: list[_Row] = []
        busy, aside = self._busy, self._aside
        for row in zip(events.positions, events.keys, events.bodies, strict=True):
            key = row[1]
            if key not in busy:
                free.append(row)
            elif key in aside:
                aside[key].append(row)
            else:
                aside[key] = [row]
        return Batch.of(free)
