"""The models against the official reference of the JavaScript SDK (tests/data/sdk_js_reference.json)."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest

from hatched import models
from hatched.codec import to_snake

REFERENCE = json.loads((Path(__file__).parent / "data" / "sdk_js_reference.json").read_text(encoding="utf-8"))
INTERFACES: dict[str, dict[str, dict[str, Any]]] = dict(REFERENCE["interfaces"])
for alias, target in REFERENCE["aliases"].items():
    if target.startswith("Partial<"):
        whole = REFERENCE["interfaces"][target[len("Partial<") : -1]]
        INTERFACES[alias] = {name: {**fact, "optional": True} for name, fact in whole.items()}
ENUMS = {name: text for name, text in REFERENCE["aliases"].items() if not text.startswith("Partial<")}
INLINE_ENUMS = {
    ("Buddy", "status"): models.BuddyStatus,
    ("BuddyEvolutionRecord", "source"): models.EvolutionSource,
    ("TokenBalance", "kind"): models.TokenKind,
    ("WebhookDelivery", "status"): models.DeliveryStatus,
    ("WebhookEndpoint", "status"): models.WebhookStatus,
}

PYTHON_NAME = {"Page": "DeliveryPage"}
"""A generic of TypeScript with one use."""
SECONDS = {"timeout_ms": "timeout", "interval_ms": "interval", "tolerance_seconds": "tolerance"}
"""Times are seconds, so their names have no unit."""
NOT_OURS = {"signal"}
"""Cancellation is the event loop's."""
LOOSER = {("SendEventParams", "event_id")}
"""Minted when missing (issue: a retry can never apply twice)."""

NOW = datetime(2026, 4, 22, 10, 30, tzinfo=UTC)
CLASSES = sorted(
    (kind for name in dir(models) if attrs.has(kind := getattr(models, name)) and isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)


def class_of(interface: str) -> type:
    return getattr(models, PYTHON_NAME.get(interface, interface))


def documented(interface: str) -> dict[str, dict[str, Any]]:
    """The fields of an interface by the name that they have here."""
    snake = {to_snake(name): fact for name, fact in INTERFACES[interface].items() if name not in NOT_OURS}
    return {SECONDS.get(name, name): fact for name, fact in snake.items()}


def is_property(kind: type, name: str) -> bool:
    return isinstance(getattr(kind, name, None), property)


@pytest.mark.parametrize("interface", INTERFACES)
class TestEveryInterface:
    def test_has_a_class_with_all_its_fields_in_snake_case(self, interface: str) -> None:
        kind = class_of(interface)
        ours = {*attrs.fields_dict(kind), *(name for name in documented(interface) if is_property(kind, name))}

        assert documented(interface).keys() <= ours

    def test_requires_what_the_reference_requires_and_nothing_else(self, interface: str) -> None:
        fields = attrs.fields_dict(class_of(interface))
        theirs = {name: not fact["optional"] for name, fact in documented(interface).items() if name in fields}
        theirs |= {name: False for owner, name in LOOSER if owner == interface}

        assert {name: fields[name].default is attrs.NOTHING for name in theirs} == theirs

    def test_has_types_that_fit(self, interface: str) -> None:
        kind = class_of(interface)
        hints = {name: hint for name, hint in get_type_hints(kind).items() if name in documented(interface)}

        wrong = {
            name: (hint, documented(interface)[name]["type"])
            for name, hint in hints.items()
            if not fits(hint, documented(interface)[name]["type"], name)
        }

        assert wrong == {}


def fits(hint: Any, text: str, name: str) -> bool:
    """Whether a Python type can hold what a type of TypeScript says."""
    text = text.removesuffix(" | null")
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    kinds = {get_origin(one) or one for one in options} - {type(None)}
    if text in {"boolean", "true"}:
        return kinds == {bool}
    if text == "number":
        return kinds <= {int, float}
    if text.endswith("[]"):
        return kinds <= {tuple, Sequence}
    if text.startswith("Record<"):
        return kinds == {Mapping}
    if text == "string" and (name.endswith("_at") or name == "timestamp"):
        return datetime in kinds
    if text == "string":
        return all(one is str or issubclass(one, models.OpenEnum) for one in kinds)
    return True  # another interface, or a union of literals: looked at below


@pytest.mark.parametrize(
    ("interface", "name", "kind"),
    [
        ("PathRuntimePayload", "definition", models.PathRuntimeDefinition),
        ("BuddyList", "meta", models.PageMeta),
    ],
)
def test_inline_objects_are_classes_with_the_same_fields(interface: str, name: str, kind: type) -> None:
    inline = {to_snake(one) for one in re.findall(r"(\w+)\??:", INTERFACES[interface][name]["type"])}

    assert {*attrs.fields_dict(kind)} - {"extra"} == inline
    assert get_type_hints(class_of(interface))[name] is kind


@pytest.mark.parametrize("name", ENUMS)
def test_every_union_of_strings_is_an_enum_with_these_values(name: str) -> None:
    values = {part.strip().strip("'") for part in ENUMS[name].split("|")}

    assert {member.value for member in getattr(models, name)} == values


@pytest.mark.parametrize(("interface", "name"), INLINE_ENUMS)
def test_inline_unions_of_strings_are_enums_with_these_values(interface: str, name: str) -> None:
    values = {part.strip().strip("'") for part in INTERFACES[interface][name]["type"].split("|")}

    assert {member.value for member in INLINE_ENUMS[interface, name]} == values
    assert get_type_hints(class_of(interface))[name] is INLINE_ENUMS[interface, name]


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, models.Model)], ids=lambda k: k.__name__)
def test_every_time_of_an_answer_is_a_datetime(kind: type) -> None:
    hints = get_type_hints(kind)

    loose = [name for name, hint in hints.items() if name.endswith("_at") and hint not in (datetime, datetime | None)]

    assert loose == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
