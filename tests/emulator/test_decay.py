"""Skills that fade (concepts/skill-decay)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from hatched.emulator import Clock, Decay, Rules, Skill, SkillRule, WebhookRequest

from .support import Api


def fading(**options: Any) -> Rules:
    decay = Decay(**{"skill_key": "reading", "cadence": "daily", "amount": 5, **options})
    return Rules(
        skills=(Skill(key="reading"),),
        skill_rules=(SkillRule(event="read", skill="reading", amount=50),),
        decays=(decay,),
    )


def value(api: Api, buddy: str) -> float:
    skill: float = api.ok("GET", f"/buddies/{buddy}")["skills"]["reading"]
    return skill


# The clock starts on a Thursday, the 1st of January.
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {0: 50, 1: 45, 2: 40, 10: 0, 11: 0}),
        ({"grace_days": 2}, {1: 50, 2: 50, 3: 45, 4: 40}),
        ({"floor_level": 2}, {1: 45, 2: 40, 3: 40, 30: 40}),
        ({"apply_only_above": 45}, {1: 45, 2: 45}),
        ({"cadence": "weekly"}, {3: 50, 4: 45, 10: 45, 11: 40}),
        ({"cadence": "monthly"}, {30: 50, 31: 45, 59: 40}),
        ({"active": False}, {30: 50}),
    ],
)
def test_how_a_skill_fades_day_by_day(options: dict[str, Any], expected: dict[int, float]) -> None:
    api = Api(rules=fading(**options))
    buddy = api.buddy()
    api.event("read")
    seen: dict[int, float] = {}
    for day in range(max(expected) + 1):
        seen[day] = value(api, buddy)
        api.clock.advance("1d")
    assert {day: seen[day] for day in expected} == expected


def test_a_skill_fades_in_its_audience_alone() -> None:
    api = Api(rules=evolve(fading(audience="teacher"), audiences=("default", "teacher")))
    buddy = api.buddy(audience="default")
    api.event("read", audience="default")
    api.clock.advance("30d")
    assert value(api, buddy) == 50


def test_what_has_faded_is_told_with_the_time_at_which_it_did() -> None:
    api = Api(rules=fading())
    api.buddy()
    api.event("read")
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["skill.decayed"]})
    told: list[float] = []
    api.emulator.deliver_webhooks_to(
        lambda request: told.append(api.clock.now() - float(request.headers["X-Hatched-Timestamp"])) or 200  # type: ignore[func-returns-value]
    )
    api.clock.advance("5d")
    assert told == [0.0] * 5


def test_one_step_of_the_clock_equals_many() -> None:
    values = []
    for steps in (["60d"], ["1d"] * 60, ["7h"] * 206):
        api = Api(rules=fading(amount=1, grace_days=3))
        buddy = api.buddy()
        api.event("read")
        for step in steps:
            api.clock.advance(step)
        values.append(value(api, buddy))
    assert values == [0 if values[0] == 0 else values[0]] * 3
    assert values[0] == 0


def test_practice_starts_the_grace_anew() -> None:
    api = Api(rules=fading(grace_days=2, amount=1))
    buddy = api.buddy()
    api.event("read")
    api.clock.advance("2d")
    api.event("read")
    api.clock.advance("2d")
    assert value(api, buddy) == 100
    api.clock.advance("1d")
    assert value(api, buddy) == 99


def test_every_loss_is_told_once() -> None:
    api = Api(rules=fading(amount=30))
    received: list[WebhookRequest] = []

    def receive(request: WebhookRequest) -> int:
        received.append(request)
        return 200

    api.emulator.deliver_webhooks_to(receive)
    api.ok("POST", "/webhook-configs", {"url": "https://x", "events": ["skill.decayed"]})
    buddy = api.buddy()
    api.buddy("user_2")
    api.event("read")
    api.clock.advance("1w")
    midnight = int(Clock("2026-01-02T00:00:00Z").now())
    assert [int(request.headers["X-Hatched-Timestamp"]) - midnight for request in received] == [0, 86_400]
    assert [json.loads(request.body) for request in received] == [
        {
            "buddy_id": buddy,
            "user_id": "user_1",
            "skill_key": "reading",
            "previous_value": before,
            "new_value": after,
            "previous_level": before // 20,
            "new_level": after // 20,
        }
        for before, after in ((50, 20), (20, 0))
    ]


def test_a_file_fades_while_nobody_looks(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    api = Api(rules=fading(), store=store)
    buddy = api.buddy()
    api.event("read")
    api.emulator.close()
    again = Api(store=store, clock=Clock("2026-01-04T12:00:00Z"))
    assert value(again, buddy) == 35
