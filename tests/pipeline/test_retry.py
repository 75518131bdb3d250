"""Sending again: the same call, the same bytes, and an honest account of what happened."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from hatched.errors import RequestTimeoutError, TransportError
from hatched.pipeline.idempotency import idempotency
from hatched.pipeline.messages import Request, Response, compose
from hatched.pipeline.request_id import request_id
from hatched.pipeline.retry import Retry
from hatched.pipeline.retry_policy import RetryBudget, RetryPolicy
from hatched.pipeline.sender import Sender
from tests.pipeline.fake import KEYED, READ, UNSAFE, FakeIO, answer, request

POLICY = RetryPolicy(random=lambda: 1.0)


def lost(maybe_received: bool = True) -> TransportError:
    return TransportError("ReadError: reset by peer", maybe_received=maybe_received)


async def call(io: FakeIO, sent: Request | None = None, budget: RetryBudget | None = None) -> Response:
    """One call through the pipeline around the retries."""
    retry = Retry(POLICY, budget or RetryBudget(), io)
    return await compose((request_id, idempotency, retry), Sender(io))(sent or request(KEYED, body=b"{}"))


async def error_of(io: FakeIO, sent: Request | None = None) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await call(io, sent)
    return caught.value


class TestEveryAttempt:
    async def headers_and_bodies(self) -> list[tuple[Any, Any, Any, Any]]:
        io = FakeIO(answer(503), lost(), answer(429, retry_after="1"), answer(200))
        await call(io, request(KEYED, body=b'{"a":1}', headers={"x-team": "a"}))
        return [(sent.url, sent.route, dict(sent.headers), sent.body) for sent in io.requests]

    async def test_has_the_same_headers_bytes_and_address(self) -> None:
        first, *others = await self.headers_and_bodies()

        assert others == [first] * 3

    async def test_has_the_id_and_the_key_of_the_call(self) -> None:
        first = (await self.headers_and_bodies())[0]

        assert {"x-request-id", "idempotency-key"} <= first[2].keys()

    async def test_is_counted(self) -> None:
        io = FakeIO(answer(503), answer(503), answer(200))
        await call(io)

        assert [sent.attempt for sent in io.requests] == [1, 2, 3]

    async def test_waits_longer_than_the_one_before(self) -> None:
        io = FakeIO(answer(503), answer(503), answer(503), answer(200))
        await call(io)

        assert io.slept == [0.5, 1.0, 2.0]

    async def test_has_less_time_as_the_deadline_comes_nearer(self) -> None:
        io = FakeIO(answer(503), takes=2.0)
        await call(io, request(KEYED, timeout=15.0, deadline=io.now() + 10.0, max_retries=10))

        assert io.timeouts == [10.0, 7.5, 4.5, 0.5]

    async def test_never_begins_after_the_deadline(self) -> None:
        io = FakeIO(answer(503), takes=2.0)
        deadline = io.now() + 10.0
        await call(io, request(KEYED, deadline=deadline, max_retries=100))

        assert all(timeout is not None and timeout > 0 for timeout in io.timeouts)

    async def test_passes_the_middleware_inside_again(self) -> None:
        seen: list[int] = []

        async def mine(one: Request, call_next: Any) -> Response:
            seen.append(one.attempt)
            return await call_next(one)

        io = FakeIO(answer(503), answer(200))
        await compose((Retry(POLICY, RetryBudget(), io), mine), Sender(io))(request())

        assert seen == [1, 2]


class TestTheAnswer:
    async def test_of_a_first_attempt_is_passed_on(self) -> None:
        response = await call(FakeIO(answer(200, b"body")))

        assert (response.status, response.body, response.earlier, response.request.attempt) == (200, b"body", (), 1)

    async def test_keeps_what_the_attempts_before_it_ended_with(self) -> None:
        response = await call(FakeIO(answer(503), lost(), answer(200)))

        assert response.earlier == ("503", "ReadError: reset by peer")

    async def test_of_the_last_retry_is_passed_on_as_it_is(self) -> None:
        response = await call(FakeIO(answer(503)))

        assert (response.status, response.request.attempt, response.earlier) == (503, 4, ("503",) * 3)

    @pytest.mark.parametrize("status", [200, 400, 402, 403, 404, 409, 422])
    async def test_that_is_final_is_not_asked_for_again(self, status: int) -> None:
        io = FakeIO(answer(status))
        await call(io)

        assert (len(io.sent), io.slept) == (1, [])

    async def test_that_asks_for_too_long_a_wait_is_passed_on_at_once(self) -> None:
        io = FakeIO(answer(429, retry_after="86400"))
        response = await call(io)

        assert (response.status, len(io.sent), io.slept) == (429, 1, [])

    async def test_says_how_long_to_wait(self) -> None:
        io = FakeIO(answer(429, retry_after="7"), answer(200))
        await call(io)

        assert io.slept == [7.0]


class TestTheError:
    async def test_knows_the_call(self) -> None:
        io = FakeIO(answer(503), lost())
        error = await error_of(io, request(KEYED, headers={"x-request-id": "r", "idempotency-key": "k"}))

        assert (error.route, error.request_id, error.idempotency_key) == ("eggs.create", "r", "k")

    async def test_knows_its_attempts(self) -> None:
        error = await error_of(FakeIO(answer(503), lost()))

        assert (error.attempts, error.earlier) == (4, ("503", *("ReadError: reset by peer",) * 2))

    @pytest.mark.parametrize(
        ("outcomes", "maybe_received"),
        [
            ((lost(False),), False),
            ((lost(True),), True),
            ((lost(False), lost(False), lost(False), lost(True)), True),
            ((lost(True), lost(False)), True),
            ((answer(503), lost(False)), True),
            ((answer(408), lost(False)), True),
        ],
    )
    async def test_says_that_the_server_may_have_seen_it_if_any_attempt_may_have_arrived(
        self, outcomes: tuple[Any, ...], maybe_received: bool
    ) -> None:
        assert (await error_of(FakeIO(*outcomes))).maybe_received is maybe_received

    async def test_of_a_deadline_that_passed_while_waiting_says_so_too(self) -> None:
        def late(_: Request) -> TransportError:
            io.pass_time(100)
            return lost(True)

        io = FakeIO(late)
        error = await error_of(io, request(KEYED, deadline=io.now() + 50))

        assert error.maybe_received

    async def test_is_not_wrapped(self) -> None:
        original = RequestTimeoutError("no answer", phase="read")

        assert await error_of(FakeIO(original)) is original

    @pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), RuntimeError("of a middleware")])
    async def test_of_another_kind_goes_through_at_once(self, error: BaseException) -> None:
        def fail(_: Request) -> Any:
            raise error

        io = FakeIO(fail)
        with pytest.raises(type(error)):
            await call(io)

        assert len(io.sent) == 1


class TestSafety:
    @pytest.mark.parametrize(
        ("route", "sends"), [(READ, 4), (KEYED, 4), (UNSAFE, 1)], ids=lambda value: str(value)[:12]
    )
    async def test_what_may_have_arrived_is_repeated_only_where_that_is_harmless(self, route: Any, sends: int) -> None:
        io = FakeIO(lost(True))
        await error_of(io, request(route))

        assert len(io.sent) == sends

    @pytest.mark.parametrize("route", [READ, KEYED, UNSAFE], ids=lambda route: route.id)
    async def test_what_cannot_have_arrived_is_repeated_everywhere(self, route: Any) -> None:
        io = FakeIO(lost(False), answer(200))
        await call(io, request(route))

        assert len(io.sent) == 2


class TestBudget:
    async def test_an_outage_ends_the_retries_of_all_calls(self) -> None:
        io, budget = FakeIO(answer(503)), RetryBudget()
        for _ in range(100):
            await call(io, budget=budget)

        assert len(io.sent) < 100 + 64

    async def test_a_call_without_retries_for_that_reason_says_so(self) -> None:
        io, budget = FakeIO(answer(503)), RetryBudget()
        for _ in range(100):
            response = await call(io, budget=budget)

        assert any("most recent attempts" in note for note in response.earlier)

    async def test_retries_come_back_with_the_server(self) -> None:
        io, budget = FakeIO(*[answer(503)] * 200, answer(200)), RetryBudget()
        while (await call(io, budget=budget)).status != 200:
            pass
        for _ in range(20):
            await call(io, budget=budget)
        flaky = FakeIO(answer(503), answer(200))

        assert (await call(flaky, budget=budget)).status == 200


async def test_each_repetition_is_one_debug_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "hatched"):
        await call(FakeIO(answer(503), lost(), answer(200)))

    assert [record.getMessage() for record in caplog.records] == [
        "eggs.create attempt 1: 503; next in 0.50 s",
        "eggs.create attempt 2: ReadError: reset by peer; next in 1.00 s",
    ]
