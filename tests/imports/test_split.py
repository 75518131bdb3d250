"""Finding the events for which a batch is refused, with a server that refuses it as servers do."""

from __future__ import annotations

import json
from itertools import combinations
from math import ceil, log2
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hatched.imports.batch import Batch, Item
from hatched.imports.split import Split, named


def make_batch(count: int, users: int = 7) -> Batch:
    return Batch.of(
        Item(position, f"u{position % users}", json.dumps({"event_id": f"e{position}"}).encode())
        for position in range(count)
    )


def halved(count: int, bad: set[int]) -> tuple[list[int], list[int], int]:
    """What is accepted and rejected, in this order, and with how many requests."""
    split = Split(make_batch(count))
    accepted: list[int] = []
    rejected: list[int] = []
    requests = 0
    while part := split.part:
        requests += 1
        assert requests < 10_000
        if not bad & {item.position for item in part}:
            split.accepted()
            accepted += [item.position for item in part]
        elif len(part) == 1:
            split.drop(part)
            rejected.append(part[0].position)
        else:
            split.halve()
    return accepted, rejected, requests


@given(count=st.integers(1, 100), data=st.data())
def test_halving_finds_exactly_the_bad_ones_and_keeps_the_order(count: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1)))
    accepted, rejected, _ = halved(count, bad)
    assert rejected == sorted(bad)
    assert accepted == [position for position in range(count) if position not in bad]


@given(count=st.integers(1, 100), data=st.data())
def test_halving_takes_no_more_requests_than_a_search_for_each_bad_one(count: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1)))
    _, _, requests = halved(count, bad)
    assert requests <= 1 + len(bad) * (1 + ceil(log2(count)) + 1)


@pytest.mark.parametrize("bad", range(100))
def test_one_bad_event_of_a_hundred_costs_at_most_ten_requests(bad: int) -> None:
    assert halved(100, {bad})[2] <= 10


@pytest.mark.parametrize("count", range(1, 7))
def test_every_subset_of_a_small_batch_is_found(count: int) -> None:
    subsets = [set(some) for size in range(count + 1) for some in combinations(range(count), size)]
    assert [halved(count, bad)[1] for bad in subsets] == [sorted(bad) for bad in subsets]


def test_a_suspect_that_is_accepted_after_all_does_not_stop_the_search() -> None:
    split = Split(make_batch(4))
    split.halve()
    split.accepted()
    split.accepted()
    split.accepted()
    assert not split.part


def test_what_is_left_goes_whole_once_the_bad_one_is_out() -> None:
    split = Split(make_batch(100))
    split.halve()
    split.drop(split.left[40:41])
    assert len(split.part) == 99


def test_a_probe_goes_alone_and_the_others_stay() -> None:
    split = Split(make_batch(10))
    split.probe(split.left[4])
    split.accepted()
    assert [item.position for item in split.part] == [0, 1, 2, 3, 5, 6, 7, 8, 9]


@given(count=st.integers(1, 40), users=st.integers(1, 5), wanted=st.sets(st.integers(0, 40)))
def test_a_wanted_event_may_go_first_only_if_none_of_its_user_is_before_it(
    count: int, users: int, wanted: set[int]
) -> None:
    batch = make_batch(count, users)
    allowed = [item for item in batch[:users] if item.position in wanted]
    found = Split(batch).first(lambda item: item.position in wanted)
    assert found == (allowed[0] if allowed else None)


@pytest.mark.parametrize(
    "fields",
    [
        [{"field": "events.3.user_id", "message": "too long"}],
        [{"path": "events[3].user_id", "message": "too long"}],
        [{"path": "body.events.3", "message": "too long"}],
        ["events[3].user_id: too long"],
        ["events.3: too long"],
    ],
)
def test_a_named_index_is_understood(fields: list[Any]) -> None:
    assert list(named({"fields": fields})) == [3]


@pytest.mark.parametrize(
    "details",
    [
        None,
        {},
        [],
        "events.3",
        {"fields": None},
        {"fields": "events.3"},
        {"fields": {"events.3": "too long"}},
        {"fields": [None, 3, [], {}]},
        {"fields": ["events: too many", "event.3", "myevents.3", "events.x", "events.-1", "events.1234"]},
    ],
)
def test_what_names_no_index_names_none(details: Any) -> None:
    assert named(details) == {}


def test_the_first_message_of_an_event_is_kept() -> None:
    fields = [{"field": "events.3.a", "message": "one"}, {"field": "events.3.b", "message": "two"}]
    assert named({"fields": fields}) == {3: "events.3.a: one"}


def test_an_index_in_the_words_of_a_message_does_not_win_over_the_one_of_the_place() -> None:
    fields = [{"message": "'events.7' is no type", "field": "events.2.type"}]
    assert list(named({"fields": fields})) == [2]


def test_a_message_is_cut_short() -> None:
    assert len(named({"fields": ["events.3: " + "x" * 100_000]})[3]) == 500
