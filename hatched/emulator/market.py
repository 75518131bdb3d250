"""Buying and wearing items (concepts/marketplace)."""

from __future__ import annotations

from typing import Any

from hatched.emulator import appearance, buddies, catalogue, plans, wallet
from hatched.emulator.buddies import Buddy
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import ApiError, conflict, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.compute import Entry
from hatched.emulator.rules.model import Item
from hatched.emulator.rules.state import Owned
from hatched.models.buddies import EquipItemsParams

MAX_EQUIPPED = 4  # seen


def purchase(call: Call) -> Reply:
    """Pays for an item. That what the buddy cannot see is a 404 and a second purchase a 409 is inferred."""
    plans.require(call.world.settings.plan, "marketplace")
    buddy = buddies.find(call)
    item_id = call.args["item_id"]
    item = catalogue.by_id(buddy.customer_id, buddy.book).get(item_id)
    if item is None or not _visible(buddy, item, call.now):
        raise not_found("Item", "items.invisible")
    if item_id in buddy.state.items:
        raise conflict("This buddy owns the item already", "items.owned")
    if item.price:
        if item.token_key is not None:
            call.world.infer("items.token_price")
        wallet.take(buddy.state, wallet.slot_of(buddy.book.rules, item.token_key), item.price)
    buddy.state.items = {**buddy.state.items, item_id: Owned(call.now, item.price)}
    buddies.save(call.world, buddy, call.now)
    if item.price:
        entry = Entry("primary", -item.price, buddy.state.primary.balance, "item_purchase")
        wallet.write(call.world, call.customer_id, [(buddy.id, entry, item_id)], call.now)
    return Reply({**_view(call, buddy, item_id, item), "balance": buddy.state.primary.balance}, 201)


def owned(call: Call) -> Reply:
    """What the buddy has bought, in order (a bare array: inferred)."""
    buddy = buddies.find(call)
    items = catalogue.by_id(buddy.customer_id, buddy.book)
    return Reply([_view(call, buddy, item_id, items[item_id]) for item_id in buddy.state.items if item_id in items])


def equip(call: Call, params: EquipItemsParams) -> Reply:
    """Puts on and takes off. Taking off what is not worn is no error (inferred)."""
    buddy = buddies.find(call)
    items = catalogue.by_id(buddy.customer_id, buddy.book)
    # What the present rules do not know, a migration has left behind: it is no longer worn.
    wanted = (set(buddy.state.equipped) & items.keys()) - set(params.unequip or ()) | set(params.equip or ())
    if not set(params.unequip or ()) <= set(buddy.state.equipped):
        call.world.infer("equip.not_worn")
    for item_id in params.equip or ():
        if item_id not in buddy.state.items or item_id not in items:
            raise not_found("Item", "equip.not_owned")
    _check(items, wanted)
    buddy.state.equipped = catalogue.ordered(items, wanted)
    cached = appearance.render(call.world, buddy, appearance.EQUIP, call.now)
    look = buddy.state.look
    return Reply(
        {
            "accepted": True,
            "operation_id": look.operation_id,
            "status": "completed" if cached else "pending",
            "appearance_status": look.status,
            "cached": cached,
        },
        202,
    )


def _check(items: dict[str, Item], wanted: set[str]) -> None:
    if len(wanted) > MAX_EQUIPPED:
        raise ApiError(
            400,
            "too_many_items",
            f"At most {MAX_EQUIPPED} items can be worn",
            {"max": MAX_EQUIPPED, "attempted": len(wanted)},
        )
    worn: dict[str, list[str]] = {}
    for item_id in catalogue.ordered(items, wanted):
        worn.setdefault(items[item_id].category, []).append(item_id)
    for category, ids in worn.items():
        if category != "accessory" and len(ids) > 1:
            raise ApiError(
                400,
                "category_conflict",
                f"Only one {category} item can be worn",
                {"category": category, "conflicting_item_ids": ids},
            )


def _visible(buddy: Buddy, item: Item, now: float) -> bool:
    _, test = buddy.book.items[item.key]
    return test is None or test(buddy.state, None, now)


def _view(call: Call, buddy: Buddy, item_id: str, item: Item) -> dict[str, Any]:
    owned = buddy.state.items[item_id]
    return {
        "item_id": item_id,
        "name": item.name,
        "category": item.category,
        "image_url": catalogue.picture(call.world, item, buddy.state.stage),
        "price": owned.price,
        "equipped": item_id in buddy.state.equipped,
        "purchased_at": iso(owned.at),
    }
