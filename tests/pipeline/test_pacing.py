"""The laws of the line: who may leave when. A fake clock, and no waiting."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from hatched.pipeline.messages import RateLimitInfo, Response
from hatched.pipeline.pacing import Pacer, read_rate_limit
from tests.pipeline.fake import answer

NOW = 1000
LAW = settings(max_examples=60, deadline=None, database=None)


def limits(
    status: int = 200, *, limit: object = None, remaining: object = None, reset: object = None, **more: str
) -> Response:
    given_values = {"x_ratelimit_limit": limit, "x_ratelimit_remaining": remaining, "x_ratelimit_reset": reset}
    return answer(status, **{name: str(value) for name, value in given_values.items() if value is not None}, **more)


def pacer(*answers: Response, now: float = NOW, **settings_: Any) -> Pacer:
    """A pacer whose wall clock shows the same as its own, after these answers."""
    one = Pacer(**{"wall": lambda: now, **settings_})
    for response in answers:
        one.turn(now)
        one.start()
        one.done(response, now)
    return one


class TestReading:
    def test_all_headers(self) -> None:
        response = limits(429, limit=100, remaining=0, reset=1735689600, retry_after="12")

        assert read_rate_limit(response) == RateLimitInfo(limit=100, remaining=0, reset=1735689600, retry_after=12.0)

    def test_none(self) -> None:
        assert read_rate_limit(answer(200)) is None

    @pytest.mark.parametrize("name", ["limit", "remaining", "reset"])
    def test_some(self, name: str) -> None:
        assert read_rate_limit(limits(**{name: 7})) == RateLimitInfo(**{name: 7})

    def test_retry_after_counts_on_a_429_only(self) -> None:
        assert read_rate_limit(answer(503, retry_after="7")) is None

    @pytest.mark.parametrize(
        "junk", ["", "abc", "-1", "1.5", "1e3", " ", "١٢", "²", "0x10", "9" * 30, "nan", "inf", "1, 2", "None"]
    )
    def test_junk_is_as_good_as_nothing(self, junk: str) -> None:
        assert read_rate_limit(limits(limit=junk, remaining=junk, reset=junk)) is None


class TestFreeTurns:
    def test_without_headers_every_turn_is_now(self) -> None:
        one = pacer(*[answer(200)] * 100)

        assert {one.turn(NOW) for _ in range(100)} == {NOW}

    def test_while_requests_remain_turns_are_now(self) -> None:
        one = pacer(limits(remaining=5, reset=NOW + 30))

        assert [one.turn(NOW) for _ in range(5)] == [NOW] * 5

    def test_of_other_windows_do_not_count(self) -> None:
        one = pacer(limits(remaining=0, reset=NOW + 30))

        assert one.turn(NOW + 31) == NOW + 31


class TestNothingLeft:
    def test_turns_begin_at_the_reset(self) -> None:
        assert pacer(limits(remaining=0, reset=NOW + 30)).turn(NOW) == NOW + 30

    def test_after_the_last_one_turns_begin_at_the_reset(self) -> None:
        one = pacer(limits(remaining=2, reset=NOW + 30))

        assert [one.turn(NOW) for _ in range(3)] == [NOW, NOW, NOW + 30]

    def test_those_who_are_under_way_count(self) -> None:
        one = Pacer(wall=lambda: NOW)
        for _ in range(5):
            one.turn(NOW)
            one.start()
        one.done(limits(remaining=4, reset=NOW + 30), NOW)

        assert one.turn(NOW) == NOW + 30

    def test_an_old_answer_does_not_bring_spent_ones_back(self) -> None:
        one = pacer(limits(remaining=1, reset=NOW + 30), limits(remaining=50, reset=NOW + 30))

        assert one.turn(NOW) == NOW + 30

    def test_the_reset_is_read_on_the_clock_of_the_server(self) -> None:
        date = datetime.fromtimestamp(500_000, UTC)
        response = limits(remaining=0, reset=500_030, date=format_datetime(date, usegmt=True))

        assert pacer(response).turn(NOW) == NOW + 30

    @pytest.mark.parametrize("reset", [0, 30, NOW - 1, NOW, NOW + 61, NOW + 86400, 10**14, "junk", None])
    def test_a_reset_that_makes_no_sense_or_is_too_far_holds_nobody_up(self, reset: Any) -> None:
        reset = int(reset) if isinstance(reset, float) else reset

        assert pacer(limits(remaining=0, reset=reset)).turn(NOW) == NOW


class TestPause:
    def test_a_429_pauses_everybody(self) -> None:
        one = pacer(answer(429, retry_after="10"))

        assert all(one.turn(NOW + second) >= NOW + 10 for second in range(10))

    def test_it_ends(self) -> None:
        assert pacer(answer(429, retry_after="10")).turn(NOW + 100) == NOW + 100

    def test_a_shorter_one_does_not_cut_a_longer_one_short(self) -> None:
        one = pacer(answer(429, retry_after="10"), answer(429, retry_after="1"))

        assert one.turn(NOW) >= NOW + 10

    def test_a_longer_one_extends_a_shorter_one(self) -> None:
        one = pacer(answer(429, retry_after="1"), answer(429, retry_after="10"))

        assert one.turn(NOW) >= NOW + 10

    def test_beyond_the_cap_nobody_is_held_up(self) -> None:
        assert pacer(answer(429, retry_after="86400")).turn(NOW) == NOW

    def test_without_retry_after_it_lasts_to_the_reset(self) -> None:
        assert pacer(limits(429, remaining=0, reset=NOW + 30)).turn(NOW) == NOW + 30

    def test_without_any_header_there_is_one_all_the_same(self) -> None:
        assert pacer(answer(429)).turn(NOW) > NOW

    def test_those_who_wait_already_wait_on(self) -> None:
        one = pacer(answer(429, retry_after="5"))
        turn = one.turn(NOW)
        one.turn(NOW)
        one.start()
        one.done(answer(429, retry_after="20"), NOW + 1)

        assert one.again(turn, turn) >= NOW + 21

    def test_a_turn_that_no_pause_concerns_stays_the_same(self) -> None:
        one = pacer(answer(429, retry_after="5"))
        turn = one.turn(NOW)

        assert one.again(turn, turn) == turn

    @pytest.mark.parametrize(
        ("limit", "spacing"), [(600, 0.1), (6000, 0.01), (60, 1.0), (1, 1.0), (0, 0.05), (None, 0.05)]
    )
    def test_those_who_waited_leave_one_by_one_at_the_rate_of_the_limit(self, limit: Any, spacing: float) -> None:
        one = pacer(limits(429, limit=limit, retry_after="10"))
        turns = [one.turn(NOW) for _ in range(20)]

        assert [round(later - earlier, 6) for earlier, later in pairwise(turns)] == [spacing] * 19

    def test_once_the_line_is_empty_turns_are_free_again(self) -> None:
        one = pacer(answer(429, retry_after="10"))
        last = [one.turn(NOW) for _ in range(5)][-1]

        assert [one.turn(last + 5) for _ in range(10)] == [last + 5] * 10

    def test_those_who_come_while_the_line_moves_queue_up(self) -> None:
        one = pacer(answer(429, retry_after="10"))
        last = [one.turn(NOW) for _ in range(100)][-1]

        assert one.turn(NOW + 12) > last


def departures(arrivals: list[float], refusals: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """When callers that arrive at these times leave, and how long pauses last, if 429s come in at those times.

    Plays the part of `RateLimit`: everybody sleeps until his turn and then asks whether it still holds.
    """
    one = Pacer(wall=lambda: NOW)
    queue: list[tuple[float, int, str, float]] = [(at, number, "arrive", 0.0) for number, at in enumerate(arrivals)]
    queue += [(at, -1 - number, "refused", seconds) for number, (at, seconds) in enumerate(refusals)]
    heapq.heapify(queue)
    left: list[float] = []
    pauses: list[float] = []
    while queue:
        now, number, what, value = heapq.heappop(queue)
        if what == "refused":
            one.turn(now)
            one.start()
            one.done(answer(429, retry_after=str(value)), now)
            pauses.append(now + value)
            continue
        turn = one.turn(now) if what == "arrive" else one.again(value, now)
        if turn > now:
            heapq.heappush(queue, (turn, number, "wait", turn))
        else:
            left.append(now)
            one.start()
            one.done(answer(200), now)
    assert len(left) == len(arrivals), "somebody never left"
    return left, pauses


SECONDS = st.integers(0, 300).map(lambda tenths: NOW + tenths / 10)
REFUSALS = st.tuples(SECONDS, st.integers(1, 200).map(lambda tenths: tenths / 10))


class TestLaws:
    @given(st.lists(SECONDS, max_size=40), REFUSALS)
    @LAW
    def test_nobody_leaves_during_a_pause(self, arrivals: list[float], refusal: tuple[float, float]) -> None:
        at, seconds = refusal
        left, _ = departures(arrivals, [refusal])

        assert [one for one in left if at < one < at + seconds] == []

    @given(st.lists(SECONDS, max_size=40), st.lists(REFUSALS, max_size=4))
    @LAW
    def test_nobody_leaves_during_any_of_several_pauses(
        self, arrivals: list[float], refusals: list[tuple[float, float]]
    ) -> None:
        left, _ = departures(arrivals, refusals)

        assert [one for one in left for at, seconds in refusals if at < one < at + seconds - 1e-9] == []

    @given(st.integers(2, 60), REFUSALS)
    @LAW
    def test_there_is_no_stampede_after_a_pause(self, count: int, refusal: tuple[float, float]) -> None:
        at, seconds = refusal
        left, _ = departures([at + seconds / 2] * count, [refusal])

        assert all(later - earlier > 0.0499 for earlier, later in pairwise(sorted(left)))

    @given(st.integers(2, 60), st.lists(REFUSALS, min_size=2, max_size=3))
    @example(60, [(NOW, 10.0), (NOW + 5, 6.0)])
    @LAW
    def test_there_is_no_stampede_after_several_pauses(self, count: int, refusals: list[tuple[float, float]]) -> None:
        first = min(at for at, _ in refusals)
        left, pauses = departures([first] * count, refusals)
        waited = sorted(one for one in left if one >= max(pauses))

        assert all(later - earlier > 0.0499 for earlier, later in pairwise(waited))

    @given(st.lists(SECONDS, max_size=40), st.lists(REFUSALS, max_size=4))
    @LAW
    def test_everybody_leaves_in_the_end(self, arrivals: list[float], refusals: list[tuple[float, float]]) -> None:
        left, pauses = departures(arrivals, refusals)

        callers = len(arrivals) + len(refusals)
        assert all(one <= max([*pauses, *arrivals]) + 0.051 * (callers + 1) for one in left)

    @given(st.lists(SECONDS, max_size=40), REFUSALS)
    @LAW
    def test_nobody_leaves_before_he_arrives(self, arrivals: list[float], refusal: tuple[float, float]) -> None:
        left, _ = departures(arrivals, [refusal])

        assert all(gone >= come for gone, come in zip(sorted(left), sorted(arrivals), strict=True))

    HEADER = st.none() | st.text(max_size=12) | st.integers().map(str) | st.floats().map(str)

    @given(st.lists(st.tuples(st.sampled_from([200, 429, 500]), *[HEADER] * 5), max_size=20))
    @settings(LAW, max_examples=150)
    def test_no_header_can_break_it(self, answers: list[tuple[Any, ...]]) -> None:
        one = Pacer(wall=lambda: NOW)
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date")
        for status, *headers in answers:
            given_headers = {name: value for name, value in zip(names, headers, strict=True) if value is not None}
            one.turn(NOW)
            one.start()
            one.done(answer(status, **{name.replace("-", "_"): value for name, value in given_headers.items()}), NOW)

        # The pause, and a place in the line of all turns, which leave at most a second apart.
        assert NOW <= one.turn(NOW) <= NOW + 60.0 + len(answers) + 1.0

    @given(st.lists(st.sampled_from(["given up", "sent"]), max_size=200), st.floats(0, 9))
    @LAW
    def test_those_who_give_up_do_not_lengthen_the_line(self, ends: list[str], later: float) -> None:
        one = pacer(answer(429, retry_after="10"))
        for end in ends:
            one.turn(NOW + later)
            if end == "given up":
                one.leave()

        assert one.turn(NOW + later) <= NOW + 10 + 0.0501 * ends.count("sent")

    def test_waiting_is_not_being_under_way(self) -> None:
        one = pacer(answer(429, retry_after="10"))
        for _ in range(50):
            one.turn(NOW)
        one.start()
        one.done(limits(remaining=40, reset=NOW + 30), NOW + 11)

        assert one.turn(NOW + 20) < NOW + 30

    def test_a_429_without_limits_does_not_forget_them(self) -> None:
        one = pacer(limits(limit=60, remaining=7, reset=NOW + 30), answer(429, retry_after="10"))

        assert [one.turn(NOW) for _ in range(3)] == [NOW + 10, NOW + 11, NOW + 12]
        assert one.info == RateLimitInfo(limit=60, remaining=7, reset=NOW + 30, retry_after=10.0)

    @given(st.lists(st.sampled_from(["answer", "lost", "429"]), max_size=30))
    @LAW
    def test_a_turn_is_always_given_back(self, ends: list[str]) -> None:
        one = Pacer(wall=lambda: NOW)
        for end in ends:
            one.turn(NOW)
            one.start()
            one.done({"answer": answer(200), "lost": None, "429": answer(429, retry_after="1")}[end], NOW)

        assert one._in_flight == 0


def test_the_last_limits_are_there_to_look_at() -> None:
    one = pacer(limits(limit=100, remaining=7, reset=1735689600), answer(200))

    assert one.info == RateLimitInfo(limit=100, remaining=7, reset=1735689600)
