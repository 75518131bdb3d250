"""Webhooks as they were before: older names, and bodies in an envelope (seen, but for `webhooks.legacy`)."""

from __future__ import annotations

from typing import Any

from hatched.emulator.clock import iso
from hatched.emulator.context import World

NAMES = {"coins.earned": "coin.earned", "coins.spent": "coin.spent"}
"""What was renamed since."""


def envelope(world: World, customer_id: str, event: str, payload: dict[str, Any], now: float) -> dict[str, Any]:
    """What all deliveries of one event have in common: the body, but for its `deliveryId`."""
    return {
        "eventId": world.ids.new(),
        "type": NAMES.get(event, event),
        "customerId": customer_id,
        "createdAt": iso(now),
        "data": _data(world, customer_id, event, payload),
    }


def _data(world: World, customer_id: str, event: str, payload: dict[str, Any]) -> dict[str, Any]:
    if event == "skill.decayed":
        return payload  # snake_case already then
    kind, buddy = event.partition(".")[0], {"buddyId": payload.get("buddy_id")}
    if kind in ("coins", "token"):
        token = {"tokenKey": _token_key(world, payload["buddy_id"])} if kind == "token" else {}
        source = _source(world, customer_id, payload["reference_id"])
        return {**buddy, **token, "amount": payload["amount"], "balanceAfter": payload["balance"], "source": source}
    if kind == "badge":
        return {**buddy, "badgeId": payload["badge_key"], "awardedAt": payload.get("awarded_at")}
    if kind == "streak":
        return {**buddy, "streakKey": payload["streak_key"], "count": payload["count"], "milestone": payload["count"]}
    return {_camel(name): value for name, value in payload.items()}


def _token_key(world: World, buddy_id: str) -> str | None:
    """Only the progression token is told as one."""
    buddy = world.store.db.execute(
        "SELECT config_version_id, audience FROM buddies WHERE id = ?", (buddy_id,)
    ).fetchone()
    token = world.configs.book(buddy["config_version_id"], buddy["audience"]).rules.progression
    return token.key if token else None


def _source(world: World, customer_id: str, reference: str | None) -> dict[str, Any]:
    event = world.store.db.execute(
        "SELECT type FROM events WHERE customer_id = ? AND event_id = ? AND remembered", (customer_id, reference)
    ).fetchone()
    return {"type": "event", "eventType": event["type"]} if event else {"type": "manual", "eventType": None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
