"""How many requests an import allows itself, against the windows of the emulator's plans."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st

from hatched.emulator.plans import PLANS
from hatched.imports.concurrency import MOST, Concurrency
from hatched.imports.pace import UNTOLD, budget

shares = st.floats(0.001, 1)


@given(limit=st.integers(1, 100_000), share=shares)
@example(limit=100, share=0.001)
def test_a_minute_holds_less_than_its_share_of_the_limit(limit: int, share: float) -> None:
    assert budget(limit, share).per_minute < share * limit + 1e-6


@given(limit=st.integers(20, 49_999), share=shares)
def test_a_day_holds_at_most_its_share_of_the_limit(limit: int, share: float) -> None:
    allowed = budget(limit, share).per_day
    assert allowed is not None
    assert allowed <= max(share * limit * 50 + 1e-6, 1)


@pytest.mark.parametrize("plan", PLANS.values(), ids=str)
def test_the_day_of_a_known_plan_is_known(plan: object) -> None:
    limits = plan.limits  # type: ignore[attr-defined]
    assert budget(limits.minute, 1.0).per_day == limits.day


@pytest.mark.parametrize("reset_in", [None, 0.0, 60.0, 120.0])
def test_a_window_that_ends_soon_is_that_of_the_minute(reset_in: float | None) -> None:
    assert budget(1_000, 1.0, reset_in=reset_in).per_day == 50_000


@pytest.mark.parametrize(("day", "minute"), [(5_000, 100), (50_000, 1_000), (250_000, 5_000), (7_000, 140), (10, 1)])
def test_a_window_that_ends_late_is_that_of_the_day(day: int, minute: int) -> None:
    found = budget(day, 1.0, reset_in=121.0)
    assert (found.per_day, found.per_minute) == (day, budget(minute, 1.0).per_minute)


def test_without_a_word_of_the_server_it_is_the_smallest_plan() -> None:
    assert budget(None, 0.5) == budget(100, 0.5)
    assert min(plan.limits.minute for plan in PLANS.values()) == UNTOLD


@given(limit=st.integers(0, 10**9), share=shares, reset_in=st.none() | st.floats(-1e6, 1e6))
def test_there_is_always_something_to_spend(limit: int, share: float, reset_in: float | None) -> None:
    found = budget(limit, share, reset_in=reset_in)
    assert found.per_minute > 0
    assert found.per_day is None or found.per_day >= 1


@given(limit=st.integers(20, 10**6), share=st.floats(0.1, 1))
def test_a_tenth_of_the_share_is_not_given_away(limit: int, share: float) -> None:
    assert budget(limit, share).per_minute >= share * limit * 0.9 - 2


# --- concurrency ----------------------------------------------------------------------------------------


def test_one_request_goes_before_the_first_answer() -> None:
    assert (Concurrency().allowed, Concurrency(8).allowed) == (1, 1)


@pytest.mark.parametrize("fixed", [1, 2, 32])
def test_a_fixed_number_is_reached_and_not_passed(fixed: int) -> None:
    concurrency = Concurrency(fixed)
    for _ in range(50):
        concurrency.answered(1.0, 1_000.0)
    assert concurrency.allowed == fixed


@pytest.mark.parametrize(
    ("latency", "rate", "wanted"), [(0.1, 10.0, 3), (1.0, 10.0, 12), (10.0, 100.0, MOST), (0.001, 1.0, 3)]
)
def test_it_becomes_what_littles_law_asks_for_and_two(latency: float, rate: float, wanted: int) -> None:
    concurrency = Concurrency()
    for _ in range(100):
        concurrency.answered(latency, rate)
    assert concurrency.allowed == wanted


@given(answers=st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 1e6), st.booleans()), max_size=60))
def test_it_stays_between_one_and_the_most(answers: list[tuple[float, float | None, bool]]) -> None:
    concurrency = Concurrency()
    for now, (seconds, rate, fails) in enumerate(answers):
        if fails:
            concurrency.overloaded(float(now))
        else:
            concurrency.answered(seconds, rate)
        assert 1 <= concurrency.allowed <= MOST


@pytest.mark.parametrize("fixed", [None, 16])
def test_each_answer_goes_half_of_the_way_until_something_fails(fixed: int | None) -> None:
    concurrency = Concurrency(fixed)
    ways = []
    for number in range(8):
        if number == 4:
            concurrency.overloaded(0.0)
        concurrency.answered(1.0, 14.0)
        ways.append(concurrency.allowed)
    assert ways == [9, 13, 15, 16, 9, 10, 11, 12]


def test_what_fails_at_once_halves_once() -> None:
    concurrency = Concurrency(16)
    for _ in range(20):
        concurrency.answered(0.1, None)
    for moment in (10.0, 10.0, 10.9):
        concurrency.overloaded(moment)
    assert concurrency.allowed == 8


def test_what_fails_a_second_later_halves_again() -> None:
    concurrency = Concurrency(16)
    for _ in range(20):
        concurrency.answered(0.1, None)
    concurrency.overloaded(10.0)
    concurrency.overloaded(11.0)
    assert concurrency.allowed == 4
