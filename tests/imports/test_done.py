"""Which rows are dealt with, against a set that is as simple as can be."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import example, given, strategies as st

from hatched.imports.done import Done


def orders(most: int) -> st.SearchStrategy[list[int]]:
    return st.integers(0, most).flatmap(lambda count: st.permutations(range(count)))


def watermark_of(positions: set[int]) -> int:
    return next(position for position in range(len(positions) + 1) if position not in positions)


@given(order=orders(200), cut=st.integers(0, 200), size=st.integers(1, 50))
def test_it_is_a_set_under_any_order_of_completion(order: list[int], cut: int, size: int) -> None:
    done, naive = Done(), set[int]()
    for start in range(0, min(cut, len(order)), size):
        done.add(order[start : start + size])
        naive |= set(order[start : start + size])
        assert done.watermark == watermark_of(naive)
    assert [position in done for position in range(len(order) + 20)] == [
        position in naive for position in range(len(order) + 20)
    ]


@given(cuts=st.sets(st.integers(1, 199)), data=st.data())
def test_runs_of_rows_count_like_the_rows_of_which_they_are(cuts: set[int], data: st.DataObject) -> None:
    ends = sorted({0, 200} | cuts)
    done, naive = Done(), set[int]()
    for start, end in data.draw(st.permutations(list(pairwise(ends)))):
        done.add(range(start, end))
        done.add(range(start, end))  # again, as after a crash
        naive |= set(range(start, end))
        assert done.watermark == watermark_of(naive)
        assert [position in done for position in range(220)] == [position in naive for position in range(220)]


@given(order=orders(100), cut=st.integers(0, 100))
def test_what_is_remembered_is_made_again_from_watermark_and_bytes(order: list[int], cut: int) -> None:
    done = Done()
    done.add(order[:cut])
    again = Done(done.watermark, done.above)
    assert again.above == done.above
    assert [position in again for position in range(130)] == [position in done for position in range(130)]


@given(order=orders(100), cut=st.integers(0, 100))
def test_the_bytes_are_bits_above_the_watermark_lowest_first(order: list[int], cut: int) -> None:
    done = Done()
    done.add(order[:cut])
    bits = {
        done.watermark + 8 * index + bit for index, byte in enumerate(done.above) for bit in range(8) if byte >> bit & 1
    }
    assert bits == {position for position in order[:cut] if position > done.watermark}


@example(positions=[0], times=2)
@given(positions=st.lists(st.integers(0, 60), max_size=60), times=st.integers(1, 3))
def test_a_position_counts_once_however_often_it_is_added(positions: list[int], times: int) -> None:
    once, often = Done(), Done()
    once.add(positions)
    for _ in range(times):
        often.add(positions)
    assert (often.watermark, often.above) == (once.watermark, once.above)


def test_what_lies_below_the_watermark_changes_nothing() -> None:
    done = Done(10, b"\x02")
    done.add([3, 9])
    assert (done.watermark, done.above) == (10, b"\x02")


def test_its_size_follows_from_how_far_rows_run_apart_and_not_from_how_many_there_were() -> None:
    done = Done()
    pending = list(range(50))
    chance = random.Random(0)
    for position in range(50, 20_000):
        done.add([pending.pop(chance.randrange(50) if position - pending[0] < 500 else 0)])
        pending.append(position)
        assert len(done.above) < 100
