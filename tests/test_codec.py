"""The wire: strict about values, open about the future."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from hatched import codec, models
from hatched.codec import CodecError, decode, dumps, loads, params, structure, to_camel, to_dict, to_snake, to_wire

NOW = datetime(2026, 4, 22, 10, 30, tzinfo=UTC)
CLASSES = sorted(
    (kind for name in dir(models) if attrs.has(kind := getattr(models, name)) and isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)
DATA = [
    kind
    for kind in CLASSES
    if issubclass(kind, models.Model | models.Params)
    and kind not in {models.Model, models.Params, models.VerifySignatureOptions}  # the last holds a function
]


def law(examples: int) -> settings:
    """How hard Hypothesis tries; no clock, and no files left behind."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


FREE_MAPS = {"properties", "metadata", "skills", "tokens", "custom_counters", "config"}

OPERATION = {
    "operation_id": "op_1",
    "type": "hatch",
    "status": "pending",
    "created_at": "2026-04-22T10:30:00Z",
    "updated_at": "2026-04-22T10:30:00Z",
}
EGG = {
    "egg_id": "egg_1",
    "user_id": "u",
    "status": "waiting",
    "visual_variant": 3,
    "config_version_id": "v",
    "buddy_id": None,
    "metadata": {},
    "created_at": "2026-04-22T10:30:00Z",
}
EFFECTS = {"coins": 10, "badges_awarded": ["first"], "evolution_ready": True, "streak_milestones": [7]}


# --- strict ---------------------------------------------------------------------------------------

JUNK: dict[str, Any] = {
    "null": None,
    "text": "abc",
    "empty text": "",
    "whole": 1,
    "fraction": 1.9,
    "true": True,
    "array": ["abc"],
    "array of null": [None],
    "empty array": [],
    "object": {"a": 1},
    "empty object": {},
}
TAKES = [
    # field of an answer, the junk that it may take after all
    (models.Egg, EGG, "egg_id", {"text", "empty text"}),
    (models.Egg, EGG, "visual_variant", {"whole"}),
    (models.Egg, EGG, "status", {"text", "empty text"}),
    (models.Egg, EGG, "metadata", {"object", "empty object"}),
    (models.Egg, EGG, "created_at", set()),
    (models.Egg, EGG, "buddy_id", {"text", "empty text", "null"}),
    (models.Operation, OPERATION, "error", {"text", "empty text", "null"}),
    (models.Operation, OPERATION, "result", set(JUNK)),
    (models.EventEffects, EFFECTS, "coins", {"whole"}),
    (models.EventEffects, EFFECTS, "evolution_ready", {"true"}),
    (models.EventEffects, EFFECTS, "badges_awarded", {"array", "empty array"}),
    (models.EventEffects, EFFECTS, "streak_milestones", {"empty array"}),
    (models.EventEffects, EFFECTS, "streak_updates", {"empty array"}),
    (models.EventEffects, EFFECTS, "debug_reason", {"text", "empty text", "null"}),
    (models.LedgerEntry, {}, "amount", {"whole", "fraction", "null"}),
    (models.LedgerEntry, {}, "is_lucky", {"true", "null"}),
    (models.TokensSummary, {}, "primary", {"null"}),
    (models.UserSummary, {}, "buddies", {"empty array", "null"}),
]


@pytest.mark.parametrize(
    ("kind", "good", "name", "takes"), TAKES, ids=lambda value: value if isinstance(value, str) else None
)
def test_a_field_takes_its_own_kind_of_json_and_no_other(
    kind: type, good: dict[str, Any], name: str, takes: set[str]
) -> None:
    taken = set()
    for label, junk in JUNK.items():
        try:
            structure({**good, name: junk}, kind)
            taken.add(label)
        except CodecError:
            pass

    assert taken == takes


@pytest.mark.parametrize("junk", [None, "abc", True, [1], {}], ids=str)
@pytest.mark.parametrize("name", ["skills", "custom_counters"])
def test_a_map_of_numbers_takes_numbers_only(name: str, junk: object) -> None:
    kind = models.SkillsSnapshot if name == "skills" else models.ProgressionSnapshot

    with pytest.raises(CodecError):
        structure({name: {"reading": junk}}, kind)


