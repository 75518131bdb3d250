"""Checks JSON against the attrs classes of `hatched.models`, which stay the only description of a body.

The messages are those of the validator of the real server where the documentation shows them (`property X
should not exist`, `buddy_id must be a UUID`); the others are inferred: the same library's usual words.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import attrs

from hatched.emulator.constraints import CONSTRAINTS, RefusedError, not_empty, uuid
from hatched.emulator.errors import ApiError

T = TypeVar("T")
Reader = Callable[[Any], Any]
NO_ARGS: Mapping[str, str] = {}
_DIGITS = 16
_PLAIN = {str, int, bool, type(None)}
_DEEPEST = 100
"""Levels of a value of any shape (inferred): what is stored must be readable however deep the caller's stack is."""


class Problem(NamedTuple):
    """One complaint, and the field that it is about (`events.0.user_id`).

    Attributes:
        seen: Whether the documentation says that such a value is refused.
    """

    field: str
    message: str
    seen: bool = True


@attrs.frozen
class Nothing:
    """The body, or the query, of a route that takes none."""


class InvalidError(ValueError):
    """A value that does not fit its class."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems

    def error(self, entries: Literal["objects", "messages"]) -> ApiError:
        """The 422 to answer; the shape of an entry of `details.fields` is inferred."""
        fields = [
            message if entries == "messages" else {"field": field, "message": message}
            for field, message, _ in self.problems
        ]
        guess = None if any(problem.seen for problem in self.problems) else "validation.values"
        return ApiError(422, "validation_failed", str(self), {"fields": fields}, guess=guess)


def parse(cls: type[T], data: Any, args: Mapping[str, str] = NO_ARGS) -> T:
    """An instance of an attrs class. Raises `InvalidError` with every problem at once.

    Args:
        cls: The class of a body, or any other made of JSON's types.
        data: Decoded JSON.
        args: Where a field that does not travel in the body is found, if it has no default.
    """
    if type(data) is not dict:
        raise InvalidError([Problem("", "the request body must be a JSON object")])
    return _instance(cls, data, args)


def parse_query(cls: type[T], query: str, args: Mapping[str, str] = NO_ARGS) -> T:
    """The same for a query string, whose numbers are text."""
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    untyped: Any = cls
    numbers = _numbers_of(untyped)
    return _instance(cls, {name: _number(value) if name in numbers else value for name, value in pairs.items()}, args)


def check_uuid(name: str, value: str) -> str:
    """The id, if it is a UUID."""
    try:
        return uuid(value)
    except RefusedError as refused:
        raise InvalidError([Problem(name, f"{name} {refused}")]) from None


def _instance(cls: type[T], data: dict[str, Any], args: Mapping[str, str]) -> T:
    untyped: Any = cls
    instance: T = _reader_of_class(untyped)(data, args)
    return instance


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else text


@cache
def _numbers_of(cls: Any) -> frozenset[str]:
    return frozenset(name for name, hint in typing.get_type_hints(cls).items() if int in typing.get_args(hint))


@cache
def _reader_of_class(cls: type[Any]) -> Callable[..., Any]:
    hints = typing.get_type_hints(cls)
    constraints = CONSTRAINTS.get(cls, {})
    readers: dict[str, Reader] = {}
    required: dict[str, None] = {}
    nothing: dict[str, None] = {}  # what may be null
    elsewhere: list[str] = []
    for field in attrs.fields(cls):
        if field.name == "extra":  # what an answer may hold, but no body
            continue
        if not field.metadata.get("in_body", True):
            if field.default is attrs.NOTHING:
                elsewhere.append(field.name)
            continue
        reader = _reader(hints[field.name])
        constraint = constraints.get(field.name)
        readers[field.name] = _both(reader, constraint) if constraint else reader
        if hints[field.name] is Any or types.NoneType in typing.get_args(hints[field.name]):
            nothing[field.name] = None
        if field.default is attrs.NOTHING:
            required[field.name] = None

    def read(data: Any, args: Mapping[str, str] = NO_ARGS) -> Any:
        if type(data) is not dict:
            raise RefusedError("must be an object")
        try:
            values = {name: nothing[name] if value is None else readers[name](value) for name, value in data.items()}
            for name in elsewhere:
                values[name] = args[name]
            if required.keys() <= values.keys():
                return cls(**values)
        except (KeyError, RefusedError, InvalidError):
            pass
        raise InvalidError(_all_that_is_wrong(data))

    def _all_that_is_wrong(data: dict[str, Any]) -> list[Problem]:
        problems: list[Problem] = []
        for name, value in data.items():
            reader = readers.get(name)
            if reader is None:
                problems.append(Problem(name, f"property {name} should not exist"))
            elif value is not None:
                try:
                    reader(value)
                except RefusedError as refused:
                    problems.append(Problem(name, f"{name} {refused}", refused.seen))
                except InvalidError as invalid:
                    problems += _below(name, invalid)
            elif name not in nothing:
                problems.append(Problem(name, f"{name} should not be null"))
        return problems + [Problem(name, f"{name} should not be empty") for name in required if name not in data]

    return read


def _below(name: str, invalid: InvalidError) -> list[Problem]:
    return [Problem(f"{name}.{field}", f"{name}.{message}", seen) for field, message, seen in invalid.problems]


def _both(reader: Reader, constraint: Reader) -> Reader:
    if reader is _string and constraint is not_empty:
        return _text  # the most frequent pair
    return lambda value: constraint(reader(value))


def _text(value: Any) -> str:
    if type(value) is str and value and "\0" not in value:
        return value
    return not_empty(_string(value))


def _reader(hint: Any) -> Reader:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        # `datetime | str` is a time as text here: JSON has no other.
        present = [arg for arg in args if arg not in (types.NoneType, datetime)]
        return _reader(present[0])
    if origin is typing.Literal:
        return _member(args)
    if origin in (Sequence, tuple) or hint in (Sequence, tuple):
        return _sequence(_reader(args[0] if args else Any))
    if origin is Mapping or hint is Mapping:
        member = args[1] if args else Any
        return _anythings if member is Any else _mapping(_reader(member))
    if hint is Any:
        return _anything
    if attrs.has(hint):
        return _reader_of_class(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        # An open enum accepts everything, the server only what it knows.
        return _member(tuple(member.value for member in hint))
    return _SCALARS[hint]


def _anything(value: Any) -> Any:
    _refuse_what_is_no_json(value, _DEEPEST)
    return value


def _anythings(value: Any) -> dict[str, Any]:
    """What `_mapping(_anything)` would answer, but not a copy."""
    if type(value) is not dict:
        raise RefusedError("must be an object")
    for entry in value.values():
        _refuse_what_is_no_json(entry, _DEEPEST)
    return value


def _refuse_what_is_no_json(value: Any, levels: int) -> None:
    kind = type(value)
    if kind in _PLAIN or (kind is float and isfinite(value)):
        return
    if kind not in (dict, list):
        raise RefusedError("must be a JSON value")
    if levels == 0:
        raise RefusedError(f"must not be nested more than {_DEEPEST} levels deep")
    members: Any = value.values() if kind is dict else value
    for each in members:
        _refuse_what_is_no_json(each, levels - 1)


def _string(value: Any) -> str:
    if type(value) is not str:
        raise RefusedError("must be a string")
    if "\0" in value:
        raise RefusedError("must not contain a null character")
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise RefusedError("must be a boolean value")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > 2**53 - 1:
        raise RefusedError("must be an integer number")
    return value


def _float(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= 2**53 - 1:  # which nan is not either
        raise RefusedError("must be a number conforming to the specified constraints")
    number: float = value
    return number


_SCALARS: dict[Any, Reader] = {str: _string, bool: _boolean, int: _integer, float: _float}


def _member(allowed: tuple[str, ...]) -> Reader:
    def read(value: Any) -> str:
        if type(value) is not str or value not in allowed:
            raise RefusedError(f"must be one of the following values: {', '.join(allowed)}")
        return value

    return read


def _sequence(item: Reader) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise RefusedError("must be an array")
        try:
            return tuple(map(item, value))
        except (RefusedError, InvalidError):
            problems: list[Problem] = []
            for index, entry in enumerate(value):
                try:
                    item(entry)
                except RefusedError as refused:
                    problems.append(Problem(f"{index}", f"{index} {refused}", refused.seen))
                except InvalidError as invalid:
                    problems += _below(str(index), invalid)
            raise InvalidError(problems) from None

    return read


def _mapping(item: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise RefusedError("must be an object")
        return {key: item(entry) for key, entry in value.items()}

    return read
