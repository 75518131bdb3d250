"""Sockets that know how httpx is used here.

httpx tells a socket once how long it may wait, and then reads until the head of an answer is complete: a server
that sends it byte by byte is waited for without end. An event loop can bound the whole, so the asynchronous ones
need no bounds of their own, which spares a fifth of each call; a thread cannot, so there each read must be asked for
no more time than its attempt has left.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
import httpx
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream
from httpcore._utils import is_socket_readable

from hatched.io.connection import AsyncOneConnection, OneConnection
from hatched.io.wire import Remaining

_PIECE = 64 * 1024
"""Bytes that are written between two looks at the clock."""


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _now(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _now(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _now(timeout)))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        for *_, address in found[:-1]:
            try:
                return self._connect(str(address[0]), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(str(found[-1][-1][0]), port, timeout, local_address, socket_options)

    def _connect(self, address: str, port: int, timeout: float | None, *rest: Any) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(address, port, _now(timeout), *rest))


def _now(timeout: float | None) -> float | None:
    return Remaining.until(timeout.ends) if isinstance(timeout, Remaining) else timeout


class _AsyncStream(httpcore.AsyncNetworkStream):
    """Sends the head of a request together with what comes next: one turn of the event loop instead of two."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._bytes: ByteStream = stream._stream  # type: ignore[attr-defined]
        self._tls: ssl.SSLObject | None = stream.get_extra_info("ssl_object")
        self._socket: socket.socket | None = stream.get_extra_info("socket")
        self._head = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the event loop's
        try:
            if self._head:
                await self._send(b"")
            return await self._bytes.receive(max_bytes)
        except EndOfStream:
            return b""
        except (BrokenResourceError, ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        if not self._head:
            self._head = buffer
            return
        try:
            await self._send(buffer)
        except (BrokenResourceError, ClosedResourceError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def _send(self, buffer: bytes) -> None:
        head, self._head = self._head, b""
        await self._bytes.send(head + buffer)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:  # httpcore closes it after errors, but not when the time of the whole is up
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._stream.get_extra_info(info)
        return (self._tls is not None and _holds_something(self._tls)) or is_socket_readable(self._socket)


def _holds_something(tls: ssl.SSLObject) -> bool:
    """Whether something has come that nobody has asked for, be it the end."""
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        pass
    return True


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._sockets: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _AsyncStream(await self._sockets.connect_tcp(host, port, timeout, local_address, socket_options))


def equip(client: httpx.Client | httpx.AsyncClient) -> None:
    """Give `client` such sockets, and one connection instead of a pool.

    httpx has no public way to: it takes a transport whole, and tools that stand in for the network look for its own.
    """
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        pool = getattr(transport, "_pool", None)
        if isinstance(pool, httpcore.ConnectionPool):
            pool._network_backend = _Backend()
            transport._pool = OneConnection(pool)
        elif isinstance(pool, httpcore.AsyncConnectionPool):
            pool._network_backend = _AsyncBackend()
            transport._pool = AsyncOneConnection(pool)
