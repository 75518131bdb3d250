"""Whether a condition holds. The kinds are seen, the keys of their `config` are inferred."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hatched.emulator.rules.model import Condition
from hatched.emulator.rules.state import State


class Event(NamedTuple):
    """One event, as the rules see it; `at` is `occurred_at` and `now` the time of the server, in Unix seconds."""

    id: str
    user_id: str
    type: str
    audience: str
    properties: Mapping[str, Any]
    at: float
    now: float


Test = Callable[[State, Event | None], bool]
"""Whether a condition is true of a state, counting the event that is being applied."""


def compile_condition(condition: Condition) -> Test:
    """The test that a condition stands for."""
    return _KINDS[condition.type](condition.config)


def problem(condition: Condition) -> str | None:
    """What is wrong with the `config` of a condition."""
    for key, kind in CONFIG[condition.type].items():
        value = condition.config.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"a {condition.type} condition needs {key} ({kind.__name__})"
    return None


def mentions(condition: Condition) -> str | None:
    """The event type that a condition looks at."""
    event_type = condition.config.get("event_type")
    return event_type if isinstance(event_type, str) else None


def _event_count(config: Mapping[str, Any]) -> Test:
    wanted, needed = config["event_type"], config["count"]

    def test(state: State, event: Event | None) -> bool:
        # Counters move after the transaction, so the event in hand is not among them yet.
        now = 1 if event is not None and event.type == wanted else 0
        return bool(state.counters.get(wanted, 0) + now >= needed)

    return test


def _coin(config: Mapping[str, Any]) -> Test:
    needed = config["amount"]
    return lambda state, event: bool(state.primary.balance >= needed)


def _badge_earned(config: Mapping[str, Any]) -> Test:
    wanted = config["badge_key"]
    return lambda state, event: wanted in state.badges and state.badges[wanted].status == "awarded"


def _evolution(config: Mapping[str, Any]) -> Test:
    needed = config["stage"]
    return lambda state, event: bool(state.stage >= needed)


def _custom(config: Mapping[str, Any]) -> Test:
    """A property of the event, compared; one that is absent or of another type fulfils nothing."""
    name, value = config["property"], config.get("value", True)
    compare, only = _OPERATORS[config.get("op", "eq")], config.get("event_type")

    def test(state: State, event: Event | None) -> bool:
        if event is None or only not in (None, event.type):
            return False
        try:
            return bool(compare(event.properties[name], value))
        except (KeyError, TypeError):
            return False

    return test


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

_KINDS: dict[str, Callable[[Mapping[str, Any]], Test]] = {
    "event_count": _event_count,
    "milestone": _event_count,
    "coin": _coin,
    "badge_earned": _badge_earned,
    "evolution": _evolution,
    "custom": _custom,
}

CONFIG: dict[str, dict[str, type]] = {
    "event_count": {"event_type": str, "count": int},
    "milestone": {"event_type": str, "count": int},
    "coin": {"amount": int},
    "badge_earned": {"badge_key": str},
    "evolution": {"stage": int},
    "custom": {"property": str},
}
"""By kind, the keys that `config` must have."""
