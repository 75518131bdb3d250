"""What a value must be. JSON has few types, and none of them is quietly made into another.

Errors name what was expected and what was found, and never hold the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from hatched.models._enums import OpenEnum

_JSON_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}


def wrong(expected: str, value: object) -> TypeError:
    """The error of a value that is something else."""
    found = "null" if value is None else _JSON_NAMES.get(type(value), f"a {type(value).__name__}")
    return TypeError(f"expected {expected}, got {found}")


def text(value: Any, _: Any = None) -> str:
    """A string, and nothing made into one."""
    if value.__class__ is str:
        return value
    if isinstance(value, str):
        return str(value)
    raise wrong("a string", value)


def integer(value: Any, _: Any = None) -> int:
    """An integer; 2.0 is one, 1.9 and true are not."""
    if value.__class__ is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float):
        raise TypeError("expected an integer, got a fraction")
    raise wrong("an integer", value)


def number(value: Any, _: Any = None) -> float:
    """A number; true is none."""
    if value.__class__ is int or value.__class__ is float:
        return value
    raise wrong("a number", value)


def boolean(value: Any, _: Any = None) -> bool:
    """True or false."""
    if value.__class__ is bool:
        return value
    raise wrong("a boolean", value)


def mapping(value: Any, _: Any = None) -> Mapping[Any, Any]:
    """An object; its contents are not looked at."""
    if value.__class__ is dict or isinstance(value, Mapping):
        return value
    raise wrong("an object", value)


def numbers(value: Any, _: Any = None) -> Mapping[Any, Any]:
    """An object of numbers."""
    for one in mapping(value).values():
        number(one)
    return mapping(value)


def enum(value: Any, kind: Any) -> OpenEnum:
    """A member of an open enum."""
    member: OpenEnum | None = kind._value2member_map_.get(value) if value.__class__ is str else None
    return cast(OpenEnum, kind(text(value))) if member is None else member


def time(value: Any, _: Any = None) -> datetime:
    """An aware time of ISO 8601 text."""
    if value.__class__ is not str:
        raise wrong("an ISO 8601 time", value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise TypeError("expected an ISO 8601 time, got other text") from None
    # The API's times are UTC (guides/send-events), so that is what a missing offset means.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def time_text(value: datetime, _: Any = None) -> str:
    """ISO 8601 text of an aware time."""
    if value.utcoffset() is None:
        raise ValueError("a naive datetime is ambiguous: give it a timezone, such as datetime.now(timezone.utc)")
    return value.isoformat().replace("+00:00", "Z")


def moment(value: Any, _: Any = None) -> str:
    """A time on its way out: an aware datetime, or ISO 8601 text with an offset."""
    if isinstance(value, datetime):
        return time_text(value)
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        raise ValueError("expected an ISO 8601 time such as 2026-04-22T10:30:00Z") from None
    if parsed.utcoffset() is None:
        raise ValueError("a time without an offset is ambiguous: end it with Z or +HH:MM")
    return str(value)


def sequence(value: Any) -> Sequence[Any]:
    """A list or tuple; text is none."""
    if isinstance(value, list | tuple):
        return value
    raise wrong("a list", value)
