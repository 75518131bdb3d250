"""The importer: how much it costs over sending bytes by hand, and beside those who import in bulk elsewhere."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import requests
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_streaming_bulk
from httpx_aiohttp import AiohttpTransport

from benchmarks import server
from benchmarks.measure import Row, medians
from hatched import AsyncHatchedClient

KEY = "hatch_test_benchmark"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
EVENTS = 50_000
TASKS = 8
MANY = 32
SLOW = 0.03
ROUNDS = 5

Contestant = Callable[[], Awaitable[None]]


def events(count: int = EVENTS) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "event_id": f"evt_{number:09}",
            "user_id": f"user_{number % 997}",
            "type": "lesson_completed",
            "occurred_at": "2026-04-22T10:30:00Z",
            "properties": {"lesson_id": f"lesson_{number % 31}", "score": 0.92},
        }


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl")
        path.write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events()))
        with server.running() as url:
            yield from asyncio.run(_beside_others(url, path))
        with server.running(SLOW) as url:
            yield from asyncio.run(_at_a_slow_server(url, path))


async def _beside_others(url: str, path: Path) -> list[Row]:
    bodies = _bodies()
    async with (
        AsyncHatchedClient(api_key=KEY, base_url=url + "/api/v1") as hatched,
        httpx.AsyncClient(transport=AiohttpTransport()) as aio,
        AsyncHatchedClient(api_key=KEY, base_url=url + "/api/v1", http_client=aio) as on_aiohttp,
        AsyncElasticsearch(url) as elastic,
    ):
        clients = [httpx.AsyncClient(headers=HEADERS) for _ in range(TASKS)]

        async def by_hand() -> None:
            await _all(url, clients, bodies)

        async def bulk() -> None:
            async for _ in async_streaming_bulk(elastic, _actions(path), chunk_size=100):
                pass

        times = await _in_turns(
            lambda: _import(hatched, path, TASKS),
            by_hand,
            bulk,
            lambda: asyncio.to_thread(_loop_of_requests, url, path),
            lambda: _import(on_aiohttp, path, TASKS),
        )
        for client in clients:
            await client.aclose()
    return [
        Row("events.import_all from JSONL with checkpoint; encoded bodies by hand", times[0], times[1], ">= 0.75"),
        Row("the same; elasticsearch's async_streaming_bulk of the same lines", times[0], times[2], ">= 1"),
        Row("the same; a loop of requests over the same lines", times[0], times[3], ">= 1"),
        Row("the same, per second", times[0], None, unit="/s"),
        Row("the same on aiohttp, per second", times[4], None, unit="/s"),
    ]


async def _at_a_slow_server(url: str, path: Path) -> list[Row]:
    bodies = _bodies()
    limits = httpx.Limits(max_connections=MANY, max_keepalive_connections=MANY)
    async with (
        AsyncHatchedClient(api_key=KEY, base_url=url + "/api/v1") as hatched,
        httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as one,
    ):

        async def usual() -> None:
            async def post(body: bytes) -> None:
                (await one.post(f"{url}/api/v1/events/batch", content=body)).raise_for_status()

            await asyncio.gather(*map(post, bodies))

        times = await _in_turns(lambda: _import(hatched, path, "auto"), usual)
    return [Row("the same at 30 ms; asyncio.gather over one httpx.AsyncClient", times[0], times[1], ">= 2.5")]


def _loop_of_requests(url: str, path: Path) -> None:
    with requests.Session() as session:
        session.headers.update(HEADERS)
        lines = _documents(path)
        while batch := list(islice(lines, 100)):
            session.post(f"{url}/api/v1/events/batch", json={"events": batch}).raise_for_status()


async def _import(client: AsyncHatchedClient, path: Path, concurrency: Any) -> None:
    checkpoint = path.with_name(f"{time.monotonic_ns()}.checkpoint")
    report = await client.events.import_all(path, checkpoint=checkpoint, share=1, concurrency=concurrency)
    assert (report.accepted, report.stopped) == (EVENTS, None)


async def _all(url: str, clients: list[httpx.AsyncClient], bodies: list[bytes]) -> None:
    waiting = iter(bodies)

    async def work(client: httpx.AsyncClient) -> None:
        for body in waiting:
            (await client.post(f"{url}/api/v1/events/batch", content=body)).raise_for_status()

    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(work(client))


def _bodies() -> list[bytes]:
    lines = [json.dumps(event, separators=(",", ":")) for event in events()]
    return [f'{{"events":[{",".join(lines[at : at + 100])}]}}'.encode() for at in range(0, EVENTS, 100)]


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        yield from map(json.loads, lines)


async def _actions(path: Path) -> AsyncIterator[dict[str, Any]]:
    for event in _documents(path):
        yield {"_index": "events", "_id": event["event_id"], "_source": event}


async def _in_turns(*contestants: Contestant) -> list[float]:
    async def one(contestant: Contestant) -> float:
        start = time.perf_counter()
        await contestant()
        return (time.perf_counter() - start) / EVENTS

    for contestant in contestants:
        await contestant()
    return medians([[await one(contestant) for contestant in contestants] for _ in range(ROUNDS)])
