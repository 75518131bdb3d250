"""What the client tests share: both colours of the client, and the weather that they meet.

A test is an `async def` and says `await run(client.eggs.get(...))`: `run` awaits what the asynchronous client
answers, and hands on what the synchronous client has answered already. So the synchronous client runs inside
an event loop here, as it does in a notebook.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import respx

import hatched
from hatched.emulator import Emulator
from tests.client.raw_server import RawServer, Turn

KEY = "hatch_test_0123456789abcdef"


class FastClock:
    """A clock on which waiting takes no time; `sleeps` keeps what was asked for."""

    def __init__(self, emulator: Emulator | None = None) -> None:
        self.sleeps: list[float] = []
        self._emulator = emulator
        self._skipped = 0.0

    def now(self) -> float:
        return self._emulator.clock.now() if self._emulator else time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._skipped += seconds
        if self._emulator:
            self._emulator.clock.advance(seconds)


class Colour:
    """One of the two clients, with everything of its colour."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_async = name == "async"
        self.client_class: Any = hatched.AsyncHatchedClient if self.is_async else hatched.HatchedClient
        self.http_class: Any = httpx.AsyncClient if self.is_async else httpx.Client
        self._opened: list[Any] = []

    def __repr__(self) -> str:
        return self.name

    def client(self, **options: Any) -> Any:
        """A client that the test need not close."""
        client = self.client_class(**({} if "publishable_key" in options else {"api_key": KEY}) | options)
        self._opened.append(client)
        return client

    def http(self, **options: Any) -> Any:
        """An `httpx` client of this colour that the test need not close."""
        http = self.http_class(**options)
        self._opened.append(http)
        return http

    def over(self, transport: httpx.BaseTransport | httpx.AsyncBaseTransport, **options: Any) -> Any:
        """A client over an `httpx` transport."""
        return self.client(http_client=self.http(transport=transport), **options)

    def on(self, emulator: Emulator, **options: Any) -> Any:
        """A client of an emulator, in the emulator's time."""
        transport = emulator.transport() if self.is_async else emulator.sync_transport()
        key = {} if "publishable_key" in options else {"api_key": emulator.api_key}
        options = {"base_url": emulator.base_url, "clock": FastClock(emulator), **key} | options
        return self.over(transport, **options)

    def answering(self, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Any:
        """A client whose requests are answered by a function."""
        return self.over(httpx.MockTransport(handler), base_url="http://localhost/api/v1", **options)

    async def run(self, answer: Any) -> Any:
        """The result of a call."""
        return await answer if inspect.isawaitable(answer) else answer

    async def list(self, items: Any) -> list[Any]:
        """Everything that an iterator brings."""
        return [item async for item in items] if hasattr(items, "__aiter__") else list(items)

    async def together(self, *calls: Callable[[], Any]) -> list[Any]:
        """Several calls at once, in tasks or in threads; an exception stands in the place of a result."""
        if self.is_async:
            return await asyncio.gather(*(call() for call in calls), return_exceptions=True)

        def outcome(call: Callable[[], Any]) -> Any:
            try:
                return call()
            except Exception as error:
                return error

        with ThreadPoolExecutor(len(calls)) as threads:
            return await asyncio.to_thread(lambda: list(threads.map(outcome, calls)))

    async def close(self, client: Any) -> None:
        """Close a client."""
        await self.run(client.aclose() if hasattr(client, "aclose") else client.close())

    async def close_all(self) -> None:
        for client in reversed(self._opened):
            await self.close(client)


@pytest.fixture(params=["async", "sync"])
async def colour(request: pytest.FixtureRequest) -> AsyncIterator[Colour]:
    """Both colours, one after the other."""
    colour = Colour(request.param)
    yield colour
    await colour.close_all()


@pytest.fixture
def run(colour: Colour) -> Callable[[Any], Any]:
    """`await run(client.method(...))` in either colour."""
    return colour.run


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A Hatched of its own for each test."""
    emulator = Emulator()
    yield emulator
    emulator.close()


@pytest.fixture
def clock() -> FastClock:
    """A clock on which the client's waits take no time."""
    return FastClock()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """`serve(turn, turn, …)`: a server on loopback that takes these turns, the last one for ever."""
    servers: list[RawServer] = []

    def start(*turns: Turn, tls: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(*turns, tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    """A network on which nothing is answered that the test has not said."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HATCHED_API_KEY", "HATCHED_PUBLISHABLE_KEY", "HATCHED_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("hatched")]
    assert not left, "the SDK left threads behind"
