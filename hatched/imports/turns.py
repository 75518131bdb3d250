"""When the next request may leave, if no more than so many may in any minute and any day. Pure: no clock, no waiting.

Turns are booked ahead, one after the other. Those of a minute lie `spacing` apart, so that 60 s never hold too many.
Those of a day are counted in buckets of 600 s; a bucket counts in full until all of it has left the window.

All times are whole microseconds of one clock, so that nothing is lost by adding up many of them, and so that the
script of `RedisLimiter`, which is the same arithmetic, comes to the same answers.
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

SECOND = 1_000_000
MINUTE = 60 * SECOND
BUCKET = 600 * SECOND
KEPT = 86_400 * SECOND + BUCKET
"""So long after its start has all of a bucket left the window of a day."""
NEVER = -(10**15)
"""Earlier than any time."""
NO_LIMIT = 10**15


class Pace(NamedTuple):
    """What the arithmetic needs of a budget.

    Attributes:
        spacing: Microseconds between two turns.
        per_day: Turns in any 86,400 s, at least one.
    """

    spacing: int
    per_day: int


UNKNOWN = Pace(0, NO_LIMIT)
"""The pace while there is no budget: turns are free."""


class State(NamedTuple):
    """What is remembered between two turns.

    Attributes:
        seen: What the clock showed when it was last looked at.
        last: The latest turn that was booked.
        paused: No turn is earlier than this.
        used: The counts of all buckets.
        day: Start and count of each bucket, the oldest first.
    """

    seen: int = NEVER
    last: int = NEVER
    paused: int = NEVER
    used: int = 0
    day: tuple[tuple[int, int], ...] = ()


NEW = State()


def pace(per_minute: float, per_day: float | None) -> Pace:
    """The pace of a budget; both are above 0."""
    return Pace(ceil(MINUTE / per_minute), NO_LIMIT if per_day is None else max(1, floor(per_day)))


def looked(state: State, now: int) -> State:
    """The state as of `now`. When the clock was set back, all times are set back with it."""
    back = state.seen - now
    if back <= 0:
        return state._replace(seen=now)
    day = tuple((start - back, count) for start, count in state.day)
    return State(now, state.last - back, state.paused - back, state.used, day)


def book(state: State, pace: Pace, now: int, patience: float) -> tuple[State, int]:
    """The next turn, as microseconds from `now`. It is booked unless it is more than `patience` seconds away."""
    state = looked(state, now)
    _, last, paused, used, day = state
    turn = max(now, last + pace.spacing, paused)
    left, gone = used, 0
    for start, count in day:
        if start + KEPT > turn:
            if left < pace.per_day:
                break
            turn = start + KEPT
        left -= count
        if start + KEPT <= now:
            used -= count
            gone += 1
    wait = turn - now
    if wait / SECOND > patience:
        return state, wait
    day = day[gone:]
    if day and turn < day[-1][0] + BUCKET:
        start, count = day[-1]
        day = (*day[:-1], (start, count + 1))
    else:
        day = (*day, (turn, 1))
    return State(now, turn, paused, used + 1, day), wait


def pause(state: State, now: int, seconds: float) -> State:
    """No turn that is booked from here on is earlier than `seconds` from `now`."""
    state = looked(state, now)
    return state._replace(paused=max(state.paused, now + microseconds(seconds)))


def microseconds(seconds: float) -> int:
    """Whole microseconds, rounded up."""
    return ceil(seconds * SECOND)
