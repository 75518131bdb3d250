"""What an import promises, in all three colours: G1 to G9 of its contract, against the emulator."""

from __future__ import annotations

import io
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any

import anyio
import pytest

from hatched import routes
from hatched.emulator import Fault
from hatched.imports import importer, keeping
from hatched.imports.checkpoint import Checkpoint
from hatched.imports.door import Door as RawDoor
from hatched.imports.options import Settings
from hatched.imports.report import StopReason
from hatched.pipeline.messages import Request, Response
from tests.imports.doors import (
    USERS,
    Door,
    FakeServer,
    bytes_of_events,
    event,
    events,
    ids,
    letters,
    make_emulator,
    order_of_users,
    sent,
    write,
)

SEEDS = 5 if os.environ.get("HATCHED_CHAOS") == "full" else 1
WEATHER = {
    Fault.status(503): 0.08,
    Fault.status(503, after_commit=True): 0.08,
    Fault.status(429, retry_after=1): 0.05,
    Fault.drop(): 0.05,
    Fault.drop(after_commit=True): 0.08,
    Fault.truncate(): 0.05,
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a batch to fill would show: the tests would not end."""
    monkeypatch.setattr(importer, "_LINGER", 60.0)


@pytest.fixture
def busy_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_SAVING", 0.0)


# --- the plain way ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 100, 501])
def test_every_event_has_its_effect_once(door: Door, number: int) -> None:
    emulator = make_emulator()
    report = door.import_all(emulator, events(number))
    assert ids(emulator) == Counter(f"e{index}" for index in range(number))
    assert (report.read, report.accepted, report.watermark, report.stopped) == (number, number, number, None)


def test_batches_are_full(two_doors: Door) -> None:
    emulator = make_emulator()
    two_doors.import_all(emulator, events(2_000), order="none")
    sizes = [len(list(bytes_of_events(body))) for body in sent(emulator)]
    assert sorted(sizes) == [100] * 20


@pytest.mark.parametrize(
    ("order", "concurrency"), [("user", 1), ("user", 32), ("user", "auto"), ("none", 5), ("none", "auto"), ("total", 9)]
)
def test_it_ends_by_itself_in_any_order_with_any_concurrency(two_doors: Door, order: Any, concurrency: Any) -> None:
    report = two_doors.import_all(FakeServer(), events(1_500), order=order, concurrency=concurrency)
    assert (report.accepted, report.stopped) == (1_500, None)


def test_one_user_alone_is_sent_in_full_batches(door: Door) -> None:
    emulator = make_emulator()
    report = door.import_all(emulator, [event(number, user_id="user_1") for number in range(500)])
    assert (report.accepted, report.requests) == (500, 5)


# --- G1, G2, G3: nothing lost, nothing changed, nothing out of order ----------------------------------------


@pytest.mark.parametrize("seed", range(SEEDS))
def test_in_any_weather_every_row_is_accepted_or_rejected_or_skipped(door: Door, tmp_path: Path, seed: int) -> None:
    emulator = make_emulator()
    emulator.faults.random(seed, WEATHER)
    rows: list[Any] = [
        "" if number % 50 == 7 else "{" if number % 50 == 11 else event(number, **BAD if number % 50 == 13 else {})
        for number in range(1_000)
    ]
    report = door.import_all(emulator, write(tmp_path / "a.jsonl", rows))
    dead = {line["position"] for line in letters(tmp_path / "a.jsonl.rejected.jsonl")}
    assert dead == {number for number in range(1_000) if number % 50 in (11, 13)}
    assert ids(emulator) == Counter(f"e{number}" for number in range(1_000) if number % 50 not in (7, 11, 13))
    assert (report.read, report.accepted, report.rejected, report.skipped) == (1_000, 940, 40, 20)
    assert report.watermark == 1_000


BAD = {"type": "no_such_type"}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_event_always_goes_with_the_same_bytes(door: Door, seed: int) -> None:
    emulator = make_emulator()
    emulator.faults.random(seed, WEATHER)
    door.import_all(emulator, events(1_000))
    seen: dict[str, str] = {}
    for body in sent(emulator):
        for event_id, text in bytes_of_events(body):
            assert seen.setdefault(event_id, text) == text


def test_the_same_batch_always_goes_with_the_same_key(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.random(3, WEATHER)
    door.import_all(emulator, events(1_000))
    keys: dict[bytes, str] = {}
    for entry in emulator.journal:
        assert keys.setdefault(entry.body, entry.headers["idempotency-key"]) == entry.headers["idempotency-key"]
    assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("bad", [0.0, 0.02])
def test_the_events_of_each_user_have_their_effects_in_order(
    two_doors: Door, tmp_path: Path, seed: int, bad: float
) -> None:
    emulator = make_emulator()
    emulator.faults.random(seed, WEATHER)
    rows = [event(number, **BAD if bad and number % 50 == 13 else {}) for number in range(1_000)]
    two_doors.import_all(emulator, rows, dead_letter=tmp_path / "dead.jsonl")
    found = order_of_users(emulator)
    assert len(found) == USERS
    assert all(numbers == sorted(numbers) for numbers in found.values())


def test_a_total_order_is_that_of_the_source(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.random(5, WEATHER)
    door.import_all(emulator, events(1_000), order="total")
    assert [applied.event_id for applied in emulator.effects()] == [f"e{number}" for number in range(1_000)]


def test_what_a_crash_at_any_moment_leaves_behind_is_enough_to_go_on(
    two_doors: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy_keeper: None
) -> None:
    """A copy of the files after each write is what a crash at that moment would leave."""
    source = write(tmp_path / "a.jsonl", [event(n, **BAD if n % 40 == 13 else {}) for n in range(1_200)])
    dead, copies = tmp_path / "dead.jsonl", count()
    save = Checkpoint.save

    def copying(self: Checkpoint, state: Any) -> None:
        save(self, state)
        folder = tmp_path / f"crash{next(copies)}"
        folder.mkdir()
        for path in tmp_path.glob("c.db*"):
            shutil.copy(path, folder)
        written = dead.read_bytes() if dead.exists() else b""
        (folder / "dead.jsonl").write_bytes(written + b'{"torn')

    monkeypatch.setattr(Checkpoint, "save", copying)
    two_doors.import_all(make_emulator(), source, checkpoint=tmp_path / "c.db", dead_letter=dead)
    monkeypatch.setattr(Checkpoint, "save", save)
    folders = sorted(tmp_path.glob("crash*"), key=lambda folder: int(folder.name[5:]))
    folders.pop()  # the last one has ended
    assert len(folders) >= 2
    for folder in folders[:: max(len(folders) // 3, 1)]:
        emulator = make_emulator()
        before = Checkpoint(folder / "c.db")
        state = before.load()
        before.close()
        report = two_doors.import_all(emulator, source, checkpoint=folder / "c.db", dead_letter=folder / "dead.jsonl")
        assert report.read == report.accepted + report.rejected == 1_200
        positions = [line["position"] for line in letters(folder / "dead.jsonl")]
        assert sorted(positions) == [n for n in range(1_200) if n % 40 == 13]
        assert state is not None
        assert len(emulator.effects()) == 1_170 - state.counts["accepted"]


# --- G4: memory ---------------------------------------------------------------------------------------------


def read_before_the_first_answer(door: Door, count: int, **changes: Any) -> int:
    """How many events are read, of so many, while the server fails until it is given up."""
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(503)] * 1_000)
    read = 0

    def source() -> Iterator[dict[str, Any]]:
        nonlocal read
        for number in range(count):
            read = number + 1
            yield event(number, **changes)

    assert door.import_all(emulator, source()).stopped is StopReason.NO_PROGRESS
    return read


def test_reading_does_not_run_ahead_of_what_is_dealt_with(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_AHEAD", 500)
    assert read_before_the_first_answer(door, 3_000) <= 500 + 2 * 100


def test_large_events_do_not_pile_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_WAITING_BYTES", 2_000_000)
    assert read_before_the_first_answer(door, 1_500, properties={"x": "x" * 50_000}) <= 40 + 100 + 32 * 20


@pytest.mark.usefixtures("busy_keeper")
def test_rejected_events_do_not_pile_up_before_a_slow_disk(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[int] = []
    write_down = keeping.Keeper._write

    def slowly(self: keeping.Keeper, state: Any, lines: list[bytes]) -> None:
        waiting.append(self.waiting)
        time.sleep(0.01)
        write_down(self, state, lines)

    monkeypatch.setattr(keeping.Keeper, "_write", slowly)
    monkeypatch.setattr(importer, "_WAITING_BYTES", 100_000)
    bad = (event(number, colour="x" * 500) for number in range(1, 6_000))
    door.import_all(FakeServer(), chain([event(0)], bad), dead_letter=tmp_path / "d.jsonl")
    assert max(waiting) < 300_000
    assert len(letters(tmp_path / "d.jsonl")) == 5_999


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_kept_of_what_was_read_does_not_grow(
    async_door: Door, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    kept: list[int] = []
    monkeypatch.setattr(importer, "_AHEAD", 200)
    tell = importer.Importer._tell

    def telling(self: importer.Importer) -> None:
        kept.append(len(self._slices) + len(self._keeper._lines) + self._schedule.waiting + len(self._done.above))
        tell(self)

    async def source() -> Any:
        for number in range(2_000):
            yield event(number)

    monkeypatch.setattr(importer.Importer, "_tell", telling)
    monkeypatch.setattr(keeping, "_SAVING", 0.0)
    async_door.import_all(FakeServer(), source(), dry_run=dry_run)
    assert max(kept) < 1_000


# --- G5: the limits -------------------------------------------------------------------------------------------


def most(times: list[float], window: float) -> int:
    return max(sum(start <= time < start + window for time in times) for start in times)


def request_times(emulator: Any) -> list[float]:
    counts = Counter(applied.applied_at for applied in emulator.effects())
    return [time for time, number in counts.items() for _ in range(-(-number // 100))]


@pytest.mark.parametrize("share", [1.0])
def test_no_minute_holds_more_than_the_share(two_doors: Door, share: float) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance(120)
    # One at a time: on a virtual clock those who sleep wake up late, together.
    report = two_doors.import_all(emulator, events(3_000), share=share, order="none", concurrency=1)
    assert report.rate_limited == 0
    assert report.accepted == 3_000
    assert most(request_times(emulator), 60) <= 100 * share


def test_the_share_of_a_minute_is_used(two_doors: Door) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance(120)
    # One at a time: on a virtual clock, whoever sleeps beside another is woken late, and gives up its turn.
    report = two_doors.import_all(emulator, events(2_000), order="none", concurrency=1)
    assert report.elapsed <= (report.requests - 1) * 60 / 47 + 1


def test_no_day_holds_more_than_the_share(two_doors: Door) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance("2d")
    options: dict[str, Any] = {"share": 0.002, "order": "none", "on_day_limit": "wait", "concurrency": 1}
    report = two_doors.import_all(emulator, events(2_500), **options)
    assert (report.rate_limited, report.accepted) == (0, 2_500)
    assert most(request_times(emulator), 86_400) == 10


async def test_those_who_wake_up_late_together_do_not_send_together() -> None:
    """As when the machine has slept, or the loop was busy."""
    now, bell = 0.0, anyio.Event()
    times: list[float] = []

    async def post(body: bytes, key: str, timeout: float) -> Response:
        times.append(now)
        results = b'{"results":[' + b",".join([b"{}"] * 100) + b"]}"
        request = Request(route=routes.EVENTS_SEND_BATCH, url="", headers={})
        return Response(request=request, status=201, headers={"x-ratelimit-limit": "100"}, body=results)

    async def sleep(seconds: float) -> None:
        until = now + seconds
        while now < until:
            await bell.wait()

    async def wake_all_late() -> None:
        nonlocal now, bell
        while True:
            await anyio.wait_all_tasks_blocked()
            now += 10
            bell.set()
            bell = anyio.Event()

    settings = Settings(share=1, order="none", concurrency=8)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wake_all_late)
        await importer.Importer(RawDoor(post, sleep, lambda: now), events(2_000), settings).run()
        tasks.cancel_scope.cancel()
    assert len(times) == 20
    assert max(Counter(times).values()) <= 2  # the first that is late, and the first that books anew


class BehindOthers:
    """A limiter whose next turn is so many seconds away, and then none."""

    def __init__(self, wait: float) -> None:
        self._waits = [wait]

    def reserve(self, patience: float) -> float:
        return self._waits.pop() if self._waits else 0.0

    def learn(self, budget: Any) -> None: ...
    def pause(self, seconds: float) -> None: ...


class Noted(BehindOthers):
    """A limiter whose turns are free, and that notes its pauses."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_a_429_pauses_everybody_who_shares_the_limiter(two_doors: Door) -> None:
    emulator, limiter = make_emulator(), Noted()
    emulator.faults.script("events.send_batch", [Fault.status(429, retry_after=33)])
    two_doors.import_all(emulator, events(100), limiter=limiter)
    assert limiter.pauses == [33]


@pytest.mark.parametrize(
    ("per_minute", "wait", "stopped"),
    [(1, 31 * 120, None), (1, 33 * 120, "day_limit"), (1_000, 899, None), (1_000, 901, "day_limit")],
)
def test_a_long_line_of_workers_is_not_taken_for_the_end_of_the_day(
    two_doors: Door, per_minute: int, wait: float, stopped: str | None
) -> None:
    options: dict[str, Any] = {"requests_per_minute": per_minute, "share": 1, "limiter": BehindOthers(wait)}
    assert two_doors.import_all(make_emulator(), events(1), **options).stopped == stopped


def test_the_day_is_remembered_by_the_checkpoint(two_doors: Door, tmp_path: Path) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance("2d")
    source = write(tmp_path / "a.jsonl", events(2_500))
    options: dict[str, Any] = {"checkpoint": tmp_path / "c.db", "share": 0.002, "order": "none", "concurrency": 1}
    first = two_doors.import_all(emulator, source, **options)
    assert (first.stopped, first.accepted) == (StopReason.DAY_LIMIT, 1_000)
    second = two_doors.import_all(emulator, source, **options)
    assert (second.stopped, second.accepted, second.requests) == (StopReason.DAY_LIMIT, 1_000, 10)


def test_the_day_is_not_exceeded_by_going_on_again_and_again_either(two_doors: Door, tmp_path: Path) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance("2d")
    source = write(tmp_path / "a.jsonl", events(2_500))
    options: dict[str, Any] = {"checkpoint": tmp_path / "c.db", "share": 0.002, "order": "none", "concurrency": 1}
    reports = [two_doors.import_all(emulator, source, requests_per_minute=100, **options) for _ in range(4)]
    assert [(report.stopped, report.requests) for report in reports] == [(StopReason.DAY_LIMIT, 10)] * 4


@pytest.mark.parametrize("source", ["iterable", "iterator"])
def test_a_checkpoint_of_rows_is_refused_for_others(two_doors: Door, tmp_path: Path, source: str) -> None:
    emulator = make_emulator()
    checkpoint = tmp_path / "c.db"
    assert two_doors.import_all(emulator, events(300), checkpoint=checkpoint).accepted == 300
    again = two_doors.import_all(
        emulator, events(300) if source == "iterable" else iter(events(300)), checkpoint=checkpoint
    )
    assert (again.read, again.accepted) == (300, 300)
    others = [event | {"event_id": f"tomorrow_{event['event_id']}"} for event in events(300)]
    with pytest.raises(ValueError, match="or has changed"):
        two_doors.import_all(emulator, others if source == "iterable" else iter(others), checkpoint=checkpoint)


@pytest.mark.parametrize("source", ["iterable", "iterator"])
def test_rows_that_end_before_what_was_dealt_with_are_others(two_doors: Door, tmp_path: Path, source: str) -> None:
    checkpoint = tmp_path / "c.db"
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [None, None, Fault.status(401)])
    first = two_doors.import_all(emulator, events(500), checkpoint=checkpoint, concurrency=1, order="none")
    assert (first.stopped, first.accepted) == (StopReason.REFUSED, 200)
    options: dict[str, Any] = {"checkpoint": checkpoint, "order": "none"}
    for rows in (100, 150):
        others = events(rows) if source == "iterable" else iter(events(rows))
        with pytest.raises(ValueError, match=f"ended after {rows} rows, and 200 were dealt with before"):
            two_doors.import_all(emulator, others, **options)
    assert two_doors.import_all(emulator, events(500), **options).accepted == 500


