"""How many requests are under way at once. Pure."""

from __future__ import annotations

from math import ceil

MOST = 32
_SMOOTHING = 0.2
_SPARE = 2
_APART = 1.0
"""Seconds between two halvings: what fails at once counts once."""


class Concurrency:
    """A fixed number, or as many as Little's law asks for: the rate that is allowed, times how long an answer takes.

    Each answer goes half of the way there. An overloaded server halves it, and from then on it grows by one.

    Attributes:
        allowed: Requests.
    """

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._latency = 0.0
        self._halved = float("-inf")
        self.allowed: int = 1  # until the first answer tells the limit

    def answered(self, seconds: float, per_second: float | None) -> None:
        """A request was answered in so many seconds; `per_second` may be sent, if that is known."""
        self._latency += (seconds - self._latency) * (_SMOOTHING if self._latency else 1)
        missing = self._wanted(per_second) - self.allowed
        if missing > 0:
            self.allowed += 1 if self._halved > float("-inf") else ceil(missing / 2)
        elif missing < 0:
            self.allowed -= 1

    def _wanted(self, per_second: float | None) -> int:
        if self._fixed is not None:
            return self._fixed
        return 1 if per_second is None else min(ceil(per_second * self._latency) + _SPARE, MOST)

    def overloaded(self, now: float) -> None:
        """The server, or the way to it, failed at this time."""
        if now - self._halved >= _APART:
            self._halved = now
            self.allowed = max(self.allowed // 2, 1)
