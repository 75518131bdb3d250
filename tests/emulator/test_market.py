"""Buying, wearing, and what the picture shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from hatched.emulator import Operations, Request, Rules, art
from hatched.emulator.catalogue import item_id
from hatched.emulator.rules.model import Badge, Condition, Evolution, Item, Stage, Token

from .support import Api

ITEMS = Rules(
    audiences=("default", "teacher"),
    event_types=("t",),
    items=(
        Item(key="hat", category="head", price=30, image_url="https://img/hat.png"),
        Item(key="cap", category="head"),
        Item(key="sea", category="background"),
        Item(key="ring", category="accessory"),
        Item(key="watch", category="accessory"),
        Item(key="shoe", category="feet"),
        Item(key="boost", category="booster"),
        Item(key="crown", category="accessory", visible_if=Condition("badge_earned", {"badge_key": "king"})),
        Item(key="apple", category="hand", audience="teacher"),
    ),
    badges=(Badge(key="king", condition=Condition("event_count", {"event_type": "t", "count": 1})),),
)


class Shop(Api):
    """One buddy that owns what it is told to."""

    def __init__(self, *keys: str, **options: Any) -> None:
        super().__init__(**{"rules": ITEMS, **options})
        egg = self.egg(ready=True, audience="default")
        self.ok("POST", f"/eggs/{egg}/hatch")
        self.clock.advance(10)
        self.path = f"/buddies/{self.ok('GET', f'/eggs/{egg}')['buddy_id']}"
        for key in keys:
            self.ok("POST", f"{self.path}/items/{self.id(key)}/purchase")

    def id(self, key: str) -> str:
        return item_id(self.emulator.customer_id, key)

    def ids(self, *keys: str) -> list[str]:
        return [self.id(key) for key in keys]

    def look(self) -> Any:
        return self.ok("GET", self.path)["appearance"]


def test_an_item_is_bought_once_for_its_price() -> None:
    shop = Shop()
    path = f"{shop.path}/items/{shop.id('hat')}/purchase"
    assert shop.code("POST", path) == (400, "insufficient_balance")
    shop.ok("POST", f"{shop.path}/coins", {"amount": 50, "reason": "r"})
    bought = {
        "item_id": shop.id("hat"),
        "name": "Hat",
        "category": "head",
        "image_url": "https://img/hat.png",
        "price": 30,
        "equipped": False,
        "purchased_at": "2026-01-01T00:00:10.000Z",
    }
    assert shop.ok("POST", path) == {**bought, "balance": 20}
    assert shop.code("POST", path) == (409, "conflict")
    assert shop.ok("GET", f"{shop.path}/items") == [bought]
    assert shop.ok("GET", shop.path)["coins"] == 20
    assert shop.ok("GET", f"{shop.path}/progression")["item_count"] == 1


def test_a_price_in_the_primary_token_is_one_in_coins() -> None:
    items = (Item(key="hat", category="head", price=30, token_key="gems"),)
    shop = Shop(rules=Rules(primary=Token(key="gems", label="Gems"), items=items))
    shop.ok("POST", f"{shop.path}/coins", {"amount": 50, "reason": "r"})
    bought = shop.send("POST", f"{shop.path}/items/{shop.id('hat')}/purchase")
    assert (bought.json()["price"], bought.json()["balance"]) == (30, 20)
    assert bought.header("X-Hatched-Emulator-Inferred") == "items.token_price"


def test_nobody_can_pay_a_price_in_the_progression_token() -> None:
    shop = Shop(rules=Rules(items=(Item(key="hat", category="head", price=1, token_key="xp"),)))
    shop.ok("POST", f"{shop.path}/coins", {"amount": 5, "reason": "r", "token": "xp"})
    path = f"{shop.path}/items/{shop.id('hat')}/purchase"
    assert shop.code("POST", path) == (422, "progression_not_spendable")
    assert shop.ok("GET", f"{shop.path}/items") == []


def test_an_item_has_the_picture_of_the_stage_of_its_buddy() -> None:
    hat = Item(key="hat", category="head", image_url="https://img/hat.png", stage_image_urls={"2": "https://img/2.png"})
    stage = Stage(conditions=(Condition("event_count", {"event_type": "t", "count": 1}),))
    shop = Shop("hat", rules=Rules(items=(hat,), evolution=Evolution(stages=(stage,))))
    shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("hat")})

    def pictures() -> set[str]:
        worn, owned = shop.ok("GET", shop.path)["equipped_items"], shop.ok("GET", f"{shop.path}/items")
        return {worn[0]["image_url"], owned[0]["image_url"]}

    assert pictures() == {"https://img/hat.png"}
    shop.event("t")
    shop.ok("POST", f"{shop.path}/evolve")
    assert pictures() == {"https://img/2.png"}
    buddy = shop.send("GET", shop.path)
    assert buddy.header("X-Hatched-Emulator-Inferred") == "items.stage_image"


def test_what_cannot_be_seen_cannot_be_bought() -> None:
    shop = Shop()
    for key in ("crown", "apple", "nothing"):
        assert shop.code("POST", f"{shop.path}/items/{shop.id(key)}/purchase") == (404, "resource_not_found")
    shop.event("t", audience="default")
    assert shop.send("POST", f"{shop.path}/items/{shop.id('crown')}/purchase").status == 201


def test_the_free_plan_has_no_market() -> None:
    api = Api(plan="free", rules=Rules(items=(Item(key="cap", category="head"),)))
    response = api.send("POST", f"/buddies/{api.buddy()}/items/{api.emulator.item_id('cap')}/purchase")
    error = response.json()["error"]
    assert (response.status, error["code"]) == (403, "plan_feature_locked")
    assert {key: error["details"][key] for key in ("feature", "required_plan", "current_plan")} == {
        "feature": "marketplace",
        "required_plan": "growth",
        "current_plan": "free",
    }


def test_items_are_worn_from_back_to_front() -> None:
    shop = Shop("cap", "sea", "ring")
    answer = shop.send("POST", f"{shop.path}/equip", {"equip": shop.ids("ring", "cap", "sea")})
    assert answer.status == 202
    operation = answer.json()["operation_id"]
    assert answer.json() == {
        "accepted": True,
        "operation_id": operation,
        "status": "pending",
        "appearance_status": "pending",
        "cached": False,
    }
    assert shop.ok("GET", f"/operations/{operation}")["status"] == "completed"
    buddy = shop.ok("GET", shop.path)
    assert [item["name"] for item in buddy["equipped_items"]] == ["Sea", "Cap", "Ring"]
    assert buddy["appearance"] == {
        "status": "ready",
        "operation_id": None,
        "desired_equipped_item_ids": shop.ids("sea", "cap", "ring"),
        "rendered_equipped_item_ids": shop.ids("sea", "cap", "ring"),
        "retryable": False,
        "message": None,
        "error": None,
    }
    assert [item["equipped"] for item in shop.ok("GET", f"{shop.path}/items")] == [True] * 3


@pytest.mark.parametrize(
    ("worn", "equip", "unequip", "expected"),
    [
        ([], ["shoe"], [], (404, "resource_not_found")),
        ([], ["cap", "sea", "ring", "watch", "hat"], [], (400, "too_many_items")),
        (["cap", "sea", "ring"], ["watch", "boost"], [], (400, "too_many_items")),
        (["cap", "sea", "ring", "watch"], ["boost"], ["watch"], None),
        ([], ["hat", "cap"], [], (400, "category_conflict")),
        (["cap"], ["hat"], [], (400, "category_conflict")),
        (["cap"], ["hat"], ["cap"], None),
        ([], ["ring", "watch"], [], None),
        ([], [], ["ring"], None),
    ],
)
def test_what_may_be_worn_together(
    worn: list[str], equip: list[str], unequip: list[str], expected: tuple[int, str] | None
) -> None:
    shop = Shop("cap", "sea", "ring", "watch", "boost")
    shop.ok("POST", f"{shop.path}/coins", {"amount": 30, "reason": "r"})
    shop.ok("POST", f"{shop.path}/items/{shop.id('hat')}/purchase")
    shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids(*worn)})
    before = shop.ok("GET", shop.path)
    body = {"equip": shop.ids(*equip), "unequip": shop.ids(*unequip)}
    if expected is None:
        shop.ok("POST", f"{shop.path}/equip", body)
        names = {item["name"].lower() for item in shop.ok("GET", shop.path)["equipped_items"]}
        assert names == set(worn) - set(unequip) | set(equip)
    else:
        assert shop.code("POST", f"{shop.path}/equip", body) == expected
        assert shop.ok("GET", shop.path) == before


def test_the_errors_of_wearing_say_what_is_wrong() -> None:
    shop = Shop("cap", "sea", "ring", "watch", "boost")
    five = shop.send("POST", f"{shop.path}/equip", {"equip": shop.ids("cap", "sea", "ring", "watch", "boost")})
    assert five.json()["error"]["details"] == {"max": 4, "attempted": 5}
    shop.ok("POST", f"{shop.path}/coins", {"amount": 30, "reason": "r"})
    shop.ok("POST", f"{shop.path}/items/{shop.id('hat')}/purchase")
    two = shop.send("POST", f"{shop.path}/equip", {"equip": shop.ids("cap", "hat")})
    assert two.json()["error"]["details"] == {
        "category": "head",
        "conflicting_item_ids": sorted(shop.ids("cap", "hat")),
    }
    assert shop.message("POST", f"{shop.path}/equip", {"equip": ["hat"]}) == "equip must contain only UUIDs"
    assert shop.code("POST", f"{shop.path}/equip", {"equip": [str(uuid4())]}) == (404, "resource_not_found")


def credits_left(shop: Shop) -> int:
    return int(shop.send("GET", "/health").header("X-Credits-Remaining") or -1)


def test_a_picture_that_was_made_before_comes_at_once_and_is_free() -> None:
    shop = Shop("cap", "ring", "boost")
    before = credits_left(shop)
    assert not shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})["cached"]
    bare = shop.ok("POST", f"{shop.path}/equip", {"unequip": shop.ids("cap")})
    assert (bare["cached"], bare["operation_id"], bare["status"], bare["appearance_status"]) == (
        True,
        None,
        "completed",
        "ready",
    )
    again = shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap", "boost")})
    assert (again["cached"], again["operation_id"]) == (True, None)
    assert credits_left(shop) == before - 1
    assert not shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("ring")})["cached"]
    assert credits_left(shop) == before - 2


def test_while_a_picture_is_made_the_old_one_shows_and_the_last_wish_wins() -> None:
    shop = Shop("cap", "ring", operations=Operations(after_seconds=10))
    first = shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})["operation_id"]
    shop.clock.advance(5)
    second = shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("ring")})["operation_id"]
    assert shop.look()["status"] == "pending"
    assert shop.look()["rendered_equipped_item_ids"] == []
    shop.clock.advance(5)
    assert shop.ok("GET", f"/operations/{first}")["status"] == "completed"
    assert (shop.look()["status"], shop.look()["operation_id"]) == ("pending", second)
    shop.clock.advance(5)
    assert (shop.look()["status"], len(shop.look()["rendered_equipped_item_ids"])) == ("ready", 2)


def test_without_credits_the_picture_waits_and_goes_on_when_there_are_some() -> None:
    shop = Shop("cap", credits=0)
    for number in range(19):
        shop.buddy(f"u{number}")
    assert credits_left(shop) == 0
    answer = shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})
    assert (answer["accepted"], answer["operation_id"], answer["appearance_status"]) == (True, None, "awaiting_credits")
    assert shop.look()["desired_equipped_item_ids"] == shop.ids("cap")
    shop.emulator.add_credits(1)
    assert (shop.look()["status"], shop.look()["rendered_equipped_item_ids"]) == ("ready", shop.ids("cap"))
    assert credits_left(shop) == 0


def test_a_picture_that_waits_for_credits_goes_on_with_the_month() -> None:
    shop = Shop("cap", credits=1, operations=Operations(after_seconds=10))
    for number in range(20):
        egg = shop.egg(f"u{number}", ready=True, audience="default")
        shop.ok("POST", f"/eggs/{egg}/hatch")
    assert shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})["appearance_status"] == "awaiting_credits"
    shop.clock.advance("40d")
    buddy = shop.ok("GET", shop.path)
    assert (buddy["appearance"]["status"], buddy["updated_at"]) == ("ready", "2026-02-01T00:00:10.000Z")
    assert credits_left(shop) == 0


def test_a_picture_that_waits_for_credits_goes_on_with_one_that_comes_back() -> None:
    shop = Shop("cap", credits=1, operations=Operations(after_seconds=10))
    for number in range(19):
        shop.ok("POST", f"/eggs/{shop.egg(f'u{number}', ready=True, audience='default')}/hatch")
    shop.emulator.fail_next("hatch", "no paint")
    shop.ok("POST", f"/eggs/{shop.egg('last', ready=True, audience='default')}/hatch")
    assert shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})["appearance_status"] == "awaiting_credits"
    shop.clock.advance(10)
    assert shop.look()["status"] == "pending"
    shop.clock.advance(10)
    assert (shop.look()["status"], credits_left(shop)) == ("ready", 0)


def test_a_failed_picture_asks_for_a_rerender() -> None:
    shop = Shop("cap")
    before = credits_left(shop)
    shop.emulator.fail_next("equip", "paint ran out")
    operation = shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})["operation_id"]
    assert shop.ok("GET", f"/operations/{operation}")["error"] == "paint ran out"
    look = shop.look()
    assert (look["status"], look["retryable"], look["message"]) == ("failed", True, "paint ran out")
    assert look["error"]["code"] == "needs_rerender"
    assert credits_left(shop) == before
    answer = shop.ok("POST", f"{shop.path}/appearance/rerender")
    assert (answer["accepted"], answer["status"], answer["appearance_status"]) == (True, "pending", "pending")
    assert shop.ok("GET", f"/operations/{answer['operation_id']}")["status"] == "completed"
    assert (shop.look()["status"], shop.look()["rendered_equipped_item_ids"]) == ("ready", [])
    shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})
    assert shop.look()["rendered_equipped_item_ids"] == shop.ids("cap")


def test_every_picture_can_be_fetched_and_differs() -> None:
    shop = Shop("cap")
    bare = shop.ok("GET", shop.path)
    shop.ok("POST", f"{shop.path}/equip", {"equip": shop.ids("cap")})
    worn = shop.ok("GET", shop.path)
    other = shop.ok("GET", f"/buddies/{shop.buddy('user_2')}")
    urls = {bare["image_url"], worn["image_url"], other["image_url"]}
    assert bare["image_url"] == bare["base_image_url"] == worn["base_image_url"]
    pictures = set()
    for url in urls:
        path, _, query = url.removeprefix("http://hatched.emulator.localhost").partition("?")
        response = shop.emulator.handle(Request("GET", path, query))
        assert (response.status, response.header("Content-Type")) == (200, "image/svg+xml")
        pictures.add(response.body)
    assert len(urls) == len(pictures) == 3


def test_every_buddy_has_a_picture_of_its_own_that_stays() -> None:
    paths = [f"{art.PREFIX}{UUID(int=number)}/1.svg" for number in range(5_000)]
    pictures = [art.draw(path, "") for path in paths]
    assert len(set(pictures)) == 5_000
    assert [art.draw(path, "") for path in paths] == pictures


@pytest.mark.parametrize(
    "path", ["/_emulator/art/", "/_emulator/art/x", "/_emulator/art/x/1", "/_emulator/art/x/a.svg"]
)
def test_what_is_no_picture_is_not_found(path: str) -> None:
    assert Api().emulator.handle(Request("GET", path)).status == 404


def test_a_picture_that_is_being_made_is_not_paid_for_again() -> None:
    shop = Shop("cap", operations=Operations(after_seconds=10))
    before = credits_left(shop)
    wishes = [{"equip": shop.ids("cap")}, {"equip": shop.ids("cap")}, {}]
    operations = {shop.ok("POST", f"{shop.path}/equip", wish)["operation_id"] for wish in wishes}
    assert len(operations) == 1
    assert credits_left(shop) == before - 1
    shop.clock.advance(10)
    assert shop.look()["rendered_equipped_item_ids"] == shop.ids("cap")
