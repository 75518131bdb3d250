"""The database: one connection, one writer, one transaction per request.

A file survives the death of the process at any point (WAL); its layout has a number in `PRAGMA user_version`.
Ids of things are text, `seq` keeps the order in which they came.
"""

from __future__ import annotations

import re
import sqlite3
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, promo INTEGER NOT NULL, welcome INTEGER NOT NULL,
    paid INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE config_versions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, status TEXT NOT NULL,
    rules TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE eggs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, user_id TEXT NOT NULL,
    audience TEXT NOT NULL, status TEXT NOT NULL, visual_variant INTEGER NOT NULL, config_version_id TEXT NOT NULL,
    buddy_id TEXT, metadata TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX eggs_by_user ON eggs (customer_id, user_id);
CREATE TABLE buddies (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, user_id TEXT NOT NULL,
    audience TEXT NOT NULL, name TEXT NOT NULL, config_version_id TEXT NOT NULL, status TEXT NOT NULL,
    state TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX buddies_by_user ON buddies (customer_id, user_id);
CREATE UNIQUE INDEX one_active_buddy ON buddies (customer_id, user_id, audience) WHERE status = 'active';
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, buddy_id TEXT NOT NULL, slot TEXT NOT NULL, amount INTEGER NOT NULL,
    balance INTEGER NOT NULL, reason TEXT NOT NULL, reference_id TEXT, created_at REAL NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, customer_id TEXT NOT NULL, event_id TEXT NOT NULL, user_id TEXT NOT NULL,
    type TEXT NOT NULL, audience TEXT NOT NULL, buddy_id TEXT, effects TEXT NOT NULL, occurred_at REAL NOT NULL,
    applied_at REAL NOT NULL, remembered INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX events_remembered ON events (customer_id, event_id) WHERE remembered;
CREATE TABLE usage (
    customer_id TEXT NOT NULL, month TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (customer_id, month)
) WITHOUT ROWID;
CREATE TABLE operations (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, type TEXT NOT NULL,
    subject TEXT NOT NULL, data TEXT NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT, failure TEXT,
    pool TEXT, polls_left INTEGER, due_at REAL, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE evolutions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, buddy_id TEXT NOT NULL, from_stage INTEGER NOT NULL,
    to_stage INTEGER NOT NULL, event_id TEXT, source TEXT NOT NULL, occurred_at REAL NOT NULL
);
CREATE INDEX evolutions_by_buddy ON evolutions (buddy_id);
CREATE TABLE renders (
    buddy_id TEXT NOT NULL, stage INTEGER NOT NULL, items TEXT NOT NULL, PRIMARY KEY (buddy_id, stage, items)
) WITHOUT ROWID;
CREATE TABLE path_definitions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, audience TEXT NOT NULL,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, icon TEXT NOT NULL, accent_color TEXT,
    display_mode TEXT NOT NULL, is_active INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (customer_id, audience, key)
);
CREATE TABLE path_steps (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    path_definition_id TEXT NOT NULL REFERENCES path_definitions (id) ON DELETE CASCADE,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, icon TEXT, ordinal INTEGER NOT NULL,
    unlock_condition TEXT, completion_condition TEXT, reward_coins INTEGER NOT NULL, reward_badge_key TEXT,
    is_active INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (path_definition_id, key)
);
CREATE TABLE path_sub_steps (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    path_step_id TEXT NOT NULL REFERENCES path_steps (id) ON DELETE CASCADE,
    key TEXT NOT NULL, label TEXT NOT NULL, description TEXT, ordinal INTEGER NOT NULL, completion_condition TEXT,
    allow_manual_complete INTEGER NOT NULL, allow_skip_ahead INTEGER NOT NULL, reward_coins INTEGER NOT NULL,
    reward_badge_key TEXT, content_url TEXT, cta_label TEXT, is_active INTEGER NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (path_step_id, key)
);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, buddy_id TEXT NOT NULL, scopes TEXT NOT NULL,
    revoked INTEGER NOT NULL, expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE webhook_endpoints (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, url TEXT NOT NULL,
    events TEXT NOT NULL, description TEXT, secret TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE webhook_deliveries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, response_code INTEGER,
    duration_ms REAL, error_message TEXT, last_attempt_at REAL, due_at REAL, created_at REAL NOT NULL
);
CREATE INDEX deliveries_by_endpoint ON webhook_deliveries (endpoint_id);
CREATE INDEX deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE idempotency (
    customer_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, expires_at REAL NOT NULL, inferred TEXT NOT NULL DEFAULT '', PRIMARY KEY (customer_id, key)
) WITHOUT ROWID;
CREATE TABLE keys (key TEXT PRIMARY KEY, customer_id TEXT NOT NULL, scopes TEXT) WITHOUT ROWID;
"""
_UPGRADES = (
    """
