"""The file store: reopened, killed, newer than the code."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

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
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
    Token,
)
from hatched.emulator.clock import WallClock
from hatched.emulator.configs import load
from hatched.emulator.messages import dumps

from .support import Api


def test_a_file_keeps_everything_but_the_rate_limit(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    api = Api(store=store, plan="free", operations=Operations(after_seconds=60))
    egg = api.egg(ready=True)
    operation = api.ok("POST", f"/eggs/{egg}/hatch")["operation_id"]
    first = api.send("POST", "/events", {"event_id": "e", "user_id": "u", "type": "quiz_passed"})
    stored = api.send("POST", "/eggs", {"user_id": "v"}, headers={"Idempotency-Key": "k"})
    api.emulator.close()

    again = Api(store=store, plan="free", clock=Clock("2026-01-01T00:01:00Z"))
    assert again.ok("GET", f"/operations/{operation}")["status"] == "completed"
    assert again.ok("GET", f"/eggs/{egg}")["status"] == "hatched"
    assert again.send("POST", "/events", {"event_id": "e", "user_id": "x", "type": "nope"}).body == first.body
    replayed = again.send("POST", "/eggs", {"user_id": "v"}, headers={"Idempotency-Key": "k"})
    assert replayed.body == stored.body
    assert again.emulator.customer_id == api.emulator.customer_id


def test_a_reopened_store_never_repeats_an_id(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    ids = []
    for number in range(3):
        api = Api(store=store)
        ids += [api.egg(f"{number}-{egg}") for egg in range(20)]
        api.emulator.close()
    assert len(set(ids)) == 60


def test_a_reopened_store_keeps_its_rules(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    Api(store=store, rules=Rules(event_types=("only_here",))).emulator.close()
    assert Api(store=store).event("only_here")["debug_reason"] == "no_active_buddies_for_user"


def test_a_reopened_store_publishes_the_rules_it_is_given(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    first, second = Rules(event_types=("one",)), Rules(event_types=("two",))
    versions: list[str] = []
    for rules in (first, first, second):
        api = Api(store=store, rules=rules)
        versions.append(api.ok("POST", "/eggs?ensure=true", {"user_id": str(len(versions))})["config_version_id"])
        api.emulator.close()
    assert versions[0] == versions[1] != versions[2]
    assert Api(store=store).code("POST", "/events", {"user_id": "u", "type": "one"})[0] == 422


def test_a_reopened_store_without_published_rules_publishes_those_it_is_given(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    api = Api(store=store, rules=Rules(event_types=("one",)))
    api.emulator.unpublish()
    api.emulator.close()
    without = Api(store=store)
    assert without.code("POST", "/eggs", {"user_id": "u"}) == (409, "no_published_config")
    without.emulator.close()
    again = Api(store=store, rules=Rules(event_types=("one",)))
    assert again.send("POST", "/eggs", {"user_id": "u"}).status == 201


def test_rules_survive_their_text() -> None:
    rules = Rules(
        audiences=("a", "b"),
        primary=Token(key="gems", label="Gems", max_balance=9),
        progression=None,
        coin_rules=(CoinRule(event="t", amount=1, multiplier=Multiplier(factor=1.5, property="p", equals=[1])),),
        badges=(Badge(key="b", condition=Condition("coin", {"amount": 1}), audience="a"),),
        skills=(Skill(key="s", max=1.5),),
        skill_rules=(SkillRule(event="t", skill="s", amount=-1),),
        decays=(Decay(skill_key="s", cadence="monthly", amount=1, apply_only_above=2, audience="a"),),
        streaks=(Streak(key="d", events=("t", "u"), milestones=(Milestone(at=3, badge="b"),), hero=True),),
        evolution=Evolution(stages=(Stage(conditions=(Condition("xp", {"amount": 1}),)),), mode="preset", auto=True),
        items=(Item(key="i", category="head", visible_if=Condition("collection", {"count": 1})),),
        gates=(Gate(key="g", cost=1, metadata={"x": [1, {"y": None}]}),),
    )
    assert load(json.loads(dumps(attrs.asdict(rules)))) == rules
    assert load({}) == Rules()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"badge": []}, "property badge should not exist"),
        ({"badges": [{"key": "b"}]}, "badges.0.condition should not be empty"),
        ({"streaks": [{"key": "s", "events": ["t"], "period": "hourly"}]}, "streaks.0.period must be one of"),
        ({"skill_rules": [{"event": "t", "skill": "s", "amount": 1}]}, "there is no skill s"),
        ({"gates": [{"key": "g", "cost": 0}]}, "cost must not be less than 1"),
        ({"evolution": {"stages": [{"conditions": []}] * 5}}, "at most 5 stages"),
        ({"streaks": [{"key": k, "events": [], "hero": True} for k in "ab"]}, "only one streak can be the hero"),
        (
            {
                "badges": [
                    {"key": "b", "condition": {"type": "streak", "config": {"streak_key": "x", "count": 1}}},
                ]
            },
            "badge b: there is no streak x",
        ),
        ({"streaks": [{"key": "s", "events": [], "milestones": [{"at": 1, "badge": "x"}]}]}, "there is no badge x"),
        ({"coin_rules": [{"event": "t", "amount": 1, "audience": "x"}]}, "there is no audience x"),
        ({"coin_rules": [{"event": "t", "amount": 1, "daily_cap": -1}]}, "daily_cap must not be less than 0"),
        ({"skills": [{"key": "s", "level_every": 0}]}, "skill s needs points for each level"),
        ({"items": [{"key": "i", "category": "head"}] * 2}, "every one of items needs a key of its own: i comes twice"),
    ],
)
def test_bad_rules_are_told_by_their_place(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        load(data)


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hatched.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="later version"):
        Emulator(store=str(path))


KILLED = """
import os, signal, sys
from hatched.emulator import Emulator, Request
import json
emulator = Emulator(store=sys.argv[1], batch_transaction=sys.argv[2], plan="enterprise")
for batch in range(10**6):
    events = [{"event_id": f"{batch}-{n}", "user_id": "u", "type": "quiz_passed"} for n in range(20)]
    headers = {"authorization": "Bearer " + emulator.api_key}
    body = json.dumps({"events": events}).encode()
    assert emulator.handle(Request("POST", "/api/v1/events/batch", "", headers, body)).status == 201
    print(batch, flush=True)
