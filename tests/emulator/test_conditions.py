"""Conditions, each on both sides of its edge."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.emulator import Condition, Rules, Skill, Streak
from hatched.emulator.clock import parse_time
from hatched.emulator.rules.conditions import Event, compile_condition, mentions, problem
from hatched.emulator.rules.state import Held, Owned, Run, State, Tally

RULES = Rules(skills=(Skill(key="reading"), Skill(key="writing")), streaks=(Streak(key="daily", events=("t",)),))
MONDAY = parse_time("2026-01-05T12:00:00Z").timestamp()
DAY = int(MONDAY // 86_400)


def event(type: str = "t", days: int = 0, **properties: Any) -> Event:
    return Event("e", "u", type, "default", properties, MONDAY + days * 86_400, MONDAY)


@pytest.mark.parametrize(
    ("type", "config", "state", "at", "expected"),
    [
        ("event_count", {"event_type": "t", "count": 3}, State(counters={"t": 2}), event(), True),
        ("event_count", {"event_type": "t", "count": 3}, State(counters={"t": 2}), event("u"), False),
        ("event_count", {"event_type": "t", "count": 3}, State(counters={"t": 2}), None, False),
        ("event_count", {"event_type": "t", "count": 2}, State(counters={"t": 2}), None, True),
        ("milestone", {"event_type": "t", "count": 4}, State(counters={"t": 2}), event(), False),
        ("streak", {"streak_key": "daily", "count": 2}, State(streaks={"daily": Run(2, 5, DAY)}), event(), True),
        ("streak", {"streak_key": "daily", "count": 3}, State(streaks={"daily": Run(2, 5, DAY)}), event(), False),
        ("streak", {"streak_key": "daily", "count": 2}, State(streaks={"daily": Run(2, 5, DAY)}), event(days=1), True),
        ("streak", {"streak_key": "daily", "count": 2}, State(streaks={"daily": Run(2, 5, DAY)}), event(days=2), False),
        ("streak", {"streak_key": "daily", "count": 2}, State(streaks={"daily": Run(2, 5, 0)}), None, True),
        ("streak", {"streak_key": "daily", "count": 3}, State(streaks={"daily": Run(2, 5, 0)}), None, False),
        ("streak", {"streak_key": "daily", "count": 0}, State(), event(), False),
        ("streak", {"streak_key": "other", "count": 0}, State(streaks={"other": Run(2, 5, DAY)}), event(), False),
        ("skill_level", {"skill_key": "reading", "level": 2}, State(skills={"reading": 40}), None, True),
        ("skill_level", {"skill_key": "reading", "level": 2}, State(skills={"reading": 39.9}), None, False),
        ("skill_level", {"skill_key": "reading", "level": 0}, State(), None, True),
        ("skill_level", {"skill_key": "reading", "level": 1}, State(), None, False),
        ("skill_level", {"skill_key": "flying", "level": 0}, State(), None, False),
        ("collection", {"count": 1}, State(items={"i": Owned(0.0, 0)}), None, True),
        ("collection", {"count": 2}, State(items={"i": Owned(0.0, 0)}), None, False),
        ("evolution", {"stage": 2}, State(stage=2), None, True),
        ("evolution", {"stage": 3}, State(stage=2), None, False),
        ("coin", {"amount": 10}, State(primary=Tally(10, 90, 80)), None, True),
        ("coin", {"amount": 11}, State(primary=Tally(10, 90, 80)), None, False),
        ("badge_earned", {"badge_key": "b"}, State(badges={"b": Held("awarded", 0.0)}), None, True),
        ("badge_earned", {"badge_key": "b"}, State(badges={"b": Held("ready", 0.0)}), None, False),
        ("badge_earned", {"badge_key": "b"}, State(), None, False),
        ("gate_unlocked", {"gate_key": "g"}, State(gates={"g": 0.0}), None, True),
        ("gate_unlocked", {"gate_key": "g"}, State(), None, False),
        ("xp", {"amount": 3}, State(skills={"reading": 59, "writing": 20}), None, True),
        ("xp", {"amount": 4}, State(skills={"reading": 59, "writing": 20}), None, False),
        ("badge_count", {"count": 1}, State(badges={"a": Held("awarded", 0.0), "b": Held("ready", 0.0)}), None, True),
        ("badge_count", {"count": 2}, State(badges={"a": Held("awarded", 0.0), "b": Held("ready", 0.0)}), None, False),
        ("progression_token", {"amount": 5}, State(progression=Tally(5, 5, 0)), None, True),
        ("progression_token", {"amount": 6}, State(progression=Tally(5, 5, 0)), None, False),
        ("custom", {"property": "premium"}, State(), event(premium=True), True),
        ("custom", {"property": "premium"}, State(), event(premium=False), False),
        ("custom", {"property": "premium"}, State(), event(), False),
        ("custom", {"property": "premium"}, State(), None, False),
        ("custom", {"property": "n", "value": 2, "event_type": "t"}, State(), event(n=2), True),
        ("custom", {"property": "n", "value": 2, "event_type": "t"}, State(), event("u", n=2), False),
        ("custom", {"property": "n", "op": "ne", "value": 2}, State(), event(n=3), True),
        ("custom", {"property": "n", "op": "ne", "value": 2}, State(), event(n=2), False),
        ("custom", {"property": "n", "op": "gt", "value": 2}, State(), event(n=2), False),
        ("custom", {"property": "n", "op": "gte", "value": 2}, State(), event(n=2), True),
        ("custom", {"property": "n", "op": "lt", "value": 2}, State(), event(n=2), False),
        ("custom", {"property": "n", "op": "lte", "value": 2}, State(), event(n=2), True),
        ("custom", {"property": "n", "op": "lte", "value": 2}, State(), event(n="2"), False),
    ],
)
def test_when_a_condition_holds(
    type: Any, config: dict[str, Any], state: State, at: Event | None, expected: bool
) -> None:
    condition = Condition(type, config)
    assert problem(condition) is None
    assert compile_condition(condition, RULES)(state, at, 0.0 if at is None else at.at) is expected


@pytest.mark.parametrize(
    ("type", "config", "message"),
    [
        ("event_count", {"count": 1}, "a condition of type event_count needs event_type (str)"),
        ("coin", {"amount": True}, "a condition of type coin needs amount (int)"),
        ("evolution", {"stage": "2"}, "a condition of type evolution needs stage (int)"),
        (
            "custom",
            {"property": "n", "op": "like"},
            "a condition of type custom knows the operators eq, ne, gt, gte, lt, lte",
        ),
    ],
)
def test_what_is_wrong_with_a_condition(type: Any, config: dict[str, Any], message: str) -> None:
    found = problem(Condition(type, config))
    assert found is not None
    assert found.message == message


def test_which_event_type_a_condition_looks_at() -> None:
    assert mentions(Condition("event_count", {"event_type": "t", "count": 1})) == "t"
    assert mentions(Condition("coin", {"amount": 1})) is None
