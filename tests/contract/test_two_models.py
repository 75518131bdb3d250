"""Two implementations of one API, written apart from each other, give the same answers to the same requests.

`HATCHED_CHAOS=full` runs 1,000 walks of 200 steps; by default a fixed share of them runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hatched.emulator import (
    Badge,
    Clock,
    CoinRule,
    Condition,
    Decay,
    Emulator,
    Evolution,
    Gate,
    Item,
    Milestone,
    Multiplier,
    Operations,
    Request,
    Response,
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
    Token,
)

from .naive_model import ANY, DAY, MINUTE, Answer, Call, Id, NaiveHatched, Time

FULL = os.environ.get("HATCHED_CHAOS") == "full"
SECRET, OTHER, BROWSER, READER = "hatch_test_emulator", "hatch_test_other", "hatch_pk_emulator", "hatch_pk_reader"
HOUR, WEEK = 3_600, 7 * DAY


def condition(type: Any, **config: Any) -> Condition:
    return Condition(type, config)


SKILLS = (Skill(key="reading"), Skill(key="speed", max=30, level_every=7))

EVERYTHING = Rules(
    event_types=("idle", "lesson"),
    progression=Token(key="mana", label="Mana", max_balance=70),
    coin_rules=(
        CoinRule(event="lesson", amount=10, daily_cap=25),
        CoinRule(event="quiz", amount=7, weekly_cap=40),
        CoinRule(event="quiz", amount=3, slot="progression", daily_cap=10),
        CoinRule(event="intro", amount=40, total_limit=40),
        CoinRule(event="run", amount=5, weekly_cap=40, multiplier=Multiplier(factor=1.5, streak="running", at_least=2)),
        CoinRule(
            event="quiz", key="warm", amount=3, multiplier=Multiplier(factor=2.5, streak="running"), total_limit=50
        ),
        CoinRule(event="nap", amount=5, multiplier=Multiplier(factor=1.5, property="premium")),
        CoinRule(event="lesson", key="premium", amount=2, multiplier=Multiplier(factor=3, property="premium")),
    ),
    skills=SKILLS,
    skill_rules=(
        SkillRule(event="lesson", skill="reading", amount=6),
        SkillRule(event="run", skill="speed", amount=4.5),
        SkillRule(event="nap", skill="speed", amount=-3),
    ),
    decays=(
        Decay(skill_key="reading", cadence="daily", amount=3, floor_level=1, grace_days=2),
        Decay(skill_key="speed", cadence="weekly", amount=5, apply_only_above=6),
    ),
    streaks=(
        Streak(
            key="study",
            events=("lesson", "quiz"),
            bonus=1,
            milestones=(Milestone(at=2, coins=5), Milestone(at=3, tokens=4, badge="steady")),
            hero=True,
        ),
        Streak(key="running", events=("run",), period="weekly", milestones=(Milestone(at=2, coins=9),)),
        Streak(key="moons", events=("run", "lesson"), period="monthly", bonus=2, icon="star"),
    ),
    badges=(
        Badge(key="steady", condition=condition("streak", streak_key="study", count=3), coin_reward=3),
        Badge(key="first", condition=condition("event_count", event_type="lesson", count=1), coin_reward=5),
        Badge(
            key="third", condition=condition("milestone", event_type="quiz", count=3), auto_award=False, token_reward=6
        ),
        Badge(key="reader", condition=condition("skill_level", skill_key="reading", level=1), token_reward=2),
        Badge(key="rich", condition=condition("coin", amount=60)),
        Badge(key="collector", condition=condition("collection", count=2), coin_reward=1),
        Badge(key="grown", condition=condition("evolution", stage=2), auto_award=False, coin_reward=11),
        Badge(key="opener", condition=condition("gate_unlocked", gate_key="cellar")),
        Badge(key="second", condition=condition("badge_earned", badge_key="first")),
        Badge(key="runner", condition=condition("streak", streak_key="running", count=1)),
        Badge(key="odd", condition=condition("custom", property="odd")),
    ),
    evolution=Evolution(
        stages=(
            Stage(conditions=(condition("xp", amount=1), condition("coin", amount=10))),
            Stage(conditions=(condition("badge_count", count=3), condition("progression_token", amount=6))),
            Stage(conditions=(condition("skill_level", skill_key="speed", level=2),)),
        ),
    ),
    items=(
        Item(key="hat", category="head", price=4, image_url="hat.svg", stage_image_urls={"2": "tall_hat.svg"}),
        Item(key="crown", category="head", price=9, token_key="coins"),
        Item(key="ring", category="accessory"),
        Item(key="watch", category="accessory", price=1),
        Item(key="pin", category="accessory", price=2),
        Item(key="socks", category="feet", price=1),
        Item(key="wings", category="body", price=1, visible_if=condition("evolution", stage=2)),
        Item(key="wand", category="hand", price=1, token_key="mana"),
    ),
    gates=(
        Gate(key="cellar", cost=6),
        Gate(key="tower", cost=50, metadata={"floor": 3}),
        Gate(key="shut", cost=1, is_active=False),
    ),
)

TWO_AUDIENCES = Rules(
    audiences=("student", "teacher"),
    event_types=("idle",),
    primary=Token(key="stars", label="Stars", max_balance=100),
    progression=None,
    coin_rules=(
        CoinRule(event="lesson", amount=8, audience="student", daily_cap=20),
        CoinRule(event="lesson", key="both", amount=3, total_limit=20),
        CoinRule(event="quiz", amount=15, audience="teacher", weekly_cap=35),
    ),
    skills=(Skill(key="reading", max=50, level_every=10),),
    skill_rules=(SkillRule(event="lesson", skill="reading", amount=12, audience="student"),),
    decays=(Decay(skill_key="reading", cadence="monthly", amount=9, audience="student", grace_days=3),),
    streaks=(
        Streak(
            key="study", events=("lesson",), audience="student", milestones=(Milestone(at=2, coins=4, badge="keen"),)
        ),
        Streak(key="teaching", events=("quiz",), audience="teacher", period="weekly", bonus=2),
    ),
    badges=(
        Badge(
            key="keen", condition=condition("streak", streak_key="study", count=5), audience="student", coin_reward=2
        ),
        Badge(key="busy", condition=condition("event_count", event_type="quiz", count=2), audience="teacher"),
        Badge(
            key="known", condition=condition("event_count", event_type="run", count=2), auto_award=False, coin_reward=6
        ),
    ),
    evolution=Evolution(stages=(Stage(conditions=(condition("coin", amount=20),)),), auto=True, mode="preset"),
    items=(
        Item(key="hat", category="head", price=4, audience="student"),
        Item(key="chalk", category="hand", price=4, audience="teacher"),
        Item(key="socks", category="feet"),
    ),
    gates=(Gate(key="cellar", cost=10, token_key="stars"),),
)

WITHOUT_A_HERO = evolve(
    EVERYTHING,
    streaks=tuple(evolve(streak, hero=False) for streak in EVERYTHING.streaks),
    evolution=evolve(EVERYTHING.evolution, auto=True),
)

BARE = Rules(event_types=("idle", "lesson"), coin_rules=(CoinRule(event="quiz", amount=1),), skills=SKILLS)

SCENARIOS: dict[str, dict[str, Any]] = {
    "everything": {"rules": EVERYTHING, "plan": "pro"},
    "slow": {"rules": WITHOUT_A_HERO, "plan": "pro", "operation_seconds": 40.0},
    "audiences": {"rules": TWO_AUDIENCES, "plan": "pro"},
    "free": {"rules": EVERYTHING, "plan": "free"},
    "forgetful": {"rules": EVERYTHING, "plan": "growth", "event_retention": 2 * DAY},
    "bare": {"rules": BARE, "plan": "growth"},
}


def sub_step(key: str, ordinal: int, needed: Condition | None = None, **fields: Any) -> dict[str, Any]:
    body = {"key": key, "label": key, "ordinal": ordinal, **fields}
    return body | ({"completion_condition": {"type": needed.type, "config": needed.config}} if needed else {})


step = sub_step
PATHS: tuple[list[tuple[dict[str, Any], list[dict[str, Any]]]], ...] = (
    [
        (
            step("hello", 1, reward_coins=5, reward_badge_key="second"),
            [
                sub_step("listen", 1, condition("event_count", event_type="lesson", count=1), reward_coins=2),
                sub_step("speak", 2, condition("event_count", event_type="quiz", count=1)),
                sub_step("nod", 3, reward_badge_key="odd", reward_coins=1),
            ],
        ),
        (
            step("world", 2, reward_coins=3),
            [
                sub_step("wander", 2, condition("milestone", event_type="lesson", count=3), reward_coins=4),
                sub_step("wonder", 1, condition("custom", property="odd"), allow_manual_complete=False),
            ],
        ),
    ],
    [
        (
            step("early", 3, condition("event_count", event_type="quiz", count=2), reward_coins=6),
            [
                sub_step("one", 1, reward_coins=1),
                sub_step("two", 2, condition("coin", amount=30), allow_skip_ahead=True, reward_badge_key="keen"),
                sub_step("three", 3, allow_skip_ahead=True, allow_manual_complete=False),
            ],
        ),
        (
            step("late", 7, unlock_condition={"type": "skill_level", "config": {"skill_key": "reading", "level": 1}}),
            [sub_step("rest", 5, condition("badge_earned", badge_key="busy")), sub_step("end", 6, reward_coins=8)],
        ),
        (step("later", 9), [sub_step("coda", 1, condition("event_count", event_type="lesson", count=2))]),
    ],
    [
        (
            step("alone", 1, reward_coins=9),
            [sub_step("all", 1, condition("event_count", event_type="lesson", count=2))],
        ),
        (step("check", 2, condition("event_count", event_type="quiz", count=2), reward_coins=2), []),
        (step("again", 3, reward_coins=1), [sub_step("all", 1), sub_step("rest", 2)]),
    ],
)

TYPES = ("lesson", "quiz", "run", "nap", "intro", "idle", "unheard_of")
TOLD = ("buddy.hatched", "buddy.evolved", "coins.spent", "badge.awarded")
USERS = ("ada", "cleo", "eve@example.org")


class Pair:
    """The emulator and the model, who are asked the same questions."""

    def __init__(
        self,
        rules: Rules,
        plan: str,
        operation_seconds: float = 0.0,
        event_retention: float | None = None,
        start: str = "2026-01-29T22:00:00Z",
    ):
        clock = Clock(start)
        self.emulator = Emulator(
            rules=rules,
            plan=plan,
            clock=clock,
            credits=1_000_000,
            operations=Operations(after_seconds=operation_seconds),
            event_retention=event_retention,
        )
        self.real = {"customer:other": self.emulator.add_key(OTHER, customer="other")}
        self.model = NaiveHatched(
            rules,
            plan=plan,
            operation_seconds=operation_seconds,
            event_retention=event_retention,
            now=clock.now(),
            item_ids={
                f"customer:{customer}": {
                    item.key: self.emulator.item_id(item.key, customer=customer) for item in rules.items
                }
                for customer in ("default", "other")
            },
        )
        self.tokens: dict[str, str] = {}  # of widget sessions
        self.emulator.deliver_webhooks_to(lambda request: self.model.receiver)
        self.model.add_key(SECRET, "default")
        self.model.add_key(OTHER, "other")
        self.model.add_key(BROWSER, "default", ("read:operations", "write:embed-tokens"))
        self.model.add_key(READER, "default", ("read:buddies",))
        self.emulator.add_key(READER, scopes=("read:buddies",))

    def close(self) -> None:
        self.emulator.close()

    def advance(self, seconds: float) -> None:
        self.emulator.clock.advance(seconds)
        self.model.advance(seconds)

    def send(self, call: Call) -> Answer:
        """The answer of the model, after the emulator has given the same."""
        expected = self.model.handle(call)
        actual = self.ask_emulator(call)
        where = f"{call}\nexpected {expected}\nactual   {actual.status} {actual.body.decode()}"
        assert actual.status == expected.status, where
        for name, value in expected.headers.items():
            assert actual.header(name) == value, f"{name}: {actual.header(name)}\n{where}"
        assert actual.header("Idempotency-Replayed") == expected.headers.get("Idempotency-Replayed"), where
        assert UUID(actual.header("X-Request-Id")), where
        body = actual.json() if actual.body else None
        if expected.code is None:
            self.agree(expected.body, body, where)
            if call.path == ("widget-sessions",):
                self.tokens[expected.body["session_id"]] = body["token"]
            return expected
        error = body["error"]
        assert error["code"] == expected.code, where
        assert error["requestId"] == actual.header("X-Request-Id"), where
        for name, value in expected.body.items():
            self.agree(value, error["details"][name], where)
        assert expected.code != "validation_failed" or error["details"]["fields"], where
        for name in expected.names:
            assert name in error["message"], where
            assert any(name in str(field) for field in error["details"]["fields"]), where
        return expected

    def ask_emulator(self, call: Call) -> Response:
        body = b"" if call.body is None else json.dumps(self.fill_in(call.body)).encode()
        headers = {"Content-Type": "application/json"}
        if call.key is not None:
            headers["Authorization"] = f"Bearer {call.key}"
        if call.idempotency_key is not None:
            headers["Idempotency-Key"] = call.idempotency_key
        path = "/".join(quote(self.fill_in(segment), safe="") for segment in call.path)
        request = Request(call.method, f"/api/v1/{path}", urlencode(self.fill_in(call.query)), headers, body)
        answer = self.emulator.handle(request)
        self.emulator.run_due()  # as the doors do: webhooks are delivered after the answer
        return answer

    def fill_in(self, value: Any) -> Any:
        """The ids of the model become those of the emulator."""
        if isinstance(value, Id):
            return self.real.setdefault(value, str(UUID(int=len(self.real) + 1, version=4)))
        if isinstance(value, dict):
            return {name: self.fill_in(one) for name, one in value.items()}
        return [self.fill_in(one) for one in value] if isinstance(value, list) else value

    def agree(self, expected: Any, actual: Any, where: str) -> None:
        if expected is ANY:
            return
        if isinstance(expected, Id):
            if expected not in self.real:
                assert actual not in self.real.values(), f"{expected} is not new: {actual}\n{where}"
                self.real[expected] = actual
            assert actual == self.real[expected], f"{expected} is {self.real[expected]}\n{where}"
        elif isinstance(expected, Time):
            assert datetime.fromisoformat(actual).timestamp() == pytest.approx(expected, abs=0.001), where
        elif isinstance(expected, dict):
            assert isinstance(actual, Mapping), where
            assert set(expected) == set(actual), f"{set(expected) ^ set(actual)}\n{where}"
            for name, value in expected.items():
                self.agree(value, actual[name], f"{name}: {value} but {actual[name]}\n{where}")
        elif isinstance(expected, list):
            assert len(expected) == len(actual), f"{expected} but {actual}\n{where}"
            if all(isinstance(one, str) and not isinstance(one, Id) for one in expected):
                expected, actual = sorted(expected), sorted(actual)  # the order of keys is not documented
            for mine, theirs in zip(expected, actual, strict=True):
                self.agree(mine, theirs, where)
        else:
            assert expected == actual, f"{expected} but {actual}\n{where}"
            assert isinstance(expected, bool) == isinstance(actual, bool), where


numbers = st.integers(0, 1_000)
audiences = st.sampled_from(["right"] * 8 + ["none", "teacher", "unheard_of", "Not Snake"])
tenants = st.sampled_from([SECRET] * 5 + [OTHER])
keys = st.sampled_from([SECRET, OTHER, BROWSER, BROWSER, READER, READER, "hatch_test_wrong", None])
nonsense = st.sampled_from([None, "", 5, 0, -1, 2.5, True, [], {}, [5], "x"])


class Walk(RuleBasedStateMachine):
    """Requests and steps of the clock in any order; here those that all walks have."""

    def start(self, scenario: str) -> None:
        self.pair = Pair(**SCENARIOS[scenario])
        self.rules: Rules = SCENARIOS[scenario]["rules"]
        self.sent = 0
        self.compared = 0
        for user in USERS[:2]:
            self.hatch_a_buddy(SECRET, user, "right")

    # ---- What there is to ask about ----

    def send(self, method: str, *path: str, body: Any = None, key: str | None = SECRET, **query: Any) -> Answer:
        shown = {
            name: value if isinstance(value, Id) else str(value) for name, value in query.items() if value is not None
        }
        answer = self.pair.send(Call(method, path, body, shown, key))
        self.learn_ids()
        return answer

    def learn_ids(self) -> None:
        """Only the operation that hatched a buddy tells its id."""
        for key in (SECRET, OTHER):
            for operation in list(self.customer(key)["operations"].values()):
                result = operation["result"]
                if operation["type"] == "hatch" and result and result["buddy_id"] not in self.pair.real:
                    self.pair.send(Call("GET", ("operations", operation["id"]), key=key))

    def item_ids(self, key: str | None = SECRET) -> dict[str, str]:
        return self.pair.model.item_ids[self.customer(key)["id"]]

    def customer(self, key: str | None = SECRET) -> Any:
        return self.pair.model.customers["other" if key == OTHER else "default"]

    def known(self, things: str, key: str | None = SECRET) -> list[Any]:
        """The ids of which the emulator has told its own."""
        return [known for known in self.customer(key)[things] if known in self.pair.real]

    def some(self, things: Any, number: int) -> Any:
        """One of them; now and then one that does not exist."""
        known = list(things)
        return known[number % len(known)] if known and number % 23 else Id("nothing:1")

    def buddy(self, number: int, key: str | None = SECRET) -> str:
        """Young buddies first: the old ones are archived more often."""
        return self.some(reversed(self.known("buddies", key)), number)

    def an_audience(self, choice: str, user: str) -> str | None:
        if choice == "right":
            return None if len(self.rules.audiences) == 1 else self.rules.audiences[len(user) % 2]
        return None if choice == "none" else choice

    def an_event(self, user: str, type: str, audience: str, hours_ago: int, flags: int) -> dict[str, Any]:
        event: dict[str, Any] = {"user_id": user, "type": type}
        if named := self.an_audience(audience, user):
            event["audience"] = named
        if hours_ago:
            event["occurred_at"] = datetime.fromtimestamp(self.pair.model.now - hours_ago * HOUR, UTC).isoformat()
        if flags % 4:
            event["properties"] = {"premium": flags % 4 == 1, "odd": flags % 4 == 3}
        self.sent += 1
        return event | ({"event_id": f"event_{self.sent}"} if flags % 16 else {})

    def a_call(self, kind: int, number: int, key: str | None = SECRET) -> Call:
        """Any write that the API has."""
        buddy, item = self.buddy(number, key), self.some(self.item_ids(key).values(), number)
        egg = self.some(self.customer(key)["eggs"], number)
        user = USERS[number % len(USERS)]
        path = self.a_path(number, key or SECRET)
        a_step = path["parts"][0]["id"] if path["parts"] else Id("nothing:4")
        calls: list[tuple[str, tuple[str, ...], Any]] = [
            ("POST", ("eggs",), {"user_id": user, "metadata": {"audience": self.rules.audiences[0]}}),
            ("PATCH", ("eggs", egg, "status"), {"status": "cancelled" if number % 7 == 0 else "ready"}),
            ("POST", ("eggs", egg, "hatch"), None),
            ("PATCH", ("buddies", buddy), {"name": f"Name {number}"}),
            ("POST", ("buddies", buddy, "coins"), {"amount": number % 30 + 1, "reason": "gift"}),
            ("POST", ("buddies", buddy, "coins", "spend"), {"amount": number % 30 + 1, "reason": "hint"}),
            ("POST", ("buddies", buddy, "badges"), {"badge_key": self.some_key(self.rules.badges, number)}),
            (
                "PATCH",
                ("buddies", buddy, "skills"),
                {"updates": [{"key": "reading", "action": "increase", "amount": number % 9}]},
            ),
            ("POST", ("buddies", buddy, "equip"), {"equip": [item]}),
            ("POST", ("buddies", buddy, "evolve"), None),
            ("POST", ("buddies", buddy, "items", item, "purchase"), None),
            ("POST", ("buddies", buddy, "gates", self.some_key(self.rules.gates, number), "unlock"), None),
            ("POST", ("events",), self.an_event(user, TYPES[number % len(TYPES)], "right", number % 3, number)),
            ("POST", ("events", "batch"), {"events": [self.an_event(user, "lesson", "right", 0, 1)]}),
            ("POST", ("embed-tokens",), {"buddy_id": buddy, "user_id": user}),
            ("POST", ("buddies", buddy, "appearance", "rerender"), None),
            ("POST", ("widget-sessions",), {"buddy_id": buddy, "user_id": user, "scopes": ["read"]}),
            ("POST", ("webhook-configs",), {"url": "https://shop.example/hooks", "events": ["buddy.evolved"]}),
            ("POST", ("paths",), {"key": f"path_{number % 5}", "label": "Path", "icon": "leaf", "is_active": False}),
            ("PATCH", ("paths", path["id"]), {"label": "Renamed", "display_mode": "zigzag", "accent_color": "#123456"}),
            ("PATCH", ("paths", path["id"], "active"), {"is_active": number % 2 == 0}),
            ("POST", ("paths", path["id"], "steps"), step("extra", number % 5)),
            ("POST", ("paths", path["id"], "steps", a_step, "sub-steps"), sub_step(f"extra_{number % 3}", number % 5)),
            ("PATCH", ("paths", path["id"], "steps", "reorder"), {"ordering": [{"id": a_step, "ordinal": 4}]}),
            ("POST", ("buddies", buddy, "paths", path["key"], "sub-steps", "listen", "complete"), None),
        ]
        method, path, body = calls[kind % len(calls)]
        return Call(method, path, body, {}, key)

    def some_key(self, things: Any, number: int) -> str:
        known = [thing.key for thing in things]
        return str(known[number % len(known)]) if known and number % 23 else "unheard_of"

    def a_path(self, number: int, key: str = SECRET) -> Any:
        """A path that there is, with its steps; now and then one that there is not."""
        paths = list(self.customer(key)["paths"].values())
        blank = {"id": Id("nothing:2"), "key": "unheard_of", "parts": []}
        return paths[number % len(paths)] if paths and number % 19 else blank

    @rule(key=tenants, user=st.sampled_from(USERS), audience=audiences)
    def hatch_a_buddy(self, key: str, user: str, audience: str) -> None:
        named = self.an_audience(audience, user)
        answer = self.send(
            "POST", "eggs", body={"user_id": user, "metadata": {"audience": named} if named else {}}, key=key
        )
        if answer.code is None:
            egg = answer.body["egg_id"]
            self.send("PATCH", "eggs", egg, "status", body={"status": "ready"}, key=key)
            self.send("POST", "eggs", egg, "hatch", key=key)

    @rule(number=numbers, key=tenants)
    def look_at_all_of_a_buddy(self, number: int, key: str) -> None:
        buddy = self.buddy(number, key)
        self.send("GET", "buddies", buddy, key=key)
        for what in ("badges", "items", "tokens", "progression", "evolution", "evolutions", "unlocks"):
            self.send("GET", "buddies", buddy, what, key=key)

    @rule(
        key=tenants,
        user=st.sampled_from(USERS),
        type=st.sampled_from(TYPES),
        audience=audiences,
        hours_ago=st.sampled_from([0] * 6 + [1, 5, 30, 200]),
        flags=numbers,
    )
    def send_an_event(self, key: str, user: str, type: str, audience: str, hours_ago: int, flags: int) -> None:
        event = self.an_event(user, type, audience, hours_ago, flags)
        for _ in range(1 + flags % 2):
            self.send("POST", "events", body=event, key=key)

    @rule(
        step=st.sampled_from(
            [1, 20, MINUTE - 1, MINUTE, 600, HOUR, 5 * HOUR, DAY - 1, DAY, 2 * DAY, WEEK, 10 * DAY, 31 * DAY]
        )
    )
    def advance(self, step: float) -> None:
        self.pair.advance(step)

    # ---- What holds at any time ----

    @invariant()
    def nothing_is_lost_or_made_up(self) -> None:
        if not hasattr(self, "pair"):
            return
        for customer in self.pair.model.customers.values():
            earned = dict.fromkeys(customer["buddies"], 0)
            for event in self.pair.model.applied:
                if event["buddy_id"] in earned:
                    earned[event["buddy_id"]] += event["effects"]["coins"]
            for buddy_id, buddy in customer["buddies"].items():
                assert earned[buddy_id] + buddy["given"] == buddy["earned"]["primary"]
                for slot, balance in buddy["balance"].items():
                    assert balance == buddy["earned"][slot] - buddy["spent"][slot] >= 0

    @invariant()
    def the_logs_of_effects_are_equal(self) -> None:
        if not hasattr(self, "pair"):
            return
        theirs = self.pair.emulator.effects()
        mine = self.pair.model.applied
        assert len(mine) == len(theirs)
        for expected, actual in list(zip(mine, theirs, strict=True))[self.compared :]:
            fields = {name: getattr(actual, name) for name in expected}
            self.pair.agree(expected, fields, f"in the log: {fields}")
        self.compared = len(mine)

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.close()


class AllRound(Walk):
    """Everything that a backend asks for, with any key."""

    @initialize(scenario=st.sampled_from([*SCENARIOS, "everything", "everything", "audiences"]))
    def begin(self, scenario: str) -> None:
        self.start(scenario)

    # ---- Eggs and buddies ----

    @rule(user=st.sampled_from(USERS), audience=audiences, ensure=st.sampled_from(["true", "false", None]))
    def create_an_egg(self, user: str, audience: str, ensure: str | None) -> None:
        named = self.an_audience(audience, user)
        body = {"user_id": user, "metadata": {"audience": named, "from": "test"} if named else None}
        self.send("POST", "eggs", body=body, ensure=ensure)

    @rule(number=numbers, status=st.sampled_from(["ready", "ready", "cancelled", "hatched"]))
    def change_an_egg(self, number: int, status: str) -> None:
        egg = self.some(self.customer()["eggs"], number)
        self.send("PATCH", "eggs", egg, "status", body={"status": status})
        if number % 3 == 0:
            self.send("POST", "eggs", egg, "hatch")

    @rule(number=numbers)
    def look_at_an_egg(self, number: int) -> None:
        self.send("GET", "eggs", self.some(self.customer()["eggs"], number))

    @rule(number=numbers)
    def look_at_an_operation(self, number: int) -> None:
        self.send("GET", "operations", self.some(reversed(self.known("operations")), number))

    @rule(
        user=st.sampled_from([None, *USERS]),
        status=st.sampled_from([None, "active", "archived"]),
        page=st.integers(1, 2),
    )
    def list_buddies_and_eggs(self, user: str | None, status: str | None, page: int) -> None:
        self.send("GET", "buddies", user_id=user, status=status, page=page, limit=2)
        self.send("GET", "eggs", user_id=user, page=page, limit=3)
        self.send("GET", "users", user or "nobody", "summary")
        self.send("GET", "gates")

    @rule(number=numbers)
    def archive_a_buddy(self, number: int) -> None:
        if number % 3 == 0:
            self.send("POST", "buddies", self.buddy(number), "archive")

    # ---- Events ----

    @rule(
        user=st.sampled_from(USERS),
        days=st.integers(1, 8),
        times=st.integers(1, 4),
        type=st.sampled_from((*TYPES[:3], "intro")),
    )
    def come_back_every_day(self, user: str, days: int, times: int, type: str) -> None:
        for _ in range(days):
            for _ in range(times):
                self.send("POST", "events", body=self.an_event(user, type, "right", 0, 1))
            self.advance(DAY)
            self.send("GET", "users", user, "summary")
        self.advance(days % 3 * DAY)
        self.send("GET", "users", user, "summary")

    @rule(
        events=st.lists(
            st.tuples(st.sampled_from(USERS), st.sampled_from(TYPES[:6] * 3 + TYPES), audiences, numbers),
            min_size=0,
            max_size=6,
        ),
        copies=st.sampled_from([1, 1, 1, 1, 2, 40]),
    )
    def send_a_batch(self, events: list[Any], copies: int) -> None:
        bodies = [self.an_event(user, kind, audience, 0, number) for user, kind, audience, number in events]
        self.send("POST", "events", "batch", body={"events": bodies * copies})

    @rule(number=numbers, user=st.sampled_from(USERS), type=st.sampled_from(TYPES))
    def replay_an_event(self, number: int, user: str, type: str) -> None:
        known = [known for known in self.customer()["events"] if not isinstance(known, Id)]
        if known:
            event = self.an_event(user, type, "right", 0, 1) | {"event_id": known[number % len(known)]}
            self.send("POST", "events", body=event)

    # ---- What a backend does to a buddy ----

    @rule(
        number=numbers, amount=st.integers(1, 60), token=st.sampled_from([None, None, "first", "second", "unheard_of"])
    )
    def earn_and_spend(self, number: int, amount: int, token: str | None) -> None:
        tokens = {"first": self.rules.primary, "second": self.rules.progression}
        chosen = tokens.get(token or "")
        body = {"amount": amount, "reason": "test"} | ({"token": chosen.key if chosen else token} if token else {})
        spend = ("spend",) if number % 2 else ()
        buddy = self.buddy(number // 2)
        if spend and amount % 3 and buddy in self.customer()["buddies"]:  # all that there is, or one more
            body["amount"] = self.customer()["buddies"][buddy]["balance"]["primary"] + amount % 3 - 1
        self.send("POST", "buddies", buddy, "coins", *spend, body=body)

    @rule(
        number=numbers,
        key=st.sampled_from(["reading", "reading", "speed", "unheard_of"]),
        action=st.sampled_from(["increase", "decrease", "set"]),
        by=st.sampled_from([1, 7, 12.5, 200]),
    )
    def change_a_skill(self, number: int, key: str, action: str, by: float) -> None:
        update = {"key": key, "action": action, "value" if action == "set" else "amount": by}
        self.send("PATCH", "buddies", self.buddy(number), "skills", body={"updates": [update]})

    @rule(number=numbers, badge=numbers)
    def award_a_badge(self, number: int, badge: int) -> None:
        body = {"badge_key": self.some_key(self.rules.badges, badge), "reason": "because"}
        self.send("POST", "buddies", self.buddy(number), "badges", body=body)

    @rule(number=numbers)
    def evolve(self, number: int) -> None:
        self.send("POST", "buddies", self.buddy(number), "evolve")

    @rule(number=numbers, gate=numbers)
    def unlock_a_gate(self, number: int, gate: int) -> None:
        self.send("POST", "buddies", self.buddy(number), "gates", self.some_key(self.rules.gates, gate), "unlock")

    @rule(key=tenants, number=numbers, items=st.lists(numbers, min_size=1, max_size=6))
    def go_shopping(self, key: str, number: int, items: list[int]) -> None:
        for item in items:
            chosen = self.some(self.item_ids(key).values(), item)
            self.send("POST", "buddies", self.buddy(number, key), "items", chosen, "purchase", key=key)

    @rule(
        number=numbers,
        on=st.lists(numbers, max_size=5),
        off=st.lists(numbers, max_size=2),
        owned=st.sampled_from([True, True, True, False]),
    )
    def dress(self, number: int, on: list[int], off: list[int], owned: bool) -> None:
        buddy, ids = self.buddy(number), self.item_ids()
        bought = self.customer()["buddies"].get(buddy, {"items": {}})["items"]
        wardrobe = [ids[key] for key in (bought if owned else ids)]
        body = {
            "equip": [wardrobe[one % len(wardrobe)] for one in on if wardrobe],
            "unequip": [wardrobe[one % len(wardrobe)] for one in off if wardrobe],
        }
        self.send("POST", "buddies", buddy, "equip", body=body)

    @rule(number=numbers, count=st.integers(3, 6))
    def buy_and_wear_a_lot(self, number: int, count: int) -> None:
        buddy = self.buddy(number)
        self.send("POST", "buddies", buddy, "coins", body={"amount": 20, "reason": "allowance"})
        ids = self.item_ids()
        chosen = [ids[key] for key in ("ring", "socks", "pin", "hat", "watch", "crown") if key in ids][:count]
        for item in chosen:
            self.send("POST", "buddies", buddy, "items", item, "purchase")
        self.send("POST", "buddies", buddy, "equip", body={"equip": chosen})

    # ---- Around the requests ----

    @rule(kind=numbers, number=numbers, key=keys)
    def write_with_some_key(self, kind: int, number: int, key: str | None) -> None:
        self.pair.send(self.a_call(kind, number, key))

    @rule(number=numbers, key=keys)
    def read_with_some_key(self, number: int, key: str | None) -> None:
        operation = self.some(self.known("operations"), number)
        for path in [("buddies", self.buddy(number)), ("operations", operation), ("gates",), ("health",), ("nowhere",)]:
            self.send("GET", *path, key=key, colour=None if number % 4 else "red")
        self.send("GET", "buddies", self.buddy(number), "unlocks", key=key)

    @rule(kind=numbers, number=numbers, slot=st.integers(0, 3), key=st.sampled_from([SECRET, SECRET, SECRET, OTHER]))
    def write_with_an_idempotency_key(self, kind: int, number: int, slot: int, key: str) -> None:
        call = self.a_call(kind, number, key)._replace(idempotency_key=f"key_{slot}")
        self.pair.send(call)
        self.last_keyed = call

    @rule(after=st.sampled_from([0, 0, HOUR, DAY - 1, DAY]))
    def repeat_a_write_with_its_idempotency_key(self, after: int) -> None:
        if hasattr(self, "last_keyed"):
            self.advance(after)
            self.pair.send(self.last_keyed)

    @rule(slot=st.integers(4, 9), age=st.sampled_from([DAY - 1, DAY - 1, DAY, HOUR]))
    def repeat_a_gift_with_its_idempotency_key(self, slot: int, age: int) -> None:
        path = ("buddies", self.buddy(1), "coins")
        gift = Call("POST", path, {"amount": 1, "reason": "gift"}, key=SECRET, idempotency_key=f"key_{slot}")
        self.pair.send(gift)
        self.advance(age)
        self.pair.send(gift)

    @rule(
        kind=numbers, number=numbers, wrong=nonsense, how=st.sampled_from(["unknown", "lost", "wrong", "query", "body"])
    )
    def write_nonsense(self, kind: int, number: int, wrong: Any, how: str) -> None:
        call = self.a_call(kind, number)
        body = dict(call.body or {})
        name = sorted(body)[number % len(body)] if body else "user_id"
        if how == "unknown":
            body["userId"] = 1
        elif how == "lost":
            body.pop(name, None)
        elif how == "wrong":
            body[name] = wrong
        query = {"colour": "red"} if how == "query" else {}
        self.pair.send(call._replace(body=[] if how == "body" else body, query=query))

    @rule(count=st.sampled_from([19, 70, 110]), key=st.sampled_from([None, SECRET, BROWSER]))
    def send_many_requests(self, count: int, key: str | None) -> None:
        for _ in range(count):
            self.send("GET", "health", key=key)


class Behind(Walk):
    """What goes on behind a backend's back: webhooks, pictures and their failures, sessions, forgotten events."""

    @initialize(scenario=st.sampled_from(["forgetful", "forgetful", "everything", "audiences", "slow"]))
    def begin(self, scenario: str) -> None:
        self.start(scenario)
        self.register_a_webhook(SECRET, [*TOLD])

    # ---- Webhooks ----

    def a_hook(self, number: int, key: str = SECRET) -> Any:
        hooks = list(self.customer(key)["hooks"].values())
        return hooks[number % len(hooks)] if hooks and number % 19 else {"id": Id("nothing:5"), "deliveries": []}

    @rule(key=tenants, events=st.lists(st.sampled_from(TOLD), max_size=3, unique=True))
    def register_a_webhook(self, key: str, events: list[str]) -> None:
        self.send("POST", "webhook-configs", body={"url": "https://shop.example/hooks", "events": events}, key=key)
        self.send("GET", "webhook-configs", key=key)

    @rule(number=numbers)
    def remove_a_webhook(self, number: int) -> None:
        if number % 3 == 0:
            self.send("DELETE", "webhook-configs", self.a_hook(number)["id"])

    @rule(status=st.sampled_from([200, 204, 204, 204, 301, 404, 404, 500, 500, 503]), number=numbers, which=numbers)
    def receive_webhooks_otherwise(self, status: int, number: int, which: int) -> None:
        self.pair.model.receiver = status
        self.do_something_to_tell_of(number, "spend")
        self.deliver_again(number, which, "replay")

    @rule(number=numbers, status=st.sampled_from([None, "pending", "success", "failed"]), limit=st.integers(1, 5))
    def look_at_the_deliveries(self, number: int, status: str | None, limit: int) -> None:
        cursor = None
        for _ in range(4):
            path = ("webhook-configs", self.a_hook(number)["id"], "deliveries")
            answer = self.send("GET", *path, status=status, limit=limit, cursor=cursor)
            cursor = answer.body.get("next_cursor")
            if cursor is None:
                break

    @rule(number=numbers, which=numbers, how=st.sampled_from(["replay", "redeliver"]))
    def deliver_again(self, number: int, which: int, how: str) -> None:
        hook = self.a_hook(number)
        self.send("GET", "webhook-configs", hook["id"], "deliveries", limit=100)
        ids = [one["id"] for one in hook["deliveries"]]
        self.send("POST", "webhook-configs", hook["id"], "deliveries", self.some(ids, which), how)
        self.send("GET", "webhook-configs", hook["id"], "deliveries", limit=100)

    @rule(number=numbers, kind=st.sampled_from(["spend", "badge", "evolve", "gate", "item"]))
    def do_something_to_tell_of(self, number: int, kind: str) -> None:
        buddy = self.buddy(number)
        items = list(self.item_ids().values())
        self.send("POST", "buddies", buddy, "coins", body={"amount": 15, "reason": "gift"})
        if kind == "spend":
            self.send("POST", "buddies", buddy, "coins", "spend", body={"amount": number % 9 + 1, "reason": "hint"})
        elif kind == "badge":
            badge = self.some_key(self.rules.badges, number)
            self.send("POST", "buddies", buddy, "badges", body={"badge_key": badge})
        elif kind == "gate":
            self.send("POST", "buddies", buddy, "gates", self.some_key(self.rules.gates, number), "unlock")
        elif kind == "item":
            self.send("POST", "buddies", buddy, "items", self.some(items, number), "purchase")
        else:
            self.send("POST", "buddies", buddy, "evolve")
        self.look_at_the_deliveries(number + 1, None, 5)

    @rule(step=st.sampled_from([4, 5, 5, 30, 30, 299, 300]))
    def wait_for_an_attempt(self, step: int) -> None:
        self.pair.advance(step)

    # ---- Pictures ----

    @rule(operation=st.sampled_from(["hatch", "evolve", "equip", "rerender"]), number=numbers)
    def let_an_operation_fail(self, operation: str, number: int) -> None:
        self.pair.emulator.fail_next(operation, f"reason {number}")
        self.pair.model.failures.setdefault(operation, []).append(f"reason {number}")

    @rule(number=numbers, items=st.lists(numbers, max_size=3), again=st.booleans(), minutes=st.integers(0, 2))
    def dress_and_rerender(self, number: int, items: list[int], again: bool, minutes: int) -> None:
        buddy, ids = self.buddy(number), self.item_ids()
        for key in ("socks", "ring", "hat"):
            if key in ids:
                self.send("POST", "buddies", buddy, "items", ids[key], "purchase")
        bought = [ids[key] for key in self.customer()["buddies"].get(buddy, {"items": {}})["items"]]
        chosen = [bought[one % len(bought)] for one in items if bought]
        self.send("POST", "buddies", buddy, "equip", body={"equip": chosen, "unequip": bought[number % 5 :]})
        if again:
            self.send("POST", "buddies", buddy, "appearance", "rerender")
        self.pair.advance(minutes * MINUTE)
        self.send("GET", "buddies", buddy)
        for operation in self.known("operations")[-2:]:
            self.send("GET", "operations", operation)

    # ---- Sessions ----

    @rule(
        number=numbers,
        user=st.sampled_from([None] * 7 + ["somebody"]),
        scopes=st.sampled_from([["read"]] * 4 + [["read", "items:equip"], [], ["buddy:read"], None, "read"]),
        seconds=st.sampled_from([None, None, 1, 60, HOUR, HOUR + 1, DAY, DAY + 1, 0]),
    )
    def mint_tokens(self, number: int, user: str | None, scopes: Any, seconds: int | None) -> None:
        buddy = self.buddy(number)
        owner = user or self.customer()["buddies"].get(buddy, {"user_id": "nobody"})["user_id"]
        body: dict[str, Any] = {"buddy_id": buddy, "user_id": owner}
        if seconds is not None and scopes != [
            "buddy:read"
        ]:  # the emulator names an unknown scope only where it is alone
            body["ttl_seconds"] = seconds
        self.send("POST", "widget-sessions", body=body | {"scopes": scopes})
        self.send("POST", "embed-tokens", body=body)

    @rule(number=numbers)
    def end_a_session(self, number: int) -> None:
        self.mint_tokens(number, None, ["read"], 60 if number % 2 else None)
        for pause in (59, 1) if number % 2 else (HOUR - 1, 1):
            self.pair.advance(pause)
            self.tokens_open_what_they_should()
        self.mint_tokens(number, None, ["read"], None)
        newest = [*self.customer()["sessions"], Id("nothing:6")][-1 if number % 9 == 0 else -2 :][0]
        self.send("DELETE", "widget-sessions", newest)

    @invariant()
    def tokens_open_what_they_should(self) -> None:
        if not hasattr(self, "pair"):
            return
        for session_id, token in self.pair.tokens.items():
            try:
                self.pair.emulator.verify_token(token)
                alive = True
            except ValueError:
                alive = False
            assert alive == self.pair.model.is_alive(self.customer()["sessions"][session_id]), session_id

    # ---- Events that are forgotten ----

    @rule(number=numbers, long=st.booleans())
    def replay_what_may_be_forgotten(self, number: int, long: bool) -> None:
        event = self.an_event(USERS[number % 2], TYPES[number % 3], "right", 0, 1)
        for pause in (2 * DAY - 1, 1) if long else (0, HOUR):
            self.send("POST", "events", body=event)
            self.pair.advance(pause)
        self.send("POST", "events", body=event)
        self.send("POST", "events", "batch", body={"events": [event, event]})


