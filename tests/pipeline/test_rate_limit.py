"""Every attempt waits for its turn."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.errors import RequestTimeoutError
from hatched.pipeline.messages import Request
from hatched.pipeline.pacing import Pacer
from hatched.pipeline.rate_limit import RateLimit
from hatched.pipeline.sender import Sender
from tests.pipeline.fake import FakeIO, answer, request


class Line:
    """A pacer with a middleware on it, and a fake world."""

    def __init__(self, *script: Any, takes: float = 0.0) -> None:
        self.io = FakeIO(*script, takes=takes)
        self.pacer = Pacer(wall=self.io.now)
        self.middleware = RateLimit(self.pacer, self.io)

    async def call(self, **fields: Any) -> Any:
        return await self.middleware(request(**fields), Sender(self.io))

    @property
    def given_back(self) -> bool:
        return self.pacer._in_flight == 0


async def test_without_limits_nobody_waits() -> None:
    line = Line()
    for _ in range(100):
        await line.call()

    assert line.io.slept == []


async def test_after_a_429_the_next_attempt_waits_as_long_as_the_server_says() -> None:
    line = Line(answer(429, retry_after="7"), answer(200))
    await line.call()
    await line.call()

    assert line.io.slept == [7.0]


async def test_with_nothing_left_the_next_attempt_waits_for_the_reset() -> None:
    left = {"x_ratelimit_limit": "100", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "1030"}
    line = Line(answer(200, **left), answer(200))
    await line.call()
    await line.call()

    assert line.io.slept == [30.0]


async def test_a_pause_that_begins_while_one_waits_is_waited_for_as_well() -> None:
    line = Line(answer(429, retry_after="5"), answer(200))
    await line.call()
    sleep = line.io.sleep

    async def sleep_while_another_is_refused(seconds: float) -> None:
        await sleep(seconds)
        if len(line.io.slept) == 1:
            line.pacer.turn(line.io.now())
            line.pacer.done(answer(429, retry_after="11"), line.io.now())

    line.io.sleep = sleep_while_another_is_refused  # type: ignore[method-assign]
    await line.call()

    assert line.io.slept == [5.0, 11.0]


class TestDeadline:
    async def paused(self) -> Line:
        line = Line(answer(429, retry_after="10"), answer(200))
        await line.call()
        return line

    @pytest.mark.parametrize("left", [0.5, 9.9, 10.0])
    async def test_that_comes_before_the_turn_is_an_error_at_once(self, left: float) -> None:
        line = await self.paused()
        with pytest.raises(RequestTimeoutError) as caught:
            await line.call(deadline=line.io.now() + left)

        assert (caught.value.phase, caught.value.maybe_received, line.io.slept) == ("deadline", False, [])

    async def test_that_comes_after_the_turn_is_no_reason_not_to_wait(self) -> None:
        line = await self.paused()
        await line.call(deadline=line.io.now() + 10.1)

        assert line.io.slept == [10.0]

    async def test_that_was_given_up_gives_the_turn_back(self) -> None:
        line = await self.paused()
        with pytest.raises(RequestTimeoutError):
            await line.call(deadline=line.io.now() + 1)

        assert line.given_back


class TestTurns:
    @pytest.mark.parametrize("outcome", [answer(200), answer(429, retry_after="1"), answer(503), answer(400)])
    async def test_are_given_back_after_an_answer(self, outcome: Any) -> None:
        line = Line(outcome)
        await line.call()

        assert line.given_back

    @pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt(), GeneratorExit(), SystemExit()])
    async def test_are_given_back_whatever_ends_the_attempt(self, error: BaseException) -> None:
        def end(_: Request) -> Any:
            raise error

        line = Line(end)
        with pytest.raises(type(error)):
            await line.call()

        assert line.given_back

    async def test_are_given_back_when_the_wait_is_cancelled(self) -> None:
        line = Line(answer(429, retry_after="5"))
        await line.call()

        async def cancelled(seconds: float) -> None:
            raise KeyboardInterrupt

        line.io.sleep = cancelled  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            await line.call()

        assert line.given_back
