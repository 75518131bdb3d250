"""The emulator on a port, under uvicorn (extra `hatched[emulator]`)."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hatched.emulator.asgi import ABORT, App, Receive, Scope, Send
from hatched.emulator.router import PREFIX

if TYPE_CHECKING:
    import asyncio

    import uvicorn

    from hatched.emulator.emulator import Emulator

_log = logging.getLogger("hatched.emulator")
_TICK = 0.05
"""Seconds between two looks at what is due by a clock that runs by itself."""
_START = 10.0


class Server:
    """The emulator on a port of this machine, in a thread of its own from `start` to `stop`, once.

    Args:
        emulator: Its pictures are said to lie on this server from now on.
        host: An address of this machine. `/_emulator/*` answers to loopback only, whatever is said here.
        port: 0 takes a free one.
    """

    def __init__(self, emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> None:
        self._emulator = emulator
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=512)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._uvicorn = _uvicorn(emulator)
        self._thread = threading.Thread(target=self.run, name="hatched-emulator", daemon=True)
        self._stopped = threading.Event()
        self._origin_before = emulator.origin
        emulator.origin = self.origin

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return origin(self.host, self.port)

    @property
    def base_url(self) -> str:
        """What a client of the SDK is given."""
        return self.origin + PREFIX

    def run(self) -> None:
        """Serves in this thread until `stop`, or until the process is told to end."""
        ticking = threading.Thread(target=self._tick, name="hatched-emulator-clock", daemon=True)
        ticking.start()
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._stopped.set()
            ticking.join()
            self._socket.close()

    def start(self) -> None:
        """Serves in a thread of its own; it answers when this returns."""
        self._thread.start()
        waiting = threading.Event()
        while not self._uvicorn.started and self._thread.is_alive():
            waiting.wait(0.001)
        if not self._uvicorn.started:
            raise RuntimeError("the emulator's server did not start")

    def stop(self) -> None:
        """Answers nobody any longer. The emulator lives on."""
        self._uvicorn.should_exit = True
        self._uvicorn.force_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        if self._emulator.origin == self.origin:
            self._emulator.origin = self._origin_before

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _tick(self) -> None:
        """Time alone makes things due; in virtual time `clock.advance` sees to them."""
        while self._emulator.clock.waits and not self._stopped.wait(_TICK):
            try:
                self._emulator.run_due()
            except Exception:  # noqa: BLE001  time must go on whatever fails
                _log.exception("the emulator failed at what was due")


def origin(host: str, port: int) -> str:
    """Where a server that listens on `host` is found by this machine."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _uvicorn(emulator: Emulator) -> uvicorn.Server:
    try:
        import uvicorn
    except ImportError:
        raise ImportError("the emulator's server needs uvicorn: pip install 'hatched[emulator]'") from None

    config = uvicorn.Config(
        App(emulator),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.http_protocol_class = _handing_over(config.http_protocol_class)
    return uvicorn.Server(config)


def _handing_over(protocol: Any) -> Any:
    """A protocol that lets the application cut the connection, which ASGI has no word for."""

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        protocol.connection_made(self, transport)
        # asyncio does this for sockets that say they speak TCP; those of `socket.create_server` do not say so.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app = partial(_with_abort, self.app, partial(_cut, transport))

    return type(protocol.__name__, (protocol,), {"connection_made": connection_made})


async def _with_abort(app: Any, cut: Callable[[bool], None], scope: Scope, receive: Receive, send: Send) -> None:
    scope.setdefault("extensions", {})[ABORT] = cut
    await app(scope, receive, send)


def _cut(transport: asyncio.Transport, reset: bool) -> None:
    if reset:
        # Closing a socket that lingers for no time sends RST in place of FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
