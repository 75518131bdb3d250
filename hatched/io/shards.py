"""Which of several small clients takes the next request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from hatched.pipeline.lock import Lock

C = TypeVar("C")


class Shard(Generic[C]):
    """A client, and how many requests it carries."""

    __slots__ = ("busy", "client")

    def __init__(self, client: C) -> None:
        self.client: C = client
        self.busy: int = 0


class Shards(Generic[C]):
    """Clients that are made when all others are full. The caller never takes more than they hold together."""

    def __init__(self, make: Callable[[], C], *, each: int) -> None:
        self._make = make
        self._each = each
        self._lock = Lock()
        self.all: list[Shard[C]] = []

    def take(self) -> Shard[C]:
        """The least busy client. `give` must follow."""
        with self._lock:
            shard = min(self.all, key=lambda one: one.busy, default=None)
            if shard is None or shard.busy >= self._each:
                shard = Shard(self._make())
                self.all.append(shard)
            shard.busy += 1
            return shard

    def give(self, shard: Shard[C]) -> None:
        """The request is over."""
        with self._lock:
            shard.busy -= 1
