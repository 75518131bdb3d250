"""What an import would take, and that the plan comes true."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.imports.doors import Door, FakeServer, event, events, make_emulator, write

SYNC = Door("sync")


def test_it_counts_what_the_source_holds(door: Door, tmp_path: Path) -> None:
    rows: list[Any] = [*events(250), "", "{", {**event(9), "colour": "red"}]
    plan = door.plan(FakeServer(), write(tmp_path / "a.jsonl", rows))
    assert (plan.read, plan.events, plan.rejected, plan.skipped, plan.requests) == (253, 250, 2, 1, 3)
    assert list(plan.problems) == [251, 252]
    assert plan.types == {"lesson_completed": 250}


def test_it_counts_what_map_skips(door: Door) -> None:
    plan = door.plan(FakeServer(), events(10), map=lambda row: None if row["event_id"] == "e3" else row)
    assert (plan.events, plan.skipped) == (9, 1)


def test_an_asynchronous_source_is_read_to_its_end(async_door: Door) -> None:
    async def source() -> Any:
        for number in range(150):
            yield event(number)

    assert async_door.plan(FakeServer(), source()).events == 150


def test_a_first_row_that_is_no_event_is_one_problem_among_others(door: Door) -> None:
    assert list(door.plan(FakeServer(), [{"id": 1}, *events(3)]).problems) == [0]


def test_only_the_first_problems_are_shown() -> None:
    plan = SYNC.plan(FakeServer(), [3] * 50)
    assert (plan.rejected, list(plan.problems)) == (50, list(range(10)))


def test_only_so_many_types_are_counted() -> None:
    plan = SYNC.plan(FakeServer(), [event(number, type=f"t{number % 1_500}") for number in range(3_000)])
    assert len(plan.types) == 1_000
    assert Counter(plan.types.values()) == {2: 1_000}


@pytest.mark.parametrize("limit", [100, 50_000])
def test_a_source_without_events_takes_nothing(door: Door, limit: int) -> None:
    plan = door.plan(FakeServer(), [], requests_per_minute=limit)
    assert (plan.requests, plan.days, plan.seconds) == (0, 0, 0)


@settings(max_examples=30, deadline=None)
@given(number=st.integers(1, 1_000), share=st.floats(0.001, 1), limit=st.sampled_from([100, 1_000, 5_000, 50_000, 777]))
def test_the_time_is_that_of_the_days_and_of_the_last_one(number: int, share: float, limit: int) -> None:
    plan = SYNC.plan(FakeServer(), [event(index) for index in range(number)], share=share, requests_per_minute=limit)
    assert plan.requests == -(-number // 100)
    assert (plan.days - 1) * 86_400 < plan.seconds
    assert plan.days >= 1


@pytest.mark.parametrize(("limit", "quota"), [(100, 10_000), (1_000, 500_000), (50_000, None), (777, None)])
def test_the_quota_is_that_of_the_plan_with_this_limit(limit: int, quota: int | None) -> None:
    plan = SYNC.plan(FakeServer(), events(1), requests_per_minute=limit)
    assert (plan.limit, plan.quota) == (limit, quota)


def test_without_a_word_the_smallest_plan_is_meant() -> None:
    assert SYNC.plan(FakeServer(), events(1)).limit == 100


@pytest.mark.parametrize(("share", "days"), [(0.5, 1), (0.002, 3)])
def test_an_import_takes_what_was_planned(door: Door, share: float, days: int) -> None:
    emulator = make_emulator(plan="free")
    emulator.clock.advance("2d")
    plan = door.plan(emulator, events(2_500), share=share)
    report = door.import_all(emulator, events(2_500), share=share, order="none", on_day_limit="wait", concurrency=1)
    assert plan.requests == report.requests
    assert plan.days == days
    assert plan.seconds - 60 / 0.1 <= report.elapsed <= plan.seconds + (days - 1) * 10_000
