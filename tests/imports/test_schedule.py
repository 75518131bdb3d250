"""Which events go next, whatever comes and goes in whatever order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hatched.imports import schedule as schedule_module
from hatched.imports.batch import Batch, Item
from hatched.imports.schedule import MAX_BYTES, Order, Schedule
from hatched.routes import MAX_BATCH

KEYS: dict[Order, Callable[[Item], Any]] = {
    "user": lambda item: item.key,
    "none": lambda item: item.position,
    "total": lambda item: "all",
}


def make_item(position: int, user: str = "u", size: int | None = None) -> Item:
    body = json.dumps({"event_id": f"e{position}", "user_id": user, "type": "t"}).encode()
    return Item(position, user, body if size is None else b"x" * size)


def test_the_bounds_are_those_of_one_request() -> None:
    assert (MAX_BATCH, MAX_BYTES) == (100, 1_000_000)


class Interleavings(RuleBasedStateMachine):
    """Adds, takes and gives back as it likes, and keeps a record of its own."""

    @initialize(order=st.sampled_from(["user", "user", "none", "total"]))
    def begin(self, order: Order) -> None:
        self.schedule = Schedule(order)
        self.key = KEYS[order]
        self.position = 0
        self.added: dict[Any, list[int]] = defaultdict(list)
        self.taken: dict[Any, list[int]] = defaultdict(list)
        self.under_way: list[Batch] = []
        self.waiting: list[Item] = []

    @rule(
        user=st.integers(0, 9),
        count=st.integers(1, 150),
        size=st.sampled_from([1, 5_000, 40_000, 1_000_001]),
        at_once=st.sampled_from([1, 7, 150]),
    )
    def add(self, user: int, count: int, size: int, at_once: int) -> None:
        items = []
        for number in range(count if size < 5_000 else count // 10 + 1):
            items.append(make_item(self.position, f"u{(user + number) % 10}", size))
            self.added[self.key(items[-1])].append(self.position)
            self.position += 1
        for start in range(0, len(items), at_once):
            self.schedule.add(Batch.of(items[start : start + at_once]))
        self.waiting += items

    @rule()
    def take(self) -> None:
        busy = {self.key(item) for batch in self.under_way for item in batch}
        free = [item for item in self.waiting if self.key(item) not in busy]
        batch = self.schedule.take()
        assert not busy & {self.key(item) for item in batch}, "two batches with one key at once"
        assert len(batch) <= MAX_BATCH
        size = sum(len(item.body) for item in batch)
        assert size <= MAX_BYTES or len(batch) == 1
        full = len(batch) == MAX_BATCH or size + max((len(item.body) for item in free), default=0) > MAX_BYTES
        assert full or len(batch) == len(free), "events that were free were left behind"
        for item in batch:
            self.taken[self.key(item)].append(item.position)
        self.waiting = [item for item in self.waiting if item.position not in batch.positions]
        if batch:
            self.under_way.append(batch)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        self.schedule.give_back(self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1))))

    @invariant()
    def keys_stay_in_order_and_nothing_is_lost(self) -> None:
        for key, positions in self.taken.items():
            assert positions == self.added[key][: len(positions)]

    @invariant()
    def the_counts_are_right(self) -> None:
        assert self.schedule.waiting == len(self.waiting)
        assert self.schedule.bytes == sum(len(item.body) for item in self.waiting)

    def teardown(self) -> None:
        for batch in self.under_way:
            self.schedule.give_back(batch)
        left = len(self.waiting)
        while batch := self.schedule.take():
            left -= len(batch)
            self.schedule.give_back(batch)
        assert left == 0


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@given(users=st.lists(st.integers(0, 300), max_size=400))
def test_batches_that_come_one_after_the_other_are_full_but_for_the_last(users: list[int]) -> None:
    schedule = Schedule("user")
    for position, user in enumerate(users):
        schedule.add(Batch.of([make_item(position, str(user))]))
    sizes = []
    while batch := schedule.take():
        sizes.append(len(batch))
        schedule.give_back(batch)
    assert sizes == [100] * (len(users) // 100) + [len(users) % 100] * (len(users) % 100 > 0)


def test_one_user_may_fill_a_batch_alone() -> None:
    schedule = Schedule("user")
    for position in range(250):
        schedule.add(Batch.of([make_item(position)]))
    assert list(schedule.take().positions) == list(range(100))


def test_events_of_a_user_that_come_while_others_of_it_are_under_way_wait() -> None:
    schedule = Schedule("user")
    schedule.add(Batch.of([make_item(0)]))
    schedule.take()
    schedule.add(Batch.of([make_item(1)]))
    assert not schedule.take()


def test_a_user_with_many_events_does_not_keep_others_from_their_turn() -> None:
    schedule = Schedule("user")
    for position in range(500):
        schedule.add(Batch.of([make_item(position, "busy")]))
    schedule.add(Batch.of([make_item(500, "other")]))
    schedule.take()
    assert list(schedule.take().keys) == ["other"]


def test_events_that_had_to_wait_go_before_those_that_came_later() -> None:
    schedule = Schedule("user")
    schedule.add(Batch.of(make_item(position, "a") for position in range(101)))
    first = schedule.take()
    schedule.add(Batch.of(make_item(position, "b") for position in range(101, 300)))
    assert schedule.full
    schedule.give_back(first)
    assert [item.position for batch in (schedule.take(), schedule.take()) for item in batch][100] == 100


@pytest.mark.parametrize(("size", "count"), [(100, 3), (101, 2), (300, 1), (301, 1), (1_000, 1)])
def test_bytes_fill_a_batch_up_to_the_bound(monkeypatch: pytest.MonkeyPatch, size: int, count: int) -> None:
    monkeypatch.setattr(schedule_module, "MAX_BYTES", 300)
    schedule = Schedule("user")
    for position in range(5):
        schedule.add(Batch.of([make_item(position, str(position % 2), size)]))
    assert len(schedule.take()) == count
