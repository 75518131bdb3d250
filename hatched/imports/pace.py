"""How many requests an import allows itself, from what the server says of its limits. Pure."""

from __future__ import annotations

from math import ceil

from hatched.imports.limiter import Budget

_DAYS: dict[int, int | None] = {100: 5_000, 1_000: 50_000, 5_000: 250_000, 50_000: None}
"""Requests per minute → per day, by plan (reference/rate-limits: seen)."""
_MINUTES = {day: minute for minute, day in _DAYS.items() if day}
_DAY_PER_MINUTE = 50
"""The same for a limit that no plan has: all plans with a limit per day have this ratio (inferred)."""
UNTOLD = 100
"""Requests per minute when the server does not say: those of the smallest plan."""
JITTER = 0.05
"""Seconds by which requests may reach the server closer together than they were sent."""


def budget(limit: int | None, share: float, *, reset_in: float | None = None) -> Budget:
    """What `share` of a limit allows.

    Args:
        limit: `X-RateLimit-Limit`; `None` if the server does not say.
        share: More than 0, at most 1.
        reset_in: Seconds until the window ends. More than two minutes tell that the limit is that of a day (which
            window the headers describe is inferred to be the minute).
    """
    if limit is None:
        minute, day = UNTOLD, _DAYS[UNTOLD]
    elif reset_in is not None and reset_in > 120:
        minute, day = _MINUTES.get(limit, max(limit // _DAY_PER_MINUTE, 1)), limit
    else:
        minute, day = limit, _DAYS[limit] if limit in _DAYS else limit * _DAY_PER_MINUTE
    allowed = share * minute
    return Budget(
        per_minute=max(int(allowed) - max(1, ceil(allowed / 60 * JITTER)), min(allowed, 0.5) or 0.5),
        per_day=None if day is None else max(int(share * day), 1),
    )
