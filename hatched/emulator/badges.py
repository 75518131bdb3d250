"""Badges by hand (concepts/badges)."""

from __future__ import annotations

from typing import Any

from hatched.emulator import buddies, delivery, wallet
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import Earnings
from hatched.emulator.rules.state import Held
from hatched.models.buddies import AwardBadgeParams


def award(call: Call, params: AwardBadgeParams) -> Reply:
    """Awards a badge, with its reward, whether or not it was ready.

    Inferred: a second award changes nothing, an unknown key is a 404.
    """
    buddy = buddies.find(call)
    badge = buddy.book.badge(params.badge_key)
    if badge is None:
        raise not_found(f"Badge {params.badge_key!r}", "badges.unknown")
    earnings = Earnings(buddy.state, buddy.book, call.now)
    earnings.award(badge, params.reason)
    if earnings.awarded:
        buddies.save(call.world, buddy, call.now)
        wallet.write(call.world, call.customer_id, [(buddy.id, entry, None) for entry in earnings.entries], call.now)
        tell_awarded(call.world, buddy.customer_id, buddy.id, badge.key, call.now)
    else:
        call.world.infer("badges.again")
    call.world.inferred.update(earnings.inferred)
    return Reply(_view(buddy.book, badge.key, buddy.state.badges[badge.key]), 201)


def tell_awarded(world: World, customer_id: str, buddy_id: str, key: str, now: float) -> None:
    """Tells the webhooks of a badge (body inferred)."""
    payload = {"buddy_id": buddy_id, "badge_key": key, "awarded_at": iso(now)}
    delivery.notify(world, customer_id, "badge.awarded", payload, now)


def listing(call: Call) -> Reply:
    """What the buddy has or may be given, in the order in which it came (a bare array: inferred)."""
    buddy = buddies.find(call)
    return Reply([_view(buddy.book, key, held) for key, held in buddy.state.badges.items()])


def _view(book: Book, key: str, held: Held) -> dict[str, Any]:
    badge = book.badge(key)
    return {
        "badge_key": key,
        "label": badge.label if badge else key,
        "status": held.status,
        "reason": held.reason,
        "awarded_at": iso(held.at) if held.status == "awarded" else None,
    }
