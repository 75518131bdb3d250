"""Imports whose results are taken one by one, and imports that are cancelled."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import hatched
from hatched.emulator import Fault
from hatched.imports import importer
from hatched.imports.checkpoint import peek
from hatched.imports.done import Done
from hatched.imports.report import StopReason
from tests.imports.doors import KEY, Door, FakeServer, bytes_of_events, event, events, ids, make_emulator, sent, write


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_LINGER", 60.0)


# --- results ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 501])
def test_every_event_has_one_result(door: Door, number: int) -> None:
    results, report = door.stream(make_emulator(), events(number))
    assert Counter((result.position, result.event_id) for result in results) == Counter(
        (index, f"e{index}") for index in range(number)
    )
    assert (report.accepted, report.stopped) == (number, None)


def test_an_accepted_event_has_its_effects(door: Door) -> None:
    results, _ = door.stream(make_emulator(), events(10))
    assert {result.effects.coins for result in results if result.effects} == {10}
    assert not any(result.rejection for result in results)


def test_rejected_events_are_among_the_results_and_in_no_file(door: Door, tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [*events(5), "{", {**event(6), "type": "no_such_type"}, *events(200, 7)])
    results, report = door.stream(make_emulator(), source)
    rejected = {(one.position, one.event_id, one.rejection.code) for one in results if one.rejection}
    assert rejected == {(5, None, "bad_row"), (6, "e6", "event_type_not_registered")}
    assert all((one.effects is None) == (one.rejection is not None) for one in results)
    assert (report.read, report.accepted, report.rejected) == (200, 198, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_the_results_of_each_user_come_in_order(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.random(1, {Fault.status(503): 0.2, Fault.drop(after_commit=True): 0.2})
    results, _ = door.stream(emulator, events(1_000))
    for user in range(10):
        positions = [one.position for one in results if one.position * 7 % 10 == user]
        assert positions == sorted(positions)


def test_the_import_goes_on_only_as_far_as_results_are_taken(async_door: Door) -> None:
    server = FakeServer()

    async def main(client: hatched.AsyncHatchedClient) -> int:
        async with client.events.import_stream(events(9_000), concurrency=2, order="none") as results:
            await anext(results)
            await anyio.sleep(0.2)
            return len(server.accepted)

    assert async_door.run(server, main) <= 500


def test_the_mistake_of_a_source_is_raised_where_results_are_taken(door: Door) -> None:
    def source() -> Any:
        yield from events(300)
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        door.stream(FakeServer(), source())


def test_the_mistake_of_the_block_is_raised_as_it_is(async_door: Door) -> None:
    async def main(client: hatched.AsyncHatchedClient) -> None:
        async with client.events.import_stream(events(3_000)) as results:
            async for _ in results:
                raise ZeroDivisionError("block")

    with pytest.raises(ZeroDivisionError, match="block"):
        async_door.run(FakeServer(), main)


def test_a_result_whose_effects_have_a_new_shape_is_taken(door: Door) -> None:
    server = FakeServer()
    server.result = {"effects": {"coins": 3, "moons": 4}, "debug_reason": "brand_new"}
    results, _ = door.stream(server, events(3))
    assert [result.effects.coins for result in results if result.effects] == [3, 3, 3]


# --- leaving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("take", [1, 150])
def test_a_stream_that_is_left_can_be_resumed_and_sends_nothing_twice(door: Door, tmp_path: Path, take: int) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", events(2_000))
    _, left = door.stream(emulator, source, take=take, checkpoint=tmp_path / "c.db")
    assert (left.stopped, len(emulator.effects())) == (StopReason.INTERRUPTED, left.accepted)
    assert left.accepted < 2_000
    _, report = door.stream(emulator, source, checkpoint=tmp_path / "c.db")
    assert (report.stopped, report.accepted, report.read) == (None, 2_000, 2_000)
    repeated = Counter(event_id for body in sent(emulator) for event_id, _ in bytes_of_events(body))
    assert set(repeated.values()) == {1}


def test_a_rejection_is_dealt_with_when_it_is_among_the_results(door: Door, tmp_path: Path) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", [event(n, **({"colour": 1} if n % 10 == 9 else {})) for n in range(1_000)])
    seen: list[int] = []
    for take in (5, 50, 200, 10_000):
        results, report = door.stream(emulator, source, take=take, checkpoint=tmp_path / "c.db")
        seen += [result.position for result in results if result.rejection]
        assert report.rejected >= len(set(seen))
    assert set(seen) == set(range(9, 1_000, 10))
    assert report.rejected == 100


def test_a_stream_that_is_left_reads_no_more(door: Door) -> None:
    taken = []

    def source() -> Any:
        for number in range(50_000):
            taken.append(number)
            yield event(number)

    door.stream(FakeServer(), source(), take=1)
    assert len(taken) <= 11_000


def test_a_stream_that_was_taken_to_its_end_is_not_interrupted_by_leaving(door: Door) -> None:
    _, report = door.stream(FakeServer(), events(150), take=150)
    assert report.stopped in (None, StopReason.INTERRUPTED)
    assert report.accepted == 150


def test_an_asynchronous_source_that_is_left_warns_of_nothing(async_door: Door) -> None:
    async def source() -> Any:
        for number in range(5_000):
            yield event(number)

    async_door.stream(FakeServer(), source(), take=1)
    gc.collect()


# --- cancellation -----------------------------------------------------------------------------------------


Cancelled = Callable[[Callable[[], Awaitable[Any]], anyio.Event], Awaitable[None]]


async def by_scope(work: Callable[[], Awaitable[Any]], when: anyio.Event) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await when.wait()
        group.cancel_scope.cancel()


async def by_task(work: Callable[[], Awaitable[Any]], when: anyio.Event) -> None:
    task = asyncio.ensure_future(work())
    await when.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_task_twice(work: Callable[[], Awaitable[Any]], when: anyio.Event) -> None:
    task = asyncio.ensure_future(work())
    await when.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


ways = pytest.mark.parametrize(
    ("loop", "cancel"),
    [("asyncio", by_scope), ("trio", by_scope), ("asyncio", by_task), ("asyncio", by_task_twice)],
)


@ways
@pytest.mark.parametrize("after", [1, 5])
@pytest.mark.parametrize("streaming", [False, True])
def test_what_is_cancelled_is_acknowledged_as_far_as_it_came(
    tmp_path: Path, loop: str, cancel: Cancelled, after: int, streaming: bool
) -> None:
    server = FakeServer()
    source = write(tmp_path / "a.jsonl", events(2_000))

    async def main() -> None:
        when = anyio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            if len(server.requests) >= after:
                when.set()
            await anyio.sleep(0.01)
            return server(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(slow))
        async with http, hatched.AsyncHatchedClient(api_key=KEY, http_client=http) as client:

            async def work() -> None:
                if streaming:
                    async with client.events.import_stream(source, checkpoint=tmp_path / "c.db") as results:
                        async for _ in results:
                            pass
                else:
                    await client.events.import_all(source, checkpoint=tmp_path / "c.db")

            await cancel(work, when)

    anyio.run(main, backend=loop)
    before = len(server.accepted)
    assert after * 100 <= before < 2_000
    report = Door(loop).import_all(server, source, checkpoint=tmp_path / "c.db")
    assert (report.accepted, report.read, report.stopped) == (2_000, 2_000, None)
    assert Counter(one["event_id"] for one in server.accepted) == Counter(f"e{n}" for n in range(2_000))


@ways
def test_requests_under_way_at_a_cancellation_finish_and_are_not_sent_again(
    tmp_path: Path, loop: str, cancel: Cancelled
) -> None:
    server = FakeServer()
    source = write(tmp_path / "a.jsonl", events(2_000))
    options: dict[str, Any] = {"checkpoint": tmp_path / "c.db", "order": "none", "concurrency": 4}

    async def main() -> None:
        when, first = anyio.Event(), True

        async def late(request: httpx.Request) -> httpx.Response:
            nonlocal first
            answer = server(request)
            if first:  # tells the limit, until which no other goes
                first = False
                return answer
            when.set()
            await anyio.sleep(0.1)  # the cancellation comes meanwhile
            return answer

        http = httpx.AsyncClient(transport=httpx.MockTransport(late))
        async with http, hatched.AsyncHatchedClient(api_key=KEY, http_client=http) as client:
            await cancel(lambda: client.events.import_all(source, **options), when)

    anyio.run(main, backend=loop)
    assert 100 < len(server.accepted) < 2_000
    state = peek(tmp_path / "c.db")
    assert state is not None
    done = Done(state.watermark, state.above)
    assert {f"e{position}" for position in range(2_000) if position in done} == {
        one["event_id"] for one in server.accepted
    }
    Door(loop).import_all(server, source, **options)
    assert Counter(one["event_id"] for one in server.accepted) == Counter(f"e{n}" for n in range(2_000))


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_request_that_never_ends_does_not_hold_up_a_cancellation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    from hatched.imports import stopping

    monkeypatch.setattr(stopping, "_GRACE", 0.05)

    async def main() -> None:
        when = anyio.Event()

        async def stuck(request: httpx.Request) -> httpx.Response:
            when.set()
            await anyio.sleep(3_600)
            raise AssertionError

        http = httpx.AsyncClient(transport=httpx.MockTransport(stuck))
        async with http, hatched.AsyncHatchedClient(api_key=KEY, http_client=http) as client:
            with anyio.fail_after(60):
                await by_scope(lambda: client.events.import_all(events(500)), when)

    anyio.run(main, backend=loop)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_cancelled_wait_for_the_source_ends_at_once(loop: str) -> None:
    async def main() -> None:
        async def source() -> Any:
            yield event(0)
            await anyio.sleep(3_600)

        emulator = make_emulator()
        async with emulator.client() as client:
            with anyio.move_on_after(0.05) as scope:
                await client.events.import_all(source())
            assert scope.cancelled_caught

    anyio.run(main, backend=loop)


def test_two_imports_of_one_client_do_not_disturb_each_other(async_door: Door) -> None:
    emulator = make_emulator()

    async def main(client: hatched.AsyncHatchedClient) -> None:
        async with anyio.create_task_group() as group:
            for start in (0, 1_000):
                group.start_soon(client.events.import_all, events(start + 1_000, start))

    async_door.run(emulator, main)
    assert ids(emulator) == Counter(f"e{n}" for n in range(2_000))


async def test_a_stream_that_is_not_entered_says_so() -> None:
    async with make_emulator().client() as client:
        with pytest.raises(RuntimeError, match="enter the stream"):
            async for _ in client.events.import_stream([]):
                pass
