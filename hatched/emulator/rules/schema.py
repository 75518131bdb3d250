"""The JSON Schema of a rules file, for editors. `presets/rules.schema.json` is what this makes.

hatched emulator schema > hatched/emulator/presets/rules.schema.json
"""

from __future__ import annotations

from typing import Any

from hatched.emulator.json_schema import Schema, Schemas, summary
from hatched.emulator.rules import model
from hatched.emulator.rules.check import AUDIENCE, LEAST, MAX_STAGES
from hatched.emulator.rules.conditions import CONFIG


def document() -> dict[str, Any]:
    """The schema. TOML has no null, so what may be `None` may only be left out."""
    schemas = Schemas("#/$defs/")
    schemas.of(model.Rules)
    for name, schema in schemas.named.items():
        schema["description"] = summary(getattr(model, name))
        for key, value in schema["properties"].items():
            if "anyOf" in value:
                schema["properties"][key] = value["anyOf"][0]
    _bound(schemas.named)
    schemas.named["Condition"] |= {
        "allOf": [_config(kind, keys) for kind, keys in CONFIG.items()],
    }
    rules = schemas.named.pop("Rules")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of the Hatched emulator",
        **rules,
        "$defs": schemas.named,
    }


def _bound(named: dict[str, Schema]) -> None:
    """What `check` says of a single value. What it says of several, such as keys that come twice, stays out."""

    def of(name: str, field: str) -> Schema:
        schema: Schema = named[name]["properties"][field]
        return schema

    for cls, numbers in LEAST.items():
        for field, least in numbers.items():
            of(cls.__name__, field)["minimum"] = least
    of("Skill", "level_every")["exclusiveMinimum"] = 0
    of("Evolution", "stages")["maxItems"] = MAX_STAGES - 1
    of("Rules", "audiences").update(minItems=1, uniqueItems=True)
    of("Rules", "audiences")["items"]["pattern"] = f"^{AUDIENCE}$"
    for event in (
        of("CoinRule", "event"),
        of("SkillRule", "event"),
        of("Streak", "events")["items"],
        of("Rules", "event_types")["items"],
    ):
        event["minLength"] = 1


def _config(kind: str, keys: dict[str, type]) -> dict[str, Any]:
    """What the `config` of a kind of condition must have."""
    types = {str: {"type": "string", "minLength": 1}, int: {"type": "integer"}}
    return {
        "if": {"properties": {"type": {"const": kind}}},
        "then": {
            "properties": {
                "config": {
                    "required": list(keys),
                    "properties": {key: types[value] for key, value in keys.items()},
                }
            }
        },
    }
