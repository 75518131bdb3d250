"""The whole state of an emulator: kept in memory, or as JSON."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
import weakref
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from hatched.emulator.clock import next_month
from hatched.emulator.configs import load as read_rules
from hatched.emulator.plans import find
from hatched.emulator.ratelimit import RateLimiter
from hatched.emulator.rules.state import State
from hatched.emulator.store import VERSION, Store

FORMAT = 1
_TYPES: dict[str, set[type]] = {"TEXT": {str}, "INTEGER": {int, bool}, "REAL": {int, float}, "BLOB": {bytes}}


class Copy:
    """A database in memory, as another was when this was made. It closes itself when nobody keeps it."""

    def __init__(self, store: Store) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        store.db.backup(self._db)

    def put_back(self, store: Store) -> None:
        """Makes `store` what the other was, in one step."""
        self._db.backup(store.db)


def export(store: Store) -> dict[str, Any]:
    """Every row of every table, as JSON."""
    return {
        "format": FORMAT,
        "layout": VERSION,
        "tables": {
            table: [
                {name: _to_json(row[name]) for name in row.keys()}  # noqa: SIM118  a row is no mapping
                for row in store.db.execute(f"SELECT * FROM {table} ORDER BY {_order(store, table)}")
            ]
            for table in store.tables
        },
    }


class Beside(NamedTuple):
    """What an emulator keeps outside of its database, as JSON.

    Attributes:
        now: Unix seconds.
        ids: How many have been given, to things and to requests.
        limits: Rate-limit windows.
        failures: By type of operation, the reasons why the next ones fail.
    """

    now: float
    ids: list[int]
    limits: list[Any]
    failures: dict[str, list[str]]


def check(data: Any) -> Beside:
    """What an export holds beside its tables. Raises `ValueError` for what is no export."""
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("tables"), dict):
        raise ValueError("this is no export of the emulator")
    if data.get("layout") != VERSION:
        raise ValueError(f"this export has layout {data.get('layout')}, not {VERSION}")
    try:
        (things, requests), limits = data["ids"], RateLimiter(find("free"))
        limits.load(data["limits"])
        failures = {str(name): [str(reason) for reason in reasons] for name, reasons in data["failures"].items()}
        next_month(now := float(data["now"]))
        if not all(type(count) is int and count >= 0 for count in (things, requests)):
            raise ValueError("ids are counted")
        return Beside(now, [things, requests], limits.dump(), failures)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"this is no export of the emulator: {type(error).__name__}: {error}") from None


def load(store: Store, data: Any, types: Collection[str]) -> None:
    """Replaces all rows by those of an export that was checked, all or nothing. Raises `ValueError`.

    Args:
        types: Of operations.
    """
    if other := set(data["tables"]) ^ set(store.tables):
        raise ValueError(f"this export has other tables: {', '.join(sorted(other))}")
    try:
        with store.transaction() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            for table in store.tables:
                db.execute(f"DELETE FROM {table}")
            for table in store.tables:
                for row in data["tables"][table]:
                    _insert(db, table, row)
            if db.execute("SELECT 1 FROM customers WHERE name = 'default'").fetchone() is None:
                raise ValueError("this export has no default customer")
            int(db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])
            for (value,) in db.execute("SELECT value FROM meta WHERE key IN ('decay_day', 'credits_month')"):
                if not value.removeprefix("-").isdecimal():
                    raise ValueError(f"this export counts days or months by {value!r}")
            for (scopes,) in db.execute("SELECT scopes FROM keys WHERE scopes IS NOT NULL"):
                if type(_list(scopes)) is not list:
                    raise ValueError(f"this export has a key of the scopes {scopes!r}")
            for (kind,) in db.execute("SELECT DISTINCT type FROM operations"):
                if kind not in types:
                    raise ValueError(f"this export has operations of the type {kind!r}")
            for table in ("buddies", "eggs"):
                if db.execute(
                    f"SELECT 1 FROM {table} WHERE config_version_id NOT IN (SELECT id FROM config_versions)"
                ).fetchone():
                    raise ValueError(f"this export has {table} without a config version")
            for (rules,) in db.execute("SELECT rules FROM config_versions"):
                read_rules(json.loads(rules))
            for (state,) in db.execute("SELECT state FROM buddies"):
                State.load(state)
    except (sqlite3.Error, binascii.Error, AttributeError, IndexError, OverflowError, TypeError, KeyError) as error:
        raise ValueError(f"this is no export of the emulator: {error}") from None


def _list(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = {column["name"]: column for column in db.execute(f"PRAGMA table_info({table})")}
    if row.keys() != columns.keys():
        raise ValueError(f"a row of {table} has other columns: {', '.join(sorted(row.keys() ^ columns.keys()))}")
    values = {name: _from_json(value) for name, value in row.items()}
    for name, value in values.items():
        column = columns[name]
        if type(value) not in _TYPES[column["type"]] and (value is not None or column["notnull"] or column["pk"]):
            raise ValueError(f"this export has a {table}.{name} of {value!r}")
    if table == "customers":
        UUID(values["id"])
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(values.values()))


def _order(store: Store, table: str) -> str:
    keys = [row for row in store.db.execute(f"PRAGMA table_info({table})") if row["pk"]]
    return ", ".join(row["name"] for row in sorted(keys, key=lambda row: row["pk"]))


def _to_json(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value["base64"], validate=True) if isinstance(value, dict) else value
