"""What all limiters do, on a clock that the test sets."""

from __future__ import annotations

import json
import os
from math import ceil, inf, nan
from threading import Thread

import pytest
from hypothesis import given, settings, strategies as st

from hatched.imports.limiter import Budget, LocalLimiter
from tests.imports.clock import SECOND, Clock
from tests.imports.conftest import Make
from tests.imports.limiter_laws import DAY, MINUTE, Advance, Learn, Reserve, Step, check, most, stories, tell

FULL = os.environ.get("HATCHED_CHAOS") == "full"
laws = settings(max_examples=1_000 if FULL else 30, deadline=None)
many = settings(max_examples=3_000 if FULL else 100, deadline=None)


@laws
@given(steps=stories)
def test_whatever_happens_no_window_holds_too_many(make: Make, steps: list[Step]) -> None:
    check(tell(steps, make))


@laws
@given(steps=stories)
def test_all_kinds_give_the_same_answers(make: Make, steps: list[Step]) -> None:
    assert tell(steps, make) == tell(steps, LocalLimiter)


@many
@given(steps=stories)
def test_a_refused_reservation_books_nothing(steps: list[Step]) -> None:
    told = tell(steps, LocalLimiter)
    refused = {turn.step for turn in told if not turn.booked}
    again = tell([step for number, step in enumerate(steps) if number not in refused], LocalLimiter)
    assert [turn.at for turn in again] == [turn.at for turn in told if turn.booked]


@many
@given(steps=stories)
def test_a_refusal_says_when_the_turn_would_be(steps: list[Step]) -> None:
    told = tell(steps, LocalLimiter)
    patient = [Reserve(inf) if isinstance(step, Reserve) else step for step in steps]
    first = next((turn for turn in told if not turn.booked), None)
    if first is not None:
        (waited,) = [turn for turn in tell(patient[: first.step + 1], LocalLimiter) if turn.step == first.step]
        assert waited.at == first.at


@many
@given(per_minute=st.floats(0.01, 60_000), count=st.integers(1, 50))
def test_turns_back_to_back_lie_one_spacing_apart(per_minute: float, count: int) -> None:
    told = tell([Learn(Budget(per_minute=per_minute)), *[Reserve(inf)] * count], LocalLimiter)
    assert told[-1].at - told[0].at == (count - 1) * ceil(MINUTE / per_minute)


@many
@given(per_minute=st.integers(1, 60_000), idle=st.floats(0, 1_000))
def test_idle_time_is_not_saved_up(per_minute: int, idle: float) -> None:
    told = tell([Learn(Budget(per_minute=per_minute)), Reserve(0), Advance(idle), *[Reserve(inf)] * 3], LocalLimiter)
    assert told[3].at - told[1].at == 2 * ceil(MINUTE / per_minute)


@pytest.mark.parametrize("per_minute", [1, 60, 490])
def test_a_minute_is_filled_to_the_last_turn(make: Make, per_minute: int) -> None:
    told = tell([Learn(Budget(per_minute=per_minute)), *[Reserve(inf)] * (per_minute + 5)], make)
    assert most([turn.at for turn in told], MINUTE) == per_minute


@pytest.mark.parametrize("per_day", [1, 10, 600])
def test_a_day_is_filled_to_the_last_turn_and_the_next_begins_at_most_one_bucket_late(make: Make, per_day: int) -> None:
    told = tell([Learn(Budget(per_minute=600, per_day=per_day)), *[Reserve(inf)] * (per_day + 1)], make)
    assert most([turn.at for turn in told], DAY) == per_day
    assert DAY < told[-1].at - told[0].at <= DAY + 600 * SECOND


def test_a_day_that_was_used_evenly_frees_bucket_after_bucket(make: Make) -> None:
    told = tell([Learn(Budget(per_minute=0.2, per_day=144)), *[Reserve(inf)] * 433], make)
    times = [turn.at for turn in told]
    assert most(times, DAY) == 144
    assert times[-1] - times[0] <= 3 * (DAY + 600 * SECOND)


