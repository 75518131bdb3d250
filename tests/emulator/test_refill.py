"""The AI credits of each month, and those that are added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatched.emulator import Clock, Emulator
from hatched.emulator.ai_credits import MOST
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


def pools(api: Api) -> dict[str, int]:
    balance = api.ok("GET", "/credits/balance")
    return {pool: balance[pool] for pool in ("promo", "welcome", "paid")}


def test_the_paid_pool_is_filled_unless_another_is_named() -> None:
    api = Api(credits=0)
    api.emulator.add_credits(1)
    api.emulator.add_credits(2, pool="promo")
    api.emulator.add_credits(4, pool="welcome")
    assert pools(api) == {"promo": 2, "welcome": 24, "paid": 1}


def test_the_promo_pool_is_spent_before_the_others() -> None:
    api = Api(plan="free")
    api.emulator.add_credits(1, pool="promo")
    for user, left in (
        ("ada", {"promo": 0, "welcome": 20, "paid": 0}),
        ("bob", {"promo": 0, "welcome": 19, "paid": 0}),
    ):
        api.buddy(user)
        assert pools(api) == left
    assert [job["pool"] for job in api.ok("GET", "/credits/ledger")["data"]] == ["welcome", "promo"]


def test_that_promo_credits_do_not_expire_is_a_guess() -> None:
    api = Api()
    assert api.send("GET", "/credits/balance").header("X-Hatched-Emulator-Inferred") is None
    api.emulator.add_credits(1, pool="promo")
    told = api.send("GET", "/credits/balance")
    assert (told.json()["promo_expires_at"], told.header("X-Hatched-Emulator-Inferred")) == (None, "credits.promo")


@pytest.mark.parametrize("count", [-1, 1.0, True, MOST + 1])
def test_what_is_no_number_of_credits_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="a whole number from 0 to 2147483647"):
        Emulator(credits=count)
    with pytest.raises(ValueError, match="a whole number from 0 to 2147483647"):
        Emulator().add_credits(count)


def test_a_pool_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no such pool of credits: 'gold' \(there are promo, welcome, paid\)"):
        Emulator().add_credits(1, pool="gold")  # type: ignore[arg-type]


def test_a_pool_that_is_full_stays_full() -> None:
    api = Api(credits=MOST)
    api.emulator.add_credits(MOST)
    api.clock.advance("3650d")
    assert left(api) == (20, MOST)
