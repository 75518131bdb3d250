"""The asynchronous io: httpx.AsyncClient on asyncio or trio.

A request that is abandoned by plain asyncio cancellation can wedge httpcore's pool for good
(encode/httpcore#1093): its clean-up is protected against anyio's cancellation, not against asyncio's. So each
request runs in a task of its own under an anyio scope, unless it is known to be sheltered from asyncio's.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import httpx

from hatched.config import Secret
from hatched.errors import ClientClosedError, ConfigurationError, HatchedError
from hatched.io import wire
from hatched.io.base import Clock
from hatched.io.clients import Clients
from hatched.io.environment import with_proxies
from hatched.pipeline.messages import Request, Response


class _Pool:
    """The connections of one event loop."""

    def __init__(self, make: Callable[[], httpx.AsyncClient]) -> None:
        self.clients = Clients(make)
        self.slots = anyio.Semaphore(wire.CONNECTIONS, fast_acquire=True)

    async def aclose(self) -> None:
        for client in list(self.clients.all):  # those of calls that fail meanwhile are forgotten
            with suppress(Exception):  # a connection that breaks while it is closed is closed
                await client.aclose()


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
        if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
            raise TypeError(f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}")
        self._key = key
        self._base_url = base_url
        self._http_client = http_client
        self.clock = clock
        self.now: Callable[[], float] = time.monotonic if clock is None else clock.now
        self._pools: WeakKeyDictionary[object, _Pool] = WeakKeyDictionary()
        self._pid: int | None = None
        self._closed = False

    async def sleep(self, seconds: float) -> None:
        await sleep(seconds, self.clock)

    async def send(self, request: Request, timeout: float | None) -> Response:
        self._refuse_if_closed()
        pool = self._pool()
        try:
            pool.slots.acquire_nowait()
        except anyio.WouldBlock:
            timeout = await _wait_for(pool.slots, timeout)
        try:
            self._refuse_if_closed()  # others may have closed it while this call waited
            client = pool.clients.take()
            done_with: httpx.AsyncClient | None = None
            try:
                left = None if timeout is None else wire.TimeLeft(timeout)
                run = _bounded if request.sheltered else _abandonable
                response = await run(lambda: self._exchange(client, request, left), left)
                done_with = pool.clients.forget(client) if self._closed else pool.clients.give(client)
                return response
            except BaseException:
                done_with = pool.clients.forget(client)
                raise
            finally:
                if done_with is not None and self._http_client is None:
                    with suppress(Exception):
                        await _to_the_end(done_with.aclose())
        finally:
            pool.slots.release()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClientClosedError("the client is closed")

    def _pool(self) -> _Pool:
        loop = _running_loop()
        if self._pid != os.getpid():
            if self._pid is not None and self._http_client is not None:
                raise ConfigurationError(
                    "the http_client was used before this process was forked: give each process its own"
                )
            self._pid = os.getpid()
            self._inherited = self._pools  # kept, so that nobody closes the parent's connections
            self._pools = WeakKeyDictionary()
        pool = self._pools.get(loop)
        if pool is None:
            self._forget_closed_loops()
            pool = self._pools[loop] = self._new_pool()
        return pool

    def _forget_closed_loops(self) -> None:
        """Their connections hold them, so they would never go by themselves."""
        for loop in list(self._pools):
            if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed():
                del self._pools[loop]

    def _new_pool(self) -> _Pool:
        mine = self._http_client
        if mine is not None:
            return _Pool(lambda: mine)
        return _Pool(self._new_client)

    def _new_client(self) -> httpx.AsyncClient:
        from hatched.io.sockets import equip  # with httpcore, which httpx too imports when a client is made

        settings = wire.settings(self._base_url)
        client = with_proxies(lambda: wire.AsyncClient(**settings))
        equip(client)
        return client

    async def _exchange(self, client: httpx.AsyncClient, request: Request, left: wire.TimeLeft | None) -> Response:
        try:
            message = wire.to_httpx(request, self._key, left, self._http_client)
            if isinstance(client, wire.AsyncClient):
                response = await client.pass_on(message)
            else:
                response = await client.send(message, stream=True, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
            return wire.to_response(request, response, body)
        except Exception as error:
            failure = self._failure(error, client, None if left is None else left.seconds)
            if failure is None:
                raise
        # Outside of the handler, so that the error does not drag along frames that hold the credential.
        raise failure

    def _failure(self, error: Exception, client: httpx.AsyncClient, timeout: float | None) -> HatchedError | None:
        if self._closed or (isinstance(error, RuntimeError) and client.is_closed):
            return ClientClosedError("the client was closed during the call")
        if isinstance(error, RuntimeError) and self._http_client is not None and "event loop" in str(error).lower():
            return ConfigurationError("the http_client was used in another event loop: give each its own")
        return wire.to_error(error, timeout)

    async def aclose(self) -> None:
        self._closed = True
        pool = self._pools.pop(_running_loop(), None)
        if pool is not None and self._http_client is None and self._pid == os.getpid():
            await _to_the_end(pool.aclose())
        self._pools.clear()


async def sleep(seconds: float, clock: Clock | None) -> None:
    """Let time pass, on a clock of its own or on the system's."""
    if clock is None:
        await anyio.sleep(seconds)
        return
    start = clock.now()
    await anyio.lowlevel.checkpoint()
    # Others who waited meanwhile have moved the clock on, for all.
    clock.sleep(max(seconds - (clock.now() - start), 0.0))