@pytest.mark.parametrize("body", ["null", "1", '"abc"', "true", "[]", "[{}]"])
def test_an_object_is_not_something_else(body: str) -> None:
    with pytest.raises(CodecError, match="expected an object"):
        decode(body.encode(), models.Health)


@pytest.mark.parametrize("body", ["null", "1", '"abc"', "true", "{}", '{"items": []}', '{"data": null}'])
def test_an_array_is_not_something_else(body: str) -> None:
    with pytest.raises(CodecError, match="expected an array"):
        decode(body.encode(), tuple[models.Egg, ...])


@pytest.mark.parametrize("missing", ["egg_id", "metadata", "created_at"])
def test_a_required_field_that_is_missing_is_named(missing: str) -> None:
    with pytest.raises(CodecError, match=f"required field '{missing}' is missing"):
        structure({name: value for name, value in EGG.items() if name != missing}, models.Egg)


def test_a_whole_float_is_an_integer() -> None:
    egg = structure({**EGG, "visual_variant": 3.0}, models.Egg)

    assert repr(egg.visual_variant) == "3"


def test_a_number_stays_the_number_it_was() -> None:
    assert repr(structure({"amount": 3, "balance": 2.5}, models.LedgerEntry).amount) == "3"


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("2026-04-22T10:30:00Z", NOW),
            ("2026-04-22T10:30:00.000Z", NOW),
            ("2026-04-22T10:30:00+00:00", NOW),
            ("2026-04-22T12:30:00+02:00", NOW),
            ("2026-04-22T10:30:00.123456Z", NOW.replace(microsecond=123456)),
            ("2026-04-22T10:30:00.123Z", NOW.replace(microsecond=123000)),
            ("2026-04-22T10:30:00", NOW),  # the API's times are UTC
            ("2026-04-22 10:30:00", NOW),
            ("20260422T103000Z", NOW),
            ("2026-04-22", NOW.replace(hour=0, minute=0)),
        ],
    )
    def test_come_as_iso_8601_and_become_aware(self, text: str, time: datetime) -> None:
        created_at = structure({**EGG, "created_at": text}, models.Egg).created_at

        assert created_at.tzinfo is not None
        assert created_at == time

    @pytest.mark.parametrize(
        "junk", ["", "soon", "2026-13-45T00:00:00Z", "1745317800", 1745317800, None, "2026-04-22T25:00Z"]
    )
    def test_are_nothing_else(self, junk: object) -> None:
        with pytest.raises(CodecError, match="expected an ISO 8601 time"):
            structure({**EGG, "created_at": junk}, models.Egg)


# --- open -----------------------------------------------------------------------------------------


FUTURE_EGG = {**EGG, "shiny": True, "newThing": {"inner_key": [1]}}


