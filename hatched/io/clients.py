"""One httpx client for each connection: with several, a client spends up to half of its time on its own pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

C = TypeVar("C")


class Clients(Generic[C]):
    """Clients that carry one request at a time. One more is made when all others are under way.

    Attributes:
        all: That were made.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._idle: list[C] = []
        self.all: list[C] = []

    def take(self) -> C:
        """The idle client that was used last: its connection is the likeliest to be still open. `give` must follow."""
        try:
            return self._idle.pop()
        except IndexError:
            client = self._make()
            self.all.append(client)
            return client

    def give(self, client: C) -> None:
        """The request is over."""
        self._idle.append(client)
