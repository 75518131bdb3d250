"""A story of what may happen to a limiter, the turns that it hands out, and the laws that they keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from math import ceil, floor, inf
from typing import NamedTuple

from hypothesis import strategies as st

from hatched.imports.limiter import Budget, Limiter
from tests.imports.clock import SECOND, Clock

MINUTE, DAY = 60 * SECOND, 86_400 * SECOND


class Reserve(NamedTuple):
    patience: float


class Learn(NamedTuple):
    budget: Budget


class Pause(NamedTuple):
    seconds: float


class Advance(NamedTuple):
    seconds: float


Step = Reserve | Learn | Pause | Advance


class Turn(NamedTuple):
    """A reservation and its answer; times in microseconds."""

    step: int
    at: int
    booked: bool
    budget: Budget | None
    lessons: int
    """How many budgets were learnt before."""
    paused: int
    """When the pauses end that began before."""


seconds = st.one_of(st.floats(0, 2), st.floats(0, 200), st.floats(0, 100_000))
budgets = st.builds(
    Budget,
    per_minute=st.one_of(st.integers(1, 60_000), st.floats(0.01, 60_000)),
    per_day=st.one_of(st.none(), st.integers(1, 30), st.floats(0.1, 30)),
)
stories = st.lists(
    st.one_of(
        st.builds(Reserve, st.one_of(st.just(inf), seconds)),
        st.builds(Reserve, st.just(inf)),
        st.builds(Learn, budgets),
        st.builds(Pause, seconds),
        st.builds(Advance, seconds),
    ),
    max_size=80,
)


def tell(steps: Iterable[Step], make: Callable[[Clock], Limiter]) -> list[Turn]:
    clock = Clock()
    limiter = make(clock)
    told: list[Turn] = []
    budget, lessons, paused = None, 0, 0
    for number, step in enumerate(steps):
        match step:
            case Reserve(patience):
                wait = limiter.reserve(patience)
                at = clock.microseconds + round(wait * SECOND)
                told.append(Turn(number, at, wait <= patience, budget, lessons, paused))
                assert wait >= 0
            case Learn(budget):
                limiter.learn(budget)
                lessons += 1
            case Pause(length):
                limiter.pause(length)
                paused = max(paused, clock.microseconds + ceil(length * SECOND))
            case Advance(length):
                clock.advance(length)
    return told


def most(times: Sequence[int], window: int) -> int:
    """The most of the times, which rise, that fall into any half-open window: counted exactly."""
    largest = first = 0
    for place, time in enumerate(times):
        while times[first] <= time - window:
            first += 1
        largest = max(largest, place + 1 - first)
    return largest


def check(told: Sequence[Turn]) -> None:
    """First come, first served; no pause is cut short; no window holds too many."""
    granted = [turn for turn in told if turn.booked]
    assert all(earlier.at <= later.at for earlier, later in pairwise(granted))
    assert all(turn.at >= turn.paused for turn in granted)
    for _, group in groupby(granted, key=lambda turn: turn.lessons):
        same = list(group)
        if (budget := same[0].budget) is not None:
            assert most([turn.at for turn in same], MINUTE) <= ceil(budget.per_minute)
    for place, turn in enumerate(granted):
        if turn.budget is not None and turn.budget.per_day is not None:
            day = [earlier for earlier in granted[: place + 1] if earlier.at > turn.at - DAY]
            assert len(day) <= max(1, floor(turn.budget.per_day))
