"""The asynchronous io: httpx.AsyncClient on asyncio or trio.

A request that is abandoned by plain asyncio cancellation can wedge httpcore's pool for good
(encode/httpcore#1093): its clean-up is protected against anyio's cancellation, not against asyncio's. So
each request runs in a task of its own under an anyio scope, and never more requests run on a client than
it has connections.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import httpx

from hatched.config import Secret
from hatched.errors import ClientClosedError, ConfigurationError, TransportError
from hatched.io import wire
from hatched.io.base import Clock
from hatched.io.shards import Shards
from hatched.pipeline.messages import Request, Response


class _Pool:
    """The connections of one event loop."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, each: int, most: int) -> None:
        self.shards = Shards(make, each=each)
        self.slots = anyio.Semaphore(most, fast_acquire=True)


class AsyncIO:
    """Connections of one client and all its copies. Each event loop and each process gets its own."""

    def __init__(
        self,
        key: Secret,
        base_url: str,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._key = key
        self._base_url = base_url
        self._http_client = http_client
        self._clock = clock
        self.now = time.monotonic if clock is None else clock.now
        self._pools: WeakKeyDictionary[object, _Pool] = WeakKeyDictionary()
        self._pid: int | None = None
        self._closed = False

    async def sleep(self, seconds: float) -> None:
        if self._clock is None:
            await anyio.sleep(seconds)
        else:
            await anyio.lowlevel.checkpoint()
            self._clock.sleep(seconds)

    async def send(self, request: Request, timeout: float | None) -> Response:
        if self._closed:
            raise ClientClosedError("the client is closed")
        pool = self._pool()
        try:
            with anyio.fail_after(timeout) if pool.slots.value == 0 else _NO_BOUND:
                await pool.slots.acquire()
        except TimeoutError:
            raise wire.timed_out("pool", timeout, maybe_received=False) from None
        shard = pool.shards.take()
        try:
            return await _in_own_task(self._exchange, shard.client, request, timeout)
        finally:
            pool.shards.give(shard)
            pool.slots.release()

    def _pool(self) -> _Pool:
        try:
            loop: object = asyncio.get_running_loop()
        except RuntimeError:
            loop = anyio.lowlevel.current_token().native_token
        if self._pid != os.getpid():
            if self._pid is not None and self._http_client is not None:
                raise ConfigurationError(
                    "the http_client was used before this process was forked: give each process its own"
                )
            self._pid = os.getpid()
            self._pools = WeakKeyDictionary()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = self._new_pool()
        return pool

    def _new_pool(self) -> _Pool:
        mine = self._http_client
        if mine is not None:
            return _Pool(lambda: mine, each=wire.PER_SHARD * wire.SHARDS, most=wire.PER_SHARD * wire.SHARDS)
        context = wire.tls_context(self._base_url)

        def make() -> httpx.AsyncClient:
            return httpx.AsyncClient(verify=context, limits=wire.LIMITS, timeout=None)

        return _Pool(make, each=wire.PER_SHARD, most=wire.PER_SHARD * wire.SHARDS)

    async def _exchange(self, client: httpx.AsyncClient, request: Request, timeout: float | None) -> Response:
        build = httpx.Request if self._http_client is None else client.build_request
        try:
            response = await client.send(
                wire.to_httpx(request, self._key, timeout, build), stream=True, follow_redirects=False
            )
            try:
                body = await _read(response)
            finally:
                await response.aclose()
        except wire.Failure as error:
            raise wire.to_error(error, timeout) from error
        except RuntimeError:
            if self._closed or client.is_closed:
                raise ClientClosedError("the client is closed") from None
            raise
        return wire.to_response(request, response, body)

    async def aclose(self) -> None:
        self._closed = True
        pools, self._pools = self._pools, WeakKeyDictionary()
        if self._http_client is not None or self._pid != os.getpid():
            return
        try:
            here: object = asyncio.get_running_loop()
        except RuntimeError:
            here = anyio.lowlevel.current_token().native_token
        pool = pools.get(here)
        for shard in pool.shards.all if pool else ():
            await shard.client.aclose()


class _NoBound:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


_NO_BOUND = _NoBound()


async def _read(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if response.status_code >= 400 and size >= wire.ERROR_BODY:
            return b"".join(chunks)[: wire.ERROR_BODY]
    return b"".join(chunks)


async def _in_own_task(
    exchange: Callable[[httpx.AsyncClient, Request, float | None], Awaitable[Response]],
    client: httpx.AsyncClient,
    request: Request,
    timeout: float | None,
) -> Response:
    scope = anyio.CancelScope() if timeout is None else anyio.CancelScope(deadline=anyio.current_time() + timeout)

    async def run() -> Response | TransportError:
        with scope:
            return await exchange(client, request, timeout)
        return wire.timed_out("read", timeout)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        outcome = await run()  # trio's cancellation is of the kind that clean-up is protected against
    else:
        outcome = await _shielded(asyncio.create_task(run()), scope)
    if isinstance(outcome, TransportError):
        raise outcome
    return outcome


async def _shielded(
    task: asyncio.Task[Response | TransportError], scope: anyio.CancelScope
) -> Response | TransportError:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        scope.cancel()
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise
