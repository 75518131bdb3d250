"""Webhook endpoints and what was delivered to them (SDK: WebhooksResource; concepts/webhooks)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from hatched.emulator import rows
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.delivery import enqueue, names
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply, dumps
from hatched.emulator.validation import InvalidError, Problem
from hatched.models.webhooks import CreateWebhookParams, ListDeliveriesParams


def listing(call: Call) -> Reply:
    """All endpoints, without their secrets."""
    found = call.db.execute("SELECT * FROM webhook_endpoints WHERE customer_id = ? ORDER BY seq", (call.customer_id,))
    return Reply([_view(row) for row in found])


def create(call: Call, params: CreateWebhookParams) -> Reply:
    """The secret is shown this once (seen)."""
    known = names(call.world)
    if any(name not in known for name in params.events):
        message = f"each value in events must be one of the following values: {', '.join(known)}"
        raise InvalidError([Problem("events", message)])
    endpoint_id = call.world.ids.new()
    secret = "whsec_" + call.world.ids.new().replace("-", "")
    rows.insert(
        call.db,
        "webhook_endpoints",
        {
            "id": endpoint_id,
            "customer_id": call.customer_id,
            "url": params.url,
            "events": dumps(list(params.events)),
            "description": params.description,
            "secret": secret,
            "status": "active",
            "created_at": call.now,
            "updated_at": call.now,
        },
    )
    return Reply({**_view(_endpoint(call, endpoint_id)), "secret": secret}, 201)


def delete(call: Call) -> Reply:
    """Its deliveries go with it; 204 is inferred."""
    endpoint = _endpoint(call, call.args["endpoint_id"])
    call.db.execute("DELETE FROM webhook_endpoints WHERE seq = ?", (endpoint["seq"],))
    return Reply(status=204)


def deliveries(call: Call, query: ListDeliveriesParams) -> Reply:
    """Newest first, 20 to a page (both inferred); `next_cursor` leads on."""
    before = _cursor(query.cursor)
    endpoint = _endpoint(call, call.args["endpoint_id"])
    limit = query.limit or 20
    found = call.db.execute(
        "SELECT * FROM webhook_deliveries WHERE endpoint_id = ? AND (? IS NULL OR status = ?)"
        " AND (? IS NULL OR seq < ?) ORDER BY seq DESC LIMIT ?",
        (endpoint["id"], query.status, query.status, before, before, limit + 1),
    ).fetchall()
    page = found[:limit]
    cursor = str(page[-1]["seq"]) if len(found) > limit else None
    return Reply({"data": [_delivery_view(row) for row in page], "next_cursor": cursor})


def replay(call: Call) -> Reply:
    """Tries the same delivery once more, under its own id, at once (inferred); if it has attempts left they follow."""
    row = _delivery(call)
    call.db.execute(
        "UPDATE webhook_deliveries SET status = 'pending', due_at = ? WHERE seq = ?", (call.now, row["seq"])
    )
    return Reply({"delivery_id": row["id"], "status": "pending"}, 202)


def redeliver(call: Call) -> Reply:
    """Puts the stored body into the queue again, as a delivery of its own (inferred)."""
    row = _delivery(call)
    delivery_id = enqueue(call.world, row["endpoint_id"], row["event"], row["body"], call.now)
    return Reply({"delivery_id": delivery_id, "status": "pending"}, 202)


def _endpoint(call: Call, endpoint_id: str) -> sqlite3.Row:
    row = call.one("SELECT * FROM webhook_endpoints WHERE id = ? AND customer_id = ?", endpoint_id, call.customer_id)
    if row is None:
        raise not_found("Webhook endpoint")
    return row


def _delivery(call: Call) -> sqlite3.Row:
    endpoint = _endpoint(call, call.args["endpoint_id"])
    row = call.one(
        "SELECT * FROM webhook_deliveries WHERE id = ? AND endpoint_id = ?", call.args["delivery_id"], endpoint["id"]
    )
    if row is None:
        raise not_found("Delivery")
    return row


def _cursor(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidError([Problem("cursor", "cursor must be one that this list has answered", seen=False)])
    return int(text)


def _view(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "url": row["url"],
        "events": json.loads(row["events"]),
        "active": row["status"] == "active",
        "status": row["status"],
        "masked_secret": f"{row['secret'][:6]}…{row['secret'][-4:]}",
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def _delivery_view(row: sqlite3.Row) -> dict[str, Any]:
    """The pairs of names stand for one value each (inferred)."""
    return {
        "id": row["id"],
        "endpoint_id": row["endpoint_id"],
        "event": row["event"],
        "event_type": row["event"],
        "status": row["status"],
        "response_code": row["response_code"],
        "response_status": row["response_code"],
        "attempt": row["attempts"],
        "attempts": row["attempts"],
        "duration_ms": row["duration_ms"],
        "error_message": row["error_message"],
        "created_at": iso(row["created_at"]),
        "timestamp": iso(row["created_at"]),
        **({} if row["last_attempt_at"] is None else {"last_attempt_at": iso(row["last_attempt_at"])}),
    }
