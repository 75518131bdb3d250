"""The AI credits of each month."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatched.emulator import Clock, Emulator
from hatched.emulator.plans import PLANS
from tests.emulator.support import Api


def left(api: Api) -> tuple[int, int]:
    """The welcome pool and the paid one."""
    balance = api.ok("GET", "/credits/balance")
    return balance["welcome"], balance["paid"]


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_they_come_with_the_month_on_top_of_what_is_left(plan: Any) -> None:
    api = Api(plan=plan.name)
    assert left(api) == (plan.welcome, plan.paid)
    api.clock.advance("30d")
    assert left(api) == (plan.welcome, plan.paid)
    api.clock.advance("1d")  # it is February
    assert left(api) == (plan.welcome, 2 * plan.paid)
    api.buddy()
    assert left(api) == (plan.welcome - 1, 2 * plan.paid)
    api.clock.advance("59d")  # it is April
    assert left(api) == (plan.welcome - 1, 4 * plan.paid)


def test_every_customer_gets_them_whenever_it_came() -> None:
    api = Api(clock=Clock("2026-01-31T23:59:00Z"))
    api.emulator.add_key("hatch_test_other", customer="other")
    api.clock.advance(60)
    api.emulator.add_key("hatch_test_late", customer="late")
    paid = [
        api.send("GET", "/credits/balance", key=key).json()["paid"]
        for key in (api.emulator.api_key, "hatch_test_other", "hatch_test_late")
    ]
    assert paid == [100, 100, 50]


def test_so_many_come_as_were_asked_for() -> None:
    api = Api(credits=3)
    api.clock.advance("31d")
    assert left(api) == (20, 6)
    api.emulator.reset()
    assert left(api) == (20, 3)


def test_a_file_remembers_which_month_it_was(tmp_path: Path) -> None:
    store = str(tmp_path / "emulator.db")
    with Emulator(store=store) as first:
        first.clock.advance("31d")
    again = Api(store=store)
    assert left(again) == (20, 100)
    again.emulator.close()


def test_a_snapshot_remembers_which_month_it_was() -> None:
    api = Api()
    snapshot = api.emulator.snapshot()
    for _ in range(2):
        api.clock.advance("31d")
        assert left(api) == (20, 100)
        api.emulator.restore(snapshot)
        assert left(api) == (20, 50)