class TestUnknownFields:
    def test_are_kept_in_extra_by_their_wire_name(self) -> None:
        assert structure(FUTURE_EGG, models.Egg).extra == {"shiny": True, "newThing": {"inner_key": [1]}}

    def test_cannot_be_changed(self) -> None:
        egg = structure(FUTURE_EGG, models.Egg)

        with pytest.raises(TypeError):
            egg.extra["shiny"] = False  # type: ignore[index]

    def test_do_not_count_in_comparisons(self) -> None:
        assert structure(FUTURE_EGG, models.Egg) == structure(EGG, models.Egg)

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_survive_copies_and_pickles(self, again: Any) -> None:
        twin = again(structure(FUTURE_EGG, models.Egg))

        assert (twin, twin.extra) == (structure(EGG, models.Egg), {"shiny": True, "newThing": {"inner_key": [1]}})

    def test_of_nested_models_stay_with_them(self) -> None:
        result = structure({"results": [{"coins": 1, "gems": 2}], "took_ms": 5}, models.BatchResult)

        assert (result.extra, result.results[0].extra) == ({"took_ms": 5}, {"gems": 2})

    def test_named_like_our_own_attribute_are_data_like_any_other(self) -> None:
        assert structure({"extra": {"a": 1}}, models.Health).extra == {"extra": {"a": 1}}

    def test_come_back_in_to_dict(self) -> None:
        assert to_dict(structure(FUTURE_EGG, models.Egg))["newThing"] == {"inner_key": [1]}

    @pytest.mark.parametrize("keys", [("buddy_id", "buddyId"), ("buddyId", "buddy_id")])
    def test_never_overwrite_a_known_field(self, keys: tuple[str, str]) -> None:
        body = {key: "right" if key == "buddy_id" else "wrong" for key in keys}

        assert structure(body, models.LedgerEntry).buddy_id == "right"

    def test_never_overwrite_a_known_field_in_to_dict_either(self) -> None:
        entry = structure({"buddy_id": "right", "buddyId": "wrong"}, models.LedgerEntry)

        assert to_dict(entry, case="camel")["buddyId"] == "right"

    def test_leave_models_without_any_equal_in_memory(self) -> None:
        assert structure(EGG, models.Egg).extra is structure(EGG, models.Egg).extra


class TestUnknownEnumValues:
    def test_are_kept_as_themselves(self) -> None:
        egg = structure({**EGG, "status": "frozen"}, models.Egg)

        assert egg.status == "frozen"
        assert not egg.status.is_known

    def test_are_one_object(self) -> None:
        one, other = (structure({**EGG, "status": "frozen"}, models.Egg) for _ in range(2))

        assert one.status is other.status

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_survive_copies_and_pickles_of_their_model(self, again: Any) -> None:
        egg = structure({**EGG, "status": "frozen"}, models.Egg)

        assert again(egg).status is egg.status

    def test_come_back_in_to_dict(self) -> None:
        assert to_dict(structure({**EGG, "status": "frozen"}, models.Egg))["status"] == "frozen"


class TestShapesThatAreGuessed:
    @pytest.mark.parametrize(
        "body",
        [
            {"coins": 10, "debug_reason": "no_matching_rules"},
            {"effects": {"coins": 10, "debug_reason": "no_matching_rules"}},
            {"effects": {"coins": 10}, "debug_reason": "no_matching_rules"},
            {"effects": {"coins": 10}, "debugReason": "no_matching_rules"},
        ],
    )
    def test_effects_may_be_bare_or_wrapped(self, body: dict[str, Any]) -> None:
        effects = structure(body, models.EventEffects)

        assert (effects.coins, effects.debug_reason) == (10, models.DebugReason.NO_MATCHING_RULES)

    def test_effects_of_a_batch_may_be_wrapped_each(self) -> None:
        result = structure({"results": [{"effects": {"coins": 1}}, {"coins": 2}]}, models.BatchResult)

        assert [one.coins for one in result.results] == [1, 2]

    def test_a_list_may_be_wrapped_in_data(self) -> None:
        assert structure({"data": [EGG]}, tuple[models.Egg, ...]) == structure([EGG], tuple[models.Egg, ...])


# --- camelCase and snake_case ---------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z]+(_[a-z]+){0,4}", fullmatch=True)


