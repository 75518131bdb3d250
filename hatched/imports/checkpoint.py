"""What an import remembers of itself in a file, so that it can go on after any end.

One row of SQLite, written in one transaction that is on the disk when it is over (`synchronous=FULL`).
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from attrs import frozen

_VERSION = 1
_LAYOUT = """
CREATE TABLE import (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    source TEXT NOT NULL,
    fingerprint TEXT,
    settings TEXT NOT NULL,
    watermark INTEGER NOT NULL,
    above BLOB NOT NULL,
    start_position INTEGER NOT NULL,
    start_offset INTEGER NOT NULL,
    dead_letter TEXT,
    dead_letters INTEGER,
    counts TEXT NOT NULL,
    spent TEXT NOT NULL,
    ended TEXT
)
"""


@frozen(kw_only=True)
class State:
    """Where an import stands.

    Attributes:
        source: As its user wrote it; for messages.
        fingerprint: Of the source; `None` if it has none.
        settings: Those that decide what a row becomes; they must not change.
        watermark: Every row before it is done.
        above: The rows beyond that are done, as `Done` has them.
        start_position: Of a row at or before the watermark where reading can begin.
        start_offset: Its place in the file.
        dead_letter: The dead-letter file, as seen from the directory of the checkpoint.
        dead_letters: Bytes of the dead-letter file that belong to what is done.
        counts: The counts of the report.
        spent: The requests of the last day, as the limiter has them, and when that was.
        ended: `done`, the reason why it stopped, or `None` while it runs.
        command: What was noted of how to go on; never saved with the rest.
    """

    source: str
    fingerprint: str | None = None
    settings: str = ""
    watermark: int = 0
    above: bytes = b""
    start_position: int = 0
    start_offset: int = 0
    dead_letter: str | None = None
    dead_letters: int | None = None
    counts: dict[str, Any]
    spent: dict[str, Any]
    ended: str | None = None
    command: str | None = None

    @property
    def untouched(self) -> bool:
        """Whether not one row is dealt with."""
        return not self.watermark and not self.above and self.ended != "done"


_FIELDS = tuple(name for name in State.__annotations__ if name != "command")
_JSON = ("counts", "spent")


class Checkpoint:
    """The file. It belongs to one import at a time.

    Raises:
        ValueError: The file is something else, or another process has it open.
        OSError: It cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: str = os.fsdecode(path)
        if not Path(self.path).parent.is_dir():
            raise FileNotFoundError(f"{self.path}: there is no such directory")
        # A transaction is written by whichever thread is free, and by one at a time.
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0)
        except sqlite3.DatabaseError as error:
            raise _explained(error, self.path) from None
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise _explained(error, self.path) from None
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("BEGIN EXCLUSIVE")
        if _version(self._db, self.path) == 0:
            self._db.execute(_LAYOUT)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA journal_mode=WAL")  # which changes the file, so it must be ours
        self._db.execute("PRAGMA synchronous=FULL")

    def load(self) -> State | None:
        """What was saved last.

        Raises:
            ValueError: What is in the file makes no sense.
            OSError: It cannot be read.
        """
        try:
            return _load(self._db, self.path)
        except sqlite3.DatabaseError as error:
            raise _explained(error, self.path) from None

    def save(self, state: State) -> None:
        """Remember. When it answers, the state is on the disk.

        Raises:
            OSError: The disk is full, the file is read-only, and the like.
        """
        values = [json.dumps(getattr(state, name)) if name in _JSON else getattr(state, name) for name in _FIELDS]
        try:
            self._db.execute(
                f"INSERT OR REPLACE INTO import (id, {', '.join(_FIELDS)})"  # noqa: S608  names of ours
                f" VALUES (1{', ?' * len(_FIELDS)})",
                values,
            )
        except sqlite3.DatabaseError as error:
            raise _explained(error, self.path) from None

    def note(self, command: str) -> None:
        """Remember how to go on, until something else is noted.

        Raises:
            OSError: As `save`.
        """
        try:
            self._db.execute("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY CHECK (id = 1), command TEXT)")
            self._db.execute("INSERT OR REPLACE INTO note VALUES (1, ?)", (command,))
        except sqlite3.DatabaseError as error:
            raise _explained(error, self.path) from None

    def close(self) -> None:
        """Let others have the file."""
        self._db.close()


def peek(path: str | os.PathLike[str]) -> State | None:
    """What a checkpoint holds, without taking it; `None` if no import has saved anything in it.

    Raises:
        ValueError: The file is something else, or an import has it open.
        OSError: It cannot be read.
    """
    name = os.fsdecode(path)
    if not Path(name).is_file():
        raise FileNotFoundError(f"{name}: there is no such file")
    try:
        database = sqlite3.connect(f"{Path(name).absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        try:
            return _load(database, name) if _version(database, name) else None
        finally:
            database.close()
    except sqlite3.DatabaseError as error:
        raise _explained(error, name) from None


def _version(database: sqlite3.Connection, path: str) -> int:
    """That of the layout; 0 if there is nothing yet."""
    version: int
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version not in (0, _VERSION) or (version == 0 and tables):
        raise ValueError(f"{path} is no checkpoint of an import, or one of a later version")
    return version


def _load(database: sqlite3.Connection, path: str) -> State | None:
    row = database.execute(f"SELECT {', '.join(_FIELDS)} FROM import").fetchone()  # noqa: S608  names of ours
    if row is None:
        return None
    values = dict(zip(_FIELDS, row, strict=True))
    try:
        state = State(**values | {name: json.loads(values[name]) for name in _JSON}, command=_noted(database))
    except (TypeError, ValueError):
        state = None
    if state is None or type(state.watermark) is not int or type(state.above) is not bytes:
        raise ValueError(f"{path} is damaged: delete it to begin again")
    return state


def _noted(database: sqlite3.Connection) -> str | None:
    try:
        row = database.execute("SELECT command FROM note").fetchone()
    except sqlite3.OperationalError:  # no such table: nobody has noted anything
        return None
    return row and str(row[0])


def _explained(error: sqlite3.DatabaseError, path: str) -> Exception:
    if "locked" in str(error):
        return ValueError(f"{path} is in use by another import")
    if "not a database" in str(error):
        return ValueError(f"{path} is no checkpoint of an import")
    return OSError(f"{path}: {error}")
