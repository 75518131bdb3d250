"""A server on loopback that says exactly the bytes it is told to, and keeps what it was sent."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple


class Heard(NamedTuple):
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes
    raw: bytes


class Exchange:
    """One request, and the connection to answer it on."""

    def __init__(self, server: RawServer, connection: socket.socket, heard: Heard) -> None:
        self._server = server
        self.connection = connection
        self.heard = heard

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Let time pass; `False` if the server is to stop."""
        return not self._server.stopping.wait(seconds)

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection, rudely with `reset`."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError


Turn = Callable[[Exchange], None]


class RawServer:
    """Takes one turn per request, the last one for ever; a thread per connection."""

    def __init__(self, *turns: Turn, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.heard: list[Heard] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._turns = list(turns)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        self.base_url = (
            f"http://127.0.0.1:{self.port}/api/v1" if tls is None else f"https://localhost:{self.port}/api/v1"
        )
        self._thread = threading.Thread(target=self._accept, name="raw server")
        self._thread.start()

    def close(self) -> None:
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(connection)
            thread = threading.Thread(target=self._talk, args=(connection,), name="raw server connection")
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.add(connection)
            rest = b""
            while True:
                heard, rest = _listen(connection, rest)
                if heard is None:
                    return
                with self._lock:
                    self.heard.append(heard)
                    turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
                turn(Exchange(self, connection, heard))
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def _listen(connection: socket.socket, data: bytes) -> tuple[Heard | None, bytes]:
    while b"\r\n\r\n" not in data:
        if data[:1] == b"\x16":
            return Heard("a TLS handshake", {}, b"", data), b""
        more = connection.recv(65536)
        if not more:
            return None, b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            return None, b""
        rest += more
    return Heard(line, headers, rest[:length], head + b"\r\n\r\n" + rest[:length]), rest[length:]


def response(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> bytes:
    """The bytes of an answer. Header names are given with underscores."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def say(data: bytes, *, hang_up: bool = False) -> Turn:
    """Say these bytes."""

    def turn(exchange: Exchange) -> None:
        exchange.say(data)
        if hang_up:
            exchange.hang_up()

    return turn


def answer(status: int, body: Any = None, **headers: str) -> Turn:
    """Answer JSON."""
    return say(response(status, b"" if body is None else json.dumps(body).encode(), **headers))


def hang_up(*, reset: bool = False) -> Turn:
    """Close the connection without a word."""
    return lambda exchange: exchange.hang_up(reset=reset)


def stall(seconds: float = 30.0) -> Turn:
    """Say nothing for a while, then hang up."""

    def turn(exchange: Exchange) -> None:
        exchange.wait(seconds)
        exchange.hang_up()

    return turn


def drip(at_once: bytes, slowly: bytes, pause: float = 0.02) -> Turn:
    """Say the first part at once, and the second one byte at a time."""

    def turn(exchange: Exchange) -> None:
        exchange.say(at_once)
        for place in range(len(slowly)):
            if not exchange.wait(pause):
                return
            exchange.say(slowly[place : place + 1])

    return turn
