"""What rests on the documentation, and what on a guess.

A route says so in `hatched.routes`. Here stands what the emulator does on top of that where the documentation is
silent: each guess by name, so that an answer can say on which it rests, and `strict="seen"` can refuse it. What all
answers of a route share (status codes of success, precision of times, page sizes) is told, too, and not refused:
nothing would be left.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from hatched.emulator.beyond import ALL_ROUTES
from hatched.routes import Confidence

STATED = {
    "audiences": ("guides/send-events", "one audience is implicit, of several one must be named"),
    "badges": ("concepts/badges", "auto_award awards, else the badge is ready; awarded once"),
    "coins": ("concepts/coins", "daily cap, weekly cap, total limit, multiplier; never below 0"),
    "config_versions": (
        "concepts/config-versions",
        "an egg pins the published version, a buddy keeps it; no empty draft",
    ),
    "counters": ("concepts/rule-engine", "every event type counts"),
    "credits": ("billing/credits", "pools, in the order promo, welcome, paid; a failed job costs nothing"),
    "decay": ("concepts/skill-decay", "once a period, with floor, grace days and threshold"),
    "eggs": ("concepts/buddy-and-hatch", "waiting, ready, hatching, hatched, cancelled; ensure"),
    "equip": ("concepts/marketplace", "owned, at most four, one of each category but accessory"),
    "errors": ("reference/error-codes", "the envelope, its codes and details"),
    "events": ("guides/send-events", "order of checks; a batch is checked whole; debug_reason"),
    "evolution": ("concepts/evolution", "one to five stages, conditions, auto-evolve, the stage first"),
    "gates": ("guides/unlock-gates", "paid once, with the primary token"),
    "idempotency": ("concepts/idempotency", "24 hours, only 2xx, 409 for another request"),
    "keys": ("concepts/auth-model", "secret and publishable keys, scopes, rotation at once"),
    "limits": ("reference/rate-limits", "two sliding windows per key, Retry-After of a whole window"),
    "order_of_checks": ("platform/architecture", "key, rate limit, body, domain"),
    "paths": ("concepts/paths", "one active path, steps in order, conditions, completion by hand, roll-up"),
    "phases": ("concepts/rule-engine", "compute, apply in one transaction, then counters and readiness"),
    "quota": ("billing/pricing", "events per UTC month, 402 with reset_at, a webhook at 80 %"),
    "sessions": ("concepts/auth-model", "signed tokens, TTL, scopes, revocation"),
    "skills": ("concepts/skills", "a level for every so many points; xp is their sum"),
    "streaks": ("concepts/streaks", "UTC day, ISO week, month; a missed period resets; milestones"),
    "tokens": ("concepts/tokens", "a primary slot and a progression slot, which is never spent"),
    "validation": ("reference/http-api", "snake_case only, unknown properties refused, UUIDs"),
    "webhooks": ("concepts/webhook-delivery", "signature, four attempts, replay and redeliver"),
}
"""What the documentation states, by topic, with its page."""

GUESSES = {
    "badges.again": "a badge that the buddy has is not awarded again, and is no error",
    "batches.twice": "an event id that comes twice in one batch is applied once",
    "coin_rules.multiplier": "how a multiplier is written, and that its result is rounded down",
    "coin_rules.partial": "a cap that has less left than a rule would pay is filled up",
    "credits.promo": "promo credits do not expire, so promo_expires_at is null",
    "eggs.default_audience": "an egg without an audience takes the first of several",
    "eggs.same_status": "asking for the present status of an egg is no error",
    "equip.not_worn": "taking off what is not worn is no error",
    "events.no_reason": "an event that a rule looks at, and that changes nothing, has no debug_reason",
    "events.replayed_status": "a replay answers with the status of the first answer",
    "evolution.by_itself": "auto_evolve begins with an event, and not with what is given by hand",
    "gates.repeated_balance": "unlocking again answers no balance",
    "items.stage_image": "an item that has a picture for the buddy's stage is shown with that one",
    "items.token_price": "an item's price names its token as a gate's does, and is in one token",
    "paths.null": "null empties what may be null, and leaves the rest as it is",
    "paths.repeated_reward": "completing again answers a reward of 0",
    "paths.skip_ahead": "allow_skip_ahead completes a sub-step by hand before its turn",
    "sessions.again": "revoking a session again is no error",
    "skills.clamped": "a skill stops at 0 and at its max",
    "streaks.late": "an event of a period before the last that counted does not tick",
    "tokens.by_hand": "a progression token is earned by hand where coins are, named by token",
    "tokens.max_balance": "earning stops at max_balance",
}
"""Marked where they are made: `World.infer(name)`, or `Earnings.inferred` in the rules."""

ERRORS = {
    "badges.unknown": "404 for an unknown badge",
    "bodies.no_json": "400 bad_request for a body that is not JSON",
    "buddies.unsortable": "400 bad_request for a sort that there is not",
    "eggs.cap": "a user may have 3 active eggs, and the keys of those in details.active",
    "eggs.not_ready": "409 for hatching an egg that is not ready",
    "eggs.status": "409 for a step that an egg cannot take",
    "eggs.taken": "409 for hatching when the user has a buddy",
    "equip.not_owned": "404 for an item that is not owned",
    "errors.unexpected": "the code internal_error of an unexpected error",
    "events.unregistered": "the status 422 of event_type_not_registered",
    "evolution.not_ready": "409 for a buddy that is not ready, or is evolving",
    "gates.unknown": "404 for an unknown gate",
    "items.invisible": "404 for buying an item that the buddy cannot see",
    "items.owned": "409 for buying an item that is owned",
    "paths.locked": "409 for what is locked, or is not completed by hand",
    "quota.batch": "a batch that exceeds the quota is refused whole",
    "sessions.other_user": "404 for a buddy of another user",
    "skills.unknown": "404 for an unknown skill",
    "tokens.not_spendable": "the status 422 of progression_not_spendable",
    "tokens.unknown": "404 for an unknown token",
    "validation.values": "422 for a value of the right type: too long, too large, empty, a TTL above the maximum",
}
"""Errors of which the documentation names one part only, or nothing: `ApiError.guess`."""

SHARED = {
    "answers.created": ("*", "which writes answer 201, 202 or 204"),
    "answers.times": ("*", "times are in milliseconds"),
    "badges.order": ("events.*", "an event looks at each badge once, in the order of the rules"),
    "batches.order": ("events.send_batch", "the results of a batch stand in the order of its events"),
    "beyond.bodies": (
        "health.* webhooks.events credits.ledger buddies.grant_tokens",
        "the bodies of the documented routes that the SDKs do not call, but for the credit balance",
    ),
    "coins.answers": (
        "buddies.earn buddies.spend buddies.purchase_item buddies.update_skills",
        "the bodies of earn, spend, purchase and skills",
    ),
    "conditions.config": ("events.* buddies.get_evolution paths.*", "the keys of a condition's config"),
    "credits.enterprise": ("*", "the credits of the enterprise plan are those of pro"),
    "credits.month": ("*", "a month's paid credits come with the UTC month, on top of what is left"),
    "equip.conflicts": ("buddies.equip", "the keys of details in category_conflict"),
    "events.body": ("events.send", "the answer to POST /events nests the effects; switch event_body"),
    "events.retention": ("events.*", "an event id is remembered for ever; switch event_retention"),
    "events.transaction": ("events.send_batch", "a batch is one transaction; switch batch_transaction"),
    "health.paths": ("health*", "the paths of /health, and their bodies"),
    "ids.uuids": ("*", "ids of other things than buddies are UUIDs, too"),
    "limits.headers": ("*", "the suffixes of X-RateLimit-*"),
    "limits.refused": ("*", "a refused request costs nothing"),
    "limits.window": ("*", "X-RateLimit-* describe the minute"),
    "operations.types": (
        "operations.get eggs.hatch buddies.evolve buddies.equip buddies.rerender_appearance",
        "the types hatch, evolve, equip and rerender",
    ),
    "pages": ("*.list buddies.evolutions credits.ledger webhooks.deliveries", "20 to a page, 100 at most"),
    "paths.order": ("events.* paths.*", "the sub-steps of a step come in order"),
    "quota.headers": (
        "events.*",
        "the suffixes of X-Event-Quota-*, and that only the event routes send them, whatever they answer",
    ),
    "sessions.claims": ("widget_sessions.create embed_tokens.create", "the claims of tokens"),
    "skills.changes": ("buddies.update_skills", "the names updates, amount and value of a change by hand"),
    "validation.fields": ("*", "an entry of details.fields has field and message; switch field_errors"),
    "webhooks.4xx": ("webhooks.*", "a 4xx ends a delivery at once"),
    "webhooks.legacy": (
        "webhooks.*",
        "legacy: one eventId for all endpoints, a source event or manual, badgeId a key, awardedAt null, most bodies",
    ),
    "webhooks.replay": (
        "webhooks.replay webhooks.redeliver",
        "replay makes one attempt more under the same id, redeliver a delivery of its own",
    ),
    "webhooks.bodies": ("webhooks.*", "the bodies of token, badge, streak, evolution and usage webhooks"),
}
"""What most answers of some routes rest on: the ids of the routes, and the guess. Told, and never refused."""


@cache
def shared_by(route: str) -> tuple[str, ...]:
    """The names of `SHARED` on which answers of this route rest."""
    return tuple(name for name, (routes, _) in SHARED.items() if any(fnmatchcase(route, one) for one in routes.split()))


class Row(NamedTuple):
    """One line of the coverage page."""

    kind: str
    name: str
    confidence: str
    what: str


def page() -> Iterator[Row]:
    """Every route, every stated behaviour, and every guess."""
    for route in ALL_ROUTES.values():
        yield Row("route", route.id, route.confidence.value, f"{route.method} {route.path}")
    for name, (source, what) in STATED.items():
        yield Row("behaviour", name, Confidence.SEEN.value, f"{what} ({source})")
    inferred = Confidence.INFERRED.value
    for guesses, kind in ((ERRORS, "error"), (GUESSES, "behaviour")):
        for name, what in guesses.items():
            yield Row(kind, name, inferred, what)
    for name, (_, what) in SHARED.items():
        yield Row("shared", name, inferred, what)
