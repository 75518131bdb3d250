"""One httpx client for each connection: with several, a client spends up to half of its time on its own pool."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

C = TypeVar("C")

_KEPT = 5.0
"""Seconds for which an idle connection is kept, as httpx does by default."""


class Clients(Generic[C]):
    """Clients that carry one request at a time. One more is made when all others are under way.

    Attributes:
        all: That were made, and not forgotten.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._idle: deque[tuple[float, C]] = deque()
        self.all: list[C] = []

    def take(self) -> C:
        """The client that was idle for the shortest time: its connection is the likeliest to be still open."""
        try:
            return self._idle.pop()[1]
        except IndexError:
            client = self._make()
            self.all.append(client)
            return client

    def give(self, client: C) -> C | None:
        """The request is over. Answers a client that was idle for too long, to be closed."""
        now = time.monotonic()
        self._idle.append((now, client))
        try:
            oldest = self._idle.popleft()
        except IndexError:  # another thread has taken it
            return None
        if now - oldest[0] <= _KEPT:
            self._idle.appendleft(oldest)
            return None
        return self.forget(oldest[1])

    def forget(self, client: C) -> C:
        """The client is not to be used again: its request failed, and who knows what is left of its connection."""
        self.all.remove(client)
        return client
