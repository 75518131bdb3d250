"""Evolution (concepts/evolution). Types, codes and the shape of the answers are inferred."""

from __future__ import annotations

import sqlite3
from typing import Any

from hatched.emulator import ai_credits, appearance, art, buddies, delivery, operations, plans
from hatched.emulator.buddies import Buddy
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError, conflict
from hatched.emulator.messages import Reply
from hatched.emulator.rules.compute import ready_to_evolve
from hatched.models.buddies import ListEvolutionsParams

EVOLVE = "evolve"


def get(call: Call) -> Reply:
    buddy = buddies.find(call)
    stage, last = buddy.state.stage, buddy.book.last_stage
    return Reply(
        {
            "buddy_id": buddy.id,
            "evolution_stage": stage,
            "next_stage": stage + 1 if stage < last else None,
            "max_stage": last,
            "evolution_ready": ready_to_evolve(buddy.state, buddy.book, call.now),
        }
    )


def evolve(call: Call) -> Reply:
    """Starts the step to the next stage. Raises 409 for a buddy that is not ready, or already at it."""
    plans.require(call.world.settings.plan, "evolution")
    buddy = buddies.find(call)
    if not ready_to_evolve(buddy.state, buddy.book, call.now):
        raise conflict("This buddy is not ready to evolve", "evolution.not_ready")
    if operations.unfinished(call.world, EVOLVE, buddy.id):
        raise conflict("This buddy is evolving already", "evolution.not_ready")
    operation_id = _start(call.world, buddy, call.now, source="prod", event_id=None)
    return Reply({"operation_id": operation_id, "status": "pending"}, 202)


def evolve_by_itself(world: World, buddy_id: str, event_id: str, now: float) -> bool:
    """Starts the evolution of a buddy that an event has made ready, if plan and credits let it. Whether it did."""
    buddy = buddies.by_id(world, buddy_id)
    try:
        plans.require(world.settings.plan, "evolution")
        if operations.unfinished(world, EVOLVE, buddy_id):
            return False
        _start(world, buddy, now, source="auto", event_id=event_id)
    except ApiError:
        # It stays ready: the next event, or `buddies.evolve`, tries again.
        return False
    return True


def finish(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> dict[str, Any]:
    """The stage comes first; then what is worn is painted on it, which may lag or fail on its own (seen)."""
    buddy = buddies.by_id(world, operation["subject"])
    before = buddy.state.stage
    buddy.state.stage = before + 1
    buddy.state.look = buddy.state.look._replace(rendered=())
    world.store.db.execute(
        "INSERT INTO evolutions (id, buddy_id, from_stage, to_stage, event_id, source, occurred_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (world.ids.new(), buddy.id, before, before + 1, data["event_id"], data["source"], at),
    )
    payload = {
        "buddy_id": buddy.id,
        "previous_stage": before,
        "new_stage": before + 1,
        "image_url": art.url(world.settings.origin, buddy.id, before + 1),
    }
    delivery.notify(world, buddy.customer_id, "buddy.evolved", payload, at)
    appearance.render(world, buddy, appearance.EQUIP, at)
    return {"buddy_id": buddy.id, "from_stage": before, "to_stage": before + 1}


def undo(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> None:
    """A failed evolution leaves the buddy and its picture as they were, ready for another try (inferred)."""
    buddy = buddies.by_id(world, operation["subject"])
    if buddy.state.look.operation_id == operation["id"]:
        buddy.state.look = buddy.state.look._replace(status="ready", operation_id=None)
        buddies.save(world, buddy, at)


def listing(call: Call, query: ListEvolutionsParams) -> Reply:
    """Newest first, 20 to a page (both inferred)."""
    buddy = buddies.find(call)
    page, limit = query.page or 1, query.limit or 20
    (total,) = call.db.execute("SELECT count(*) FROM evolutions WHERE buddy_id = ?", (buddy.id,)).fetchone()
    rows = call.db.execute(
        "SELECT * FROM evolutions WHERE buddy_id = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
        (buddy.id, limit, (page - 1) * limit),
    )
    origin = call.world.settings.origin
    data = [
        {
            "id": row["id"],
            "buddy_id": row["buddy_id"],
            "from_stage": row["from_stage"],
            "to_stage": row["to_stage"],
            "triggered_by_event_id": row["event_id"],
            "image_url": art.url(origin, row["buddy_id"], row["to_stage"]),
            "source": row["source"],
            "metadata": {},
            "occurred_at": iso(row["occurred_at"]),
        }
        for row in rows
    ]
    return Reply({"data": data, "pagination": {"page": page, "limit": limit, "total": total}})


def _start(world: World, buddy: Buddy, now: float, *, source: str, event_id: str | None) -> str:
    """Preset art is free, other art costs a credit; meanwhile a picture that was ready is pending (both seen)."""
    free = buddy.book.rules.evolution.mode == "preset"
    pool = None if free else ai_credits.authorize(world.store.db, buddy.customer_id)
    data = {"source": source, "event_id": event_id}
    operation_id = operations.start(world, buddy.customer_id, EVOLVE, buddy.id, now, pool=pool, data=data)
    if buddy.state.look.status == "ready":
        buddy.state.look = buddy.state.look._replace(status="pending", operation_id=operation_id)
        buddies.save(world, buddy, now)
    return operation_id
