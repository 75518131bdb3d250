"""Growing up: readiness, the operation, and the record."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.emulator import CoinRule, Operations, Rules
from hatched.emulator.catalogue import item_id
from hatched.emulator.rules.model import Condition, Evolution, Item, Stage

from .support import Api


def rules(**options: Any) -> Rules:
    return Rules(
        event_types=("other",),
        coin_rules=(CoinRule(event="t", amount=10), CoinRule(event="t", amount=1, slot="progression")),
        items=(Item(key="hat", category="head"),),
        evolution=Evolution(
            stages=(
                Stage(conditions=(Condition("coin", {"amount": 20}),)),
                Stage(
                    conditions=(Condition("coin", {"amount": 20}), Condition("progression_token", {"amount": 4})),
                ),
            ),
            **options,
        ),
    )


def test_a_buddy_evolves_when_it_is_ready_and_not_before() -> None:
    api = Api(rules=rules())
    buddy = api.buddy()
    path = f"/buddies/{buddy}"
    assert api.event("t")["evolution_ready"] is False
    assert api.code("POST", f"{path}/evolve") == (409, "conflict")
    assert api.event("t")["evolution_ready"] is True
    assert api.event("other")["evolution_ready"] is True
    assert api.ok("GET", f"{path}/evolution") == {
        "buddy_id": buddy,
        "evolution_stage": 1,
        "next_stage": 2,
        "max_stage": 3,
        "evolution_ready": True,
    }
    started = api.send("POST", f"{path}/evolve")
    assert (started.status, started.json()["status"]) == (202, "pending")
    operation = api.ok("GET", f"/operations/{started.json()['operation_id']}")
    assert (operation["type"], operation["status"]) == ("evolve", "completed")
    assert operation["result"] == {"buddy_id": buddy, "from_stage": 1, "to_stage": 2}
    assert api.ok("GET", path)["evolution_stage"] == 2
    assert api.ok("GET", f"{path}/evolution")["evolution_ready"] is False
    assert [api.event("t")["evolution_ready"] for _ in range(2)] == [False, True]
    api.ok("POST", f"{path}/evolve")
    last = api.ok("GET", f"{path}/evolution")
    assert (last["evolution_stage"], last["next_stage"], last["evolution_ready"]) == (3, None, False)
    assert api.event("t")["evolution_ready"] is False


def test_evolutions_are_recorded_newest_first() -> None:
    api = Api(rules=rules())
    path = f"/buddies/{api.buddy()}"
    for _ in range(4):
        api.event("t")
    for _ in range(2):
        api.ok("POST", f"{path}/evolve")
        api.clock.advance(60)
    page = api.ok("GET", f"{path}/evolutions?page=1&limit=1")
    assert page["pagination"] == {"page": 1, "limit": 1, "total": 2}
    (record,) = page["data"]
    assert {key: record[key] for key in ("from_stage", "to_stage", "source", "triggered_by_event_id")} == {
        "from_stage": 2,
        "to_stage": 3,
        "source": "prod",
        "triggered_by_event_id": None,
    }
    assert record["occurred_at"] == "2026-01-01T00:01:00.000Z"
    assert api.ok("GET", f"{path}/evolutions?page=2&limit=1")["data"][0]["to_stage"] == 2
    assert api.ok("GET", f"{path}/evolutions")["pagination"] == {"page": 1, "limit": 20, "total": 2}


def test_a_buddy_does_not_evolve_twice_at_once() -> None:
    api = Api(rules=rules(), operations=Operations(after_seconds=10))
    path = f"/buddies/{hatched(api)}"
    for _ in range(4):
        api.event("t")
    api.ok("POST", f"{path}/evolve")
    assert api.code("POST", f"{path}/evolve") == (409, "conflict")
    api.clock.advance(10)
    api.ok("POST", f"{path}/evolve")
    api.clock.advance(10)
    assert api.ok("GET", path)["evolution_stage"] == 3


def hatched(api: Api) -> str:
    egg = api.egg(ready=True)
    api.ok("POST", f"/eggs/{egg}/hatch")
    api.clock.advance(10)
    buddy: str = api.ok("GET", f"/eggs/{egg}")["buddy_id"]
    return buddy


def test_rules_can_let_it_happen_by_itself() -> None:
    api = Api(rules=rules(auto=True))
    path = f"/buddies/{api.buddy()}"
    assert [api.event("t", event_id=str(n))["evolution_ready"] for n in range(4)] == [False, True, False, True]
    assert api.ok("GET", path)["evolution_stage"] == 3
    records = api.ok("GET", f"{path}/evolutions")["data"]
    assert [(record["source"], record["triggered_by_event_id"]) for record in records] == [("auto", "3"), ("auto", "1")]


@pytest.mark.parametrize(("mode", "cost"), [("preset", 0), ("generative", 1), ("hybrid", 1)])
def test_painted_stages_cost_a_credit(mode: str, cost: int) -> None:
    api = Api(rules=rules(mode=mode))
    path = f"/buddies/{api.buddy()}"
    for _ in range(2):
        api.event("t")
    before = int(api.send("GET", path).header("X-Credits-Remaining") or 0)
    after = int(api.send("POST", f"{path}/evolve").header("X-Credits-Remaining") or 0)
    assert before - after == cost


def test_without_credits_a_buddy_stays_ready() -> None:
    api = Api(rules=rules(auto=True), credits=0)
    path = f"/buddies/{api.buddy()}"
    for number in range(19):
        api.buddy(f"u{number}")
    assert [api.event("t")["evolution_ready"] for _ in range(2)] == [False, True]
    assert api.ok("GET", f"{path}/evolution")["evolution_stage"] == 1
    assert api.code("POST", f"{path}/evolve") == (402, "credit_insufficient")
    api.emulator.add_credits(1)
    assert api.event("other")["evolution_ready"] is True
    assert api.ok("GET", f"{path}/evolution")["evolution_stage"] == 2


def test_the_free_plan_does_not_evolve() -> None:
    api = Api(rules=rules(auto=True), plan="free")
    path = f"/buddies/{api.buddy()}"
    assert [api.event("t")["evolution_ready"] for _ in range(2)] == [False, True]
    assert api.code("POST", f"{path}/evolve") == (403, "plan_feature_locked")
    assert api.ok("GET", path)["evolution_stage"] == 1


def test_a_failed_evolution_changes_nothing() -> None:
    api = Api(rules=rules())
    path = f"/buddies/{api.buddy()}"
    for _ in range(2):
        api.event("t")
    before = api.ok("GET", path)
    api.emulator.fail_next("evolve", "no paint")
    operation = api.ok("POST", f"{path}/evolve")["operation_id"]
    assert api.ok("GET", f"/operations/{operation}")["status"] == "failed"
    assert api.ok("GET", path) == before
    assert api.ok("GET", f"{path}/evolutions")["data"] == []


def test_what_is_worn_is_painted_anew_on_the_next_stage() -> None:
    api = Api(rules=rules(), operations=Operations(after_seconds=10))
    path = f"/buddies/{hatched(api)}"
    hat = item_id(api.emulator.customer_id, "hat")
    api.ok("POST", f"{path}/items/{hat}/purchase")
    api.ok("POST", f"{path}/equip", {"equip": [hat]})
    for _ in range(2):
        api.event("t")
    api.clock.advance(10)
    assert api.ok("GET", path)["appearance"]["rendered_equipped_item_ids"] == [hat]
    api.ok("POST", f"{path}/evolve")
    api.clock.advance(10)
    evolved = api.ok("GET", path)
    assert evolved["evolution_stage"] == 2
    assert (evolved["appearance"]["status"], evolved["appearance"]["rendered_equipped_item_ids"]) == ("pending", [])
    api.clock.advance(10)
    painted = api.ok("GET", path)
    assert (painted["appearance"]["status"], painted["appearance"]["rendered_equipped_item_ids"]) == ("ready", [hat])
    assert painted["image_url"] != evolved["image_url"] == evolved["base_image_url"]


def test_the_picture_is_pending_while_the_buddy_evolves() -> None:
    api = Api(rules=rules(), operations=Operations(after_seconds=10))
    buddy = hatched(api)
    [api.event("t") for _ in range(2)]
    operation = api.ok("POST", f"/buddies/{buddy}/evolve")["operation_id"]
    appearance = api.ok("GET", f"/buddies/{buddy}")["appearance"]
    assert (appearance["status"], appearance["operation_id"]) == ("pending", operation)
    api.clock.advance("10s")
    assert api.ok("GET", f"/buddies/{buddy}")["appearance"]["status"] == "ready"


def test_a_failed_evolution_leaves_the_picture_as_it_was() -> None:
    api = Api(rules=rules(), operations=Operations(after_seconds=10))
    buddy = hatched(api)
    [api.event("t") for _ in range(2)]
    before = api.ok("GET", f"/buddies/{buddy}")
    api.emulator.fail_next("evolve", "no paint")
    api.ok("POST", f"/buddies/{buddy}/evolve")
    api.clock.advance("10s")
    after = api.ok("GET", f"/buddies/{buddy}")
    assert (after["appearance"], after["image_url"]) == (before["appearance"], before["image_url"])
