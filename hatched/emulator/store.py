"""The database: one connection, one writer, one transaction per request.

A file survives the death of the process at any point (WAL); its layout has a number in `PRAGMA user_version`.
Ids of things are text, `seq` keeps the order in which they came.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

VERSION = 1

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
    applied_at REAL NOT NULL,
    UNIQUE (customer_id, event_id)
);
CREATE TABLE usage (
    customer_id TEXT NOT NULL, month TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (customer_id, month)
) WITHOUT ROWID;
CREATE TABLE operations (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, type TEXT NOT NULL,
    subject TEXT NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT, failure TEXT, pool TEXT, polls_left INTEGER,
    due_at REAL, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE idempotency (
    customer_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, expires_at REAL NOT NULL, PRIMARY KEY (customer_id, key)
) WITHOUT ROWID;
"""


class Store:
    """The connection, and the one way to write."""

    def __init__(self, path: str) -> None:
        # The emulator's lock serialises the threads that share this connection.
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self.db.row_factory = sqlite3.Row
        if path != ":memory:":
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
        version: int = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            self.db.close()
            raise ValueError(f"{path} was written by a later version of the emulator (layout {version})")
        if version < VERSION:
            self.db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {VERSION};COMMIT")
        self._tables = [row[0] for row in self.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def checkpoint(self) -> None:
        """Commits what a transaction has done so far and goes on in another."""
        self.db.execute("COMMIT")
        self.db.execute("BEGIN IMMEDIATE")

    def open_generation(self) -> int:
        """How often this store has been opened before."""
        row = self.db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        generation = int(row[0]) if row else 0
        self.db.execute("REPLACE INTO meta VALUES ('generation', ?)", (str(generation + 1),))
        return generation

    def clear(self) -> None:
        """Forgets everything."""
        with self.transaction() as db:
            for table in self._tables:
                db.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Closes the file; nothing works afterwards."""
        self.db.close()
