"""The rules of one audience, sorted for quick use."""

from __future__ import annotations

from typing import NamedTuple

from hatched.emulator.rules.conditions import Test, compile_condition, looks_at_all, mentions
from hatched.emulator.rules.model import Badge, CoinRule, Gate, Item, Rules, Skill, SkillRule, Streak


class Plan(NamedTuple):
    """What an event type sets in motion, whatever the buddy has."""

    streaks: tuple[Streak, ...] = ()
    coin_rules: tuple[CoinRule, ...] = ()
    skill_rules: tuple[tuple[Skill, SkillRule], ...] = ()


NO_PLAN = Plan()


class Book:
    """An index over `Rules`.

    Attributes:
        plans: By event type; one that is missing sets nothing in motion.
        stages: By stage, all that a buddy needs to reach it.
        types: Event types that are registered.
    """

    def __init__(self, rules: Rules, audience: str) -> None:
        self.rules = rules
        self.audience = audience
        self.skills: dict[str, Skill] = {skill.key: skill for skill in rules.skills}
        self.gates: dict[str, Gate] = {gate.key: gate for gate in rules.gates}
        ours = (None, audience)
        streaks = [streak for streak in rules.streaks if streak.audience in ours]
        coin_rules = [rule for rule in rules.coin_rules if rule.audience in ours]
        skill_rules = [(self.skills[rule.skill], rule) for rule in rules.skill_rules if rule.audience in ours]
        planned = {event_type for streak in streaks for event_type in streak.events}
        planned |= {rule.event for rule in coin_rules} | {rule.event for _, rule in skill_rules}
        self.plans: dict[str, Plan] = {
            event_type: Plan(
                tuple(streak for streak in streaks if event_type in streak.events),
                tuple(rule for rule in coin_rules if rule.event == event_type),
                tuple((skill, rule) for skill, rule in skill_rules if rule.event == event_type),
            )
            for event_type in planned
        }
        self.badges: tuple[tuple[Badge, Test], ...] = tuple(
            (badge, compile_condition(badge.condition, rules)) for badge in rules.badges if badge.audience in ours
        )
        self.stages: dict[int, tuple[Test, ...]] = {
            number: tuple(compile_condition(condition, rules) for condition in stage.conditions)
            for number, stage in enumerate(rules.evolution.stages, start=2)
        }
        self.items: dict[str, tuple[Item, Test | None]] = {
            item.key: (item, compile_condition(item.visible_if, rules) if item.visible_if else None)
            for item in rules.items
            if item.audience in ours
        }
        conditions = [badge.condition for badge, _ in self.badges]
        conditions += [condition for stage in rules.evolution.stages for condition in stage.conditions]
        conditions += [item.visible_if for item, _ in self.items.values() if item.visible_if]
        looked_at = {event for condition in conditions if (event := mentions(condition))}
        self._acts_on_all = any(map(looks_at_all, conditions))
        self._acts_on = planned | looked_at
        self.types: frozenset[str] = frozenset(self._acts_on | set(rules.event_types))

    def acts_on(self, event_type: str) -> bool:
        """Whether some rule looks at such events."""
        return self._acts_on_all or event_type in self._acts_on

    @property
    def last_stage(self) -> int:
        """The highest stage there is."""
        return 1 + len(self.stages)

    def streak(self, key: str) -> Streak | None:
        """The streak of that key."""
        return next((streak for streak in self.rules.streaks if streak.key == key), None)

    def badge(self, key: str) -> Badge | None:
        """The badge of that key."""
        return next((badge for badge, _ in self.badges if badge.key == key), None)
