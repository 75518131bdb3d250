"""How an import is made to end early, from wherever the reason is noticed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from hatched.imports.report import StopReason

_GRACE = 5.0
"""Seconds that a request under way gets to finish when the import is cancelled."""


class StoppedError(Exception):
    """Ends a task of an import that stops; never seen outside."""


class Stop:
    """Whether, why, and by which error an import stops.

    Args:
        wake: Wakes those who wait otherwise than in `interruptible`.

    Attributes:
        reason: The first that was given.
        message: The same in words.
        error: A mistake of the caller's code or ours, to be raised at the end.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self._wake = wake
        self.reason: StopReason | None = None
        self.message: str | None = None
        self.error: Exception | None = None
        self._waits: set[anyio.CancelScope] = set()
        self._under_way: set[anyio.CancelScope] = set()

    def __call__(self, reason: StopReason, message: str) -> None:
        """Stop: whoever waits in `interruptible` is woken, and requests under way finish."""
        if self.reason is None:
            self.reason, self.message = reason, message
        for scope in self._waits:
            scope.cancel()
        self._wake()

    def fail(self, error: Exception) -> None:
        """Stop, and raise this at the end."""
        self.error = self.error or error
        self(StopReason.INTERRUPTED, str(error))

    def hurry(self) -> None:
        """Requests under way get a few seconds, no more."""
        for scope in self._under_way:
            scope.deadline = min(scope.deadline, anyio.current_time() + _GRACE)

    @contextmanager
    def interruptible(self) -> Generator[None, None, None]:
        """For waiting. Raises `StoppedError` if the import stops meanwhile."""
        with anyio.CancelScope() as scope:
            self._waits.add(scope)
            if self.reason is not None:
                scope.cancel()
            try:
                yield
            finally:
                self._waits.discard(scope)
        if scope.cancelled_caught or self.reason is not None:
            raise StoppedError

    @contextmanager
    def finishing(self) -> Generator[None, None, None]:
        """For a request, which is not cancelled with the import. Raises `StoppedError` if it took too long then."""
        with anyio.CancelScope(shield=True) as scope:
            self._under_way.add(scope)
            try:
                yield
            finally:
                self._under_way.discard(scope)
        if scope.cancelled_caught:
            raise StoppedError
