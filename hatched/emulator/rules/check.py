"""What rules must not say."""

from __future__ import annotations

from collections.abc import Iterator

from hatched.emulator.rules import conditions
from hatched.emulator.rules.model import Condition, Rules

_MAX_STAGES = 5  # seen


def check(rules: Rules) -> None:
    """Raises `ValueError` for rules that contradict themselves, with all that is wrong."""
    problems = list(_problems(rules))
    if problems:
        raise ValueError("; ".join(problems))


def _problems(rules: Rules) -> Iterator[str]:
    if not rules.audiences:
        yield "rules need at least one audience"
    for name, keys in (
        ("coin rule", [rule.key for rule in rules.coin_rules]),
        ("badge", [badge.key for badge in rules.badges]),
        ("skill", [skill.key for skill in rules.skills]),
        ("streak", [streak.key for streak in rules.streaks]),
        ("item", [item.key for item in rules.items]),
        ("gate", [gate.key for gate in rules.gates]),
    ):
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            yield f"every {name} needs a key of its own: {', '.join(twice)}"
    skills = {skill.key for skill in rules.skills}
    for used in [rule.skill for rule in rules.skill_rules] + [decay.skill_key for decay in rules.decays]:
        if used not in skills:
            yield f"there is no skill {used}"
    if len(rules.evolution.stages) >= _MAX_STAGES:
        yield f"a buddy has at most {_MAX_STAGES} stages, of which the first needs no conditions"
    if sum(streak.hero for streak in rules.streaks) > 1:
        yield "only one streak can be the hero"
    for gate in rules.gates:
        if gate.cost <= 0:
            yield f"gate {gate.key} must cost something"
    for owner, condition in _conditions(rules):
        if message := conditions.problem(condition):
            yield f"{owner}: {message}"


def _conditions(rules: Rules) -> Iterator[tuple[str, Condition]]:
    for badge in rules.badges:
        yield f"badge {badge.key}", badge.condition
    for number, stage in enumerate(rules.evolution.stages, start=2):
        for condition in stage.conditions:
            yield f"stage {number}", condition
    for item in rules.items:
        if item.visible_if is not None:
            yield f"item {item.key}", item.visible_if
