"""Lines and answers looked at by msgspec, an extra, which makes no objects of what is only to be checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from hatched.imports import objects

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_SHORT = 300
"""Bytes that hold no number that is too large."""
_LONG_NUMBER = re.compile(rb"[0-9]{300}")
"""What orjson may refuse, and msgspec takes."""


class _Event(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    event_id: _Text
    user_id: _Text
    type: _Text
    properties: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    occurred_at: _Text | msgspec.UnsetType = msgspec.UNSET
    audience: _Text | msgspec.UnsetType = msgspec.UNSET


class _Result(msgspec.Struct, gc=False):
    pass


class _Answer(msgspec.Struct, gc=False):
    results: list[_Result]


_event = msgspec.json.Decoder(_Event).decode
_answer = msgspec.json.Decoder(_Answer).decode


def columns(lines: Sequence[bytes], *, timed: bool) -> tuple[Sequence[str], Sequence[str]]:
    """See `objects.columns`."""
    if any(_LONG_NUMBER.search(line) for line in lines if len(line) > _SHORT):
        return objects.columns(lines, timed=timed)
    events = [*map(_event, lines)]
    times = [event.occurred_at for event in events if event.occurred_at is not msgspec.UNSET]
    if timed and len(times) < len(events):
        raise LookupError("occurred_at")
    return [event.user_id for event in events], times


def count_of_results(body: bytes) -> int:
    """See `objects.count_of_results`."""
    body.decode()  # msgspec does not look into what it leaves out
    return len(_answer(body).results)
