"""Every effect exactly once, in weather in which nearly every third attempt fails.

By default a share runs; `HATCHED_CHAOS=full` sends 20,000 events per colour. Time is virtual: nothing waits.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import anyio
import httpx
import pytest

import hatched
from hatched.emulator import CoinRule, Emulator, Fault, Rules

FULL = os.environ.get("HATCHED_CHAOS") == "full"
SENDS = 20_000 if FULL else 2_000
USERS = 20

pytestmark = pytest.mark.chaos

WEATHER = {
    Fault.status(429, retry_after=1): 0.05,
    Fault.status(503): 0.04,
    Fault.status(503, after_commit=True): 0.05,
    Fault.drop(): 0.03,
    Fault.drop(after_commit=True): 0.04,
    Fault.drop(after_commit=True, reset=True): 0.03,
    Fault.stall(): 0.02,
    Fault.stall(after_commit=True): 0.02,
    Fault.truncate(): 0.02,
}
RULES = Rules(event_types=("lesson_completed",), coin_rules=(CoinRule(event="lesson_completed", amount=10),))
OPTIONS: dict[str, Any] = {"max_retries": 25, "timeout": 5.0}


def make_emulator() -> Emulator:
    emulator = Emulator(rules=RULES, plan="enterprise")
    emulator.journal = type(emulator.journal)(maxlen=200_000)
    return emulator


@pytest.fixture
def emulator() -> Any:
    emulator = make_emulator()
    yield emulator
    emulator.close()


def blocking(emulator: Emulator) -> hatched.HatchedClient:
    http = httpx.Client(transport=emulator.sync_transport())
    return hatched.HatchedClient(
        api_key=emulator.api_key, base_url=emulator.base_url, http_client=http, clock=emulator.clock, **OPTIONS
    )


def asynchronous(emulator: Emulator) -> hatched.AsyncHatchedClient:
    http = httpx.AsyncClient(transport=emulator.transport())
    return hatched.AsyncHatchedClient(
        api_key=emulator.api_key, base_url=emulator.base_url, http_client=http, clock=emulator.clock, **OPTIONS
    )


def make_buddies(emulator: Emulator) -> None:
    client = blocking(emulator)
    for user in range(USERS):
        client.buddies.ensure(f"user_{user}")
    emulator.journal.clear()


def event(number: int) -> dict[str, Any]:
    return {"event_id": f"e{number}", "user_id": f"user_{number % USERS}", "type": "lesson_completed"}


def send_all(emulator: Emulator, colour: str) -> list[hatched.EventEffects]:
    """Send every event once, many at a time, and answer what each call returned."""
    if colour == "sync":
        client = blocking(emulator)
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(lambda number: client.events.send(**event(number)), range(SENDS)))

    results: dict[int, hatched.EventEffects] = {}

    async def main() -> None:
        client = asynchronous(emulator)
        left = iter(range(SENDS))

        async def work() -> None:
            for number in left:
                results[number] = await client.events.send(**event(number))

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(work)

    anyio.run(main, backend=colour)
    return [results[number] for number in range(SENDS)]


class Storm(NamedTuple):
    """An emulator after the storm, and what the calls returned."""

    emulator: Emulator
    returned: list[hatched.EventEffects]


@pytest.fixture(scope="module", params=["asyncio", "sync", "trio"] if FULL else ["asyncio", "sync"])
def storm(request: pytest.FixtureRequest) -> Iterator[Storm]:
    """`SENDS` events, sent through the weather."""
    emulator = make_emulator()
    make_buddies(emulator)
    emulator.faults.random(7, WEATHER)
    returned = send_all(emulator, request.param)
    emulator.faults.clear()
    yield Storm(emulator, returned)
    emulator.close()


def test_every_event_is_applied_exactly_once(storm: Storm) -> None:
    applied = Counter(one.event_id for one in storm.emulator.effects())
    assert applied == Counter(f"e{number}" for number in range(SENDS))


def test_every_call_returns_the_effects_that_were_applied(storm: Storm) -> None:
    applied = {one.event_id: one.effects for one in storm.emulator.effects()}
    assert [one.coins for one in storm.returned] == [applied[f"e{number}"]["coins"] for number in range(SENDS)]


def test_every_balance_is_the_sum_of_its_events(storm: Storm) -> None:
    client = blocking(storm.emulator)
    coins = {user: client.buddies.list(user_id=f"user_{user}").data[0].coins for user in range(USERS)}
    assert coins == dict.fromkeys(range(USERS), 10 * SENDS // USERS)


def test_all_attempts_of_a_call_carry_one_key_and_one_request_id(storm: Storm) -> None:
    entries = [entry for entry in storm.emulator.journal if entry.route == "events.send"]
    pairs = {(entry.headers["idempotency-key"], entry.headers["x-request-id"]) for entry in entries}
    keys, ids = {key for key, _ in pairs}, {request_id for _, request_id in pairs}
    assert len(pairs) == len(keys) == len(ids) == SENDS


def test_the_weather_was_as_bad_as_it_should_be(storm: Storm) -> None:
    met = Counter(entry.fault for entry in storm.emulator.journal if entry.route == "events.send")
    assert 0.25 < 1 - met[None] / met.total() < 0.35
    assert met.keys() == {None, *WEATHER}


@pytest.mark.parametrize("colour", ["asyncio", "sync"])
def test_writes_without_an_event_id_are_applied_exactly_once_too(emulator: Emulator, colour: str) -> None:
    make_buddies(emulator)
    emulator.faults.random(11, WEATHER)
    count = SENDS // 10

    if colour == "sync":
        client = blocking(emulator)
        buddy = client.buddies.ensure("user_0")
        for number in range(count):
            client.buddies.earn(buddy.id, amount=1, reason=f"r{number}")
    else:

        async def main() -> None:
            client = asynchronous(emulator)
            buddy = await client.buddies.ensure("user_0")
            left = iter(range(count))

            async def work() -> None:
                for number in left:
                    await client.buddies.earn(buddy.id, amount=1, reason=f"r{number}")

            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(work)

        anyio.run(main)

    emulator.faults.clear()
    assert blocking(emulator).buddies.list(user_id="user_0").data[0].coins == count


@pytest.mark.parametrize("colour", ["asyncio", "sync"])
def test_batches_are_applied_exactly_once_too(emulator: Emulator, colour: str) -> None:
    make_buddies(emulator)
    emulator.faults.random(13, WEATHER)
    batches = [[event(number) for number in range(start, start + 100)] for start in range(0, SENDS, 100)]

    if colour == "sync":
        client = blocking(emulator)
        results = [client.events.send_batch(batch) for batch in batches]
    else:

        async def main() -> list[hatched.models.BatchResult]:
            client = asynchronous(emulator)
            return [await client.events.send_batch(batch) for batch in batches]

        results = anyio.run(main)

    assert [len(one.results) for one in results] == [100] * len(batches)
    assert Counter(one.event_id for one in emulator.effects()) == Counter(f"e{number}" for number in range(SENDS))
