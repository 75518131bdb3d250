"""One request id per call."""

from __future__ import annotations

from uuid import UUID

from hatched.pipeline.request_id import request_id
from tests.pipeline.fake import FakeIO, handler_of, request


async def test_a_call_without_an_id_gets_a_uuid() -> None:
    io = FakeIO()
    await request_id(request(), handler_of(io))

    assert UUID(io.requests[0].headers["x-request-id"]).version == 4


async def test_the_id_of_the_caller_wins() -> None:
    io = FakeIO()
    await request_id(request(headers={"x-request-id": "mine"}), handler_of(io))

    assert io.requests[0].headers["x-request-id"] == "mine"


async def test_two_calls_have_two_ids() -> None:
    io = FakeIO()
    for _ in range(2):
        await request_id(request(), handler_of(io))

    assert len({sent.headers["x-request-id"] for sent in io.requests}) == 2


async def test_other_headers_stay() -> None:
    io = FakeIO()
    await request_id(request(headers={"x-team": "a"}), handler_of(io))

    assert io.requests[0].headers["x-team"] == "a"


async def test_the_request_of_the_caller_is_not_changed() -> None:
    mine = request()
    await request_id(mine, handler_of(FakeIO()))

    assert mine.headers == {}
