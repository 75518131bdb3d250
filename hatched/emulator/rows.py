"""Writing rows by column name."""

from __future__ import annotations

import sqlite3
from typing import Any

from hatched.emulator.errors import conflict


def insert(db: sqlite3.Connection, table: str, values: dict[str, Any]) -> None:
    """Adds a row. Raises 409 if its key is taken."""
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    try:
        db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
    except sqlite3.IntegrityError:
        raise conflict("There is one with this key already") from None


def update(db: sqlite3.Connection, table: str, row_id: str, values: dict[str, Any]) -> None:
    """Changes a row. Raises 409 if its new key is taken."""
    columns = ", ".join(f"{name} = ?" for name in values)
    try:
        db.execute(f"UPDATE {table} SET {columns} WHERE id = ?", (*values.values(), row_id))
    except sqlite3.IntegrityError:
        raise conflict("There is one with this key already") from None
