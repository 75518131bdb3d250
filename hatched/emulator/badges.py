"""Badges by hand (concepts/badges)."""

from __future__ import annotations

from typing import Any

from hatched.emulator import buddies, wallet
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import Entry
from hatched.emulator.rules.state import Held, State
from hatched.models.buddies import AwardBadgeParams


def award(call: Call, params: AwardBadgeParams) -> Reply:
    """Awards a badge, with its reward, whether or not it was ready.

    Inferred: a second award changes nothing, an unknown key is a 404.
    """
    row = buddies.find(call)
    book = call.world.configs.book(row["config_version_id"], row["audience"])
    badge = book.badge(params.badge_key)
    if badge is None:
        raise not_found(f"Badge {params.badge_key!r}")
    state = State.load(row["state"])
    held = state.badges.get(badge.key)
    if held is None or held.status != "awarded":
        state.badges[badge.key] = Held("awarded", call.now, params.reason)
        reward = state.earn(book.rules, "primary", badge.coin_reward)
        buddies.save(call, row, state)
        if reward:
            entry = Entry("primary", reward, state.primary.balance, badge.key)
            wallet.write(call.world, [(row["id"], entry, None)], call.now)
    return Reply(_view(book, badge.key, state.badges[badge.key]), 201)


def listing(call: Call) -> Reply:
    """What the buddy has or may be given, in the order in which it came (a bare array: inferred)."""
    row = buddies.find(call)
    book = call.world.configs.book(row["config_version_id"], row["audience"])
    return Reply([_view(book, key, held) for key, held in State.load(row["state"]).badges.items()])


def _view(book: Book, key: str, held: Held) -> dict[str, Any]:
    badge = book.badge(key)
    return {
        "badge_key": key,
        "label": badge.label if badge else key,
        "status": held.status,
        "reason": held.reason,
        "awarded_at": iso(held.at) if held.status == "awarded" else None,
    }
