"""Eggs (concepts/buddy-and-hatch; SDK: Egg). The edges between the states are inferred."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Literal

from attrs import frozen

from hatched.emulator import ai_credits, art, delivery, operations
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError, conflict, not_found
from hatched.emulator.messages import Reply, dumps
from hatched.emulator.rules.state import State
from hatched.models.eggs import CreateEggParams, ListEggsParams, UpdateEggStatusParams

ACTIVE_CAP = 3  # inferred: that there is a cap is seen, its value is not
_ACTIVE = "('waiting', 'ready', 'hatching')"
_VARIANTS = 12  # inferred
HATCH = "hatch"  # inferred: the types of operations are not documented


@frozen(kw_only=True)
class EnsureQuery:
    """The query of `eggs.create`."""

    ensure: Literal["true", "false"] = "false"


def create(call: Call, params: CreateEggParams, query: EnsureQuery) -> Reply:
    """A new egg, or with `ensure` the user's latest that still waits (then 200: inferred)."""
    version_id = call.world.configs.published(call.customer_id)
    audience = _audience(call.world, version_id, params)
    if query.ensure == "true":
        row = call.one(
            "SELECT * FROM eggs WHERE customer_id = ? AND user_id = ? AND audience = ?"
            " AND status IN ('waiting', 'ready') ORDER BY seq DESC LIMIT 1",
            call.customer_id,
            params.user_id,
            audience,
        )
        if row is not None:
            return Reply(_view(row))
    _check_cap(call, params.user_id)
    egg_id = call.world.ids.new()
    call.db.execute(
        "INSERT INTO eggs (id, customer_id, user_id, audience, status, visual_variant, config_version_id, metadata,"
        " created_at) VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?)",
        (
            egg_id,
            call.customer_id,
            params.user_id,
            audience,
            1 + call.world.ids.choice(_VARIANTS),
            version_id,
            dumps(params.metadata or {}),
            call.now,
        ),
    )
    return Reply(_view(_find(call, egg_id)), 201)


def get(call: Call) -> Reply:
    return Reply(_view(_find(call, call.args["egg_id"])))


def listing(call: Call, query: ListEggsParams) -> Reply:
    """Oldest first, 20 to a page (both inferred); a bare array (SDK)."""
    limit = query.limit or 20
    rows = call.db.execute(
        "SELECT * FROM eggs WHERE customer_id = ? AND (? IS NULL OR user_id = ?) AND (? IS NULL OR status = ?)"
        " ORDER BY seq LIMIT ? OFFSET ?",
        (
            call.customer_id,
            query.user_id,
            query.user_id,
            query.status,
            query.status,
            limit,
            ((query.page or 1) - 1) * limit,
        ),
    )
    return Reply([_view(row) for row in rows])


def update_status(call: Call, params: UpdateEggStatusParams) -> Reply:
    """`waiting` → `ready`, `waiting|ready` → `cancelled`, which alone can be asked for (seen).

    Asking for the present status is no error (inferred).
    """
    egg = _find(call, call.args["egg_id"])
    previous = egg["status"]
    if previous not in ("waiting", "ready") and previous != params.status:
        raise conflict(f"A {previous} egg cannot become {params.status}", "eggs.status")
    if previous == params.status:
        call.world.infer("eggs.same_status")
    call.db.execute("UPDATE eggs SET status = ? WHERE seq = ?", (params.status, egg["seq"]))
    return Reply({"egg_id": egg["id"], "status": params.status, "previous_status": previous})


