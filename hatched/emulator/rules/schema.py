"""The JSON Schema of a rules file, for editors. `presets/rules.schema.json` is what this makes.

python -m hatched.emulator.rules.schema > hatched/emulator/presets/rules.schema.json
"""

from __future__ import annotations

import json
from typing import Any

from hatched.emulator.json_schema import Schemas, summary
from hatched.emulator.rules import model
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


def _config(kind: str, keys: dict[str, type]) -> dict[str, Any]:
    """What the `config` of a kind of condition must have."""
    types = {str: "string", int: "integer"}
    return {
        "if": {"properties": {"type": {"const": kind}}},
        "then": {
            "properties": {
                "config": {
                    "required": list(keys),
                    "properties": {key: {"type": types[value]} for key, value in keys.items()},
                }
            }
        },
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=2))  # noqa: T201
