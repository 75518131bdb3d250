"""`EventSink`: chunks for engines that bring their own checkpoint."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hatched import ConfigurationError
from hatched.emulator import Emulator, Fault
from hatched.imports import EventSink, FileLimiter, ImportStoppedError, SinkConfig, StopReason

EMULATORS_KEY = "hatch_test_emulator"


def chunk(name: str, count: int = 150, **fields: Any) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"{name}_{number}",
            "user_id": "ada",
            "type": "lesson_completed",
            "occurred_at": "2026-01-01T10:00:00Z",
            **fields,
        }
        for number in range(count)
    ]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    emulator = Emulator(plan="enterprise")
    emulator.sync_client().buddies.ensure("ada")
    with emulator.serve() as server:
        monkeypatch.setenv("HATCHED_API_KEY", EMULATORS_KEY)
        monkeypatch.setenv("HATCHED_BASE_URL", server.base_url)
        yield emulator


@pytest.fixture
def sink() -> Iterator[EventSink]:
    sink = EventSink()
    yield sink
    sink.close()


def test_a_chunk_is_written_to_its_end(emulator: Emulator, sink: EventSink) -> None:
    assert sink.write(chunk("a")).accepted == 150
    assert [event.event_id for event in emulator.effects()] == [f"a_{number}" for number in range(150)]


async def test_an_event_loop_has_a_door_of_its_own(emulator: Emulator, sink: EventSink) -> None:
    assert (await sink.awrite(chunk("a"))).accepted == 150


def test_a_chunk_of_users_without_buddies_is_written_if_that_is_allowed(emulator: Emulator, sink: EventSink) -> None:
    with pytest.raises(ImportStoppedError, match="inert_threshold"):
        sink.write(chunk("a", user_id="nobody"))
    with closing(EventSink(SinkConfig(inert_threshold=1))) as lenient:
        assert lenient.write(chunk("b", user_id="nobody")).inert == 150


def test_a_chunk_that_is_written_again_is_applied_once(emulator: Emulator, sink: EventSink) -> None:
    sink.write(chunk("a"))
    sink.write(chunk("a"))
    assert len(emulator.effects()) == 150


def test_a_sink_works_where_it_is_unpickled(emulator: Emulator, sink: EventSink) -> None:
    sink.write(chunk("a"))
    copy = pickle.loads(pickle.dumps(sink))
    assert copy.write(chunk("b")).accepted == 150
    copy.close()


def test_neither_pickle_nor_repr_holds_the_key(emulator: Emulator, sink: EventSink, tmp_path: Path) -> None:
    sink.write(chunk("a"))
    limited = EventSink(SinkConfig(limiter=FileLimiter(tmp_path / "limit.db")))
    for one in (sink, limited):
        assert EMULATORS_KEY.encode() not in pickle.dumps(one)
        assert EMULATORS_KEY not in repr(one)


def test_without_a_key_nothing_is_written(sink: EventSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HATCHED_API_KEY", raising=False)
    with pytest.raises(ConfigurationError):
        sink.write(chunk("a"))


def test_a_chunk_that_stops_is_an_error_that_pickles(emulator: Emulator, sink: EventSink) -> None:
    emulator.faults.script("events.send_batch", [Fault.status(401)])
    with pytest.raises(ImportStoppedError) as caught:
        sink.write(chunk("a"))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.report, str(copy)) == (caught.value.report, str(caught.value))
    assert copy.report.stopped is StopReason.REFUSED


def test_rejected_events_go_to_a_file_that_several_may_share(emulator: Emulator, tmp_path: Path) -> None:
    dead = tmp_path / "rejected.jsonl"

    def write(name: str) -> None:
        sink = EventSink(SinkConfig(dead_letter=dead))
        report = sink.write([*chunk(name, 20), *chunk(f"{name}_bad", 5, type="no_such_type")])
        assert (report.accepted, report.rejected) == (20, 5)
        sink.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, "abcd"))
    events = [json.loads(line)["event"]["event_id"] for line in dead.read_text().splitlines()]
    assert sorted(events) == sorted(f"{name}_bad_{number}" for name in "abcd" for number in range(5))
