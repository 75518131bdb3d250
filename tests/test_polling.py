"""Waiting for an operation: how often it is looked at, when the waiting ends, and with what."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hatched import models
from hatched.client import AsyncHatchedClient, configure
from hatched.errors import (
    HatchedError,
    NotFoundError,
    OperationFailedError,
    OperationTimeoutError,
    RateLimitError,
    TransportError,
)
from hatched.pipeline.messages import Request, Response
from hatched.sync._step import step
from tests.pipeline.fake import FakeIO, answer, refusal

TIMES = {"created_at": "2026-04-22T10:30:00Z", "updated_at": "2026-04-22T10:30:00Z"}


def seen(status: str, **fields: Any) -> Response:
    return answer(200, {"operation_id": "op_1", "type": "hatch", "status": status, **TIMES, **fields})


PENDING, DONE = seen("pending"), seen("completed", result={"buddy_id": "b"})


class Wait:
    """A client on a fake io that waits for one operation."""

    def __init__(self, *script: Any, takes: float = 0.0) -> None:
        self.io = FakeIO(*script, takes=takes)
        self.start = self.io.now()
        self.client = object.__new__(AsyncHatchedClient)
        self.client._open(configure(api_key="hatch_live_x"), self.io, ())

    async def __call__(self, **options: Any) -> models.Operation:
        return await self.client.operations.wait("op_1", **options)

    @property
    def took(self) -> float:
        return round(self.io.now() - self.start, 6)


class TestLooks:
    async def test_are_one_if_it_is_done_already(self) -> None:
        wait = Wait(DONE)
        operation = await wait()

        assert (operation.status, operation.result, wait.took) == ("completed", {"buddy_id": "b"}, 0)

    async def test_grow_apart_by_half_up_to_five_intervals(self) -> None:
        wait = Wait(*[PENDING] * 8, DONE)
        await wait(timeout=1000, interval=2)

        assert wait.io.slept == [2, 3, 4.5, 6.75, 10, 10, 10, 10]

    async def test_go_on_through_statuses_of_tomorrow(self) -> None:
        assert (await Wait(seen("resting"), seen("processing"), DONE)()).status == "completed"

    async def test_have_at_most_the_time_that_is_left(self) -> None:
        wait = Wait(PENDING, takes=3.0)
        with pytest.raises(OperationTimeoutError):
            await wait(timeout=30)

        assert all(
            timeout is not None and timeout <= max(30 - 5 * number, 1)
            for number, timeout in enumerate(wait.io.timeouts)
        )

    async def test_ask_for_the_operation(self) -> None:
        wait = Wait(DONE)
        await wait()

        assert wait.io.requests[0].url.endswith("/operations/op_1")

    async def test_take_the_options_of_the_call(self) -> None:
        wait = Wait(PENDING, DONE)
        await wait(headers={"X-Team": "a"}, request_id="mine")

        assert [(one.headers["x-team"], one.headers["x-request-id"]) for one in wait.io.requests] == [("a", "mine")] * 2


class TestTheEnd:
    @pytest.mark.parametrize("timeout", [0.5, 5, 30, 60, 100])
    async def test_comes_in_time(self, timeout: float) -> None:
        wait = Wait(PENDING)
        with pytest.raises(OperationTimeoutError):
            await wait(timeout=timeout)

        assert wait.took <= timeout

    @pytest.mark.parametrize("timeout", [5, 30, 60, 100])
    async def test_is_one_last_look_shortly_before(self, timeout: float) -> None:
        looks: list[float] = []

        def look(_: Request) -> Response:
            looks.append(wait.took)
            return PENDING

        wait = Wait(look)
        with pytest.raises(OperationTimeoutError):
            await wait(timeout=timeout)

        assert looks[-1] == timeout - 1

    async def test_says_what_was_seen_last(self) -> None:
        with pytest.raises(OperationTimeoutError, match=r"not done after 10 s \(last seen processing\)") as caught:
            await Wait(seen("processing"))(timeout=10)

        assert caught.value.operation is not None
        assert caught.value.operation.status is models.OperationStatus.PROCESSING
        assert caught.value.route == "operations.get"

    async def test_is_a_builtin_timeout_too(self) -> None:
        with pytest.raises(TimeoutError):
            await Wait(PENDING)(timeout=10)

    async def test_may_be_a_minute_by_default(self) -> None:
        wait = Wait(PENDING)
        with pytest.raises(OperationTimeoutError):
            await wait()

        assert 58 <= wait.took <= 60

    @given(st.floats(0.01, 300), st.floats(0.01, 60), st.floats(0, 5))
    @settings(max_examples=25, deadline=None, database=None)
    def test_comes_in_time_whatever_the_numbers(self, timeout: float, interval: float, takes: float) -> None:
        wait = Wait(PENDING, takes=takes)
        with pytest.raises(OperationTimeoutError):
            step(wait(timeout=timeout, interval=interval))

        assert wait.took <= timeout + takes + 0.01
        assert len(wait.io.sent) <= 2 + timeout / interval


class TestFailure:
    async def test_is_returned(self) -> None:
        operation = await Wait(PENDING, seen("failed", error="no art"))()

        assert (operation.status, operation.error) == (models.OperationStatus.FAILED, "no art")

    async def test_is_raised_if_asked_for(self) -> None:
        with pytest.raises(OperationFailedError, match=r"op_1 \(hatch\) failed: no art") as caught:
            await Wait(seen("failed", error="no art"))(raise_on_failure=True)

        assert caught.value.operation is not None
        assert caught.value.operation.error == "no art"

    async def test_without_a_reason_says_so(self) -> None:
        with pytest.raises(OperationFailedError, match="no reason given"):
            await Wait(seen("failed"))(raise_on_failure=True)


class TestTrouble:
    async def test_a_rate_limit_is_waited_for(self) -> None:
        wait = Wait(refusal(429, "rate_limited", retry_after="20"), DONE)
        await wait(max_retries=0)

        assert wait.took == 20

    async def test_a_rate_limit_beyond_the_end_is_raised_at_once(self) -> None:
        wait = Wait(refusal(429, "rate_limited", retry_after="86400"), DONE)
        with pytest.raises(RateLimitError) as caught:
            await wait(timeout=30)

        assert (caught.value.retry_after, wait.took) == (86400, 0)

    async def test_a_pause_that_another_task_caused_is_waited_for(self) -> None:
        wait = Wait(refusal(429, "rate_limited", retry_after="40"), DONE)
        with pytest.raises(RateLimitError):
            await wait.client.operations.get("op_2", max_retries=0)

        assert (await wait(timeout=60)).status == "completed"

    async def test_a_pause_that_another_task_caused_beyond_the_end_is_a_timeout(self) -> None:
        wait = Wait(refusal(429, "rate_limited", retry_after="40"), DONE)
        with pytest.raises(RateLimitError):
            await wait.client.operations.get("op_2", max_retries=0)

        with pytest.raises(OperationTimeoutError):
            await wait(timeout=20)

    async def test_a_lost_connection_is_tried_again(self) -> None:
        assert (await Wait(TransportError("reset"), answer(503), DONE)()).status == "completed"

    @pytest.mark.parametrize(
        ("outcome", "error"),
        [
            (refusal(404, "resource_not_found"), NotFoundError),
            (refusal(500, "internal_error"), HatchedError),
            (TransportError("reset"), TransportError),
        ],
        ids=str,
    )
    async def test_any_other_error_ends_the_wait(self, outcome: Any, error: type[Exception]) -> None:
        with pytest.raises(error) as caught:
            await Wait(outcome)(max_retries=0)

        assert not isinstance(caught.value, OperationTimeoutError)

    async def test_a_bug_of_ours_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await Wait(lambda _: 1 / 0)()


class TestArguments:
    @pytest.mark.parametrize("name", ["timeout", "interval"])
    @pytest.mark.parametrize(
        ("value", "error"),
        [(0, ValueError), (-1, ValueError), (float("nan"), ValueError), (float("inf"), ValueError), (None, TypeError),
         ("30", TypeError), (True, TypeError)],
        ids=str,
    )  # fmt: skip
    async def test_are_positive_seconds(self, name: str, value: Any, error: type[Exception]) -> None:
        wait = Wait(DONE)
        with pytest.raises(error, match=name):
            await wait(**{name: value})

        assert wait.io.sent == []

    @pytest.mark.parametrize("name", ["deadline", "idempotency_key", "time_out"])
    async def test_of_single_requests_are_refused(self, name: str) -> None:
        with pytest.raises(TypeError, match=rf"operations.wait\(\) got an unexpected keyword argument '{name}'"):
            await Wait(DONE)(**{name: 1})


async def test_the_old_name_warns_and_does_the_same() -> None:
    wait = Wait(PENDING, DONE)
    with pytest.warns(DeprecationWarning, match=r"use operations\.wait"):
        operation = await wait.client.operations.wait_for_completion("op_1")

    assert operation.status == "completed"


async def test_the_new_name_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await Wait(DONE)()
