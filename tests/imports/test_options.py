"""Which options make sense: the others are refused before anything is read or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hatched.imports.limiter import LocalLimiter
from hatched.imports.options import ImportOptions, PlanOptions, Settings, StreamOptions, checked


async def nothing(_: Any) -> None:
    pass


GOOD: list[tuple[str, Any]] = [
    ("map", dict),
    ("event_id", "column"),
    ("event_id", "content"),
    ("event_id", str),
    ("occurred_at", "required"),
    ("occurred_at", "optional"),
    ("order", "user"),
    ("order", "none"),
    ("order", "total"),
    ("concurrency", "auto"),
    ("concurrency", 1),
    ("concurrency", 32),
    ("share", 1),
    ("share", 0.001),
    ("requests_per_minute", 1),
    ("limiter", LocalLimiter()),
    ("timeout", 0.5),
    ("give_up_after", 0),
    ("on_day_limit", "wait"),
    ("on_quota", "wait"),
    ("inert_threshold", 0),
    ("inert_threshold", 1),
    ("checkpoint", "a.db"),
    ("checkpoint", Path("a.db")),
    ("on_progress", print),
    ("dead_letter", "a.jsonl"),
    ("dry_run", True),
    *[(name, None) for name in ("map", "requests_per_minute", "limiter", "checkpoint", "on_progress", "dead_letter")],
]
WRONG_TYPE: list[tuple[str, Any]] = [
    ("map", "x"),
    ("concurrency", 1.0),
    ("concurrency", True),
    ("share", "0.5"),
    ("share", True),
    ("share", None),
    ("requests_per_minute", 1.5),
    ("limiter", object()),
    ("timeout", None),
    ("give_up_after", "900"),
    ("inert_threshold", None),
    ("checkpoint", b"a.db"),
    ("on_progress", 3),
    ("on_progress", nothing),
    ("map", nothing),
    ("dead_letter", 3),
    ("dry_run", 1),
]
OUT_OF_RANGE: list[tuple[str, Any]] = [
    ("event_id", "id"),
    ("event_id", None),
    ("occurred_at", "never"),
    ("order", "users"),
    ("order", None),
    ("concurrency", 0),
    ("concurrency", 33),
    ("share", 0),
    ("share", 1.01),
    ("share", -0.5),
    ("share", float("nan")),
    ("requests_per_minute", 0),
    ("timeout", 0),
    ("timeout", float("inf")),
    ("give_up_after", -1),
    ("on_day_limit", "go on"),
    ("on_quota", True),
    ("inert_threshold", 1.5),
    ("inert_threshold", float("nan")),
]


def name_of(value: Any) -> str:
    return str(value)[:20]


@pytest.mark.parametrize(("name", "value"), GOOD, ids=name_of)
def test_a_value_that_makes_sense_is_taken(name: str, value: Any) -> None:
    assert getattr(checked("call", {name: value}, ImportOptions), name) is value


@pytest.mark.parametrize(("name", "value"), WRONG_TYPE, ids=name_of)
def test_a_value_of_the_wrong_type_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        checked("call", {name: value}, ImportOptions)


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE, ids=name_of)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        checked("call", {name: value}, ImportOptions)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(StreamOptions, "dead_letter"), (StreamOptions, "dry_run"), (PlanOptions, "order"), (PlanOptions, "checkpoint")],
)
def test_an_option_of_another_call_is_refused(kind: type[Any], name: str) -> None:
    with pytest.raises(TypeError, match=name):
        checked("call", {name: "x"}, kind)


def test_every_option_is_a_setting_and_the_other_way_round() -> None:
    fields = set(Settings.__annotations__)
    assert fields == set(ImportOptions.__optional_keys__)


def test_the_defaults_are_those_that_are_documented() -> None:
    settings = checked("call", {}, ImportOptions)
    assert (settings.share, settings.timeout, settings.give_up_after) == (0.5, 60, 900)
    assert (settings.order, settings.event_id, settings.occurred_at) == ("user", "column", "required")
    assert (settings.on_day_limit, settings.on_quota, settings.inert_threshold) == ("stop", "stop", 0.2)


@pytest.mark.parametrize("change", [{"event_id": "content"}, {"event_id": str}, {"map": dict}])
def test_what_decides_what_a_row_becomes_is_told_apart(change: dict[str, Any]) -> None:
    assert Settings(**change).lasting != Settings().lasting


@pytest.mark.parametrize("change", [{"order": "none"}, {"share": 1.0}, {"concurrency": 4}, {"timeout": 1.0}])
def test_what_does_not_decide_it_may_change(change: dict[str, Any]) -> None:
    assert Settings(**change).lasting == Settings().lasting
