"""Which events go next: full batches, and never two requests at once that hold events of one user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Literal

from hatched.imports.rows import Item

Order = Literal["user", "none", "total"]
MAX_EVENTS = 100
"""Of one request (guides/send-events)."""
MAX_BYTES = 1_000_000
"""Of one request's events (inferred: no limit is documented)."""

_KEYS: dict[Order, Callable[[Item], Hashable]] = {
    "user": lambda item: item.user,
    "none": lambda item: item.position,
    "total": lambda _: None,
}


class Schedule:
    """Events that wait. Those that share a key stay in order: while one is under way, the others wait.

    Attributes:
        key: What of an event keeps it in order with others.
        waiting: Events.
        free: Of these, those of keys that are not under way.
        bytes: Of the events that wait.
    """

    def __init__(self, order: Order) -> None:
        self.key: Callable[[Item], Hashable] = _KEYS[order]
        self._queues: dict[Hashable, list[Item]] = {}
        self._ready: deque[Hashable] = deque()
        self._busy: set[Hashable] = set()
        self.waiting: int = 0
        self.free: int = 0
        self.bytes: int = 0

    @property
    def free_bytes(self) -> int:
        """Of the events that are free, as far as they are like the others."""
        return self.bytes * self.free // max(self.waiting, 1)

    def add(self, item: Item) -> None:
        """The next event of the source."""
        key = self.key(item)
        queue = self._queues.get(key)
        free = key not in self._busy
        if queue is not None:
            queue.append(item)
        else:
            self._queues[key] = [item]
            if free:
                self._ready.append(key)
        self.waiting += 1
        self.free += free
        self.bytes += len(item.body)

    def take(self) -> list[Item]:
        """A batch, as full as may be; its keys are under way until they are given back."""
        batch: list[Item] = []
        room = MAX_BYTES
        while self._ready and len(batch) < MAX_EVENTS and room > 0:
            key = self._ready.popleft()
            queue = self._queues[key]
            count = 0
            for item in queue[: MAX_EVENTS - len(batch)]:
                if len(item.body) > room and (batch or count):
                    room = 0
                    break
                room -= len(item.body)
                count += 1
            if not count:
                self._ready.appendleft(key)
                break
            self._busy.add(key)
            self.free -= len(queue)
            batch += queue[:count]
            if count == len(queue):
                del self._queues[key]
            else:
                del queue[:count]
        self.waiting -= len(batch)
        self.bytes -= sum(len(item.body) for item in batch)
        return batch

    def give_back(self, batch: Iterable[Item]) -> None:
        """The batch is dealt with: what waits behind it may go."""
        for key in {self.key(item) for item in batch}:
            self._busy.discard(key)
            queue = self._queues.get(key)
            if queue is not None:
                self._ready.append(key)
                self.free += len(queue)
