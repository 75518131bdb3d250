"""Everything that crosses the wire: JSON ⇄ models, camelCase ⇄ snake_case.

Strict about values (a `null` is not the string "None", 1.9 is not 1) and open about the future (unknown
fields survive in `extra`, unknown enum values as themselves). Answers are structured by a fast converter;
only when that fails does a detailed one look at the same payload and name each place.

The converters are private and never changed after this module is loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from types import GenericAlias, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from hatched import strict
from hatched.models._base import Extra, Model, Params
from hatched.models._enums import OpenEnum

T = TypeVar("T")
Case = Literal["snake", "camel"]


class CodecError(ValueError):
    """JSON that does not fit; `problems` names each place. Never contains a value."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@lru_cache(maxsize=4096)
def to_camel(name: str) -> str:
    """`user_id` → `userId`."""
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda match: match[1].upper(), name)


@lru_cache(maxsize=4096)
def to_snake(name: str) -> str:
    """`userId` → `user_id`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


# --- JSON -----------------------------------------------------------------------------------------


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return strict.time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if attrs.has(type(value)):
        return _wire().unstructure(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")


_ENCODER = json.JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def dumps(value: object) -> bytes:
    """Encode as JSON; datetimes (aware ones), dates and UUIDs may stand anywhere in it.

    Raises:
        TypeError: Something has no JSON form.
        ValueError: NaN, infinity, a cycle, or text that is not Unicode.
    """
    try:
        return _ENCODER.encode(value).encode()
    except RecursionError:
        raise ValueError("the data is nested too deeply to be sent as JSON") from None
    except UnicodeEncodeError as error:
        raise ValueError(f"a string cannot be encoded as UTF-8: {error.reason}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def loads(body: bytes) -> Any:
    """Decode JSON.

    Raises:
        CodecError: The bytes are not JSON.
    """
    try:
        return _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        if not body:
            raise CodecError("there is no body") from None
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise CodecError(f"not JSON: {reason} ({len(body)} bytes)") from None


# --- structuring: JSON → models ---------------------------------------------------------------------


def _structure_model(kind: type, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    names = [attribute.name for attribute in attrs.fields(kind)]
    known = frozenset(names) - {"extra"}
    options: dict[str, Any] = {"extra": override(omit=True)} if "extra" in names else {}
    inner: Callable[[Any, Any], Any] = make_dict_structure_fn(kind, converter, _cattrs_use_linecache=False, **options)

    twins: tuple[tuple[str, str], ...] = getattr(kind, "twins", ())

    def structure_model(value: Any, _: Any) -> Any:
        if isinstance(value, kind):
            return value
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise strict.wrong("an object", value)
        if known.issuperset(value) and not twins:
            return inner(value, kind)
        fields, extra = {}, {}
        for key, item in value.items():
            name = key if key in known else to_snake(str(key))
            if name not in known or (name != key and name in value):
                extra[key] = item
            else:
                fields[name] = item
        for one, other in twins:
            if one in fields or other in fields:
                fields.setdefault(other, fields.setdefault(one, fields.get(other)))
        if extra and not options:
            raise TypeError(_no_field(extra, known))
        result = inner(fields, kind)
        if extra:
            object.__setattr__(result, "extra", Extra(extra))
        return result

    return structure_model


def _no_field(names: Iterable[str], known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = [match for name in names for match in get_close_matches(to_snake(name), known, 1)]
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is no field {', '.join(map(repr, names))}{hint}"


def _structure_enveloped(kind: type, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """Accept `{"effects": {…}, "debug_reason": …}` as well as the bare effects."""
    inner = _structure_model(kind, converter)
    envelope: str = kind.envelope  # type: ignore[attr-defined]

    def structure_enveloped(value: Any, _: Any) -> Any:
        if isinstance(value, Mapping) and envelope in value and isinstance(value[envelope], Mapping):
            outer = {key: item for key, item in value.items() if key != envelope}
            value = {**outer, **value[envelope]}
        return inner(value, kind)

    return structure_enveloped


def _structure_tuple(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """An array, or (inferred, for lists that the SDK reference types as bare arrays) `{"data": […]}`."""
    inner: Callable[[Any, Any], Any] = (
        homogenous_tuple_structure_factory(kind, converter) if converter.detailed_validation else _each(kind, converter)
    )

    def structure_tuple(value: Any, _: Any) -> Any:
        if value.__class__ is not list:
            if isinstance(value, Mapping) and isinstance(value.get("data"), list):
                value = value["data"]
            if not isinstance(value, list | tuple):
                raise strict.wrong("an array", value)
        return inner(value, kind)

    return structure_tuple


def _each(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    (item_kind, _) = get_args(kind)
    item = converter.get_structure_hook(item_kind)
    return lambda value, _: tuple([item(one, item_kind) for one in value]) if value else ()


def _structure_sequence(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    tuple_kind = GenericAlias(tuple, (get_args(kind)[0], ...))
    inner = _structure_tuple(tuple_kind, converter)
    return lambda value, _: inner(value, tuple_kind)


def _structure_literal(kind: Any, _: cattrs.Converter | None = None) -> Callable[[Any, Any], Any]:
    allowed = get_args(kind)

    def structure_literal(value: Any, _: Any) -> Any:
        if value in allowed:
            return value
        raise ValueError(f"expected one of {', '.join(map(repr, allowed))}")

    return structure_literal


def _structure_choice(kind: Any, converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    """A field that may be `None`, or takes a class or looser types, such as `EggStatus | str | None`: the class."""
    first, *looser = [one for one in get_args(kind) if one is not type(None)]
    if first is datetime and looser:  # checked, and kept as given, when it is sent
        return lambda value, _: value
    inner = converter.get_structure_hook(first)
    return lambda value, _: None if value is None else inner(value, first)


def _is_choice(kind: Any) -> bool:
    return isinstance(kind, UnionType)


def _is(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: kind is origin or get_origin(kind) is origin


def _is_subclass(base: type) -> Callable[[Any], bool]:
    return lambda kind: isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, base)


def _has_envelope(kind: Any) -> bool:
    return _is_subclass(Model)(kind) and bool(kind.envelope)


@cache
def _make_converter(*, detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, hook in (
        (str, strict.text),
        (int, strict.integer),
        (float, strict.number),
        (bool, strict.boolean),
        (datetime, strict.time),
    ):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook(OpenEnum, strict.enum)  # a class hook: the one of `str` would win over a factory
    converter.register_structure_hook_func(_is(Mapping), strict.mapping)
    converter.register_structure_hook_func(lambda kind: kind == Mapping[str, float], strict.numbers)
    converter.register_structure_hook_factory(_is_choice, _structure_choice)
    converter.register_structure_hook_factory(_is(Literal), _structure_literal)
    converter.register_structure_hook_factory(_is(Sequence), _structure_sequence)
    converter.register_structure_hook_factory(_is(tuple), _structure_tuple)
    converter.register_structure_hook_factory(_is_subclass(Model), _structure_model)
    converter.register_structure_hook_factory(_is_subclass(Params), _structure_model)
    converter.register_structure_hook_factory(_has_envelope, _structure_enveloped)
    return converter


def structure(value: Any, kind: type[T]) -> T:
    """Make a model, or a tuple of models, of parsed JSON. Keys may be snake_case or camelCase.

    Raises:
        CodecError: The value does not fit; each place is named.
    """
    try:
        return _make_converter(detailed=False).structure(value, kind)
    except Exception as error:  # noqa: BLE001  a hostile payload may raise anything, and it all means the same
        problems = _explain(value, kind) or (_message(error),)
    raise CodecError(*problems)


def structure_leniently(value: Mapping[str, Any], kind: type[T]) -> T:
    """A model whose fields are all optional, without those that do not fit."""
    fitting = {}
    for key, item in value.items():
        try:
            structure({key: item}, kind)
        except CodecError:
            continue
        fitting[key] = item
    return structure(fitting, kind)


def decode(body: bytes, kind: type[T]) -> T:
    """`structure` of a JSON body."""
    return structure(loads(body), kind)


def _explain(value: Any, kind: Any) -> tuple[str, ...]:
    try:
        _make_converter(detailed=True).structure(value, kind)
    except BaseValidationError as error:
        lines = cattrs.transform_error(error, format_exception=lambda inner, _: _message(inner))
        return tuple(lines[:10])
    except Exception as error:  # noqa: BLE001  see `structure`
        return (_message(error),)
    return ()


def _message(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"required field {error.args[0]!r} is missing"
    return str(error) or type(error).__name__


# --- unstructuring: parameters → JSON, and models → dictionaries -------------------------------------

_ARGUMENTS: dict[Any, Callable[[Any], Any]] = {
    str: strict.text,
    int: strict.integer,
    float: strict.number,
    bool: strict.boolean,
    datetime: strict.time_text,
    datetime | str: strict.moment,
}


def _argument(kind: Any) -> Callable[[Any], Any]:
    """How a parameter of this type is checked and put on the wire."""
    if type(None) in get_args(kind):
        kind = Union[tuple(option for option in get_args(kind) if option is not type(None))]  # noqa: UP007
    if kind in _ARGUMENTS:
        return _ARGUMENTS[kind]
    if _is(Mapping)(kind):
        return lambda value: dict(strict.mapping(value))
    if _is(Sequence)(kind):
        item = _argument(get_args(kind)[0])
        return lambda value: [item(one) for one in strict.sequence(value)]
    if _is(Literal)(kind):
        return lambda value: _structure_literal(kind)(value, kind)
    if get_args(kind):  # a class, or looser types that become one
        kind = get_args(kind)[0]
    if _is_subclass(OpenEnum)(kind):
        return lambda value: str(strict.text(value))
    return lambda value: _wire().unstructure(params(value, kind))


def _unstructure_params(kind: type, _: cattrs.Converter) -> Callable[[Any], dict[str, Any]]:
    attrs.resolve_types(kind)
    fields = [
        (one.name, _argument(one.type), one.default is attrs.NOTHING)
        for one in attrs.fields(kind)
        if one.name != "extra" and one.metadata.get("in_body", True)
    ]

    def unstructure_params(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = dict(getattr(value, "extra", ()))
        for name, argument, required in fields:
            item = getattr(value, name)
            if item is None and not required:
                continue
            try:
                if item == "" and name.endswith("_id"):  # it would mean everybody's, or protect nothing
                    raise ValueError("must not be empty")
                out[name] = argument(item)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{name}: {error}") from None
        return out

    return unstructure_params


@cache
def _wire() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook_factory(_is_subclass(Params), _unstructure_params)
    converter.register_unstructure_hook_factory(_is_subclass(Model), _unstructure_params)
    return converter


def params(value: Any, kind: type[T]) -> T:
    """A parameter object, or a mapping in either case, as a parameter object.

    Raises:
        TypeError: An unknown or missing field, or a wrong type.
    """
    if isinstance(value, kind):
        return value
    try:
        return structure(value, kind)
    except CodecError as error:
        raise TypeError(f"{kind.__name__}: {error}") from None


def to_wire(value: Params) -> dict[str, Any]:
    """Check a parameter object and lay it out for the wire, without what is `None`.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field has the right type and a value that cannot be sent.
    """
    return _wire().unstructure(value)  # type: ignore[no-any-return]


_SERVERS = {"error", "result"}
"""Fields of any shape that the server fills: their keys follow the case. Maps of the caller's never do."""


