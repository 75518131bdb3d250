"""Which client carries the next request, and which are let go."""

from __future__ import annotations

from collections import deque
from itertools import count
from types import SimpleNamespace

import pytest

from hatched.io import clients as module
from hatched.io.clients import Clients


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    # In this module alone: event loops of other threads ask the same clock.
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def make() -> Clients[int]:
    return Clients(count(1).__next__)


def test_as_many_are_made_as_are_under_way_at_once(clock: list[float]) -> None:
    clients = make()
    for _ in range(3):
        taken = [clients.take() for _ in range(4)]
        assert sorted(taken) == [1, 2, 3, 4]
        assert [clients.give(one) for one in taken] == [None] * 4


def test_the_one_that_was_used_last_goes_next(clock: list[float]) -> None:
    clients = make()
    first, second = clients.take(), clients.take()
    clients.give(second)
    clients.give(first)
    assert clients.take() == first


def test_one_that_is_forgotten_is_never_taken_again(clock: list[float]) -> None:
    clients = make()
    assert clients.forget(clients.take()) == 1
    assert (clients.take(), clients.all) == (2, [2])


@pytest.mark.parametrize(("seconds", "let_go"), [(5.0, []), (5.1, [1, 2])])
def test_those_that_were_idle_for_long_are_let_go_one_by_one(
    clock: list[float], seconds: float, let_go: list[int]
) -> None:
    clients = make()
    for one in [clients.take() for _ in range(3)]:
        clients.give(one)
    clock[0] += seconds
    found = [clients.give(clients.take()) for _ in range(4)]
    assert [one for one in found if one is not None] == let_go
    assert clients.all == [one for one in (1, 2, 3) if one not in let_go]


def test_a_client_that_another_thread_takes_as_it_is_given_is_no_error() -> None:
    class Contended(deque[tuple[float, int]]):
        def append(self, entry: tuple[float, int], /) -> None:
            super().append(entry)
            self.pop()  # what the other thread does

    clients = make()
    client = clients.take()
    clients._idle = Contended()
    assert clients.give(client) is None
