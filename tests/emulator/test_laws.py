"""Laws that hold whatever the events are."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from hatched.emulator import (
    Badge,
    CoinRule,
    Condition,
    Decay,
    Evolution,
    Operations,
    Request,
    Rules,
    Skill,
    SkillRule,
    Stage,
    WebhookRequest,
)
from hatched.emulator.delivery import EVENTS
from hatched.emulator.rules import files
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import compute, settle
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.state import State
from hatched.routes import ROUTES

from .support import KEY, Api

USERS = ("ann", "bob", "nobody")
DEFAULT = files.preset(files.DEFAULT)
TYPES = DEFAULT.event_types

events_of = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.integers(0, 30).map(str),
            "user_id": st.sampled_from(USERS),
            "type": st.sampled_from(TYPES),
            "occurred_at": st.integers(1, 9).map(lambda day: f"2026-03-0{day}T10:00:00Z"),
        }
    ),
    min_size=1,
    max_size=30,
)


def settled(**options: Any) -> Api:
    """An emulator with two users."""
    api = Api(**options)
    for user in USERS[:2]:
        api.buddy(user)
    return api


def picture(api: Api) -> Any:
    """All that can be seen, but ids of ledger lines."""
    return (
        api.ok("GET", "/buddies"),
        [api.ok("GET", f"/buddies/{buddy['id']}/badges") for buddy in api.ok("GET", "/buddies")["data"]],
        [api.ok("GET", f"/buddies/{buddy['id']}/tokens") for buddy in api.ok("GET", "/buddies")["data"]],
    )


@settings(max_examples=50, deadline=None)
@given(events_of)
def test_replays_change_nothing_and_answer_the_same_bytes(events: list[dict[str, Any]]) -> None:
    api = settled()
    first = api.send("POST", "/events/batch", {"events": events})
    before = api.emulator.export()["tables"]
    assert api.send("POST", "/events/batch", {"events": events}).body == first.body
    for event, result in zip(events, first.json()["results"], strict=True):
        assert api.ok("POST", "/events", event)["effects"] == result
    assert api.emulator.export()["tables"] == before


GROWING = evolve(
    DEFAULT,
    badges=(*DEFAULT.badges, Badge(key="grown", condition=Condition("evolution", {"stage": 2}), coin_reward=5)),
    evolution=Evolution(
        stages=tuple(Stage(conditions=(Condition("coin", {"amount": amount}),)) for amount in (10, 20, 20)), auto=True
    ),
)


@settings(max_examples=100, deadline=None)
@given(
    events_of,
    st.sampled_from(["batch", "event"]),
    st.sampled_from([DEFAULT, GROWING]),
    st.sampled_from([0, 2, 40]),
    st.sampled_from([0.0, 10.0]),
)
def test_a_batch_equals_its_events_in_order(
    events: list[dict[str, Any]], mode: Literal["batch", "event"], rules: Rules, credits: int, seconds: float
) -> None:
    one, many = (
        settled(batch_transaction=transaction, rules=rules, credits=credits + 2, plan="growth")
        for transaction in (mode, "batch")
    )
    for api in (one, many):
        api.emulator._settings.operations = Operations(after_seconds=seconds)
    results = one.ok("POST", "/events/batch", {"events": events})["results"]
    assert results == [many.ok("POST", "/events", event)["effects"] for event in events]
    assert picture(one) == picture(many)
    assert one.emulator.effects() == many.emulator.effects()


@settings(max_examples=50, deadline=None)
@given(events_of)
def test_users_commute(events: list[dict[str, Any]]) -> None:
    unique = list({event["event_id"]: event for event in events}.values())
    mixed, sorted_ = settled(), settled()
    for event in unique:
        mixed.ok("POST", "/events", event)
    for event in sorted(unique, key=lambda event: USERS.index(event["user_id"])):
        sorted_.ok("POST", "/events", event)
    assert picture(mixed) == picture(sorted_)
    for user in USERS:
        assert mixed.emulator.effects(user) == sorted_.emulator.effects(user)


@settings(max_examples=50, deadline=None)
@given(events_of, st.integers(0, 30), st.sampled_from(["batch", "event"]))
def test_a_rejected_batch_changes_nothing(
    events: list[dict[str, Any]], place: int, mode: Literal["batch", "event"]
) -> None:
    api = settled(batch_transaction=mode)
    before = api.emulator.export()["tables"]
    bad = {"event_id": "bad", "user_id": "ann", "type": "never_registered"}
    assert api.send("POST", "/events/batch", {"events": [*events[:place], bad, *events[place:]]}).status == 422
    assert api.emulator.export()["tables"] == before


@settings(max_examples=50, deadline=None)
@given(events_of)
def test_the_ledger_adds_up(events: list[dict[str, Any]]) -> None:
    api = settled()
    api.ok("POST", "/events/batch", {"events": events})
    coins = {buddy["id"]: buddy["coins"] for buddy in api.ok("GET", "/buddies")["data"]}
    for buddy, total in coins.items():
        (booked,) = api.emulator._store.db.execute(
            "SELECT coalesce(sum(amount), 0) FROM ledger WHERE buddy_id = ? AND slot = 'primary'", (buddy,)
        ).fetchone()
        assert booked == total
    effects = api.emulator.effects()
    assert sum(event.effects["coins"] for event in effects) == sum(coins.values())


@settings(max_examples=100, deadline=None)
@given(events_of)
def test_compute_leaves_its_state_alone_and_a_state_survives_its_text(events: list[dict[str, Any]]) -> None:
    book, state = Book(DEFAULT, "default"), State()
    for number, event in enumerate(events):
        before = state.dump()
        data = Event(event["event_id"], "u", event["type"], "default", {}, 86_400.0 * number, 0.0)
        first, second = compute(state, book, data), compute(state, book, data)
        assert first == second
        assert state.dump() == before
        settle(first.state, book, data)
        assert State.load(first.state.dump()) == first.state
        state = first.state


def session(api: Api) -> list[bytes]:
    """What a small session answers."""
    api.buddy("ann")
    return [
        api.send("POST", "/events", {"user_id": "ann", "type": "lesson_completed"}).body,
        api.send("GET", "/buddies").body,
        api.send("GET", "/nowhere").body,
        repr(api.send("GET", "/health").headers).encode(),
    ]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    assert session(Api(seed=7)) == session(Api(seed=7))
    assert session(Api(seed=7)) != session(Api(seed=8))


def test_reset_gives_the_same_as_a_new_one() -> None:
    api = Api(seed=7)
    first = session(api)
    api.clock.advance("3h")
    api.emulator.publish(Rules(event_types=("t",)))
    api.emulator.reset()
    assert api.emulator.effects() == []
    assert session(api) == first


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("user_id", "type", "events", "amount", "reason", "status", "name", "badge_key", "metadata", "occurred_at")
bodies = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4).map(lambda body: json.dumps(body).encode())


@pytest.mark.parametrize("route", [pytest.param(route, id=route.id) for route in ROUTES.values()])
@settings(max_examples=15, deadline=None)
@given(body=bodies | st.binary(max_size=20), query=st.text("abc=&%_+;0é", max_size=12), odd=st.text(max_size=3))
def test_nothing_makes_it_fail(route: Any, body: bytes, query: str, odd: str) -> None:
    api = _shared()
    buddy = api.ok("GET", "/buddies")["data"][0]["id"]
    egg = api.ok("GET", "/eggs")[0]["egg_id"]
    for path in (route.path.replace("{buddy_id}", buddy).replace("{egg_id}", egg), route.path.replace("_id}", odd)):
        request = Request(route.method, "/api/v1" + path, query, {"Authorization": f"Bearer {KEY}"}, body)
        response = api.emulator.handle(request)
        assert response.status != 500, response.body
        assert response.header("X-Request-Id")


_kept: list[Api] = []


def _shared() -> Api:
    if not _kept:
        _kept.append(settled(plan="enterprise"))
    api = _kept[0]
    api.clock.advance(60)
    return api


FADING = Rules(
    coin_rules=(CoinRule(event="t", amount=10),),
    skills=(Skill(key="s"),),
    skill_rules=(SkillRule(event="t", skill="s", amount=50),),
    decays=(Decay(skill_key="s", cadence="daily", amount=3),),
    evolution=Evolution(
        stages=tuple(Stage(conditions=(Condition("coin", {"amount": n}),)) for n in (10, 20)), auto=True
    ),
)


def refusing(api: Api) -> list[tuple[float, str]]:
    """Times and names of the webhooks that come, of which none is taken."""
    heard: list[tuple[float, str]] = []

    def refuse(request: WebhookRequest) -> int:
        heard.append((round(api.clock.now(), 3), request.headers["X-Hatched-Event"]))
        return 500

    api.ok("POST", "/webhook-configs", {"url": "https://app/hook", "events": list(EVENTS)})
    api.emulator.deliver_webhooks_to(refuse)
    return heard


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["hatch", "event", 1, 3600, 86_400, 500_000]), min_size=2, max_size=12),
    st.sampled_from([0, 7, 90_000]),
    st.integers(2, 9),
)
def test_one_step_of_the_clock_equals_many(actions: list[Any], seconds: float, parts: int) -> None:
    """Whatever is under way: operations, decay, webhooks that nobody takes."""
    told = []
    for steps in (1, parts):
        api = Api(rules=FADING, plan="growth", operations=Operations(after_seconds=seconds))
        told.append(refusing(api))
        for number, action in enumerate(actions):
            if action == "hatch":
                egg = api.egg(f"user_{number}", ready=True)
                headers = {"Authorization": f"Bearer {KEY}"}
                # Without what `handle` does when a request is over.
                api.emulator.exchange(Request("POST", f"/api/v1/eggs/{egg}/hatch", "", headers, b""))
            elif action == "event":
                api.send("POST", "/events", {"event_id": f"e{number}", "user_id": "user_0", "type": "t"})
            elif isinstance(action, int):
                for _ in range(steps):
                    api.clock.advance(action / steps)
    assert told[0] == told[1]
