"""Middleware and a client of one's own, in both colours."""

# pyright: strict

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from hatched import AsyncHatchedClient, HatchedClient, Request, Response


async def tag(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    return await call_next(request.with_header("x-team", "learning"))


def tag_sync(request: Request, call_next: Callable[[Request], Response]) -> Response:
    response = call_next(request.with_header("x-team", "learning"))
    assert response.status < 600
    return response


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        self.calls += 1
        return await call_next(request)


hatched = AsyncHatchedClient(middleware=[tag, Counter()], http_client=httpx.AsyncClient(trust_env=False))
hatched_sync = HatchedClient(middleware=(tag_sync,), http_client=httpx.Client())
hatched.with_options(middleware=[tag])
hatched_sync.with_options(middleware=[tag_sync])