CREATE TABLE keys (key TEXT PRIMARY KEY, customer_id TEXT NOT NULL, scopes TEXT) WITHOUT ROWID;
ALTER TABLE events RENAME TO events_1;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, customer_id TEXT NOT NULL, event_id TEXT NOT NULL, user_id TEXT NOT NULL,
    type TEXT NOT NULL, audience TEXT NOT NULL, buddy_id TEXT, effects TEXT NOT NULL, occurred_at REAL NOT NULL,
    applied_at REAL NOT NULL, remembered INTEGER NOT NULL DEFAULT 1
);
INSERT INTO events SELECT *, 1 FROM events_1;
DROP TABLE events_1;
ALTER TABLE idempotency RENAME TO idempotency_1;
CREATE TABLE idempotency (
    customer_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, expires_at REAL NOT NULL, inferred TEXT NOT NULL DEFAULT '', PRIMARY KEY (customer_id, key)
) WITHOUT ROWID;
INSERT INTO idempotency SELECT *, '' FROM idempotency_1;
DROP TABLE idempotency_1;
CREATE UNIQUE INDEX events_remembered ON events (customer_id, event_id) WHERE remembered;
""",
)
"""What leads from each earlier layout to the next. They never change."""
VERSION = 1 + len(_UPGRADES)


class Store:
    """The connection, and the one way to write."""

    tables: tuple[str, ...] = tuple(re.findall(r"CREATE TABLE (\w+)", _SCHEMA))

    def __init__(self, path: str) -> None:
        self.lasting: bool = path != ":memory:"
        try:
            self.db: sqlite3.Connection = _open(path, alone=self.lasting)
        except sqlite3.Error as error:
            hint = " (is another emulator using it?)" if "locked" in str(error) else ""
            raise ValueError(f"cannot open {path}: {error}{hint}") from None
        self.undo: list[Callable[[], object]] = []
        """What takes back the changes beside the database if the transaction in hand fails, the latest last."""
        weakref.finalize(self, self.db.close)  # an emulator that is dropped leaves no open file behind
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA foreign_keys = ON")
        version: int = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            self.db.close()
            raise ValueError(f"{path} was written by a later version of the emulator (layout {version})")
        if version < VERSION:
            script = "".join(_UPGRADES[version - 1 :]) if version else _SCHEMA
            self.db.executescript(f"BEGIN;{script}PRAGMA user_version = {VERSION};COMMIT")

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All or nothing; within another one, part of that."""
        if self.db.in_transaction:
            yield self.db
            return
        self.undo.clear()
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield self.db
            self.db.execute("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    def roll_back(self) -> None:
        """Takes back the transaction in hand, if there is one."""
        if self.db.in_transaction:
            self.db.rollback()
            for take_back in reversed(self.undo):
                take_back()
            self.undo.clear()

    def checkpoint(self) -> None:
        """Commits what a transaction has done so far and goes on in another."""
        self.db.execute("COMMIT")
        self.undo.clear()
        self.db.execute("BEGIN IMMEDIATE")

    def remember(self, key: str, value: str) -> None:
        """Keeps a note."""
        self.db.execute("REPLACE INTO meta VALUES (?, ?)", (key, value))

    def recall(self, key: str) -> str | None:
        """A note that was kept."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def open_generation(self) -> int:
        """How often this store has been opened before."""
        before = int(self.recall("generation") or 0)
        self.remember("generation", str(before + 1))
        return before

    @property
    def generation(self) -> int:
        """What `open_generation` answered last."""
        return int(self.recall("generation") or 0) - 1

    def clear(self) -> None:
        """Forgets everything."""
        with self.transaction() as db:
            for table in self.tables:
                db.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Closes the file; nothing works afterwards."""
        self.db.close()


def _open(path: str, *, alone: bool) -> sqlite3.Connection:
    """A connection, which threads share under the emulator's lock; `alone`, other processes stay out of the file."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=1.0)
    try:
        if alone:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            found = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if found and "config_versions" not in found:
                raise sqlite3.DatabaseError("it is the database of something else")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db
