"""Imports in bad weather, killed, cancelled, without disk: nothing is lost, nothing doubled, and the order is kept.

By default a seeded share runs; `HATCHED_CHAOS=full` runs all of it, in some minutes.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest

import hatched
from hatched.emulator import Emulator, Fault
from hatched.emulator.plans import PLANS
from hatched.imports import ImportReport, StopReason, blocking, keeping, stopping
from hatched.imports.checkpoint import Checkpoint, peek
from hatched.imports.dead_letters import DeadLetters
from tests.chaos.importing import (
    FULL,
    Colour,
    Watch,
    check_effects,
    check_letters,
    make_emulator,
    make_rows,
    refused_by_limit,
    some,
    spoil,
    weather,
    write_rows,
)

pytestmark = pytest.mark.chaos

# --- weather ------------------------------------------------------------------------------------------

SWITCHES: list[dict[str, Any]] = [
    {"batch_transaction": transaction, "field_errors": shape, "event_body": body}
    for transaction, shape, body in product(("batch", "event"), ("objects", "messages"), ("nested", "flat"))
]
COLOURS: tuple[Colour, ...] = ("asyncio", "sync", "trio") if FULL else ("asyncio", "sync")
ORDERS = ("user", "total", "none")
MATRIX = list(product((0.0, 0.05, 0.25, 0.5), ORDERS, (False, True), COLOURS, range(6 if FULL else 1)))
EVENTS = 1_500 if FULL else 300


@pytest.mark.parametrize(("chance", "order", "heavy", "colour", "seed"), MATRIX)
def test_every_event_is_applied_once_and_in_order_in_any_weather(
    chance: float, order: str, heavy: bool, colour: Colour, seed: int
) -> None:
    place = MATRIX.index((chance, order, heavy, colour, seed))  # type: ignore[arg-type]
    rows = make_rows(EVENTS, seed=place, heavy=heavy)
    with make_emulator(**SWITCHES[place % len(SWITCHES)]) as emulator:
        emulator.faults.random(place, weather(chance))
        report = Watch(emulator).run(colour, rows, order=order)
        assert (report.stopped, report.accepted, report.read, report.watermark) == (None, EVENTS, EVENTS, EVENTS)
        check_effects(emulator, rows, order=order)
        assert refused_by_limit(emulator) == 0


@pytest.mark.parametrize("chance", [0.05, 0.25, 0.5] if FULL else [0.25])
def test_bad_weather_costs_hardly_more_requests_than_it_must(chance: float) -> None:
    count = 60_000 if FULL else 3_000
    rows = make_rows(count, seed=3)
    with make_emulator(buddies=False) as emulator:
        emulator.faults.random(3, weather(chance))
        report = Watch(emulator).run("asyncio", rows, inert_threshold=1.0)
        assert report.accepted == count
        # Loosely: of so few requests, more than their share may fail.
        assert report.requests <= (1.15 if FULL else 1.4) / (1 - chance) * count / 100


# --- poison -------------------------------------------------------------------------------------------

KINDS = ("one type", "many types", "audience", "content", "all")
SHAPES = ("objects", "messages", "silent")


@pytest.mark.parametrize(
    ("kind", "shape", "order", "colour"),
    list(product(KINDS, SHAPES, ("user", "total"), COLOURS))
    if FULL
    else [
        ("one type", "objects", "user", "asyncio"),
        ("many types", "silent", "total", "asyncio"),
        ("many types", "objects", "user", "sync"),
        ("audience", "messages", "total", "asyncio"),
        ("content", "objects", "user", "asyncio"),
        ("content", "messages", "user", "sync"),
        ("content", "silent", "total", "asyncio"),
        ("all", "silent", "user", "asyncio"),
    ],
)
def test_bad_events_cost_their_neighbours_nothing(
    tmp_path: Path, kind: str, shape: str, order: str, colour: Colour
) -> None:
    rows = make_rows(2_000 if FULL else 600, seed=5)
    bad = spoil(rows, kind, Random(kind), 50 if FULL else 15)
    source = write_rows(tmp_path / "events.jsonl", rows)
    switches = {} if shape == "silent" else {"field_errors": shape}
    with make_emulator(**switches) as emulator:
        emulator.faults.random(5, weather(0.1))
        watch = Watch(emulator, silent=shape == "silent")
        report = watch.run(colour, source, order=order, checkpoint=tmp_path / "c.db")
        assert (report.stopped, report.accepted, report.rejected) == (None, len(rows) - len(bad), len(bad))
        check_effects(emulator, rows, bad, order=order)
        check_letters(tmp_path / "events.jsonl.rejected.jsonl", rows, bad)


# --- kill -9 ------------------------------------------------------------------------------------------

Ask = Callable[[dict[str, Any]], dict[str, Any]]
KILLS = [
    ("Importer._open", "after"),
    ("Checkpoint.save", "before"),
    ("Checkpoint.save", "after"),
    ("DeadLetters.append", "before"),
    ("DeadLetters.append", "within"),
    ("DeadLetters.append", "after"),
    ("DeadLetters._write", "before"),
    ("DeadLetters._write", "after"),
    ("Sender._attempt", "before"),
    ("Sender._attempt", "after"),
    ("Importer._finish", "before"),
    ("Importer._finish", "after"),
]


@pytest.fixture(scope="module")
def killer() -> Iterator[Ask]:
    """Runs an import in a process of its own, which may be killed, and answers what became of it."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        reading, writing = process.stdout, process.stdin

        def ask(job: dict[str, Any]) -> dict[str, Any]:
            print(json.dumps(job), file=writing)
            answer: dict[str, Any] = json.loads(reading.readline())
            return answer

        yield ask
        writing.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Emulator, str]]:
    with make_emulator(buddies=False) as emulator, emulator.serve() as server:
        yield emulator, server.base_url


