"""Reading, listing and changing buddies, their wallet and their badges."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.emulator import Badge, CoinRule, Condition, Emulator, Gate, Item, Rules, Skill, Token

from .support import Api


def test_buddies_are_listed_filtered_sorted_and_paged() -> None:
    api = Api()
    ids = []
    for number, name in enumerate(["carl", "anna", "bert"]):
        ids.append(api.buddy(f"u{number}"))
        api.ok("PATCH", f"/buddies/{ids[-1]}", {"name": name})
        api.ok("POST", f"/buddies/{ids[-1]}/coins", {"amount": (number * 7) % 5 + 1, "reason": "r"})
        api.clock.advance(1)
    carl, anna, bert = ids

    def listed(query: str) -> list[str]:
        return [buddy["id"] for buddy in api.ok("GET", f"/buddies?{query}")["data"]]

    assert listed("") == ids
    assert listed("order=desc") == ids[::-1]
    assert listed("sort=name") == [anna, bert, carl]
    assert listed("sort=coins&order=desc") == [bert, anna, carl]
    assert listed("user_id=u1") == [anna]
    assert listed("user_id=") == []
    assert listed("evolution_stage=2") == []
    assert listed("evolution_stage=1") == ids
    assert listed("page=2&limit=2") == [bert]
    assert api.ok("GET", "/buddies?page=2&limit=2")["meta"] == {"total": 3, "page": 2, "limit": 2}
    api.ok("POST", f"/buddies/{anna}/archive")
    assert listed("status=active") == [carl, bert]
    assert listed("status=archived") == [anna]
    assert api.code("GET", "/buddies?sort=shoe_size") == (400, "bad_request")


def test_a_buddy_is_renamed() -> None:
    api = Api()
    buddy = api.buddy()
    api.clock.advance(10)
    renamed = api.ok("PATCH", f"/buddies/{buddy}", {"name": "Ada"})
    assert (renamed["name"], renamed["updated_at"]) == ("Ada", "2026-01-01T00:00:10.000Z")
    assert api.ok("GET", f"/buddies/{buddy}") == renamed
    assert api.code("PATCH", f"/buddies/{buddy}", {"name": ""}) == (422, "validation_failed")


def test_an_archived_buddy_is_gone_for_everything_but_lists() -> None:
    api = Api()
    buddy = api.buddy()
    assert api.ok("POST", f"/buddies/{buddy}/archive")["status"] == "archived"
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("POST", "/archive", None),
        ("GET", "/tokens", None),
        ("GET", "/badges", None),
        ("GET", "/progression", None),
        ("POST", "/coins", {"amount": 1, "reason": "r"}),
        ("POST", "/coins/spend", {"amount": 1, "reason": "r"}),
        ("POST", "/badges", {"badge_key": "first_lesson"}),
    ):
        assert api.code(method, f"/buddies/{buddy}{path}", body) == (404, "resource_not_found")
    assert api.event()["debug_reason"] == "no_active_buddies_for_user"
    assert api.ok("GET", "/users/user_1/summary")["buddies"][0]["status"] == "archived"


def test_coins_are_earned_and_spent_and_never_run_below_zero() -> None:
    api = Api()
    buddy = api.buddy()
    earned = api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 7, "reason": "gift", "reference_id": "r1"})
    assert {key: earned[key] for key in ("buddy_id", "amount", "balance", "reason", "reference_id", "is_lucky")} == {
        "buddy_id": buddy,
        "amount": 7,
        "balance": 7,
        "reason": "gift",
        "reference_id": "r1",
        "is_lucky": False,
    }
    spent = api.ok("POST", f"/buddies/{buddy}/coins/spend", {"amount": 5, "reason": "hat", "item_id": "i1"})
    assert (spent["amount"], spent["balance"], spent["reference_id"]) == (5, 2, "i1")
    assert spent["ledger_id"] != earned["ledger_id"]
    refused = api.send("POST", f"/buddies/{buddy}/coins/spend", {"amount": 3, "reason": "hat"})
    assert (refused.status, refused.json()["error"]["code"]) == (400, "insufficient_balance")
    assert refused.json()["error"]["details"] == {"required": 3, "available": 2}
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == 2
    assert api.ok("POST", f"/buddies/{buddy}/coins/spend", {"amount": 2, "reason": "hat"})["balance"] == 0
    assert api.code("POST", f"/buddies/{buddy}/coins/spend", {"amount": 1, "reason": "hat"})[0] == 400


def test_both_token_slots_are_told_and_only_the_primary_one_is_spent() -> None:
    api = Api(
        rules=Rules(
            primary=Token(key="gems", label="Gems"),
            progression=Token(key="mana", label="Mana", max_balance=10),
            event_types=("t",),
        )
    )
    buddy = api.buddy()
    path = f"/buddies/{buddy}/coins"
    api.ok("POST", path, {"amount": 5, "reason": "r"})
    api.ok("POST", path, {"amount": 1, "reason": "r", "token": "gems"})
    assert api.ok("POST", path, {"amount": 12, "reason": "r", "token": "mana"})["balance"] == 10
    api.ok("POST", f"{path}/spend", {"amount": 2, "reason": "r", "token": "gems"})
    assert api.code("POST", f"{path}/spend", {"amount": 1, "reason": "r", "token": "mana"}) == (
        422,
        "progression_not_spendable",
    )
    assert api.code("POST", path, {"amount": 1, "reason": "r", "token": "rubles"}) == (404, "resource_not_found")
    assert api.ok("GET", f"/buddies/{buddy}/tokens") == {
        "primary": {
            "kind": "primary",
            "key": "gems",
            "label": "Gems",
            "balance": 4,
            "lifetime_earned": 6,
            "lifetime_spent": 2,
        },
        "progression": {
            "kind": "progression",
            "key": "mana",
            "label": "Mana",
            "balance": 10,
            "lifetime_earned": 10,
            "lifetime_spent": 0,
        },
    }
    seen = api.ok("GET", f"/buddies/{buddy}")
    assert (seen["coins"], seen["tokens"]) == (4, {"gems": 4, "mana": 10})


def test_an_empty_slot_is_null() -> None:
    api = Api(rules=Rules(progression=None))
    buddy = api.buddy()
    assert api.ok("GET", f"/buddies/{buddy}/tokens")["progression"] is None
    assert api.ok("GET", f"/buddies/{buddy}")["tokens"] == {"coins": 0}


def test_a_ready_badge_is_awarded_once_with_its_reward() -> None:
    badge = Badge(
        key="finisher",
        label="Finisher",
        condition=Condition("event_count", {"event_type": "done", "count": 1}),
        auto_award=False,
        coin_reward=30,
    )
    api = Api(rules=Rules(badges=(badge,)))
    buddy = api.buddy()
    assert api.event("done")["badges_ready"] == ["finisher"]
    path = f"/buddies/{buddy}/badges"
    expected: dict[str, Any] = {
        "badge_key": "finisher",
        "label": "Finisher",
        "status": "ready",
        "reason": None,
        "awarded_at": None,
    }
    assert api.ok("GET", path) == [expected]
    assert api.event("done")["badges_ready"] == []
    awarded = api.ok("POST", path, {"badge_key": "finisher", "reason": "well done"})
    assert awarded == {
        **expected,
        "status": "awarded",
        "reason": "well done",
        "awarded_at": "2026-01-01T00:00:00.000Z",
    }
    api.clock.advance(5)
    assert api.ok("POST", path, {"badge_key": "finisher"}) == awarded
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == 30
    assert api.ok("GET", f"/buddies/{buddy}/progression")["badge_count"] == 1
    assert api.code("POST", path, {"badge_key": "nope"}) == (404, "resource_not_found")


def test_progression_counts_every_event_type() -> None:
    api = Api()
    buddy = api.buddy()
    for _ in range(3):
        api.event("daily_login")
    api.event("lesson_completed")
    progression = api.ok("GET", f"/buddies/{buddy}/progression")
    assert progression["custom_counters"] == {"daily_login": 3, "lesson_completed": 1}
    assert progression["badge_count"] == 1
    assert api.ok("GET", f"/buddies/{buddy}")["progression"] == progression


def test_the_summary_of_a_user_holds_all_buddies() -> None:
    api = Api()
    buddy = api.buddy("user/7 ?")
    assert api.ok("GET", "/users/user%2F7%20%3F/summary") == {
        "user_id": "user/7 ?",
        "buddies": [api.ok("GET", f"/buddies/{buddy}")],
    }
    assert api.ok("GET", "/users/nobody/summary")["buddies"] == []


def test_buddies_keep_the_rules_they_were_born_with() -> None:
    api = Api(rules=Rules(coin_rules=(CoinRule(event="t", amount=1),)))
    old = api.buddy("old")
    api.emulator.publish(Rules(coin_rules=(CoinRule(event="t", amount=100),)))
    young = api.buddy("young")
    assert (api.event("t", "old")["coins"], api.event("t", "young")["coins"]) == (1, 100)
    versions = {api.ok("GET", f"/buddies/{buddy}")["config_version_id"] for buddy in (old, young)}
    assert len(versions) == 2


@pytest.mark.parametrize(
    "rules",
    [
        Rules(audiences=()),
        Rules(coin_rules=(CoinRule(event="t", amount=1), CoinRule(event="t", amount=2))),
        Rules(badges=(Badge(key="b", condition=Condition("event_count", {"event_type": "t"})),)),
        Rules(badges=(Badge(key="b", condition=Condition("coin", {"amount": "many"})),)),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: Rules) -> None:
    with pytest.raises(ValueError, match=r"need|own"):
        Api(rules=rules)


def test_a_draft_is_published_once_and_moves_nobody() -> None:
    api = Api(rules=Rules(coin_rules=(CoinRule(event="t", amount=1),)))
    api.buddy("old")
    draft = api.emulator.draft(Rules(coin_rules=(CoinRule(event="t", amount=100),)))
    api.buddy("young")
    assert [api.event("t", user)["coins"] for user in ("old", "young")] == [1, 1]
    api.emulator.publish_draft(draft)
    with pytest.raises(ValueError, match="is no draft"):
        api.emulator.publish_draft(draft)
    assert [api.event("t", user)["coins"] for user in ("old", "young")] == [1, 1]


@pytest.mark.parametrize("rules", [Rules(), Rules(audiences=("student",))])
def test_an_empty_draft_is_not_published(rules: Rules) -> None:
    api = Api(rules=Rules(event_types=("t",)))
    draft = api.emulator.draft(rules)
    with pytest.raises(ValueError, match="an empty draft cannot be published"):
        api.emulator.publish_draft(draft)
    assert api.event("t")["debug_reason"] == "no_active_buddies_for_user"  # `t` is registered still


@pytest.mark.parametrize(
    "rules",
    [
        Rules(event_types=("t",)),
        Rules(gates=(Gate(key="g", cost=1),)),
        Rules(skills=(Skill(key="s"),)),
        Rules(primary=Token(key="gems", label="Gems")),
    ],
)
def test_a_draft_of_one_thing_is_published(rules: Rules) -> None:
    emulator = Emulator(rules=Rules())
    draft = emulator.draft(rules)
    emulator.publish_draft(draft)
    assert emulator.sync_client().eggs.create(user_id="ada").config_version_id == draft


def test_migration_swaps_the_rules_and_keeps_what_a_buddy_has() -> None:
    api = Api(rules=Rules(coin_rules=(CoinRule(event="t", amount=1),)))
    ada, _ = api.buddy("ada"), api.buddy("bob")
    api.event("t", "ada")
    api.emulator.publish(Rules(coin_rules=(CoinRule(event="t", amount=100),)))
    assert api.emulator.migrate(user_id="ada") == 1
    assert [api.event("t", user)["coins"] for user in ("ada", "bob")] == [100, 1]
    assert api.ok("GET", f"/buddies/{ada}")["coins"] == 101
    assert api.emulator.migrate() == 1
    assert api.emulator.migrate() == 0
    api.emulator.unpublish()
    with pytest.raises(ValueError, match="published config"):
        api.emulator.migrate()


def test_what_is_worn_and_no_longer_in_the_rules_is_taken_off() -> None:
    items = (Item(key="hat", category="head"), Item(key="scarf", category="neck"))
    api = Api(rules=Rules(items=items))
    buddy, (hat, scarf) = api.buddy("ada"), map(api.emulator.item_id, ("hat", "scarf"))
    for item in (hat, scarf):
        api.ok("POST", f"/buddies/{buddy}/items/{item}/purchase")
    api.ok("POST", f"/buddies/{buddy}/equip", {"equip": [hat]})
    api.emulator.publish(Rules(items=items[1:]))
    api.emulator.migrate()
    assert api.code("POST", f"/buddies/{buddy}/equip", {"equip": [hat]}) == (404, "resource_not_found")
    assert api.send("POST", f"/buddies/{buddy}/equip", {"equip": [scarf]}).status == 202
    assert [item["item_id"] for item in api.ok("GET", f"/buddies/{buddy}")["equipped_items"]] == [scarf]


def test_a_plan_has_so_many_audiences() -> None:
    with pytest.raises(ValueError, match=r"the growth plan has at most 1 audience"):
        Emulator(rules=Rules(audiences=("a", "b")))


def test_rules_that_are_not_published_leave_nothing_behind() -> None:
    api = Api()
    before = api.emulator.export()["tables"]
    with pytest.raises(ValueError, match="an empty draft"):
        api.emulator.publish(Rules())
    assert api.emulator.export()["tables"] == before


def test_rules_without_an_audience_that_a_buddy_has_are_not_published() -> None:
    api = Api(rules=Rules(audiences=("student", "teacher")))
    buddy = api.buddy("ada", audience="teacher")
    with pytest.raises(ValueError, match="'teacher', which must stay"):
        api.emulator.publish(Rules(audiences=("student",), event_types=("t",)))
    api.ok("POST", f"/buddies/{buddy}/archive")
    api.emulator.publish(Rules(audiences=("student",), event_types=("t",)))