def piped(monkeypatch: pytest.MonkeyPatch, rows: list[Any]) -> str:
    """Have these rows come by standard input."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return "-"


def test_a_checkpoint_of_standard_input_is_refused_for_another(
    two_doors: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [None, None, Fault.status(401)])
    options: dict[str, Any] = {"checkpoint": tmp_path / "c.db", "dead_letter": tmp_path / "d.jsonl", "concurrency": 1}
    assert two_doors.import_all(emulator, piped(monkeypatch, events(500)), **options).accepted == 200
    with pytest.raises(ValueError, match="or has changed"):
        two_doors.import_all(emulator, piped(monkeypatch, events(500, 1_000)), **options)
    report = two_doors.import_all(emulator, piped(monkeypatch, events(500)), **options)
    assert (report.stopped, report.accepted, len(emulator.effects())) == (None, 500, 500)


@pytest.mark.parametrize("change", [lambda data: data[:1_000], lambda data: data + data], ids=["shorter", "longer"])
def test_a_file_that_changes_while_it_is_read_is_told(
    two_doors: Door, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    source = write(tmp_path / "a.jsonl", events(5_000))
    whole, server = source.read_bytes(), FakeServer()

    def changing(row: dict[str, Any]) -> dict[str, Any]:
        if row["event_id"] == "e5":
            source.write_bytes(change(whole))
        return row

    with pytest.raises(ValueError, match="has changed while it was read"):
        two_doors.import_all(server, source, map=changing, checkpoint=tmp_path / "c.db")
    assert server.accepted


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"dead_letter": "a.jsonl"}, "cannot be dead_letter=: it is what the events are read from"),
        ({"dead_letter": "linked.jsonl"}, "it is what the events are read from"),
        ({"checkpoint": "a.jsonl"}, "cannot be checkpoint=: it is what the events are read from"),
        ({"checkpoint": "both", "dead_letter": "./both"}, "cannot be dead_letter=: it is checkpoint="),
        ({"checkpoint": "a.jsonl.rejected.jsonl"}, "cannot be dead_letter=: it is checkpoint="),
    ],
)
def test_one_file_is_not_taken_for_two_things(
    two_doors: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], match: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("a.jsonl"), events(10))
    Path("linked.jsonl").hardlink_to("a.jsonl")
    server = FakeServer()
    with pytest.raises(ValueError, match=match):
        two_doors.import_all(server, "a.jsonl", **files)
    assert not server.requests
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "linked.jsonl"]


def test_rejected_events_of_one_import_stay_in_one_file(two_doors: Door, tmp_path: Path) -> None:
    server = FakeServer(lambda one: one["event_id"] == "e3")
    options: dict[str, Any] = {"checkpoint": tmp_path / "c.db"}
    two_doors.import_all(server, events(20), dead_letter=tmp_path / "a.jsonl", **options)
    (tmp_path / "b.jsonl").write_text("of another import\n")
    with pytest.raises(ValueError, match=r"in a file a\.jsonl"):
        two_doors.import_all(server, events(20), dead_letter=tmp_path / "b.jsonl", **options)
    assert (tmp_path / "b.jsonl").read_text() == "of another import\n"


def test_an_import_that_rejects_nothing_leaves_no_dead_letter_file(two_doors: Door, tmp_path: Path) -> None:
    two_doors.import_all(FakeServer(lambda _: False), events(20), dead_letter=tmp_path / "dead.jsonl")
    assert not (tmp_path / "dead.jsonl").exists()


# --- G6: rejected batches -------------------------------------------------------------------------------------


@pytest.mark.parametrize("naming", [True, False])
@pytest.mark.parametrize("bad", [{0}, {7, 8, 50, 99}, {3, 150}, set(range(20))])
def test_exactly_the_bad_events_are_rejected(two_doors: Door, tmp_path: Path, naming: bool, bad: set[int]) -> None:
    server = FakeServer(lambda one: one["properties"]["number"] in bad, naming=naming)
    report = two_doors.import_all(server, events(200), dead_letter=tmp_path / "dead.jsonl")
    assert {line["position"] for line in letters(tmp_path / "dead.jsonl")} == bad
    assert Counter(one["event_id"] for one in server.accepted) == Counter(f"e{n}" for n in set(range(200)) - bad)
    assert (report.accepted, report.rejected, report.read) == (200 - len(bad), len(bad), 200)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_every_refusal_of_what_a_batch_holds_is_searched(async_door: Door, tmp_path: Path, status: int) -> None:
    server = FakeServer(lambda one: one["event_id"] == "e3", status=status)
    report = async_door.import_all(server, events(20), dead_letter=tmp_path / "dead.jsonl")
    assert (report.accepted, report.rejected) == (19, 1)


def test_named_events_cost_one_more_request(door: Door, tmp_path: Path) -> None:
    server = FakeServer(lambda one: one["properties"]["number"] % 10 == 3, naming=True)
    report = door.import_all(server, events(300), dead_letter=tmp_path / "dead.jsonl", order="none")
    assert report.requests == 6


def test_a_kind_of_event_is_refused_once(door: Door, tmp_path: Path) -> None:
    server = FakeServer(lambda one: one["type"] == "no_such_type", code="event_type_not_registered")
    rows = [event(n, **BAD if n % 3 == 0 else {}) for n in range(1_000)]
    report = door.import_all(server, rows, dead_letter=tmp_path / "dead.jsonl", concurrency=1, order="none")
    assert report.rejected == 334
    assert report.requests <= 10 + 4


def test_many_kinds_cost_a_request_each(two_doors: Door, tmp_path: Path) -> None:
    server = FakeServer(lambda one: one["type"].startswith("no_"), code="event_type_not_registered")
    rows = [event(n, type=f"{'no_' if n % 2 else ''}type_{n % 20}") for n in range(1_000)]
    report = two_doors.import_all(server, rows, dead_letter=tmp_path / "dead.jsonl", concurrency=1, order="none")
    assert (report.accepted, report.rejected) == (500, 500)
    assert report.requests <= 10 + 2 * 20 + 2


def test_a_rejected_event_is_kept_as_it_was_sent_with_the_reason_of_its_answer(door: Door, tmp_path: Path) -> None:
    server = FakeServer(lambda one: one["event_id"] == "e1")
    door.import_all(server, events(3), dead_letter=tmp_path / "dead.jsonl")
    (line,) = letters(tmp_path / "dead.jsonl")
    alone = [n for n, request in enumerate(server.requests, 1) if len(json.loads(request.content)["events"]) == 1]
    assert line["event"] == event(1)
    assert (line["code"], line["message"], line["position"]) == ("validation_failed", "refused", 1)
    assert line["request_id"] in {f"req_{number}" for number in alone}


def test_rejected_events_can_be_sent_again_when_their_reason_is_gone(door: Door, tmp_path: Path) -> None:
    from hatched.imports import dead_letters

    server = FakeServer(lambda one: one["properties"]["number"] % 10 == 3)
    door.import_all(server, events(100), dead_letter=tmp_path / "dead.jsonl")
    server.bad = lambda one: False
    door.import_all(server, dead_letters.events(tmp_path / "dead.jsonl"))
    assert Counter(one["event_id"] for one in server.accepted) == Counter(f"e{n}" for n in range(100))


# --- G7: every stop can be resumed ------------------------------------------------------------------------------


STOPS: dict[StopReason, tuple[list[Fault | None], dict[str, Any]]] = {
    StopReason.QUOTA: ([None, None, Fault.status(402)], {}),
    StopReason.DAY_LIMIT: ([None, None, Fault.status(429, retry_after=40_000)], {}),
    StopReason.REFUSED: ([None, None, Fault.status(401)], {}),
    StopReason.NO_PROGRESS: ([None, None] + [Fault.status(503)] * 100, {"give_up_after": 60}),
}


@pytest.mark.parametrize("reason", STOPS)
def test_every_stop_can_be_resumed(door: Door, tmp_path: Path, reason: StopReason) -> None:
    faults, options = STOPS[reason]
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", faults)
    source = write(tmp_path / "a.jsonl", events(1_000))
    first = door.import_all(emulator, source, checkpoint=tmp_path / "c.db", **options)
    assert first.stopped is reason
    assert first.watermark < 1_000
    assert first.resume is not None
    assert "c.db" in first.resume
    emulator.faults.clear()
    emulator.clock.advance("2d")
    second = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert (second.stopped, second.accepted, second.read, second.watermark) == (None, 1_000, 1_000, 1_000)
    assert set(ids(emulator).values()) == {1}


@pytest.mark.parametrize("status", [402, 403, 301])
def test_what_is_acknowledged_is_not_sent_again(two_doors: Door, tmp_path: Path, status: int) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [None, None, Fault.status(status)])
    source = write(tmp_path / "a.jsonl", events(1_000))
    two_doors.import_all(emulator, source, checkpoint=tmp_path / "c.db", concurrency=1)
    two_doors.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    repeated = Counter(event_id for body in sent(emulator) for event_id, _ in bytes_of_events(body))
    assert sum(repeated.values()) <= 1_000 + 100


def test_endless_429s_are_no_progress(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(429, retry_after=10)] * 500)
    report = door.import_all(emulator, events(100), give_up_after=100)
    assert report.stopped is StopReason.NO_PROGRESS
    assert report.requests <= 12


def test_429s_that_ask_for_no_wait_are_waited_for_all_the_same(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(429, retry_after=0)] * 500)
    report = door.import_all(emulator, events(100), give_up_after=100)
    assert report.stopped is StopReason.NO_PROGRESS
    assert report.requests <= 200


def test_a_503_that_asks_for_a_week_does_not_outlast_the_patience(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(503, retry_after=7 * 86_400)] * 100)
    report = door.import_all(emulator, events(100), give_up_after=100)
    assert report.stopped is StopReason.NO_PROGRESS
    assert report.elapsed <= 101


def test_a_429_is_waited_for_as_long_as_it_asks(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(429, retry_after=33)])
    report = door.import_all(emulator, events(100))
    assert (report.rate_limited, report.retries, report.accepted) == (1, 1, 100)
    assert 33 <= report.elapsed <= 40


def test_an_outage_that_ends_in_time_is_waited_for(door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(503)] * 8 + [Fault.drop()] * 8)
    report = door.import_all(emulator, events(100))
    assert (report.stopped, report.accepted, report.retries) == (None, 100, 16)


def test_every_progress_renews_the_patience(async_door: Door) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [Fault.status(503, retry_after=60), None] * 3)
    report = async_door.import_all(emulator, events(300), give_up_after=100, concurrency=1, order="none")
    assert (report.stopped, report.accepted) == (None, 300)


def test_an_answer_of_another_shape_is_no_acknowledgement(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    from hatched.imports import sending

    monkeypatch.setattr(sending, "_BASE", 0.0)

    def nonsense(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"results": [{}]}, headers={"X-RateLimit-Limit": "50000"})

    report = door.import_all(nonsense, events(2))
    assert (report.stopped, report.accepted, report.requests) == (StopReason.REFUSED, 0, 5)


def test_a_checkpoint_that_cannot_be_written_stops_the_import_and_it_goes_on_later(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy_keeper: None
) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", events(2_000))
    save, calls = Checkpoint.save, count()

    def failing(self: Checkpoint, state: Any) -> None:
        if next(calls) > 0:
            raise OSError(28, "No space left on device")
        save(self, state)

    monkeypatch.setattr(Checkpoint, "save", failing)
    first = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert first.stopped is StopReason.STORAGE
    monkeypatch.setattr(Checkpoint, "save", save)
    second = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert (second.stopped, second.accepted, len(emulator.effects())) == (None, 2_000, 2_000)


def test_an_import_that_has_ended_is_not_repeated(door: Door, tmp_path: Path) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", events(300))
    first = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    emulator.journal.clear()
    second = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert not emulator.journal
    assert (second.accepted, second.read, second.watermark) == (first.accepted, first.read, first.watermark)


def test_a_mistake_of_the_source_is_raised_when_what_was_read_is_sent_and_can_be_resumed(
    door: Door, tmp_path: Path
) -> None:
    emulator = make_emulator()

    def failing() -> Iterator[Any]:
        yield from events(400)
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        door.import_all(emulator, failing(), checkpoint=tmp_path / "c.db")
    report = door.import_all(emulator, events(700), checkpoint=tmp_path / "c.db")
    assert (report.accepted, len(emulator.effects())) == (700, 700)


# --- G8: surprises ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({name: value for name, value in event(5).items() if name != "event_id"}, "missing_event_id"),
        ({name: value for name, value in event(5).items() if name != "occurred_at"}, "missing_occurred_at"),
        ({**event(5), "colour": "red"}, "bad_row"),
        ({("a", 1): 2}, "bad_row"),
    ],
)
def test_a_row_that_says_too_little_is_rejected_and_not_sent(
    two_doors: Door, tmp_path: Path, row: Any, code: str
) -> None:
    server = FakeServer()
    two_doors.import_all(server, [*events(5), row, *events(10, 6)], dead_letter=tmp_path / "dead.jsonl")
    assert [(line["position"], line["code"]) for line in letters(tmp_path / "dead.jsonl")] == [(5, code)]
    assert len(server.accepted) == 9


def test_a_row_of_csv_that_is_no_utf_8_costs_the_others_nothing(two_doors: Door, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    lines = [f"e{number},user_1,lesson_completed,2026-01-01T10:00:00Z" for number in range(300)]
    lines[150] = lines[150].replace("user_1", "us\xe9r")
    source.write_bytes("\n".join(["event_id,user_id,type,occurred_at", *lines]).encode("latin-1"))
    server = FakeServer()
    report = two_doors.import_all(server, source)
    assert (report.accepted, report.rejected, len(server.accepted)) == (299, 1, 299)
    assert [line["position"] for line in letters(tmp_path / "a.csv.rejected.jsonl")] == [150]


def test_without_a_file_for_rejected_events_the_first_one_stops_the_import(door: Door) -> None:
    rows = [*events(500), {**event(500), "colour": "red"}, *events(1_000, 501)]
    report = door.import_all(FakeServer(), rows)
    assert report.stopped is StopReason.REJECTED
    assert report.error is not None
    assert "position 500" in report.error
    assert report.watermark <= 500


def test_a_first_row_that_is_no_event_is_an_error_and_nothing_is_sent(door: Door, tmp_path: Path) -> None:
    server = FakeServer()
    with pytest.raises(ValueError, match="the first row is no event"):
        door.import_all(server, [{"id": 1}, *events(500, 1)])
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n' + json.dumps(event(1)))
    with pytest.raises(ValueError, match="the first row is no event"):
        door.import_all(server, path, dead_letter=tmp_path / "dead.jsonl")
    assert server.requests == []


def test_a_first_row_that_is_no_event_costs_the_others_of_an_iterable_nothing_if_there_is_a_file_for_it(
    door: Door, tmp_path: Path
) -> None:
    dead = tmp_path / "dead.jsonl"
    report = door.import_all(make_emulator(), [{"id": 1}, *events(500, 1)], dead_letter=dead)
    assert (report.stopped, report.accepted, report.rejected) == (None, 499, 1)
    assert json.loads(dead.read_text())["position"] == 0


def test_too_many_events_that_meet_no_buddy_stop_the_import(door: Door) -> None:
    emulator = make_emulator(buddies=False)
    report = door.import_all(emulator, events(5_000), concurrency=1)
    assert report.stopped is StopReason.INERT
    assert 100 < report.inert <= 300


def test_a_few_events_that_meet_no_buddy_are_counted(door: Door) -> None:
    emulator = make_emulator()
    report = door.import_all(emulator, [event(n, **{"user_id": "nobody"} if n % 10 == 0 else {}) for n in range(1_000)])
    assert (report.stopped, report.inert, report.accepted) == (None, 100, 1_000)


def test_the_threshold_may_be_lifted(door: Door) -> None:
    report = door.import_all(make_emulator(buddies=False), events(1_000), inert_threshold=1)
    assert (report.stopped, report.inert) == (None, 1_000)


@pytest.mark.parametrize(
    ("change", "options", "match"),
    [
        (lambda path: write(path, events(999)), {}, "has changed"),
        (lambda path: write(path, [event(0, user_id="x"), *events(1_000, 1)]), {}, "has changed"),
        (lambda path: None, {"event_id": "content"}, "other settings"),
        (lambda path: None, {"map": dict}, "other settings"),
    ],
    ids=["size", "bytes", "event_id", "map"],
)
def test_a_checkpoint_of_something_else_is_refused_and_nothing_is_sent(
    two_doors: Door, tmp_path: Path, change: Callable[[Path], Any], options: dict[str, Any], match: str
) -> None:
    emulator = make_emulator()
    emulator.faults.script("events.send_batch", [None, Fault.status(401)])
    source = write(tmp_path / "a.jsonl", events(1_000))
    two_doors.import_all(emulator, source, checkpoint=tmp_path / "c.db", concurrency=1)
    emulator.journal.clear()
    change(source)
    with pytest.raises(ValueError, match=match):
        two_doors.import_all(emulator, source, checkpoint=tmp_path / "c.db", **options)
    assert not emulator.journal


@pytest.mark.parametrize("source", [3, None, b"a.jsonl", {"event_id": "e"}, "a.txt"])
def test_what_is_no_source_is_refused_and_leaves_no_files(
    two_doors: Door, tmp_path: Path, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises((TypeError, ValueError)):
        two_doors.import_all(FakeServer(), source, dead_letter="dead.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_source_that_is_missing_is_told_and_leaves_no_files(door: Door, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        door.import_all(FakeServer(), tmp_path / "a.jsonl", checkpoint=tmp_path / "c.db")
    assert list(tmp_path.iterdir()) == []


# --- G9: a dry run ------------------------------------------------------------------------------------------------


def test_a_dry_run_sends_nothing_and_writes_nothing(door: Door, tmp_path: Path) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", [*events(300), "{", "", *events(500, 300)])
    report = door.import_all(emulator, source, dry_run=True, checkpoint=tmp_path / "c.db", dead_letter=tmp_path / "d")
    assert not emulator.journal
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert (report.read, report.accepted, report.rejected, report.skipped) == (502, 0, 1, 1)
    assert report.dry_run


def test_a_plan_sends_nothing_and_writes_nothing(door: Door, tmp_path: Path) -> None:
    emulator = make_emulator()
    door.plan(emulator, write(tmp_path / "a.jsonl", events(300)))
    assert not emulator.journal
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


# --- waiting for batches to fill ------------------------------------------------------------------------------------


def test_a_source_that_waits_for_its_own_events_is_not_waited_for(
    async_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "_LINGER", 0.01)
    server = FakeServer()

    async def source() -> Any:
        for number in range(5):
            yield event(number)
            with anyio.fail_after(60):
                while len(server.accepted) <= number:  # noqa: ASYNC110  the server is no task
                    await anyio.sleep(0.001)

    assert async_door.import_all(server, source()).accepted == 5


@pytest.mark.parametrize("concurrency", [1, 32])
def test_events_that_trickle_in_are_sent_as_often_as_patience_ends_however_many_workers_wait(
    async_door: Door, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(importer, "_LINGER", 0.1)

    async def source() -> Any:
        for number in range(200):
            yield event(number)
            await anyio.sleep(0.002)

    start = time.monotonic()
    report = async_door.import_all(FakeServer(), source(), order="none", concurrency=concurrency)
    assert report.accepted == 200
    assert report.requests <= (time.monotonic() - start) / 0.1 + 3


@pytest.mark.parametrize("linger", [0.0, 1e-6])
def test_a_wait_that_ends_while_events_come_does_no_harm(
    async_door: Door, monkeypatch: pytest.MonkeyPatch, linger: float
) -> None:
    import anyio.lowlevel

    monkeypatch.setattr(importer, "_LINGER", linger)

    async def source() -> Any:
        for number in range(150):
            yield event(number)
            await anyio.lowlevel.checkpoint()

    report = async_door.import_all(FakeServer(), source(), order="none", concurrency=32)
    assert (report.accepted, report.stopped) == (150, None)


# --- progress -----------------------------------------------------------------------------------------------------


def test_progress_only_grows_and_ends_with_the_report(door: Door, tmp_path: Path) -> None:
    told: list[Any] = []
    source = write(tmp_path / "a.jsonl", events(1_000))
    report = door.import_all(FakeServer(), source, on_progress=told.append)
    for name in ("read", "accepted", "requests", "watermark", "fraction"):
        values = [getattr(one, name) for one in told]
        assert values == sorted(values)
    assert (told[-1].accepted, told[-1].watermark, told[-1].fraction) == (1_000, 1_000, 1.0)
    assert (report.accepted, report.fraction) == (1_000, 1.0)


def test_the_fraction_is_of_what_is_dealt_with_and_not_of_what_is_read(async_door: Door, tmp_path: Path) -> None:
    told: list[Any] = []
    source = write(tmp_path / "a.jsonl", events(5_000))
    async_door.import_all(FakeServer(), source, on_progress=told.append, concurrency=1, order="none")
    assert len({one.accepted for one in told}) == 51
    assert [one.fraction or 0.0 for one in told] == [pytest.approx(one.accepted / 5_000, abs=0.01) for one in told]


def test_what_progress_raises_ends_the_import_resumably(door: Door, tmp_path: Path) -> None:
    emulator = make_emulator()
    source = write(tmp_path / "a.jsonl", events(1_000))

    def angry(report: Any) -> None:
        if report.accepted >= 300 and not report.stopped:
            raise ZeroDivisionError("progress")

    with pytest.raises(ZeroDivisionError, match="progress"):
        door.import_all(emulator, source, checkpoint=tmp_path / "c.db", on_progress=angry)
    report = door.import_all(emulator, source, checkpoint=tmp_path / "c.db")
    assert (report.accepted, len(emulator.effects())) == (1_000, 1_000)