def test_a_bucket_does_not_outgrow_600_seconds(make: Make) -> None:
    clock = Clock()
    limiter = make(clock)
    limiter.learn(Budget(per_minute=60, per_day=2))
    limiter.reserve(0)
    clock.advance(700)
    limiter.reserve(0)
    clock.advance(87_000 - 700)
    assert limiter.reserve(0) == 0.0
    assert limiter.reserve(inf) == 700.0


def test_turns_are_free_until_a_budget_is_learnt(make: Make) -> None:
    limiter = make(Clock())
    assert [limiter.reserve(0) for _ in range(5)] == [0.0] * 5


def test_what_was_sent_before_the_budget_was_learnt_counts(make: Make) -> None:
    limiter = make(Clock())
    limiter.reserve(0)
    limiter.learn(Budget(per_minute=60, per_day=2))
    assert limiter.reserve(inf) == 1.0
    assert limiter.reserve(inf) >= 86_400


def test_a_pause_holds_even_before_a_budget_is_learnt(make: Make) -> None:
    limiter = make(Clock())
    limiter.pause(60)
    assert limiter.reserve(59) == 60.0


def test_a_pause_stops_everybody_and_turns_stay_apart_behind_it(make: Make) -> None:
    limiter = make(Clock())
    limiter.learn(Budget(per_minute=60))
    limiter.pause(60)
    assert [limiter.reserve(inf) for _ in range(3)] == [60.0, 61.0, 62.0]


def test_a_shorter_pause_does_not_end_a_longer_one(make: Make) -> None:
    clock = Clock()
    limiter = make(clock)
    limiter.pause(60)
    limiter.pause(1)
    limiter.pause(-5)
    clock.advance(2)
    assert limiter.reserve(inf) == 58.0


def test_a_pause_that_is_over_leaves_nothing_behind(make: Make) -> None:
    clock = Clock()
    limiter = make(clock)
    limiter.pause(60)
    clock.advance(61)
    assert limiter.reserve(0) == 0.0


def test_a_turn_exactly_as_far_as_patience_goes_is_booked(make: Make) -> None:
    for per_minute in (60, 100, 490, 7.3):
        limiter = make(Clock())
        limiter.learn(Budget(per_minute=per_minute))
        limiter.reserve(0)
        wait = limiter.reserve(0)
        assert limiter.reserve(wait) == wait
        assert limiter.reserve(wait) > wait


def test_a_smaller_budget_holds_from_the_next_turn_on(make: Make) -> None:
    limiter = make(Clock())
    limiter.learn(Budget(per_minute=600))
    limiter.reserve(0)
    limiter.learn(Budget(per_minute=6))
    assert limiter.reserve(inf) == 10.0


def test_a_larger_budget_holds_from_the_next_turn_on(make: Make) -> None:
    limiter = make(Clock())
    limiter.learn(Budget(per_minute=6))
    limiter.reserve(0)
    limiter.learn(Budget(per_minute=600))
    assert limiter.reserve(inf) == 0.1


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(make: Make) -> None:
    clock = Clock(10**15)
    limiter = make(clock)
    limiter.learn(Budget(per_minute=60, per_day=3))
    limiter.reserve(0)
    limiter.pause(5)
    clock.advance(-3_600)
    assert limiter.reserve(inf) == 5.0
    clock.advance(-100 * 86_400)
    assert limiter.reserve(inf) == 6.0
    assert 86_400 <= limiter.reserve(inf) <= 87_000


def test_refusals_after_a_day_do_not_make_the_next_day_larger(make: Make) -> None:
    clock = Clock()
    limiter = make(clock)
    limiter.learn(Budget(per_minute=60, per_day=1))
    limiter.reserve(0)
    clock.advance(87_000)
    limiter.pause(10)
    assert [limiter.reserve(0) for _ in range(3)] == [10.0] * 3
    clock.advance(10)
    assert limiter.reserve(0) == 0.0
    assert limiter.reserve(0) >= 86_400


