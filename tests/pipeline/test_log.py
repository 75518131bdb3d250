"""One line per call, and nothing in it that should not be there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from hatched.errors import RequestTimeoutError, TransportError
from hatched.pipeline.idempotency import idempotency
from hatched.pipeline.log import CallLog, log_to_stderr, logger
from hatched.pipeline.messages import Request, Response, compose
from hatched.pipeline.pacing import Pacer
from hatched.pipeline.rate_limit import RateLimit
from hatched.pipeline.request_id import request_id
from hatched.pipeline.retry import Retry
from hatched.pipeline.retry_policy import RetryBudget, RetryPolicy
from hatched.pipeline.sender import Sender
from tests.pipeline.fake import KEYED, FakeIO, answer, refusal, request


async def call(io: FakeIO, **fields: Any) -> Response:
    """One call through the whole pipeline."""
    retry = Retry(RetryPolicy(random=lambda: 1.0), RetryBudget(), io)
    pipeline = compose((request_id, idempotency, CallLog(io), retry, RateLimit(Pacer(), io)), Sender(io))
    return await pipeline(request(KEYED, **{"headers": {"x-request-id": "req-1"}, **fields}))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The messages at INFO of what follows."""

    class Lines(list[str]):
        def __iter__(self) -> Iterator[str]:
            return iter([one.getMessage() for one in caplog.records if one.name == "hatched"])

    with caplog.at_level(logging.INFO, "hatched"):
        yield Lines()


class TestTheLine:
    async def test_has_route_status_attempts_milliseconds_and_request_id(self, lines: list[str]) -> None:
        await call(FakeIO(answer(201), takes=0.25))

        assert [*lines] == ["eggs.create -> 201 attempts=1 ms=250.0 request_id=req-1"]

    async def test_is_one_for_a_call_with_retries_and_covers_its_waits(self, lines: list[str]) -> None:
        await call(FakeIO(answer(503), answer(200), takes=0.25))

        assert [*lines] == ["eggs.create -> 200 attempts=2 ms=1000.0 request_id=req-1"]

    async def test_is_there_for_an_error_of_the_server(self, lines: list[str]) -> None:
        await call(FakeIO(refusal(422, "validation_failed")))

        assert [*lines] == ["eggs.create -> 422 attempts=1 ms=0.0 request_id=req-1"]

    @pytest.mark.parametrize("error", [TransportError("refused"), RequestTimeoutError("late", phase="read")])
    async def test_is_there_for_a_call_without_an_answer(self, lines: list[str], error: TransportError) -> None:
        with pytest.raises(TransportError):
            await call(FakeIO(error), max_retries=1)

        assert [*lines] == [f"eggs.create -> {type(error).__name__} attempts=2 ms=500.0 request_id=req-1"]

    async def test_is_there_for_any_other_end(self, lines: list[str]) -> None:
        with pytest.raises(RuntimeError):
            await call(FakeIO(RuntimeError("of a middleware")))

        assert len([*lines]) == 1

    async def test_is_not_made_when_nobody_listens(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, "hatched"):
            await call(FakeIO())

        assert caplog.records == []


async def test_no_header_value_and_no_body_is_ever_in_any_log(caplog: pytest.LogCaptureFixture) -> None:
    planted = {"x-api-token": "PLANTED", "cookie": "PLANTED", "idempotency-key": "PLANTED"}
    page = answer(503, b"PLANTED", set_cookie="PLANTED", location="PLANTED", x_request_id="PLANTED", date="PLANTED")
    envelope = refusal(429, "rate_limited", {"a": "PLANTED"}, retry_after="PLANTED", x_ratelimit_limit="PLANTED")
    io = FakeIO(page, envelope, TransportError("ReadError: reset by peer"), answer(200, b"PLANTED"))

    with caplog.at_level(logging.DEBUG):
        await call(io, headers=planted, body=b"PLANTED")

    assert len(caplog.records) >= 4
    assert "PLANTED" not in caplog.text + repr([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    "value", [request(headers={"a": "PLANTED"}, body=b"PLANTED"), answer(200, b"PLANTED", a="PLANTED")]
)
def test_the_values_of_the_pipeline_do_not_show_header_values_and_bodies(value: Request | Response) -> None:
    assert "PLANTED" not in repr(value)


class TestDebug:
    @pytest.fixture(autouse=True)
    def untouched(self) -> Iterator[None]:
        level, handlers = logger.level, logger.handlers[:]
        logger.handlers.clear()
        yield
        logger.setLevel(level)
        logger.handlers[:] = handlers

    def test_shows_lines_on_stderr(self, capsys: pytest.CaptureFixture[str]) -> None:
        log_to_stderr()
        logger.info("a line")

        assert "hatched a line" in capsys.readouterr().err

    def test_twice_shows_them_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        log_to_stderr()
        log_to_stderr()
        logger.info("a line")

        assert capsys.readouterr().err.count("a line") == 1

    def test_leaves_the_handlers_of_the_application_alone(self) -> None:
        mine = logging.NullHandler()
        logger.addHandler(mine)
        log_to_stderr()

        assert logger.handlers == [mine]

    def test_leaves_other_loggers_alone(self) -> None:
        before = logging.getLogger().handlers[:], logging.getLogger().level, logging.getLogger("httpx").level
        log_to_stderr()

        assert (logging.getLogger().handlers[:], logging.getLogger().level, logging.getLogger("httpx").level) == before
