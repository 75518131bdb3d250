"""The file of rejected events: nothing in it is lost, torn or twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hatched.imports.dead_letters import DeadLetters, events, line
from hatched.imports.report import Rejection
from hatched.models.events import SendEventParams

WHY = Rejection(code="bad_row", message="no event", request_id="req_1")


class Nasty:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def cyclic() -> Any:
    row: dict[str, Any] = {}
    row["self"] = row
    return row


def nested(levels: int) -> Any:
    row: Any = 1
    for _ in range(levels):
        row = [row]
    return row


def write(path: Path, *lines: bytes, size: int | None = None) -> int:
    letters = DeadLetters(path, size)
    try:
        return letters.append(lines)
    finally:
        letters.close()


@given(event=st.dictionaries(st.text(), st.text() | st.integers() | st.none()), position=st.integers(0))
def test_a_line_holds_the_event_and_why_it_was_rejected(event: dict[str, Any], position: int) -> None:
    text = line(position, event, WHY)
    assert text.count(b"\n") == 1
    assert json.loads(text) == {
        "event": event,
        "code": "bad_row",
        "message": "no event",
        "request_id": "req_1",
        "position": position,
    }


@pytest.mark.parametrize(
    "row",
    [
        None,
        "text",
        "\ud800",
        b"bytes",
        object(),
        datetime(2026, 1, 1, tzinfo=UTC),
        {("a", 1): 2},
        {1: 2},
        float("nan"),
        cyclic(),
        nested(5_000),
        10**5_000,
        Nasty(),
        {"x": Nasty()},
    ],
    ids=lambda row: type(row).__name__,
)
def test_whatever_a_row_is_it_has_a_line(row: Any) -> None:
    found = json.loads(line(3, row, WHY), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert found["position"] == 3


def test_params_that_cannot_be_sent_are_kept_as_the_event_they_stand_for() -> None:
    params = SendEventParams(
        event_id="e1",
        user_id="ada",
        type="lesson_completed",
        occurred_at="2026-01-01T00:00:00Z",
        properties={"price": Decimal("1.5")},
    )
    kept = json.loads(line(0, params, WHY))["event"]
    assert kept == {
        "event_id": "e1",
        "user_id": "ada",
        "type": "lesson_completed",
        "occurred_at": "2026-01-01T00:00:00Z",
        "properties": {"price": "1.5"},
    }


def test_what_is_shown_of_a_row_that_has_no_json_tells_it_apart() -> None:
    assert "user 17" in json.dumps(json.loads(line(3, {("a", 1): "user 17"}, WHY))["event"])


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    write(path, b"1\n")
    write(path, b"2\n")
    assert path.read_bytes() == b"1\n2\n"


def test_what_nobody_remembers_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b"1\n2\n{torn")
    assert write(path, b"3\n", size=4) == 6
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_file_that_has_lost_something_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b"1\n")
    with pytest.raises(ValueError, match="has lost rejected events"):
        DeadLetters(path, 3)


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has lost rejected events"):
        DeadLetters(tmp_path / "dead.jsonl", 1)


def test_a_refused_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b"1\n")
    with pytest.raises(ValueError, match="lost"):
        DeadLetters(path, 3)
    assert path.read_bytes() == b"1\n"


class Stubborn:
    """A file that writes a byte at a time, and fails when its disk is full."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        if self.room == 0:
            raise OSError(28, "No space left on device")
        self.room -= 1
        written: int = self._file.write(data[:1])
        return written


def stubborn(path: Path, room: int) -> tuple[DeadLetters, Stubborn]:
    letters = DeadLetters(path, None)
    letters._file = file = Stubborn(letters._open(), room)  # type: ignore[assignment]
    return letters, file


def test_a_write_that_comes_short_is_finished(tmp_path: Path) -> None:
    letters, _ = stubborn(tmp_path / "dead.jsonl", 100)
    assert letters.append([b"one\n", b"two\n"]) == 8
    letters.close()
    assert (tmp_path / "dead.jsonl").read_bytes() == b"one\ntwo\n"


def test_what_a_full_disk_has_torn_is_not_left_in_the_file(tmp_path: Path) -> None:
    letters, file = stubborn(tmp_path / "dead.jsonl", 2)
    with pytest.raises(OSError, match="No space"):
        letters.append([b"one\n"])
    file.room = 100
    letters.append([b"one\n"])
    letters.close()
    assert (tmp_path / "dead.jsonl").read_bytes() == b"one\n"


def test_its_size_is_what_is_on_the_disk(tmp_path: Path) -> None:
    letters, _ = stubborn(tmp_path / "dead.jsonl", 2)
    with pytest.raises(OSError, match="No space"):
        letters.append([b"one\n"])
    letters.close()
    assert letters.size == 0


def test_lines_are_on_the_disk_when_append_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda file: synced.append((tmp_path / "dead.jsonl").stat().st_size))
    write(tmp_path / "dead.jsonl", b"1\n")
    assert synced == [2]


def test_its_events_can_be_sent_again(tmp_path: Path) -> None:
    write(tmp_path / "dead.jsonl", line(0, {"a": 1}, WHY), line(5, {"b": 2}, WHY))
    assert list(events(tmp_path / "dead.jsonl")) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("text", [b"{", b"[]", b"3", b'{"code":"x"}', b"", b"\xff"])
def test_another_file_is_told_by_its_line(tmp_path: Path, text: bytes) -> None:
    write(tmp_path / "dead.jsonl", line(0, {}, WHY), text + b"\n")
    with pytest.raises(ValueError, match="line 2: not a line of a dead-letter file"):
        list(events(tmp_path / "dead.jsonl"))


@pytest.mark.parametrize("make", [str, Path])
def test_its_path_may_be_text(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    letters = DeadLetters(make(tmp_path / "dead.jsonl"), None)
    letters.close()
    assert letters.path == str(tmp_path / "dead.jsonl")


def test_who_rejects_nothing_touches_nothing_of_others(tmp_path: Path) -> None:
    idle = DeadLetters(tmp_path / "dead.jsonl", None)
    write(tmp_path / "dead.jsonl", line(0, {"a": 1}, WHY))
    idle.append([])
    idle.close()
    assert list(events(tmp_path / "dead.jsonl")) == [{"a": 1}]
