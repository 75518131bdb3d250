"""Skills that fade (concepts/skill-decay): once a period, when its UTC day, ISO week or month begins."""

from __future__ import annotations

from hatched.emulator import buddies, delivery
from hatched.emulator.buddies import Buddy
from hatched.emulator.clock import day_of
from hatched.emulator.context import World
from hatched.emulator.rules.model import Decay
from hatched.emulator.rules.skills import change, level
from hatched.emulator.rules.streaks import period_of

_DAY = 86_400


def run_due(world: World, now: float) -> None:
    """Goes through the days that have begun since it last ran, one by one."""
    today = day_of(now)
    last = world.store.recall("decay_day")
    first = today if last is None else int(last) + 1
    if first > today:
        return
    with world.store.transaction():
        for buddy in _fading(world):
            for day in range(first, today + 1):
                _fade(world, buddy, day)
        world.store.remember("decay_day", str(today))


def next_due(world: World, now: float) -> float | None:
    """The next midnight, if there is anything that can fade."""
    pairs = world.store.db.execute(
        "SELECT DISTINCT config_version_id, audience FROM buddies WHERE status = 'active'"
    ).fetchall()
    fades = any(world.configs.book(version_id, audience).rules.decays for version_id, audience in pairs)
    return float((day_of(now) + 1) * _DAY) if fades else None


def _fading(world: World) -> list[Buddy]:
    """The active buddies whose rules know decay."""
    rows = world.store.db.execute("SELECT * FROM buddies WHERE status = 'active' ORDER BY seq").fetchall()
    return [
        buddies.opened(world, row)
        for row in rows
        if world.configs.book(row["config_version_id"], row["audience"]).rules.decays
    ]


def _fade(world: World, buddy: Buddy, day: int) -> None:
    at = day * _DAY
    for rule in buddy.book.rules.decays:
        if not rule.active or rule.audience != buddy.book.audience or not _begins(rule, at):
            continue
        skill = buddy.book.skills[rule.skill_key]
        value = buddy.state.skills.get(skill.key, 0)
        rested = day - buddy.state.practised.get(skill.key, day_of(buddy.row["created_at"]))
        floor = rule.floor_level * skill.level_every
        if rested <= rule.grace_days or value <= max(floor, rule.apply_only_above or 0):
            continue
        change(buddy.state, skill, max(value - rule.amount, floor))
        buddies.save(world, buddy, at)
        after = buddy.state.skills[skill.key]
        payload = {
            "buddy_id": buddy.id,
            "user_id": buddy.row["user_id"],
            "skill_key": skill.key,
            # inferred from here on: the documented body is cut off
            "previous_value": value,
            "new_value": after,
            "previous_level": level(skill, value),
            "new_level": level(skill, after),
        }
        delivery.notify(world, buddy.customer_id, "skill.decayed", payload, at)


def _begins(rule: Decay, at: float) -> bool:
    """Whether the rule's period begins at this midnight."""
    return period_of(rule.cadence, at) != period_of(rule.cadence, at - _DAY)