@cache
def _make_exporter(case: Case) -> cattrs.Converter:
    converter = cattrs.Converter()
    rename: Callable[[str], str] = to_camel if case == "camel" else str

    def deep(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {rename(key): deep(item) for key, item in value.items()}
        return [deep(item) for item in value] if isinstance(value, list) else value

    def unstructure_model(kind: type, _: cattrs.Converter) -> Callable[[Any], dict[str, Any]]:
        names = [one.name for one in attrs.fields(kind)]
        renames: dict[str, Any] = {name: override(rename=rename(name)) for name in names if name != "extra"}
        omit: dict[str, Any] = {"extra": override(omit=True)} if "extra" in names else {}
        inner: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(kind, converter, **renames, **omit)
        open_fields = [rename(name) for name in names if name in _SERVERS]
        aliases: tuple[str, ...] = getattr(kind, "aliases", ()) if case == "camel" else ()

        def unstructure(value: Any) -> dict[str, Any]:
            out = {**deep(getattr(value, "extra", {})), **inner(value)}
            out |= {name: deep(out[name]) for name in open_fields}
            return out | {alias: getattr(value, alias) for alias in aliases}

        return unstructure

    converter.register_unstructure_hook(datetime, strict.time_text)
    converter.register_unstructure_hook_factory(_is_subclass(OpenEnum), lambda _, __: str)
    converter.register_unstructure_hook_factory(
        _is(tuple), lambda _, __: lambda items: [converter.unstructure(one) for one in items]
    )
    converter.register_unstructure_hook_func(_is(Mapping), dict)
    converter.register_unstructure_hook_factory(_is_subclass(Model), unstructure_model)
    converter.register_unstructure_hook_factory(_is_subclass(Params), unstructure_model)
    return converter


def to_dict(value: Model | Params, *, case: Case = "snake") -> dict[str, Any]:
    """A model as plain JSON data, such as the JavaScript SDK would have with `case="camel"`.

    Times become ISO 8601 text. `extra` is merged in. Keys of your own maps (`properties`, `metadata`,
    `skills`, `tokens`, `custom_counters`, `config`) stay as they are.
    """
    if not isinstance(value, Model | Params):
        raise TypeError(f"expected a model of hatched, got {type(value).__name__}")
    if case not in get_args(Case):
        raise ValueError(f"case must be 'snake' or 'camel', not {case!r}")
    try:
        data: dict[str, Any] = json.loads(dumps(_make_exporter(case).unstructure(value)))
    except RecursionError:
        raise ValueError("the data is nested too deeply") from None
    return data
