"""Paths as a buddy walks them (SDK: PathRuntimePayload, ManualCompleteResult)."""

from __future__ import annotations

import sqlite3
from typing import Any

from hatched.emulator import badges, buddies, path_admin, plans, wallet
from hatched.emulator.buddies import Buddy
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import conflict, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules import paths
from hatched.emulator.rules.compute import Earnings
from hatched.emulator.rules.paths import Path, Step, SubStep
from hatched.emulator.rules.state import State


def get_for_buddy(call: Call) -> Reply:
    """An active or inactive path by its key (seen for the widget's twin of this route)."""
    plans.require(call.world.settings.plan, "paths")
    buddy = buddies.find(call)
    definition, path = _find(call, buddy)
    rows = _rows(call.db, path)
    state = buddy.state
    steps = [_step(buddy, path, place, rows, call.now) for place in range(len(path.steps))]
    done_at = state.done.get(path.id)
    return Reply(
        {
            "definition": {
                name: definition[name]
                for name in ("key", "label", "description", "icon", "accent_color", "display_mode")
            },
            "steps": steps,
            "current_step_key": next(
                (step["key"] for step in steps if step["unlocked"] and not step["completed"]), None
            ),
            "completed": done_at is not None,
            "completed_at": None if done_at is None else iso(done_at),
        }
    )


def complete_sub_step(call: Call) -> Reply:
    """Closes a sub-step by hand, once (seen); the 409s for what may not be closed are inferred."""
    plans.require(call.world.settings.plan, "paths")
    buddy = buddies.find(call)
    _, path = _find(call, buddy)
    state = buddy.state
    place, part = _place(path, call.args["sub_step_key"], state)
    step, sub_step = path.steps[place], path.steps[place].sub_steps[part]
    already = sub_step.id in state.done
    if already:
        call.world.infer("paths.repeated_reward")
    else:
        if not sub_step.manual:
            raise conflict("This sub-step cannot be completed by hand", "paths.locked")
        reachable = paths.unlocked(path, place, state, None, call.now) and paths.available(step, part, state)
        if not (reachable or sub_step.skip_ahead):
            raise conflict("This sub-step is locked", "paths.locked")
        if not reachable:
            call.world.infer("paths.skip_ahead")
        earnings = Earnings(state, buddy.book, call.now)
        paths.complete(path, step, sub_step, state, call.now, earnings)
        buddies.save(call.world, buddy, call.now)
        wallet.write(
            call.world, call.customer_id, [(buddy.id, entry, sub_step.id) for entry in earnings.entries], call.now
        )
        call.world.inferred.update(earnings.inferred)
        for key in earnings.awarded:
            badges.tell_awarded(call.world, buddy.customer_id, buddy.id, key, call.now)
    return Reply(
        {
            "already_completed": already,
            "sub_step_key": sub_step.key,
            "step_key": step.key,
            "step_completed": paths.finished(step, state),
            "path_completed": path.id in state.done,
            # inferred: those of the sub-step itself, and nothing for a repetition
            "reward_coins": 0 if already else sub_step.coins,
            "reward_badge_key": None if already else sub_step.badge,
        },
        200 if already else 201,
    )


def _find(call: Call, buddy: Buddy) -> tuple[sqlite3.Row, Path]:
    row = call.one(
        f"SELECT * FROM {path_admin.DEFINITIONS} WHERE customer_id = ? AND audience = ? AND key = ?",
        call.customer_id,
        buddy.book.audience,
        call.args["path_key"],
    )
    if row is None:
        raise not_found("Path")
    return row, call.world.paths.compiled(row, buddy.book.rules)


def _place(path: Path, key: str, state: State) -> tuple[int, int]:
    """Where the sub-step of this key is. Several steps may have one: then the first that is not done (inferred)."""
    found = [
        (place, part)
        for place, step in enumerate(path.steps)
        for part, sub_step in enumerate(step.sub_steps)
        if sub_step.key == key
    ]
    if not found:
        raise not_found("Sub-step")
    return next((at for at in found if path.steps[at[0]].sub_steps[at[1]].id not in state.done), found[0])


def _rows(db: sqlite3.Connection, path: Path) -> dict[str, sqlite3.Row]:
    """The rows of all active steps and sub-steps, by id."""
    found = db.execute("SELECT * FROM path_steps WHERE path_definition_id = ?", (path.id,)).fetchall()
    found += db.execute(
        "SELECT path_sub_steps.* FROM path_sub_steps JOIN path_steps ON path_steps.id = path_step_id"
        " WHERE path_definition_id = ?",
        (path.id,),
    ).fetchall()
    return {row["id"]: row for row in found}


def _step(buddy: Buddy, path: Path, place: int, rows: dict[str, sqlite3.Row], now: float) -> dict[str, Any]:
    step = path.steps[place]
    row, open_ = rows[step.id], paths.unlocked(path, place, buddy.state, None, now)
    return {
        **_columns(row, "id", "key", "label", "description", "icon", "ordinal", "reward_coins", "reward_badge_key"),
        "is_active": True,
        "unlocked": open_,
        "completed": paths.finished(step, buddy.state),
        "sub_steps": [_sub_step(buddy, step, part, open_, rows) for part in range(len(step.sub_steps))],
    }


def _sub_step(buddy: Buddy, step: Step, part: int, open_: bool, rows: dict[str, sqlite3.Row]) -> dict[str, Any]:
    sub_step: SubStep = step.sub_steps[part]
    row, done_at = rows[sub_step.id], buddy.state.done.get(sub_step.id)
    names = ("id", "key", "label", "description", "ordinal", "reward_coins", "reward_badge_key", "content_url")
    reachable = open_ and paths.available(step, part, buddy.state)
    return {
        **_columns(row, *names, "cta_label"),
        "allow_manual_complete": bool(row["allow_manual_complete"]),
        "allow_skip_ahead": bool(row["allow_skip_ahead"]),
        "is_active": True,
        "status": "completed" if done_at is not None else "available" if reachable else "locked",
        "completed_at": None if done_at is None else iso(done_at),
    }


def _columns(row: sqlite3.Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