class TestCases:
    @given(NAMES)
    @law(100)
    def test_snake_to_camel_and_back_is_nothing(self, name: str) -> None:
        assert to_snake(to_camel(name)) == name

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_every_field_of_ours_survives_the_round_trip(self, kind: type) -> None:
        names = [field.name for field in attrs.fields(kind)]

        assert [to_snake(to_camel(name)) for name in names] == names

    @given(st.text(max_size=20))
    @law(50)
    def test_any_text_may_be_a_name(self, name: str) -> None:
        assert isinstance(to_snake(name) + to_camel(name), str)

    @pytest.mark.parametrize(
        "body",
        [
            {"buddy_id": "b", "reference_id": "r", "is_lucky": True},
            {"buddyId": "b", "referenceId": "r", "isLucky": True},
            {"buddyId": "b", "reference_id": "r", "isLucky": True},
        ],
    )
    def test_both_are_read(self, body: dict[str, Any]) -> None:
        assert structure(body, models.LedgerEntry) == models.LedgerEntry(buddy_id="b", reference_id="r", is_lucky=True)

    @pytest.mark.parametrize("case", ["snake", "camel"])
    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            (models.SendEventParams, "properties"),
            (models.Egg, "metadata"),
            (models.SkillsSnapshot, "skills"),
            (models.Buddy, "tokens"),
            (models.ProgressionSnapshot, "custom_counters"),
            (models.PathCondition, "config"),
        ],
    )
    def test_keys_of_free_maps_are_never_rewritten(self, case: codec.Case, kind: Any, name: str) -> None:
        mine = {"lesson_id": 1, "lessonId": 2, "Lesson_Id": 3, "_x": 4, "": 5}
        value = build(kind, **{name: mine})

        wire = to_dict(value, case=case)

        assert wire[to_camel(name) if case == "camel" else name] == mine
        assert getattr(structure(wire, kind), name) == mine


def build(kind: Any, **fields: Any) -> Any:
    """An instance with the given fields and plain values in all others that it needs."""
    plain: dict[Any, Any] = {str: "x", int: 1, float: 1.0, bool: True, datetime: NOW}
    hints = get_type_hints(kind)
    for field in attrs.fields(kind):
        if field.default is attrs.NOTHING and field.name not in fields:
            hint = hints[field.name]
            origin = get_origin(hint)
            if hint in plain:
                fields[field.name] = plain[hint]
            elif origin is tuple:
                fields[field.name] = ()
            elif origin is Mapping:
                fields[field.name] = {}
            else:
                fields[field.name] = next(iter(hint))
    return kind(**fields)


# --- laws over every class ------------------------------------------------------------------------

