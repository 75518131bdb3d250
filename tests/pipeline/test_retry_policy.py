"""When to send again, and after how long: no loop, no server, no clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hatched.errors import RequestTimeoutError, TransportError
from hatched.pipeline.messages import Response
from hatched.pipeline.retry_policy import RetryBudget, RetryPolicy, parse_http_date, parse_retry_after
from hatched.routes import Route
from tests.pipeline.fake import KEYED, READ, UNSAFE, answer, request

NOW = 1000.0
LOST = TransportError("reset by peer", maybe_received=True)
REFUSED = TransportError("connection refused", maybe_received=False)
TIMED_OUT = RequestTimeoutError("no answer", phase="read", maybe_received=True)
NOT_CONNECTED = RequestTimeoutError("no connection", phase="connect", maybe_received=False)

WORST = RetryPolicy(random=lambda: 1.0)
"""Waits as long as it may."""


def delay(outcome: Response | TransportError, policy: RetryPolicy = WORST, **fields: Any) -> float | None:
    return policy.delay(request(**fields), outcome, NOW)


class TestWhatMayBeRepeated:
    @pytest.mark.parametrize(
        ("outcome", "read", "keyed", "unsafe"),
        [
            # lost on the way
            (LOST, True, True, False),
            (TIMED_OUT, True, True, False),
            (REFUSED, True, True, True),
            (NOT_CONNECTED, True, True, True),
            # the server asks to come back
            (answer(429), True, True, True),
            (answer(429, retry_after="1"), True, True, True),
            (answer(503, retry_after="1"), True, True, True),
            # the server may have done it
            (answer(408), True, True, False),
            (answer(500), True, True, False),
            (answer(501), True, True, False),
            (answer(502), True, True, False),
            (answer(503), True, True, False),
            (answer(504), True, True, False),
            (answer(599), True, True, False),
            # an answer is an answer
            *((answer(status), False, False, False) for status in (200, 201, 202, 204, 301, 302, 307, 304)),
            *((answer(status), False, False, False) for status in (400, 401, 402, 403, 404, 405, 409, 410, 413)),
            *((answer(status), False, False, False) for status in (418, 422, 423, 425, 428, 431, 451)),
            (answer(402, retry_after="1"), False, False, False),
            (answer(403, retry_after="1"), False, False, False),
            (answer(409, retry_after="1"), False, False, False),
        ],
        ids=lambda value: getattr(value, "message", None) or str(getattr(value, "status", value)),
    )
    def test_depends_on_the_safety_of_the_route(
        self, outcome: Response | TransportError, read: bool, keyed: bool, unsafe: bool
    ) -> None:
        repeated = [delay(outcome, route=route) is not None for route in (READ, KEYED, UNSAFE)]

        assert repeated == [read, keyed, unsafe]

    @pytest.mark.parametrize(
        ("attempt", "max_retries", "again"),
        [(1, 0, False), (1, 1, True), (2, 1, False), (3, 3, True), (4, 3, False), (5, 3, False), (1, 10**9, True)],
    )
    def test_ends_with_the_last_retry(self, attempt: int, max_retries: int, again: bool) -> None:
        assert (delay(answer(503), attempt=attempt, max_retries=max_retries) is not None) is again

    @pytest.mark.parametrize("route", [READ, KEYED, UNSAFE], ids=lambda route: route.id)
    def test_is_nothing_with_no_retries(self, route: Route) -> None:
        assert [delay(one, route=route, max_retries=0) for one in (LOST, REFUSED, answer(429), answer(503))] == [
            None
        ] * 4


class TestBackoff:
    @pytest.mark.parametrize(
        ("attempt", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (50, 8.0), (10**6, 8.0)]
    )
    def test_doubles_up_to_its_cap(self, attempt: int, longest: float) -> None:
        assert delay(LOST, attempt=attempt, max_retries=10**7) == longest

    @given(st.integers(1, 200), st.floats(0, 1), st.sampled_from([LOST, answer(500), answer(429)]))
    @settings(max_examples=50, deadline=None, database=None)
    def test_is_jittered_over_the_full_width(self, attempt: int, share: float, outcome: Any) -> None:
        longest = delay(outcome, attempt=attempt, max_retries=1000) or 0.0

        assert delay(outcome, RetryPolicy(random=lambda: share), attempt=attempt, max_retries=1000) == share * longest

    def test_is_random_by_itself(self) -> None:
        waits = {delay(LOST, RetryPolicy()) for _ in range(20)}

        assert len(waits) > 10
        assert all(wait is not None and 0 <= wait <= 0.5 for wait in waits)


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(1_776_000_000 + seconds, UTC), usegmt=True)


NUMBERS = [
    ("0", 0.0),
    ("1", 1.0),
    ("2.5", 2.5),
    (" 7 ", 7.0),
    ("60", 60.0),
    ("86400", 86400.0),
    ("", None),
    ("soon", None),
    ("-1", None),
    ("-0.5", None),
    ("inf", None),
    ("-inf", None),
    ("Infinity", None),
    ("nan", None),
    ("9" * 400, None),
    ("1e400", None),
    ("1 second", None),
    ("1,5", None),
    ("0x10", None),
    ("\x00", None),
    ("Wed, 99 Foo 2026 99:99:99 GMT", None),
    ("Wed", None),
    ("2026-04-22T10:30:00Z", None),
]


class TestRetryAfter:
    @pytest.mark.parametrize(("value", "seconds"), NUMBERS, ids=lambda value: str(value)[:20])
    def test_is_a_number_of_seconds_or_nothing(self, value: str, seconds: float | None) -> None:
        assert parse_retry_after(answer(429, retry_after=value)) == seconds

    def test_is_nothing_without_the_header(self) -> None:
        assert parse_retry_after(answer(429)) is None

    @pytest.mark.parametrize(("ahead", "seconds"), [(30, 30.0), (0, 0.0), (-30, 0.0), (86400, 86400.0)])
    def test_may_be_a_date_on_the_clock_of_the_server(self, ahead: float, seconds: float) -> None:
        response = answer(429, retry_after=http_date(ahead), date=http_date(0))

        assert parse_retry_after(response, wall=lambda: 0.0) == seconds

    @pytest.mark.parametrize("date", [{}, {"date": "junk"}])
    def test_may_be_a_date_on_our_clock_if_the_server_has_none(self, date: dict[str, str]) -> None:
        response = answer(429, retry_after=http_date(30), **date)

        assert parse_retry_after(response, wall=lambda: 1_776_000_000.0) == 30.0

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("Wed, 22 Apr 2026 10:30:00 GMT", 1776853800.0),
            ("Wed, 22 Apr 2026 12:30:00 +0200", 1776853800.0),
            ("Wed, 22 Apr 2026 10:30:00 -0000", 1776853800.0),
            ("Wednesday, 22-Apr-26 10:30:00 GMT", 1776853800.0),
            ("Wed Apr 22 10:30:00 2026", 1776853800.0),  # asctime: HTTP says that it is GMT
            ("", None),
            ("junk", None),
            ("Fri, 31 Feb 2026 10:30:00 GMT", None),
        ],
    )
    def test_dates_are_those_of_http_whatever_the_time_zone_of_this_machine(
        self, value: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import time

        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        try:
            assert parse_http_date(value) == seconds
        finally:
            monkeypatch.undo()
            time.tzset()

    @given(st.text(max_size=60) | st.integers().map(str) | st.floats().map(str))
    @settings(max_examples=200, deadline=None, database=None)
    def test_is_never_negative_endless_or_an_exception(self, value: str) -> None:
        seconds = parse_retry_after(answer(429, retry_after=value))

        assert seconds is None or 0 <= seconds < float("inf")

    @pytest.mark.parametrize("status", [408, 429, 500, 503])
    @pytest.mark.parametrize("asked", ["0", "3", "59.5", "60"])
    def test_wins_over_backoff(self, status: int, asked: str) -> None:
        assert delay(answer(status, retry_after=asked)) == float(asked)

    @pytest.mark.parametrize("asked", ["60.1", "61", "3600", "86400", "1e300"])
    def test_beyond_the_cap_is_not_waited_for(self, asked: str) -> None:
        assert delay(answer(429, retry_after=asked)) is None

    def test_may_have_another_cap(self) -> None:
        assert delay(answer(429, retry_after="86400"), RetryPolicy(max_wait=86400.0)) == 86400.0

    @pytest.mark.parametrize("junk", [value for value, seconds in NUMBERS if seconds is None])
    def test_that_makes_no_sense_is_backoff(self, junk: str) -> None:
        assert delay(answer(429, retry_after=junk)) == 0.5


class TestDeadline:
    @pytest.mark.parametrize(
        ("outcome", "left", "expected"),
        [
            (LOST, None, 0.5),
            (LOST, 100.0, 0.5),
            (LOST, 0.6, 0.5),
            (LOST, 0.5, None),
            (LOST, 0.1, None),
            (LOST, -1.0, None),
            (answer(429, retry_after="5"), 5.1, 5.0),
            (answer(429, retry_after="5"), 5.0, None),
            (answer(429, retry_after="0"), 0.1, 0.0),
            (answer(429, retry_after="0"), 0.0, None),
        ],
    )
    def test_no_attempt_begins_after_it(self, outcome: Any, left: float | None, expected: float | None) -> None:
        assert delay(outcome, deadline=None if left is None else NOW + left) == expected


FAILED, FINE = answer(503), answer(200)


class TestBudget:
    def test_is_there_at_the_start(self) -> None:
        assert not RetryBudget().exhausted

    @pytest.mark.parametrize("outcome", [answer(500), answer(503), LOST, REFUSED, TIMED_OUT])
    def test_is_used_up_by_an_outage(self, outcome: Any) -> None:
        budget = RetryBudget()
        for _ in range(64):
            budget.record(outcome)

        assert budget.exhausted

    def test_is_not_used_up_by_a_short_one(self) -> None:
        budget = RetryBudget()
        for _ in range(30):
            budget.record(FAILED)

        assert not budget.exhausted

    @pytest.mark.parametrize("status", [200, 204, 302, 400, 402, 404, 408, 409, 422, 429])
    def test_is_not_used_up_by_signs_of_life(self, status: int) -> None:
        budget = RetryBudget()
        for _ in range(1000):
            budget.record(answer(status))

        assert not budget.exhausted

    def test_is_not_used_up_by_deadlines_that_ended_before_anything_was_sent(self) -> None:
        budget = RetryBudget()
        for _ in range(1000):
            budget.record(RequestTimeoutError("the rate limit", phase="deadline", maybe_received=False))

        assert not budget.exhausted

    def test_comes_back_with_a_handful_of_successes(self) -> None:
        budget = RetryBudget()
        for _ in range(1000):
            budget.record(FAILED)
        needed = 0
        while budget.exhausted:
            budget.record(FINE)
            needed += 1

        assert 1 <= needed <= 10

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("rate", [0.35, 0.5])
    def test_never_trips_at_a_random_failure_rate_that_retries_can_beat(self, rate: float, seed: int) -> None:
        chance, budget = random.Random(seed), RetryBudget()
        trips = 0
        for _ in range(10_000):
            budget.record(FAILED if chance.random() < rate else FINE)
            trips += budget.exhausted

        assert trips == 0

    @pytest.mark.parametrize("seed", range(3))
    def test_trips_when_nearly_everything_fails(self, seed: int) -> None:
        chance, budget = random.Random(seed), RetryBudget()
        trips = 0
        for _ in range(1_000):
            budget.record(FAILED if chance.random() < 0.98 else FINE)
            trips += budget.exhausted

        assert trips > 500


def test_a_wait_until_a_date_is_within_the_cap_as_well() -> None:
    headers = {"retry_after": http_date(timedelta(hours=1).total_seconds()), "date": http_date(0)}

    assert delay(answer(429, **headers)) is None
