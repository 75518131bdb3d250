"""Documented routes that the SDKs do not call."""

from __future__ import annotations

import pytest

from hatched.emulator import Operations
from hatched.emulator.delivery import EVENTS

from .support import Api


@pytest.mark.parametrize("path", ["/health/ready", "/health/live"])
def test_health_needs_no_key(path: str) -> None:
    response = Api().send("GET", path, key=None)
    assert (response.status, response.json()) == (200, {"status": "ok"})


def test_the_balance_has_the_printed_shape() -> None:
    api = Api(plan="growth")
    expected = {"welcome": 20, "paid": 50, "promo": 0, "promo_expires_at": None, "total_spendable": 70}
    assert api.ok("GET", "/credits/balance") == expected
    api.buddy()
    assert api.ok("GET", "/credits/balance") == {**expected, "welcome": 19, "total_spendable": 69}


def test_the_ledger_follows_a_job() -> None:
    api = Api(operations=Operations(after_seconds=10))
    for user in ("ada", "bob"):
        api.ok("POST", f"/eggs/{api.egg(user, ready=True)}/hatch")
        api.emulator.fail_next("hatch", "no paint")
    assert [entry["entry"] for entry in api.ok("GET", "/credits/ledger")["data"]] == ["authorize", "authorize"]
    api.clock.advance(10)
    assert [entry["entry"] for entry in api.ok("GET", "/credits/ledger")["data"]] == ["rollback", "commit"]
    assert len(api.ok("GET", "/credits/ledger?limit=1")["data"]) == 1
    assert api.code("GET", "/credits/ledger?limit=0") == (422, "validation_failed")


def test_tokens_are_granted_by_hand() -> None:
    api = Api()
    buddy = api.buddy()
    granted = api.ok("POST", f"/buddies/{buddy}/tokens", {"amount": 3, "reason": "gift", "token": "xp"})
    assert (granted["amount"], granted["balance"]) == (3, 3)
    assert api.ok("GET", f"/buddies/{buddy}/tokens")["progression"]["balance"] == 3


def test_the_names_of_webhooks_are_those_that_can_be_subscribed_to() -> None:
    api = Api()
    assert api.ok("GET", "/webhook-configs/events") == {"events": list(EVENTS)}
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": list(EVENTS)})