KEYS = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TIMES = st.builds(lambda days, zone: (NOW + timedelta(days=days)).astimezone(zone), st.floats(-9999, 9999), ZONES)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: KEYS,
    int: st.integers(-(2**53), 2**53),
    float: st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    datetime: TIMES,
    NoneType: st.none(),
    Any: JSON,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation."""
    if hint in VALUES:
        return VALUES[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        # Where a field takes looser types too (an enum or a string), the loosest comes back from JSON.
        tight = [one for one in arguments if not (one is datetime and str in arguments)]
        return st.one_of([values(one) for one in tight if get_origin(one) is not Mapping or len(arguments) < 3])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (tuple, Sequence):
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(KEYS, values(arguments[1]), max_size=2)
    if isinstance(hint, type) and issubclass(hint, models.OpenEnum):
        return st.sampled_from(list(hint)) | KEYS.map(hint)
    return instances(hint)


@cache
def instances(kind: type) -> st.SearchStrategy[Any]:
    """Instances of a class, with any value in any field."""
    hints = get_type_hints(kind)
    fields = {field.name: values(hints[field.name]) for field in attrs.fields(kind) if field.name != "extra"}
    return st.builds(kind, **fields)


def renamed(value: Any, kind: Any) -> Any:
    """Snake-case data with the keys that the JavaScript SDK would show: free maps keep theirs."""
    if isinstance(value, list):
        return [renamed(one, kind) for one in value]
    if not isinstance(value, dict):
        return value
    return {to_camel(key): item if key in FREE_MAPS else renamed(item, kind) for key, item in value.items()}


@pytest.mark.parametrize("kind", DATA, ids=lambda kind: kind.__name__)
class TestEveryClass:
    @given(data=st.data())
    @law(5)
    def test_is_the_same_after_to_dict_and_structure(self, kind: type, data: st.DataObject) -> None:
        value = data.draw(instances(kind))

        assert structure(to_dict(value), kind) == value

    @given(data=st.data())
    @law(5)
    def test_is_the_same_after_a_trip_as_camel_case_json(self, kind: type, data: st.DataObject) -> None:
        value = data.draw(instances(kind))
        for name in {"error", "result"} & {field.name for field in attrs.fields(kind)}:
            value = attrs.evolve(value, **{name: None})  # of any shape: the way back cannot know its keys

        assert decode(dumps(to_dict(value, case="camel")), kind) == value


@pytest.mark.parametrize(
    "kind",
    [models.Buddy, models.Operation, models.EventEffects, models.PathRuntimePayload, models.SendEventParams],
    ids=lambda kind: kind.__name__,
)
class TestRichClasses:
    @given(data=st.data())
    @law(15)
    def test_is_the_same_after_a_copy_and_a_pickle(self, kind: type, data: st.DataObject) -> None:
        value = data.draw(instances(kind))

        assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value

    @given(junk=JSON)
    @law(25)
    def test_takes_any_json_or_says_codec_error(self, kind: type, junk: Any) -> None:
        with suppress(CodecError):
            structure(junk, kind)

    @given(data=st.data(), junk=JSON)
    @law(25)
    def test_takes_any_field_or_says_codec_error(self, kind: type, data: st.DataObject, junk: Any) -> None:
        fields = {name: data.draw(st.just(junk) | st.none()) for name in attrs.fields_dict(kind)}
        with suppress(CodecError):
            structure(fields, kind)


@given(instances(models.Egg))
@law(10)
def test_to_dict_is_json_of_plain_types_only(egg: models.Egg) -> None:
    assert types_in(to_dict(egg)) <= {dict, list, str, int, float, bool, NoneType}


def types_in(value: Any) -> set[type]:
    inner: Any = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*map(types_in, inner))


@given(instances(models.Buddy))
@law(30)
def test_camel_case_is_snake_case_with_other_keys(buddy: models.Buddy) -> None:
    plain = attrs.evolve(buddy, appearance=None)  # see the next test for its free-form `error`

    assert to_dict(plain, case="camel") == renamed(to_dict(plain), models.Buddy)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (models.Operation(operation_id="o", type="t", status=models.OperationStatus.COMPLETED,
                          result={"buddy_id": "b"}, created_at=NOW, updated_at=NOW), ["result", "buddyId"]),
        (models.BuddyAppearance(status=models.BuddyAppearanceStatus.FAILED, desired_equipped_item_ids=(),
                                rendered_equipped_item_ids=(), retryable=True, error={"error_code": "x"}),
         ["error", "errorCode"]),
    ],
    ids=["Operation.result", "BuddyAppearance.error"],
)  # fmt: skip
def test_objects_that_the_server_made_are_renamed_as_the_javascript_sdk_does(value: Any, path: list[str]) -> None:
    found: Any = to_dict(value, case="camel")
    for step in path:
        assert step in found
        found = found[step]


def test_to_dict_takes_models_only() -> None:
    with pytest.raises(TypeError, match="expected a model of hatched, got dict"):
        to_dict({})  # type: ignore[arg-type]


def test_times_in_your_own_maps_become_text_too() -> None:
    event = models.SendEventParams(user_id="u", type="t", properties={"at": NOW})

    assert json.dumps(to_dict(event))


# --- messages -------------------------------------------------------------------------------------


class TestMessages:
    def test_name_every_wrong_place(self) -> None:
        body = {"results": [{"coins": 1}, {"coins": None, "tokens": "abc", "streak_milestones": [7, "x"]}]}

        with pytest.raises(CodecError) as caught:
            structure(body, models.BatchResult)

        assert set(caught.value.problems) == {
            "expected an integer, got null @ $.results[1].coins",
            "expected an array, got a string @ $.results[1].tokens",
            "expected an integer, got a string @ $.results[1].streak_milestones[1]",
        }

    def test_name_ten_places_at_most(self) -> None:
        with pytest.raises(CodecError) as caught:
            structure({"results": [{"coins": None}] * 1000}, models.BatchResult)

        assert len(caught.value.problems) == 10

    @pytest.mark.parametrize(
        "kind", [kind for kind in DATA if issubclass(kind, models.Model)], ids=lambda k: k.__name__
    )
    def test_never_quote_a_value(self, kind: type) -> None:
        for planted in ("PLANTED", ["PLANTED"], {"a": "PLANTED"}, {"data": ["PLANTED"]}):
            problems: tuple[str, ...] = ()
            try:
                structure(dict.fromkeys(attrs.fields_dict(kind), planted), kind)
            except CodecError as error:
                problems = error.problems

            assert "PLANTED" not in str(problems)

    @pytest.mark.parametrize("body", [b"PLANTED", b'{"a": PLANTED}', b"[1,", b"<html>PLANTED</html>", b"\xff\xfe"])
    def test_of_what_is_no_json_say_so_with_the_size(self, body: bytes) -> None:
        with pytest.raises(CodecError, match=rf"^not JSON: .*\({len(body)} bytes\)$") as caught:
            loads(body)

        assert "PLANTED" not in str(caught.value)

    def test_have_no_hidden_cause(self) -> None:
        with pytest.raises(CodecError) as caught:
            structure({"results": [{"coins": "PLANTED"}]}, models.BatchResult)

        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__


# --- hostile --------------------------------------------------------------------------------------


class TestHostile:
    @pytest.mark.parametrize("depth", [100, 400, 900, 5_000, 100_000])
    @pytest.mark.parametrize("shape", ["[]", "{}"])
    def test_deep_nesting_is_read_or_refused(self, depth: int, shape: str) -> None:
        deep = "[" * depth + "]" * depth if shape == "[]" else '{"a":' * depth + "1" + "}" * depth
        try:
            health = decode(f'{{"status": "ok", "new": {deep}}}'.encode(), models.Health)
        except CodecError:
            return

        assert health.status == "ok"

    @pytest.mark.parametrize("depth", [100, 300])
    def test_what_was_read_can_be_exported(self, depth: int) -> None:
        deep = "[" * depth + "]" * depth
        try:
            health = decode(f'{{"status": "ok", "new": {deep}}}'.encode(), models.Health)
        except CodecError:
            return

        assert to_dict(health, case="camel")["status"] == "ok"

    def test_an_integer_of_a_hundred_digits_stays_what_it_is(self) -> None:
        assert decode(json.dumps({**EGG, "visual_variant": 10**100}).encode(), models.Egg).visual_variant == 10**100

    def test_an_integer_beyond_the_limit_of_python_is_refused(self) -> None:
        with pytest.raises(CodecError):
            decode(b'{"amount": ' + b"9" * 5000 + b"}", models.LedgerEntry)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_what_is_no_number_of_json_is_no_integer(self, number: str) -> None:
        with pytest.raises(CodecError):
            decode(f'{{"coins": {number}}}'.encode(), models.EventEffects)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_of_json_is_no_number(self, number: str) -> None:
        with pytest.raises(CodecError):
            decode(f'{{"amount": {number}}}'.encode(), models.LedgerEntry)

    def test_a_lone_surrogate_is_read(self) -> None:
        assert decode(b'{"status": "\\ud800"}', models.Health).status == "\ud800"

    def test_a_lone_surrogate_is_not_sent(self) -> None:
        with pytest.raises(ValueError, match="cannot be encoded as UTF-8"):
            dumps({"name": "\ud800"})

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
    def test_nan_and_infinity_are_not_sent(self, number: float) -> None:
        with pytest.raises(ValueError):
            dumps({"amount": number})

    def test_a_cycle_is_not_sent(self) -> None:
        cycle: dict[str, Any] = {}
        cycle["me"] = cycle

        with pytest.raises(ValueError):
            dumps(cycle)

    def test_a_cycle_of_other_mappings_is_not_sent(self) -> None:
        class Mine(dict[str, Any]): ...

        cycle = Mine()
        cycle["me"] = models.Extra({"you": cycle})

        with pytest.raises(ValueError):
            dumps(cycle)

    def test_data_deeper_than_python_can_walk_is_not_sent(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]

        with pytest.raises(ValueError, match="nested too deeply"):
            dumps(deep)

    def test_many_unknown_enum_values_leave_nothing_behind(self) -> None:
        from hatched.models import _enums

        before = len(_enums._unknown)
        for number in range(1000):
            structure({**EGG, "status": f"s{number}"}, models.Egg)

        assert len(_enums._unknown) <= before + 10


# --- what is sent ---------------------------------------------------------------------------------


class TestSending:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"at": NOW}, '{"at":"2026-04-22T10:30:00Z"}'),
            ({"at": NOW.astimezone(timezone(timedelta(hours=2)))}, '{"at":"2026-04-22T12:30:00+02:00"}'),
            ({"day": date(2026, 4, 22)}, '{"day":"2026-04-22"}'),
            ({"id": UUID(int=1)}, '{"id":"00000000-0000-0000-0000-000000000001"}'),
            ({"map": models.Extra({"a": 1})}, '{"map":{"a":1}}'),
            ({"umlaut": "ä"}, '{"umlaut":"ä"}'),
            ({"pair": (1, 2)}, '{"pair":[1,2]}'),
            ({"status": models.EggStatus.READY}, '{"status":"ready"}'),
            ({"big": 10**30, "none": None, "yes": True}, '{"big":' + "1" + "0" * 30 + ',"none":null,"yes":true}'),
        ],
    )  # fmt: skip
    def test_what_has_a_json_form_has_it_anywhere(self, value: object, text: str) -> None:
        assert dumps(value).decode() == text

    @pytest.mark.parametrize("value", [b"bytes", {1}, object(), 1j, lambda: None, Exception])
    def test_the_rest_is_a_type_error(self, value: object) -> None:
        with pytest.raises(TypeError, match="cannot be sent as JSON"):
            dumps({"properties": value})

    def test_a_naive_datetime_is_refused(self) -> None:
        with pytest.raises(ValueError, match="naive datetime"):
            dumps({"at": NOW.replace(tzinfo=None)})

    def test_what_is_none_is_not_sent(self) -> None:
        assert to_wire(models.EarnCoinsParams(amount=1, reason="r")) == {"amount": 1, "reason": "r"}

    def test_what_travels_elsewhere_is_not_in_the_body(self) -> None:
        egg = models.CreateEggParams(user_id="u", ensure=True, audience="student")

        assert to_wire(egg) == {"user_id": "u"}

    @pytest.mark.parametrize(
        ("given_time", "sent"),
        [
            (NOW, "2026-04-22T10:30:00Z"),
            ("2026-04-22T10:30:00Z", "2026-04-22T10:30:00Z"),
            ("2026-04-22T12:30:00+02:00", "2026-04-22T12:30:00+02:00"),
        ],
    )
    def test_a_moment_is_an_aware_datetime_or_text_with_an_offset(self, given_time: Any, sent: str) -> None:
        event = models.SendEventParams(user_id="u", type="t", occurred_at=given_time)

        assert to_wire(event)["occurred_at"] == sent

    @pytest.mark.parametrize(
        ("given_time", "error", "says"),
        [
            (NOW.replace(tzinfo=None), ValueError, "naive datetime"),
            ("2026-04-22T10:30:00", ValueError, "without an offset"),
            ("2026-04-22", ValueError, "without an offset"),
            ("yesterday", ValueError, "expected an ISO 8601 time"),
            (1745317800, TypeError, "expected a string"),
        ],
    )
    def test_any_other_moment_is_refused_by_name(self, given_time: Any, error: type[Exception], says: str) -> None:
        with pytest.raises(error, match=f"^occurred_at: .*{says}"):
            to_wire(models.SendEventParams(user_id="u", type="t", occurred_at=given_time))

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            (models.EarnCoinsParams(amount="10", reason="r"), "amount: expected a number, got a string"),
            (models.EarnCoinsParams(amount=True, reason="r"), "amount: expected a number, got a boolean"),
            (models.EarnCoinsParams(amount=None, reason="r"), "amount: expected a number, got null"),
            (models.EarnCoinsParams(amount=1, reason=None), "reason: expected a string, got null"),
            (models.EarnCoinsParams(amount=1, reason=b"r"), "reason: expected a string, got a bytes"),
            (models.EquipItemsParams(equip="item"), "equip: expected a list, got a string"),
            (models.EquipItemsParams(equip=[1]), "equip: expected a string, got a number"),
            (models.EquipItemsParams(equip={"item"}), "equip: expected a list, got a set"),
            (models.SetPathActiveParams(is_active=1), "is_active: expected a boolean, got a number"),
            (models.SetPathActiveParams(is_active="true"), "is_active: expected a boolean, got a string"),
            (models.ListEggsParams(page="2"), "page: expected an integer, got a string"),
            (models.ListEggsParams(page=1.5), "page: expected an integer, got a fraction"),
            (models.ListEggsParams(status=3), "status: expected a string, got a number"),
            (models.CreateEggParams(user_id="u", metadata=[1]), "metadata: expected an object, got an array"),
            (models.UpdateSkillsParams(updates=[{"key": "a"}]), "updates: .*action"),
        ],
    )  # fmt: skip
    def test_a_wrong_type_is_refused_by_name(self, value: Any, says: str) -> None:
        with pytest.raises(TypeError, match=says):
            to_wire(value)

    def test_a_word_that_is_not_among_the_allowed_ones_is_refused(self) -> None:
        with pytest.raises(ValueError, match="status: expected one of 'ready', 'cancelled'"):
            to_wire(models.UpdateEggStatusParams(status="hatched"))

    def test_no_field_of_a_condition_is_lost(self) -> None:
        condition = {"type": "streak", "config": {}, "window": 7}

        try:
            wire = to_wire(models.CreatePathStepParams(key="k", label="l", ordinal=1, completion_condition=condition))
        except TypeError:
            return  # refusing it is as good as sending it

        assert wire["completion_condition"] == condition

    def test_keys_of_properties_are_sent_as_they_are(self) -> None:
        event = params({"userId": "u", "type": "t", "properties": {"lessonId": 1}}, models.SendEventParams)

        assert to_wire(event)["properties"] == {"lessonId": 1}

    def test_a_map_of_any_kind_may_be_sent(self) -> None:
        event = models.SendEventParams(user_id="u", type="t", properties=models.Extra({"a": 1}))

        assert dumps(to_wire(event)).decode() == '{"user_id":"u","type":"t","properties":{"a":1}}'


class TestParams:
    @pytest.mark.parametrize("mapping", [{"user_id": "u", "type": "t"}, {"userId": "u", "type": "t"}])
    def test_a_mapping_in_either_case_is_a_parameter_object(self, mapping: dict[str, Any]) -> None:
        assert params(mapping, models.SendEventParams) == models.SendEventParams(user_id="u", type="t")

    def test_a_parameter_object_is_itself(self) -> None:
        event = models.SendEventParams(user_id="u", type="t")

        assert params(event, models.SendEventParams) is event

    @pytest.mark.parametrize(
        ("mapping", "says"),
        [
            ({"user_id": "u", "type": "t", "propertys": {}}, "there is no field 'propertys'"),
            ({"type": "t"}, "required field 'user_id' is missing"),
            ({"user_id": None, "type": "t"}, r"expected a string, got null @ \$.user_id"),
            ({"user_id": 7, "type": "t"}, r"expected a string, got a number @ \$.user_id"),
            ({"user_id": "u", "type": "t", "properties": []}, "expected an object, got an array"),
            (None, "expected an object, got null"),
            ([], "expected an object, got an array"),
            ("u", "expected an object, got a string"),
        ],
    )
    def test_any_other_is_a_type_error(self, mapping: Any, says: str) -> None:
        with pytest.raises(TypeError, match=says):
            params(mapping, models.SendEventParams)


def test_a_delivery_may_come_with_one_name_of_each_pair() -> None:
    """The pairs look like two names of one field of the wire (inferred)."""
    now = "2026-04-22T10:30:00Z"
    half = {"id": "d", "event": "badge.awarded", "status": "success", "attempt": 2, "created_at": now}
    delivery = structure(half, models.WebhookDelivery)

    assert (delivery.event_type, delivery.attempts) == ("badge.awarded", 2)
    assert delivery.timestamp == delivery.created_at
