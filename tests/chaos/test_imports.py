"""Imports in bad weather, killed, cancelled, without disk: nothing is lost, nothing doubled, and the order is kept.

By default a seeded share runs; `HATCHED_CHAOS=full` runs all of it, in some minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hatched.emulator import Emulator, Fault
from tests.chaos.importing import (
    FULL,
    Colour,
    Watch,
    check_effects,
    check_letters,
    make_emulator,
    make_rows,
    refused_by_limit,
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
MATRIX = list(product((0.0, 0.05, 0.25, 0.5), ("user", "total"), (False, True), COLOURS, range(6 if FULL else 1)))
SHARE = MATRIX if FULL else Random(1).sample(MATRIX, 16)
EVENTS = 1_500 if FULL else 500


@pytest.mark.parametrize(("chance", "order", "heavy", "colour", "seed"), SHARE)
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


@pytest.mark.parametrize("chance", [0.05, 0.25, 0.5])
def test_bad_weather_costs_hardly_more_requests_than_it_must(chance: float) -> None:
    count = 60_000 if FULL else 5_000
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
    rows = make_rows(2_000 if FULL else 1_000, seed=5)
    bad = spoil(rows, kind, Random(kind))
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

    def __init__(self, served: tuple[Emulator, str], killer: Ask, folder: Path, *, count: int, colour: Colour) -> None:
        self.emulator, url = served
        self.emulator.reset()
        self.killer = killer
        self.rows = make_rows(count, seed=9)
        self.bad = [*spoil(self.rows, "all", Random(9), 4)]
        self.letters = folder / "rejected.jsonl"
        self.job = {
            "source": str(write_rows(folder / "events.jsonl", self.rows)),
            "options": {
                "checkpoint": str(folder / "c.db"),
                "dead_letter": str(self.letters),
                "inert_threshold": 1.0,
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
        check_effects(self.emulator, self.rows, self.bad)
        check_letters(self.letters, self.rows, self.bad)


@pytest.mark.parametrize(("point", "place"), KILLS)
@pytest.mark.parametrize("colour", COLOURS if FULL else COLOURS[:1])
def test_an_import_killed_at_any_point_goes_on(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path, point: str, place: str, colour: Colour
) -> None:
    doomed = Doomed(served, killer, tmp_path, count=2_000 if FULL else 400, colour=colour)
    nth = Random(f"{point} {place} {colour}")
    for first in (1, *(nth.randrange(1, 8) for _ in range(20 if FULL else 2))):
        if doomed.run(point=point, place=place, nth=first):
            break
    else:
        assert doomed.run()
    doomed.check()
    assert doomed.kills


@pytest.mark.parametrize("seed", range(40 if FULL else 2))
def test_an_import_killed_at_any_time_goes_on(
    served: tuple[Emulator, str], killer: Ask, tmp_path: Path, seed: int
) -> None:
    chosen = Random(seed)
    doomed = Doomed(served, killer, tmp_path, count=2_000 if FULL else 1_000, colour=chosen.choice(COLOURS))
    doomed.emulator.faults.random(seed, {Fault.drop(after_commit=True): 0.05, Fault.status(503): 0.05})
    while doomed.kills < (12 if FULL else 5) and not doomed.run(seconds=chosen.uniform(0.02, 0.4)):
        pass
    assert doomed.run()
    doomed.emulator.faults.clear()
    doomed.check()
