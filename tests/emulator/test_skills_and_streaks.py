"""Skills, their levels, and streaks of every period."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.emulator import CoinRule, Multiplier, Rules
from hatched.emulator.rules.model import (
    Badge,
    Condition,
    Evolution,
    Milestone,
    Period,
    Skill,
    SkillRule,
    Stage,
    Streak,
)

from .support import Api


def buddy_with(rules: Rules) -> tuple[Api, str]:
    api = Api(rules=rules)
    return api, api.buddy()


SKILLS = Rules(
    event_types=("other",),
    skills=(Skill(key="reading"), Skill(key="writing", max=10, level_every=5)),
    skill_rules=(
        SkillRule(event="read", skill="reading", amount=15),
        SkillRule(event="write", skill="writing", amount=4),
        SkillRule(event="forget", skill="reading", amount=-20),
    ),
)


def test_events_raise_skills_and_levels_make_xp() -> None:
    api, buddy = buddy_with(SKILLS)
    for event, skills, xp in [
        ("read", {"reading": 15, "writing": 0}, 0),
        ("read", {"reading": 30, "writing": 0}, 1),
        ("write", {"reading": 30, "writing": 4}, 1),
        ("write", {"reading": 30, "writing": 8}, 2),
        ("write", {"reading": 30, "writing": 10}, 3),
        ("forget", {"reading": 10, "writing": 10}, 2),
        ("forget", {"reading": 0, "writing": 10}, 2),
    ]:
        assert "debug_reason" not in api.event(event)
        seen = api.ok("GET", f"/buddies/{buddy}")
        assert (seen["skills"], seen["progression"]["xp"], seen["progression"]["total_skill_level"]) == (skills, xp, xp)


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        ([{"key": "reading", "action": "increase", "amount": 5}], 45),
        ([{"key": "reading", "action": "decrease", "amount": 5}], 35),
        ([{"key": "reading", "action": "decrease", "amount": 500}], 0),
        ([{"key": "reading", "action": "set", "value": 99.5}], 99.5),
        ([{"key": "reading", "action": "set", "value": 500}], 100),
        ([{"key": "reading", "action": "set", "value": 1}, {"key": "reading", "action": "increase", "amount": 2}], 3),
    ],
)
def test_skills_are_changed_by_hand_within_their_bounds(updates: list[Any], expected: float) -> None:
    api, buddy = buddy_with(SKILLS)
    api.ok("PATCH", f"/buddies/{buddy}/skills", {"updates": [{"key": "reading", "action": "set", "value": 40}]})
    answer = api.ok("PATCH", f"/buddies/{buddy}/skills", {"updates": updates})
    assert answer == {"buddy_id": buddy, "skills": {"reading": expected, "writing": 0}}
    assert api.ok("GET", f"/buddies/{buddy}")["skills"] == answer["skills"]


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"key": "flying", "action": "set", "value": 1}, (404, "resource_not_found")),
        ({"key": "reading", "action": "set", "amount": 1}, (422, "validation_failed")),
        ({"key": "reading", "action": "increase"}, (422, "validation_failed")),
        ({"key": "reading", "action": "increase", "amount": -1}, (422, "validation_failed")),
    ],
)
def test_a_bad_update_changes_no_skill(update: dict[str, Any], expected: tuple[int, str]) -> None:
    api, buddy = buddy_with(SKILLS)
    good = {"key": "reading", "action": "set", "value": 50}
    assert api.code("PATCH", f"/buddies/{buddy}/skills", {"updates": [good, update]}) == expected
    assert api.ok("GET", f"/buddies/{buddy}")["skills"]["reading"] == 0


def test_a_skill_level_earns_a_badge() -> None:
    from attrs import evolve

    badge = Badge(key="reader", condition=Condition("skill_level", {"skill_key": "reading", "level": 2}))
    api, _ = buddy_with(evolve(SKILLS, badges=(badge,)))
    assert [api.event("read")["badges_awarded"] for _ in range(4)] == [[], [], ["reader"], []]


def streak_rules(period: Period, **options: Any) -> Rules:
    return Rules(
        event_types=("other",), streaks=(Streak(key="s", events=("login", "visit"), period=period, **options),)
    )


@pytest.mark.parametrize(
    ("period", "days", "expected"),
    [
        ("daily", ["01-01", "01-01", "01-02", "01-03", "01-05"], [1, None, 2, 3, 1]),
        ("daily", ["01-02", "01-01", "01-03"], [1, None, 2]),
        ("daily", ["02-28", "03-01"], [1, 2]),
        ("weekly", ["01-04", "01-05", "01-11", "01-12", "01-26"], [1, 2, None, 3, 1]),
        ("monthly", ["01-01", "01-31", "02-01", "04-01"], [1, None, 2, 1]),
        ("monthly", ["11-30", "12-01", "2027-01-31", "2027-02-01", "2028-02-01"], [1, 2, 3, 4, 1]),
        ("weekly", ["12-31", "2027-01-03", "2027-01-04"], [1, None, 2]),
    ],
)
def test_a_streak_ticks_once_a_period_and_starts_again_after_a_gap(
    period: Period, days: list[str], expected: list[int | None]
) -> None:
    api, buddy = buddy_with(streak_rules(period))
    seen = []
    for day in days:
        updates = api.event("login", occurred_at=f"{day if len(day) > 5 else f'2026-{day}'}T23:59:59Z")[
            "streak_updates"
        ]
        seen.append(updates[0]["current"] if updates else None)
    assert seen == expected
    longest = max(number for number in expected if number)
    assert api.ok("GET", f"/buddies/{buddy}/progression")["longest_streak"] == longest


def test_a_streak_update_looks_as_documented() -> None:
    api, _ = buddy_with(streak_rules("daily", label="Daily", icon="bolt", hero=True, milestones=(Milestone(at=2),)))
    first = api.event("login")
    assert first["streak_updates"] == [
        {
            "definition_key": "s",
            "label": "Daily",
            "icon": "bolt",
            "current": 1,
            "longest": 1,
            "milestone_hit": None,
            "hero": True,
        }
    ]
    assert first["streak_milestones"] == []
    api.clock.advance("1d")
    second = api.event("visit")
    assert (second["streak_updates"][0]["milestone_hit"], second["streak_milestones"]) == (2, [2])
    assert api.event("other")["debug_reason"] == "no_matching_rules"


def test_a_missed_period_shows_as_nothing_at_once() -> None:
    api, buddy = buddy_with(streak_rules("daily"))

    def shown() -> tuple[int, int]:
        progression = api.ok("GET", f"/buddies/{buddy}/progression")
        return progression["current_streak"], progression["longest_streak"]

    api.event("login")
    api.clock.advance("1d")
    api.event("login")
    assert shown() == (2, 2)
    api.clock.advance("1d")
    assert shown() == (2, 2)
    api.clock.advance("1d")
    assert shown() == (0, 2)


def test_ticks_and_milestones_pay() -> None:
    milestones = (Milestone(at=1, coins=7, tokens=4, badge="starter"), Milestone(at=2, badge="starter"))
    rules = streak_rules("daily", bonus=3, milestones=milestones)
    from attrs import evolve

    badge = Badge(key="starter", condition=Condition("evolution", {"stage": 5}), coin_reward=10, token_reward=1)
    api, _ = buddy_with(evolve(rules, badges=(badge,)))
    first = api.event("login")
    assert (first["coins"], first["tokens"], first["badges_awarded"]) == (20, ["xp:1", "xp:4"], ["starter"])
    api.clock.advance("1d")
    second = api.event("login")
    assert (second["coins"], second["tokens"], second["badges_awarded"]) == (3, [], [])


def test_the_hero_is_the_streak_that_is_shown() -> None:
    rules = Rules(
        streaks=(Streak(key="long", events=("a",)), Streak(key="hero", events=("b",), hero=True)),
    )
    api, buddy = buddy_with(rules)
    api.event("a")
    api.clock.advance("1d")
    api.event("a")
    api.event("b")
    assert api.ok("GET", f"/buddies/{buddy}/progression")["current_streak"] == 1


def test_a_streak_multiplies_coins_and_earns_badges() -> None:
    rules = Rules(
        coin_rules=(CoinRule(event="login", amount=10, multiplier=Multiplier(factor=2, streak="s", at_least=2)),),
        streaks=(Streak(key="s", events=("login",)),),
        badges=(Badge(key="loyal", condition=Condition("streak", {"streak_key": "s", "count": 3})),),
    )
    api, _ = buddy_with(rules)
    seen = []
    for _ in range(3):
        effects = api.event("login")
        seen.append((effects["coins"], effects["badges_awarded"]))
        api.clock.advance("1d")
    assert seen == [(10, []), (20, []), (20, ["loyal"])]


def test_a_streak_that_has_lapsed_no_longer_multiplies() -> None:
    multiplier = Multiplier(factor=2.0, streak="d", at_least=2)
    rules = Rules(
        coin_rules=(CoinRule(event="lesson", amount=10, multiplier=multiplier),),
        streaks=(Streak(key="d", events=("login",)),),
    )
    api, _ = buddy_with(rules)
    api.event("login")
    api.clock.advance("1d")
    api.event("login")
    assert api.event("lesson")["coins"] == 20
    api.clock.advance("2d")
    assert api.event("lesson")["coins"] == 10


def test_a_streak_that_has_lapsed_no_longer_makes_ready_to_evolve() -> None:
    rules = Rules(
        streaks=(Streak(key="d", events=("login",)),),
        evolution=Evolution(stages=(Stage(conditions=(Condition("streak", {"streak_key": "d", "count": 2}),)),)),
    )
    api, buddy = buddy_with(rules)
    api.event("login")
    api.clock.advance("1d")
    assert api.event("login")["evolution_ready"] is True
    api.clock.advance("2d")
    assert api.ok("GET", f"/buddies/{buddy}/evolution")["evolution_ready"] is False


@pytest.mark.parametrize(("amount", "factor", "paid"), [(100, 1.15, 115), (10, 1.1, 11), (3, 0.5, 1), (7, 2.0, 14)])
def test_a_multiplied_amount_is_rounded_down_from_the_exact_product(amount: int, factor: float, paid: int) -> None:
    api, _ = buddy_with(Rules(coin_rules=(CoinRule(event="t", amount=amount, multiplier=Multiplier(factor=factor)),)))
    assert api.event("t")["coins"] == paid


def test_a_streak_whose_period_changes_with_a_migration_starts_anew() -> None:
    api, _ = buddy_with(Rules(streaks=(Streak(key="s", events=("login",)),)))
    api.event("login")
    api.emulator.publish(Rules(streaks=(Streak(key="s", events=("login",), period="weekly"),)))
    api.emulator.migrate()
    api.clock.advance("7d")
    assert api.event("login")["streak_updates"][0]["current"] == 1
    api.clock.advance("7d")
    assert api.event("login")["streak_updates"][0]["current"] == 2
