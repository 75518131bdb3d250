"""Time that is yours."""

from __future__ import annotations

import time

import pytest

from hatched.emulator import Clock, Emulator, WallClock
from hatched.emulator.clock import day_of, iso, month_of, next_month, parse_duration, week_of
from tests.emulator.support import Api


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("25h", 90_000), ("1d12h", 129_600), ("1.5m", 90), ("2w", 1_209_600), (7, 7), (0.25, 0.25)],
)
def test_a_duration_is_seconds_or_text(text: float | str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "h", "1x", "1h-", " 1h", "-1h", "1h 2m"])
def test_a_malformed_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_time_stands_still_until_it_is_moved_and_never_goes_back() -> None:
    clock = Clock("2026-05-01T12:00:00+02:00")
    assert iso(clock.now()) == "2026-05-01T10:00:00.000Z"
    assert iso(clock.advance("25h")) == "2026-05-02T11:00:00.000Z"
    with pytest.raises(ValueError, match=r"time goes on by 0 to"):
        clock.advance(-1)
    clock.reset()
    assert iso(clock.now()) == "2026-05-01T10:00:00.000Z"


def test_time_ends_before_the_month_that_no_other_follows() -> None:
    with pytest.raises(ValueError, match="year 10000"):
        Clock("9999-12-01")
    clock = Clock("9999-11-30")
    with pytest.raises(ValueError, match="year 10000"):
        clock.advance("1d")
    api = Api(clock=clock)
    api.buddy()
    assert api.event()["coins"] > 0


def test_a_closed_emulator_lets_go_of_a_shared_clock() -> None:
    clock = Clock()
    first, second = Emulator(clock=clock), Emulator(clock=clock)
    first.close()
    first.close()
    clock.advance("1d")
    second.reset()
    assert iso(clock.now()) == "2026-01-01T00:00:00.000Z"


def test_the_wall_clock_runs_and_can_be_pushed() -> None:
    clock = WallClock()
    assert abs(clock.now() - time.time()) < 5
    clock.advance("1h")
    assert abs(clock.now() - time.time() - 3600) < 5


@pytest.mark.parametrize(
    ("moment", "month", "following"),
    [
        ("2026-01-31T23:59:59Z", "2026-01", "2026-02-01T00:00:00.000Z"),
        ("2026-12-01T00:00:00Z", "2026-12", "2027-01-01T00:00:00.000Z"),
        ("2026-11-15T00:00:00Z", "2026-11", "2026-12-01T00:00:00.000Z"),
    ],
)
def test_months_are_those_of_utc(moment: str, month: str, following: str) -> None:
    now = Clock(moment).now()
    assert (month_of(now), iso(next_month(now))) == (month, following)


def test_weeks_begin_on_monday() -> None:
    sunday, monday = (day_of(Clock(f"2026-01-0{day}T00:00:00Z").now()) for day in (4, 5))
    assert (week_of(monday) - week_of(sunday), monday - sunday) == (1, 1)
    assert week_of(monday) == week_of(monday + 6) == week_of(monday + 7) - 1
