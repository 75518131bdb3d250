"""What an import remembers of itself, and in which files it is not looked for."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given, settings, strategies as st

from hatched.imports.checkpoint import Checkpoint, State, peek

STATE = State(
    source="a.jsonl",
    fingerprint="abc",
    settings="s",
    watermark=12,
    above=b"\x05",
    start_position=10,
    start_offset=345,
    dead_letters=67,
    counts={"accepted": 11, "elapsed": 1.5},
    spent={"at": 1.0, "day": [[3.0, 4]]},
    ended=None,
)
states = st.builds(
    State,
    source=st.text(st.characters(exclude_categories=["Cs"])),
    fingerprint=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    watermark=st.integers(0, 2**63 - 1),
    above=st.binary(max_size=2_000),
    start_position=st.integers(0, 2**63 - 1),
    start_offset=st.integers(0, 2**63 - 1),
    dead_letters=st.none() | st.integers(0, 2**63 - 1),
    counts=st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False)),
    spent=st.just({}),
    ended=st.none() | st.just("done"),
)


def save(path: Path, *saved: State) -> None:
    checkpoint = Checkpoint(path)
    try:
        for state in saved:
            checkpoint.save(state)
    finally:
        checkpoint.close()


def load(path: Path) -> State | None:
    checkpoint = Checkpoint(path)
    try:
        return checkpoint.load()
    finally:
        checkpoint.close()


def test_a_new_one_remembers_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "a.db") is None


@settings(max_examples=20, deadline=None)
@given(state=states)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, state: State) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "a.db"
    save(path, STATE, state)
    assert load(path) == state


@pytest.mark.parametrize("field", asdict(STATE))
def test_every_field_is_remembered(tmp_path: Path, field: str) -> None:
    save(tmp_path / "a.db", STATE)
    assert getattr(load(tmp_path / "a.db"), field) == getattr(STATE, field)


def test_only_the_last_state_is_kept(tmp_path: Path) -> None:
    save(tmp_path / "a.db", *(evolve(STATE, watermark=number) for number in range(200)))
    with sqlite3.connect(tmp_path / "a.db") as db:
        (rows,) = db.execute("SELECT count(*) FROM import").fetchone()
    db.close()
    assert rows == 1


def test_what_is_noted_stays_whatever_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    checkpoint = Checkpoint(path)
    try:
        checkpoint.note("go")
        assert checkpoint.load() is None
        checkpoint.note("go on")
        checkpoint.save(STATE)
    finally:
        checkpoint.close()
    assert load(path) == peek(path) == evolve(STATE, command="go on")


def test_it_is_one_file_when_it_is_closed(tmp_path: Path) -> None:
    save(tmp_path / "a.db", STATE)
    assert [found.name for found in tmp_path.iterdir()] == ["a.db"]


def test_another_import_cannot_use_it_at_the_same_time(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path / "a.db")
    try:
        with pytest.raises(ValueError, match="in use by another import"):
            Checkpoint(tmp_path / "a.db")
    finally:
        first.close()


def test_another_process_cannot_use_it_at_the_same_time(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path / "a.db")
    code = f"from hatched.imports.checkpoint import Checkpoint; Checkpoint({str(tmp_path / 'a.db')!r})"
    try:
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    finally:
        first.close()
    assert "in use by another import" in ran.stderr


def test_the_next_import_can_use_it_when_it_is_closed(tmp_path: Path) -> None:
    save(tmp_path / "a.db", STATE)
    assert load(tmp_path / "a.db") == STATE


_KILLED = """
import os, signal, sys
from attrs import evolve
from hatched.imports.checkpoint import Checkpoint
from tests.imports.test_checkpoint import STATE
checkpoint = Checkpoint(sys.argv[1])
for number in range(1, 51):
    checkpoint.save(evolve(STATE, watermark=number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_saved_outlives_a_kill(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "a.db")], capture_output=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    found = load(tmp_path / "a.db")
    assert found is not None
    assert found.watermark == 50


def other_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE users (name)")
    db.close()


def later_version(path: Path) -> None:
    save(path, STATE)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=2")
    db.close()


@pytest.mark.parametrize(
    "make",
    [
        other_database,
        later_version,
        lambda path: path.write_bytes(b'{"event_id":"e1"}\n' * 1_000),
        lambda path: path.write_bytes(os.urandom(10_000)),
    ],
    ids=["another database", "a later version", "a source", "noise"],
)
def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "a.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no checkpoint"):
        Checkpoint(path)
    assert path.read_bytes() == before


def test_a_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such directory"):
        Checkpoint(tmp_path / "missing" / "a.db")


def test_a_directory_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=tmp_path.name):
        Checkpoint(tmp_path)


def test_a_disk_that_is_full_is_an_os_error(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "a.db")
    checkpoint._db.execute("PRAGMA max_page_count=3")
    try:
        with pytest.raises(OSError, match="full"):
            checkpoint.save(evolve(STATE, above=b"x" * 1_000_000))
    finally:
        checkpoint.close()


def test_what_a_full_disk_refused_leaves_the_state_before(tmp_path: Path) -> None:
    save(tmp_path / "a.db", STATE)
    checkpoint = Checkpoint(tmp_path / "a.db")
    checkpoint._db.execute("PRAGMA max_page_count=3")
    with pytest.raises(OSError, match="full"):
        checkpoint.save(evolve(STATE, above=b"x" * 1_000_000))
    checkpoint.close()
    assert load(tmp_path / "a.db") == STATE


@pytest.mark.parametrize(
    ("pragma", "value"), [("synchronous", 2), ("locking_mode", "exclusive"), ("journal_mode", "wal")]
)
def test_a_transaction_is_on_the_disk_when_it_is_over(tmp_path: Path, pragma: str, value: Any) -> None:
    checkpoint = Checkpoint(tmp_path / "a.db")
    try:
        assert checkpoint._db.execute(f"PRAGMA {pragma}").fetchone() == (value,)
    finally:
        checkpoint.close()
