"""The synchronous door: what runs in which thread, and what Ctrl-C leaves behind."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
import trio

import hatched
from hatched.imports import importer
from hatched.imports.report import StopReason
from tests.imports.doors import Door, FakeServer, event, events, ids, make_emulator, write

SYNC = Door("sync")
TRACE: ContextVar[str] = ContextVar("TRACE", default="nobody's")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_LINGER", 60.0)


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "hatched import"]


def test_what_is_the_callers_runs_in_the_callers_thread() -> None:
    threads: set[tuple[str, threading.Thread]] = set()

    def seen(name: str, value: Any) -> Any:
        threads.add((name, threading.current_thread()))
        return value

    def source() -> Iterator[Any]:
        for number in range(250):
            yield seen("source", event(number))

    SYNC.import_all(
        FakeServer(),
        source(),
        map=lambda row: seen("map", row),
        event_id=lambda row: seen("event_id", row["event_id"]),
        on_progress=lambda report: seen("on_progress", None),
    )
    here = threading.current_thread()
    assert threads == {(name, here) for name in ("source", "map", "event_id", "on_progress")}


def test_what_is_the_callers_runs_in_the_callers_context() -> None:
    seen: Counter[tuple[str, str]] = Counter()

    def see(name: str, value: Any) -> Any:
        seen[name, TRACE.get()] += 1
        return value

    def middleware(request: Any, call_next: Any) -> Any:
        return call_next(see("middleware", request))

    def main(client: hatched.HatchedClient) -> None:
        TRACE.set("mine")
        rows = events(450)
        client.events.plan(rows, map=lambda row: see("plan", row))
        client.events.import_all(
            rows,
            map=lambda row: see("map", row),
            event_id=lambda row: see("event_id", row["event_id"]),
            on_progress=lambda report: see("on_progress", None),
        )
        with client.events.import_stream(rows) as results:
            assert sum(1 for _ in results) == 450

    with make_emulator().sync_client(middleware=[middleware]) as client:
        copy_context().run(main, client)
    assert {name for name, _ in seen} == {"plan", "map", "event_id", "on_progress", "middleware"}
    assert {trace for _, trace in seen} == {"mine"}
    assert TRACE.get() == "nobody's"


async def test_it_works_inside_of_a_running_event_loop() -> None:
    assert asyncio.get_running_loop()
    assert SYNC.import_all(FakeServer(), events(150)).accepted == 150


def test_it_works_inside_of_a_running_trio_loop() -> None:
    async def main() -> list[int]:
        report = SYNC.import_all(FakeServer(), events(450))
        with make_emulator().sync_client() as client, client.events.import_stream(events(450)) as results:
            return [report.accepted, len(list(results))]

    assert trio.run(main) == [450, 450]


def interrupted(tmp_path: Path, source: Any, **options: Any) -> tuple[Any, BaseException]:
    emulator = make_emulator()
    with pytest.raises(BaseException) as caught:
        SYNC.import_all(emulator, source, checkpoint=tmp_path / "c.db", **options)
    return emulator, caught.value


def test_ctrl_c_stops_the_import_acknowledges_and_is_raised(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", events(3_000))

    def press(report: Any) -> None:
        if report.accepted >= 300 and not report.stopped:
            signal.raise_signal(signal.SIGINT)

    emulator, error = interrupted(tmp_path, source, on_progress=press)
    assert isinstance(error, KeyboardInterrupt)
    before = len(emulator.effects())
    assert 300 <= before < 3_000
    report = SYNC.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert (report.accepted, report.stopped) == (3_000, None)
    assert report.replayed == 0
    assert len(emulator.effects()) == 3_000


def test_ctrl_c_while_it_waits_stops_it(tmp_path: Path) -> None:
    main = threading.main_thread().ident
    assert main is not None
    pressed = threading.Event()

    def source() -> Iterator[Any]:
        yield from events(300)
        threading.Timer(0.05, lambda: (pressed.set(), signal.pthread_kill(main, signal.SIGINT))).start()
        threading.Event().wait(10)

    _, error = interrupted(tmp_path, source())
    assert isinstance(error, KeyboardInterrupt)
    assert pressed.is_set()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_a_source_raises_to_end_the_program_ends_it(tmp_path: Path, error: type[BaseException]) -> None:
    class Source:
        def __iter__(self) -> Iterator[Any]:
            yield from events(400)
            raise error

    emulator, raised = interrupted(tmp_path, Source())
    assert isinstance(raised, error)
    report = SYNC.import_all(emulator, events(1_000), checkpoint=tmp_path / "c.db")
    assert (report.accepted, len(emulator.effects())) == (1_000, 1_000)


@pytest.mark.parametrize("error", [StopIteration, ValueError, RuntimeError])
def test_what_map_raises_is_told(error: type[Exception]) -> None:
    def failing(row: Any) -> Any:
        if row["event_id"] == "e150":
            raise error("map")
        return row

    if error is ValueError:
        assert SYNC.import_all(FakeServer(), events(200), map=failing).stopped is StopReason.REJECTED
    else:
        with pytest.raises(RuntimeError, match=r"map|StopIteration"):
            SYNC.import_all(FakeServer(), events(200), map=failing)


def test_a_stream_that_was_never_asked_for_results_sends_nothing() -> None:
    server = FakeServer()
    with SYNC._client(server) as client, client.events.import_stream(events(300)):
        pass
    assert server.requests == []


def test_a_stream_that_was_left_has_no_more_results() -> None:
    with SYNC._client(FakeServer()) as client:
        with client.events.import_stream(events(3_000)) as results:
            next(results)
        assert list(results) == []


def test_a_mistake_in_the_block_of_a_stream_is_raised_as_it_is() -> None:
    def main() -> None:
        with SYNC._client(FakeServer()) as client, client.events.import_stream(events(3_000)) as results:
            for _ in results:
                raise ZeroDivisionError("block")

    with pytest.raises(ZeroDivisionError, match="block"):
        main()


def test_an_error_while_a_stream_is_left_is_raised_when_the_import_is_over() -> None:
    left = threading.Event()

    def on_progress(_: Any) -> None:
        if left.is_set():
            raise LookupError("progress")

    options: dict[str, Any] = {"on_progress": on_progress, "concurrency": 8, "order": "none"}
    with SYNC._client(make_emulator()) as client:
        stream = client.events.import_stream(events(3_000), **options)
        next(stream)
        left.set()
        with pytest.raises(LookupError):
            stream.__exit__(None, None, None)
        left.clear()


def test_a_result_can_be_followed_by_other_calls_of_the_same_client() -> None:
    emulator = make_emulator()
    with emulator.sync_client() as client:
        with client.events.import_stream(events(300)) as results:
            for number, _ in enumerate(results):
                if number == 5:
                    client.buddies.ensure("user_1")
    assert ids(emulator) == Counter(f"e{n}" for n in range(300))


def test_imports_of_several_threads_do_not_disturb_each_other() -> None:
    emulator = make_emulator()
    with emulator.sync_client() as client:
        threads = [
            threading.Thread(target=client.events.import_all, args=(events(start + 500, start),))
            for start in (0, 500, 1_000)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ids(emulator) == Counter(f"e{n}" for n in range(1_500))
