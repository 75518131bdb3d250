"""The asynchronous client on trio: the core of what the other tests say of asyncio."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import trio

import hatched
from hatched.emulator import Emulator, Fault, Operations
from tests.client.conftest import KEY, FastClock
from tests.client.raw_server import answer, drip, hang_up, response, stall

OK = {"status": "ok"}


def on(emulator: Emulator, main: Callable[[hatched.AsyncHatchedClient], Awaitable[Any]]) -> Any:
    """Run a main function on trio with a client of an emulator."""

    async def whole() -> Any:
        async with (
            httpx.AsyncClient(transport=emulator.transport()) as http,
            hatched.AsyncHatchedClient(
                api_key=emulator.api_key, base_url=emulator.base_url, http_client=http, clock=FastClock(emulator)
            ) as client,
        ):
            return await main(client)

    return trio.run(whole)


def against(server: Any, main: Callable[[hatched.AsyncHatchedClient], Awaitable[Any]], **options: Any) -> Any:
    """Run a main function on trio with a client of a server."""

    async def whole() -> Any:
        async with hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url, **options) as client:
            return await main(client)

    return trio.run(whole)


def test_the_walk_through(emulator: Emulator) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> tuple[int, int]:
        await client.buddies.ensure("user_42")
        first = await client.events.send(event_id="e1", user_id="user_42", type="lesson_completed")
        again = await client.events.send(event_id="e1", user_id="user_42", type="lesson_completed")
        return first.coins, again.coins

    assert on(emulator, main) == (10, 10)
    assert len(emulator.effects()) == 1


def test_ensure_from_ten_tasks_at_once() -> None:
    emulator = Emulator(operations=Operations(after_seconds=30))

    async def main(client: hatched.AsyncHatchedClient) -> set[str]:
        ids: set[str] = set()

        async def one() -> None:
            ids.add((await client.buddies.ensure("user_42")).id)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(one)
        return ids

    assert len(on(emulator, main)) == 1


def test_an_iterator_walks_every_page(emulator: Emulator) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> list[str]:
        for number in range(5):
            await client.buddies.ensure(f"user_{number}")
        return [buddy.user_id async for buddy in client.buddies.iter(limit=2)]

    assert on(emulator, main) == [f"user_{number}" for number in range(5)]


def test_ensure_leaves_no_iterator_behind(emulator: Emulator) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> None:
        for _ in range(2):
            await client.buddies.ensure("user_42")
        gc.collect()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        on(emulator, main)


def test_bad_weather_is_got_over(emulator: Emulator) -> None:
    emulator.faults.script(
        "events.send",
        [Fault.status(429, retry_after=2), Fault.status(503), Fault.drop(after_commit=True), Fault.stall()],
    )

    async def main(client: hatched.AsyncHatchedClient) -> None:
        await client.with_options(max_retries=5).events.send(user_id="u", type="lesson_completed")

    on(emulator, main)
    emulator.faults.assert_all_fired()
    assert len(emulator.effects()) == 1


def test_real_connections_are_made_and_used_again(serve: Any) -> None:
    server = serve(answer(200, OK))

    async def main(client: hatched.AsyncHatchedClient) -> None:
        for _ in range(3):
            assert (await client.health()).status == "ok"

    against(server, main)
    assert server.connections == 1


def test_many_tasks_share_one_client(serve: Any) -> None:
    server = serve(answer(200, OK))

    async def main(client: hatched.AsyncHatchedClient) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(client.health)

    against(server, main)
    assert len(server.heard) == 50


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (hang_up(), hatched.TransportError),
        (hang_up(reset=True), hatched.TransportError),
        (stall(), hatched.RequestTimeoutError),
        (drip(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 60), hatched.RequestTimeoutError),
        (answer(404, {"error": {"code": "resource_not_found", "message": "no"}}), hatched.NotFoundError),
        (answer(200, []), hatched.ResponseDecodeError),
        (lambda exchange: exchange.say(response(502, b"<html>", "text/html")), hatched.HatchedError),
    ],
    ids=["hung up", "reset", "stalled", "dripping", "not found", "wrong shape", "a page"],
)
def test_errors_are_those_of_the_sdk_and_come_alone(serve: Any, turn: Any, kind: type[Exception]) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> None:
        with pytest.raises(kind) as caught:
            await client.health()
        assert not isinstance(caught.value, BaseExceptionGroup)

    against(serve(turn), main, max_retries=0, timeout=0.1)


def test_a_port_where_nobody_listens_is_a_transport_error_and_no_group(serve: Any) -> None:
    server = serve(stall())
    server.close()

    async def main(client: hatched.AsyncHatchedClient) -> None:
        with pytest.raises(hatched.TransportError) as caught:
            await client.health()
        assert caught.value.maybe_received is False

    against(server, main, max_retries=0)


def test_a_closed_client_says_so(serve: Any) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> None:
        await client.aclose()
        with pytest.raises(hatched.ClientClosedError):
            await client.health()

    against(serve(answer(200, OK)), main)


def test_one_client_on_trio_and_on_asyncio_after_each_other(serve: Any) -> None:
    import asyncio

    server = serve(answer(200, OK))
    client = hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url)

    async def once() -> str | None:
        try:
            return (await client.health()).status
        finally:
            for one in client._shared.io._pool().clients.all:
                await one.aclose()

    assert [trio.run(once), asyncio.run(once()), trio.run(once)] == ["ok"] * 3


def test_the_synchronous_client_works_inside_trio(emulator: Emulator) -> None:
    async def main() -> None:
        with httpx.Client(transport=emulator.sync_transport()) as http:
            client = hatched.HatchedClient(
                api_key=emulator.api_key, base_url=emulator.base_url, http_client=http, clock=emulator.clock
            )
            for _ in range(2):
                client.buddies.ensure("user_42")
            gc.collect()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trio.run(main)