def test_threads_share_the_turns(make: Make) -> None:
    limiter = make(Clock())
    limiter.learn(Budget(per_minute=60))
    waits: list[float] = []

    def work() -> None:
        waits.extend([limiter.reserve(inf) for _ in range(50)])

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == [float(number) for number in range(200)]


@many
@given(steps=stories, downtime=st.floats(0, 100_000), per_day=st.integers(1, 30), zero=st.integers(0, 10**12))
def test_the_days_use_survives_a_restart_with_another_clock(
    steps: list[Step], downtime: float, per_day: int, zero: int
) -> None:
    clock, limiters = Clock(), []

    def keep(given: Clock) -> LocalLimiter:
        nonlocal clock
        clock = given
        limiters.append(LocalLimiter(given))
        return limiters[-1]

    before = [turn.at for turn in tell(steps, keep) if turn.booked]
    dumped = json.loads(json.dumps(limiters[0].dump()))
    shift = zero - clock.microseconds
    other = Clock(zero)
    other.advance(downtime)
    after = LocalLimiter(other)
    after.load(dumped, elapsed=downtime)
    after.learn(Budget(per_minute=60, per_day=per_day))
    at = other.microseconds + round(after.reserve(inf) * SECOND)
    assert len([time for time in before if at - DAY < time + shift <= at]) < per_day


def test_a_dump_without_the_time_that_has_passed_counts_for_longer_never_for_less() -> None:
    first = LocalLimiter(Clock())
    for _ in range(5):
        first.reserve(0)
    second = LocalLimiter(Clock())
    second.load(first.dump())
    second.learn(Budget(per_minute=60, per_day=5))
    assert second.reserve(inf) == 87_000.0


def test_a_dump_counts_all_of_the_day_though_turns_are_booked_beyond_it() -> None:
    limiter = LocalLimiter(Clock())
    limiter.reserve(0)
    limiter.reserve(0)
    limiter.learn(Budget(per_minute=60, per_day=1))
    assert limiter.reserve(inf) == 87_000.0
    assert limiter.dump() == [[0.0, 2], [-87_000.0, 1]]


def test_loading_what_was_dumped_here_counts_nothing_twice() -> None:
    limiter = LocalLimiter(Clock())
    limiter.reserve(0)
    early = limiter.dump()
    limiter.reserve(0)
    for dumped in (early, limiter.dump()):
        limiter.load(dumped)
        assert [count for _, count in limiter.dump()] == [2]


def test_loading_adds_the_time_that_has_passed() -> None:
    limiter = LocalLimiter(Clock())
    limiter.load([[80_000, 7], [600, 2]], elapsed=10_000)
    assert limiter.dump() == [[10_600.0, 2]]


def test_learning_what_is_known_costs_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = LocalLimiter(Clock())
    limiter.learn(Budget(per_minute=60))
    monkeypatch.setattr("hatched.imports.turns.pace", None)
    limiter.learn(Budget(per_minute=60))
    limiter.reserve(0)
    assert limiter.reserve(0) == 1.0


def test_loading_forgets_what_has_left_the_window() -> None:
    limiter = LocalLimiter(Clock())
    limiter.load([[90_000, 7], [600, 2]])
    assert limiter.dump() == [[600.0, 2]]


@pytest.mark.parametrize("wrong", [0, -1, inf, nan])
def test_a_budget_is_a_number_above_zero(wrong: float) -> None:
    with pytest.raises(ValueError, match="per_minute must be a number above 0"):
        Budget(per_minute=wrong)
    with pytest.raises(ValueError, match="per_day must be a number above 0"):
        Budget(per_minute=1, per_day=wrong)
