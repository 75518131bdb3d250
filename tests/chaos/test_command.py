"""The command on a terminal, killed and resumed on the way: the totals of the emulator, of another process, are exact.

By default 20,000 events; with `HATCHED_CHAOS=full` a million, which takes minutes.
"""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hatched
from hatched.emulator import Emulator
from hatched.emulator.emulator import DEFAULT_KEY

pytestmark = pytest.mark.chaos

FULL = os.environ.get("HATCHED_CHAOS") == "full"
EVENTS = 1_000_000 if FULL else 20_000
KILLS = 5 if FULL else 3
SECONDS = (3.0, 15.0) if FULL else (0.8, 1.5)
USERS = 100
COMMAND = (sys.executable, "-c", "from hatched.cli import main; main()")
RULES = """
event_types = ["lesson_completed", "exercise_completed"]
[[coin_rules]]
key = "lessons"
event = "lesson_completed"
amount = 10
[[coin_rules]]
key = "exercises"
event = "exercise_completed"
amount = 7
"""
COINS = {"lesson_completed": 10, "exercise_completed": 7}


def events() -> Iterator[dict[str, Any]]:
    """Three in ten are those of one user; one in 5,000 is of a type that there is not."""
    for number in range(EVENTS):
        yield {
            "event_id": f"e{number}",
            "user_id": "user_0" if number % 10 < 3 else f"user_{number % USERS}",
            "type": "unknown"
            if number % 5_000 == 4_321
            else "exercise_completed"
            if number % 3
            else "lesson_completed",
            "occurred_at": "2025-11-01T10:00:00Z",
        }


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of an emulator in a process of its own, which is killed in the end."""
    (folder / "rules.toml").write_text(RULES)
    options = ("--port", "0", "--db", str(folder / "emulator.db"), "--plan", "enterprise")
    command = [*COMMAND, "emulator", *options, "--rules", str(folder / "rules.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[1] for line in process.stdout if (found := re.search(r"HATCHED_BASE_URL=(\S+)", line)))
        finally:
            process.kill()


def run_on_terminal(arguments: tuple[str, ...], folder: Path, url: str, kill_after: float | None) -> tuple[int, str]:
    """The exit code, and what the terminal showed."""
    master, terminal = pty.openpty()
    environment = os.environ | {
        "HATCHED_API_KEY": DEFAULT_KEY,
        "HATCHED_BASE_URL": url,
        "TERM": "xterm",
        "COLUMNS": "160",
    }
    shown = b""
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        ends = None if kill_after is None else time.monotonic() + kill_after
        while True:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    shown += os.read(master, 65_536)
                except OSError:  # nobody has the terminal any more
                    break
            if ends is not None and time.monotonic() > ends:
                process.send_signal(signal.SIGKILL)
                ends = None
    os.close(master)
    return process.returncode, shown.decode(errors="replace")


def test_a_file_is_imported_exactly_once_however_often_the_command_is_killed(tmp_path: Path) -> None:
    chosen = random.Random(1)
    with (tmp_path / "events.jsonl").open("w") as file:
        file.writelines(json.dumps(event) + "\n" for event in events())
    with server(tmp_path) as url:
        with hatched.HatchedClient(api_key=DEFAULT_KEY, base_url=url) as client:
            for number in range(USERS):
                client.buddies.ensure(f"user_{number}")
        codes, shown = [], ""
        for run in range(KILLS + 1):
            arguments = ("import", "events.jsonl", "--share", "1", *(("--resume",) if run else ()))
            code, shown = run_on_terminal(arguments, tmp_path, url, chosen.uniform(*SECONDS) if run < KILLS else None)
            codes.append(code)
            if code != -signal.SIGKILL:
                break
    assert codes.count(-signal.SIGKILL) >= 1
    assert codes[-1] == 1, shown  # done, with rejects
    assert "100.0 %" in shown

    wanted = list(events())
    emulator = Emulator(store=str(tmp_path / "emulator.db"))
    applied: dict[str, list[str]] = {}
    for effect in emulator.effects():
        applied.setdefault(effect.user_id, []).append(effect.event_id)
    in_order: dict[str, list[str]] = {}
    coins: Counter[str] = Counter()
    for event in wanted:
        if event["type"] in COINS:
            in_order.setdefault(event["user_id"], []).append(event["event_id"])
            coins[event["user_id"]] += COINS[event["type"]]
    assert applied == in_order
    with emulator.sync_client() as client:
        assert {buddy.user_id: buddy.coins for buddy in client.buddies.iter(limit=100) if buddy.coins} == coins
    letters = [json.loads(line) for line in (tmp_path / "events.jsonl.rejected.jsonl").read_text().splitlines()]
    rejected = [(at, event) for at, event in enumerate(wanted) if event["type"] not in COINS]
    assert sorted((letter["position"], letter["event"]) for letter in letters) == rejected
    emulator.close()
