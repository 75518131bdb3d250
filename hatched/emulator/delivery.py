"""Webhooks on their way: queued with what they tell of, signed, tried four times (concepts/webhook-delivery)."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

from hatched.emulator import legacy, rows
from hatched.emulator.context import World
from hatched.emulator.messages import dumps

EVENTS = (
    "buddy.hatched",
    "buddy.evolved",
    "coins.earned",
    "coins.spent",
    "token.earned",
    "token.spent",
    "skill.decayed",
    "badge.awarded",
    "badge.ready",
    "streak.milestone",
    "evolution.ready",
    "usage.threshold_reached",
)
"""What is told. The names are seen; `token.spent` never happens here: coins are spent."""

_DELAYS = (5, 30, 300)
"""Seconds from each failed attempt to the next (seen; that they count from attempt to attempt is inferred)."""


class WebhookRequest(NamedTuple):
    """One attempt at a delivery: a POST."""

    url: str
    headers: dict[str, str]
    body: bytes


Receiver = Callable[[WebhookRequest], int]
"""Takes an attempt and answers its HTTP status. An exception is an attempt that found nobody."""


def names(world: World) -> tuple[str, ...]:
    """What an endpoint can ask for in the scheme in use."""
    older = legacy.NAMES if world.settings.webhook_scheme == "legacy" else {}
    return tuple(older.get(event, event) for event in EVENTS)


def notify(world: World, customer_id: str, event: str, payload: dict[str, Any], now: float) -> None:
    """Queues an event for every endpoint that wants it, in the transaction that it tells of."""
    if world.settings.webhook_scheme == "legacy":
        payload = legacy.envelope(world, customer_id, event, payload, now)
        event = payload["type"]
    for endpoint in world.store.db.execute(
        "SELECT id, events FROM webhook_endpoints WHERE customer_id = ? AND status = 'active' ORDER BY seq",
        (customer_id,),
    ).fetchall():
        if event in json.loads(endpoint["events"]):
            enqueue(world, endpoint["id"], event, dumps(payload), now)


def listens(world: World, customer_id: str) -> bool:
    """Whether there is any endpoint at all; most emulators have none."""
    row = world.store.db.execute(
        "SELECT 1 FROM webhook_endpoints WHERE customer_id = ? AND status = 'active'", (customer_id,)
    ).fetchone()
    return row is not None


def enqueue(world: World, endpoint_id: str, event: str, body: str, now: float) -> str:
    """Queues a body for one endpoint and answers the id of the delivery."""
    delivery_id = world.ids.new()
    rows.insert(
        world.store.db,
        "webhook_deliveries",
        {
            "id": delivery_id,
            "endpoint_id": endpoint_id,
            "event": event,
            "body": body,
            "status": "pending",
            "attempts": 0,
            "due_at": now,
            "created_at": now,
        },
    )
    return delivery_id


class Attempt(NamedTuple):
    """One attempt whose time has come.

    Attributes:
        seq: The delivery's row.
        number: Of the attempt, from 1.
        following: When the next attempt is due if this one fails; `None` after the last.
    """

    seq: int
    number: int
    request: WebhookRequest
    following: float | None


def next_attempt(world: World, now: float) -> Attempt | None:
    """The earliest attempt that is due, or `None`.

    What follows from its failure is written first, for the process may die in it.
    """
    db = world.store.db
    row = db.execute(
        "SELECT d.*, e.url, e.secret, e.customer_id FROM webhook_deliveries d"
        " JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE d.due_at <= ? ORDER BY d.due_at, d.seq LIMIT 1",
        (now,),
    ).fetchone()
    if row is None:
        return None
    number = row["attempts"] + 1
    following = now + _DELAYS[number - 1] if number <= len(_DELAYS) else None
    db.execute(
        "UPDATE webhook_deliveries SET attempts = ?, last_attempt_at = ?, due_at = ?, status = ? WHERE seq = ?",
        (number, now, following, "pending" if following else "failed", row["seq"]),
    )
    return Attempt(row["seq"], number, _request(world, row, int(now)), following)


def next_due(world: World, now: float) -> float | None:
    """When the next attempt is to be made that is not due yet."""
    at: float | None = world.store.db.execute(
        "SELECT min(due_at) FROM webhook_deliveries WHERE due_at > ?", (now,)
    ).fetchone()[0]
    return at


def some_due(world: World, now: float) -> bool:
    """Whether an attempt is to be made by now."""
    return world.store.db.execute("SELECT 1 FROM webhook_deliveries WHERE due_at <= ?", (now,)).fetchone() is not None


def attempt(request: WebhookRequest, receiver: Receiver | None) -> tuple[int | None, str | None]:
    """The status that `receiver` answered, or why there is none."""
    if receiver is None:
        return None, "nobody listens: give the emulator a receiver"
    try:
        status: Any = receiver(request)
    except Exception as failure:  # noqa: BLE001  a receiver may raise anything
        return None, f"{type(failure).__name__}: {failure}".encode(errors="replace").decode()
    if type(status) is int and 100 <= status <= 599:
        return status, None
    return None, f"the receiver answered {status!r:.50}, which is no status"


def record(world: World, made: Attempt, status: int | None, error: str | None) -> None:
    """Notes how an attempt went, unless a later one has begun, or a replay was asked for."""
    done = status is not None and 200 <= status < 300
    # "A 4xx terminates faster than a 5xx": at once, we infer.
    given_up = made.following is None or (status is not None and 400 <= status < 500)
    world.store.db.execute(
        "UPDATE webhook_deliveries SET status = ?, response_code = ?, duration_ms = 0, error_message = ?,"
        " due_at = ? WHERE seq = ? AND attempts = ? AND due_at IS ?",
        (
            "success" if done else "failed" if given_up else "pending",
            status,
            None if done else error or f"HTTP {status}",
            None if done or given_up else made.following,
            made.seq,
            made.number,
            made.following,
        ),
    )


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Both schemes sign the same text with the same key (seen)."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _request(world: World, row: sqlite3.Row, timestamp: int) -> WebhookRequest:
    older = world.settings.webhook_scheme == "legacy"
    text: str = dumps({"deliveryId": row["id"], **json.loads(row["body"])}) if older else row["body"]
    body = text.encode()
    signed = signature(row["secret"], timestamp, body)
    headers = {"Content-Type": "application/json"}
    if older:
        headers |= {
            "Hatched-Signature": f"t={timestamp},v1={signed}",
            "Hatched-Delivery-Id": row["id"],
            "Hatched-Event-Type": row["event"],
        }
    else:
        headers |= {
            "X-Hatched-Event": row["event"],
            "X-Hatched-Delivery": row["id"],
            "X-Hatched-Timestamp": str(timestamp),
            "X-Hatched-Signature": f"sha256={signed}",
        }
    return WebhookRequest(row["url"], headers, body)
