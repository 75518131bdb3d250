"""The doors for httpx: timeouts are honoured, and what breaks raises what httpx raises on a real network.

An answer waits until the webhooks that it sets off are received, so that a test finds them there. A task waits no
longer than its read timeout, and the receivers are called in a thread; a blocking client calls them itself, however
long they take.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, NoReturn

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx

from hatched.emulator.faults import Fault
from hatched.emulator.messages import Request

if TYPE_CHECKING:
    from hatched.emulator.emulator import Emulator, Exchange


class AsyncTransport(httpx.AsyncBaseTransport):
    """The emulator as an async httpx transport. Gives way to other tasks before and after the server's work."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        message = _message(request, await request.aread())
        await anyio.lowlevel.checkpoint()
        exchange = self._emulator.exchange(message)
        delay = _delay(request, exchange.fault)
        if delay and self._emulator.clock.waits:
            await anyio.sleep(delay)
        elif delay:
            await anyio.to_thread.run_sync(self._emulator.clock.advance, delay)
        if self._emulator._has_due_webhooks():
            with anyio.move_on_after(_read_timeout(request)):
                await anyio.to_thread.run_sync(self._emulator.run_due, abandon_on_cancel=True)
        await anyio.lowlevel.checkpoint()
        return _answer(request, exchange)


class Transport(httpx.BaseTransport):
    """The emulator as a blocking httpx transport."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange = self._emulator.exchange(_message(request, request.read()))
        delay = _delay(request, exchange.fault)
        if delay:
            self._emulator.clock.sleep(delay)
        if self._emulator._has_due_webhooks():
            self._emulator.run_due()
        return _answer(request, exchange)


def _message(request: httpx.Request, body: bytes) -> Request:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return Request(request.method, path, query, headers, body)


def _read_timeout(request: httpx.Request) -> float | None:
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return seconds


def _delay(request: httpx.Request, fault: Fault | None) -> float:
    """Seconds until the answer, or until the client gives up."""
    if fault is None or fault.kind not in ("latency", "stall"):
        return 0.0
    timeout = _read_timeout(request)
    if fault.kind == "stall":
        if timeout is None:
            raise RuntimeError(f"{request.method} {request.url} is stalled and has no timeout: it would wait for ever")
        return timeout
    return fault.seconds if timeout is None else min(fault.seconds, timeout)


def _answer(request: httpx.Request, exchange: Exchange) -> httpx.Response:
    response, fault = exchange
    if fault is not None:
        timeout = _read_timeout(request)
        if fault.kind == "stall" or (fault.kind == "latency" and timeout is not None and fault.seconds >= timeout):
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        if fault.kind in ("drop", "refuse"):
            _break(request, fault)
    assert response is not None
    cut = len(response.body) // 2 if fault is not None and fault.kind == "truncate" else None
    return httpx.Response(
        response.status,
        headers=[
            (name.encode(), value.encode("latin-1"))
            for name, value in (*response.headers, ("Content-Length", str(len(response.body))))
        ],
        stream=httpx.ByteStream(response.body) if cut is None else _Cut(response.body, cut),
        extensions={"http_version": b"HTTP/1.1"},
        request=request,
    )


def _break(request: httpx.Request, fault: Fault) -> NoReturn:
    if fault.kind == "refuse":
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)
    if fault.reset:
        raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
    raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)


class _Cut(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body whose connection closes half-way."""

    def __init__(self, body: bytes, cut: int) -> None:
        self._body = body
        self._cut = cut

    def _fail(self) -> NoReturn:
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body"
            f" (received {self._cut} bytes, expected {len(self._body)})"
        )

    def __iter__(self) -> Iterator[bytes]:
        yield self._body[: self._cut]
        self._fail()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: self._cut]
        self._fail()
