"""Sending the documented event, by us, by hand with httpx, and by the clients of two well-known services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import openai
import stripe

from benchmarks import server
from benchmarks.measure import Row, in_turns, in_turns_async
from hatched import AsyncHatchedClient, HatchedClient

EVENT: dict[str, Any] = {
    "event_id": "evt_01HXYZ",
    "user_id": "user_42",
    "type": "lesson_completed",
    "properties": {"lesson_id": "lesson_17", "score": 0.92},
}
KEY = "hatch_test_benchmark"
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}
PATH = "/api/v1/events"
STRIPE_PATH = "/v2/events"
"""Its version 2 sends JSON."""

TASKS = 32
ROUNDS = 150
TIMES = 10


def rows() -> Iterator[Row]:
    with server.running() as url:
        yield from asyncio.run(_one_after_another(url))
        yield from _one_after_another_sync(url)
        yield from asyncio.run(_at_once(url))


async def _one_after_another(url: str) -> list[Row]:
    async with (
        AsyncHatchedClient(api_key=KEY, base_url=url + "/api/v1") as hatched,
        httpx.AsyncClient(headers=AUTHORIZATION) as by_hand,
        openai.AsyncOpenAI(api_key=KEY, base_url=url + "/api/v1") as peer,
    ):
        stripe_http = stripe.HTTPXClient()
        other = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=stripe_http)

        async def ours() -> object:
            return await hatched.events.send(**EVENT)

        async def theirs() -> object:
            response = await by_hand.post(url + PATH, json=EVENT)
            response.raise_for_status()
            return response.json()

        async def openais() -> object:
            return await peer.post("/events", body=EVENT, cast_to=object)

        async def stripes() -> object:
            return await other.raw_request_async("post", STRIPE_PATH, **EVENT)

        times = await in_turns_async(ours, theirs, openais, stripes, rounds=ROUNDS, times=TIMES)
        await stripe_http.close_async()
    return [
        Row("events.send, async; httpx by hand", times[0], times[1], ">= 0.9"),
        Row("events.send, async; openai's client", times[0], times[2]),
        Row("events.send, async; stripe's client", times[0], times[3]),
    ]


def _one_after_another_sync(url: str) -> list[Row]:
    with (
        HatchedClient(api_key=KEY, base_url=url + "/api/v1") as hatched,
        httpx.Client(headers=AUTHORIZATION) as by_hand,
        openai.OpenAI(api_key=KEY, base_url=url + "/api/v1") as peer,
    ):
        other = stripe.StripeClient(KEY, base_addresses={"api": url})

        def theirs() -> object:
            response = by_hand.post(url + PATH, json=EVENT)
            response.raise_for_status()
            return response.json()

        times = in_turns(
            lambda: hatched.events.send(**EVENT),
            theirs,
            lambda: peer.post("/events", body=EVENT, cast_to=object),
            lambda: other.raw_request("post", STRIPE_PATH, **EVENT),
            rounds=ROUNDS,
            times=TIMES,
        )
    return [
        Row("events.send, sync; httpx by hand", times[0], times[1], ">= 0.95"),
        Row("events.send, sync; openai's client", times[0], times[2]),
        Row("events.send, sync; stripe's client", times[0], times[3]),
    ]


async def _at_once(url: str) -> list[Row]:
    async with (
        AsyncHatchedClient(api_key=KEY, base_url=url + "/api/v1") as hatched,
        httpx.AsyncClient(headers=AUTHORIZATION) as by_hand,
    ):

        async def ours() -> object:
            return await hatched.events.send(**EVENT)

        async def theirs() -> object:
            response = await by_hand.post(url + PATH, json=EVENT)
            response.raise_for_status()
            return response.json()

        times = await in_turns_async(_tasks(ours), _tasks(theirs), rounds=ROUNDS // 5)
    per_call = 1 / (TASKS * TIMES)
    return [Row(f"events.send, {TASKS} tasks at once; one httpx", times[0] * per_call, times[1] * per_call, ">= 1.3")]


def _tasks(send: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    async def worker() -> None:
        for _ in range(TIMES):
            await send()

    async def at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(worker())

    return at_once
