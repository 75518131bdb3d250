"""Gates: paid once."""

from __future__ import annotations

from hatched.emulator import Rules
from hatched.emulator.rules.model import Badge, Condition, Gate

from .support import Api

GATES = Rules(
    event_types=("t",),
    gates=(
        Gate(key="vip", cost=40, label="VIP", description="Doors", metadata={"door": 7}),
        Gate(key="shut", cost=1, is_active=False),
        Gate(key="wise", cost=1, token_key="coins"),
    ),
    badges=(Badge(key="inside", condition=Condition("gate_unlocked", {"gate_key": "vip"})),),
)


def test_gates_are_listed() -> None:
    api = Api(rules=GATES)
    gates = api.ok("GET", "/gates")["gates"]
    assert [(gate["gate_key"], gate["token_key"], gate["cost"], gate["is_active"]) for gate in gates] == [
        ("vip", "coins", 40, True),
        ("shut", "coins", 1, False),
        ("wise", "coins", 1, True),
    ]
    assert (gates[0]["label"], gates[0]["description"], gates[0]["metadata"]) == ("VIP", "Doors", {"door": 7})
    assert gates[0]["created_at"] == "2026-01-01T00:00:00.000Z"
    assert len({gate["id"] for gate in gates}) == 3
    assert api.code("GET", "/gates", key="hatch_pk_emulator") == (403, "publishable_key_scope")
    api.emulator.unpublish()
    assert api.ok("GET", "/gates") == {"gates": []}


def test_a_gate_is_paid_once() -> None:
    api = Api(rules=GATES)
    path = f"/buddies/{api.buddy()}"
    assert api.code("POST", f"{path}/gates/vip/unlock") == (400, "insufficient_balance")
    assert api.ok("GET", f"{path}/unlocks") == {"unlocks": []}
    assert api.event("t")["badges_awarded"] == []
    api.ok("POST", f"{path}/coins", {"amount": 50, "reason": "r"})
    first = api.ok("POST", f"{path}/gates/vip/unlock")
    assert first == {
        "gate_key": "vip",
        "unlocked": True,
        "already_unlocked": False,
        "unlocked_at": "2026-01-01T00:00:00.000Z",
        "balance_after": 10,
        "metadata": {"door": 7},
    }
    api.clock.advance(60)
    again = api.send("POST", f"{path}/gates/vip/unlock")
    assert (again.status, again.json()) == (200, {**first, "already_unlocked": True, "balance_after": None})
    assert api.ok("GET", path)["coins"] == 10
    unlock = {"gate_key": "vip", "unlocked_at": first["unlocked_at"], "metadata": {"door": 7}}
    assert api.ok("GET", f"{path}/unlocks") == {"unlocks": [unlock]}
    assert api.event("t")["badges_awarded"] == ["inside"]
    api.emulator.unpublish()
    assert api.ok("GET", f"{path}/unlocks") == {"unlocks": [{**unlock, "metadata": {}}]}


def test_a_gate_that_is_shut_or_unknown_does_not_open() -> None:
    api = Api(rules=GATES)
    path = f"/buddies/{api.buddy()}"
    assert api.code("POST", f"{path}/gates/shut/unlock") == (404, "resource_not_found")
    assert api.code("POST", f"{path}/gates/nowhere/unlock") == (404, "resource_not_found")
