"""attrs classes as JSON Schema."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

Schema = dict[str, Any]

_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


class Schemas:
    """The schemas of the classes that were asked for, and of those within them, each once and by name.

    Args:
        place: Where in the document they will stand: `#/components/schemas/`.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self.named: dict[str, Schema] = {}

    def of(self, hint: Any) -> Schema:
        """The schema of a type; that of a class is a reference."""
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            # As for the validator, the first of several types is the one that counts: `str` stands for its text.
            schema = self.of(args[0])
            return {"anyOf": [schema, {"type": "null"}]} if types.NoneType in args else schema
        if origin is typing.Literal:
            return {"type": "string", "enum": list(args)}
        if origin in (Sequence, tuple):
            return {"type": "array", "items": self.of(args[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if attrs.has(hint):
            return self._reference(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return {"type": "string", "enum": [member.value for member in hint]}
        return dict(_SCALARS[hint])

    def properties(self, cls: Any, *, nullable: bool = True) -> dict[str, Schema]:
        """The schemas of a class's fields; without `nullable`, what may be `None` may only be left out."""
        hints = typing.get_type_hints(cls)
        return {
            field.name: self.of(hints[field.name] if nullable else _present(hints[field.name])) for field in fields(cls)
        }

    def _reference(self, cls: Any) -> Schema:
        name: str = cls.__name__
        if name not in self.named:
            schema = self.named[name] = {"type": "object", "additionalProperties": False}
            schema["properties"] = self.properties(cls)
            schema["required"] = [field.name for field in fields(cls) if field.default is attrs.NOTHING]
        return {"$ref": self._place + name}


def fields(cls: Any) -> list[Any]:
    """What travels in a body; `extra` is where the SDK keeps what it does not know."""
    return [field for field in attrs.fields(cls) if field.name != "extra" and field.metadata.get("in_body", True)]


def summary(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _present(hint: Any) -> Any:
    optional = types.NoneType in typing.get_args(hint)
    return typing.get_args(hint)[0] if optional else hint
