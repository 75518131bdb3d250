"""Cancellation storms: calls abandoned at any moment must cost neither a connection nor a turn.

By default a seeded share runs, some 1,500 calls in all; with `HATCHED_CHAOS=full` the storms of the two main
kinds of cancellation have 20,000 calls each.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import anyio
import pytest
import trio

import hatched
from hatched.io import wire

FULL = os.environ.get("HATCHED_CHAOS") == "full"
CALLS = 20_000 if FULL else 50
"""Of a storm of one kind of cancellation."""
FEW = 2_000 if FULL else 50
"""Of every other storm."""
LONGEST = 0.015

pytestmark = pytest.mark.chaos

SERVER = """
import asyncio, random

BODY = b'{"coins":10}'
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(BODY) + BODY
chance = random.Random(0)

async def talk(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            await reader.readexactly(length)
            if length > 1000:
                await asyncio.sleep(chance.random() * 0.01)
            half = chance.randrange(len(ANSWER))
            writer.write(ANSWER[:half])
            await asyncio.sleep(0)
            writer.write(ANSWER[half:])
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server in a process of its own that answers in two pieces, and long events after 0 to 10 ms only."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/api/v1"
        finally:
            process.terminate()


@pytest.fixture
async def client(base_url: str) -> AsyncIterator[hatched.AsyncHatchedClient]:
    async with hatched.AsyncHatchedClient(api_key="hatch_test_chaos", base_url=base_url) as client:
        yield client


LONG_EVENT: Any = {"user_id": "u", "type": "lesson_completed", "properties": {"text": "x" * 2000}}


def send(client: hatched.AsyncHatchedClient) -> Awaitable[Any]:
    return client.events.send(**LONG_EVENT)


async def by_task_cancel(client: hatched.AsyncHatchedClient, seconds: float) -> None:
    task = asyncio.ensure_future(send(client))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def by_two_cancels(client: hatched.AsyncHatchedClient, seconds: float) -> None:
    task = asyncio.ensure_future(send(client))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def by_asyncio_timeout(client: hatched.AsyncHatchedClient, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await send(client)
    except TimeoutError:
        pass


async def by_anyio_scope(client: hatched.AsyncHatchedClient, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await send(client)


async def by_own_timeout(client: hatched.AsyncHatchedClient, seconds: float) -> None:
    with suppress(hatched.RequestTimeoutError):
        await client.events.send(**LONG_EVENT, timeout=max(seconds, 0.0001), max_retries=0)


Abandon = Callable[[hatched.AsyncHatchedClient, float], Awaitable[None]]
WAYS: list[Abandon] = [by_task_cancel, by_two_cancels, by_asyncio_timeout, by_anyio_scope, by_own_timeout]


async def storm(client: hatched.AsyncHatchedClient, ways: list[Abandon], workers: int, calls: int = FEW) -> None:
    """Abandon so many calls after 0 to 15 ms each, so many at a time."""
    chance = random.Random(workers)
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await chance.choice(ways)(client, chance.random() * LONGEST)

    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(work)


async def works_on(client: hatched.AsyncHatchedClient) -> None:
    """100 calls in a row succeed at the first attempt."""
    for _ in range(100):
        assert (await client.events.send(user_id="u", type="t", max_retries=0)).coins == 10


def nothing_is_lost(client: hatched.AsyncHatchedClient) -> None:
    io: Any = client._shared.io
    (pool,) = io._pools.values()
    assert pool.slots.value == wire.CONNECTIONS
    assert pool.slots.statistics().tasks_waiting == 0
    assert len(pool.clients.all) == len(pool.clients._idle) <= wire.CONNECTIONS
    for one in pool.clients.all:
        connection = one._transport._pool.connection
        assert connection is None or connection.is_idle()
    assert client._shared.pacer._in_flight == 0


@pytest.mark.parametrize("workers", [5, 20, 100])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_nothing_is_lost_in_a_storm(client: hatched.AsyncHatchedClient, way: Abandon, workers: int) -> None:
    await storm(client, [way], workers, CALLS if way in (by_task_cancel, by_anyio_scope) else FEW)
    await works_on(client)
    nothing_is_lost(client)


@pytest.mark.parametrize("workers", [5, 20, 100])
async def test_nothing_is_lost_when_all_kinds_of_cancellation_meet(
    client: hatched.AsyncHatchedClient, workers: int
) -> None:
    await storm(client, WAYS, workers)
    await works_on(client)
    nothing_is_lost(client)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_nothing_is_lost_when_calls_are_abandoned_that_wait_for_a_connection(
    base_url: str, way: Abandon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECTIONS", 8)
    async with hatched.AsyncHatchedClient(api_key="hatch_test_chaos", base_url=base_url) as client:
        await storm(client, [way], 60)
        await works_on(client)
        nothing_is_lost(client)


async def test_no_task_is_left_after_a_storm(client: hatched.AsyncHatchedClient) -> None:
    before = asyncio.all_tasks()
    await storm(client, WAYS, 20)
    assert asyncio.all_tasks() == before


async def test_every_connection_can_be_used_at_once_after_a_storm(client: hatched.AsyncHatchedClient) -> None:
    await storm(client, WAYS, 100)
    effects = await asyncio.gather(*(send(client) for _ in range(wire.CONNECTIONS)))
    assert {one.coins for one in effects} == {10}
    nothing_is_lost(client)


# On trio, httpx leaves the generator of an unsent body to the garbage collector, of which trio warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("workers", [5, 20, 100])
def test_nothing_is_lost_in_a_storm_on_trio(base_url: str, workers: int) -> None:
    async def main() -> None:
        async with hatched.AsyncHatchedClient(api_key="hatch_test_chaos", base_url=base_url) as client:
            await storm(client, [by_anyio_scope, by_own_timeout], workers)
            await works_on(client)
            nothing_is_lost(client)

    trio.run(main)
