"""The file store: reopened, killed, newer than the code."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hatched.emulator import Clock, Emulator, Operations, Rules

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


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hatched.db"
    with sqlite3.connect(path) as db:
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
