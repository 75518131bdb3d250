"""The picture of a buddy and its states (concepts/compositing-and-stages: the states are seen)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from hatched.emulator import ai_credits, buddies, catalogue, operations
from hatched.emulator.buddies import Buddy
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError
from hatched.emulator.messages import Reply
from hatched.emulator.rules.state import Look

EQUIP, RERENDER = "equip", "rerender"  # inferred: the types of operations are not documented


def rerender(call: Call) -> Reply:
    """Clears the rendered items and paints the bare stage again; that this is free is inferred."""
    buddy = buddies.find(call)
    operation_id = operations.start(call.world, call.customer_id, RERENDER, buddy.id, call.now)
    buddy.state.look = Look("pending", (), operation_id)
    buddies.save(call.world, buddy, call.now)
    body = {
        "accepted": True,
        "operation_id": operation_id,
        "status": "pending",
        "appearance_status": "pending",
    }
    return Reply(body, 202)


def render(world: World, buddy: Buddy, kind: str, now: float) -> bool:
    """Makes the picture catch up with what is worn, and answers whether one was at hand.

    A picture that was made before or is being made costs nothing; a new one costs a credit, and waits for one if there
    is none.
    """
    state = buddy.state
    visible = _visible(buddy)
    known = (
        not visible
        or world.store.db.execute(
            "SELECT 1 FROM renders WHERE buddy_id = ? AND stage = ? AND items = ?",
            (buddy.id, state.stage, ",".join(visible)),
        ).fetchone()
    )
    data = {"items": list(state.equipped), "stage": state.stage, "visible": visible}
    if known:
        state.look = Look("ready", state.equipped)
    elif state.look.status == "pending" and _painted(world, state.look.operation_id) == data:
        return False
    else:
        try:
            pool = ai_credits.authorize(world.store.db, buddy.customer_id)
        except ApiError as empty:
            state.look = Look("awaiting_credits", state.look.rendered, error=str(empty))
        else:
            operation_id = operations.start(
                world,
                buddy.customer_id,
                kind,
                buddy.id,
                now,
                pool=pool,
                data=data,
            )
            state.look = Look("pending", state.look.rendered, operation_id)
    buddies.save(world, buddy, now)
    return bool(known)


def finish_render(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> dict[str, Any]:
    """The picture is done; one that has been overtaken by another changes nothing but the cache."""
    buddy = buddies.by_id(world, operation["subject"])
    state = buddy.state
    items = tuple(data["items"])
    world.store.db.execute(
        "INSERT OR IGNORE INTO renders VALUES (?, ?, ?)", (buddy.id, data["stage"], ",".join(data["visible"]))
    )
    if state.look.operation_id == operation["id"]:
        state.look = Look("ready", items)
        buddies.save(world, buddy, at)
    return {"buddy_id": buddy.id, "appearance_status": state.look.status}


def finish_rerender(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> dict[str, Any]:
    """The bare stage is there again; what should be worn can be put on anew."""
    buddy = buddies.by_id(world, operation["subject"])
    if buddy.state.look.operation_id == operation["id"]:
        buddy.state.look = Look()
        buddies.save(world, buddy, at)
    return {"buddy_id": buddy.id, "appearance_status": buddy.state.look.status}


def undo_render(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> None:
    """The picture failed: the buddy asks for a rerender (seen)."""
    buddy = buddies.by_id(world, operation["subject"])
    if buddy.state.look.operation_id == operation["id"]:
        buddy.state.look = Look("failed", buddy.state.look.rendered, error=operation["failure"])
        buddies.save(world, buddy, at)


def retry_awaiting(world: World, customer_id: str, now: float) -> None:
    """Goes on with the pictures that waited for credits (seen)."""
    world.states.flush()
    rows = world.store.db.execute(
        "SELECT * FROM buddies WHERE customer_id = ? AND status = 'active'"
        " AND json_extract(state, '$.look[0]') = 'awaiting_credits' ORDER BY seq",
        (customer_id,),
    ).fetchall()
    for row in rows:
        render(world, buddies.opened(world, row), EQUIP, now)


def _painted(world: World, operation_id: str | None) -> Any:
    """What an operation is about to paint."""
    row = world.store.db.execute("SELECT data FROM operations WHERE id = ?", (operation_id,)).fetchone()
    return None if row is None else json.loads(row["data"])


def _visible(buddy: Buddy) -> list[str]:
    """What shows: a booster does not (seen)."""
    items = catalogue.by_id(buddy.customer_id, buddy.book)
    return [item_id for item_id in buddy.state.equipped if item_id in items and items[item_id].category != "booster"]
