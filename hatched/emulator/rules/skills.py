"""Skills and their levels (concepts/skills). That values stop at 0 and at `max` is inferred."""

from __future__ import annotations

from hatched.emulator.clock import day_of
from hatched.emulator.rules.model import Rules, Skill, SkillRule
from hatched.emulator.rules.state import State


def level(skill: Skill, value: float) -> int:
    """One level for every `level_every` points."""
    return int(value // skill.level_every)


def total_level(rules: Rules, state: State) -> int:
    """The sum over all skills, which is also what `xp` shows (SDK: BuddyProgression, seen)."""
    total = 0
    for skill in rules.skills:
        if value := state.skills.get(skill.key):
            total += level(skill, value)
    return total


def change(state: State, skill: Skill, value: float) -> bool:
    """Sets a skill to what its bounds allow of `value`, and answers whether that is less than all of it."""
    bounded = min(max(value, 0), skill.max)
    state.skills = {**state.skills, skill.key: bounded}
    return bounded != value


def practise(state: State, skill: Skill, rule: SkillRule, at: float) -> bool:
    """Applies a rule for an event that occurred at `at`, and answers whether the skill's bounds had a say."""
    bounded = change(state, skill, state.skills.get(skill.key, 0) + rule.amount)
    if rule.amount > 0:
        state.practised = {**state.practised, skill.key: max(day_of(at), state.practised.get(skill.key, 0))}
    return bounded
