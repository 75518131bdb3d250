"""Snapshots, exports, and files that were written before."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hatched.emulator import Clock, Emulator, WallClock
from hatched.emulator.store import VERSION

from .support import Api


def lived() -> Api:
    """An emulator in which things have happened, and some are still to come."""
    api = Api(publishable_key="hatch_pk_other")
    api.buddy("ada")
    api.egg("bob")
    api.event("lesson_completed", "ada", event_id="e1")
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})
    api.event("quiz_passed", "ada", event_id="e2")
    api.send("POST", "/eggs", {"user_id": "eve"}, headers={"Idempotency-Key": "k1"})
    api.emulator.fail_next("hatch", "no paint")
    api.clock.advance("3h")
    return api


def go_on(api: Api) -> list[bytes]:
    """What an emulator answers next; ids and times included."""
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/buddies", None),
        ("POST", "/eggs", {"user_id": "eve"}),
        ("POST", "/events", {"event_id": "e1", "user_id": "ada", "type": "lesson_completed"}),
        ("POST", "/events", {"event_id": "e3", "user_id": "ada", "type": "lesson_completed"}),
        ("GET", "/webhook-configs", None),
        ("POST", "/eggs", {"user_id": "zoe"}),
    ]
    answers = [api.send(*request, headers={"Idempotency-Key": "k1"}) for request in requests]
    return [b"%d %s %r" % (each.status, each.body, each.headers.__repr__().encode()) for each in answers]


def test_a_snapshot_brings_everything_back() -> None:
    api = lived()
    snapshot = api.emulator.snapshot()
    first = go_on(api)
    api.clock.advance("30d")
    for _ in range(2):
        api.emulator.restore(snapshot)
        assert go_on(api) == first


def test_an_export_does_not_change_afterwards() -> None:
    api = lived()
    exported = api.emulator.export()
    before = json.dumps(exported)
    go_on(api)
    api.clock.advance("1d")
    assert json.dumps(exported) == before


def test_a_token_of_a_world_that_is_gone_is_not_valid() -> None:
    api = Api()
    session = {"buddy_id": api.buddy("ada"), "user_id": "ada", "scopes": ["read"]}
    token = api.ok("POST", "/widget-sessions", session)["token"]
    assert api.emulator.verify_token(token)["sub"] == "ada"
    api.emulator.reset()
    with pytest.raises(ValueError, match="revoked"):
        api.emulator.verify_token(token)


@pytest.mark.parametrize("back", ["restore", "import", "reset"])
def test_time_goes_back_with_everything_else(back: str) -> None:
    clock = Clock()
    emulator = Emulator(clock=clock)
    snapshot, exported = emulator.snapshot(), emulator.export()
    clock.advance("25h")
    if back == "restore":
        emulator.restore(snapshot)
    elif back == "import":
        emulator.import_(exported)
    else:
        emulator.reset()
    assert clock.now() == Clock().now()


def test_time_stays_where_it_is_if_another_emulator_goes_by_it() -> None:
    clock = Clock()
    emulator, other = Emulator(clock=clock), Emulator(clock=clock)
    snapshot, exported = emulator.snapshot(), emulator.export()
    clock.advance("25h")
    emulator.restore(snapshot)
    emulator.import_(exported)
    other.reset()
    assert clock.now() == Clock().now() + 25 * 3600


def test_real_time_goes_back_as_far_as_it_was_pushed() -> None:
    emulator = Emulator(clock=WallClock())
    snapshot, exported = emulator.snapshot(), emulator.export()
    emulator.clock.advance("25h")
    emulator.import_(exported)
    assert emulator.clock.now() > time.time() + 24 * 3600
    emulator.restore(snapshot)
    assert emulator.clock.now() < time.time() + 3600
    emulator.clock.advance("25h")
    emulator.reset()
    assert emulator.clock.now() < time.time() + 3600


def test_an_export_makes_the_same_emulator_elsewhere() -> None:
    api, twin = lived(), Api(publishable_key="hatch_pk_other")
    exported = json.loads(json.dumps(api.emulator.export()))
    twin.emulator.import_(exported)
    assert twin.emulator.export() == exported
    assert go_on(twin) == go_on(api)


def test_an_import_into_a_file_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "hatched.db")
    with closing(Emulator(store=path)) as emulator:
        emulator.import_(lived().emulator.export())
    with closing(Emulator(store=path)) as emulator:
        assert [event.event_id for event in emulator.effects()] == ["e1", "e2"]


def test_keys_that_were_added_are_part_of_it() -> None:
    emulator, twin = Emulator(), Emulator()
    customer = emulator.add_key("hatch_test_other", customer="other")
    twin.import_(emulator.export())
    assert twin.keys.find("Bearer hatch_test_other") == emulator.keys.find("Bearer hatch_test_other")
    assert twin.add_key("hatch_test_more", customer="other") == customer


ORPHAN = {
    "seq": 1,
    "id": "x",
    "endpoint_id": "nobody",
    "event": "e",
    "body": "",
    "status": "pending",
    "attempts": 0,
    "response_code": None,
    "duration_ms": None,
    "error_message": None,
    "last_attempt_at": None,
    "due_at": None,
    "created_at": 1.0,
}


EGG, OPERATION = (next(iter(lived().emulator.export()["tables"][table])) for table in ("eggs", "operations"))
EGG |= {"config_version_id": "gone"}
OPERATION |= {"type": "nope"}


def spoilt(change: Any) -> Any:
    exported = Emulator().export()
    change(exported)
    return exported


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        spoilt(lambda data: data.update(format=2)),
        spoilt(lambda data: data.update(layout=VERSION + 1)),
        spoilt(lambda data: data.pop("now")),
        spoilt(lambda data: data.update(now="now")),
        spoilt(lambda data: data.update(ids=[1])),
        spoilt(lambda data: data.update(ids=[float("inf"), 0])),
        spoilt(lambda data: data.update(ids=[-1, 0])),
        spoilt(lambda data: data.update(now=float("nan"))),
        spoilt(lambda data: data.update(now=1e300)),
        spoilt(lambda data: data.update(limits=[["k", False, [["x", 1]], [["x", 1]]]])),
        spoilt(lambda data: data["tables"]["customers"][0].update(paid="many")),
        spoilt(lambda data: data["tables"]["customers"][0].update(id="zz")),
        spoilt(lambda data: data["tables"]["customers"][0].update(name=None)),
        spoilt(lambda data: data["tables"]["webhook_deliveries"].append(ORPHAN)),
        spoilt(lambda data: data.update(limits=[[1]])),
        spoilt(lambda data: data.update(failures=[])),
        spoilt(lambda data: data["tables"].update(robots=[])),
        spoilt(lambda data: data["tables"].pop("meta")),
        spoilt(lambda data: data["tables"].update(meta=[])),
        spoilt(lambda data: data["tables"]["customers"][0].update(paid=2**70)),
        spoilt(lambda data: data["tables"]["config_versions"][0].update(rules='{"badge": []}')),
        spoilt(lambda data: data["tables"]["customers"].append({"id": "x"})),
        spoilt(lambda data: data["tables"]["customers"].append("x")),
        spoilt(lambda data: data["tables"].update(customers=None)),
        spoilt(lambda data: data["tables"]["customers"].append(data["tables"]["customers"][0])),
        spoilt(lambda data: data["tables"]["customers"][0].update(name={"base64": "?"})),
        spoilt(lambda data: data["tables"].update(path_steps=[dict.fromkeys(["id"], "x")])),
        spoilt(lambda data: data["tables"]["keys"][0].update(scopes="nope")),
        spoilt(lambda data: data["tables"]["eggs"].append(EGG)),
        spoilt(lambda data: data["tables"]["operations"].append(OPERATION)),
        spoilt(lambda data: data["tables"]["meta"].append({"key": "decay_day", "value": "x"})),
    ],
)
def test_what_is_no_export_changes_nothing(data: Any) -> None:
    api = lived()
    before = api.emulator.export()
    with pytest.raises(ValueError, match=r"export|tables|columns|badge|UUID"):
        api.emulator.import_(data)
    assert api.emulator.export() == before
    assert api.send("POST", "/eggs", {"user_id": "later"}).status == 201


def test_the_importers_own_keys_open_it() -> None:
    emulator = Emulator(api_key="hatch_test_mine")
    emulator.import_(lived().emulator.export())
    assert emulator.sync_client().buddies.list().meta.total == 1


FIRST_LAYOUT = Path(__file__).parent.parent / "data" / "emulator_layout_1.sql"


def layout(emulator: Emulator) -> set[tuple[str, str]]:
    rows = emulator._store.db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {(name, " ".join(sql.split())) for name, sql in rows}


def test_a_file_of_the_first_layout_opens_as_one_of_today(tmp_path: Path) -> None:
    path = str(tmp_path / "old.db")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"BEGIN;{FIRST_LAYOUT.read_text()}PRAGMA user_version = 1;COMMIT")
        db.execute("INSERT INTO customers VALUES ('c1', 'default', 0, 20, 50)")
        db.execute("INSERT INTO usage VALUES ('c1', '2026-01', 7)")
        db.commit()
    with closing(Emulator(store=path)) as emulator:
        assert layout(emulator) == layout(Emulator())
        assert emulator.customer_id == "c1"
        assert emulator.export()["tables"]["usage"] == [{"customer_id": "c1", "month": "2026-01", "used": 7}]


def test_an_export_of_real_time_is_a_moment_of_virtual_time() -> None:
    clock = WallClock()
    served = Emulator(clock=clock)
    exported, snapshot, now = served.export(), served.snapshot(), clock.now()
    mine, other = Emulator(), Emulator()
    mine.import_(exported)
    other.restore(snapshot)
    assert [mine.clock.now(), other.clock.now()] == [pytest.approx(now, abs=60)] * 2


def test_a_snapshot_shows_no_key() -> None:
    api = Api(api_key="hatch_live_very_secret")
    api.send("GET", "/buddies", key="hatch_live_very_secret")
    assert "very_secret" not in repr(api.emulator.snapshot())
