"""Who gets the webhooks: a URL, or an ASGI application in this process."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

import anyio.from_thread
import httpx

from hatched.emulator.delivery import Receiver, WebhookRequest

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

AsyncReceiver = Callable[[WebhookRequest], Awaitable[int]]

TIMEOUT = 10.0
"""Seconds that a receiver has (concepts/webhook-delivery: seen); a plain function cannot be held to it."""


def receiver(target: Receiver | AsyncReceiver | ASGIApp | str) -> Receiver:
    """A receiver for whatever can be one. A URL gets every webhook, whatever URL its endpoint was registered with.

    Raises `TypeError` for anything else, and `ValueError` for what is no URL.
    """
    if isinstance(target, str):
        return _Url(target)
    if not callable(target):
        raise TypeError(f"webhooks go to a function, an ASGI application or a URL, not to {type(target).__name__}")
    if _takes(target, 3):
        return _Application(cast(ASGIApp, target))
    if not _takes(target, 1):
        raise TypeError("a function that receives webhooks takes a WebhookRequest and answers an HTTP status")
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(type(target).__call__):
        return _Awaited(cast(AsyncReceiver, target))
    return cast(Receiver, target)


def _takes(target: Callable[..., Any], count: int) -> bool:
    """Whether it can be called with so many positional arguments."""
    try:
        inspect.signature(target).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # some that are written in C do not tell
        return count == 1
    return True


class _Url:
    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not a URL: {url!r} (say http://localhost:8000/hooks)")
        self._url = url
        self._tls = httpx.create_ssl_context()  # tens of milliseconds, so once

    def __call__(self, request: WebhookRequest) -> int:
        with httpx.Client(timeout=TIMEOUT, trust_env=False, verify=self._tls) as client:
            return client.post(self._url, content=request.body, headers=request.headers).status_code


class _Awaited:
    """A coroutine function, run as an application is."""

    def __init__(self, function: AsyncReceiver) -> None:
        self._function = function

    def __call__(self, request: WebhookRequest) -> int:
        with anyio.from_thread.start_blocking_portal() as portal:
            return portal.call(self._call, request)

    async def _call(self, request: WebhookRequest) -> int:
        with anyio.fail_after(TIMEOUT):
            return await self._function(request)


class _Application:
    """Runs in an event loop of its own, so that it works whether or not the caller is in one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, request: WebhookRequest) -> int:
        with anyio.from_thread.start_blocking_portal() as portal:
            return portal.call(self._post, request)

    async def _post(self, request: WebhookRequest) -> int:
        transport = httpx.ASGITransport(cast(Any, self._app))
        async with httpx.AsyncClient(transport=transport) as client:
            with anyio.fail_after(TIMEOUT):
                response = await client.post(request.url, content=request.body, headers=request.headers)
        return response.status_code
