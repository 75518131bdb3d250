"""The door for ASGI servers: the emulator as an application."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import anyio.to_thread

from hatched.emulator import control
from hatched.emulator.errors import ApiError
from hatched.emulator.faults import Fault
from hatched.emulator.messages import Request, Response

if TYPE_CHECKING:
    from hatched.emulator.emulator import Emulator

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Abort = Callable[[bool], None]

ABORT = "hatched.abort"
"""Key in the scope's `extensions`: cuts the connection, with a TCP reset if its argument is true. `server` sets it."""
_LARGEST = 10 * 1024 * 1024
_LARGEST_EXPORT = 1024 * 1024 * 1024


class App:
    """Answers what the transports answer, and `/_emulator/*` to this machine.

    A dropped connection needs a server that hands its connections over (`Emulator.serve` does); under any other the
    application raises `ConnectionError`, of which most servers make a 500. A refused connection is one that is reset
    before the emulator sees the request. Whoever waits here waits in real time, whatever the emulator's clock says.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _request(scope)
        peer = (scope.get("client") or ("", 0))[0]
        controls = control.is_control(asked.path)
        try:
            # What this machine sends to the control may be an export.
            body = await _body(receive, _LARGEST_EXPORT if controls and control.is_loopback(peer) else _LARGEST)
        except ConnectionError:
            return  # the client hung up before it had sent everything
        except ValueError as error:
            request_id = self._emulator._request_id(asked.by_name)
            reply = ApiError(413, "bad_request", str(error)).reply(request_id)
            headers = (("Content-Type", "application/json"), ("X-Request-Id", request_id))
            await _answer(send, Response(413, headers, reply.encoded()))
            return
        request = asked._replace(body=body)
        if controls:
            await _answer(send, await anyio.to_thread.run_sync(control.answer, self._emulator, request, peer))
            return
        response, fault = self._emulator.exchange(request)
        if fault is not None:
            response = await self._weather(scope, response, fault, receive, send)
        if response is not None:
            await _answer(send, response)
        if self._emulator._has_due_webhooks():
            await anyio.to_thread.run_sync(self._emulator.run_due)

    async def _weather(
        self, scope: Scope, response: Response | None, fault: Fault, receive: Receive, send: Send
    ) -> Response | None:
        """What to answer under `fault`, or `None` if that has been seen to."""
        if fault.kind == "status":
            return response
        if fault.kind == "latency":
            await anyio.sleep(fault.seconds)
            return response
        if fault.kind == "stall":
            await _gone(receive)
            if ABORT in scope.get("extensions", {}):
                _abort(scope)(False)  # whoever ended it, there is no answer
            return None
        if fault.kind == "truncate" and response is not None:
            await _start(send, response)
            await send({"type": "http.response.body", "body": _half(response), "more_body": True})
        _abort(scope)(fault.reset or fault.kind == "refuse")
        await _gone(receive)
        return None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _abort(scope: Scope) -> Abort:
    def unable(reset: bool) -> None:
        raise ConnectionError("a fault of the emulator drops this connection, which only its own server can do")

    found: Abort = scope.get("extensions", {}).get(ABORT, unable)
    return found


def _request(scope: Scope) -> Request:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    root = quote(scope.get("root_path", "").rstrip("/")).encode()
    path = raw.removeprefix(root).partition(b"?")[0]
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], path.decode("latin-1"), query, headers)


async def _body(receive: Receive, largest: int) -> bytes:
    """The whole body. Raises `ConnectionError` if the client is gone, `ValueError` if it sends too much."""
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunks += message.get("body", b"")
        if len(chunks) > largest:
            raise ValueError(f"The request body is larger than {largest} bytes")
        if not message.get("more_body"):
            return bytes(chunks)


async def _answer(send: Send, response: Response) -> None:
    with contextlib.suppress(OSError):  # a client that is gone needs no answer
        await _start(send, response)
        await send({"type": "http.response.body", "body": response.body})


async def _start(send: Send, response: Response) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})


def _half(response: Response) -> bytes:
    return response.body[: len(response.body) // 2]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
