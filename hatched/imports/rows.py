"""From a row of a source to the bytes of its event. The same row always gives the same bytes.

A line of JSON that is already as it would be sent is sent as it stands: encoding it again would cost more than
everything else that is done with it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from hatched import codec, strict
from hatched.imports.batch import Batch, Item
from hatched.imports.report import Rejection
from hatched.models.events import SendEventParams

try:
    from hatched.imports.structs import columns
except ImportError:
    from hatched.imports.objects import columns

EventId = Literal["column", "content"] | Callable[[dict[str, Any]], str]
Row = SendEventParams | Mapping[str, Any]

_DEEPEST = 200
"""Levels of an event. What Python can decode ends near 1,000, earlier the deeper the stack is at that moment."""
_SHALLOW = 2 * _DEEPEST
"""Bytes into which no more levels fit."""
_DOUBTFUL = re.compile(rb"\\u(?:[dD]|00[0-7])")
"""Escapes that may be no text, or spell the name of a field in another way."""
_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_OPENED, _CLOSED = {ord("{")}, {ord("}")}
_TOGETHER = 100
"""Lines that are decoded before the first of them is let go: more do not stay in the processor's cache."""
_FEW = 10
"""Lines of which each is looked at by itself if one of them is not as it would be sent."""
fromisoformat: Callable[[str], datetime] = datetime.fromisoformat


class Bad(NamedTuple):
    """A row that is not sent, with whatever of it can be shown."""

    position: int
    row: Any
    rejection: Rejection


class Skipped(NamedTuple):
    """A row that is no event, by its own looks or by what `map` says."""

    position: int


class Rows:
    """Makes events of rows.

    Args:
        map: What is done with each row first; `None` as its answer skips the row.
        event_id: Where ids come from.
        timed: Whether every event must say when it occurred.

    Attributes:
        calls: Whether a function of the caller's is called for each row.
    """

    def __init__(self, map: Callable[[Any], Row | None] | None, event_id: EventId, *, timed: bool) -> None:
        self._map = map
        self._event_id = event_id
        self.calls = map is not None or callable(event_id)
        self._timed = timed

    def of_lines(self, position: int, lines: list[bytes]) -> Sequence[Item | Bad | Skipped]:
        """The events of lines of JSON that follow each other: a batch, if each line is one as it would be sent."""
        parts = [self._of_some(position + at, lines[at : at + _TOGETHER]) for at in range(0, len(lines), _TOGETHER)]
        batches = [part for part in parts if isinstance(part, Batch)]
        if len(batches) < len(parts):
            return [*chain.from_iterable(parts)]
        users = [*chain.from_iterable(part.keys for part in batches)]
        return Batch(range(position, position + len(lines)), users, lines)

    def _of_some(self, position: int, lines: list[bytes]) -> Sequence[Item | Bad | Skipped]:
        users = self._users(lines)
        if users is not None:
            return Batch(range(position, position + len(lines)), users, lines)
        if len(lines) <= _FEW or self.calls:
            return [self.of_line(at, line) for at, line in enumerate(lines, position)]
        half = len(lines) // 2
        return [*self._of_some(position, lines[:half]), *self._of_some(position + half, lines[half:])]

    def of_line(self, position: int, line: bytes) -> Item | Bad | Skipped:
        """The event of one line."""
        line = line.strip()
        if not line:
            return Skipped(position)
        users = self._users([line])
        if users is not None:
            return Item(position, users[0], line)
        try:
            row = codec.loads(line)
        except ValueError as error:
            return _bad(position, line.decode(errors="replace")[:1000], _plain(error))
        return self.of_row(position, row)

    def of_row(self, position: int, row: Any) -> Item | Bad | Skipped:
        """The event of a mapping, or of `SendEventParams`."""
        try:
            if self._map is not None:
                row = self._map(row)
                if row is None:
                    return Skipped(position)
            return self._item(position, row)
        except (TypeError, ValueError) as error:
            return _bad(position, row, _plain(error))

    def _users(self, lines: list[bytes]) -> Sequence[str] | None:
        """The user of each line, if all are events as they would be sent.

        A line may name other fields than those that identify it twice; the last counts, as with any reader of JSON.
        """
        if self.calls:
            return None
        text = b"\n".join(lines)
        if b"\\u" in text and _DOUBTFUL.search(text):
            return None
        if any(_may_be_too_deep(line) for line in lines if len(line) > _SHALLOW):
            return None
        try:
            if {*map(_FIRST, lines)} != _OPENED or {*map(_LAST, lines)} != _CLOSED:  # blanks around them, say
                return None
            users, times = columns(lines, timed=self._timed)
            # As each line has these, none has them twice.
            once = text.count(b'"event_id"') == text.count(b'"user_id"') == len(lines)
            return users if once and None not in [time.tzinfo for time in map(fromisoformat, times)] else None
        except (LookupError, RecursionError, TypeError, ValueError):
            return None

    def _item(self, position: int, row: Any) -> Item | Bad:
        if not isinstance(row, SendEventParams | Mapping):
            raise TypeError(f"expected an event, got {type(row).__name__}")
        event = codec.to_wire(codec.params(row, SendEventParams))
        if callable(self._event_id):
            event["event_id"] = strict.text(self._event_id(dict(event)))
            if not event["event_id"]:
                raise ValueError("event_id: must not be empty")
        elif self._event_id == "content" and "event_id" not in event:
            event["event_id"] = _digest(event)
        if "event_id" not in event:
            return Bad(position, event, _NO_ID)
        if self._timed and "occurred_at" not in event:
            return Bad(position, event, _NO_TIME)
        body = codec.dumps(event)
        if _too_deep(body, event):
            raise ValueError(f"nested more than {_DEEPEST} levels deep")
        return Item(position, event["user_id"], body)


def _may_be_too_deep(body: bytes) -> bool:
    return body.count(b"{") + body.count(b"[") > _DEEPEST


def _too_deep(body: bytes, event: Any) -> bool:
    if not _may_be_too_deep(body):
        return False
    level = [event]
    for _ in range(_DEEPEST + 1):
        level = [inner for one in level if isinstance(one, Mapping | list | tuple) for inner in _inside(one)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value


_NO_ID = Rejection(
    code="missing_event_id",
    message="the event has no event_id, so sending it again could apply it twice; "
    'event_id="content" makes one of what it says',
)
_NO_TIME = Rejection(
    code="missing_occurred_at",
    message='the event does not say when it occurred, so it would occur now; occurred_at="optional" allows that',
)


def _bad(position: int, row: Any, message: str) -> Bad:
    return Bad(position, row, Rejection(code="bad_row", message=message))


def _plain(error: Exception) -> str:
    return f"{type(error).__name__}" if not str(error) else " ".join(str(error).split())[:500]


def _digest(event: dict[str, Any]) -> str:
    """An id that two events share only if they say the same."""
    canonical = json.dumps(json.loads(codec.dumps(event)), sort_keys=True, separators=(",", ":"))
    return "content_" + hashlib.sha256(canonical.encode()).hexdigest()[:40]
