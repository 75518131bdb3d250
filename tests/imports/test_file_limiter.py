"""What only the limiter on a file does."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path

import pytest

from hatched.imports.file_limiter import FileLimiter
from hatched.imports.limiter import Budget
from tests.imports.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limiter.db"


def test_limiters_of_one_file_share_turns_pauses_and_the_budget(path: Path) -> None:
    clock = Clock()
    first, second = FileLimiter(path, clock), FileLimiter(path, clock)
    first.learn(Budget(per_minute=60, per_day=4))
    assert [first.reserve(inf), second.reserve(inf), first.reserve(inf)] == [0.0, 1.0, 2.0]
    second.pause(60)
    assert first.reserve(inf) == 60.0
    assert second.reserve(inf) >= 86_400


def test_what_was_spent_outlives_the_process(path: Path) -> None:
    clock = Clock()
    before = FileLimiter(path, clock)
    before.learn(Budget(per_minute=60))
    before.reserve(0)
    before.close()
    assert FileLimiter(path, clock).reserve(inf) == 1.0


def test_a_closed_limiter_opens_again(path: Path) -> None:
    limiter = FileLimiter(path, Clock())
    limiter.learn(Budget(per_minute=60))
    limiter.reserve(0)
    limiter.close()
    limiter.close()
    assert limiter.reserve(inf) == 1.0


def test_what_is_known_is_not_written_again(path: Path) -> None:
    limiter = FileLimiter(path, Clock())
    limiter.learn(Budget(per_minute=60))
    limiter.close()
    path.unlink()
    limiter.learn(Budget(per_minute=60))
    assert not path.exists()


def test_a_new_file_gets_the_budget_that_a_process_knows(path: Path) -> None:
    limiter = FileLimiter(path, Clock())
    limiter.learn(Budget(per_minute=60))
    limiter.close()
    path.unlink()
    assert [limiter.reserve(inf) for _ in range(3)] == [0.0, 1.0, 2.0]
    assert FileLimiter(path, Clock()).reserve(inf) == 3.0


def test_the_budget_of_whoever_has_learnt_last_holds(path: Path) -> None:
    clock = Clock()
    first, second = FileLimiter(path, clock), FileLimiter(path, clock)
    first.learn(Budget(per_minute=60))
    second.learn(Budget(per_minute=6))
    assert [first.reserve(inf), first.reserve(inf)] == [0.0, 10.0]
    first.learn(Budget(per_minute=60))
    assert second.reserve(inf) == 11.0


def test_it_pickles_as_its_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    limiter = FileLimiter("limiter.db")
    limiter.learn(Budget(per_minute=1))
    limiter.reserve(0)
    monkeypatch.chdir("/")
    copy = pickle.loads(pickle.dumps(limiter))
    assert repr(copy) == f"FileLimiter({str(path)!r})"
    assert 50 < copy.reserve(inf) <= 60


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_middle_of_the_work_harms_neither_side(path: Path) -> None:
    program = f"""
import os, threading
from math import inf
from hatched.imports.file_limiter import FileLimiter
from hatched.imports.limiter import Budget

limiter = FileLimiter({str(path)!r}, lambda: 1000.0)
limiter.learn(Budget(per_minute=60))

def work():
    for _ in range(100):
        limiter.reserve(inf)

threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
children = []
for _ in range(4):
    if (child := os.fork()) == 0:
        assert limiter._connection is None
        work()
        os._exit(0)
    children.append(child)
work()
for thread in threads:
    thread.join()
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
assert limiter.reserve(inf) == 700.0
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    clock = Clock()
    limiters = [FileLimiter(path, clock) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda limiter: limiter.reserve(0), limiters)) == [0.0] * 16
    limiters[0].learn(Budget(per_minute=60, per_day=17))
    assert limiters[1].reserve(inf) == 1.0
    assert limiters[2].reserve(inf) >= 86_400


def test_a_file_that_stays_locked_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatched.imports.file_limiter._TIMEOUT", 0.05)
    limiter = FileLimiter(path)
    limiter.reserve(0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        limiter.reserve(0)
    assert time.monotonic() - began < 5
    other.close()
    assert limiter.reserve(0) == 0.0


def test_a_new_file_that_stays_locked_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatched.imports.file_limiter._TIMEOUT", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        FileLimiter(path).reserve(0)
    other.close()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_text("no database, " * 100)
    with pytest.raises(ValueError, match=rf"{path} is no file of a limiter: give the limiter a file of its own"):
        FileLimiter(path).reserve(0)
    assert path.read_text() == "no database, " * 100


def test_a_missing_directory_is_named(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"{path}/deeper: there is no such directory: make it first"):
        FileLimiter(path / "deeper").pause(1)


def test_a_directory_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=rf"{tmp_path} is a directory: name a file in it"):
        FileLimiter(tmp_path).learn(Budget(per_minute=60))


def test_a_file_that_nobody_can_write_is_named() -> None:
    with pytest.raises(OSError, match=r"/proc/limiter\.db: .*: give the limiter a file that can be written"):
        FileLimiter("/proc/limiter.db").reserve(0)


def test_an_error_of_the_clock_leaves_the_file_free(path: Path) -> None:
    clock = Clock()
    with pytest.raises(ZeroDivisionError):
        FileLimiter(path, lambda: 1 / 0).reserve(0)
    assert FileLimiter(path, clock).reserve(0) == 0.0