class Doomed:
    """An import from a file to a server, with bad events, that is started and killed again until it is done."""

    def __init__(
        self,
        served: tuple[Emulator, str],
        killer: Ask,
        folder: Path,
        *,
        count: int,
        colour: Colour,
        order: str = "user",
        heavy: bool = False,
        width: int = 0,
    ) -> None:
        self.emulator, url = served
        self.emulator.reset()
        self.killer = killer
        self.order = order
        self.rows = make_rows(count, seed=9, heavy=heavy)
        for row in self.rows:
            row["properties"]["text"] = "x" * width
        self.bad = [*spoil(self.rows, "all", Random(9), 4)]
        self.letters = folder / "rejected.jsonl"
        self.job = {
            "source": str(write_rows(folder / "events.jsonl", self.rows)),
            "options": {
                "checkpoint": str(folder / "c.db"),
                "dead_letter": str(self.letters),
                "inert_threshold": 1.0,
                "order": order,
            },
            "url": url,
            "key": self.emulator.api_key,
            "colour": colour,
            "settings": {"_SAVING": 0.001},
        }
        self.kills = 0

    def run(self, **how: Any) -> bool:
        """Whether it came to its end; else it was killed."""
        answer = self.killer({**self.job, **how})
        assert "raised" not in answer, answer
        if answer["killed"]:
            self.kills += 1
            return False
        assert (answer["stopped"], answer["accepted"], answer["rejected"], answer["watermark"]) == (
            None,
            len(self.rows) - len(self.bad),
            len(self.bad),
            len(self.rows),
        )
        return True

    def check(self) -> None:
        check_effects(self.emulator, self.rows, self.bad, order=self.order)
        check_letters(self.letters, self.rows, self.bad)


KINDS_OF_DOOM = list(product(ORDERS, (False, True)))


@pytest.mark.parametrize(
    ("point", "place", "order", "heavy", "colour"),
    [(*kill, *kind, colour) for kill, kind, colour in product(KILLS, KINDS_OF_DOOM, COLOURS)]
    if FULL
    else [(*kill, *kind, COLOURS[0]) for kill, kind in zip(KILLS, itertools.cycle(KINDS_OF_DOOM), strict=False)],
)
def test_an_import_killed_at_any_point_goes_on(
    served: tuple[Emulator, str],
    killer: Ask,
    tmp_path: Path,
    point: str,
    place: str,
    order: str,
    heavy: bool,
    colour: Colour,
) -> None:
    doomed = Doomed(served, killer, tmp_path, count=2_000 if FULL else 200, colour=colour, order=order, heavy=heavy)
    nth = Random(f"{point} {place} {order} {heavy} {colour}")
    for first in (1, *(nth.randrange(1, 8) for _ in range(3 if FULL else 1))):
        if doomed.run(point=point, place=place, nth=first):
            break
    else:
        assert doomed.run()
    doomed.check()
    assert doomed.kills


@pytest.mark.parametrize("seed", range(40 if FULL else 3))
def test_an_import_killed_at_any_time_goes_on(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path, seed: int
) -> None:
    chosen = Random(seed)
    doomed = Doomed(
        served,
        killer,
        tmp_path,
        count=2_000 if FULL else 600,
        colour=chosen.choice(COLOURS),
        order=ORDERS[seed % 3],
        heavy=seed % 2 == 0,
    )
    doomed.emulator.faults.random(seed, {Fault.drop(after_commit=True): 0.05, Fault.status(503): 0.05})
    while doomed.kills < (12 if FULL else 3) and not doomed.run(seconds=chosen.uniform(0.02, 0.4)):
        pass
    assert doomed.run()
    doomed.emulator.faults.clear()
    doomed.check()


