"""The limiter for the processes of one host: they share a SQLite file.

Each process has one connection, which its threads take in turns. Of SQLite, nothing may live through a fork (neither
a connection nor its locks), so connections are closed before a fork and opened again when they are needed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet, finalize

from hatched.imports import turns
from hatched.imports.limiter import Budget
from hatched.pipeline.lock import Lock

_TIMEOUT = 30.0
"""Seconds to wait for the other processes; each of them needs less than a millisecond."""
_TABLE = "CREATE TABLE IF NOT EXISTS turns (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT, pace TEXT)"


class FileLimiter:
    """A limiter for the processes of one host, on its wall clock. What was spent outlives the processes.

    When the clock is set back, all that was booked moves back with it, so that nobody waits for longer. Pickles as
    its path. For a file that cannot be used, the first call raises `OSError` or `ValueError`. Later errors of `sqlite3`
    are raised as they are, as is its `OperationalError` when the file stays locked for 30 s.

    Args:
        path: A file on a local disk; it is made if it is not there, its directory is not. SQLite keeps two more files
            beside it while it is in use.
        now: The clock, in seconds; all who share the file must have the same.
    """

    def __init__(self, path: str | os.PathLike[str], now: Callable[[], float] = time.time) -> None:
        self._path = Path(path).absolute()
        self._now = now
        self._lock = Lock()
        self._open: finalize[..., FileLimiter] | None = None
        self._connection: sqlite3.Connection | None = None
        self._pace: turns.Pace | None = None
        self._told: Budget | None = None
        _limiters.add(self)

    def __repr__(self) -> str:
        return f"FileLimiter({str(self._path)!r})"

    def __reduce__(self) -> tuple[type[FileLimiter], tuple[str]]:
        return FileLimiter, (str(self._path),)

    def reserve(self, patience: float) -> float:
        """See `Limiter`."""
        with self._record() as record:
            if record.pace is None:
                record.pace = self._pace
            elif record.pace != self._pace:
                self._told = None
            record.state, wait = turns.book(record.state, record.pace or turns.UNKNOWN, self._clock(), patience)
        return wait / turns.SECOND

    def learn(self, budget: Budget) -> None:
        """See `Limiter`. The budget in the file is what any of the processes has learnt last."""
        if budget != self._told:
            with self._record() as record:
                record.pace = self._pace = turns.pace(budget.per_minute, budget.per_day)
            self._told = budget

    def pause(self, seconds: float) -> None:
        """See `Limiter`."""
        with self._record() as record:
            record.state = turns.pause(record.state, self._clock(), seconds)

    def close(self) -> None:
        """Close the file. The next call opens it again."""
        with self._lock:
            self._close()

    def _clock(self) -> int:
        return round(self._now() * turns.SECOND)

    @contextmanager
    def _record(self) -> Generator[_Record]:
        """What the file says, for the caller alone, who may change it."""
        with self._lock:
            database = self._connection or self._connect()
            database.execute("BEGIN IMMEDIATE")
            try:
                record = _Record(database.execute("SELECT state, pace FROM turns").fetchone())
                yield record
                database.execute("INSERT OR REPLACE INTO turns VALUES (1, ?, ?)", record.dump())
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        try:
            database = _opened(self._path)
        except sqlite3.DatabaseError as error:
            raise _explained(error, self._path) from None
        self._connection, self._open = database, finalize(self, database.close)
        return database

    def _close(self) -> None:
        if self._open is not None:
            self._open()
        self._connection = self._open = None


class _Record:
    """The row of the file."""

    def __init__(self, row: tuple[str, str | None] | None) -> None:
        state, pace = row or (None, None)
        self.state = turns.NEW if state is None else _state(*json.loads(state))
        self.pace = None if pace is None else turns.Pace(*json.loads(pace))

    def dump(self) -> tuple[str, str | None]:
        return json.dumps(self.state), None if self.pace is None else json.dumps(self.pace)


def _state(seen: int, last: int, paused: int, used: int, day: list[tuple[int, int]]) -> turns.State:
    return turns.State(seen, last, paused, used, tuple((start, count) for start, count in day))


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(database)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_TABLE)
    except BaseException:
        database.close()
        raise
    return database


def _explained(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """What is wrong with the file; a database that others keep busy is not."""
    if _is_busy(error):
        return error
    if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
        return ValueError(f"{path} is no file of a limiter: give the limiter a file of its own")
    if path.is_dir():
        return IsADirectoryError(f"{path} is a directory: name a file in it")
    if not path.parent.is_dir():
        return FileNotFoundError(f"{path}: there is no such directory: make it first")
    return OSError(f"{path}: {error}: give the limiter a file that can be written, on a local disk")


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _use_wal(database: sqlite3.Connection) -> None:
    """When several open a new file at once, SQLite refuses all but one of them without waiting."""
    give_up = time.monotonic() + _TIMEOUT
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.005)


_limiters: WeakSet[FileLimiter] = WeakSet()
_held: list[FileLimiter] = []


def _before_fork() -> None:
    _held.extend(_limiters)
    for limiter in _held:
        limiter._lock.__enter__()
        limiter._close()


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop()._lock.__exit__(None, None, None)


if hasattr(os, "register_at_fork"):
    # In the child, the locks are free again by themselves.
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_held.clear)
