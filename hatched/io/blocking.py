"""The blocking io: httpx.Client, inside `async def` functions that never suspend."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import httpx

from hatched.config import Secret
from hatched.errors import ClientClosedError, ConfigurationError, HatchedError
from hatched.io import wire
from hatched.io.base import Clock
from hatched.io.clients import Clients
from hatched.io.environment import with_proxies
from hatched.pipeline.lock import Lock
from hatched.pipeline.messages import Request, Response


class BlockingIO:
    """Connections of one client and all its copies, shared by all threads. Each process gets its own."""

    def __init__(
        self,
        key: Secret,
        base_url: str,
        *,
        http_client: httpx.Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        if http_client is not None and not isinstance(http_client, httpx.Client):
            raise TypeError(f"http_client must be an httpx.Client, not {type(http_client).__name__}")
        self._key = key
        self._base_url = base_url
        self._http_client = http_client
        self.clock = clock
        self._sleep = time.sleep if clock is None else clock.sleep
        self.now: Callable[[], float] = time.monotonic if clock is None else clock.now
        self._lock = Lock()
        self._pid: int | None = None
        self._closed = False
        self._connect()

    def _connect(self) -> None:
        self._clients: Clients[httpx.Client] = Clients(self._make)
        self._slots = threading.Semaphore(wire.CONNECTIONS)

    def _make(self) -> httpx.Client:
        if self._http_client is not None:
            return self._http_client
        from hatched.io.sockets import equip  # with httpcore, which httpx too imports when a client is made

        settings = wire.settings(self._base_url)
        client = with_proxies(lambda: wire.Client(**settings))
        equip(client)
        return client

    async def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    async def send(self, request: Request, timeout: float | None) -> Response:
        self._refuse_if_closed()
        self._leave_the_parents_connections()
        slots, clients = self._slots, self._clients
        if not slots.acquire(blocking=False):
            start = time.monotonic()
            if not slots.acquire(timeout=timeout):
                raise wire.timed_out("pool", timeout)
            timeout = None if timeout is None else max(timeout - (time.monotonic() - start), 0.001)
        try:
            self._refuse_if_closed()  # others may have closed it while this call waited
            client = clients.take()
            done_with: httpx.Client | None = None
            try:
                response = self._exchange(client, request, timeout)
                done_with = clients.forget(client) if self._closed else clients.give(client)
                return response
            except BaseException:
                done_with = clients.forget(client)
                raise
            finally:
                if done_with is not None and self._http_client is None:
                    with suppress(Exception):
                        done_with.close()
        finally:
            slots.release()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClientClosedError("the client is closed")

    def _leave_the_parents_connections(self) -> None:
        pid = os.getpid()
        if self._pid == pid:
            return
        with self._lock:
            self._enter_process(pid)

    def _enter_process(self, pid: int) -> None:
        if self._pid == pid:
            return
        if self._pid is not None:
            if self._http_client is not None:
                raise ConfigurationError(
                    "the http_client was used before this process was forked: give each process its own"
                )
            self._inherited = self._clients  # kept, so that nobody closes the parent's connections
            self._connect()
        self._pid = pid

    def _exchange(self, client: httpx.Client, request: Request, timeout: float | None) -> Response:
        left = None if timeout is None else wire.TimeLeft(timeout)
        try:
            message = wire.to_httpx(request, self._key, left, self._http_client)
            if isinstance(client, wire.Client):
                response = client.pass_on(message)
            else:
                response = client.send(message, stream=True, follow_redirects=False)
            try:
                body = _read(response, None if left is None else left.ends)
            finally:
                response.close()
            if body is not None:
                return wire.to_response(request, response, body)
            failure: HatchedError = wire.timed_out("read", timeout)
        except Exception as error:
            found = self._failure(error, client, timeout)
            if found is None:
                raise
            failure = found
        # Outside of the handler, so that the error does not drag along frames that hold the credential.
        raise failure

    def _failure(self, error: Exception, client: httpx.Client, timeout: float | None) -> HatchedError | None:
        if self._closed or (isinstance(error, RuntimeError) and client.is_closed):
            return ClientClosedError("the client was closed during the call")
        return wire.to_error(error, timeout)

    async def aclose(self) -> None:
        self._closed = True
        if self._http_client is None and self._pid == os.getpid():
            for client in list(self._clients.all):  # those of calls that fail meanwhile are forgotten
                client.close()


def _read(response: httpx.Response, ends: float | None) -> bytes | None:
    """The body, or `None` if the time was up before its end."""
    if response.is_stream_consumed:  # a mock transport's
        return response.content
    chunks: list[bytes] = []
    size = 0
    for chunk in cast(httpx.SyncByteStream, response.stream):
        chunks.append(chunk)
        size += len(chunk)
        if size >= wire.ERROR_BODY and not response.is_success:
            break
        if ends is not None and time.monotonic() > ends:
            return None
    return wire.unpacked(response, b"".join(chunks))
