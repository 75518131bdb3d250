"""`Idempotency-Key` on writes (concepts/idempotency: seen)."""

from __future__ import annotations

import hashlib

from hatched.emulator.context import World
from hatched.emulator.errors import ApiError
from hatched.emulator.messages import Reply

LIFETIME = 86_400


def fingerprint(method: str, target: str, body: bytes) -> bytes:
    """What tells two requests apart: method, path and body (seen), so not the query."""
    return hashlib.sha256(b"\0".join((method.encode(), target.encode(), body))).digest()


def recall(world: World, customer_id: str, key: str, mark: bytes, now: float) -> Reply | None:
    """The stored answer of the same request, which rests on what it rested on. Raises 409 for another request."""
    row = world.store.db.execute(
        "SELECT fingerprint, status, body, inferred FROM idempotency"
        " WHERE customer_id = ? AND key = ? AND expires_at > ?",
        (customer_id, key, now),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != mark:
        raise ApiError(
            409, "idempotency_key_conflict", "This Idempotency-Key was used for a different request; use a new one"
        )
    world.inferred.update(row["inferred"].split())
    return Reply(row["body"] or None, row["status"], (("Idempotency-Replayed", "true"),))


def remember(world: World, customer_id: str, key: str, mark: bytes, reply: Reply, now: float) -> None:
    """Keeps the answer for 24 hours. Only successes come here: a failed request runs again."""
    inferred = " ".join(sorted(world.inferred))
    world.store.db.execute(
        "REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
        (customer_id, key, mark, reply.status, reply.encoded(), now + LIFETIME, inferred),
    )
