"""What rules must not say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hatched.emulator.plans import AUDIENCES, Plan
from hatched.emulator.rules import conditions
from hatched.emulator.rules.model import (
    Badge,
    CoinRule,
    Condition,
    Decay,
    Gate,
    Item,
    Milestone,
    Multiplier,
    Rules,
    Skill,
    Streak,
    Token,
)
from hatched.emulator.validation import InvalidError, Problem

MAX_STAGES = 5  # seen
_STAGES = tuple(str(stage) for stage in range(1, MAX_STAGES + 1))
AUDIENCE = r"[a-z][a-z0-9_]{0,31}"
"""The form of the key of an audience (guides/send-events)."""
_MOST_LEVELS = 10**6
LEAST: dict[type, dict[str, int]] = {
    Token: {"max_balance": 0},
    CoinRule: {"amount": 0, "daily_cap": 0, "weekly_cap": 0, "total_limit": 0},
    Multiplier: {"factor": 0, "at_least": 1},
    Badge: {"coin_reward": 0, "token_reward": 0},
    Skill: {"max": 0},
    Decay: {"amount": 0, "floor_level": 0, "grace_days": 0},
    Streak: {"bonus": 0, "max_row_icons": 1},
    Milestone: {"at": 1, "coins": 0, "tokens": 0},
    Item: {"price": 0},
    Gate: {"cost": 1},
}
"""The least that a number may be. A gate costs something (seen)."""


def check(rules: Rules, plan: Plan | None = None) -> None:
    """Raises `InvalidError` for rules that contradict themselves or ask too much of a plan, with all that is wrong."""
    problems = list(_problems(rules))
    most = AUDIENCES.get(plan.name) if plan else None
    if plan and most is not None and len(rules.audiences) > most:
        message = f"the {plan.name} plan has at most {most} audience(s), these rules have more"
        problems.append(Problem(f"audiences.{most}", message))
    if problems:
        raise InvalidError(problems)


def _problems(rules: Rules) -> Iterator[Problem]:
    if not rules.audiences:
        yield Problem("audiences", "rules need at least one audience")
    for index, audience in enumerate(rules.audiences):
        if audience in rules.audiences[:index]:
            yield Problem(f"audiences.{index}", f"audience {audience} comes twice")
        if not re.fullmatch(AUDIENCE, audience):
            message = f"an audience is snake_case of at most 32 characters, unlike {audience!r}"
            yield Problem(f"audiences.{index}", message)
    for name, keys in (
        ("coin_rules", [rule.key for rule in rules.coin_rules]),
        ("badges", [badge.key for badge in rules.badges]),
        ("skills", [skill.key for skill in rules.skills]),
        ("streaks", [streak.key for streak in rules.streaks]),
        ("items", [item.key for item in rules.items]),
        ("gates", [gate.key for gate in rules.gates]),
    ):
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield Problem(f"{name}.{index}.key", f"every one of {name} needs a key of its own: {key} comes twice")
    skills = {skill.key for skill in rules.skills}
    used = [(f"skill_rules.{index}.skill", rule.skill) for index, rule in enumerate(rules.skill_rules)]
    used += [(f"decays.{index}.skill_key", decay.skill_key) for index, decay in enumerate(rules.decays)]
    for field, skill in used:
        if skill not in skills:
            yield Problem(field, f"there is no skill {skill}")
    if len(rules.evolution.stages) >= MAX_STAGES:
        message = f"a buddy has at most {MAX_STAGES} stages, of which the first needs no conditions"
        yield Problem(f"evolution.stages.{MAX_STAGES - 1}", message)
    heroes = [index for index, streak in enumerate(rules.streaks) if streak.hero]
    if len(heroes) > 1:
        yield Problem(f"streaks.{heroes[1]}.hero", "only one streak can be the hero")
    for field, owner, condition in _conditions(rules):
        if wrong := conditions.problem(condition):
            yield Problem(f"{field}.{wrong.field}", f"{owner}: {wrong.message}")
        elif condition.type == "custom" and not field.startswith("badges."):
            yield Problem(field, f"{owner}: a condition of type custom looks at an event, and here there is none")
    for index, badge in enumerate(rules.badges):
        if badge.condition.type == "badge_earned" and badge.condition.config.get("badge_key") == badge.key:
            yield Problem(f"badges.{index}.condition.config.badge_key", f"badge {badge.key} waits for itself")
    yield from _unknown(rules)
    yield from _unnamed(rules)
    yield from _out_of_range(rules)


def _unknown(rules: Rules) -> Iterator[Problem]:
    """Names of things that there are not."""
    known = {
        "streak_key": {streak.key for streak in rules.streaks},
        "skill_key": {skill.key for skill in rules.skills},
        "badge_key": {badge.key for badge in rules.badges},
        "gate_key": {gate.key for gate in rules.gates},
    }
    for field, owner, condition in _conditions(rules):
        for name, keys in known.items():
            value = condition.config.get(name)
            if isinstance(value, str) and value not in keys:
                message = f"{owner}: there is no {name.removesuffix('_key')} {value}"
                yield Problem(f"{field}.config.{name}", message)
    for index, streak in enumerate(rules.streaks):
        for place, milestone in enumerate(streak.milestones):
            if milestone.badge is not None and milestone.badge not in known["badge_key"]:
                field = f"streaks.{index}.milestones.{place}.badge"
                yield Problem(field, f"streak {streak.key}: there is no badge {milestone.badge}")
    for index, rule in enumerate(rules.coin_rules):
        if rule.multiplier and rule.multiplier.streak not in {None, *known["streak_key"]}:
            yield Problem(f"coin_rules.{index}.multiplier.streak", f"there is no streak {rule.multiplier.streak}")
    for index, gate in enumerate(rules.gates):
        if gate.token_key is not None and (rules.primary is None or gate.token_key != rules.primary.key):
            message = f"gate {gate.key} takes the primary token only, not {gate.token_key}"
            yield Problem(f"gates.{index}.token_key", message)
    tokens = {None, *(token.key for token in (rules.primary, rules.progression) if token)}
    for index, item in enumerate(rules.items):
        if item.token_key not in tokens:
            yield Problem(f"items.{index}.token_key", f"there is no token {item.token_key}")
        for stage in item.stage_image_urls:
            if stage not in _STAGES:
                message = f"item {item.key}: a stage is one of {', '.join(_STAGES)}, not {stage!r}"
                yield Problem(f"items.{index}.stage_image_urls.{stage}", message)
    if rules.primary and rules.progression and rules.primary.key == rules.progression.key:
        yield Problem("progression.key", f"both tokens have the key {rules.primary.key}")
    for name in ("coin_rules", "badges", "skill_rules", "decays", "streaks", "items"):
        for index, thing in enumerate(getattr(rules, name)):
            if thing.audience is not None and thing.audience not in rules.audiences:
                yield Problem(f"{name}.{index}.audience", f"there is no audience {thing.audience}")


def _unnamed(rules: Rules) -> Iterator[Problem]:
    """Event types that no event has: the API takes no empty one."""
    events = [(f"event_types.{index}", event) for index, event in enumerate(rules.event_types)]
    for name in ("coin_rules", "skill_rules"):
        events += [(f"{name}.{index}.event", rule.event) for index, rule in enumerate(getattr(rules, name))]
    for index, streak in enumerate(rules.streaks):
        events += [(f"streaks.{index}.events.{place}", event) for place, event in enumerate(streak.events)]
    for field, event in events:
        if not event:
            yield Problem(field, "an event type should not be empty")


def _out_of_range(rules: Rules) -> Iterator[Problem]:
    """Numbers that the engine cannot work with."""
    for field, thing in _things(rules):
        for attribute, least in LEAST.get(type(thing), {}).items():
            value = getattr(thing, attribute)
            if value is not None and value < least:
                yield Problem(f"{field}.{attribute}", f"{attribute} must not be less than {least}")
    for index, skill in enumerate(rules.skills):
        if skill.level_every <= 0 or skill.max / skill.level_every > _MOST_LEVELS:
            message = f"skill {skill.key} needs points for each level, and at most {_MOST_LEVELS} levels"
            yield Problem(f"skills.{index}.level_every", message)


def _things(rules: Rules) -> Iterator[tuple[str, object]]:
    """Whatever has numbers, with its place."""
    yield "primary", rules.primary
    yield "progression", rules.progression
    for name in ("coin_rules", "badges", "skills", "decays", "streaks", "items", "gates"):
        for index, thing in enumerate(getattr(rules, name)):
            yield f"{name}.{index}", thing
    for index, rule in enumerate(rules.coin_rules):
        yield f"coin_rules.{index}.multiplier", rule.multiplier
    for index, streak in enumerate(rules.streaks):
        for place, milestone in enumerate(streak.milestones):
            yield f"streaks.{index}.milestones.{place}", milestone


def _conditions(rules: Rules) -> Iterator[tuple[str, str, Condition]]:
    for index, badge in enumerate(rules.badges):
        yield f"badges.{index}.condition", f"badge {badge.key}", badge.condition
    for index, stage in enumerate(rules.evolution.stages):
        for place, condition in enumerate(stage.conditions):
            yield f"evolution.stages.{index}.conditions.{place}", f"stage {index + 2}", condition
    for index, item in enumerate(rules.items):
        if item.visible_if is not None:
            yield f"items.{index}.visible_if", f"item {item.key}", item.visible_if
