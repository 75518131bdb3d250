"""From rows to events: what is one, what is none, and which bytes it has."""

from __future__ import annotations

import json
import sys
from collections import UserDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings, strategies as st

from hatched.imports import objects, rows as rows_module, structs
from hatched.imports.batch import Item
from hatched.imports.rows import Bad, Rows, Skipped
from hatched.models.events import SendEventParams

EVENT: dict[str, Any] = {
    "event_id": "e1",
    "user_id": "u1",
    "type": "lesson_completed",
    "occurred_at": "2026-01-01T10:00:00Z",
    "properties": {"score": 1},
}

laws = settings(max_examples=60, deadline=None)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
times = st.sampled_from(
    ["2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123+02:00", "2026-01-01 10:00", "now", "", 3, None]
)
texts = st.sampled_from(["e1", "", "é", "a b", 3, None, True, ["x"]])
near_events = st.fixed_dictionaries(
    {},
    optional={
        "event_id": texts,
        "eventId": texts,
        "user_id": texts,
        "type": texts,
        "audience": texts,
        "occurred_at": times,
        "properties": trees,
        "colour": texts,
    },
)
events = st.fixed_dictionaries(
    {"event_id": st.text(min_size=1), "user_id": st.text(min_size=1), "type": st.text(min_size=1)},
    optional={"audience": st.text(min_size=1), "properties": st.dictionaries(st.text(), trees, max_size=3)},
).map(lambda event: {**event, "occurred_at": "2026-01-01T10:00:00Z"})


def rows(map: Any = None, event_id: Any = "column", *, timed: bool = True) -> Rows:
    return Rows(map, event_id, timed=timed)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in EVENT.items() if key != name}


HOSTILE = {
    "no JSON": b"{",
    "not UTF-8": b'{"event_id":"\xff"}',
    "an encoded surrogate": b'{"event_id":"\xed\xa0\x80"}',
    "an escaped surrogate": json.dumps({**EVENT, "event_id": "\ud800"}).encode(),
    "a surrogate in a key": json.dumps({**EVENT, "properties": {"\udfff": 1}}).encode(),
    "null": b"null",
    "a number": b"1",
    "a list": b"[]",
    "text": b'"event"',
    "two objects": json.dumps(EVENT).encode() * 2,
    "NaN": json.dumps({**EVENT, "properties": {"x": float("nan")}}).encode(),
    "infinity": json.dumps({**EVENT, "properties": {"x": float("-inf")}}).encode(),
    "an infinite number": json.dumps(EVENT).replace('"score": 1', '"score": 1e400').encode(),
    "5,000 digits": json.dumps(EVENT).replace('"score": 1', '"score": ' + "9" * 5_000).encode(),
    "990 levels": json.dumps(EVENT).replace('"score": 1', '"score": ' + "[" * 990 + "]" * 990).encode(),
    "10,000 levels": json.dumps(EVENT).replace('"score": 1', '"score": ' + "[" * 10_000 + "]" * 10_000).encode(),
    "a million brackets": b"[" * 1_000_000,
    "an empty id": json.dumps({**EVENT, "event_id": ""}).encode(),
    "an empty user": json.dumps({**EVENT, "user_id": ""}).encode(),
    "an id that is a number": json.dumps({**EVENT, "event_id": 3}).encode(),
    "a user that is a boolean": json.dumps({**EVENT, "user_id": True}).encode(),
    "no user": json.dumps(without("user_id")).encode(),
    "no type": json.dumps(without("type")).encode(),
    "properties that are a list": json.dumps({**EVENT, "properties": [1]}).encode(),
    "properties that are text": json.dumps({**EVENT, "properties": "{}"}).encode(),
    "a time without an offset": json.dumps({**EVENT, "occurred_at": "2026-01-01T10:00:00"}).encode(),
    "a time that is a number": json.dumps({**EVENT, "occurred_at": 1_767_261_600}).encode(),
    "a time that is no time": json.dumps({**EVENT, "occurred_at": "yesterday"}).encode(),
    "an unknown field": json.dumps({**EVENT, "colour": "red"}).encode(),
    "a control character": b'{"event_id":"a\tb"}',
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(EVENT).encode(),
    "NUL": b"\x00",
}
STRANGE = {
    "an empty type": json.dumps({**EVENT, "type": ""}).encode(),
    "20 digits": json.dumps(EVENT).replace('"score": 1', '"score": ' + "9" * 20).encode(),
    "400 digits": json.dumps(EVENT).replace('"score": 1', '"score": ' + "9" * 400).encode(),
    "300 digits in text": json.dumps({**EVENT, "type": "9" * 300}).encode(),
    "a tiny number": json.dumps(EVENT).replace('"score": 1', '"score": 1e-400').encode(),
    "minus zero": json.dumps(EVENT).replace('"score": 1', '"score": -0.0').encode(),
    "100 levels": json.dumps(EVENT).replace('"score": 1', '"score": ' + "[" * 100 + "]" * 100).encode(),
    "a thousand lists side by side": json.dumps({**EVENT, "properties": {"x": [[]] * 1_000}}).encode(),
    "brackets in text": json.dumps({**EVENT, "properties": {"x": "[" * 5_000}}).encode(),
    "a key twice": json.dumps(EVENT).encode()[:-1] + b',"user_id":"u2"}',
    "escapes": json.dumps({**EVENT, "event_id": "é\n\u2028😀"}).encode(),
    "a field spelled in escapes, and once more": json.dumps(EVENT).encode()[:-1] + b',"\\u0075ser_id":"u2"}',
    "quotes, backslashes and line breaks": json.dumps({**EVENT, "event_id": '"a"\\b\n/c'}).encode(),
    "letters in escapes": json.dumps({**EVENT, "event_id": "\u00e9\u4e2d"}).encode(),
    "camelCase": json.dumps({**without("event_id"), "eventId": "e1"}).encode(),
    "nulls": json.dumps({**EVENT, "audience": None, "properties": None}).encode(),
    "4 MiB": json.dumps({**EVENT, "properties": {"x": "x" * 4 * 1024 * 1024}}).encode(),
}


