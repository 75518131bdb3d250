"""Every endpoint of the API, once.

A fact about an endpoint that could change (its path, its method, who may call it, whether a replay is
safe) is corrected here, in one line. `SEEN` rows are stated by the documentation; `INFERRED` rows are
our best guess from its naming conventions.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Safety(Enum):
    """Whether a request whose outcome is unknown may be sent again."""

    READ = "read"
    """Changes nothing: replay freely."""
    KEYED = "keyed"
    """The server deduplicates by idempotency key: replay with the same key."""
    UNSAFE = "unsafe"
    """Replay only when the server cannot have seen the request."""


class Confidence(Enum):
    """Where the knowledge of a route comes from."""

    SEEN = "seen"
    INFERRED = "inferred"


class Access(Enum):
    """Which kind of key may call a route."""

    SECRET = "secret"
    ANY = "any"
    READ_BUDDIES = "read:buddies"
    READ_OPERATIONS = "read:operations"
    WRITE_EMBED_TOKENS = "write:embed-tokens"
    WRITE_WIDGET_SESSIONS = "write:widget-sessions"


class Route(NamedTuple):
    """One endpoint.

    Attributes:
        id: `resource.verb`, the stable name in errors and logs.
        path: Template below the base URL; each `{name}` is one quoted segment.
        access: `SECRET`, or the publishable-key scope that is enough.
    """

    id: str
    method: str
    path: str
    confidence: Confidence
    access: Access = Access.SECRET
    safety: Safety | None = None

    @property
    def replay(self) -> Safety:
        """`safety`, or what the method implies: every write honours an idempotency key (concepts/idempotency)."""
        return self.safety or (Safety.READ if self.method == "GET" else Safety.KEYED)


SEEN, INFERRED = Confidence.SEEN, Confidence.INFERRED
_BUDDIES, _OPERATIONS = Access.READ_BUDDIES, Access.READ_OPERATIONS
_EMBED, _SESSIONS = Access.WRITE_EMBED_TOKENS, Access.WRITE_WIDGET_SESSIONS

HEALTH = Route("health", "GET", "/health", SEEN, Access.ANY)

EGGS_CREATE = Route("eggs.create", "POST", "/eggs", SEEN)
EGGS_GET = Route("eggs.get", "GET", "/eggs/{egg_id}", INFERRED)
EGGS_LIST = Route("eggs.list", "GET", "/eggs", INFERRED)
EGGS_UPDATE_STATUS = Route("eggs.update_status", "PATCH", "/eggs/{egg_id}/status", INFERRED)
EGGS_HATCH = Route("eggs.hatch", "POST", "/eggs/{egg_id}/hatch", INFERRED)

BUDDIES_GET = Route("buddies.get", "GET", "/buddies/{buddy_id}", INFERRED, _BUDDIES)
BUDDIES_LIST = Route("buddies.list", "GET", "/buddies", INFERRED, _BUDDIES)
BUDDIES_UPDATE_NAME = Route("buddies.update_name", "PATCH", "/buddies/{buddy_id}", INFERRED)
BUDDIES_ARCHIVE = Route("buddies.archive", "POST", "/buddies/{buddy_id}/archive", INFERRED)
BUDDIES_UPDATE_SKILLS = Route("buddies.update_skills", "PATCH", "/buddies/{buddy_id}/skills", SEEN)
BUDDIES_EARN = Route("buddies.earn", "POST", "/buddies/{buddy_id}/coins", SEEN)
BUDDIES_SPEND = Route("buddies.spend", "POST", "/buddies/{buddy_id}/coins/spend", SEEN)
BUDDIES_AWARD_BADGE = Route("buddies.award_badge", "POST", "/buddies/{buddy_id}/badges", SEEN)
BUDDIES_GET_BADGES = Route("buddies.get_badges", "GET", "/buddies/{buddy_id}/badges", INFERRED, _BUDDIES)
BUDDIES_EQUIP = Route("buddies.equip", "POST", "/buddies/{buddy_id}/equip", INFERRED)
BUDDIES_RERENDER_APPEARANCE = Route(
    "buddies.rerender_appearance", "POST", "/buddies/{buddy_id}/appearance/rerender", INFERRED
)
BUDDIES_PURCHASE_ITEM = Route("buddies.purchase_item", "POST", "/buddies/{buddy_id}/items/{item_id}/purchase", INFERRED)
BUDDIES_GET_PURCHASED_ITEMS = Route(
    "buddies.get_purchased_items", "GET", "/buddies/{buddy_id}/items", INFERRED, _BUDDIES
)
BUDDIES_GET_EVOLUTION = Route("buddies.get_evolution", "GET", "/buddies/{buddy_id}/evolution", INFERRED, _BUDDIES)
BUDDIES_EVOLVE = Route("buddies.evolve", "POST", "/buddies/{buddy_id}/evolve", INFERRED)
BUDDIES_GET_PROGRESSION = Route("buddies.get_progression", "GET", "/buddies/{buddy_id}/progression", INFERRED, _BUDDIES)
BUDDIES_TOKENS = Route("buddies.tokens", "GET", "/buddies/{buddy_id}/tokens", INFERRED, _BUDDIES)
BUDDIES_EVOLUTIONS = Route("buddies.evolutions", "GET", "/buddies/{buddy_id}/evolutions", INFERRED, _BUDDIES)
BUDDIES_GET_USER_SUMMARY = Route("buddies.get_user_summary", "GET", "/users/{user_id}/summary", INFERRED, _BUDDIES)

EVENTS_SEND = Route("events.send", "POST", "/events", SEEN)
EVENTS_SEND_BATCH = Route("events.send_batch", "POST", "/events/batch", SEEN)
MAX_BATCH = 100
"""Events of one batch (guides/send-events: seen)."""

OPERATIONS_GET = Route("operations.get", "GET", "/operations/{operation_id}", INFERRED, _OPERATIONS)

WIDGET_SESSIONS_CREATE = Route("widget_sessions.create", "POST", "/widget-sessions", SEEN, _SESSIONS)
"""The README lets a publishable key call it, the browser guide does not; no such key has the scope by default."""
WIDGET_SESSIONS_REVOKE = Route("widget_sessions.revoke", "DELETE", "/widget-sessions/{session_id}", INFERRED)
EMBED_TOKENS_CREATE = Route("embed_tokens.create", "POST", "/embed-tokens", SEEN, _EMBED)

WEBHOOKS_LIST = Route("webhooks.list", "GET", "/webhook-configs", INFERRED)
WEBHOOKS_CREATE = Route("webhooks.create", "POST", "/webhook-configs", INFERRED)
WEBHOOKS_DELETE = Route("webhooks.delete", "DELETE", "/webhook-configs/{endpoint_id}", INFERRED)
WEBHOOKS_DELIVERIES = Route("webhooks.deliveries", "GET", "/webhook-configs/{endpoint_id}/deliveries", INFERRED)
WEBHOOKS_REPLAY = Route(
    "webhooks.replay", "POST", "/webhook-configs/{endpoint_id}/deliveries/{delivery_id}/replay", INFERRED
)
WEBHOOKS_REDELIVER = Route(
    "webhooks.redeliver", "POST", "/webhook-configs/{endpoint_id}/deliveries/{delivery_id}/redeliver", INFERRED
)

GATES_LIST = Route("gates.list", "GET", "/gates", INFERRED)
GATES_UNLOCK = Route("gates.unlock", "POST", "/buddies/{buddy_id}/gates/{gate_key}/unlock", INFERRED)
GATES_UNLOCKS = Route("gates.unlocks", "GET", "/buddies/{buddy_id}/unlocks", INFERRED)

PATHS_LIST = Route("paths.list", "GET", "/paths", INFERRED)
PATHS_GET = Route("paths.get", "GET", "/paths/{definition_id}", INFERRED)
PATHS_CREATE = Route("paths.create", "POST", "/paths", INFERRED)
PATHS_UPDATE = Route("paths.update", "PATCH", "/paths/{definition_id}", INFERRED)
PATHS_DELETE = Route("paths.delete", "DELETE", "/paths/{definition_id}", INFERRED)
PATHS_SET_ACTIVE = Route("paths.set_active", "PATCH", "/paths/{definition_id}/active", INFERRED)
PATHS_ADD_STEP = Route("paths.add_step", "POST", "/paths/{definition_id}/steps", INFERRED)
PATHS_REORDER_STEPS = Route("paths.reorder_steps", "PATCH", "/paths/{definition_id}/steps/reorder", INFERRED)
PATHS_UPDATE_STEP = Route("paths.update_step", "PATCH", "/paths/{definition_id}/steps/{step_id}", INFERRED)
PATHS_DELETE_STEP = Route("paths.delete_step", "DELETE", "/paths/{definition_id}/steps/{step_id}", INFERRED)
PATHS_ADD_SUB_STEP = Route("paths.add_sub_step", "POST", "/paths/{definition_id}/steps/{step_id}/sub-steps", INFERRED)
PATHS_REORDER_SUB_STEPS = Route(
    "paths.reorder_sub_steps", "PATCH", "/paths/{definition_id}/steps/{step_id}/sub-steps/reorder", INFERRED
)
PATHS_UPDATE_SUB_STEP = Route(
    "paths.update_sub_step", "PATCH", "/paths/{definition_id}/steps/{step_id}/sub-steps/{sub_step_id}", INFERRED
)
PATHS_DELETE_SUB_STEP = Route(
    "paths.delete_sub_step", "DELETE", "/paths/{definition_id}/steps/{step_id}/sub-steps/{sub_step_id}", INFERRED
)
PATHS_GET_FOR_BUDDY = Route("paths.get_for_buddy", "GET", "/buddies/{buddy_id}/paths/{path_key}", INFERRED)
PATHS_COMPLETE_SUB_STEP = Route(
    "paths.complete_sub_step",
    "POST",
    "/buddies/{buddy_id}/paths/{path_key}/sub-steps/{sub_step_key}/complete",
    INFERRED,
)

ROUTES: dict[str, Route] = {route.id: route for route in list(globals().values()) if isinstance(route, Route)}
