"""Whether a condition holds. The kinds are seen, the keys of their `config` are inferred."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from hatched.emulator.rules.model import Condition, Rules
from hatched.emulator.rules.skills import level, total_level
from hatched.emulator.rules.state import State
from hatched.emulator.rules.streaks import length
from hatched.emulator.validation import Problem


@define
class Event:
    """One event, as the rules see it; `at` is `occurred_at` and `now` the time of the server, in Unix seconds."""

    id: str
    user_id: str
    type: str
    audience: str
    properties: Mapping[str, Any]
    at: float
    now: float


Test = Callable[[State, Event | None, float], bool]
"""Whether a condition is true of a state at a moment (Unix seconds), counting the event that is being applied."""


def compile_condition(condition: Condition, rules: Rules) -> Test:
    """The test that a condition stands for."""
    return _KINDS[condition.type](condition.config, rules)


def problem(condition: Condition) -> Problem | None:
    """What is wrong with the `config` of a condition."""
    for key, kind in CONFIG[condition.type].items():
        value = condition.config.get(key)
        if not isinstance(value, kind) or isinstance(value, bool) or value == "":
            message = f"a condition of type {condition.type} needs {key} ({kind.__name__})"
            return Problem(f"config.{key}", message)
    if strange := sorted(condition.config.keys() - CONFIG[condition.type].keys() - MAY_HAVE.get(condition.type, set())):
        message = f"a condition of type {condition.type} knows no {', '.join(strange)}"
        return Problem(f"config.{strange[0]}", message)
    operator_ = condition.config.get("op", "eq")
    if condition.type == "custom" and not (isinstance(operator_, str) and operator_ in _OPERATORS):
        return Problem("config.op", f"a condition of type custom knows the operators {', '.join(_OPERATORS)}")
    if mentions(condition) == "":
        return Problem("config.event_type", "event_type should not be empty")
    return None


def looks_at_all(condition: Condition) -> bool:
    """Whether every event may fulfil a condition, of whatever type."""
    return condition.type == "custom" and mentions(condition) is None


def mentions(condition: Condition) -> str | None:
    """The event type that a condition looks at."""
    event_type = condition.config.get("event_type")
    return event_type if isinstance(event_type, str) else None


def _event_count(config: Mapping[str, Any], rules: Rules) -> Test:
    wanted: str = config["event_type"]
    needed: int = config["count"]

    def test(state: State, event: Event | None, at: float) -> bool:
        # Counters move after the transaction, so the event in hand is not among them yet.
        now = 1 if event is not None and event.type == wanted else 0
        return state.counters.get(wanted, 0) + now >= needed

    return test


def _streak(config: Mapping[str, Any], rules: Rules) -> Test:
    streak = next((streak for streak in rules.streaks if streak.key == config["streak_key"]), None)

    def test(state: State, event: Event | None, at: float) -> bool:
        return streak is not None and streak.key in state.streaks and length(streak, state, at) >= config["count"]

    return test


def _skill_level(config: Mapping[str, Any], rules: Rules) -> Test:
    skill = next((skill for skill in rules.skills if skill.key == config["skill_key"]), None)
    return lambda state, event, at: bool(skill and level(skill, state.skills.get(skill.key, 0)) >= config["level"])


def _collection(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: bool(len(state.items) >= config["count"])


def _evolution(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: bool(state.stage >= config["stage"])


def _coin(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: bool(state.primary.balance >= config["amount"])


def _badge_earned(config: Mapping[str, Any], rules: Rules) -> Test:
    wanted = config["badge_key"]
    return lambda state, event, at: wanted in state.badges and state.badges[wanted].status == "awarded"


def _gate_unlocked(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: config["gate_key"] in state.gates


def _custom(config: Mapping[str, Any], rules: Rules) -> Test:
    """A property of the event, compared; one that is absent or of another type fulfils nothing."""
    name, value = config["property"], config.get("value", True)
    compare, only = _OPERATORS[config.get("op", "eq")], config.get("event_type")

    def test(state: State, event: Event | None, at: float) -> bool:
        if event is None or only not in (None, event.type):
            return False
        try:
            return bool(compare(event.properties[name], value))
        except (KeyError, TypeError):
            return False

    return test


def _xp(config: Mapping[str, Any], rules: Rules) -> Test:
    needed: int = config["amount"]
    return lambda state, event, at: total_level(rules, state) >= needed


def _badge_count(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: bool(state.awarded >= config["count"])


def _progression_token(config: Mapping[str, Any], rules: Rules) -> Test:
    return lambda state, event, at: bool(state.progression.balance >= config["amount"])


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

_KINDS: dict[str, Callable[[Mapping[str, Any], Rules], Test]] = {
    "event_count": _event_count,
    "milestone": _event_count,
    "streak": _streak,
    "skill_level": _skill_level,
    "collection": _collection,
    "evolution": _evolution,
    "coin": _coin,
    "badge_earned": _badge_earned,
    "gate_unlocked": _gate_unlocked,
    "custom": _custom,
    "xp": _xp,
    "badge_count": _badge_count,
    "progression_token": _progression_token,
}

CONFIG: dict[str, dict[str, type]] = {
    "event_count": {"event_type": str, "count": int},
    "milestone": {"event_type": str, "count": int},
    "streak": {"streak_key": str, "count": int},
    "skill_level": {"skill_key": str, "level": int},
    "collection": {"count": int},
    "evolution": {"stage": int},
    "coin": {"amount": int},
    "badge_earned": {"badge_key": str},
    "gate_unlocked": {"gate_key": str},
    "custom": {"property": str},
    "xp": {"amount": int},
    "badge_count": {"count": int},
    "progression_token": {"amount": int},
}
"""By kind, the keys that `config` must have."""
MAY_HAVE: dict[str, set[str]] = {"custom": {"op", "value", "event_type"}}
"""And those that it may have."""
