"""Sockets that are asked for no more time than their attempt has left.

httpx tells a socket once how long it may wait, and then reads until the head of an answer is complete: a server
that sends it byte by byte is waited for without end. An event loop can bound the whole; here each read must.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

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
        except OSError as error:
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


def bound(client: httpx.Client) -> None:
    """Give the pools of `client` such sockets; httpx has no public way to (encode/httpx takes a transport whole)."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend()
