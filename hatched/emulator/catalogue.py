"""Ids of the things that rules name by key: the same key of a customer has the same id in every version."""

from __future__ import annotations

from uuid import UUID, uuid5

from hatched.emulator.context import World
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.model import Item

_LAYERS = ("background", "body", "feet", "hand", "neck", "face", "head", "accessory", "booster")
"""From the back to the front (concepts/marketplace: `layer_order`)."""


def item_id(customer_id: str, key: str) -> str:
    """The id of an item."""
    return str(uuid5(UUID(customer_id), f"item/{key}"))


def gate_id(customer_id: str, key: str) -> str:
    """The id of a gate."""
    return str(uuid5(UUID(customer_id), f"gate/{key}"))


def by_id(customer_id: str, book: Book) -> dict[str, Item]:
    """The items of a book."""
    return {item_id(customer_id, key): item for key, (item, _) in book.items.items()}


def picture(world: World, item: Item, stage: int) -> str | None:
    """What an item looks like on a buddy of a stage."""
    own = item.stage_image_urls.get(str(stage))
    if own is None:
        return item.image_url
    world.infer("items.stage_image")
    return own


def ordered(items: dict[str, Item], ids: set[str]) -> tuple[str, ...]:
    """By layer, then by id (seen)."""
    return tuple(sorted(ids, key=lambda item_id: (_LAYERS.index(items[item_id].category), item_id)))