"""


def test_what_was_answered_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    process = subprocess.Popen([sys.executable, "-c", KILLED, store, "batch"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    answered = 0
    for _ in range(25):
        answered = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    answered = max([answered, *(int(line) for line in process.stdout if line.strip())])
    process.wait()
    process.stdout.close()
    effects = Emulator(store=store).effects()
    assert len(effects) % 20 == 0
    assert len(effects) >= 20 * (answered + 1)
    assert [event.event_id for event in effects] == [f"{n // 20}-{n % 20}" for n in range(len(effects))]


def test_a_file_belongs_to_one_emulator_at_a_time(tmp_path: Path) -> None:
    store = str(tmp_path / "hatched.db")
    with Emulator(store=store), pytest.raises(ValueError, match="is another emulator using it"):
        Emulator(store=store)
    with Emulator(store=store) as again:
        assert again.effects() == []


def test_rules_given_as_lists_are_published_once(tmp_path: Path) -> None:
    rules: Any = Rules(event_types=["a"])  # type: ignore[arg-type]
    for _ in range(3):
        with Emulator(store=str(tmp_path / "hatched.db"), rules=rules) as emulator:
            assert len(emulator.export()["tables"]["config_versions"]) == 1


@pytest.mark.parametrize("version", [0, 2])
def test_a_database_of_something_else_is_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            f"CREATE TABLE users (name); INSERT INTO users VALUES ('ada'); PRAGMA user_version = {version}"
        )
    before = path.read_bytes()
    with pytest.raises(ValueError, match="it is the database of something else"):
        Emulator(store=str(path))
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but long enough to be looked at by whoever opens it" * 20)
    with pytest.raises(ValueError, match="cannot open"):
        Emulator(store=str(path))


def test_a_transaction_that_cannot_be_committed_is_undone() -> None:
    emulator = Emulator()

    def orphan() -> None:
        with emulator._store.transaction() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            db.execute("INSERT INTO path_steps VALUES (1,'i','no','k','l',NULL,NULL,1,NULL,NULL,0,NULL,1,0,0)")

    with pytest.raises(sqlite3.IntegrityError):
        orphan()
    assert not emulator._store.db.in_transaction
    assert emulator.sync_client().eggs.create(user_id="u").status == "waiting"


def test_rules_of_wrong_types_are_refused_when_they_are_given() -> None:
    emulator = Emulator()
    wrong: Any
    for wrong in (
        Rules(coin_rules=(CoinRule(event="x", amount=2.5),)),  # type: ignore[arg-type]
        Rules(streaks=(Streak(key="s", events="x"),)),  # type: ignore[arg-type]
        Rules(badges=(Badge(key="b", condition={"type": "coin"}),)),  # type: ignore[arg-type]
        Rules(coin_rules=({"event": "x"},)),  # type: ignore[arg-type]
        Rules(gates=(Gate(key="g", cost=1, metadata={"at": object()}),)),
        Rules(skills=(Skill(key="s", level_every=1e-310),)),
    ):
        with pytest.raises(ValueError, match=r".+"):
            emulator.publish(wrong)
    assert emulator.sync_client().eggs.create(user_id="u").status == "waiting"


@pytest.mark.parametrize("clock", [Clock, WallClock])
def test_the_time_of_a_file_never_goes_back(tmp_path: Path, clock: Any) -> None:
    class Ticking(clock):
        """Time goes on while nothing is asked of the emulator."""

        passed = 0.0

        def now(self) -> float:
            return float(super().now() + self.passed)

    store = str(tmp_path / "hatched.db")
    ticking = Ticking()
    with Emulator(store=store, clock=ticking) as emulator:
        emulator.clock.advance("40d")
        ticking.passed = 60.0
        before = emulator.clock.now()
    with Emulator(store=store, clock=clock()) as emulator:
        assert emulator.clock.now() >= before


@pytest.mark.parametrize(
    "options",
    [
        {"strict": "sen"},
        {"event_body": "x"},
        {"batch_transaction": "x"},
        {"field_errors": "x"},
        {"webhook_scheme": "curent"},
        {"event_retention": -3},
        {"credits": -3},
        {"plan": "huge"},
    ],
)
def test_a_switch_that_does_not_exist_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Emulator(**options)


def test_rules_of_another_kind_are_refused() -> None:
    wrong: Any = {}
    with pytest.raises(TypeError, match=r"rules are Rules, a preset's name or a path, not dict"):
        Emulator(rules=wrong)


def test_a_key_opens_one_thing() -> None:
    emulator = Emulator()
    emulator.add_key(emulator.api_key)
    with pytest.raises(ValueError, match="another customer or other scopes"):
        emulator.add_key(emulator.api_key, scopes=("read:buddies",))
    with pytest.raises(ValueError, match="another customer or other scopes"):
        emulator.add_key(emulator.api_key, customer="other")


def test_the_events_of_two_customers_are_told_apart() -> None:
    api = Api()
    other = api.emulator.add_key("hatch_test_other", customer="other")
    event = {"event_id": "1", "user_id": "a", "type": "lesson_completed"}
    for key in ("hatch_test_emulator", "hatch_test_other"):
        assert api.send("POST", "/events", event, key=key).status == 201
    assert [applied.customer_id for applied in api.emulator.effects("a")] == [api.emulator.customer_id, other]


def test_what_a_signal_leaves_open_is_taken_back_before_the_next_request(tmp_path: Path) -> None:
    path = str(tmp_path / "e.db")
    api = Api(store=path)
    api.emulator._store.db.execute("BEGIN IMMEDIATE")  # and then a signal, before anything else
    api.emulator._store.db.execute("DELETE FROM keys")
    api.egg("later")
    api.emulator.close()
    with closing(Emulator(store=path)) as emulator:
        assert [egg.user_id for egg in emulator.sync_client().eggs.list()] == ["later"]


def test_an_emulator_that_cannot_be_made_leaves_its_file_to_others(tmp_path: Path) -> None:
    path = str(tmp_path / "e.db")
    with pytest.raises(ValueError, match="audience") as kept:
        Emulator(store=path, plan="free", rules=Rules(audiences=("a", "b")))
    Emulator(store=path).close()
    assert kept.tb is not None
