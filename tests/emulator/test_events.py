"""Events: audiences, registered types, quota, replays, batches (guides/send-events)."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from hatched.emulator import Badge, CoinRule, Condition, Gate, Multiplier, Rules, Skill, SkillRule, Streak, events
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import Outcome, compute
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.model import Evolution, Item, Stage
from hatched.emulator.rules.paths import Path
from hatched.emulator.rules.state import State

from .support import Api

LESSON = {"event_id": "evt_01HXYZ", "user_id": "user_42", "type": "lesson_completed"}
NOTHING: dict[str, Any] = {
    "coins": 0,
    "badges_awarded": [],
    "badges_ready": [],
    "tokens": [],
    "evolution_ready": False,
    "streak_milestones": [],
    "streak_updates": [],
    "path_updates": [],
}


def test_the_documented_event_has_the_documented_effects() -> None:
    api = Api()
    api.buddy("user_42")
    event = {
        **LESSON,
        "properties": {"lesson_id": "lesson_17", "duration_ms": 300000, "score": 0.92},
        "occurred_at": "2026-04-22T10:30:00Z",
    }
    response = api.send("POST", "/events", event)
    assert response.status == 201
    assert response.json() == {"effects": {**NOTHING, "coins": 10, "badges_awarded": ["first_lesson"]}}
    assert response.header("X-Event-Quota-Used") == "1"


def test_a_replay_answers_the_same_bytes_and_changes_nothing() -> None:
    api = Api()
    buddy = api.buddy("user_42")
    first = api.send("POST", "/events", LESSON)
    before = api.ok("GET", f"/buddies/{buddy}")
    api.clock.advance("40d")
    second = api.send("POST", "/events", {**LESSON, "type": "quiz_passed", "properties": {"changed": True}})
    assert second.body == first.body
    assert api.ok("GET", f"/buddies/{buddy}") == before
    assert second.header("X-Event-Quota-Used") == "0"
    assert len(api.emulator.effects()) == 1


@pytest.mark.parametrize(
    ("registered", "shown"),
    [
        (("b", "a"), "a, b"),
        ((), "none"),
        (tuple(f"event_type_{number:03}" for number in range(99)), "event_type_000, event_type_001, "),
    ],
)
def test_a_type_that_is_not_registered_is_told_with_those_that_are(registered: tuple[str, ...], shown: str) -> None:
    message = Api(rules=Rules(event_types=registered)).message("POST", "/events", {"user_id": "u", "type": "t"})
    start = "Event type 't' is not registered for audience 'default'; registered: "
    if len(registered) < 9:
        assert message == start + shown
    else:
        assert message.startswith(start + shown)
        assert len(message) <= len(start) + 200


@pytest.mark.parametrize(
    ("path", "body", "key", "status"),
    [
        ("/events", LESSON, "a", 201),
        ("/events/batch", {"events": [LESSON]}, "b", 201),
        ("/events", {**LESSON, "user_id": "another"}, "a", 409),
        ("/events", {**LESSON, "type": "unheard_of", "event_id": "new"}, None, 422),
        ("/events/batch", {"events": []}, None, 422),
        ("/events", {**LESSON, "audience": "nobody", "event_id": "new"}, None, 400),
    ],
)
def test_every_answer_of_an_event_route_tells_the_quota(path: str, body: Any, key: str | None, status: int) -> None:
    api = Api(plan="free")
    for first, target, once in (("a", "/events", LESSON), ("b", "/events/batch", {"events": [LESSON]})):
        assert api.send("POST", target, once, headers={"Idempotency-Key": first}).status == 201
    answer = api.send("POST", path, body, headers={"Idempotency-Key": key} if key else {})
    assert (answer.status, answer.header("Idempotency-Replayed")) == (status, "true" if status == 201 else None)
    assert [answer.header(f"X-Event-Quota-{name}") for name in ("Limit", "Used", "Remaining", "Reset")] == [
        "10000",
        "1",
        "9999",
        "1769904000",
    ]


def test_answers_that_know_no_customer_or_no_events_tell_no_quota() -> None:
    api = Api()
    for answer in (api.send("POST", "/events", LESSON, key="hatch_test_wrong"), api.send("GET", "/buddies")):
        assert answer.header("X-Event-Quota-Limit") is None


def test_a_replay_outlives_the_rules_that_made_it() -> None:
    api = Api(plan="pro")
    api.buddy("user_42")
    first = api.send("POST", "/events", LESSON)
    api.emulator.publish(Rules(audiences=("default", "b"), event_types=("other",)))
    assert api.send("POST", "/events", LESSON).body == first.body
    api.emulator.unpublish()
    assert api.send("POST", "/events", LESSON).body == first.body


def test_an_event_without_an_id_gets_a_new_one_each_time() -> None:
    api = Api()
    api.buddy()
    assert [api.event()["coins"] for _ in range(2)] == [10, 10]
    assert len({event.event_id for event in api.emulator.effects()}) == 2


@pytest.mark.parametrize("body", ["nested", "flat"])
def test_a_debug_reason_is_told(body: Literal["nested", "flat"]) -> None:
    api = Api(event_body=body)
    api.buddy("user_42")
    nobody = {**NOTHING, "debug_reason": "no_active_buddies_for_user"}
    nothing = {**NOTHING, "debug_reason": "no_matching_rules"}
    answers = [
        api.ok("POST", "/events", {"user_id": "ghost", "type": "lesson_completed"}),
        api.ok("POST", "/events", {"user_id": "user_42", "type": "lesson_started"}),
        api.ok("POST", "/events", {"user_id": "user_42", "type": "quiz_passed"}),
    ]
    if body == "flat":
        assert answers == [nobody, nothing, NOTHING]
    else:
        assert answers == [
            {"effects": nobody, "debug_reason": "no_active_buddies_for_user"},
            {"effects": nothing, "debug_reason": "no_matching_rules"},
            {"effects": NOTHING},
        ]
    assert api.ok("POST", "/events/batch", {"events": [{"user_id": "ghost", "type": "quiz_passed"}]}) == {
        "results": [nobody]
    }


TWO = Rules(
    audiences=("student", "teacher"),
    coin_rules=(
        CoinRule(event="graded", amount=1, audience="student", key="a"),
        CoinRule(event="graded", amount=2, audience="teacher", key="b"),
        CoinRule(event="taught", amount=3, audience="teacher"),
    ),
)


@pytest.mark.parametrize(
    ("rules", "event", "expected"),
    [
        (TWO, {"type": "graded"}, (400, "missing_audience")),
        (TWO, {"type": "unknown"}, (400, "missing_audience")),
        (TWO, {"type": "graded", "audience": "pirate"}, (400, "unknown_audience")),
        (TWO, {"type": "taught", "audience": "student"}, (422, "event_type_not_registered")),
        (Rules(), {"type": "graded"}, (422, "event_type_not_registered")),
        (Rules(event_types=("graded",)), {"type": "graded", "audience": "pirate"}, (400, "unknown_audience")),
    ],
)
def test_audience_then_type(rules: Rules, event: dict[str, str], expected: tuple[int, str]) -> None:
    api = Api(rules=rules)
    assert api.code("POST", "/events", {"user_id": "u", **event}) == expected
    assert api.code("POST", "/events/batch", {"events": [{"user_id": "u", **event}]}) == expected


def test_the_audience_chooses_buddy_and_rules() -> None:
    api = Api(rules=TWO)
    student, teacher = api.buddy(audience="student"), api.buddy(audience="teacher")
    assert api.event("graded", audience="student")["coins"] == 1
    assert api.event("graded", audience="teacher")["coins"] == 2
    assert api.ok("GET", f"/buddies/{student}")["coins"] == 1
    assert api.ok("GET", f"/buddies/{teacher}")["coins"] == 2


def test_a_batch_answers_in_order_and_applies_a_repeated_id_once() -> None:
    api = Api()
    buddy = api.buddy("user_42")
    events = [
        LESSON,
        {"event_id": "e2", "user_id": "user_42", "type": "lesson_started"},
        LESSON,
        {"event_id": "e3", "user_id": "ghost", "type": "quiz_passed"},
    ]
    response = api.send("POST", "/events/batch", {"events": events})
    assert (response.status, response.header("X-Event-Quota-Used")) == (201, "3")
    results = response.json()["results"]
    assert [result["coins"] for result in results] == [10, 0, 10, 0]
    assert [result.get("debug_reason") for result in results] == [
        None,
        "no_matching_rules",
        None,
        "no_active_buddies_for_user",
    ]
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == 10
    assert [event.event_id for event in api.emulator.effects()] == ["evt_01HXYZ", "e2", "e3"]
    assert [event.event_id for event in api.emulator.effects("ghost")] == ["e3"]


def test_a_batch_with_one_bad_event_changes_nothing() -> None:
    api = Api()
    buddy = api.buddy("user_42")
    before = api.ok("GET", f"/buddies/{buddy}")
    for bad in ({"user_id": "u", "type": "unknown"}, {"user_id": "u"}, {"userId": "u", "type": "quiz_passed"}):
        assert api.code("POST", "/events/batch", {"events": [LESSON, bad]})[0] == 422
    assert api.ok("GET", f"/buddies/{buddy}") == before
    assert api.emulator.effects() == []
    assert api.send("POST", "/events", LESSON).header("X-Event-Quota-Used") == "1"


@pytest.mark.parametrize(("mode", "kept"), [("batch", []), ("event", ["a", "b"])])
def test_a_batch_that_breaks_in_the_middle_leaves_what_its_transaction_says(
    mode: Literal["batch", "event"], kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(batch_transaction=mode)
    buddy = api.buddy()

    def breaking(state: State, book: Book, event: Event, path: Path | None) -> Outcome:
        if event.id == "c":
            raise RuntimeError("the process dies here")
        return compute(state, book, event, path)

    monkeypatch.setattr(events, "compute", breaking)
    batch = {"events": [{"event_id": name, "user_id": "user_1", "type": "lesson_completed"} for name in "abcd"]}
    assert api.send("POST", "/events/batch", batch).status == 500
    assert [event.event_id for event in api.emulator.effects()] == kept
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == 10 * len(kept)
    monkeypatch.undo()
    assert [result["coins"] for result in api.ok("POST", "/events/batch", batch)["results"]] == [10] * 4
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == 40


def test_the_quota_is_charged_once_per_event_and_refuses_what_is_over() -> None:
    api = Api(plan="free")
    for batch in range(100):
        events = [{"event_id": f"{batch}-{n}", "user_id": "u", "type": "quiz_passed"} for n in range(100)]
        if batch == 99:
            events.pop()
        api.ok("POST", "/events/batch", {"events": events})
        api.clock.advance(1)
    two = {"events": [{"user_id": "u", "type": "quiz_passed"}] * 2}
    response = api.send("POST", "/events/batch", two)
    error = response.json()["error"]
    assert (response.status, error["code"]) == (402, "event_quota_exceeded")
    assert {key: error["details"][key] for key in ("used", "limit", "reset_at")} == {
        "used": 9_999,
        "limit": 10_000,
        "reset_at": "2026-02-01T00:00:00.000Z",
    }
    assert "upgrade_url" in error["details"]
    last = api.send("POST", "/events", {"event_id": "last", "user_id": "u", "type": "quiz_passed"})
    assert [last.header(f"X-Event-Quota-{name}") for name in ("Limit", "Used", "Remaining", "Reset")] == [
        "10000",
        "10000",
        "0",
        "1769904000",
    ]
    assert api.code("POST", "/events", {"user_id": "u", "type": "quiz_passed"}) == (402, "event_quota_exceeded")
    assert api.code("POST", "/events", {"user_id": "u", "type": "unknown"}) == (422, "event_type_not_registered")
    assert api.send("POST", "/events", {"event_id": "last", "user_id": "u", "type": "quiz_passed"}).body == last.body
    api.clock.advance("31d")
    assert api.event("quiz_passed", "u")["coins"] == 0


def day(number: int) -> str:
    """Noon of a day of January 2026, of which the 5th is a Monday."""
    return f"2026-01-{number:02}T12:00:00Z"


@pytest.mark.parametrize(
    ("rule", "days", "expected"),
    [
        (CoinRule(event="t", amount=10), [1, 1, 2], [10, 10, 10]),
        (CoinRule(event="t", amount=10, daily_cap=25), [1, 1, 1, 1, 2], [10, 10, 5, 0, 10]),
        (CoinRule(event="t", amount=10, weekly_cap=25), [5, 6, 11, 11, 12, 4], [10, 10, 5, 0, 10, 10]),
        (CoinRule(event="t", amount=10, weekly_cap=10), [12, 11, 5, 4, 18, 19], [10, 10, 0, 10, 0, 10]),
        (CoinRule(event="t", amount=10, total_limit=25), [1, 2, 3, 20], [10, 10, 5, 0]),
        (CoinRule(event="t", amount=10, daily_cap=15, total_limit=20), [1, 1, 2, 3], [10, 5, 5, 0]),
        (CoinRule(event="t", amount=10, daily_cap=10), [2, 1, 2, 1], [10, 10, 0, 0]),
        (CoinRule(event="t", amount=10, daily_cap=25, multiplier=Multiplier(factor=2)), [1, 1], [20, 5]),
        (
            CoinRule(event="t", amount=10, multiplier=Multiplier(factor=1.5, property="premium")),
            [1],
            [10],
        ),
    ],
)
def test_what_a_coin_rule_pays(rule: CoinRule, days: list[int], expected: list[int]) -> None:
    api = Api(rules=Rules(coin_rules=(rule,)))
    buddy = api.buddy()
    assert [api.event("t", occurred_at=day(number))["coins"] for number in days] == expected
    assert api.ok("GET", f"/buddies/{buddy}")["coins"] == sum(expected)


def test_a_multiplier_looks_at_a_property() -> None:
    rule = CoinRule(event="t", amount=10, multiplier=Multiplier(factor=1.5, property="tier", equals="gold"))
    api = Api(rules=Rules(coin_rules=(rule,)))
    api.buddy()
    assert api.event("t", properties={"tier": "gold"})["coins"] == 15
    assert api.event("t", properties={"tier": "tin"})["coins"] == 10


def test_rules_for_an_audience_leave_the_others_alone() -> None:
    rules = Rules(
        audiences=("a", "b"),
        event_types=("t",),
        skills=(Skill(key="s"),),
        skill_rules=(SkillRule(event="t", skill="s", amount=5, audience="a"),),
        streaks=(Streak(key="d", events=("t",), audience="a"),),
        badges=(Badge(key="x", condition=Condition("event_count", {"event_type": "t", "count": 1}), audience="a"),),
    )
    api = Api(rules=rules)
    seen = {}
    for audience in "ab":
        buddy = api.buddy(audience=audience)
        effects = api.event("t", audience=audience)
        skills = api.ok("GET", f"/buddies/{buddy}")["skills"]
        seen[audience] = (effects["badges_awarded"], len(effects["streak_updates"]), skills["s"])
    assert seen == {"a": (["x"], 1, 5), "b": ([], 0, 0)}


def test_caps_of_rules_are_apart() -> None:
    rules = Rules(
        coin_rules=(
            CoinRule(event="t", amount=4, daily_cap=4, key="one"),
            CoinRule(event="t", amount=3, daily_cap=6, key="two"),
            CoinRule(event="t", amount=2, slot="progression"),
        )
    )
    api = Api(rules=rules)
    api.buddy()
    effects = [api.event("t") for _ in range(3)]
    assert [effect["coins"] for effect in effects] == [7, 3, 0]
    assert [effect["tokens"] for effect in effects] == [["xp:2"]] * 3


@pytest.mark.parametrize(
    ("condition", "events", "expected"),
    [
        (Condition("event_count", {"event_type": "t", "count": 2}), ["t", "u", "t", "t"], [0, 0, 1, 0]),
        (Condition("milestone", {"event_type": "t", "count": 1}), ["u", "t"], [0, 1]),
        (Condition("coin", {"amount": 20}), ["u", "t", "u", "t"], [0, 0, 0, 1]),
        (Condition("badge_earned", {"badge_key": "starter"}), ["u", "t"], [0, 1]),
        (Condition("evolution", {"stage": 2}), ["t"], [0]),
        (
            Condition("custom", {"event_type": "u", "property": "n", "op": "gte", "value": 2}),
            ["t", "u", "u"],
            [0, 0, 1],
        ),
        (Condition("custom", {"property": "missing"}), ["t", "u"], [0, 0]),
        (Condition("xp", {"amount": 1}), ["t", "up", "up"], [0, 0, 1]),
        (Condition("badge_count", {"count": 1}), ["u", "t", "u"], [0, 1, 0]),
        (Condition("skill_level", {"skill_key": "s", "level": 1}), ["t", "up", "up"], [0, 0, 1]),
        (Condition("streak", {"streak_key": "d", "count": 1}), ["t", "up"], [0, 1]),
        (Condition("progression_token", {"amount": 2}), ["u", "up", "up"], [0, 0, 1]),
        (Condition("collection", {"count": 1}), ["t"], [0]),
        (Condition("gate_unlocked", {"gate_key": "g"}), ["t"], [0]),
        (Condition("custom", {"property": "n", "op": "lt", "value": "x"}), ["t"], [0]),
    ],
)
def test_when_a_badge_is_earned(condition: Condition, events: list[str], expected: list[int]) -> None:
    starter = Badge(key="starter", condition=Condition("event_count", {"event_type": "t", "count": 1}))
    rules = Rules(
        event_types=("t", "u"),
        coin_rules=(CoinRule(event="t", amount=10), CoinRule(event="up", amount=1, slot="progression")),
        skills=(Skill(key="s", level_every=10),),
        skill_rules=(SkillRule(event="up", skill="s", amount=5),),
        badges=(starter, Badge(key="badge", condition=condition)),
        streaks=(Streak(key="d", events=("up",)),),
        gates=(Gate(key="g", cost=1),),
    )
    api = Api(rules=rules)
    api.buddy()
    awarded = [
        api.event(name, properties={"n": number})["badges_awarded"].count("badge") for number, name in enumerate(events)
    ]
    assert awarded == expected


def test_the_reward_of_a_badge_is_part_of_the_effects() -> None:
    badge = Badge(key="b", condition=Condition("event_count", {"event_type": "t", "count": 1}), coin_reward=7)
    api = Api(rules=Rules(badges=(badge,), coin_rules=(CoinRule(event="t", amount=1),)))
    api.buddy()
    assert api.event("t") == {**NOTHING, "coins": 8, "badges_awarded": ["b"]}


COUNTED = Condition("event_count", {"event_type": "boss", "count": 1})


@pytest.mark.parametrize(
    "rules",
    [
        Rules(badges=(Badge(key="b", condition=COUNTED),)),
        Rules(evolution=Evolution(stages=(Stage(conditions=(COUNTED,)),))),
        Rules(items=(Item(key="i", category="head", visible_if=COUNTED),)),
    ],
    ids=["badge", "stage", "item"],
)
def test_a_type_that_any_rule_looks_at_is_registered(rules: Rules) -> None:
    api = Api(rules=rules)
    api.buddy()
    assert "debug_reason" not in api.ok("POST", "/events", {"user_id": "user_1", "type": "boss"})


def test_a_condition_on_a_property_looks_at_events_of_every_type() -> None:
    premium = Condition("custom", {"property": "premium"})
    api = Api(rules=Rules(event_types=("login",), badges=(Badge(key="b", condition=premium),)))
    api.buddy()
    assert "debug_reason" not in api.event("login")
    assert api.event("login", properties={"premium": True})["badges_awarded"] == ["b"]
