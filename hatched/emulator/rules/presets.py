"""Rule sets to start from. Their contents are examples of ours, not facts about the API."""

from __future__ import annotations

from hatched.emulator.rules.model import (
    Badge,
    CoinRule,
    Condition,
    Evolution,
    Gate,
    Item,
    Milestone,
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
)


def _count(event_type: str, count: int) -> Condition:
    return Condition("event_count", {"event_type": event_type, "count": count})


DEFAULT = Rules(
    # Every type that the documentation prints (guides/send-events).
    event_types=(
        "lesson_completed",
        "lesson_started",
        "daily_login",
        "checkout_completed",
        "quiz_passed",
        "task_assigned",
    ),
    # The one coin rule that the documentation prints (concepts/coins).
    coin_rules=(CoinRule(event="lesson_completed", amount=10, daily_cap=50),),
    badges=(
        Badge(key="first_lesson", condition=_count("lesson_completed", 1)),
        Badge(key="quiz_master", condition=_count("quiz_passed", 5), auto_award=False, coin_reward=25),
        # The shape of this one is printed in features/evaluation.
        Badge(key="scholar", condition=_count("lesson_completed", 25), coin_reward=120),
    ),
    skills=(Skill(key="knowledge"),),
    skill_rules=(SkillRule(event="quiz_passed", skill="knowledge", amount=5),),
    streaks=(
        Streak(
            key="daily",
            label="Daily streak",
            events=("daily_login",),
            milestones=(Milestone(at=7, coins=20), Milestone(at=30, coins=100)),
            hero=True,
        ),
    ),
    evolution=Evolution(
        stages=(
            Stage(conditions=(Condition("xp", {"amount": 1}),)),
            Stage(conditions=(Condition("xp", {"amount": 3}), Condition("badge_count", {"count": 2}))),
        )
    ),
    items=(
        Item(key="party_hat", category="head", price=30),
        Item(key="top_hat", category="head", price=80, rarity="rare"),
        Item(key="scarf", category="neck", price=20),
        Item(key="glasses", category="face", price=20),
        Item(key="balloon", category="accessory", price=5),
        Item(key="kite", category="accessory", price=5),
    ),
    gates=(Gate(key="extra_lessons", cost=40, label="Extra lessons"),),
)