def _running_loop() -> object:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return anyio.lowlevel.current_token().native_token


async def _wait_for(slots: anyio.Semaphore, timeout: float | None) -> float | None:
    """Wait for a free connection, and answer what is left of the timeout."""
    try:
        with anyio.fail_after(timeout) as scope:
            await slots.acquire()
        return None if timeout is None else max(scope.deadline - anyio.current_time(), 0.001)
    except TimeoutError:
        raise wire.timed_out("pool", timeout) from None


async def _read(response: httpx.Response) -> bytes:
    if response.is_stream_consumed:  # a mock transport's
        return response.content
    chunks: list[bytes] = []
    size = 0
    async for chunk in cast(httpx.AsyncByteStream, response.stream):
        chunks.append(chunk)
        size += len(chunk)
        if size >= wire.ERROR_BODY and not response.is_success:
            break
    return wire.unpacked(response, b"".join(chunks))


async def _bounded(exchange: Callable[[], Awaitable[Response]], left: wire.TimeLeft | None) -> Response:
    """Run an exchange that only anyio's scopes abandon, or because the time is up."""
    if left is None:
        return await exchange()
    with anyio.move_on_after(left.seconds):
        return await exchange()
    raise left.error()


async def _abandonable(exchange: Callable[[], Awaitable[Response]], left: wire.TimeLeft | None) -> Response:
    """Run an exchange so that it may be abandoned at any time, by the caller or because the time is up."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None:  # trio, whose cancellation is of the kind that clean-up is protected against
        return await _bounded(exchange, left)
    scope = anyio.CancelScope()
    if left is not None:
        scope.deadline = anyio.current_time() + left.seconds
    answer: asyncio.Future[Response] = loop.create_future()
    task = loop.create_task(_into(answer, scope, exchange, left))
    try:
        return await answer
    except asyncio.CancelledError:
        scope.cancel()
        await _finish(task)
        if answer.done() and not answer.cancelled():
            answer.exception()  # it came in the same moment, and nobody will ask for it
        raise


async def _into(
    answer: asyncio.Future[Response],
    scope: anyio.CancelScope,
    exchange: Callable[[], Awaitable[Response]],
    left: wire.TimeLeft | None,
) -> None:
    outcome: Response | BaseException | None = None
    try:
        with scope:
            outcome = await exchange()
    except BaseException as error:  # noqa: BLE001  it is raised where the answer is awaited
        outcome = error
    if answer.done():
        return  # abandoned
    if isinstance(outcome, Response):
        answer.set_result(outcome)
    elif outcome is not None:
        answer.set_exception(outcome)
    else:
        assert left is not None  # nothing else ends the scope
        answer.set_exception(left.error())


async def _to_the_end(closing: Coroutine[Any, Any, None]) -> None:
    """Run clean-up that a cancellation must not interrupt."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        with anyio.CancelScope(shield=True):
            await closing
        return
    task = loop.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await _finish(task)
        raise


async def _finish(task: asyncio.Task[None]) -> None:
    """The clean-up comes first, and only then the caller's cancellation, however often it is repeated."""
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
