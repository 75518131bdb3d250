"""Documented routes that the SDKs do not call. The paths are seen, the bodies are inferred but for the balance."""

from __future__ import annotations

from attrs import frozen

from hatched.emulator import ai_credits, wallet
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.delivery import names
from hatched.emulator.messages import Reply
from hatched.emulator.validation import InvalidError, Problem
from hatched.models.buddies import EarnCoinsParams
from hatched.routes import ROUTES, SEEN, Access, Route

HEALTH_READY = Route("health.ready", "GET", "/health/ready", SEEN, Access.ANY)
HEALTH_LIVE = Route("health.live", "GET", "/health/live", SEEN, Access.ANY)
BUDDIES_GRANT_TOKENS = Route("buddies.grant_tokens", "POST", "/buddies/{buddy_id}/tokens", SEEN)
WEBHOOKS_EVENTS = Route("webhooks.events", "GET", "/webhook-configs/events", SEEN)
CREDITS_BALANCE = Route("credits.balance", "GET", "/credits/balance", SEEN)
CREDITS_LEDGER = Route("credits.ledger", "GET", "/credits/ledger", SEEN)

ALL_ROUTES = ROUTES | {
    route.id: route
    for route in (HEALTH_READY, HEALTH_LIVE, BUDDIES_GRANT_TOKENS, WEBHOOKS_EVENTS, CREDITS_BALANCE, CREDITS_LEDGER)
}
"""What the emulator answers."""


@frozen(kw_only=True)
class LedgerQuery:
    """Query of `GET /credits/ledger`."""

    limit: int | None = None


def grant_tokens(call: Call, params: EarnCoinsParams) -> Reply:
    """What `earn` does, whose body it shares."""
    return wallet.earn(call, params)


def webhook_events(call: Call) -> Reply:
    """The names that an endpoint can subscribe to."""
    return Reply({"events": list(names(call.world))})


def credits_balance(call: Call) -> Reply:
    """The pools, as billing/credits prints them."""
    left = ai_credits.balance(call.db, call.customer_id)
    if left.promo:
        call.world.infer("credits.promo")
    return Reply({**left._asdict(), "promo_expires_at": None, "total_spendable": sum(left)})


def credits_ledger(call: Call, query: LedgerQuery) -> Reply:
    """The AI jobs, newest first: authorized while under way, then committed or rolled back."""
    limit = 50 if query.limit is None else query.limit
    if not 1 <= limit <= 100:
        raise InvalidError([Problem("limit", "limit must be between 1 and 100", seen=False)])
    rows = call.db.execute(
        "SELECT * FROM operations WHERE customer_id = ? AND pool IS NOT NULL ORDER BY seq DESC LIMIT ?",
        (call.customer_id, limit),
    )
    kinds = {"completed": "commit", "failed": "rollback"}
    return Reply(
        {
            "data": [
                {
                    "operation_id": row["id"],
                    "operation_type": row["type"],
                    "entry": kinds.get(row["status"], "authorize"),
                    "pool": row["pool"],
                    "amount": 1,
                    "created_at": iso(row["created_at"]),
                }
                for row in rows
            ]
        }
    )
