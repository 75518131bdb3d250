"""Which function answers which route, and what it wants to be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hatched import routes
from hatched.emulator import (
    appearance,
    badges,
    beyond,
    buddies,
    eggs,
    events,
    evolution,
    gates,
    health,
    market,
    operations,
    path_admin,
    path_walk,
    sessions,
    skills,
    wallet,
    webhooks,
)
from hatched.emulator.messages import Reply
from hatched.models.buddies import (
    AwardBadgeParams,
    BuddyListParams,
    EarnCoinsParams,
    EquipItemsParams,
    ListEvolutionsParams,
    SpendCoinsParams,
    UpdateBuddyParams,
    UpdateSkillsParams,
)
from hatched.models.eggs import CreateEggParams, ListEggsParams, UpdateEggStatusParams
from hatched.models.events import SendBatchParams, SendEventParams
from hatched.models.paths import (
    CreatePathDefinitionParams,
    CreatePathStepParams,
    CreatePathSubStepParams,
    ListPathsParams,
    ReorderParams,
    SetPathActiveParams,
    UpdatePathDefinitionParams,
    UpdatePathStepParams,
    UpdatePathSubStepParams,
)
from hatched.models.tokens import CreateEmbedTokenParams, CreateSessionParams
from hatched.models.webhooks import CreateWebhookParams, ListDeliveriesParams
from hatched.routes import Route


class Handler(NamedTuple):
    """A function of the call, of its body if `body` is set, of its query if `query` is set, in this order."""

    function: Callable[..., Reply]
    body: type | None = None
    query: type | None = None


_TABLE: dict[Route, Handler] = {
    routes.HEALTH: Handler(health.get),
    routes.EGGS_CREATE: Handler(eggs.create, CreateEggParams, eggs.EnsureQuery),
    routes.EGGS_GET: Handler(eggs.get),
    routes.EGGS_LIST: Handler(eggs.listing, query=ListEggsParams),
    routes.EGGS_UPDATE_STATUS: Handler(eggs.update_status, UpdateEggStatusParams),
    routes.EGGS_HATCH: Handler(eggs.hatch),
    routes.BUDDIES_GET: Handler(buddies.get),
    routes.BUDDIES_LIST: Handler(buddies.listing, query=BuddyListParams),
    routes.BUDDIES_UPDATE_NAME: Handler(buddies.update_name, UpdateBuddyParams),
    routes.BUDDIES_ARCHIVE: Handler(buddies.archive),
    routes.BUDDIES_EARN: Handler(wallet.earn, EarnCoinsParams),
    routes.BUDDIES_SPEND: Handler(wallet.spend, SpendCoinsParams),
    routes.BUDDIES_AWARD_BADGE: Handler(badges.award, AwardBadgeParams),
    routes.BUDDIES_GET_BADGES: Handler(badges.listing),
    routes.BUDDIES_UPDATE_SKILLS: Handler(skills.update, UpdateSkillsParams),
    routes.BUDDIES_EQUIP: Handler(market.equip, EquipItemsParams),
    routes.BUDDIES_RERENDER_APPEARANCE: Handler(appearance.rerender),
    routes.BUDDIES_PURCHASE_ITEM: Handler(market.purchase),
    routes.BUDDIES_GET_PURCHASED_ITEMS: Handler(market.owned),
    routes.BUDDIES_GET_EVOLUTION: Handler(evolution.get),
    routes.BUDDIES_EVOLVE: Handler(evolution.evolve),
    routes.BUDDIES_EVOLUTIONS: Handler(evolution.listing, query=ListEvolutionsParams),
    routes.BUDDIES_GET_PROGRESSION: Handler(buddies.progression),
    routes.BUDDIES_TOKENS: Handler(wallet.tokens),
    routes.BUDDIES_GET_USER_SUMMARY: Handler(buddies.user_summary),
    routes.EVENTS_SEND: Handler(events.send, SendEventParams),
    routes.EVENTS_SEND_BATCH: Handler(events.send_batch, SendBatchParams),
    routes.GATES_LIST: Handler(gates.listing),
    routes.GATES_UNLOCK: Handler(gates.unlock),
    routes.GATES_UNLOCKS: Handler(gates.unlocks),
    routes.OPERATIONS_GET: Handler(operations.get),
    routes.WIDGET_SESSIONS_CREATE: Handler(sessions.create_session, CreateSessionParams),
    routes.WIDGET_SESSIONS_REVOKE: Handler(sessions.revoke_session),
    routes.EMBED_TOKENS_CREATE: Handler(sessions.create_embed_token, CreateEmbedTokenParams),
    routes.WEBHOOKS_LIST: Handler(webhooks.listing),
    routes.WEBHOOKS_CREATE: Handler(webhooks.create, CreateWebhookParams),
    routes.WEBHOOKS_DELETE: Handler(webhooks.delete),
    routes.WEBHOOKS_DELIVERIES: Handler(webhooks.deliveries, query=ListDeliveriesParams),
    routes.WEBHOOKS_REPLAY: Handler(webhooks.replay),
    routes.WEBHOOKS_REDELIVER: Handler(webhooks.redeliver),
    routes.PATHS_LIST: Handler(path_admin.listing, query=ListPathsParams),
    routes.PATHS_GET: Handler(path_admin.get),
    routes.PATHS_CREATE: Handler(path_admin.create, CreatePathDefinitionParams),
    routes.PATHS_UPDATE: Handler(path_admin.update, UpdatePathDefinitionParams),
    routes.PATHS_DELETE: Handler(path_admin.delete),
    routes.PATHS_SET_ACTIVE: Handler(path_admin.set_active, SetPathActiveParams),
    routes.PATHS_ADD_STEP: Handler(path_admin.add_step, CreatePathStepParams),
    routes.PATHS_REORDER_STEPS: Handler(path_admin.reorder_steps, ReorderParams),
    routes.PATHS_UPDATE_STEP: Handler(path_admin.update_step, UpdatePathStepParams),
    routes.PATHS_DELETE_STEP: Handler(path_admin.delete_step),
    routes.PATHS_ADD_SUB_STEP: Handler(path_admin.add_sub_step, CreatePathSubStepParams),
    routes.PATHS_REORDER_SUB_STEPS: Handler(path_admin.reorder_sub_steps, ReorderParams),
    routes.PATHS_UPDATE_SUB_STEP: Handler(path_admin.update_sub_step, UpdatePathSubStepParams),
    routes.PATHS_DELETE_SUB_STEP: Handler(path_admin.delete_sub_step),
    routes.PATHS_GET_FOR_BUDDY: Handler(path_walk.get_for_buddy),
    routes.PATHS_COMPLETE_SUB_STEP: Handler(path_walk.complete_sub_step),
    beyond.HEALTH_READY: Handler(health.get),
    beyond.HEALTH_LIVE: Handler(health.get),
    beyond.BUDDIES_GRANT_TOKENS: Handler(beyond.grant_tokens, EarnCoinsParams),
    beyond.WEBHOOKS_EVENTS: Handler(beyond.webhook_events),
    beyond.CREDITS_BALANCE: Handler(beyond.credits_balance),
    beyond.CREDITS_LEDGER: Handler(beyond.credits_ledger, query=beyond.LedgerQuery),
}

HANDLERS = {route.id: handler for route, handler in _TABLE.items()}

WORK = {
    eggs.HATCH: operations.Work(eggs.finish_hatch, eggs.undo_hatch),
    evolution.EVOLVE: operations.Work(evolution.finish, evolution.undo),
    appearance.EQUIP: operations.Work(appearance.finish_render, appearance.undo_render),
    appearance.RERENDER: operations.Work(appearance.finish_rerender, appearance.undo_render),
}