class TestEveryClass:
    def test_is_slotted(self, kind: type) -> None:
        assert not hasattr(object.__new__(kind), "__dict__")

    def test_is_frozen(self, kind: type) -> None:
        name = attrs.fields(kind)[0].name if attrs.fields(kind) else "anything"

        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(object.__new__(kind), name, 1)

    def test_takes_keywords_only(self, kind: type) -> None:
        assert all(field.kw_only for field in attrs.fields(kind))

    def test_says_what_it_is(self, kind: type) -> None:
        assert kind.__doc__


@pytest.mark.parametrize(
    ("name", "extra"),
    [("CreateEggParams", "audience"), ("EventEffects", "debug_reason"), ("VerifySignatureOptions", "timestamp")],
)
def test_what_is_newer_than_the_reference_is_there_too(name: str, extra: str) -> None:
    assert extra in attrs.fields_dict(getattr(models, name))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (models.SessionToken, {"session_id": "s", "expires_at": NOW, "scopes": ()}),
        (models.EmbedToken, {"expires_at": NOW, "mode": "read-only"}),
    ],
)
def test_a_token_is_hidden_in_repr(kind: Any, fields: dict[str, Any]) -> None:
    assert "eyJhbGciOiJ" not in repr(kind(token="eyJhbGciOiJ.e30.sig", **fields))


def test_the_secret_of_an_endpoint_is_hidden_in_repr() -> None:
    endpoint = models.WebhookEndpoint(
        id="w",
        url="u",
        events=(),
        active=True,
        status=models.WebhookStatus.ACTIVE,
        secret="whsec_planted",
        created_at=NOW,
        updated_at=NOW,
    )

    assert "planted" not in repr(endpoint)


def test_an_operation_has_the_alias_id() -> None:
    operation = models.Operation(
        operation_id="op",
        type="t",
        status=models.OperationStatus.PENDING,
        created_at=NOW,
        updated_at=NOW,
    )

    assert operation.id == "op"


class TestOpenEnums:
    def test_a_known_value_is_the_member(self) -> None:
        assert models.EggStatus("ready") is models.EggStatus.READY

    def test_an_unknown_value_equals_its_string_and_says_that_it_is_unknown(self) -> None:
        unknown = models.EggStatus("frozen")

        assert unknown == "frozen"
        assert not unknown.is_known

    def test_an_unknown_value_keeps_its_identity(self) -> None:
        first = models.EggStatus("frozen")

        assert models.EggStatus("frozen") is first

    def test_an_unknown_value_is_not_that_of_another_enum(self) -> None:
        egg, buddy = models.EggStatus("frozen"), models.BuddyStatus("frozen")

        assert type(egg) is models.EggStatus
        assert type(buddy) is models.BuddyStatus

    def test_an_unknown_value_does_not_become_a_member(self) -> None:
        keep = models.EggStatus("frozen")

        assert keep not in list(models.EggStatus)

    @pytest.mark.parametrize("value", ["ready", "frozen", "", "\ud800", "x" * 10_000])
    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_any_value_survives_copies_and_pickles_as_itself(self, value: str, again: Any) -> None:
        member = models.EggStatus(value)

        assert again(member) is member

    @pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, b"ready"])
    def test_what_is_no_string_is_no_value(self, value: object) -> None:
        with pytest.raises(ValueError):
            models.EggStatus(value)


class TestExtra:
    def test_is_read_only(self) -> None:
        with pytest.raises(TypeError):
            models.Extra({"a": 1})["a"] = 2  # type: ignore[index]

    def test_does_not_see_later_changes_of_its_source(self) -> None:
        source = {"a": 1}
        extra = models.Extra(source)
        source["b"] = 2

        assert dict(extra) == {"a": 1}

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_copies_and_pickles(self, again: Any) -> None:
        assert again(models.Extra({"a": [1]})) == models.Extra({"a": [1]})

    def test_equals_any_mapping_with_the_same_items(self) -> None:
        assert models.Extra({"a": 1}) == {"a": 1}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Bogus"):
        models.Bogus


def test_literals_of_parameters_are_those_of_the_reference() -> None:
    assert get_type_hints(models.SkillUpdate)["action"] == Literal["increase", "decrease", "set"]
    assert get_type_hints(models.BuddyListParams)["order"] == Literal["asc", "desc"] | None
