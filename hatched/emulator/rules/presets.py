"""Rule sets to start from. Their contents are examples of ours, not facts about the API."""

from __future__ import annotations

from hatched.emulator.rules.model import Badge, CoinRule, Condition, Rules

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
        Badge(
            key="first_lesson",
            label="First lesson",
            condition=Condition("event_count", {"event_type": "lesson_completed", "count": 1}),
        ),
        Badge(
            key="quiz_master",
            label="Quiz master",
            condition=Condition("event_count", {"event_type": "quiz_passed", "count": 5}),
            auto_award=False,
            coin_reward=25,
        ),
        # The shape of this one is printed in features/evaluation.
        Badge(
            key="scholar",
            label="Scholar",
            condition=Condition("event_count", {"event_type": "lesson_completed", "count": 25}),
            coin_reward=120,
        ),
    ),
)
