"""Buddies: reading, listing, naming, archiving (SDK: Buddy)."""

from __future__ import annotations

import sqlite3
from typing import Any

from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import bad_request, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.model import Rules
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


def find(call: Call) -> sqlite3.Row:
    """The buddy of the route. Raises 404 for an archived one, too (reference/error-codes: seen)."""
    row = call.one(
        "SELECT * FROM buddies WHERE id = ? AND customer_id = ? AND status = 'active'",
        call.args["buddy_id"],
        call.customer_id,
    )
    if row is None:
        raise not_found("Buddy")
    return row


def save(call: Call, row: sqlite3.Row, state: State) -> None:
    """Stores what became of a buddy."""
    call.db.execute("UPDATE buddies SET state = ?, updated_at = ? WHERE seq = ?", (state.dump(), call.now, row["seq"]))


def get(call: Call) -> Reply:
    return Reply(view(call, find(call)))


def listing(call: Call, query: BuddyListParams) -> Reply:
    """Newest last, 20 to a page, archived ones included (all inferred)."""
    sort, order = query.sort or "created_at", query.order or "asc"
    if sort not in _SORTS:
        raise bad_request(f"cannot sort by {sort!r}; there are {', '.join(_SORTS)}")
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
    (total,) = call.db.execute("SELECT count(*)" + where, values).fetchone()
    rows = call.db.execute(
        f"SELECT *{where} ORDER BY {_SORTS[sort]} {order}, seq {order} LIMIT :limit OFFSET :offset", values
    )
    return Reply({"data": [view(call, row) for row in rows], "meta": {"total": total, "page": page, "limit": limit}})


def update_name(call: Call, params: UpdateBuddyParams) -> Reply:
    row = find(call)
    call.db.execute("UPDATE buddies SET name = ?, updated_at = ? WHERE seq = ?", (params.name, call.now, row["seq"]))
    return get(call)


def archive(call: Call) -> Reply:
    """The buddy takes no part any more, and its user may hatch another (inferred)."""
    row = find(call)
    call.db.execute("UPDATE buddies SET status = 'archived', updated_at = ? WHERE seq = ?", (call.now, row["seq"]))
    archived = call.one("SELECT * FROM buddies WHERE seq = ?", row["seq"])
    assert archived is not None
    return Reply(view(call, archived), 201)


def progression(call: Call) -> Reply:
    return Reply(progression_view(State.load(find(call)["state"])))


def user_summary(call: Call) -> Reply:
    """All buddies of a user (inferred); an unknown user has none."""
    rows = call.db.execute(
        "SELECT * FROM buddies WHERE customer_id = ? AND user_id = ? ORDER BY seq",
        (call.customer_id, call.args["user_id"]),
    )
    return Reply({"user_id": call.args["user_id"], "buddies": [view(call, row) for row in rows]})


def view(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    """A buddy as the API shows it."""
    state = State.load(row["state"])
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
        "skills": {},
        "tokens": balances(call.world.configs.rules(row["config_version_id"]), state),
        "progression": progression_view(state),
        "image_url": None,
        "base_image_url": None,
        "thumb_url": None,
        "equipped_items": [],
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def progression_view(state: State) -> dict[str, Any]:
    """Counters; that `xp` equals the total skill level is seen."""
    return {
        "xp": 0,
        "total_skill_level": 0,
        "badge_count": state.awarded,
        "item_count": 0,
        "current_streak": 0,
        "longest_streak": 0,
        "custom_counters": state.counters,
    }


def balances(rules: Rules, state: State) -> dict[str, int]:
    """Balance by token key."""
    return {
        token.key: tally.balance
        for token, tally in ((rules.primary, state.primary), (rules.progression, state.progression))
        if token is not None
    }
