"""Two sliding windows per hashed key (reference/rate-limits: seen). Kept in memory: a restart empties them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple

from hatched.emulator.auth import Principal
from hatched.emulator.errors import ApiError
from hatched.emulator.plans import PUBLISHABLE, UNAUTHENTICATED, Limits, Plan
from hatched.routes import Route

MINUTE, DAY = 60, 86_400
_WIDGET_FACTOR = 3


class Verdict(NamedTuple):
    """Where the minute window stands; the name `reset` and its unit are seen, its meaning is inferred."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """`X-RateLimit-*`; the suffixes, and that they describe the minute, are inferred."""
        return (
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(self.reset)),
        )


class _Window:
    """How many requests the last `length` seconds saw. Requests of the same instant share an entry."""

    def __init__(self, length: int, entries: Iterable[list[float]] = ()) -> None:
        self.length = length
        self.entries: deque[list[float]] = deque([float(at), int(count)] for at, count in entries)
        self.count = sum(int(count) for _, count in self.entries)

    def expire(self, now: float) -> None:
        while self.entries and self.entries[0][0] <= now - self.length:
            self.count -= int(self.entries.popleft()[1])

    def add(self, now: float) -> None:
        self.count += 1
        if self.entries and self.entries[-1][0] == now:
            self.entries[-1][1] += 1
        else:
            self.entries.append([now, 1])

    def reset_at(self, now: float) -> int:
        """Unix seconds when the oldest entry leaves the window."""
        return ceil((self.entries[0][0] if self.entries else now) + self.length)


class RateLimiter:
    """Counts the requests that were let through; a refused one costs nothing (inferred)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._windows: dict[tuple[str, bool], tuple[_Window, _Window]] = {}

    def admit(self, principal: Principal | None, route: Route, now: float) -> Verdict:
        """Counts a request. Raises 429 with the whole window as `Retry-After`, and no details."""
        secret = principal is not None and principal.scopes is None
        wide = secret and route.path.startswith(("/widget", "/embed-tokens"))
        bucket = (sha256(principal.key.encode()).hexdigest() if principal else "", wide)
        limits = self._limits(principal, wide)
        minute, day = self._windows.setdefault(bucket, (_Window(MINUTE), _Window(DAY)))
        for window, limit in ((minute, limits.minute), (day, limits.day)):
            window.expire(now)
            if limit is not None and window.count >= limit:
                verdict = Verdict(limit, 0, window.reset_at(now))
                raise ApiError(
                    429,
                    "rate_limited",
                    f"Rate limit exceeded. Please retry after {window.length} seconds.",
                    headers=(("Retry-After", str(window.length)), *verdict.headers),
                )
        minute.add(now)
        day.add(now)
        return Verdict(limits.minute, limits.minute - minute.count, minute.reset_at(now))

    def dump(self) -> list[Any]:
        """All windows, as JSON."""
        return [
            [key, wide, *([list(entry) for entry in window.entries] for window in windows)]
            for (key, wide), windows in self._windows.items()
        ]

    def load(self, dumped: list[Any]) -> None:
        """The windows that `dump` gave, in place of the present ones."""
        self._windows = {(key, wide): (_Window(MINUTE, minute), _Window(DAY, day)) for key, wide, minute, day in dumped}

    def _limits(self, principal: Principal | None, wide: bool) -> Limits:
        if principal is None:
            return UNAUTHENTICATED
        if principal.scopes is not None:
            return PUBLISHABLE
        return self._plan.limits.times(_WIDGET_FACTOR) if wide else self._plan.limits
