"""Imports in bad weather, killed, cancelled, without disk: nothing is lost, nothing doubled, and the order is kept.

By default a seeded share runs; `HATCHED_CHAOS=full` runs all of it, in some minutes.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

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
