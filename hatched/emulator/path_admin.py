"""Defining paths, steps and sub-steps (SDK: PathsResource; concepts/paths). Codes of refusals are inferred."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import attrs

from hatched.emulator import audiences, plans, rows
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply, dumps
from hatched.emulator.rules import conditions
from hatched.emulator.rules.model import Condition
from hatched.emulator.validation import InvalidError, Problem, parse
from hatched.models.paths import (
    CreatePathDefinitionParams,
    CreatePathStepParams,
    CreatePathSubStepParams,
    ListPathsParams,
    PathCondition,
    ReorderParams,
    SetPathActiveParams,
    UpdatePathDefinitionParams,
    UpdatePathStepParams,
    UpdatePathSubStepParams,
)

DEFINITIONS, STEPS, SUB_STEPS = "path_definitions", "path_steps", "path_sub_steps"
_PARENTS = {STEPS: "path_definition_id", SUB_STEPS: "path_step_id"}
_JSON = ("unlock_condition", "completion_condition")
_FLAGS = ("is_active", "allow_manual_complete", "allow_skip_ahead")
_NULLABLE = {
    DEFINITIONS: {"description", "accent_color"},
    STEPS: {"description", "icon", "reward_badge_key", *_JSON},
    SUB_STEPS: {"description", "reward_badge_key", "completion_condition", "content_url", "cta_label"},
}


def listing(call: Call, query: ListPathsParams) -> Reply:
    """All paths, oldest first."""
    plans.require(call.world.settings.plan, "paths")
    found = call.db.execute(
        f"SELECT * FROM {DEFINITIONS} WHERE customer_id = ? AND (? IS NULL OR audience = ?) ORDER BY seq",
        (call.customer_id, query.audience, query.audience),
    )
    return Reply([view(row) for row in found])


def get(call: Call) -> Reply:
    """A path with everything in it."""
    definition = _definition(call)
    steps = [
        {**view(step), "sub_steps": [view(part) for part in children(call.db, SUB_STEPS, step["id"])]}
        for step in children(call.db, STEPS, definition["id"])
    ]
    return Reply({**view(definition), "steps": steps})


def create(call: Call, params: CreatePathDefinitionParams) -> Reply:
    """Inferred: the first path of an audience becomes the active one; of several audiences, one must be named."""
    given = _given(params)
    plans.require(call.world.settings.plan, "paths")
    audience = _audience(call, params.audience)
    taken = call.one(
        f"SELECT 1 FROM {DEFINITIONS} WHERE customer_id = ? AND audience = ? AND is_active", call.customer_id, audience
    )
    values = {"icon": "path", "display_mode": "straight", **given, "audience": audience, "is_active": False}
    path_id = _insert(call, DEFINITIONS, {"customer_id": call.customer_id, **values})
    if params.is_active or (params.is_active is None and taken is None):
        _activate(call, path_id, audience)
    return Reply(view(_row(call, DEFINITIONS, path_id)), 201)


def update(call: Call, params: UpdatePathDefinitionParams) -> Reply:
    given = _given(params)
    definition = _definition(call)
    values = given | _cleared(call, DEFINITIONS)
    if params.audience is not None:
        _audience(call, params.audience)
    active = values.pop("is_active", bool(definition["is_active"]))
    _update(call, DEFINITIONS, definition["id"], {**values, "is_active": False})
    if active:
        _activate(call, definition["id"], params.audience or definition["audience"])
    return Reply(view(_row(call, DEFINITIONS, definition["id"])))


def delete(call: Call) -> Reply:
    return _delete(call, DEFINITIONS, _definition(call))


def set_active(call: Call, params: SetPathActiveParams) -> Reply:
    """An audience has one active path: the others are put to rest in the same transaction (seen)."""
    definition = _definition(call)
    if params.is_active:
        _activate(call, definition["id"], definition["audience"])
    else:
        _update(call, DEFINITIONS, definition["id"], {"is_active": False})
    return Reply(view(_row(call, DEFINITIONS, definition["id"])))


def add_step(call: Call, params: CreatePathStepParams) -> Reply:
    given = _given(params)
    defaults = {"reward_coins": 0, "is_active": True, "path_definition_id": _definition(call)["id"]}
    return Reply(view(_row(call, STEPS, _insert(call, STEPS, defaults | given))), 201)


def update_step(call: Call, params: UpdatePathStepParams) -> Reply:
    given = _given(params)
    step = _step(call)
    _update(call, STEPS, step["id"], given | _cleared(call, STEPS))
    return Reply(view(_row(call, STEPS, step["id"])))


def delete_step(call: Call) -> Reply:
    return _delete(call, STEPS, _step(call))


def reorder_steps(call: Call, params: ReorderParams) -> Reply:
    return _reorder(call, STEPS, _definition(call)["id"], params)


def add_sub_step(call: Call, params: CreatePathSubStepParams) -> Reply:
    """Manual completion is allowed unless said otherwise (seen)."""
    given = _given(params)
    defaults = {
        "allow_manual_complete": True,
        "allow_skip_ahead": False,
        "reward_coins": 0,
        "is_active": True,
        "path_step_id": _step(call)["id"],
    }
    return Reply(view(_row(call, SUB_STEPS, _insert(call, SUB_STEPS, defaults | given))), 201)


def update_sub_step(call: Call, params: UpdatePathSubStepParams) -> Reply:
    given = _given(params)
    part = _sub_step(call)
    _update(call, SUB_STEPS, part["id"], given | _cleared(call, SUB_STEPS))
    return Reply(view(_row(call, SUB_STEPS, part["id"])))


def delete_sub_step(call: Call) -> Reply:
    return _delete(call, SUB_STEPS, _sub_step(call))


def reorder_sub_steps(call: Call, params: ReorderParams) -> Reply:
    return _reorder(call, SUB_STEPS, _step(call)["id"], params)


def children(db: sqlite3.Connection, table: str, parent_id: str) -> list[sqlite3.Row]:
    """The steps of a path, or the sub-steps of a step, in order."""
    return db.execute(
        f"SELECT * FROM {table} WHERE {_PARENTS[table]} = ? ORDER BY ordinal, seq", (parent_id,)
    ).fetchall()


def view(row: sqlite3.Row) -> dict[str, Any]:
    """A path, step or sub-step as the API shows it."""
    body: dict[str, Any] = {name: row[name] for name in row.keys() if name != "seq"}  # noqa: SIM118
    for name in _JSON:
        if body.get(name) is not None:
            body[name] = json.loads(body[name])
    for name in _FLAGS:
        if name in body:
            body[name] = bool(body[name])
    return body | {"created_at": iso(row["created_at"]), "updated_at": iso(row["updated_at"])}


def _definition(call: Call) -> sqlite3.Row:
    plans.require(call.world.settings.plan, "paths")
    row = call.one(
        f"SELECT * FROM {DEFINITIONS} WHERE id = ? AND customer_id = ?", call.args["definition_id"], call.customer_id
    )
    if row is None:
        raise not_found("Path")
    return row


def _step(call: Call) -> sqlite3.Row:
    row = call.one(
        f"SELECT * FROM {STEPS} WHERE id = ? AND path_definition_id = ?", call.args["step_id"], _definition(call)["id"]
    )
    if row is None:
        raise not_found("Step")
    return row


def _sub_step(call: Call) -> sqlite3.Row:
    row = call.one(
        f"SELECT * FROM {SUB_STEPS} WHERE id = ? AND path_step_id = ?", call.args["sub_step_id"], _step(call)["id"]
    )
    if row is None:
        raise not_found("Sub-step")
    return row


def _given(params: Any) -> dict[str, Any]:
    """The columns that a body sets; conditions are checked and become JSON."""
    values: dict[str, Any] = {}
    for field in attrs.fields(type(params)):
        value = getattr(params, field.name)
        if value is not None:
            values[field.name] = _condition(field.name, value) if field.name in _JSON else value
    return values


def _cleared(call: Call, table: str) -> dict[str, None]:
    """The columns that a change empties; what can never be null stays as it is (inferred)."""
    if call.nulls:
        call.world.infer("paths.null")
    return dict.fromkeys(_NULLABLE[table] & call.nulls)


def _condition(name: str, value: PathCondition | dict[str, Any]) -> str:
    """The grammar of a condition is that of the rules (inferred)."""
    data = {"type": value.type, "config": value.config} if isinstance(value, PathCondition) else value
    try:
        wrong = conditions.problem(parse(Condition, data))
    except InvalidError as invalid:
        problems = [Problem(f"{name}.{inner.field}", f"{name}.{inner.message}") for inner in invalid.problems]
        raise InvalidError(problems) from None
    if wrong is not None:
        raise InvalidError([Problem(f"{name}.{wrong.field}", f"{name}: {wrong.message}")])
    return dumps(data)


def _audience(call: Call, given: str | None) -> str:
    published = call.world.configs.published(call.customer_id)
    return audiences.resolved(given, call.world.configs.rules(published).audiences)


def _row(call: Call, table: str, row_id: str) -> sqlite3.Row:
    row = call.one(f"SELECT * FROM {table} WHERE id = ?", row_id)
    assert row is not None
    return row


def _insert(call: Call, table: str, values: dict[str, Any]) -> str:
    call.world.paths.clear()
    row_id = call.world.ids.new()
    rows.insert(call.db, table, {"id": row_id, **values, "created_at": call.now, "updated_at": call.now})
    return row_id


def _update(call: Call, table: str, row_id: str, values: dict[str, Any]) -> None:
    call.world.paths.clear()
    rows.update(call.db, table, row_id, {**values, "updated_at": call.now})


def _delete(call: Call, table: str, row: sqlite3.Row) -> Reply:
    """What is inside goes with it (the database cascades); 204 is inferred."""
    call.world.paths.clear()
    call.db.execute(f"DELETE FROM {table} WHERE id = ?", (row["id"],))
    return Reply(status=204)


def _activate(call: Call, path_id: str, audience: str) -> None:
    call.db.execute(
        f"UPDATE {DEFINITIONS} SET is_active = 0, updated_at = ?"
        " WHERE customer_id = ? AND audience = ? AND is_active AND id != ?",
        (call.now, call.customer_id, audience, path_id),
    )
    _update(call, DEFINITIONS, path_id, {"is_active": True})


def _reorder(call: Call, table: str, parent_id: str, params: ReorderParams) -> Reply:
    """Moves those that are named; the others stay (inferred)."""
    known = {row["id"] for row in children(call.db, table, parent_id)}
    for entry in params.ordering:
        if entry.id not in known:
            raise not_found(f"{entry.id}")
        _update(call, table, entry.id, {"ordinal": entry.ordinal})
    return Reply([view(row) for row in children(call.db, table, parent_id)])
