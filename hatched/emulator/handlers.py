"""Which function answers which route, and what it wants to be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hatched import routes
from hatched.emulator import badges, buddies, eggs, events, health, operations, wallet
from hatched.emulator.messages import Reply
from hatched.models.buddies import (
    AwardBadgeParams,
    BuddyListParams,
    EarnCoinsParams,
    SpendCoinsParams,
    UpdateBuddyParams,
)
from hatched.models.eggs import CreateEggParams, ListEggsParams
from hatched.models.events import SendBatchParams, SendEventParams
from hatched.routes import Route


class Handler(NamedTuple):
    """A function of the call, of its body if `body` is set, of its query if `query` is set, in this order.

    Attributes:
        omit: Fields of `body` that do not travel in the body.
    """

    function: Callable[..., Reply]
    body: type | None = None
    query: type | None = None
    omit: tuple[str, ...] = ()


_TABLE: dict[Route, Handler] = {
    routes.HEALTH: Handler(health.get),
    routes.EGGS_CREATE: Handler(eggs.create, CreateEggParams, eggs.EnsureQuery, ("ensure", "audience")),
    routes.EGGS_GET: Handler(eggs.get),
    routes.EGGS_LIST: Handler(eggs.listing, query=ListEggsParams),
    routes.EGGS_UPDATE_STATUS: Handler(eggs.update_status, eggs.UpdateEggStatusParams),
    routes.EGGS_HATCH: Handler(eggs.hatch),
    routes.BUDDIES_GET: Handler(buddies.get),
    routes.BUDDIES_LIST: Handler(buddies.listing, query=BuddyListParams),
    routes.BUDDIES_UPDATE_NAME: Handler(buddies.update_name, UpdateBuddyParams),
    routes.BUDDIES_ARCHIVE: Handler(buddies.archive),
    routes.BUDDIES_EARN: Handler(wallet.earn, EarnCoinsParams),
    routes.BUDDIES_SPEND: Handler(wallet.spend, SpendCoinsParams),
    routes.BUDDIES_AWARD_BADGE: Handler(badges.award, AwardBadgeParams),
    routes.BUDDIES_GET_BADGES: Handler(badges.listing),
    routes.BUDDIES_GET_PROGRESSION: Handler(buddies.progression),
    routes.BUDDIES_TOKENS: Handler(wallet.tokens),
    routes.BUDDIES_GET_USER_SUMMARY: Handler(buddies.user_summary),
    routes.EVENTS_SEND: Handler(events.send, SendEventParams),
    routes.EVENTS_SEND_BATCH: Handler(events.send_batch, SendBatchParams),
    routes.OPERATIONS_GET: Handler(operations.get),
}

HANDLERS = {route.id: handler for route, handler in _TABLE.items()}

WORK = {eggs.HATCH: operations.Work(eggs.finish_hatch, eggs.undo_hatch)}