class OnPaths(Walk):
    """Paths that are laid, changed and walked."""

    @initialize(scenario=st.sampled_from(["everything", "everything", "audiences", "slow"]))
    def begin(self, scenario: str) -> None:
        self.start(scenario)
        for number, user in enumerate(USERS[:2]):
            self.lay_a_path(number, user, True)

    @rule(which=st.integers(0, 2), user=st.sampled_from(USERS), active=st.sampled_from([None, True, True, False]))
    def lay_a_path(self, which: int, user: str, active: bool | None) -> None:
        named = self.an_audience("right", user)
        body = {"key": f"path_{which}", "label": "A path", "is_active": active, "audience": named}
        answer = self.send("POST", "paths", body=body)
        if answer.code is None:
            for one, parts in PATHS[which]:
                step = self.send("POST", "paths", answer.body["id"], "steps", body=one)
                for part in parts:
                    self.send("POST", "paths", answer.body["id"], "steps", step.body["id"], "sub-steps", body=part)
            self.send("GET", "paths", answer.body["id"])

    @rule(number=numbers, step=numbers, part=numbers, parts=st.integers(1, 3), user=st.sampled_from(USERS))
    def walk_by_hand(self, number: int, step: int, part: int, parts: int, user: str) -> None:
        path, buddy = self.a_path(number), self.buddy(number // 7)
        steps = path["parts"]
        chosen = steps[step % len(steps)]["parts"] if steps else []
        for place in range(parts):
            key = chosen[(part + place) % len(chosen)]["key"] if chosen and part % 17 else "unheard_of"
            self.send("POST", "buddies", buddy, "paths", path["key"], "sub-steps", key, "complete")
        self.send("GET", "buddies", buddy, "paths", path["key"])

    @rule(number=numbers, days=st.integers(0, 2), types=st.lists(st.sampled_from(TYPES[:2]), min_size=2, max_size=6))
    def walk_by_events(self, number: int, days: int, types: list[str]) -> None:
        path, user = self.a_path(number), USERS[number % 2]
        for kind in types:
            self.send("POST", "events", body=self.an_event(user, kind, "right", 0, number))
            self.advance(days * HOUR)
        for buddy in self.known("buddies"):
            self.send("GET", "buddies", buddy, "paths", path["key"])

    @rule(
        number=numbers,
        step=numbers,
        part=numbers,
        change=st.sampled_from(
            [
                {"label": "Another"},
                {"key": "hello"},
                {"ordinal": 2},
                {"reward_coins": 12},
                {"is_active": False},
                {"is_active": False},
                {"is_active": True},
                {"description": None, "completion_condition": None},
                {"label": None, "ordinal": None, "reward_badge_key": None, "icon": None},
                {"icon": "star", "description": ""},
                {"allow_skip_ahead": True},
                {"completion_condition": {"type": "coin", "config": {"amount": 5}}},
                {"completion_condition": {"type": "levitation", "config": {}}},
            ]
        ),
        depth=st.integers(0, 2),
        gone=st.sampled_from([False, False, False, True]),
    )
    def change_a_path(self, number: int, step: int, part: int, change: dict[str, Any], depth: int, gone: bool) -> None:
        path = self.a_path(number)
        place: list[str] = [path["id"]]
        if depth and path["parts"]:
            chosen = path["parts"][step % len(path["parts"])]
            place += ["steps", chosen["id"]]
            if depth > 1 and chosen["parts"]:
                place += ["sub-steps", chosen["parts"][part % len(chosen["parts"])]["id"]]
        if gone and (depth or number % 4 == 0):
            self.send("DELETE", "paths", *place)
        else:
            self.send("PATCH", "paths", *place, body=change)
        self.send("GET", "paths", path["id"])
        for buddy in self.known("buddies"):
            self.send("GET", "buddies", buddy, "paths", path["key"])

    @rule(number=numbers, active=st.booleans(), step=numbers, places=st.lists(st.integers(1, 5), max_size=4))
    def switch_and_reorder_paths(self, number: int, active: bool, step: int, places: list[int]) -> None:
        path = self.a_path(number)
        self.send("PATCH", "paths", path["id"], "active", body={"is_active": active})
        self.send("GET", "paths")
        self.send("GET", "paths", audience=self.rules.audiences[-1])
        parts, place = path["parts"], ["paths", path["id"], "steps"]
        if number % 2 and parts:
            chosen = parts[step % len(parts)]
            parts, place = chosen["parts"], [*place, chosen["id"], "sub-steps"]
        ordering = [{"id": one["id"], "ordinal": ordinal} for one, ordinal in zip(parts, places, strict=False)]
        if number % 11 == 0:
            ordering.append({"id": Id("nothing:3"), "ordinal": 1})
        self.send("PATCH", *place, "reorder", body={"ordering": ordering})
        self.send("GET", "paths", path["id"])


WALKS: dict[type[Walk], int] = {AllRound: 35, OnPaths: 25, Behind: 30}
"""How many of each."""


@pytest.mark.chaos
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_the_emulator_does_what_the_documentation_says(walk: type[Walk]) -> None:
    size = settings(
        max_examples=1_000 if FULL else WALKS[walk],
        stateful_step_count=200 if FULL else 40,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(walk, settings=size)


# ---- What a walk rarely reaches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, SECRET] if FULL else [None], ids=lambda key: "secret" if key else "nobody")
def test_both_models_limit_the_requests_of_a_day_alike(key: str | None) -> None:
    pair = Pair(BARE, "free")
    per_minute, per_day = (100, 5_000) if key else (20, 200)
    health = Call("GET", ("health",), key=key)
    for _ in range(per_day // per_minute):
        for _ in range(per_minute):
            assert pair.send(health).status == 200
        pair.advance(MINUTE)
    assert pair.send(health).headers["Retry-After"] == str(DAY)
    pair.advance(DAY - per_day // per_minute * MINUTE - 1)
    assert pair.send(health).status == 429
    pair.advance(1)
    assert pair.send(health).status == 200
    pair.close()


@pytest.mark.parametrize("scenario", SCENARIOS if FULL else ["everything", "audiences"])
def test_both_models_live_through_two_busy_months_alike(scenario: str) -> None:
    walk = AllRound()
    walk.begin(scenario)
    for day in range(40):
        for number, kind in enumerate(TYPES[:5]):
            for _ in range((day + number) % 5):
                walk.send("POST", "events", body=walk.an_event("ada", kind, "right", 0, 1))
        for age in range(4):
            walk.send("GET", "users", "ada", "summary")
            walk.advance(DAY if age < day % 11 - 6 else HOUR)
        walk.advance(20 * HOUR)
        walk.the_logs_of_effects_are_equal()
        walk.nothing_is_lost_or_made_up()
    for _ in range(8):  # a long rest, in which skills fade to their floor
        walk.advance(10 * DAY)
        walk.send("GET", "users", "ada", "summary")
    walk.teardown()


def test_both_models_sell_and_show_every_item_alike() -> None:
    walk = AllRound()
    walk.start("everything")
    buddy, ids = walk.known("buddies")[0], walk.item_ids()
    walk.send("POST", "buddies", buddy, "coins", body={"amount": 60, "reason": "allowance"})
    walk.change_a_skill(1, "reading", "set", 200)
    for item in ids.values():
        walk.send("POST", "buddies", buddy, "items", item, "purchase")
    walk.send("POST", "buddies", buddy, "equip", body={"equip": [ids["hat"]]})
    for _ in range(2):
        walk.send("GET", "buddies", buddy)
        walk.send("GET", "buddies", buddy, "items")
        walk.send("POST", "buddies", buddy, "evolve")
    assert walk.customer()["buddies"][buddy]["stage"] == 2
    walk.teardown()


def test_both_models_refuse_the_event_above_the_quota_of_the_month() -> None:
    pair = Pair(BARE, "free")

    def batch(number: int, size: int) -> Call:
        events = [{"event_id": f"{number}.{one}", "user_id": "ada", "type": "idle"} for one in range(size)]
        return Call("POST", ("events", "batch"), {"events": events}, key=SECRET)

    for number in range(99):
        assert pair.send(batch(number, 100)).status == 201
        pair.advance(MINUTE)
    assert pair.send(batch(99, 99)).status == 201
    assert pair.send(batch(100, 2)).code == "event_quota_exceeded"
    assert pair.send(batch(101, 1)).status == 201
    assert pair.send(batch(102, 1)).code == "event_quota_exceeded"
    assert pair.send(batch(7, 100)).status == 201, "a replay is free"
    pair.advance(3 * DAY)
    assert pair.send(batch(102, 1)).status == 201
    pair.close()


def test_both_models_reward_a_step_once() -> None:
    walk = AllRound()
    walk.start("everything")
    try:
        path = walk.send("POST", "paths", body={"key": "course", "label": "Course"}).body["id"]
        first = walk.send("POST", "paths", path, "steps", body=step("first", 1, reward_coins=5)).body["id"]
        buddy = walk.known("buddies")[0]
        for key in ("read", "read_more"):
            walk.send("POST", "paths", path, "steps", first, "sub-steps", body=sub_step(key, 1))
            walk.send("POST", "buddies", buddy, "paths", "course", "sub-steps", key, "complete")
        walk.send("GET", "buddies", buddy)
    finally:
        walk.teardown()


def test_both_models_empty_what_a_change_says_is_null() -> None:
    walk = AllRound()
    walk.start("everything")
    try:
        walk.send(
            "POST", "paths", body={"key": "course", "label": "Course", "description": "d", "accent_color": "#fff"}
        )
        path = walk.a_path(1)
        first = walk.send("POST", "paths", path["id"], "steps", body=step("first", 1, reward_badge_key="second")).body[
            "id"
        ]
        place = ["paths", path["id"], "steps", first]
        part = walk.send("POST", *place, "sub-steps", body=sub_step("read", 1, condition("coin", amount=5))).body["id"]
        for target in (["paths", path["id"]], place, [*place, "sub-steps", part]):
            for name in ("description", "accent_color", "icon", "label", "reward_badge_key", "completion_condition"):
                walk.send("PATCH", *target, body={name: None})
        walk.send("GET", "paths", path["id"])
    finally:
        walk.teardown()
