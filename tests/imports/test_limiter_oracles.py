"""Two limiters that others wrote count moving windows: they admit every turn of ours, and not one more.

Both are given microseconds for their unit of time. Both count a window with both of its ends, the API with one: so
their windows are one microsecond shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from types import SimpleNamespace
from unittest.mock import patch

import limits
import pytest
from hypothesis import given, settings, strategies as st
from pyrate_limiter import InMemoryBucket, Rate, RateItem

from hatched.imports.limiter import Budget, LocalLimiter
from tests.imports.clock import SECOND, Clock
from tests.imports.limiter_laws import DAY, MINUTE

Admits = Callable[[int], bool]
"""Whether one more is admitted at this time; if so, it is counted."""
Oracle = Callable[[Budget], AbstractContextManager[Admits]]


@contextmanager
def moving_windows_of_limits(budget: Budget) -> Iterator[Admits]:
    clock = SimpleNamespace(now=0)
    with patch("limits.storage.memory.time", SimpleNamespace(time=lambda: clock.now)):
        limiter = limits.strategies.MovingWindowRateLimiter(limits.storage.MemoryStorage())
        windows = [limits.RateLimitItemPerSecond(amount, length - 1) for amount, length in wanted(budget)]

        def admits(now: int) -> bool:
            clock.now = now
            return all(limiter.test(window) for window in windows) and all(limiter.hit(window) for window in windows)

        yield admits


@contextmanager
def bucket_of_pyrate_limiter(budget: Budget) -> Iterator[Admits]:
    bucket = InMemoryBucket([Rate(amount, length - 1) for amount, length in wanted(budget)])

    def admits(now: int) -> bool:
        bucket.leak(now)
        return bucket.put(RateItem("import", now))

    yield admits


def wanted(budget: Budget) -> list[tuple[int, int]]:
    """Amounts and lengths of the windows."""
    day = [] if budget.per_day is None else [(int(budget.per_day), DAY)]
    return [(int(budget.per_minute), MINUTE), *day]


def turns_until(end: int, budget: Budget) -> list[int]:
    clock = Clock(0)
    limiter = LocalLimiter(clock)
    limiter.learn(budget)
    turns: list[int] = []
    while (turn := round(limiter.reserve(inf) * SECOND)) < end:
        turns.append(turn)
    return turns


oracles = pytest.mark.parametrize("oracle", [moving_windows_of_limits, bucket_of_pyrate_limiter])


@oracles
@settings(max_examples=20, deadline=None)
@given(
    per_minute=st.integers(1, 100),
    more=st.one_of(st.none(), st.integers(1, 20)),
    idle=st.lists(st.floats(0, 50_000), max_size=200),
)
def test_every_turn_is_admitted(oracle: Oracle, per_minute: int, more: int | None, idle: list[float]) -> None:
    budget = Budget(per_minute=per_minute, per_day=None if more is None else per_minute + more)
    clock = Clock(0)
    limiter = LocalLimiter(clock)
    limiter.learn(budget)
    with oracle(budget) as admits:
        for seconds in [*[0] * (per_minute + 5), *idle]:
            clock.advance(seconds)
            assert admits(clock.microseconds + round(limiter.reserve(inf) * SECOND))


@oracles
@pytest.mark.parametrize("per_minute", [1, 7, 60, 490])
def test_no_more_would_be_admitted(oracle: Oracle, per_minute: int) -> None:
    """The most there can be: as many as are admitted whenever a whole window has passed."""
    budget, minutes = Budget(per_minute=per_minute), 3
    with oracle(budget) as admits:
        best = sum(admits(minute * MINUTE) for minute in range(minutes) for _ in range(per_minute + 1))
    assert best - 1 <= len(turns_until(minutes * MINUTE, budget)) <= best


@oracles
@pytest.mark.parametrize("per_day", [2, 50, 500])
def test_no_more_would_be_admitted_in_a_day(oracle: Oracle, per_day: int) -> None:
    budget = Budget(per_minute=per_day - 1, per_day=per_day)
    with oracle(budget) as admits:
        best = sum(admits(minute * MINUTE) for minute in range(24 * 60) for _ in range(per_day if minute < 3 else 1))
    assert best == per_day
    assert best - 1 <= len(turns_until(DAY, budget)) <= best