def test_an_import_killed_with_rows_done_above_the_watermark_reads_on_from_the_first_that_is_not(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path
) -> None:
    """Of a file that is read in slices of some 100 rows."""
    doomed = Doomed(served, killer, tmp_path, count=1_000, colour="asyncio", order="none", width=2_500)
    doomed.job["options"]["concurrency"] = 4
    doomed.emulator.faults.script("events.send_batch", [None, Fault.status(503, retry_after=1)])
    assert not doomed.run(point="Checkpoint.save", place="after", nth=5)
    state = peek(doomed.job["options"]["checkpoint"])
    assert state is not None
    assert state.above
    assert doomed.run()
    doomed.check()


# --- disks --------------------------------------------------------------------------------------------


def small_options(folder: Path, **others: Any) -> dict[str, Any]:
    return {"checkpoint": folder / "c.db", "dead_letter": folder / "rejected.jsonl", "inert_threshold": 1.0, **others}


class Small:
    """An import of a file with some bad events, small enough for the odd disk, and with many saves."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, count: int = 1_500 if FULL else 500) -> None:
        monkeypatch.setattr(keeping, "_SAVING", 0.0)
        self.rows = make_rows(count, seed=11)
        self.bad = spoil(self.rows, "content", Random(11), 12 if FULL else 5)
        self.source = write_rows(folder / "events.jsonl", self.rows)
        self.options = small_options(folder)
        self.emulator = make_emulator(buddies=False)
        self.watch = Watch(self.emulator)

    def start_again(self) -> None:
        """As if nothing had been imported."""
        self.emulator.reset()
        for path in (self.options["checkpoint"], self.options["dead_letter"]):
            path.unlink(missing_ok=True)

    def run(self, colour: Colour = "asyncio", **others: Any) -> ImportReport:
        return self.watch.run(colour, self.source, **{**self.options, **others})

    def finish_and_check(self, colour: Colour = "asyncio") -> None:
        report = self.run(colour)
        assert (report.stopped, report.accepted, report.rejected, report.watermark) == (
            None,
            len(self.rows) - len(self.bad),
            len(self.bad),
            len(self.rows),
        )
        self.check()

    def check(self) -> None:
        check_effects(self.emulator, self.rows, self.bad)
        check_letters(self.options["dead_letter"], self.rows, self.bad)

    def check_watermark(self, report: ImportReport) -> None:
        """Whatever the report says is dealt with, is: applied, or in the dead-letter file."""
        applied = {one.event_id for one in self.emulator.effects()}
        kept = {line["position"] for line in map(json.loads, whole_lines(self.options["dead_letter"]))}
        for position, row in enumerate(self.rows[: report.watermark]):
            assert row["event_id"] in applied or position in kept


def whole_lines(path: Path) -> list[bytes]:
    data = path.read_bytes() if path.exists() else b""
    return data.rpartition(b"\n")[0].splitlines()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    each = Small(tmp_path, monkeypatch)
    yield each
    each.emulator.close()


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("nth", [1, 2, 4] if FULL else [1, 2])
def test_a_full_disk_for_dead_letters_stops_an_import_which_goes_on_later(
    small: Small, monkeypatch: pytest.MonkeyPatch, nth: int, colour: Colour
) -> None:
    original, calls = DeadLetters._write, itertools.count(1)
    failed = False

    def write(self: DeadLetters, data: bytes) -> None:
        nonlocal failed
        if next(calls) >= nth:
            failed = True
            original(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        original(self, data)

    with monkeypatch.context() as patches:
        patches.setattr(DeadLetters, "_write", write)
        report = small.run(colour)
    # All dead letters may have been written in fewer goes.
    assert report.stopped == (StopReason.STORAGE if failed else None)
    assert failed == ("No space left" in str(report.error))
    assert failed or nth > 1
    small.check_watermark(report)
    small.finish_and_check(colour)


@pytest.mark.parametrize("nth", [1, 2, 4] if FULL else [1, 2])
def test_a_checkpoint_that_fails_once_costs_no_dead_letter_and_doubles_none(
    small: Small, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    original, calls = Checkpoint.save, itertools.count(1)
    failed = False

    def save(self: Checkpoint, state: Any) -> None:
        nonlocal failed
        if state.dead_letters and next(calls) == nth:
            failed = True
            raise OSError(errno.ENOSPC, "No space left on device")
        original(self, state)

    with monkeypatch.context() as patches:
        patches.setattr(Checkpoint, "save", save)
        report = small.run()
    assert report.stopped == (StopReason.STORAGE if failed else None)
    assert failed or nth > 1
    small.check_watermark(report)
    small.finish_and_check()


@pytest.mark.parametrize("largest", [30_000, 35_000, 40_000] if FULL else [40_000])
def test_files_that_may_not_grow_stop_an_import_which_goes_on_when_they_may(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path, largest: int
) -> None:
    doomed = Doomed(served, killer, tmp_path, count=1_500, colour="asyncio")
    answer = doomed.killer({**doomed.job, "largest": largest})
    assert answer.get("stopped") == "storage" or "OSError" in answer.get("raised", ""), answer
    assert doomed.run()
    doomed.check()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of the size that it is called with, where one may."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True)
        if done.returncode:
            pytest.skip("only root mounts disks")
        return place

    try:
        yield mount
    finally:
        subprocess.run(["umount", place], capture_output=True)


@pytest.mark.parametrize("size", [*range(4, 80, 4)] if FULL else [20, 28])
def test_a_full_disk_stops_an_import_which_goes_on_when_there_is_room(
    small: Small, tiny_disk: Callable[[str], Path], size: int
) -> None:
    disk = tiny_disk(f"{size}k")
    small.options |= small_options(disk)
    try:
        report = small.run()
    except OSError:  # so little room that it does not begin
        assert small.watch.times == []
    else:
        assert report.stopped == StopReason.STORAGE or size > 40
        small.check_watermark(report)
    subprocess.run(["mount", "-o", "remount,size=10m", disk], check=True)
    small.finish_and_check()


def test_a_checkpoint_on_a_read_only_disk_is_refused(small: Small, tiny_disk: Callable[[str], Path]) -> None:
    disk = tiny_disk("10m")
    small.options |= small_options(disk)
    interrupt_after(small, 3)
    applied = len(small.emulator.effects())
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for colour in COLOURS:
        with pytest.raises(OSError, match=r"c\.db"):
            small.run(colour)
    assert len(small.emulator.effects()) == applied
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    small.finish_and_check()


class Enough(Exception):
    """Raised by a callback."""


def interrupt_after(small: Small, calls: int) -> None:
    """Begin the import, and end it by an error of the caller's."""
    counted = itertools.count()

    def on_progress(report: ImportReport) -> None:
        if report.accepted and next(counted) >= calls:
            raise Enough

    with pytest.raises(Enough):
        small.run(on_progress=on_progress)
    assert 0 < len(small.emulator.effects()) < len(small.rows)


