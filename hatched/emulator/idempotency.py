"""`Idempotency-Key` on writes (concepts/idempotency: seen)."""

from __future__ import annotations

import hashlib
import sqlite3

from hatched.emulator.errors import ApiError
from hatched.emulator.messages import Reply

LIFETIME = 86_400


def fingerprint(method: str, target: str, body: bytes) -> bytes:
    """What tells two requests apart: method, path and body (seen), so not the query."""
    return hashlib.sha256(b"\0".join((method.encode(), target.encode(), body))).digest()


def recall(db: sqlite3.Connection, customer_id: str, key: str, mark: bytes, now: float) -> Reply | None:
    """The stored answer of the same request. Raises 409 if another request had the key."""
    row = db.execute(
        "SELECT fingerprint, status, body FROM idempotency WHERE customer_id = ? AND key = ? AND expires_at > ?",
        (customer_id, key, now),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != mark:
        raise ApiError(
            409, "idempotency_key_conflict", "This Idempotency-Key was used for a different request; use a new one"
        )
    return Reply(row["body"] or None, row["status"], (("Idempotency-Replayed", "true"),))


def remember(db: sqlite3.Connection, customer_id: str, key: str, mark: bytes, reply: Reply, now: float) -> None:
    """Keeps the answer for 24 hours. Only successes come here: a failed request runs again."""
    db.execute(
        "REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
        (customer_id, key, mark, reply.status, reply.encoded(), now + LIFETIME),
    )
