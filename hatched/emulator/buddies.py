"""Buddies: reading, listing, naming, archiving (SDK: Buddy)."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from hatched.emulator import art, catalogue, delivery
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import bad_request, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules import streaks
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import becomes_ready, ready_to_evolve
from hatched.emulator.rules.model import Rules
from hatched.emulator.rules.skills import total_level
from hatched.emulator.rules.state import State
from hatched.models.buddies import BuddyListParams, UpdateBuddyParams

_SORTS = {
    # inferred: the keys are not documented
    "created_at": "seq",
    "updated_at": "updated_at",
    "name": "name",
    "evolution_stage": "coalesce(json_extract(state, '$.stage'), 1)",
    "coins": "coalesce(json_extract(state, '$.primary[0]'), 0)",
}


class Buddy(NamedTuple):
    """A buddy to work on: change `state`, then `save`."""

    row: sqlite3.Row
    state: State
    book: Book

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def customer_id(self) -> str:
        return str(self.row["customer_id"])


def find(call: Call) -> Buddy:
    """The buddy of the route. Raises 404 for an archived one, too (reference/error-codes: seen)."""
    row = call.one(
        "SELECT * FROM buddies WHERE id = ? AND customer_id = ? AND status = 'active'",
        call.args["buddy_id"],
        call.customer_id,
    )
    if row is None:
        raise not_found("Buddy")
    return opened(call.world, row)


def by_id(world: World, buddy_id: str) -> Buddy:
    """Any buddy, for work that goes on without a call."""
    return opened(world, world.store.db.execute("SELECT * FROM buddies WHERE id = ?", (buddy_id,)).fetchone())


def opened(world: World, row: sqlite3.Row) -> Buddy:
    """The buddy of a row."""
    state = world.states.load(row["seq"], row["state"]).copy()
    return Buddy(row, state, world.configs.book(row["config_version_id"], row["audience"]))


def save(world: World, buddy: Buddy, now: float) -> None:
    """Stores what became of a buddy, and tells the webhooks if that makes it ready for its next stage."""
    ready = ready_to_evolve(buddy.state, buddy.book, now)
    if becomes_ready(buddy.state, ready):
        delivery.notify(world, buddy.customer_id, "evolution.ready", {"buddy_id": buddy.id}, now)
        if buddy.book.rules.evolution.auto:
            world.infer("evolution.by_itself")
    world.states.save({buddy.row["seq"]: buddy.state.copy()}, now)


def get(call: Call) -> Reply:
    return Reply(view(call, find(call)))


def listing(call: Call, query: BuddyListParams) -> Reply:
    """Newest last, 20 to a page, archived ones included (all inferred)."""
    sort, order = query.sort or "created_at", query.order or "asc"
    if sort not in _SORTS:
        raise bad_request(f"cannot sort by {sort!r}; there are {', '.join(_SORTS)}", "buddies.unsortable")
    where = (
        " FROM buddies WHERE customer_id = :customer AND (:user IS NULL OR user_id = :user)"
        " AND (:status IS NULL OR status = :status)"
        f" AND (:stage IS NULL OR {_SORTS['evolution_stage']} = :stage)"
    )
    page, limit = query.page or 1, query.limit or 20
    values = {
        "customer": call.customer_id,
        "user": query.user_id,
        "status": query.status,
        "stage": query.evolution_stage,
        "limit": limit,
        "offset": (page - 1) * limit,
    }
    call.world.states.flush()
    (total,) = call.db.execute("SELECT count(*)" + where, values).fetchone()
    rows = call.db.execute(
        f"SELECT *{where} ORDER BY {_SORTS[sort]} {order}, seq {order} LIMIT :limit OFFSET :offset", values
    )
    data = [view(call, opened(call.world, row)) for row in rows]
    return Reply({"data": data, "meta": {"total": total, "page": page, "limit": limit}})


def update_name(call: Call, params: UpdateBuddyParams) -> Reply:
    row = find(call).row
    call.db.execute("UPDATE buddies SET name = ?, updated_at = ? WHERE seq = ?", (params.name, call.now, row["seq"]))
    return get(call)


def archive(call: Call) -> Reply:
    """The buddy takes no part any more, and its user may hatch another (inferred)."""
    buddy = find(call)
    call.db.execute(
        "UPDATE buddies SET status = 'archived', updated_at = ? WHERE seq = ?", (call.now, buddy.row["seq"])
    )
    return Reply(view(call, by_id(call.world, buddy.id)), 201)


def progression(call: Call) -> Reply:
    return Reply(progression_view(find(call), call.now))


def user_summary(call: Call) -> Reply:
    """All buddies of a user (inferred); an unknown user has none."""
    rows = call.db.execute(
        "SELECT * FROM buddies WHERE customer_id = ? AND user_id = ? ORDER BY seq",
        (call.customer_id, call.args["user_id"]),
    )
    buddies = [view(call, opened(call.world, row)) for row in rows]
    return Reply({"user_id": call.args["user_id"], "buddies": buddies})


def view(call: Call, buddy: Buddy) -> dict[str, Any]:
    """A buddy as the API shows it."""
    row, state, book = buddy
    items = catalogue.by_id(buddy.customer_id, book)
    rendered = [items[item_id].key for item_id in state.look.rendered if item_id in items]
    bare = art.url(call.world.settings.origin, buddy.id, state.stage)
    image = art.url(call.world.settings.origin, buddy.id, state.stage, rendered)
    return {
        "id": row["id"],
        "customer_id": row["customer_id"],
        "user_id": row["user_id"],
        "audience": row["audience"],
        "name": row["name"],
        "config_version_id": row["config_version_id"],
        "evolution_stage": state.stage,
        "coins": state.primary.balance,
        "status": row["status"],
        "skills": {skill.key: state.skills.get(skill.key, 0) for skill in book.rules.skills},
        "tokens": balances(book.rules, state),
        "progression": progression_view(buddy, call.now),
        "image_url": image,
        "base_image_url": bare,
        "thumb_url": image,
        "equipped_items": [
            {
                "item_id": item_id,
                "name": items[item_id].name,
                "image_url": catalogue.picture(call.world, items[item_id], state.stage),
            }
            for item_id in state.equipped
            if item_id in items
        ],
        "appearance": appearance_view(state),
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def progression_view(buddy: Buddy, now: float) -> dict[str, Any]:
    """Counters; that `xp` equals the total skill level is seen."""
    state, rules = buddy.state, buddy.book.rules
    current, longest = streaks.shown(rules, state, buddy.book.audience, now)
    return {
        "xp": total_level(rules, state),
        "total_skill_level": total_level(rules, state),
        "badge_count": state.awarded,
        "item_count": len(state.items),
        "current_streak": current,
        "longest_streak": longest,
        "custom_counters": state.counters,
    }


def appearance_view(state: State) -> dict[str, Any]:
    """SDK: BuddyAppearance. That a failure can be retried by a rerender is seen."""
    look = state.look
    return {
        "status": look.status,
        "operation_id": look.operation_id,
        "desired_equipped_item_ids": state.equipped,
        "rendered_equipped_item_ids": look.rendered,
        "retryable": look.status == "failed",
        "message": look.error,
        "error": {"code": "needs_rerender", "message": look.error} if look.status == "failed" else None,
    }


def balances(rules: Rules, state: State) -> dict[str, int]:
    """Balance by token key."""
    return {
        token.key: tally.balance
        for token, tally in ((rules.primary, state.primary), (rules.progression, state.progression))
        if token is not None
    }
