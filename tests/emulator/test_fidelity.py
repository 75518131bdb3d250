"""What is stated and what is guessed: said in each answer, refused on demand, and listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest

import hatched
from hatched.emulator import (
    CoinRule,
    Condition,
    Emulator,
    Evolution,
    Multiplier,
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
    Token,
    fidelity,
)
from hatched.emulator.beyond import ALL_ROUTES

from .support import Api

SOURCES = Path(fidelity.__file__).parent


def marks() -> set[str]:
    """The names with which the emulator marks its guesses."""
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r"infer\(\"([\w.]+)\"\)", text))
        for call in re.findall(r"inferred \+= \((.*)\)", text):
            found |= set(re.findall(r"\"([\w.]+)\"", call))
    return found


def test_every_mark_stands_on_the_page_and_every_guess_is_marked() -> None:
    assert marks() == {*fidelity.GUESSES, "errors.unexpected"}


def test_every_error_that_is_a_guess_stands_on_the_page() -> None:
    raised: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        if "guess = None if" in path.read_text():
            raised |= set(re.findall(r"guess = None if .* else \"([a-z_.]+)\"", path.read_text()))
        for one, other in re.findall(r"raise \w+\(.*, \"([a-z_]+\.[a-z_]+)\"\)|guess=\"([a-z_.]+)\"", path.read_text()):
            raised.add(one or other)
    assert raised | {"errors.unexpected"} == set(fidelity.ERRORS)


def test_the_page_names_routes_that_exist() -> None:
    assert [row.name for row in fidelity.page() if row.kind == "route"] == list(ALL_ROUTES)


def inferred(response: Any) -> tuple[str | None, str | None]:
    return response.header("X-Hatched-Emulator-Fidelity"), response.header("X-Hatched-Emulator-Inferred")


def test_an_answer_says_whether_its_route_is_stated() -> None:
    api = Api()
    assert inferred(api.send("POST", "/eggs", {"user_id": "u"})) == ("seen", None)
    assert inferred(api.send("GET", "/buddies")) == ("inferred", None)


def shared(api: Api, path: str) -> set[str]:
    return set((api.send("GET", path).header("X-Hatched-Emulator-Shared") or "").split(", "))


def test_an_answer_names_the_guesses_that_all_answers_of_its_route_share() -> None:
    api = Api()
    assert shared(api, "/buddies") - shared(api, "/gates") == set()
    assert {"pages", "answers.times"} <= shared(api, "/buddies")
    assert shared(api, "/health") - shared(api, "/buddies") == {"health.paths"}


def test_every_shared_guess_is_told_by_some_route() -> None:
    assert {name for route in ALL_ROUTES for name in fidelity.shared_by(route)} == set(fidelity.SHARED)


LONG_AGO = "2025-12-01T00:00:00Z"
ONE = Rules(
    primary=Token(key="coins", label="Coins", max_balance=30),
    coin_rules=(
        CoinRule(event="capped", amount=10, daily_cap=15),
        CoinRule(event="doubled", amount=1, multiplier=Multiplier(factor=2.0, property="premium")),
        CoinRule(event="rich", amount=100),
    ),
    skills=(Skill(key="s", max=8),),
    skill_rules=(SkillRule(event="up", skill="s", amount=5),),
    streaks=(Streak(key="d", events=("login",)),),
)


@pytest.mark.parametrize(
    ("events", "guess"),
    [
        ([{"type": "capped"}, {"type": "capped"}], "coin_rules.partial"),
        ([{"type": "doubled"}], "coin_rules.multiplier"),
        ([{"type": "rich"}], "tokens.max_balance"),
        ([{"type": "up"}, {"type": "up"}], "skills.clamped"),
        ([{"type": "login"}, {"type": "login", "occurred_at": LONG_AGO}], "events.no_reason, streaks.late"),
        ([{"type": "login"}, {"type": "login"}], "events.no_reason"),
        ([{"type": "up", "event_id": "e"}, {"type": "up", "event_id": "e"}], "events.replayed_status"),
    ],
)
def test_a_guess_in_the_rules_is_named_and_refused_on_demand(events: list[dict[str, Any]], guess: str) -> None:
    api = Api(rules=ONE)
    api.buddy("u")
    bodies = [{"user_id": "u", **event} for event in events]
    answers = [inferred(api.send("POST", "/events", body)) for body in bodies]
    assert answers[-1] == ("inferred", guess)
    assert all(answer == ("seen", None) for answer in answers[:-1])
    strict = Api(rules=ONE)
    strict.buddy("u")
    strict.emulator.strict = "seen"
    for body in bodies[:-1]:
        strict.ok("POST", "/events", body)
    before = strict.emulator.export()
    assert strict.code("POST", "/events", bodies[-1]) == (501, "emulator_inferred")
    assert strict.emulator.export()["tables"] == before["tables"]


def test_an_event_id_twice_in_a_batch_is_a_guess() -> None:
    event = {"event_id": "e", "user_id": "u", "type": "up"}
    response = Api(rules=ONE).send("POST", "/events/batch", {"events": [event, event]})
    assert inferred(response) == ("inferred", "batches.twice")


def test_a_guess_outside_the_rules_is_named_too() -> None:
    api = Api(plan="pro")
    buddy, egg = api.buddy("ada"), api.egg("bob", ready=True)
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 100, "reason": "gift"})
    session = {"buddy_id": buddy, "user_id": "ada", "scopes": ["read"]}
    revoke = f"/widget-sessions/{api.ok('POST', '/widget-sessions', session)['session_id']}"
    item = api.emulator.item_id("scarf")
    path = f"/paths/{api.ok('POST', '/paths', {'key': 'course', 'label': 'Course'})['id']}"
    for request, guess in (
        (("PATCH", f"/eggs/{egg}/status", {"status": "ready"}), "eggs.same_status"),
        (("POST", f"/buddies/{buddy}/badges", {"badge_key": "scholar"}), None),
        (("POST", f"/buddies/{buddy}/badges", {"badge_key": "scholar"}), "badges.again"),
        (("POST", f"/buddies/{buddy}/gates/extra_lessons/unlock"), None),
        (("POST", f"/buddies/{buddy}/gates/extra_lessons/unlock"), "gates.repeated_balance"),
        (("POST", f"/buddies/{buddy}/equip", {"unequip": [item]}), "equip.not_worn"),
        (("PATCH", f"/buddies/{buddy}/skills", _skill(500)), "skills.clamped"),
        (("DELETE", revoke), None),
        (("DELETE", revoke), "sessions.again"),
        (("PATCH", path, {"label": "Other"}), None),
        (("PATCH", path, {"description": None}), "paths.null"),
    ):
        assert inferred(api.send(*request))[1] == guess, request


def _skill(value: int) -> dict[str, Any]:
    return {"updates": [{"key": "knowledge", "action": "set", "value": value}]}


def test_an_egg_of_no_audience_among_several_is_a_guess() -> None:
    api = Api(rules=Rules(audiences=("student", "teacher")))
    assert inferred(api.send("POST", "/eggs", {"user_id": "u"}))[1] == "eggs.default_audience"


@pytest.mark.parametrize(
    ("method", "path", "body", "guess"),
    [
        ("POST", "/events", {"user_id": "u", "type": "no"}, "events.unregistered"),
        ("POST", "/eggs/{egg}/hatch", None, "eggs.not_ready"),
        ("POST", "/buddies/{buddy}/evolve", None, "evolution.not_ready"),
        ("POST", "/buddies/{buddy}/badges", {"badge_key": "no"}, "badges.unknown"),
    ],
)
def test_an_error_that_is_a_guess_is_named_and_refused_on_demand(method: str, path: str, body: Any, guess: str) -> None:
    api = Api()
    path = path.format(egg=api.egg("bob"), buddy=api.buddy("ada"))
    assert inferred(api.send(method, path, body)) == ("inferred", guess)
    api.emulator.strict = "seen"
    assert api.code(method, path, body) == (501, "emulator_inferred")


def test_that_a_buddy_made_ready_by_hand_does_not_evolve_by_itself_is_a_guess() -> None:
    stage = Stage(conditions=(Condition("coin", {"amount": 5}),))
    api = Api(rules=Rules(evolution=Evolution(auto=True, stages=(stage,))))
    path = f"/buddies/{api.buddy('u')}/coins"
    assert inferred(api.send("POST", path, {"amount": 4, "reason": "r"})) == ("seen", None)
    assert inferred(api.send("POST", path, {"amount": 4, "reason": "r"})) == ("inferred", "evolution.by_itself")


def test_an_error_that_is_stated_stays_itself() -> None:
    api = Api(strict="seen")
    assert api.code("POST", "/events", {"userId": "u"}) == (422, "validation_failed")
    assert api.code("POST", "/events", {}, key=None) == (401, "unauthorized")


def test_strict_refuses_a_route_that_is_a_guess_and_says_which() -> None:
    emulator = Emulator(strict="seen")
    with pytest.raises(hatched.HatchedError, match=r"does not state .*: the route buddies\.list"):
        emulator.sync_client(max_retries=0).buddies.list()


def test_a_documented_session_runs_under_strict() -> None:
    emulator = Emulator()
    client = emulator.sync_client(max_retries=0)
    buddy = client.buddies.ensure("ada")
    emulator.strict = "seen"
    assert client.events.send(event_id="e1", user_id="ada", type="lesson_completed").coins == 10
    client.buddies.earn(buddy.id, amount=5, reason="gift")
    client.buddies.award_badge(buddy.id, "scholar")
    client.widget_sessions.create(buddy_id=buddy.id, user_id="ada", scopes=["read"])


# --- switches -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field_errors", ["objects", "messages"])
def test_the_sdk_reads_both_shapes_of_details_fields(field_errors: Any) -> None:
    client = Emulator(field_errors=field_errors).sync_client()
    with pytest.raises(hatched.ValidationError) as caught:
        client.eggs.list(limit=1000)
    fields = (caught.value.details or {})["fields"]
    message = "limit must not be greater than 100"
    assert fields == ([message] if field_errors == "messages" else [{"field": "limit", "message": message}])
    assert message in str(caught.value)


def test_an_event_id_is_forgotten_after_its_retention() -> None:
    api = Api(event_retention="30d")
    api.buddy("u")
    first = api.event(user="u", event_id="e")
    api.clock.advance("29d")
    assert api.event(user="u", event_id="e") == first
    assert api.ok("GET", "/buddies")["data"][0]["coins"] == 10
    api.clock.advance("1d")
    api.event(user="u", event_id="e")
    assert api.ok("GET", "/buddies")["data"][0]["coins"] == 20
    assert [event.event_id for event in api.emulator.effects("u")] == ["e", "e"]


def test_a_replayed_answer_rests_on_what_the_first_did() -> None:
    api = Api(rules=ONE)
    body, key = {"amount": 100, "reason": "r"}, {"Idempotency-Key": "k"}
    path = f"/buddies/{api.buddy('u')}/coins"
    assert inferred(api.send("POST", path, body, headers=key)) == ("inferred", "tokens.max_balance")
    assert inferred(api.send("POST", path, body, headers=key)) == ("inferred", "tokens.max_balance")
    api.emulator.strict = "seen"
    assert api.code("POST", path, body, headers=key) == (501, "emulator_inferred")


NOBODY = "00000000-0000-4000-8000-000000000000"
SOME = {"amount": 1, "reason": "r"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("coins", {"amount": 1, "reason": "r"}),
        ("badges", {"badge_key": "no"}),
        ("coins/spend", {"amount": 1, "reason": "r"}),
    ],
)
def test_a_missing_buddy_is_no_guess(path: str, body: Any) -> None:
    api = Api()
    api.emulator.strict = "seen"
    assert api.code("POST", f"/buddies/{NOBODY}/{path}", body) == (404, "resource_not_found")


VALUES = {
    "a TTL above the maximum": ("/widget-sessions", {"scopes": ["read"], "ttl_seconds": 3_601}),
    "an unknown scope": ("/widget-sessions", {"scopes": ["fly"]}),
    "half a coin": ("/buddies/{buddy_id}/coins", {"amount": 0.5, "reason": "r"}),
    "no value": ("/buddies/{buddy_id}/skills", {"updates": [{"key": "grammar", "action": "set"}]}),
    "an empty text": ("/eggs", {"user_id": ""}),
}


@pytest.mark.parametrize("value", VALUES)
def test_that_a_value_of_the_right_type_is_refused_is_a_guess(value: str) -> None:
    api = Api()
    path, body = VALUES[value]
    buddy = api.buddy("u")
    method = "PATCH" if "skills" in path else "POST"
    if "session" in path:
        body = {"buddy_id": buddy, "user_id": "u", **body}
    response = api.send(method, path.format(buddy_id=buddy), body)
    assert (response.status, inferred(response)) == (422, ("inferred", "validation.values"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/eggs", {"userId": "u"}),
        ("/eggs", {"user_id": 3}),
        ("/events/batch", {"events": []}),
        ("/widget-sessions", {"buddy_id": "b", "user_id": "u", "scopes": ["read"]}),
        ("/widget-sessions", {"buddy_id": NOBODY, "user_id": "u", "scopes": []}),
    ],
)
def test_that_what_the_documentation_refuses_is_refused_is_none(path: str, body: Any) -> None:
    response = Api(strict="seen").send("POST", path, body)
    assert (response.status, inferred(response)) == (422, ("seen", None))


def test_a_session_for_somebody_elses_buddy_is_a_guess_and_one_for_nobodys_is_none() -> None:
    api = Api()
    session = {"buddy_id": api.buddy("ada"), "user_id": "bob", "scopes": ["read"]}
    assert inferred(api.send("POST", "/widget-sessions", session)) == ("inferred", "sessions.other_user")
    assert inferred(api.send("POST", "/widget-sessions", session | {"buddy_id": NOBODY})) == ("seen", None)


@pytest.mark.parametrize("path", ["coins", "coins/spend", "tokens"])
def test_a_missing_token_is_a_guess_wherever_it_is_named(path: str) -> None:
    api = Api()
    body = {"amount": 1, "reason": "r", "token": "nope"}
    assert inferred(api.send("POST", f"/buddies/{api.buddy()}/{path}", body)) == ("inferred", "tokens.unknown")


@pytest.mark.parametrize("transaction", ["batch", "event"])
def test_a_refused_guess_leaves_nothing_behind(transaction: Literal["batch", "event"]) -> None:
    api = Api(rules=ONE, batch_transaction=transaction)
    api.buddy("u")
    api.emulator.strict = "seen"
    events = [{"event_id": str(number), "user_id": "u", "type": "capped"} for number in range(3)]
    assert api.code("POST", "/events/batch", {"events": events}) == (501, "emulator_inferred")
    assert api.emulator.effects() == []
