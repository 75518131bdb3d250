"""Long-running work (SDK: Operation; the four states are seen, their timing is ours)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hatched.emulator import ai_credits
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply, dumps


class Work(NamedTuple):
    """What ends a type of operation, given its row, the `data` it was started with, and the time.

    Attributes:
        complete: Does the work and answers the operation's `result`.
        undo: Takes back what the start did, when the work fails.
    """

    complete: Callable[[World, sqlite3.Row, dict[str, Any], float], dict[str, Any]]
    undo: Callable[[World, sqlite3.Row, dict[str, Any], float], None]


def start(
    world: World,
    customer_id: str,
    kind: str,
    subject: str,
    now: float,
    *,
    pool: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Begins an operation on the thing `subject`, paid from a pool of credits, and answers its id."""
    operation_id = world.ids.new()
    timing = world.settings.operations
    planned = world.failures.get(kind)
    world.store.db.execute(
        "INSERT INTO operations (id, customer_id, type, subject, data, status, failure, pool, polls_left, due_at,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)",
        (
            operation_id,
            customer_id,
            kind,
            subject,
            dumps(data or {}),
            planned.pop(0) if planned else None,
            pool,
            timing.after_polls or None,
            None if timing.after_polls else now + timing.after_seconds,
            now,
            now,
        ),
    )
    return operation_id


def unfinished(world: World, kind: str, subject: str) -> bool:
    """Whether such an operation is under way."""
    row = world.store.db.execute(
        "SELECT 1 FROM operations WHERE type = ? AND subject = ? AND status IN ('pending', 'processing')",
        (kind, subject),
    ).fetchone()
    return row is not None


def get(call: Call) -> Reply:
    """`operations.get`, which is also what an operation counted in polls waits for."""
    row = call.one(
        "SELECT * FROM operations WHERE id = ? AND customer_id = ?", call.args["operation_id"], call.customer_id
    )
    if row is None:
        raise not_found("Operation")
    if row["polls_left"] is not None:
        row = _polled(call, row)
    return Reply(_view(row, call.now))


def next_due(world: World, now: float) -> float | None:
    """When the next operation is to be finished that is not due yet."""
    at: float | None = world.store.db.execute("SELECT min(due_at) FROM operations WHERE due_at > ?", (now,)).fetchone()[
        0
    ]
    return at


def run_due(world: World, now: float, work: Mapping[str, Work], credited: Callable[[World, str, float], None]) -> None:
    """Finishes everything whose time has come, in the order of its times, each at its own time.

    Args:
        work: By type of operation.
        credited: Is told of each customer to whom a credit came back, and when.
    """
    db = world.store.db
    while row := db.execute(
        "SELECT * FROM operations WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1", (now,)
    ).fetchone():
        job, at = work[row["type"]], row["due_at"]
        data: dict[str, Any] = json.loads(row["data"])
        result: str | None = None
        with world.store.transaction():
            if row["failure"] is None:
                result = dumps(job.complete(world, row, data, at))
            else:
                job.undo(world, row, data, at)
                if row["pool"] is not None:
                    ai_credits.give_back(db, row["customer_id"], row["pool"])
                    credited(world, row["customer_id"], at)
            db.execute(
                "UPDATE operations SET status = ?, result = ?, error = ?, due_at = NULL, polls_left = NULL,"
                " updated_at = ? WHERE seq = ?",
                ("completed" if result else "failed", result, row["failure"], at, row["seq"]),
            )


def _polled(call: Call, row: sqlite3.Row) -> sqlite3.Row:
    left = row["polls_left"] - 1
    planned = call.world.settings.operations.after_polls or 0
    call.db.execute(
        "UPDATE operations SET polls_left = ?, status = ?, due_at = ?, updated_at = ? WHERE seq = ?",
        (
            left,
            "processing" if left * 2 < planned else "pending",
            call.now if left <= 0 else None,
            call.now,
            row["seq"],
        ),
    )
    fresh = call.one("SELECT * FROM operations WHERE seq = ?", row["seq"])
    assert fresh is not None
    return fresh


def _view(row: sqlite3.Row, now: float) -> dict[str, Any]:
    status, updated = row["status"], row["updated_at"]
    if status == "pending" and row["due_at"] is not None:
        half = (row["created_at"] + row["due_at"]) / 2
        if half <= now:
            status, updated = "processing", half
    view: dict[str, Any] = {
        "operation_id": row["id"],
        "type": row["type"],
        "status": status,
        "created_at": iso(row["created_at"]),
        "updated_at": iso(updated),
    }
    if row["result"] is not None:
        view["result"] = json.loads(row["result"])
    if row["error"] is not None:
        view["error"] = row["error"]
    return view