def with_each_library(function: Callable[[], Any]) -> tuple[Any, Any, Any]:
    """What a function answers with msgspec, with orjson and with the standard library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "columns", structs.columns)
        by_msgspec = function()
        patch.setattr(rows_module, "columns", objects.columns)
        patch.setattr(objects, "quick_loads", orjson.loads)
        by_orjson = function()
        patch.setattr(objects, "quick_loads", objects.loads_like_orjson)
        return by_msgspec, by_orjson, function()


def mangled(line: bytes, place: int, byte: bytes) -> bytes:
    place %= len(line)
    return line[:place] + byte + line[place + 1 :]


# --- the two ways ---------------------------------------------------------------------------------------


@laws
@given(event=events | near_events, spaces=st.booleans(), ascii=st.booleans())
def test_a_line_and_the_mapping_that_it_holds_are_the_same_event(
    event: dict[str, Any], spaces: bool, ascii: bool
) -> None:
    line = json.dumps(event, ensure_ascii=ascii, separators=None if spaces else (",", ":")).encode("utf-8", "replace")
    by_line, by_row = rows().of_line(5, line), rows().of_row(5, json.loads(line))
    assert type(by_line) is type(by_row)
    if isinstance(by_line, Item) and isinstance(by_row, Item):
        assert by_line._replace(body=b"") == by_row._replace(body=b"")
        assert by_line.event == by_row.event
    else:
        assert by_line == by_row


@laws
@given(event=events | near_events, spaces=st.booleans(), timed=st.booleans())
def test_with_any_library_a_line_has_the_same_outcome(event: dict[str, Any], spaces: bool, timed: bool) -> None:
    line = json.dumps(event, ensure_ascii=False, separators=None if spaces else (",", ":")).encode("utf-8", "replace")
    by_msgspec, by_orjson, by_json = with_each_library(lambda: rows(timed=timed).of_line(5, line))
    assert by_msgspec == by_orjson == by_json


@laws
@given(event=events, place=st.integers(0, 500), byte=st.binary(max_size=2), ascii=st.booleans())
def test_with_any_library_a_line_with_an_error_has_the_same_outcome(
    event: dict[str, Any], place: int, byte: bytes, ascii: bool
) -> None:
    line = mangled(json.dumps(event, ensure_ascii=ascii).encode("utf-8", "replace"), place, byte)
    by_msgspec, by_orjson, by_json = with_each_library(lambda: rows().of_line(5, line))
    assert by_msgspec == by_orjson == by_json


@laws
@given(
    lines=st.lists(
        st.sampled_from([*HOSTILE.values(), *STRANGE.values(), b" ", *[json.dumps(EVENT).encode()] * 100]), max_size=250
    )
)
def test_what_a_line_becomes_does_not_depend_on_its_neighbours(lines: list[bytes]) -> None:
    assert [*rows().of_lines(5, lines)] == [rows().of_line(at, line) for at, line in enumerate(lines, 5)]


@pytest.mark.parametrize(
    ("answer", "results"),
    [
        (b'{"results":[]}', 0),
        (b'{"more":[1],"results":[{},{"effects":{"coins":[1]}}]}', 2),
        (b'{"results":[{}', None),
        (b'{"results":[{}]}x', None),
        (b'{"results":[{}, 1]}', None),
        (b'{"results":[null]}', None),
        (b'{"results":{}}', None),
        (b'{"result":[]}', None),
        (b'{"results":[{"x":"\xff"}]}', None),
        (b"[]", None),
        (b"null", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("library", ["msgspec", "orjson", "json"])
def test_with_any_library_the_same_is_an_answer(
    library: str, answer: bytes, results: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "quick_loads", orjson.loads if library == "orjson" else objects.loads_like_orjson)
    count = (structs if library == "msgspec" else objects).count_of_results
    if results is None:
        with pytest.raises(ValueError, match=r".*"):
            count(answer)
    else:
        assert count(answer) == results


@laws
@given(event=events)
def test_the_bytes_of_an_event_say_what_its_row_says(event: dict[str, Any]) -> None:
    item = rows().of_row(0, event)
    assert isinstance(item, Item)
    assert item.event == event


@laws
@given(event=events)
def test_the_same_row_always_has_the_same_bytes(event: dict[str, Any]) -> None:
    assert rows(event_id="content").of_row(0, event) == rows(event_id="content").of_row(0, dict(event))


def test_a_line_that_is_as_it_would_be_sent_is_sent_as_it_stands() -> None:
    line = b'{ "type":"t",  "event_id":"e","user_id":"u","occurred_at":"2026-01-01T00:00:00Z"}'
    assert rows().of_line(0, b"  " + line + b" \r\n") == Item(0, "u", line)


@pytest.mark.parametrize("line", [b"", b" ", b"\r", b"\t \r\n"])
def test_a_blank_line_is_skipped(line: bytes) -> None:
    assert rows().of_line(3, line) == Skipped(3)


# --- hostile lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_is_bad_with_any_library(line: bytes) -> None:
    by_msgspec, by_orjson, by_json = with_each_library(lambda: rows().of_line(7, line))
    assert isinstance(by_json, Bad)
    assert by_msgspec == by_orjson == by_json


@pytest.mark.parametrize("line", STRANGE.values(), ids=STRANGE)
def test_a_strange_line_is_the_same_event_with_any_library(line: bytes) -> None:
    by_msgspec, by_orjson, by_json = with_each_library(lambda: rows().of_line(7, line))
    assert isinstance(by_json, Item)
    assert by_msgspec == by_orjson == by_json


@pytest.mark.parametrize("line", STRANGE.values(), ids=STRANGE)
def test_what_is_sent_of_a_strange_line_is_json_that_says_the_same(line: bytes) -> None:
    item = rows().of_line(7, line)
    assert isinstance(item, Item)
    said = {name: value for name, value in json.loads(line).items() if value is not None}
    if "eventId" in said:
        said["event_id"] = said.pop("eventId")
    assert item.event == json.loads(item.body) == said


def deeper(levels: int, function: Callable[[], Any]) -> Any:
    return function() if not levels else deeper(levels - 1, function)


@pytest.mark.parametrize("levels", [190, 210, 300, 800, 950, 1_000, 1_020, 1_100])
def test_how_deep_the_stack_is_does_not_decide_what_is_an_event(levels: int) -> None:
    line = HOSTILE["990 levels"].replace(b"[" * 990 + b"]" * 990, b"[" * levels + b"]" * levels)
    outcome = rows().of_line(0, line)
    depth = len([*iter_frames()])
    below = deeper(sys.getrecursionlimit() - depth - 650, lambda: rows().of_line(0, line))
    assert type(below) is type(outcome)
    if isinstance(below, Item):
        assert deeper(sys.getrecursionlimit() - depth - 650, lambda: below.event) == outcome.event  # type: ignore[union-attr]


def iter_frames() -> Iterator[Any]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_the_message_of_a_bad_line_is_one_short_line(line: bytes) -> None:
    bad = rows().of_line(7, line)
    assert isinstance(bad, Bad)
    assert 0 < len(bad.rejection.message) <= 500
    assert bad.rejection.message.isprintable()


def test_what_is_shown_of_a_line_that_is_no_json_is_short() -> None:
    bad = rows().of_line(7, b"x" * 5_000_000)
    assert isinstance(bad, Bad)
    assert bad.row == "x" * 1_000


# --- hostile rows -----------------------------------------------------------------------------------------


class Nasty:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def cyclic() -> dict[str, Any]:
    row: dict[str, Any] = {}
    row["properties"] = row
    return {**EVENT, "properties": row}


def nested(levels: int) -> dict[str, Any]:
    inner: Any = 1
    for _ in range(levels):
        inner = {"x": inner}
    return {**EVENT, "properties": inner}


@pytest.mark.parametrize(
    "row",
    [
        None,
        3,
        "event",
        b"event",
        [("event_id", "e")],
        object(),
        {},
        {1: 2},
        {**EVENT, 1: 2},
        {**EVENT, ("a",): 2},
        {**EVENT, "properties": {("a",): 2}},
        {**EVENT, "properties": {"x": float("nan")}},
        {**EVENT, "properties": {"x": Decimal(1)}},
        {**EVENT, "properties": {"x": {1, 2}}},
        {**EVENT, "properties": {"x": b"x"}},
        {**EVENT, "properties": {"x": Nasty()}},
        {**EVENT, "properties": {"x": "\ud800"}},
        {**EVENT, "properties": {"x": datetime(2026, 1, 1)}},  # noqa: DTZ001
        {**EVENT, "properties": {"x": 10**5_000}},
        {**EVENT, "occurred_at": datetime(2026, 1, 1)},  # noqa: DTZ001
        cyclic(),
        nested(990),
        nested(100_000),
        SendEventParams(user_id=3, type="t"),  # type: ignore[arg-type]
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_hostile_row_is_bad(row: Any) -> None:
    assert isinstance(rows().of_row(7, row), Bad)


@pytest.mark.parametrize(
    "row",
    [
        EVENT,
        UserDict(EVENT),
        SendEventParams(**EVENT),
        {**without("event_id"), "eventId": "e1"},
        {**EVENT, "occurred_at": datetime(2026, 1, 1, 10, tzinfo=UTC)},
        {**EVENT, "audience": None},
    ],
    ids=lambda row: type(row).__name__,
)
def test_an_event_may_be_written_in_many_ways(row: Any) -> None:
    item = rows().of_row(7, row)
    assert isinstance(item, Item)
    assert (item.position, item.key, item.event) == (7, "u1", EVENT)


def test_uuids_and_times_are_sent_as_text() -> None:
    properties = {"id": UUID(int=1), "at": datetime(2026, 1, 1, tzinfo=UTC)}
    item = rows().of_row(0, {**EVENT, "properties": properties})
    assert isinstance(item, Item)
    assert item.event["properties"] == {"id": "00000000-0000-0000-0000-000000000001", "at": "2026-01-01T00:00:00Z"}


# --- ids, times, map ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["line", "row"])
@pytest.mark.parametrize("value", ["missing", None])
def test_an_event_without_an_id_is_rejected_as_such(way: str, value: Any) -> None:
    event = without("event_id") if value == "missing" else {**EVENT, "event_id": None}
    bad = rows().of_row(7, event) if way == "row" else rows().of_line(7, json.dumps(event).encode())
    assert isinstance(bad, Bad)
    assert (bad.rejection.code, bad.row) == ("missing_event_id", without("event_id"))


@pytest.mark.parametrize("way", ["line", "row"])
def test_an_event_without_a_time_is_rejected_as_such(way: str) -> None:
    event = without("occurred_at")
    bad = rows().of_row(7, event) if way == "row" else rows().of_line(7, json.dumps(event).encode())
    assert isinstance(bad, Bad)
    assert bad.rejection.code == "missing_occurred_at"


@pytest.mark.parametrize("way", ["line", "row"])
def test_an_event_without_a_time_is_taken_if_that_is_allowed(way: str) -> None:
    event, allowing = without("occurred_at"), rows(timed=False)
    item = allowing.of_row(7, event) if way == "row" else allowing.of_line(7, json.dumps(event).encode())
    assert isinstance(item, Item)
    assert item.event == event


@pytest.mark.parametrize("time", ["2026-01-01T10:00:00", "soon", ""])
def test_a_time_that_is_given_must_be_one_even_where_it_is_optional(time: str) -> None:
    assert isinstance(rows(timed=False).of_line(7, json.dumps({**EVENT, "occurred_at": time}).encode()), Bad)


@laws
@given(one=events, other=events)
def test_ids_of_contents_are_equal_only_for_equal_contents(one: dict[str, Any], other: dict[str, Any]) -> None:
    def id_of(event: dict[str, Any]) -> str:
        item = rows(event_id="content").of_row(0, {name: event[name] for name in event if name != "event_id"})
        assert isinstance(item, Item)
        found: str = item.event["event_id"]
        return found

    same = json.dumps({**one, "event_id": ""}, sort_keys=True) == json.dumps({**other, "event_id": ""}, sort_keys=True)
    assert (id_of(one) == id_of(other)) == same


def test_the_order_of_keys_does_not_change_the_id_of_a_content() -> None:
    event = without("event_id")
    one = rows(event_id="content").of_row(0, event)
    other = rows(event_id="content").of_row(0, dict(reversed(event.items())))
    assert one.event["event_id"] == other.event["event_id"]  # type: ignore[union-attr]


def test_the_id_of_a_content_stays_what_it_is() -> None:
    item = rows(event_id="content").of_row(0, without("event_id"))
    assert isinstance(item, Item)
    assert item.event["event_id"] == "content_c1e18eeef6a81db5224410a7a56520182531bbb1"


def test_an_id_of_the_column_wins_over_the_content() -> None:
    item = rows(event_id="content").of_row(0, EVENT)
    assert isinstance(item, Item)
    assert item.event["event_id"] == "e1"


def test_a_callable_makes_the_id_of_the_event_as_it_would_be_sent() -> None:
    item = rows(event_id=lambda event: f"{event['user_id']}/{event['occurred_at']}").of_line(
        0, json.dumps(EVENT).encode()
    )
    assert isinstance(item, Item)
    assert item.event["event_id"] == "u1/2026-01-01T10:00:00Z"


@pytest.mark.parametrize("made", ["", None, 3, "\ud800"])
def test_a_callable_that_makes_no_id_makes_the_row_bad(made: Any) -> None:
    assert isinstance(rows(event_id=lambda event: made).of_row(0, EVENT), Bad)


def test_a_callable_cannot_change_the_event() -> None:
    item = rows(event_id=lambda event: event.pop("type")).of_row(0, EVENT)
    assert isinstance(item, Item)
    assert item.event["type"] == "lesson_completed"


@pytest.mark.parametrize("way", ["line", "row"])
def test_map_makes_events_of_other_rows(way: str) -> None:
    mapping = rows(lambda row: {**EVENT, "user_id": row["who"]})
    item = mapping.of_row(0, {"who": "u9"}) if way == "row" else mapping.of_line(0, b'{"who":"u9"}')
    assert isinstance(item, Item)
    assert item.key == "u9"


def test_map_may_skip_a_row() -> None:
    assert rows(lambda row: None).of_row(4, EVENT) == Skipped(4)


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_map_may_say_that_a_row_is_bad(error: type[Exception]) -> None:
    def refuse(row: Any) -> Any:
        raise error("not this one")

    bad = rows(refuse).of_row(4, EVENT)
    assert isinstance(bad, Bad)
    assert (bad.row, bad.rejection.message) == (EVENT, "not this one")


def test_a_mistake_in_map_is_no_bad_row() -> None:
    with pytest.raises(ZeroDivisionError):
        rows(lambda row: 1 / 0).of_row(4, EVENT)