def hatch(call: Call) -> Reply:
    """Starts the hatching of a ready egg for one credit. A user has one buddy per audience (seen)."""
    egg = _find(call, call.args["egg_id"])
    if egg["status"] != "ready":
        raise conflict(f"Only a ready egg can hatch, this one is {egg['status']}", "eggs.not_ready")
    taken = call.one(
        "SELECT 1 FROM buddies WHERE customer_id = :c AND user_id = :u AND audience = :a AND status = 'active'"
        " UNION ALL SELECT 1 FROM eggs"
        " WHERE customer_id = :c AND user_id = :u AND audience = :a AND status = 'hatching'",
        c=call.customer_id,
        u=egg["user_id"],
        a=egg["audience"],
    )
    if taken is not None:
        raise conflict("This user already has a buddy for this audience", "eggs.taken")
    pool = ai_credits.authorize(call.db, call.customer_id)
    operation_id = operations.start(call.world, call.customer_id, HATCH, egg["id"], call.now, pool=pool)
    call.db.execute("UPDATE eggs SET status = 'hatching' WHERE seq = ?", (egg["seq"],))
    return Reply({"operation_id": operation_id, "status": "pending"}, 202)


def finish_hatch(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> dict[str, Any]:
    """The buddy steps out of the egg, with the egg's rules and audience."""
    db = world.store.db
    egg = db.execute("SELECT * FROM eggs WHERE id = ?", (operation["subject"],)).fetchone()
    buddy_id = world.ids.new()
    db.execute(
        "INSERT INTO buddies (id, customer_id, user_id, audience, name, config_version_id, status, state, created_at,"
        " updated_at) VALUES (?, ?, ?, ?, 'Buddy', ?, 'active', ?, ?, ?)",
        (
            buddy_id,
            egg["customer_id"],
            egg["user_id"],
            egg["audience"],
            egg["config_version_id"],
            State().dump(),
            at,
            at,
        ),
    )
    db.execute("UPDATE eggs SET status = 'hatched', buddy_id = ? WHERE seq = ?", (buddy_id, egg["seq"]))
    picture = art.url(world.settings.origin, buddy_id, 1)
    payload = {
        "buddy_id": buddy_id,
        "egg_id": egg["id"],
        "user_id": egg["user_id"],
        "name": "Buddy",
        "image_url": picture,
        "thumb_url": picture,
        "evolution_stage": 1,
    }
    delivery.notify(world, egg["customer_id"], "buddy.hatched", payload, at)
    return {"buddy_id": buddy_id, "egg_id": egg["id"]}


def undo_hatch(world: World, operation: sqlite3.Row, data: dict[str, Any], at: float) -> None:
    """A failed hatch leaves the egg ready for another try (inferred)."""
    world.store.db.execute("UPDATE eggs SET status = 'ready' WHERE id = ?", (operation["subject"],))


def _find(call: Call, egg_id: str) -> sqlite3.Row:
    row = call.one("SELECT * FROM eggs WHERE id = ? AND customer_id = ?", egg_id, call.customer_id)
    if row is None:
        raise not_found("Egg")
    return row


def _audience(world: World, version_id: str, params: CreateEggParams) -> str:
    """`metadata.audience` binds the buddy's audience (seen); without one it is the first configured (inferred)."""
    configured = world.configs.rules(version_id).audiences
    audience = (params.metadata or {}).get("audience")
    if audience is None:
        audience = configured[0]
        if len(configured) > 1:
            world.infer("eggs.default_audience")
    if audience not in configured:
        raise ApiError(400, "unknown_audience", f"Audience {audience!r} is not configured")
    wanted: str = audience
    return wanted


def _check_cap(call: Call, user_id: str) -> None:
    active = call.db.execute(
        f"SELECT * FROM eggs WHERE customer_id = ? AND user_id = ? AND status IN {_ACTIVE} ORDER BY seq",
        (call.customer_id, user_id),
    ).fetchall()
    if len(active) >= ACTIVE_CAP:
        raise ApiError(
            409,
            "active_egg_limit",
            f"User already has {len(active)} active egg(s)",
            {
                "max": ACTIVE_CAP,
                "active": [
                    {"egg_id": egg["id"], "status": egg["status"], "created_at": iso(egg["created_at"])}
                    for egg in active
                ],
            },
            guess="eggs.cap",
        )


def _view(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "egg_id": row["id"],
        "user_id": row["user_id"],
        "status": row["status"],
        "visual_variant": row["visual_variant"],
        "config_version_id": row["config_version_id"],
        "buddy_id": row["buddy_id"],
        "metadata": json.loads(row["metadata"]),
        "created_at": iso(row["created_at"]),
    }