def test_a_directory_in_place_of_a_checkpoint_is_refused(small: Small, tmp_path: Path) -> None:
    small.options["checkpoint"] = tmp_path
    with pytest.raises(OSError, match="unable to open"):
        small.run()
    assert small.watch.times == []


@pytest.mark.parametrize("colour", COLOURS)
def test_a_checkpoint_that_another_import_has_open_is_refused(small: Small, colour: Colour) -> None:
    other = Checkpoint(small.options["checkpoint"])
    with pytest.raises(ValueError, match="in use"):
        small.run(colour)
    assert small.watch.times == []
    other.close()
    small.finish_and_check(colour)


def test_a_checkpoint_that_another_process_has_open_is_refused(small: Small) -> None:
    program = "import sys; from hatched.imports.checkpoint import Checkpoint; c = Checkpoint(sys.argv[1]); print(1); "
    with subprocess.Popen(
        [sys.executable, "-uc", program + "input()", str(small.options["checkpoint"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(ValueError, match="in use"):
            small.run()
        process.kill()
    small.finish_and_check()


def damaged(kind: str, data: bytes) -> bytes:
    match kind:
        case "garbage":
            return b"no checkpoint" * 1000
        case "half":
            return data[: len(data) // 2]
        case "first page":
            return data[:4096]
        case "a few bytes":
            return data[:10]
        case "zeros at its end":
            return data[:4096] + bytes(len(data) - 4096)
        case "noise at its end":
            return data[:4096] + Random(1).randbytes(len(data) - 4096)
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind", ["garbage", "half", "first page", "a few bytes", "zeros at its end", "noise at its end"]
)
def test_a_damaged_checkpoint_is_refused(small: Small, kind: str) -> None:
    interrupt_after(small, 3)
    path = small.options["checkpoint"]
    good, sent = path.read_bytes(), len(small.watch.times)
    path.write_bytes(damaged(kind, good))
    with pytest.raises((ValueError, OSError), match=r"c\.db"):
        small.run()
    assert len(small.watch.times) == sent
    path.write_bytes(good)
    small.finish_and_check()


@pytest.mark.parametrize("column", ["counts", "spent", "above", "watermark"])
def test_a_checkpoint_with_senseless_contents_is_refused(small: Small, column: str) -> None:
    interrupt_after(small, 3)
    sent = len(small.watch.times)
    with closing(sqlite3.connect(small.options["checkpoint"])) as database:
        database.execute(f"UPDATE import SET {column} = 'nonsense'")
        database.commit()
    with pytest.raises((ValueError, OSError), match=r"c\.db"):
        small.run()
    assert len(small.watch.times) == sent


@pytest.mark.parametrize(
    ("change", "done"), some(4, product(["appended", "changed", "truncated", "other"], [False, True]))
)
def test_another_source_than_before_is_refused(small: Small, tmp_path: Path, change: str, done: bool) -> None:
    if done:
        small.finish_and_check()
    else:
        interrupt_after(small, 3)
    sent = len(small.watch.times)
    good = small.source.read_bytes()
    match change:
        case "appended":
            small.source.write_bytes(good + good.splitlines(keepends=True)[-1])
        case "changed":
            small.source.write_bytes(good.replace(b"user_1", b"user_2"))
        case "truncated":
            small.source.write_bytes(good[: len(good) // 2])
        case "other":
            small.source = write_rows(tmp_path / "others.jsonl", make_rows(10))
    with pytest.raises(ValueError, match="changed"):
        small.run()
    assert len(small.watch.times) == sent
    small.source = tmp_path / "events.jsonl"
    small.source.write_bytes(good)
    small.finish_and_check()


@pytest.mark.parametrize("settings", [{"event_id": "content"}, {"map": dict}, {"event_id": lambda event: "x"}])
def test_other_settings_than_before_are_refused(small: Small, settings: dict[str, Any]) -> None:
    interrupt_after(small, 3)
    sent = len(small.watch.times)
    with pytest.raises(ValueError, match="other settings"):
        small.run(**settings)
    assert len(small.watch.times) == sent
    small.finish_and_check()


def test_dead_letters_that_are_lost_between_two_runs_are_told(small: Small) -> None:
    def on_progress(report: ImportReport) -> None:
        if report.rejected:
            raise Enough

    with pytest.raises(Enough):
        small.run(on_progress=on_progress)
    path = small.options["dead_letter"]
    good, sent = path.read_bytes(), len(small.watch.times)
    path.write_bytes(good[:-1])
    with pytest.raises(ValueError, match="lost rejected events"):
        small.run()
    path.unlink()
    with pytest.raises(ValueError, match="lost rejected events"):
        small.run()
    assert len(small.watch.times) == sent
    path.write_bytes(good + b'{"event": {"event_id": "e')  # what a killed import had begun to write
    small.finish_and_check()


def test_a_line_that_was_cut_short_does_not_run_into_the_next(small: Small) -> None:
    small.options["dead_letter"].write_bytes(b'{"event": {"event_id": "e')
    small.finish_and_check()


# --- cancellation -------------------------------------------------------------------------------------

STORMS = 60 if FULL else 3
"""Imports that are cancelled a few times each, of three kinds."""
LONGEST = 0.2 if FULL else 0.08

Cancel = Callable[[Small, float], Awaitable[None]]


def importing(small: Small, **others: Any) -> Awaitable[ImportReport]:
    return small.watch.asynchronous().events.import_all(small.source, **{**small.options, **others})


async def by_task_cancel(small: Small, seconds: float) -> None:
    task = asyncio.ensure_future(importing(small))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.result().stopped is None


async def by_two_cancels(small: Small, seconds: float) -> None:
    task = asyncio.ensure_future(importing(small))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.sleep(seconds / 20)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.result().stopped is None


async def by_many_cancels(small: Small, seconds: float) -> None:
    task = asyncio.ensure_future(importing(small))
    await asyncio.sleep(seconds)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


async def by_anyio_scope(small: Small, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await importing(small)


async def by_asyncio_timeout(small: Small, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await importing(small)


async def by_an_error_of_on_progress(small: Small, seconds: float) -> None:
    until = anyio.current_time() + seconds

    def on_progress(_: ImportReport) -> None:
        if anyio.current_time() > until:
            raise Enough

    with suppress(Enough):
        await importing(small, on_progress=on_progress)


async def by_a_callback_that_cancels(small: Small, seconds: float) -> None:
    until = anyio.current_time() + seconds
    with anyio.CancelScope() as scope:
        await importing(small, on_progress=lambda _: scope.cancel() if anyio.current_time() > until else None)


WAYS: list[Cancel] = [
    by_task_cancel,
    by_two_cancels,
    by_many_cancels,
    by_anyio_scope,
    by_asyncio_timeout,
    by_an_error_of_on_progress,
    by_a_callback_that_cancels,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_import_cancelled_at_any_time_goes_on(small: Small, way: Cancel) -> None:
    chosen = Random(way.__name__)
    for storm in range(STORMS // 3):
        small.start_again()
        small.emulator.faults.random(storm, weather(0.2))

        async def main() -> None:
            for _ in range(3):
                await way(small, chosen.random() * LONGEST)
            assert len(asyncio.all_tasks()) == 1

        anyio.run(main)
        small.finish_and_check()


@pytest.mark.parametrize("way", [by_anyio_scope, by_an_error_of_on_progress], ids=lambda way: way.__name__)
def test_an_import_cancelled_at_any_time_on_trio_goes_on(small: Small, way: Cancel) -> None:
    chosen = Random(way.__name__)
    for storm in range(STORMS // 3):
        small.start_again()
        small.emulator.faults.random(storm, weather(0.2))

        async def main() -> None:
            for _ in range(3):
                await way(small, chosen.random() * LONGEST)

        anyio.run(main, backend="trio")
        small.finish_and_check("trio")


@pytest.mark.parametrize(
    ("how", "order"), some(4, product(["left", "raised", "cancelled", "break"], ["user", "total"]))
)
def test_a_stream_that_is_left_goes_on(small: Small, how: str, order: str) -> None:
    chosen = Random(how)
    options = {"checkpoint": small.options["checkpoint"], "inert_threshold": 1.0, "order": order}
    rejected: set[int] = set()

    async def main(take: int) -> bool:
        with anyio.CancelScope() as scope:
            async with small.watch.asynchronous().events.import_stream(small.source, **options) as results:
                async for result in results:
                    if result.rejection is not None:
                        rejected.add(result.position)
                    take -= 1
                    if take == 0:
                        match how:
                            case "raised":
                                raise Enough
                            case "cancelled":
                                scope.cancel()
                            case "left":
                                return False
                            case _:
                                break
                return take > 0
        return False

    for storm in range(STORMS // 3):
        small.start_again()
        small.emulator.faults.random(storm, weather(0.2))
        for _ in range(3):
            with suppress(Enough):
                anyio.run(main, chosen.randrange(1, len(small.rows) // 3))
        assert anyio.run(main, -1) is False
        check_effects(small.emulator, small.rows, small.bad, order=order)


def test_a_blocking_stream_that_is_left_goes_on(small: Small) -> None:
    chosen = Random(3)
    options = {"checkpoint": small.options["checkpoint"], "inert_threshold": 1.0}
    for storm in range(STORMS // 3):
        small.start_again()
        small.emulator.faults.random(storm, weather(0.2))
        for how in ("break", "raised", "unused", "end"):
            take = chosen.randrange(1, len(small.rows) // 3)
            with suppress(Enough), small.watch.blocking().events.import_stream(small.source, **options) as results:
                if how == "unused":
                    continue
                for _ in results:
                    take -= 1
                    if take == 0 and how == "raised":
                        raise Enough
                    if take == 0 and how == "break":
                        break
        check_effects(small.emulator, small.rows, small.bad)


@pytest.mark.parametrize(("where", "colour"), some(4, product(["source", "map", "event_id", "on_progress"], COLOURS)))
def test_an_error_of_the_callers_code_is_raised_and_the_import_goes_on(
    small: Small, where: str, colour: Colour
) -> None:
    armed = True
    rows = small.rows

    def source() -> Iterator[Any]:
        for position, row in enumerate(rows):
            if where == "source" and armed and position == 333:
                raise Enough
            yield row

    calls = itertools.count()

    def maybe(value: Any) -> Any:
        if armed and next(calls) == (2 if where == "on_progress" else 333):
            raise Enough
        return value

    options = dict(small.options)
    if where == "map":
        options["map"] = maybe
    if where == "event_id":
        options["event_id"] = lambda event: maybe(event["event_id"])
    if where == "on_progress":
        options["on_progress"] = maybe
    with pytest.raises(Enough):
        small.watch.run(colour, source(), **options)
    armed = False
    report = small.watch.run(colour, source(), **options)
    assert (report.stopped, report.watermark) == (None, len(rows))
    small.check()


@pytest.mark.parametrize("colour", ["asyncio", "sync"])
def test_a_cancelled_import_does_not_wait_for_a_server_that_is_silent(
    tmp_path: Path, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_GRACE", 0.1)
    rows = make_rows(300)
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def interrupt() -> None:
        signal.pthread_kill(main_thread, signal.SIGINT)

    with socket.create_server(("127.0.0.1", 0), backlog=50) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        options = small_options(tmp_path)
        began = time.monotonic()

        if colour == "asyncio":

            async def main() -> None:
                async with hatched.AsyncHatchedClient(api_key="hatch_test_x", base_url=url) as client:
                    with anyio.move_on_after(0.2):
                        await client.events.import_all(rows, **options)

            anyio.run(main)
        else:
            with hatched.HatchedClient(api_key="hatch_test_x", base_url=url) as client:
                timers = [threading.Timer(wait, interrupt) for wait in (0.2, 0.3)]
                for timer in timers:
                    timer.start()
                with pytest.raises(KeyboardInterrupt):
                    client.events.import_all(rows, **options, timeout=8)
                for timer in timers:
                    timer.join()
        assert time.monotonic() - began < 4


def test_ctrl_c_in_the_last_moment_of_an_import_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(threading.Thread):
        interrupted = False

        def join(self, timeout: float | None = None) -> None:
            if not Interrupted.interrupted:
                Interrupted.interrupted = True
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr(blocking, "Thread", Interrupted)
    monkeypatch.setattr(blocking, "_LOOK", 0.05, raising=False)
    with make_emulator(buddies=False) as emulator:
        with pytest.raises(KeyboardInterrupt):
            Watch(emulator).run("sync", make_rows(10), inert_threshold=1.0)
        check_effects(emulator, make_rows(10))


def test_imports_of_several_threads_keep_to_themselves(tmp_path: Path) -> None:
    def one(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        rows = make_rows(400, seed=number)
        bad = spoil(rows, "all", Random(number), 6)
        source = write_rows(folder / "events.jsonl", rows)
        with make_emulator(buddies=False) as emulator:
            emulator.faults.random(number, weather(0.2))
            with suppress(Enough):
                calls = itertools.count()

                def on_progress(_: ImportReport) -> None:
                    if next(calls) > 2:
                        raise Enough

                Watch(emulator).run("sync", source, **small_options(folder), on_progress=on_progress)
            assert Watch(emulator).run("sync", source, **small_options(folder)).stopped is None
            check_effects(emulator, rows, bad)
            check_letters(folder / "rejected.jsonl", rows, bad)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(one, range(60 if FULL else 4)))


def test_imports_of_several_threads_through_one_client_are_all_whole() -> None:
    rows = make_rows(1_200)
    with make_emulator(buddies=False) as emulator:
        emulator.faults.random(1, weather(0.1))
        client = Watch(emulator).blocking()
        parts = [[row for row in rows if int(row["user_id"][5:]) % 4 == part] for part in range(4)]
        with ThreadPoolExecutor(4) as threads:
            reports = list(threads.map(lambda part: client.events.import_all(part, inert_threshold=1.0), parts))
        assert [report.accepted for report in reports] == [len(part) for part in parts]
        check_effects(emulator, rows)


@pytest.mark.parametrize(("colour", "times"), some(2, product(COLOURS[:2], [1, 2])))
def test_an_import_interrupted_by_ctrl_c_goes_on(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path, colour: Colour, times: int
) -> None:
    chosen = Random(times)
    doomed = Doomed(served, killer, tmp_path, count=1_000, colour=colour)
    interrupted = 0
    for _ in range(30 if FULL else 2):
        seconds = [chosen.uniform(0.005, 0.25) for _ in range(times)]
        answer = doomed.killer({**doomed.job, "interrupts": seconds})
        assert answer.get("stopped", "x") is None or "KeyboardInterrupt" in answer["raised"], answer
        interrupted += "raised" in answer
    assert interrupted
    assert doomed.run()
    doomed.check()


def test_imports_work_in_forks_of_a_process_that_has_imported(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path
) -> None:
    for colour in COLOURS[:2]:
        folder = tmp_path / colour
        folder.mkdir()
        doomed = Doomed(served, killer, folder, count=300, colour=colour)
        first = {**doomed.job, "source": str(write_rows(folder / "before.jsonl", doomed.rows[:100])), "options": {}}
        first["options"] = {"inert_threshold": 1.0}
        answer = doomed.killer({**doomed.job, "first": first})
        assert answer["stopped"] is None, answer
        doomed.check()


# --- rates --------------------------------------------------------------------------------------------


def paced(plan: str, share: float) -> tuple[int, int]:
    """What an import may send in a minute and in a day."""
    limits = PLANS[plan].limits
    assert limits.day is not None
    return int(limits.minute * share), int(limits.day * share)


@pytest.mark.parametrize(
    ("plan", "share", "count"),
    [("growth", 0.05, 20_000), ("growth", 0.5, 120_000), ("free", 1.0, 10_000), ("growth", 1.0, 120_000)]
    if FULL
    else [("growth", 0.02, 4_000)],
)
@pytest.mark.parametrize(("colour", "concurrency"), some(2, [("asyncio", 1), ("sync", 1), ("asyncio", "auto")]))
def test_no_minute_holds_more_than_the_share(
    plan: str, share: float, count: int, colour: Colour, concurrency: Any
) -> None:
    minute, day = paced(plan, share)
    # On a clock that jumps, those who wait at once can be late, and go closer together than they meant to.
    late = 0 if concurrency == 1 else 3
    with make_emulator(plan=plan, buddies=False) as emulator:
        emulator.faults.random(1, {Fault.status(503): 0.05, Fault.drop(after_commit=True): 0.05})
        watch = Watch(emulator)
        rows = make_rows(count)
        report = watch.run(colour, rows, share=share, inert_threshold=1.0, concurrency=concurrency)
        assert (report.stopped, report.accepted, report.rate_limited) == (None, count, 0)
        assert refused_by_limit(emulator) == 0
        assert watch.most_in(60) <= minute + late
        assert watch.most_in(86_400) <= day
        check_effects(emulator, rows)


@pytest.mark.parametrize("colour", some(1, COLOURS[:2]))
def test_a_day_holds_no_more_than_the_share_and_the_import_goes_on_the_next(tmp_path: Path, colour: Colour) -> None:
    _, day = paced("free", 0.01)
    rows = make_rows(9_000 if FULL else 6_000)
    source = write_rows(tmp_path / "events.jsonl", rows)
    options = small_options(tmp_path, share=0.01)
    with make_emulator(plan="free", buddies=False) as emulator:
        watch = Watch(emulator)
        report = watch.run(colour, source, **options)
        assert report.stopped == StopReason.DAY_LIMIT
        assert "go on in" in str(report.error)
        assert day - 5 <= len(watch.times) == report.requests <= day  # a turn that was booked may not be used
        for _ in range(2):  # too early
            again = watch.run(colour, source, **options)
            assert again.stopped == StopReason.DAY_LIMIT
        assert watch.most_in(86_400) <= day + 2  # each asks the server once for its limit
        emulator.clock.advance("25h")
        with pretended_hours(25):
            report = watch.run(colour, source, **options)
        assert report.stopped is None
        check_effects(emulator, rows)
        assert watch.most_in(86_400) <= day + 2
        assert refused_by_limit(emulator) == 0


@contextmanager
def pretended_hours(hours: float) -> Iterator[None]:
    """The wall clock, by which a checkpoint knows how old it is, stands so much later."""
    original = time.time
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("hatched.imports.importer.time.time", lambda: original() + hours * 3600)
        yield


@pytest.mark.parametrize("colour", some(1, COLOURS[:2]))
def test_an_import_that_waits_for_the_next_day_never_exceeds_its_share(colour: Colour) -> None:
    minute, day = paced("free", 0.01)
    rows = make_rows(9_900 if FULL else 5_500)
    with make_emulator(plan="free", buddies=False) as emulator:
        began = emulator.clock.now()
        emulator.faults.random(1, {Fault.status(503): 0.2, Fault.drop(after_commit=True): 0.1})
        watch = Watch(emulator)
        report = watch.run(colour, rows, share=0.01, on_day_limit="wait", inert_threshold=1.0, concurrency=1)
        assert (report.stopped, report.accepted) == (None, len(rows))
        assert emulator.clock.now() - began > 86_400
        assert watch.most_in(60) <= max(minute, 1)
        assert watch.most_in(86_400) <= day
        assert refused_by_limit(emulator) == 0
        check_effects(emulator, rows)


@pytest.mark.parametrize("seed", range(10 if FULL else 1))
def test_an_import_beside_live_traffic_that_takes_the_rest_keeps_to_its_share(seed: int) -> None:
    chosen = Random(seed)
    minute, _ = paced("free", 0.2)
    rows = make_rows(9_000 if FULL else 4_000, seed=seed)
    with make_emulator(plan="free", buddies=False) as emulator:
        imports, live = Watch(emulator), Watch(emulator)
        client = live.blocking(max_retries=0)

        def traffic(_: ImportReport) -> None:
            for _ in range(chosen.choice((0, 1, 4, 8))):  # in bursts, also above what is left for it
                with suppress(hatched.RateLimitError):
                    client.buddies.list()

        report = imports.run("asyncio", rows, share=0.2, inert_threshold=1.0, on_progress=traffic, concurrency=1)
        assert (report.stopped, report.accepted) == (None, len(rows))
        assert imports.most_in(60) <= minute
        check_effects(emulator, rows)


@pytest.mark.parametrize(("colour", "waits"), some(1, product(COLOURS[:2], [False, True])))
def test_an_import_above_the_events_of_a_month_goes_on_in_the_next(tmp_path: Path, colour: Colour, waits: bool) -> None:
    rows = make_rows(12_000)
    source = write_rows(tmp_path / "events.jsonl", rows)
    options = small_options(tmp_path, on_quota="wait" if waits else "stop", on_day_limit="wait")
    with make_emulator(plan="free", buddies=False) as emulator:
        watch = Watch(emulator)
        report = watch.run(colour, source, **options)
        if not waits:
            assert report.stopped == StopReason.QUOTA
            assert len(emulator.effects()) == 10_000
            assert watch.run(colour, source, **options).stopped == StopReason.QUOTA
            emulator.clock.advance("31d")
            with pretended_hours(31 * 24):
                report = watch.run(colour, source, **options)
        assert (report.stopped, report.accepted, report.watermark) == (None, len(rows), len(rows))
        check_effects(emulator, rows)
        assert refused_by_limit(emulator) == 0


def test_an_import_that_is_only_ever_told_to_wait_gives_up(tmp_path: Path) -> None:
    rows = make_rows(300)
    with make_emulator(buddies=False) as emulator:
        emulator.faults.random(1, {Fault.status(429, retry_after=1): 1.0})
        options = small_options(tmp_path, give_up_after=120.0)
        watch = Watch(emulator)
        report = watch.run("asyncio", rows, **options)
        assert report.stopped == StopReason.NO_PROGRESS
        emulator.faults.clear()
        assert watch.run("asyncio", rows, **options).stopped is None
        check_effects(emulator, rows)
