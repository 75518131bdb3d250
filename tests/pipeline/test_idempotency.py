"""One idempotency key per write."""

from __future__ import annotations

from uuid import UUID

import pytest

from hatched.pipeline.idempotency import idempotency
from hatched.routes import ROUTES, Route, Safety
from tests.pipeline.fake import KEYED, READ, UNSAFE, FakeIO, handler_of, request


async def key_of(route: Route, **headers: str) -> str | None:
    io = FakeIO()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    await idempotency(request(route, headers=given), handler_of(io))
    return io.requests[0].headers.get("idempotency-key")


async def test_a_write_without_a_key_gets_a_uuid() -> None:
    assert UUID(await key_of(KEYED)).version == 4


async def test_two_writes_have_two_keys() -> None:
    assert await key_of(KEYED) != await key_of(KEYED)


@pytest.mark.parametrize("route", [KEYED, READ, UNSAFE], ids=lambda route: route.id)
async def test_the_key_of_the_caller_wins(route: Route) -> None:
    assert await key_of(route, idempotency_key="order-17") == "order-17"


@pytest.mark.parametrize("route", [READ, UNSAFE], ids=lambda route: route.id)
async def test_what_the_server_does_not_deduplicate_gets_none(route: Route) -> None:
    assert await key_of(route) is None


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.id)
async def test_every_route_that_writes_gets_one_and_no_other(route: Route) -> None:
    assert (await key_of(route) is not None) == (route.method != "GET" and route.replay is Safety.KEYED)
