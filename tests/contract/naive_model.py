"""What the documentation says that Hatched does, as plainly as it can be written down.

It was written from the documentation alone, without a look at the emulator, so that the two can be
held against each other: whatever both misread is invisible, whatever one of them gets wrong is not.
Everything is recomputed from dicts and lists. `# silent:` marks a decision that the documentation leaves open.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from hatched.emulator import Condition, Rules

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PER_MINUTE_AND_DAY = {"free": (100, 5_000), "growth": (1_000, 50_000), "pro": (5_000, 250_000)}
EVENTS_PER_MONTH = {"free": 10_000, "growth": 500_000, "pro": 5_000_000}
MOST_WORN = 4
MOST_EGGS = 3  # silent: the value of the cap on active eggs
SHARED_CATEGORY = "accessory"


class Id(str):
    """An id of the model's making, which stands for whatever the emulator answers in its place."""

    __slots__ = ()


class Time(float):
    """A moment that the emulator may write as it likes, as long as it is ISO 8601 in UTC."""

    __slots__ = ()


class _Anything:
    def __repr__(self) -> str:
        return "ANY"


ANY: Any = _Anything()
"""What the documentation does not say, such as the address of a picture."""


class Call(NamedTuple):
    """One request, before ids are filled in."""

    method: str
    path: tuple[str, ...]
    body: Any = None
    query: dict[str, str] = {}  # noqa: RUF012  # never changed
    key: str | None = None
    idempotency_key: str | None = None


class Answer(NamedTuple):
    """One response. For an error `body` holds the `details` that are documented, and `names` the wrong properties."""

    status: int
    body: Any = None
    code: str | None = None
    names: tuple[str, ...] = ()
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed


class Refusal(Exception):
    """An error of the API."""

    def __init__(self, status: int, code: str, details: Any = None, names: tuple[str, ...] = (), **headers: str):
        super().__init__(code)
        self.answer = Answer(status, details or {}, code, names, headers)


def not_found() -> Refusal:
    return Refusal(404, "resource_not_found")


def conflict() -> Refusal:
    return Refusal(409, "conflict")


# ---- Periods ---------------------------------------------------------------------------------------------------------


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def period_start(kind: str, seconds: float) -> datetime:
    """The first moment of the UTC day, ISO week or calendar month around a moment."""
    day = moment(seconds).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if kind == "monthly" else day


def next_period(kind: str, start: datetime) -> datetime:
    return period_start(kind, (start + timedelta(days={"daily": 1, "weekly": 7, "monthly": 31}[kind])).timestamp())


# ---- Shapes of bodies ------------------------------------------------------------------------------------------------


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_string(value: Any) -> bool:
    return isinstance(value, str)  # silent: whether a reason may be empty


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_positive(value: Any) -> bool:
    return isinstance(value, int) and is_number(value) and value > 0  # silent: whether coins have fractions


def is_timestamp(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_uuid(value: Any) -> bool:
    return isinstance(value, Id) or (
        isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None
    )


def is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(is_uuid(one) for one in value)


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_place(value: Any) -> bool:
    return isinstance(value, int) and is_number(value) and value >= 0  # silent: whether places may be negative


def is_one_of(*words: str) -> Any:
    return lambda value: isinstance(value, str) and value in words


def is_path_condition(value: Any) -> bool:
    return is_object(value) and not wrong_names(value, {"type": is_one_of(*PATH_CONDITIONS), "config": is_object})


PATH_CONDITIONS = (
    *("event_count", "milestone", "streak", "skill_level", "collection"),
    *("evolution", "coin", "badge_earned", "gate_unlocked", "custom"),
)
PATH = {
    "audience?": is_text,
    "key": is_text,
    "label": is_text,
    "description?": is_string,
    "icon?": is_one_of("path", "flame", "heart", "bolt", "star", "leaf"),
    "accent_color?": is_string,
    "display_mode?": is_one_of("straight", "zigzag", "stepper"),
    "is_active?": is_flag,
}
PART = {
    "key": is_text,
    "label": is_text,
    "description?": is_string,
    "ordinal": is_place,
    "completion_condition?": is_path_condition,
    "reward_coins?": is_place,
    "reward_badge_key?": is_text,
    "is_active?": is_flag,
}
STEP = PART | {"icon?": is_string, "unlock_condition?": is_path_condition}  # silent: what an unlock condition is
SUB_STEP = PART | {
    "allow_manual_complete?": is_flag,
    "allow_skip_ahead?": is_flag,
    "content_url?": is_string,
    "cta_label?": is_string,
}
SCOPES = (
    *("read", "events:track", "marketplace:browse", "marketplace:purchase"),
    *("items:equip", "feed:react", "mysterybox:claim", "kudos:send"),
)
WEBHOOKS = (
    *("buddy.hatched", "buddy.evolved", "coins.earned", "coins.spent", "token.earned", "token.spent"),
    *("skill.decayed", "badge.awarded", "badge.ready", "streak.milestone", "evolution.ready"),
    "usage.threshold_reached",
)
PAUSES = (5, 30, 300)  # seconds before the second, third and fourth attempt at a delivery


def is_some_of(*words: str) -> Any:
    return lambda value: isinstance(value, list) and value != [] and all(one in words for one in value)


def is_seconds(most: int) -> Any:
    """silent: a longer life is refused, not cut."""
    return lambda value: isinstance(value, int) and is_number(value) and 1 <= value <= most


def is_address(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"https?://\w", value) is not None


ORDERING = {"ordering": lambda value: isinstance(value, list)}
PLACE = {"id": is_uuid, "ordinal": is_place}


MAY_BE_NULL = (
    *("description", "icon", "reward_badge_key", "unlock_condition"),
    *("completion_condition", "content_url", "cta_label"),
)


def changed(body: dict[str, Any], *may_be_null: str) -> dict[str, Any]:
    """silent: `null` empties what may be null in an answer, and leaves anything else as it is."""
    return {name: value for name, value in body.items() if value is not None or name in may_be_null}


def changes(shape: dict[str, Any]) -> dict[str, Any]:
    """The body of an update: everything is optional."""
    return {name.removesuffix("?") + "?": fits for name, fits in shape.items()}


EVENT = {
    "event_id?": is_text,
    "user_id": is_text,
    "type": is_text,
    "audience?": is_text,  # silent: whether the form is checked before the audience is looked up
    "occurred_at?": is_timestamp,
    "properties?": is_object,
}
SHAPES = {
    ("POST", "eggs"): {"user_id": is_text, "metadata?": is_object},
    ("PATCH", "eggs", "*", "status"): {"status": lambda value: value in ("ready", "cancelled")},
    ("POST", "eggs", "*", "hatch"): {},
    ("PATCH", "buddies", "*"): {"name": is_text},
    ("POST", "buddies", "*", "archive"): {},
    ("POST", "buddies", "*", "coins"): {
        "amount": is_positive,
        "reason": is_string,
        "reference_id?": is_text,
        "token?": is_text,
    },
    ("POST", "buddies", "*", "coins", "spend"): {
        "amount": is_positive,
        "reason": is_string,
        "item_id?": is_text,
        "token?": is_text,
    },
    ("POST", "buddies", "*", "badges"): {"badge_key": is_text, "reason?": is_string},
    ("PATCH", "buddies", "*", "skills"): {"updates": lambda value: isinstance(value, list) and value != []},
    ("POST", "buddies", "*", "equip"): {"equip?": is_ids, "unequip?": is_ids},
    ("POST", "buddies", "*", "evolve"): {},
    ("POST", "buddies", "*", "items", "*", "purchase"): {},
    ("POST", "buddies", "*", "gates", "*", "unlock"): {},
    ("POST", "events"): EVENT,
    ("POST", "events", "batch"): {"events": lambda value: isinstance(value, list) and 1 <= len(value) <= 100},
    ("POST", "paths"): PATH,
    ("PATCH", "paths", "*"): changes(PATH),
    ("DELETE", "paths", "*"): {},
    ("PATCH", "paths", "*", "active"): {"is_active": is_flag},
    ("POST", "paths", "*", "steps"): STEP,
    ("PATCH", "paths", "*", "steps", "reorder"): ORDERING,
    ("PATCH", "paths", "*", "steps", "*"): changes(STEP),
    ("DELETE", "paths", "*", "steps", "*"): {},
    ("POST", "paths", "*", "steps", "*", "sub-steps"): SUB_STEP,
    ("PATCH", "paths", "*", "steps", "*", "sub-steps", "reorder"): ORDERING,
    ("PATCH", "paths", "*", "steps", "*", "sub-steps", "*"): changes(SUB_STEP),
    ("DELETE", "paths", "*", "steps", "*", "sub-steps", "*"): {},
    ("POST", "buddies", "*", "paths", "*", "sub-steps", "*", "complete"): {},
    ("POST", "embed-tokens"): {"buddy_id": is_uuid, "user_id": is_text, "ttl_seconds?": is_seconds(DAY)},
    ("POST", "widget-sessions"): {
        "buddy_id": is_uuid,
        "user_id": is_text,
        "scopes": is_some_of(*SCOPES),
        "ttl_seconds?": is_seconds(HOUR),
    },
    ("DELETE", "widget-sessions", "*"): {},
    ("POST", "webhook-configs"): {"url": is_address, "events": is_some_of(*WEBHOOKS), "description?": is_string},
    ("DELETE", "webhook-configs", "*"): {},
    ("POST", "webhook-configs", "*", "deliveries", "*", "replay"): {},
    ("POST", "webhook-configs", "*", "deliveries", "*", "redeliver"): {},
    ("POST", "buddies", "*", "appearance", "rerender"): {},
}
READS = [
    ("GET", "health"),
    ("GET", "eggs"),
    ("GET", "eggs", "*"),
    ("GET", "operations", "*"),
    ("GET", "buddies"),
    ("GET", "buddies", "*"),
    ("GET", "buddies", "*", "badges"),
    ("GET", "buddies", "*", "items"),
    ("GET", "buddies", "*", "tokens"),
    ("GET", "buddies", "*", "progression"),
    ("GET", "buddies", "*", "evolution"),
    ("GET", "buddies", "*", "evolutions"),
    ("GET", "buddies", "*", "unlocks"),
    ("GET", "users", "*", "summary"),
    ("GET", "gates"),
    ("GET", "webhook-configs"),
    ("GET", "webhook-configs", "*", "deliveries"),
    ("GET", "paths"),
    ("GET", "paths", "*"),
    ("GET", "buddies", "*", "paths", "*"),
]
QUERIES = {
    ("GET", "eggs"): {"user_id", "status", "page", "limit"},
    ("GET", "buddies"): {"user_id", "status", "evolution_stage", "page", "limit", "sort", "order"},
    ("GET", "buddies", "*", "evolutions"): {"page", "limit"},
    ("POST", "eggs"): {"ensure"},
    ("GET", "paths"): {"audience"},
    ("GET", "webhook-configs", "*", "deliveries"): {"status", "cursor", "limit"},
}


def wrong_names(body: Any, shape: dict[str, Any]) -> list[str]:
    """The properties of a body that are missing, malformed or unknown; a body that is no object has them all."""
    known = {name.removesuffix("?") for name in shape}
    if not isinstance(body, dict):
        return [""]
    wrong = [name for name in body if name not in known]
    for name, fits in shape.items():
        bare = name.removesuffix("?")
        if bare in body:
            # silent: `null` stands for an optional property that is left out
            wrong += [] if fits(body[bare]) or (name != bare and body[bare] is None) else [bare]
        elif name == bare:
            wrong.append(bare)
    return wrong


# ---- The model -------------------------------------------------------------------------------------------------------


class NaiveHatched:
    """Hatched with one set of rules for all of its customers."""

    def __init__(
        self,
        rules: Rules,
        *,
        plan: str,
        operation_seconds: float,
        event_retention: float | None,
        now: float,
        item_ids: dict[str, dict[str, str]],
    ) -> None:
        self.rules = rules
        self.plan = plan
        self.operation_seconds = operation_seconds
        self.now = now
        self.keys: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, list[float]] = {}
        self.applied: list[dict[str, Any]] = []  # the events of all customers, in order
        self.made = 0
        self.item_ids = item_ids
        self.event_retention = event_retention
        self.receiver = 200  # what every webhook is answered with
        self.failures: dict[str, list[str]] = {}  # reasons of operations that are to fail, by type

    def add_key(self, key: str, customer: str, scopes: tuple[str, ...] | None = None) -> None:
        self.keys[key] = {"customer": customer, "scopes": scopes}
        blank: dict[str, Any] = {
            "id": Id(f"customer:{customer}"),
            "config": Id(f"config:{customer}"),
            "eggs": {},
            "buddies": {},
            "operations": {},
            "events": {},
            "drawn": set(),  # pictures: buddy, stage, items
            "to_evolve": [],
            "paths": {},
            "sessions": {},
            "hooks": {},
            "heard": {},  # when each event came
            "quota": {},
            "replies": {},
        }
        self.customers.setdefault(customer, blank)

    def advance(self, seconds: float) -> None:
        """Moves on; what falls due on the way happens at its time."""
        until = self.now + seconds
        while due := [(at, number, work) for number, (at, work) in enumerate(self.works()) if at <= until]:
            self.now, _, work = min(due, key=lambda one: one[:2])
            work()
        self.now = until

    def works(self) -> list[tuple[float, Any]]:
        """What is to be done, and when: operations, and attempts at deliveries."""
        works: list[tuple[float, Any]] = []
        for customer in self.customers.values():
            for operation in customer["operations"].values():
                if not operation["over"]:
                    works.append((operation["due"], partial(self.finish, operation)))
            for hook in customer["hooks"].values():
                for delivery in hook["deliveries"]:
                    if delivery["status"] == "pending":
                        works.append((delivery["due"], partial(self.attempt, delivery)))
        return works

    def new_id(self, kind: str) -> Id:
        self.made += 1
        return Id(f"{kind}:{self.made}")

    # ---- From the request to the answer: authentication, rate limit, replay, validation, domain ----

    def handle(self, call: Call) -> Answer:
        try:
            answer = self.answer(call)
        except Refusal as refusal:
            answer = refusal.answer
        self.advance(0)  # the first attempts at what the request had to tell
        return answer

    def answer(self, call: Call) -> Answer:
        route = self.route(call)
        customer, principal, limits = self.authenticate(call, route)
        rate = self.count_request(principal, limits)
        try:
            answer = self.replay_or_run(call, route, customer)
        except Refusal as refusal:
            answer = refusal.answer
        quota = self.quota_headers(customer) if route[1] == "events" else {}  # silent: which responses have it
        return answer._replace(headers={**answer.headers, **quota, **rate})

    def route(self, call: Call) -> tuple[str, ...]:
        for route in [*SHAPES, *READS]:
            if len(route) == len(call.path) + 1 and all(
                mine in ("*", theirs) for mine, theirs in zip(route, (call.method, *call.path), strict=True)
            ):
                return route
        raise not_found()

    def authenticate(self, call: Call, route: tuple[str, ...]) -> tuple[Any, str, tuple[int, int]]:
        """The customer, and the bucket of requests with its two limits."""
        key = self.keys.get(call.key or "")
        if route == ("GET", "health") and key is None:
            return None, "nobody", (20, 200)
        if key is None:
            raise Refusal(401, "unauthorized")
        per_minute, per_day = PER_MINUTE_AND_DAY[self.plan]
        bucket = f"{call.key}"
        if key["scopes"] is not None:
            needed = {
                ("GET", "buddies"): "read:buddies",
                ("GET", "users"): "read:buddies",
                ("GET", "operations"): "read:operations",
                ("POST", "embed-tokens"): "write:embed-tokens",
            }.get((call.method, call.path[0]))
            if call.path[-1] == "unlocks" or "paths" in call.path:
                needed = None  # of the gates' and paths' resources, which no publishable key may use
            if route != ("GET", "health") and needed not in key["scopes"]:
                raise Refusal(403, "publishable_key_scope")
            per_minute, per_day = 200, 10_000  # silent: also for the routes that have three times the plan's
        elif call.path[0] in ("embed-tokens", "widget-sessions"):
            per_minute, per_day = 3 * per_minute, 3 * per_day
        if call.path[0] in ("embed-tokens", "widget-sessions"):
            bucket += " for widgets"
        return self.customers[key["customer"]], bucket, (per_minute, per_day)

    def count_request(self, bucket: str, limits: tuple[int, int]) -> dict[str, str]:
        """Lets the request in, if both sliding windows have room; `Retry-After` is the whole of the full window."""
        seen = self.requests.setdefault(bucket, [])

        def within(window: float) -> int:
            """A request is outside once it is exactly as old as the window: `Retry-After` would be a lie otherwise."""
            return len(seen) - bisect_right(seen, self.now - window)

        for window, limit in ((DAY, limits[1]), (MINUTE, limits[0])):
            if within(window) >= limit:
                raise Refusal(429, "rate_limited", **{"Retry-After": str(window)})
        seen.append(self.now)  # silent: a refused request does not count
        return {"X-RateLimit-Limit": str(limits[0]), "X-RateLimit-Remaining": str(limits[0] - within(MINUTE))}

    def replay_or_run(self, call: Call, route: tuple[str, ...], customer: Any) -> Answer:
        if call.idempotency_key is None or call.method == "GET":
            return self.run(call, route, customer)
        fingerprint = (call.method, call.path, call.body)
        stored = customer["replies"].get(call.idempotency_key)
        if stored and self.now - stored["at"] < DAY:
            if stored["fingerprint"] != fingerprint:
                raise Refusal(409, "idempotency_key_conflict")
            return stored["answer"]._replace(headers={"Idempotency-Replayed": "true"})
        answer = self.run(call, route, customer)
        customer["replies"][call.idempotency_key] = {"at": self.now, "fingerprint": fingerprint, "answer": answer}
        return answer

    def run(self, call: Call, route: tuple[str, ...], customer: Any) -> Answer:
        wrong = [name for name in call.query if name not in QUERIES.get(route, ())]
        if route in SHAPES:
            wrong += wrong_names({} if call.body is None else call.body, SHAPES[route])
            if route == ("POST", "events", "batch") and not wrong:
                wrong += [name for event in call.body["events"] for name in wrong_names(event, EVENT)]
            if route == ("PATCH", "buddies", "*", "skills") and not wrong:
                wrong += [name for update in call.body["updates"] for name in self.wrong_update(update)]
            if route[-1] == "reorder" and not wrong:
                wrong += [name for place in call.body["ordering"] for name in wrong_names(place, PLACE)]
        if wrong:
            raise Refusal(422, "validation_failed", names=tuple(wrong))
        words = [route[0].lower(), *(word.replace("-", "_") for word in route[1:] if word != "*")]
        name = "_".join(words + ["one"] * (route[-1] == "*"))
        arguments = [mine for mine, word in zip(call.path, route[1:], strict=True) if word == "*"]
        handler = getattr(self, name)
        if route[0] == "GET":
            return Answer(200, handler(customer, *arguments, **call.query))
        status, body = handler(customer, *arguments, call.body or {}, **call.query)
        return Answer(status, body)

    def quota_headers(self, customer: Any) -> dict[str, str]:
        used = customer["quota"].get(period_start("monthly", self.now), 0)
        return {"X-Event-Quota-Limit": str(EVENTS_PER_MONTH[self.plan]), "X-Event-Quota-Used": str(used)}

    def wrong_update(self, update: Any) -> list[str]:
        action = update.get("action") if isinstance(update, dict) else None
        needed = "value" if action == "set" else "amount"
        shape = {"key": is_text, "action": lambda value: value in ("increase", "decrease", "set"), needed: is_number}
        return wrong_names(update, shape)

    def check_plan(self, *needed: str) -> None:
        """The marketplace and evolution begin with Growth, paths with Pro."""
        plans = needed or ("growth", "pro")
        if self.plan not in plans:
            raise Refusal(403, "plan_feature_locked", {"required_plan": plans[0], "current_plan": self.plan})

    # ---- Eggs and operations ----

    def get_health(self, customer: Any) -> Any:
        return ANY

    def post_eggs(self, customer: Any, body: Any, ensure: str = "false") -> tuple[int, Any]:
        metadata = body.get("metadata") or {}
        audience = self.audience(
            metadata.get("audience") or self.rules.audiences[0]
        )  # silent: the first if none is sent
        active = [
            egg
            for egg in customer["eggs"].values()
            if egg["user_id"] == body["user_id"] and egg["status"] in ("waiting", "ready", "hatching")
        ]
        usable = [egg for egg in active if egg["status"] != "hatching" and egg["audience"] == audience]
        if ensure == "true" and usable:
            return 200, self.egg_body(usable[-1])
        if len(active) >= MOST_EGGS:
            shown = [
                {"egg_id": egg["id"], "status": egg["status"], "created_at": Time(egg["created"])} for egg in active
            ]
            raise Refusal(409, "active_egg_limit", {"max": MOST_EGGS, "active": shown})
        egg = {
            "id": self.new_id("egg"),
            "user_id": body["user_id"],
            "status": "waiting",
            "config": customer["config"],
            "buddy_id": None,
            "metadata": metadata,
            "audience": audience,
            "created": self.now,
        }
        customer["eggs"][egg["id"]] = egg
        return 201, self.egg_body(egg)

    def egg_body(self, egg: Any) -> Any:
        return {
            "egg_id": egg["id"],
            "user_id": egg["user_id"],
            "status": egg["status"],
            "visual_variant": ANY,
            "config_version_id": egg["config"],
            "buddy_id": egg["buddy_id"],
            "metadata": egg["metadata"],
            "created_at": Time(egg["created"]),
        }

    def find(self, things: Any, id: str) -> Any:
        if id not in things:
            raise not_found()
        return things[id]

    def get_eggs(self, customer: Any, user_id: Any = None, status: Any = None, page: Any = 1, limit: Any = 20) -> Any:
        found = [
            self.egg_body(egg)
            for egg in customer["eggs"].values()
            if user_id in (None, egg["user_id"]) and status in (None, egg["status"])
        ]
        return found[(int(page) - 1) * int(limit) :][: int(limit)]

    def get_eggs_one(self, customer: Any, egg_id: str) -> Any:
        return self.egg_body(self.find(customer["eggs"], egg_id))

    def patch_eggs_status(self, customer: Any, egg_id: str, body: Any) -> tuple[int, Any]:
        egg = self.find(customer["eggs"], egg_id)
        before, after = egg["status"], body["status"]
        # silent: to ask for the status that an egg has is no conflict
        if before != after and (before, after) not in (
            ("waiting", "ready"),
            ("waiting", "cancelled"),
            ("ready", "cancelled"),
        ):
            raise conflict()
        egg["status"] = after
        return 200, {"egg_id": egg_id, "status": after, "previous_status": before}

    def post_eggs_hatch(self, customer: Any, egg_id: str, body: Any) -> tuple[int, Any]:
        egg = self.find(customer["eggs"], egg_id)
        if egg["status"] != "ready":
            raise conflict()
        # One buddy for each user and audience. silent: that the second hatch fails, not the second egg.
        hatching = [
            other
            for other in customer["eggs"].values()
            if other["status"] == "hatching"
            and (other["user_id"], other["audience"]) == (egg["user_id"], egg["audience"])
        ]
        if hatching or self.buddy_of(customer, egg["user_id"], egg["audience"]):
            raise conflict()
        egg["status"] = "hatching"
        return 202, self.start(customer, "hatch", egg=egg)

    def start(self, customer: Any, type: str, **subject: Any) -> Any:
        """Begins an operation; `due` is when its work is done."""
        operation = {
            "id": self.new_id("operation"),
            "type": type,
            "customer": customer,
            "started": self.now,
            "due": self.now + self.operation_seconds,
            "over": False,
            "result": None,
            "error": self.failures[type].pop(0) if self.failures.get(type) else None,
            **subject,
        }
        customer["operations"][operation["id"]] = operation
        if self.operation_seconds == 0:
            self.finish(operation)
        return {"operation_id": operation["id"], "status": "pending"}

    def finish(self, operation: Any) -> None:
        operation["over"] = True
        customer, buddy = operation["customer"], operation.get("buddy")
        match operation["type"], operation["error"]:
            case "hatch", None:
                egg = operation["egg"]
                buddy = self.new_buddy(customer, egg)
                egg["status"], egg["buddy_id"] = "hatched", buddy["id"]
                operation["result"] = {"buddy_id": buddy["id"], "egg_id": egg["id"]}
                self.tell(customer, "buddy.hatched")
                return
            case "hatch", _:
                operation["egg"]["status"] = "ready"  # silent
                return
            case "evolve", None:
                buddy["evolving"] = False
                self.next_stage(buddy, operation["event_id"])
                if buddy["worn"] and (buddy["id"], buddy["stage"], frozenset(buddy["worn"])) not in customer["drawn"]:
                    operation["result"] = ANY
                    self.start(customer, "equip", buddy=buddy)  # silent: what is worn is painted anew, by itself
                    return
            case "evolve", _:
                buddy["evolving"] = False  # silent: whose picture cannot be made stays what it was
                return
        operation["result"] = ANY
        buddy["failure"] = operation["error"]
        if operation["error"] is None:
            buddy["rendered"] = [] if operation["type"] == "rerender" else list(buddy["worn"])
            customer["drawn"].add((buddy["id"], buddy["stage"], frozenset(buddy["rendered"])))

    def get_operations_one(self, customer: Any, operation_id: str) -> Any:
        operation = self.find(customer["operations"], operation_id)
        half = operation["started"] + self.operation_seconds / 2
        status = "pending" if self.now < half else "processing"
        if operation["over"]:
            status = "completed" if operation["error"] is None else "failed"
        body = {
            "operation_id": operation_id,
            "type": operation["type"],
            "status": status,
            "created_at": Time(operation["started"]),
            "updated_at": ANY,
        }
        outcome = {"completed": {"result": operation["result"]}, "failed": {"error": operation["error"]}}
        return body | outcome.get(status, {})

    # ---- Buddies ----

    def new_buddy(self, customer: Any, egg: Any) -> Any:
        buddy: dict[str, Any] = {
            "id": self.new_id("buddy"),
            "customer": customer["id"],
            "user_id": egg["user_id"],
            "audience": egg["audience"],
            "config": egg["config"],
            "name": "Buddy",
            "stage": 1,
            "status": "active",
            "born": self.now,
            "balance": {"primary": 0, "progression": 0},
            "earned": {"primary": 0, "progression": 0},
            "spent": {"primary": 0, "progression": 0},
            "given": 0,  # primary tokens that came from no event
            "paid": [],  # by coin rules: rule key, when the event occurred, amount
            "skills": {skill.key: 0 for skill in self.rules.skills},
            "practised": {},
            "decayed_until": self.now,
            "counters": {},
            "streaks": {},
            "badges": {},
            "gates": {},
            "items": {},
            "worn": [],
            "evolutions": [],
            "evolving": False,
            "rendered": [],
            "failure": None,  # why the last picture was not made
            "walked": {},  # paths, steps, sub-steps: when each was completed
        }
        customer["buddies"][buddy["id"]] = buddy
        return buddy

    def buddy(self, customer: Any, buddy_id: str) -> Any:
        """An active buddy; archived ids answer 404."""
        buddy = self.find(customer["buddies"], buddy_id)
        if buddy["status"] == "archived":
            raise not_found()
        self.decay(buddy)
        return buddy

    def buddy_of(self, customer: Any, user_id: str, audience: str) -> Any:
        for buddy in customer["buddies"].values():
            if (buddy["user_id"], buddy["audience"], buddy["status"]) == (user_id, audience, "active"):
                return buddy
        return None

    def buddy_body(self, buddy: Any) -> Any:
        self.decay(buddy)
        items = {item.key: item for item in self.rules.items}
        ids = self.item_ids[buddy["customer"]]
        worn = [ids[key] for key in self.worn_in_order(buddy)]
        slots = {"primary": self.rules.primary, "progression": self.rules.progression}
        return {
            "id": buddy["id"],
            "customer_id": buddy["customer"],
            "user_id": buddy["user_id"],
            "audience": buddy["audience"],
            "name": buddy["name"],
            "config_version_id": buddy["config"],
            "evolution_stage": buddy["stage"],
            "coins": buddy["balance"]["primary"],
            "status": buddy["status"],
            "skills": dict(buddy["skills"]),
            "tokens": {token.key: buddy["balance"][slot] for slot, token in slots.items() if token},
            "progression": self.progression(buddy),
            "image_url": ANY,
            "base_image_url": ANY,
            "thumb_url": ANY,
            "equipped_items": [
                {
                    "item_id": ids[key],
                    "name": items[key].name,
                    "image_url": self.item_image(buddy, items[key]),
                }
                for key in self.worn_in_order(buddy)
            ],
            "appearance": ANY if self.operation_seconds else self.settled_appearance(buddy, worn),
            "created_at": Time(buddy["born"]),
            "updated_at": ANY,
        }

    def settled_appearance(self, buddy: Any, worn: list[str]) -> Any:
        failure = buddy["failure"]
        ids = self.item_ids[buddy["customer"]]
        return {
            "status": "ready" if failure is None else "failed",
            "operation_id": None,
            "desired_equipped_item_ids": worn,
            "rendered_equipped_item_ids": [one for one in worn if one in map(ids.get, buddy["rendered"])]
            if failure is None
            else ANY,
            "retryable": failure is not None,
            "message": failure,
            "error": failure and {"code": "needs_rerender", "message": ANY},
        }

    def worn_in_order(self, buddy: Any) -> list[str]:
        layers = ["background", "body", "feet", "hand", "neck", "face", "head", "accessory", "booster"]
        items = {item.key: item for item in self.rules.items}
        ids = self.item_ids[buddy["customer"]]
        return sorted(buddy["worn"], key=lambda key: (layers.index(items[key].category), ids[key]))

    def level(self, buddy: Any, key: str) -> int:
        skill = next(skill for skill in self.rules.skills if skill.key == key)
        return int(Fraction(buddy["skills"][key]) // Fraction(skill.level_every))

    def streak(self, buddy: Any, key: str, at: float) -> int:
        """Its length at a moment: a missed period has reset it, whether or not an event came since."""
        definition = next(streak for streak in self.rules.streaks if streak.key == key)
        state = buddy["streaks"].get(key)
        if state is None or next_period(definition.period, state["last"]) < period_start(definition.period, at):
            return 0
        return int(state["current"])

    def progression(self, buddy: Any) -> Any:
        levels = sum(self.level(buddy, skill.key) for skill in self.rules.skills)
        # silent: which of several streaks is told of here; the hero, or else the best of all
        streaks = [streak for streak in self.rules.streaks if streak.audience in (None, buddy["audience"])]
        streaks = [streak for streak in streaks if streak.hero] or streaks
        return {
            "xp": levels,
            "total_skill_level": levels,
            "badge_count": sum(badge["status"] == "awarded" for badge in buddy["badges"].values()),
            "item_count": len(buddy["items"]),
            "current_streak": max((self.streak(buddy, streak.key, self.now) for streak in streaks), default=0),
            "longest_streak": max(
                (buddy["streaks"][streak.key]["longest"] for streak in streaks if streak.key in buddy["streaks"]),
                default=0,
            ),
            "custom_counters": dict(buddy["counters"]),
        }

    def get_buddies(self, customer: Any, page: Any = 1, limit: Any = 20, **filters: str) -> Any:
        found = [
            self.buddy_body(buddy)
            for buddy in customer["buddies"].values()
            if filters.get("user_id") in (None, buddy["user_id"])
            and filters.get("status") in (None, buddy["status"])
            and filters.get("evolution_stage") in (None, str(buddy["stage"]))
        ]
        shown = found[(int(page) - 1) * int(limit) :][: int(limit)]
        return {"data": shown, "meta": {"total": len(found), "page": int(page), "limit": int(limit)}}

    def get_buddies_one(self, customer: Any, buddy_id: str) -> Any:
        return self.buddy_body(self.buddy(customer, buddy_id))

    def get_users_summary(self, customer: Any, user_id: str) -> Any:
        found = [buddy for buddy in customer["buddies"].values() if buddy["user_id"] == user_id]
        return {"user_id": user_id, "buddies": [self.buddy_body(buddy) for buddy in found]}

    def patch_buddies_one(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        buddy["name"] = body["name"]
        return 200, self.buddy_body(buddy)

    def post_buddies_archive(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        buddy["status"] = "archived"
        return 201, self.buddy_body(buddy)

    def get_buddies_progression(self, customer: Any, buddy_id: str) -> Any:
        return self.progression(self.buddy(customer, buddy_id))

    def post_embed_tokens(self, customer: Any, body: Any) -> tuple[int, Any]:
        if self.buddy(customer, body["buddy_id"])["user_id"] != body["user_id"]:
            raise not_found()  # silent: the buddy of another user
        expires = self.now + (body.get("ttl_seconds") or DAY)
        return 201, {"token": ANY, "expires_at": Time(expires), "mode": "read-only"}

    def post_widget_sessions(self, customer: Any, body: Any) -> tuple[int, Any]:
        if self.buddy(customer, body["buddy_id"])["user_id"] != body["user_id"]:
            raise not_found()  # silent: the buddy of another user
        expires, session_id = self.now + (body.get("ttl_seconds") or HOUR), self.new_id("session")
        customer["sessions"][session_id] = {"expires": expires, "revoked": False}
        return 201, {"token": ANY, "session_id": session_id, "expires_at": Time(expires), "scopes": body["scopes"]}

    def delete_widget_sessions_one(self, customer: Any, session_id: str, body: Any) -> tuple[int, Any]:
        self.find(customer["sessions"], session_id)["revoked"] = True  # silent: again is no error
        return 204, None

    def is_alive(self, session: Any) -> bool:
        return not session["revoked"] and self.now < session["expires"]

    # ---- Webhooks ----

    def tell(self, customer: Any, event: str) -> None:
        for hook in customer["hooks"].values():
            if event in hook["events"]:
                self.deliver(hook, event)

    def deliver(self, hook: Any, event: str) -> Any:
        delivery = {"id": self.new_id("delivery"), "event": event, "created": self.now, "last": None}
        hook["deliveries"].append(delivery | {"status": "pending", "attempts": 0, "due": self.now, "code": None})
        return hook["deliveries"][-1]

    def attempt(self, delivery: Any) -> None:
        delivery.update(attempts=delivery["attempts"] + 1, last=self.now, code=self.receiver)
        if self.receiver < 300:
            delivery["status"] = "success"
        elif 400 <= self.receiver < 500 or delivery["attempts"] > len(PAUSES):  # silent: how often after a 4xx
            delivery["status"] = "failed"
        else:
            delivery["due"] = self.now + PAUSES[delivery["attempts"] - 1]

    def hook_body(self, hook: Any) -> Any:
        shown = {name: hook[name] for name in ("id", "url", "events")}
        times = {"created_at": Time(hook["created"]), "updated_at": Time(hook["created"])}
        return shown | times | {"active": True, "status": "active", "masked_secret": ANY}

    def get_webhook_configs(self, customer: Any) -> Any:
        return [self.hook_body(hook) for hook in customer["hooks"].values()]

    def post_webhook_configs(self, customer: Any, body: Any) -> tuple[int, Any]:
        hook = {"id": self.new_id("hook"), "url": body["url"], "events": body["events"], "created": self.now}
        customer["hooks"][hook["id"]] = hook | {"deliveries": []}
        return 201, self.hook_body(hook) | {"secret": ANY}

    def delete_webhook_configs_one(self, customer: Any, hook_id: str, body: Any) -> tuple[int, Any]:
        self.find(customer["hooks"], hook_id)
        del customer["hooks"][hook_id]
        return 204, None

    def get_webhook_configs_deliveries(
        self, customer: Any, hook_id: str, status: Any = None, cursor: Any = None, limit: Any = 20
    ) -> Any:
        """The newest first. silent: what a cursor is; here it names the last that was shown."""
        found = [
            one for one in self.find(customer["hooks"], hook_id)["deliveries"][::-1] if status in (None, one["status"])
        ]
        if cursor is not None:
            shown = self.made_by(cursor)
            found = [one for one in found if self.made_by(one["id"]) < shown]
        more = len(found) > int(limit)
        found = found[: int(limit)]
        return {
            "data": [self.delivery_body(hook_id, one) for one in found],
            "next_cursor": Id(f"cursor:{self.made_by(found[-1]['id'])}") if more else None,
        }

    def made_by(self, id: str) -> int:
        return int(id.split(":")[1])

    def delivery_body(self, hook_id: str, delivery: Any) -> Any:
        return {
            "id": delivery["id"],
            "endpoint_id": hook_id,
            "event": delivery["event"],
            "event_type": delivery["event"],
            "status": delivery["status"],
            "response_code": delivery["code"],
            "response_status": delivery["code"],
            "attempt": delivery["attempts"],
            "attempts": delivery["attempts"],
            "duration_ms": ANY,
            "error_message": None if (delivery["code"] or 200) < 300 else ANY,
            "created_at": Time(delivery["created"]),
            "timestamp": Time(delivery["created"]),
            "last_attempt_at": None if delivery["last"] is None else Time(delivery["last"]),
        }

    def delivery(self, customer: Any, hook_id: str, delivery_id: str) -> Any:
        return self.find({one["id"]: one for one in self.find(customer["hooks"], hook_id)["deliveries"]}, delivery_id)

    def post_webhook_configs_deliveries_replay(
        self, customer: Any, hook_id: str, delivery_id: str, body: Any
    ) -> tuple[int, Any]:
        """silent: the same delivery is tried once more, at once."""
        self.delivery(customer, hook_id, delivery_id).update(status="pending", due=self.now)
        return 202, {"delivery_id": delivery_id, "status": "pending"}

    def post_webhook_configs_deliveries_redeliver(
        self, customer: Any, hook_id: str, delivery_id: str, body: Any
    ) -> tuple[int, Any]:
        """silent: a new delivery of the same body."""
        again = self.deliver(
            self.find(customer["hooks"], hook_id), self.delivery(customer, hook_id, delivery_id)["event"]
        )
        return 202, {"delivery_id": again["id"], "status": "pending"}

    # ---- Coins and tokens ----

    def earn(self, buddy: Any, slot: str, amount: float) -> float:
        """What really arrives: a token may have a highest balance."""
        token = self.rules.token(slot)  # type: ignore[arg-type]
        if token is None:
            return 0
        if token.max_balance is not None:
            amount = max(0, min(amount, token.max_balance - buddy["balance"][slot]))
        buddy["balance"][slot] += amount
        buddy["earned"][slot] += amount
        return amount

    def spend(self, buddy: Any, amount: float) -> None:
        if amount > buddy["balance"]["primary"]:
            raise Refusal(400, "insufficient_balance")
        buddy["balance"]["primary"] -= amount
        buddy["spent"]["primary"] += amount
        if amount > 0:
            self.tell(self.owner(buddy), "coins.spent")

    def owner(self, buddy: Any) -> Any:
        return next(customer for customer in self.customers.values() if customer["id"] == buddy["customer"])

    def slot_of(self, token_key: str | None) -> str:
        if token_key is None or (self.rules.primary and token_key == self.rules.primary.key):
            return "primary"
        if self.rules.progression and token_key == self.rules.progression.key:
            return "progression"
        raise not_found()  # silent: an unknown token

    def entry(self, buddy: Any, body: Any, slot: str, amount: float) -> Any:
        return {
            "buddy_id": buddy["id"],
            "amount": amount,
            "balance": buddy["balance"][slot],
            "reason": body["reason"],
            "reference_id": body.get("reference_id"),
            "ledger_id": self.new_id("ledger"),
            "is_lucky": False,
        }

    def post_buddies_coins(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        slot = self.slot_of(body.get("token"))
        arrived = self.earn(buddy, slot, body["amount"])
        buddy["given"] += arrived if slot == "primary" else 0
        return 201, self.entry(buddy, body, slot, arrived)

    def post_buddies_coins_spend(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        if self.slot_of(body.get("token")) == "progression":
            raise Refusal(422, "progression_not_spendable")
        self.spend(buddy, body["amount"])
        return 201, self.entry(buddy, body, "primary", body["amount"])

    def get_buddies_tokens(self, customer: Any, buddy_id: str) -> Any:
        buddy = self.buddy(customer, buddy_id)
        slots = {"primary": self.rules.primary, "progression": self.rules.progression}
        return {
            slot: token
            and {
                "kind": slot,
                "key": token.key,
                "label": token.label,
                "balance": buddy["balance"][slot],
                "lifetime_earned": buddy["earned"][slot],
                "lifetime_spent": buddy["spent"][slot],
            }
            for slot, token in slots.items()
        }

    # ---- Skills ----

    def decay(self, buddy: Any) -> None:
        """Takes the amount of every rule at each start of its period that has come since the last look."""
        if buddy["status"] == "archived":
            return  # silent: the skills of an archived buddy stay as they are
        midnight = period_start("daily", buddy["decayed_until"]) + timedelta(days=1)
        while midnight.timestamp() <= self.now:
            for rule in self.rules.decays:
                skill = next(skill for skill in self.rules.skills if skill.key == rule.skill_key)
                begins = midnight == period_start(rule.cadence, midnight.timestamp())
                practised = buddy["practised"].get(rule.skill_key, buddy["born"])
                # silent: days of grace are whole UTC days, and the day of the practice is none of them
                rested = (midnight - period_start("daily", practised)).days > rule.grace_days
                value = buddy["skills"][rule.skill_key]
                high = rule.apply_only_above is None or value > rule.apply_only_above
                if rule.active and rule.audience == buddy["audience"] and begins and rested and high:
                    floor = rule.floor_level * skill.level_every
                    buddy["skills"][rule.skill_key] = min(value, max(floor, value - rule.amount))
            midnight += timedelta(days=1)
        buddy["decayed_until"] = self.now

    def move_skill(self, buddy: Any, key: str, amount: float) -> None:
        highest = next(skill.max for skill in self.rules.skills if skill.key == key)
        buddy["skills"][key] = min(highest, max(0, buddy["skills"][key] + amount))

    def patch_buddies_skills(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        for update in body["updates"]:
            if update["key"] not in buddy["skills"]:
                raise not_found()  # silent: an unknown skill
        for update in body["updates"]:
            key = update["key"]
            if update["action"] == "set":
                self.move_skill(buddy, key, update["value"] - buddy["skills"][key])
            else:
                self.move_skill(buddy, key, update["amount"] * (1 if update["action"] == "increase" else -1))
        return 200, {"buddy_id": buddy_id, "skills": dict(buddy["skills"])}

    # ---- Events ----

    def audience(self, sent: Any) -> str:
        if sent is None:
            if len(self.rules.audiences) > 1:
                raise Refusal(400, "missing_audience")
            return self.rules.audiences[0]
        if sent not in self.rules.audiences:
            raise Refusal(400, "unknown_audience")
        return str(sent)

    def is_mentioned(self, customer: Any, type: str, audience: str) -> bool:
        """Whether a rule of the audience acts on the type."""
        rules: list[Any] = [*self.rules.coin_rules, *self.rules.skill_rules]
        mentioned = [rule.event for rule in rules if rule.audience in (None, audience)]
        mentioned += [
            event for streak in self.rules.streaks if streak.audience in (None, audience) for event in streak.events
        ]
        conditions = [badge.condition for badge in self.rules.badges if badge.audience in (None, audience)]
        conditions += [condition for stage in self.rules.evolution.stages for condition in stage.conditions]
        mentioned += [condition.config.get("event_type") for condition in conditions]
        for path in self.rivals(customer, audience):
            if path["is_active"]:  # silent
                parts = [part for step in in_use(path["parts"]) for part in (step, *in_use(step["parts"]))]
                found = [part.get(name) for part in parts for name in ("completion_condition", "unlock_condition")]
                mentioned += [condition["config"].get("event_type") for condition in found if condition]
        return type in mentioned

    def looks_at_everything(self, audience: str) -> bool:
        """Whether a rule of the audience looks at the properties of events of every type."""
        conditions = [badge.condition for badge in self.rules.badges if badge.audience in (None, audience)]
        return any(one.type == "custom" and "event_type" not in one.config for one in conditions)

    def post_events(self, customer: Any, body: Any) -> tuple[int, Any]:
        effects = self.ingest(customer, [body])[0]
        outside = {"debug_reason": effects["debug_reason"]} if "debug_reason" in effects else {}
        return 201, {"effects": effects, **outside}

    def post_events_batch(self, customer: Any, body: Any) -> tuple[int, Any]:
        return 201, {"results": self.ingest(customer, body["events"])}

    def ingest(self, customer: Any, events: list[Any]) -> list[Any]:
        """Checks all of them, then their quota, then applies one after the other; a known id is only looked up."""
        fresh = []
        for event in events:
            if self.is_known(customer, event.get("event_id")):
                continue
            audience = self.audience(event.get("audience"))
            if event["type"] not in self.rules.event_types and not self.is_mentioned(customer, event["type"], audience):
                raise Refusal(422, "event_type_not_registered")
            if event.get("event_id") is None or event["event_id"] not in fresh:
                fresh.append(event.get("event_id"))
        month, limit = period_start("monthly", self.now), EVENTS_PER_MONTH[self.plan]
        used = customer["quota"].get(month, 0)
        if used + len(fresh) > limit:
            reset = next_period("monthly", month).timestamp()
            raise Refusal(402, "event_quota_exceeded", {"used": used, "limit": limit, "reset_at": Time(reset)})
        customer["quota"][month] = used + len(fresh)
        results = []
        for event in events:
            results.append(self.take(customer, event))
            # silent: what an event sets in motion at once is there for the next one of its batch.
            while customer["to_evolve"]:
                self.start(customer, "evolve", **customer["to_evolve"].pop(0))
        return results

    def is_known(self, customer: Any, event_id: Any) -> bool:
        """Whether an event is a replay. silent: for how long."""
        if event_id not in customer["events"]:
            return False
        return self.event_retention is None or self.now - customer["heard"][event_id] < self.event_retention

    def take(self, customer: Any, event: Any) -> Any:
        event_id = event.get("event_id") or self.new_id("event")
        if self.is_known(customer, event_id):
            return customer["events"][event_id]
        audience = self.audience(event.get("audience"))
        buddy = self.buddy_of(customer, event["user_id"], audience)
        sent = event.get("occurred_at")
        occurred = datetime.fromisoformat(sent).timestamp() if sent else self.now
        if buddy is None:
            effects = no_effects() | {"debug_reason": "no_active_buddies_for_user"}
        else:
            effects = self.apply(customer, buddy, event | {"event_id": event_id}, occurred)
        customer["events"][event_id] = effects
        customer["heard"][event_id] = self.now
        self.applied.append(
            {
                "event_id": event_id,
                "user_id": event["user_id"],
                "type": event["type"],
                "audience": audience,
                "buddy_id": buddy and buddy["id"],
                "effects": effects,
                "occurred_at": occurred,
                "applied_at": self.now,
            }
        )
        return effects

    def apply(self, customer: Any, buddy: Any, event: Any, occurred: float) -> Any:
        self.decay(buddy)
        effects: dict[str, Any] = no_effects()
        audience, properties = buddy["audience"], event.get("properties") or {}
        units: list[float] = []  # of the progression token
        buddy["counters"][event["type"]] = buddy["counters"].get(event["type"], 0) + 1

        ticked = [streak for streak in self.rules.streaks if self.tick(buddy, streak, event, occurred)]
        # silent: where a token has a highest balance, who is paid first: streaks, then coin rules, then badges
        for streak in ticked:
            length = buddy["streaks"][streak.key]["current"]
            hits = [milestone for milestone in streak.milestones if milestone.at == length]
            effects["coins"] += self.earn(buddy, "primary", streak.bonus)
            for milestone in hits:
                effects["streak_milestones"].append(milestone.at)
                effects["coins"] += self.earn(buddy, "primary", milestone.coins)
                units.append(self.earn(buddy, "progression", milestone.tokens))
                if milestone.badge:
                    self.award(buddy, milestone.badge, effects, units)
            effects["streak_updates"].append(
                {
                    "definition_key": streak.key,
                    "label": streak.label,
                    "icon": streak.icon,
                    "current": length,
                    "longest": buddy["streaks"][streak.key]["longest"],
                    "milestone_hit": hits[0].at if hits else None,
                    "hero": streak.hero,
                }
            )
        for rule in self.rules.coin_rules:
            if rule.event != event["type"] or rule.audience not in (None, audience):
                continue
            amount = self.payment(buddy, rule, properties, occurred)
            arrived = self.earn(buddy, rule.slot, amount)
            buddy["paid"].append((rule.key, occurred, amount))  # silent: whether a cap counts what did not fit
            if rule.slot == "primary":
                effects["coins"] += arrived
            else:
                units.append(arrived)
        for rule in self.rules.skill_rules:
            if rule.event == event["type"] and rule.audience in (None, audience):
                self.move_skill(buddy, rule.skill, rule.amount)
                if rule.amount > 0:
                    buddy["practised"][rule.skill] = max(buddy["practised"].get(rule.skill, 0), occurred)
        self.walk_on(customer, buddy, effects, units, properties, occurred)  # silent: before badges are looked for
        self.look_for_badges(buddy, effects, units, properties, occurred)
        if self.rules.progression:
            # silent: one entry for each reason
            effects["tokens"] = [f"{self.rules.progression.key}:{count}" for count in units if count > 0]
        effects["evolution_ready"] = self.is_ready_to_evolve(buddy)
        if effects["evolution_ready"] and self.rules.evolution.auto and not buddy["evolving"] and self.plan != "free":
            buddy["evolving"] = True
            customer["to_evolve"].append({"buddy": buddy, "event_id": event["event_id"]})
        acted = effects | {"evolution_ready": False} != no_effects()  # being ready is no deed of this event
        looked_at = self.is_mentioned(customer, event["type"], audience) or self.looks_at_everything(audience)
        if not acted and not looked_at:
            effects["debug_reason"] = "no_matching_rules"
        return effects

    def tick(self, buddy: Any, streak: Any, event: Any, occurred: float) -> bool:
        """At most once per period; an event that comes late for a period before the last tick is too late."""
        if event["type"] not in streak.events or streak.audience not in (None, buddy["audience"]):
            return False
        here = period_start(streak.period, occurred)
        state = buddy["streaks"].setdefault(streak.key, {"current": 0, "longest": 0, "last": None})
        if state["last"] is not None and here <= state["last"]:
            return False
        follows = state["last"] is not None and here == next_period(streak.period, state["last"])
        state["current"] = state["current"] + 1 if follows else 1
        state["longest"] = max(state["longest"], state["current"])
        state["last"] = here
        return True

    def payment(self, buddy: Any, rule: Any, properties: Any, occurred: float) -> float:
        amount: float = rule.amount
        if rule.multiplier:
            more = rule.multiplier
            wanted = more.property is None or properties.get(more.property) == more.equals
            length = self.streak(buddy, more.streak, occurred) if more.streak else 0
            if wanted and (more.streak is None or length >= more.at_least):
                amount = int(Fraction(str(more.factor)) * amount)  # silent: fractions of a coin are dropped
        for kind, cap in (("daily", rule.daily_cap), ("weekly", rule.weekly_cap), ("ever", rule.total_limit)):
            if cap is not None:
                paid = sum(
                    coins
                    for key, at, coins in buddy["paid"]
                    if key == rule.key and (kind == "ever" or period_start(kind, at) == period_start(kind, occurred))
                )
                amount = max(0, min(amount, cap - paid))
        return amount

    # ---- Badges ----

    def holds(self, buddy: Any, condition: Condition, properties: Any, at: float) -> bool:
        """Whether it is met. silent: an event of the past meets the streaks that were alive then."""
        config = condition.config
        match condition.type:
            case "event_count" | "milestone":
                return bool(buddy["counters"].get(config["event_type"], 0) >= config["count"])
            case "streak":
                return self.streak(buddy, config["streak_key"], at) >= config["count"]
            case "skill_level":
                return self.level(buddy, config["skill_key"]) >= config["level"]
            case "collection":
                return len(buddy["items"]) >= config["count"]
            case "evolution":
                return bool(buddy["stage"] >= config["stage"])
            case "coin":
                return bool(buddy["balance"]["primary"] >= config["amount"])
            case "badge_earned":
                return bool(buddy["badges"].get(config["badge_key"], {}).get("status") == "awarded")
            case "gate_unlocked":
                return config["gate_key"] in buddy["gates"]
            case "custom":
                return bool(properties.get(config["property"]) == config.get("equals", True))
            case "xp":
                return bool(self.progression(buddy)["xp"] >= config["amount"])
            case "badge_count":
                return bool(self.progression(buddy)["badge_count"] >= config["count"])
            case "progression_token":
                return bool(buddy["balance"]["progression"] >= config["amount"])

    def look_for_badges(self, buddy: Any, effects: Any, units: list[float], properties: Any, at: float) -> None:
        # silent: one pass in the order of the rules; what a badge pays may earn the next one
        for badge in self.rules.badges:
            if badge.key in buddy["badges"] or badge.audience not in (None, buddy["audience"]):
                continue
            if self.holds(buddy, badge.condition, properties, at):
                if badge.auto_award:
                    self.award(buddy, badge.key, effects, units)
                else:
                    buddy["badges"][badge.key] = {"status": "ready", "reason": None, "at": None}
                    effects["badges_ready"].append(badge.key)

    def award(self, buddy: Any, key: str, effects: Any, units: list[float], reason: str | None = None) -> None:
        badge = next(badge for badge in self.rules.badges if badge.key == key)
        if buddy["badges"].get(key, {}).get("status") == "awarded":
            return
        buddy["badges"][key] = {"status": "awarded", "reason": reason, "at": self.now}
        effects["badges_awarded"].append(key)
        self.tell(self.owner(buddy), "badge.awarded")
        effects["coins"] += self.earn(buddy, "primary", badge.coin_reward)
        units.append(self.earn(buddy, "progression", badge.token_reward))

    def badge_body(self, buddy: Any, key: str) -> Any:
        badge = next(badge for badge in self.rules.badges if badge.key == key)
        state = buddy["badges"][key]
        at = state["at"]
        return {
            "badge_key": key,
            "label": badge.label,
            "status": state["status"],
            "reason": state["reason"],
            "awarded_at": None if at is None else Time(at),
        }

    def get_buddies_badges(self, customer: Any, buddy_id: str) -> Any:
        buddy = self.buddy(customer, buddy_id)
        return [self.badge_body(buddy, key) for key in buddy["badges"]]

    def badges_for(self, buddy: Any) -> list[str]:
        return [badge.key for badge in self.rules.badges if badge.audience in (None, buddy["audience"])]

    def post_buddies_badges(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        if body["badge_key"] not in self.badges_for(buddy):
            raise not_found()
        rewards = no_effects()
        self.award(buddy, body["badge_key"], rewards, [], body.get("reason"))
        buddy["given"] += rewards["coins"]
        return 201, self.badge_body(buddy, body["badge_key"])

    # ---- Evolution ----

    def is_ready_to_evolve(self, buddy: Any) -> bool:
        stages = self.rules.evolution.stages
        if buddy["stage"] > len(stages):
            return False
        return all(self.holds(buddy, condition, {}, self.now) for condition in stages[buddy["stage"] - 1].conditions)

    def get_buddies_evolution(self, customer: Any, buddy_id: str) -> Any:
        buddy = self.buddy(customer, buddy_id)
        last = len(self.rules.evolution.stages) + 1
        return {
            "buddy_id": buddy_id,
            "evolution_stage": buddy["stage"],
            "next_stage": buddy["stage"] + 1 if buddy["stage"] < last else None,
            "max_stage": last,
            "evolution_ready": self.is_ready_to_evolve(buddy),
        }

    def post_buddies_evolve(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        self.check_plan()
        buddy = self.buddy(customer, buddy_id)
        if not self.is_ready_to_evolve(buddy) or buddy["evolving"]:
            raise conflict()
        buddy["evolving"] = True
        return 202, self.start(customer, "evolve", buddy=buddy, event_id=None)

    def next_stage(self, buddy: Any, event_id: str | None) -> None:
        buddy["stage"] += 1
        self.tell(self.owner(buddy), "buddy.evolved")
        buddy["evolutions"].append(
            {
                "id": self.new_id("evolution"),
                "buddy_id": buddy["id"],
                "from_stage": buddy["stage"] - 1,
                "to_stage": buddy["stage"],
                "triggered_by_event_id": event_id,
                "image_url": ANY,
                "source": "auto" if event_id else "prod",
                "metadata": ANY,
                "occurred_at": Time(self.now),
            }
        )

    def get_buddies_evolutions(self, customer: Any, buddy_id: str, page: Any = 1, limit: Any = 20) -> Any:
        records = self.buddy(customer, buddy_id)["evolutions"][::-1]  # silent: the last one comes first
        shown = records[(int(page) - 1) * int(limit) :][: int(limit)]
        return {"data": shown, "pagination": {"page": int(page), "limit": int(limit), "total": len(records)}}

    # ---- Paths: what there is ----

    def get_paths(self, customer: Any, audience: Any = None) -> Any:
        self.check_plan("pro")
        return [self.path_body(path) for path in customer["paths"].values() if audience in (None, path["audience"])]

    def get_paths_one(self, customer: Any, path_id: str) -> Any:
        path = self.path(customer, path_id)
        steps = [
            self.part_body(step) | {"sub_steps": [self.part_body(part) for part in in_order(step["parts"])]}
            for step in in_order(path["parts"])
        ]
        return self.path_body(path) | {"steps": steps}

    def post_paths(self, customer: Any, body: Any) -> tuple[int, Any]:
        self.check_plan("pro")
        audience = self.audience(body.get("audience"))
        path = {
            "id": self.new_id("path"),
            "customer_id": customer["id"],
            "audience": None,
            "key": None,
            "label": None,
            "description": None,
            "icon": "path",
            "accent_color": None,
            "display_mode": "straight",  # silent
            "is_active": not any(path["is_active"] for path in self.rivals(customer, audience)),  # silent
            "created_at": Time(self.now),
            "updated_at": Time(self.now),
            "parts": [],
        }
        self.check_key(self.rivals(customer, audience), body["key"])
        customer["paths"][path["id"]] = path
        self.change_path(customer, path, body | {"audience": audience})
        return 201, self.path_body(path)

    def patch_paths_one(self, customer: Any, path_id: str, body: Any) -> tuple[int, Any]:
        path = self.path(customer, path_id)
        audience = path["audience"] if body.get("audience") is None else self.audience(body["audience"])
        others = [other for other in self.rivals(customer, audience) if other is not path]
        self.check_key(others, body.get("key") or path["key"])
        self.change_path(customer, path, body | {"audience": audience})
        return 200, self.path_body(path)

    def patch_paths_active(self, customer: Any, path_id: str, body: Any) -> tuple[int, Any]:
        path = self.path(customer, path_id)
        self.change_path(customer, path, body)
        return 200, self.path_body(path)

    def delete_paths_one(self, customer: Any, path_id: str, body: Any) -> tuple[int, Any]:
        self.path(customer, path_id)
        del customer["paths"][path_id]
        return 204, None

    def path(self, customer: Any, path_id: str) -> Any:
        self.check_plan("pro")
        return self.find(customer["paths"], path_id)

    def rivals(self, customer: Any, audience: str) -> list[Any]:
        return [path for path in customer["paths"].values() if path["audience"] == audience]

    def change_path(self, customer: Any, path: Any, body: Any) -> None:
        """Sets what is sent; of the paths of one audience one is active, the last that became so."""
        path.update(changed(body, "description", "accent_color"), updated_at=Time(self.now))
        if path["is_active"]:
            for other in self.rivals(customer, path["audience"]):
                if other is not path and other["is_active"]:
                    other.update(is_active=False, updated_at=Time(self.now))

    def check_key(self, others: Any, key: str) -> None:
        if key in [other["key"] for other in others]:
            raise conflict()  # silent: two of one key

    def path_body(self, path: Any) -> Any:
        return {name: value for name, value in path.items() if name != "parts"}

    def part_body(self, part: Any) -> Any:
        return {name: value for name, value in part.items() if name != "parts"}

    def steps(self, customer: Any, path_id: str) -> Any:
        return self.path(customer, path_id)["parts"]

    def step(self, customer: Any, path_id: str, step_id: str) -> Any:
        return self.find({step["id"]: step for step in self.steps(customer, path_id)}, step_id)

    def new_part(self, kind: str, owner: str, owner_id: str, body: Any, **blank: Any) -> Any:
        part = {
            "id": self.new_id(kind),
            owner: owner_id,
            "description": None,
            "completion_condition": None,
            "reward_coins": 0,
            "reward_badge_key": None,
            "is_active": True,
            "created_at": Time(self.now),
            "updated_at": Time(self.now),
            **blank,
        }
        return part | {name: value for name, value in body.items() if value is not None}

    def change_part(self, part: Any, body: Any) -> None:
        part.update(changed(body, *MAY_BE_NULL), updated_at=Time(self.now))

    def reorder(self, parts: Any, places: Any) -> list[Any]:
        known = {part["id"]: part for part in parts}
        for place in places:
            self.find(known, place["id"])
        for place in places:
            self.change_part(known[place["id"]], {"ordinal": place["ordinal"]})
        return [self.part_body(part) for part in in_order(parts)]

    def post_paths_steps(self, customer: Any, path_id: str, body: Any) -> tuple[int, Any]:
        steps = self.steps(customer, path_id)
        self.check_key(steps, body["key"])
        blank = {"icon": None, "unlock_condition": None, "parts": []}
        steps.append(self.new_part("step", "path_definition_id", path_id, body, **blank))
        return 201, self.part_body(steps[-1])

    def patch_paths_steps_one(self, customer: Any, path_id: str, step_id: str, body: Any) -> tuple[int, Any]:
        step = self.step(customer, path_id, step_id)
        self.check_key([other for other in self.steps(customer, path_id) if other is not step], body.get("key"))
        self.change_part(step, body)
        return 200, self.part_body(step)

    def delete_paths_steps_one(self, customer: Any, path_id: str, step_id: str, body: Any) -> tuple[int, Any]:
        self.steps(customer, path_id).remove(self.step(customer, path_id, step_id))
        return 204, None

    def patch_paths_steps_reorder(self, customer: Any, path_id: str, body: Any) -> tuple[int, Any]:
        return 200, self.reorder(self.steps(customer, path_id), body["ordering"])

    def sub_step(self, customer: Any, path_id: str, step_id: str, part_id: str) -> Any:
        return self.find({part["id"]: part for part in self.step(customer, path_id, step_id)["parts"]}, part_id)

    def post_paths_steps_sub_steps(self, customer: Any, path_id: str, step_id: str, body: Any) -> tuple[int, Any]:
        step = self.step(customer, path_id, step_id)
        self.check_key(step["parts"], body["key"])  # silent: two steps may have sub-steps of one key
        blank = {"allow_manual_complete": True, "allow_skip_ahead": False, "content_url": None, "cta_label": None}
        step["parts"].append(self.new_part("part", "path_step_id", step_id, body, **blank))
        return 201, self.part_body(step["parts"][-1])

    def patch_paths_steps_sub_steps_one(
        self, customer: Any, path_id: str, step_id: str, part_id: str, body: Any
    ) -> tuple[int, Any]:
        part = self.sub_step(customer, path_id, step_id, part_id)
        others = [other for other in self.step(customer, path_id, step_id)["parts"] if other is not part]
        self.check_key(others, body.get("key"))
        self.change_part(part, body)
        return 200, self.part_body(part)

    def delete_paths_steps_sub_steps_one(
        self, customer: Any, path_id: str, step_id: str, part_id: str, body: Any
    ) -> tuple[int, Any]:
        part = self.sub_step(customer, path_id, step_id, part_id)
        self.step(customer, path_id, step_id)["parts"].remove(part)
        return 204, None

    def patch_paths_steps_sub_steps_reorder(
        self, customer: Any, path_id: str, step_id: str, body: Any
    ) -> tuple[int, Any]:
        return 200, self.reorder(self.step(customer, path_id, step_id)["parts"], body["ordering"])

    # ---- Paths: how a buddy walks them ----

    def meets(self, buddy: Any, condition: Any, properties: Any, at: float) -> bool:
        return condition is not None and self.holds(
            buddy, Condition(condition["type"], condition["config"]), properties, at
        )

    def is_open(self, buddy: Any, steps: list[Any], number: int, properties: Any, at: float) -> bool:
        """Whether a step is unlocked."""
        if steps[number]["unlock_condition"] is not None:
            return self.meets(buddy, steps[number]["unlock_condition"], properties, at)
        return number == 0 or self.is_behind(buddy, steps[number - 1])

    def is_walked(self, buddy: Any, thing: Any) -> bool:
        """Whether a path, a step or a sub-step is completed. silent: it stays so, whatever is changed afterwards."""
        return thing["id"] in buddy["walked"]

    def is_behind(self, buddy: Any, step: Any) -> bool:
        """silent: a step is also over if what was left of it has been removed; one without sub-steps is not."""
        parts = in_use(step["parts"])
        return self.is_walked(buddy, step) or (parts != [] and all(self.is_walked(buddy, part) for part in parts))

    def close(self, buddy: Any, path: Any, step: Any, done: Any, effects: Any, units: list[float]) -> None:
        """The end of a step, and of the path if it was its last; each is rewarded once."""
        if not self.is_walked(buddy, step):
            buddy["walked"][step["id"]] = self.now
            done["step_completed"] = {"path_key": path["key"], "step_key": step["key"]} | reward(step)
            self.pay_reward(buddy, step, effects, units)
            if not self.is_walked(buddy, path) and all(self.is_behind(buddy, one) for one in in_use(path["parts"])):
                buddy["walked"][path["id"]] = self.now
                done["path_completed"] = {"path_key": path["key"]}

    def part_status(self, buddy: Any, step: Any, part: Any, is_open: bool) -> str:
        if self.is_walked(buddy, part):
            return "completed"
        parts = in_use(step["parts"])
        turn = part in parts and all(self.is_walked(buddy, before) for before in parts[: parts.index(part)])
        return "available" if is_open and (turn or part["allow_skip_ahead"]) else "locked"

    def walk_on(self, customer: Any, buddy: Any, effects: Any, units: list[float], properties: Any, at: float) -> None:
        """What an event completes on the active path, in one pass from its beginning."""
        for path in customer["paths"].values():
            if path["audience"] != buddy["audience"] or not path["is_active"]:
                continue
            steps = in_use(path["parts"])
            for number, step in enumerate(steps):
                if self.is_walked(buddy, step) or not self.is_open(buddy, steps, number, properties, at):
                    continue  # silent: what is added to a completed step waits for a hand
                whole = self.meets(buddy, step["completion_condition"], properties, at)
                for part in in_use(step["parts"]):
                    available = self.part_status(buddy, step, part, True) == "available"
                    if whole or (available and self.meets(buddy, part["completion_condition"], properties, at)):
                        self.complete(buddy, path, step, part, effects, units)
                if not self.is_walked(buddy, step) and (whole or self.is_behind(buddy, step)):
                    done = {"path_key": path["key"]}
                    self.close(buddy, path, step, done, effects, units)
                    effects["path_updates"].append(done)

    def complete(self, buddy: Any, path: Any, step: Any, part: Any, effects: Any, units: list[float]) -> None:
        """A sub-step, and the step and the path that end with it."""
        if self.is_walked(buddy, part):
            return
        buddy["walked"][part["id"]] = self.now
        names = {"path_key": path["key"], "step_key": step["key"]}
        done = {"path_key": path["key"], "sub_step_completed": names | {"sub_step_key": part["key"]} | reward(part)}
        self.pay_reward(buddy, part, effects, units)
        if all(self.is_walked(buddy, one) for one in in_use(step["parts"])):
            self.close(buddy, path, step, done, effects, units)
        effects["path_updates"].append(done)

    def pay_reward(self, buddy: Any, part: Any, effects: Any, units: list[float]) -> None:
        effects["coins"] += self.earn(buddy, "primary", part["reward_coins"])
        if part["reward_badge_key"] in self.badges_for(buddy):  # silent: a badge that the buddy cannot have
            self.award(buddy, part["reward_badge_key"], effects, units)

    def path_of(self, customer: Any, buddy: Any, key: str) -> Any:
        self.check_plan("pro")
        return self.find({path["key"]: path for path in self.rivals(customer, buddy["audience"])}, key)

    def get_buddies_paths_one(self, customer: Any, buddy_id: str, key: str) -> Any:
        self.check_plan("pro")
        buddy = self.buddy(customer, buddy_id)
        path = self.path_of(customer, buddy, key)
        steps = in_use(path["parts"])
        shown = []
        for number, step in enumerate(steps):
            is_open = self.is_open(buddy, steps, number, {}, self.now)
            parts = [
                self.seen(part, "path_step_id", "completion_condition")
                | {
                    "status": self.part_status(buddy, step, part, is_open),
                    "completed_at": self.walked_at(buddy, part),
                }
                for part in in_use(step["parts"])
            ]
            shown.append(
                self.seen(step, "path_definition_id", "completion_condition", "unlock_condition")
                | {"unlocked": is_open, "completed": self.is_behind(buddy, step), "sub_steps": parts}
            )
        current = [step["key"] for step in shown if step["unlocked"] and not step["completed"]]  # silent: locked ones
        names = ("key", "label", "description", "icon", "accent_color", "display_mode")
        return {
            "definition": {name: path[name] for name in names},
            "steps": shown,
            "current_step_key": current[0] if current else None,
            "completed": self.is_walked(buddy, path),
            "completed_at": self.walked_at(buddy, path),
        }

    def walked_at(self, buddy: Any, thing: Any) -> Any:
        return Time(buddy["walked"][thing["id"]]) if self.is_walked(buddy, thing) else None

    def seen(self, part: Any, *but: str) -> Any:
        """A step or sub-step as a buddy sees it."""
        hidden = (*but, "parts", "created_at", "updated_at")
        return {name: value for name, value in part.items() if name not in hidden}

    def post_buddies_paths_sub_steps_complete(
        self, customer: Any, buddy_id: str, key: str, part_key: str, body: Any
    ) -> tuple[int, Any]:
        self.check_plan("pro")
        buddy = self.buddy(customer, buddy_id)
        path = self.path_of(customer, buddy, key)
        steps = in_use(path["parts"])
        found = [(number, part) for number, step in enumerate(steps) for part in in_use(step["parts"])]
        found = [(number, part) for number, part in found if part["key"] == part_key]
        if not found:
            raise not_found()
        # silent: the first of several that is not completed
        number, part = next((one for one in found if not self.is_walked(buddy, one[1])), found[0])
        step = steps[number]
        already = self.is_walked(buddy, part)
        if not already:
            is_open = self.is_open(buddy, steps, number, {}, self.now)
            if not part["allow_manual_complete"] or self.part_status(buddy, step, part, is_open) == "locked":
                raise conflict()  # silent
            rewards = no_effects()
            self.complete(buddy, path, step, part, rewards, [])
            buddy["given"] += rewards["coins"]
        return 200 if already else 201, {
            "already_completed": already,
            "sub_step_key": part_key,
            "step_key": step["key"],
            "step_completed": self.is_behind(buddy, step),
            "path_completed": self.is_walked(buddy, path),
            "reward_coins": 0 if already else part["reward_coins"],  # silent
            "reward_badge_key": None if already else part["reward_badge_key"],
        }

    # ---- Gates ----

    def gates(self) -> dict[str, Any]:
        return {gate.key: gate for gate in self.rules.gates}

    def get_gates(self, customer: Any) -> Any:
        return {
            "gates": [
                {
                    "id": ANY,
                    "gate_key": gate.key,
                    "token_key": gate.token_key or (self.rules.primary and self.rules.primary.key),
                    "cost": gate.cost,
                    "label": gate.label,
                    "description": gate.description,
                    "metadata": dict(gate.metadata),
                    "is_active": gate.is_active,
                    "created_at": ANY,
                    "updated_at": ANY,
                }
                for gate in self.rules.gates
            ]
        }

    def post_buddies_gates_unlock(self, customer: Any, buddy_id: str, gate_key: str, body: Any) -> tuple[int, Any]:
        buddy, gate = self.buddy(customer, buddy_id), self.find(self.gates(), gate_key)
        already = gate_key in buddy["gates"]
        if not already:
            if not gate.is_active:
                raise not_found()  # silent: a gate that is switched off
            self.spend(buddy, gate.cost)
            buddy["gates"][gate_key] = self.now
        return 200 if already else 201, {
            "gate_key": gate_key,
            "unlocked": True,
            "already_unlocked": already,
            "unlocked_at": Time(buddy["gates"][gate_key]),
            "balance_after": None if already else buddy["balance"]["primary"],
            "metadata": dict(gate.metadata),
        }

    def get_buddies_unlocks(self, customer: Any, buddy_id: str) -> Any:
        unlocked = self.buddy(customer, buddy_id)["gates"]
        return {
            "unlocks": [
                {"gate_key": key, "unlocked_at": Time(at), "metadata": dict(self.gates()[key].metadata)}
                for key, at in unlocked.items()
            ]
        }

    # ---- Items ----

    def item(self, customer: Any, item_id: str) -> Any:
        """An item has another id for each customer."""
        for item in self.rules.items:
            if self.item_ids[customer["id"]][item.key] == item_id:
                return item
        raise not_found()

    def item_image(self, buddy: Any, item: Any) -> str | None:
        """silent: the picture of the stage goes before the one for every stage."""
        by_stage = {str(stage): item.image_url for stage in range(1, 6)} | dict(item.stage_image_urls)
        return by_stage[str(buddy["stage"])]

    def item_body(self, buddy: Any, item: Any) -> Any:
        return {
            "item_id": self.item_ids[buddy["customer"]][item.key],
            "name": item.name,
            "category": item.category,
            "image_url": self.item_image(buddy, item),
            "price": buddy["items"][item.key]["price"],
            "equipped": item.key in buddy["worn"],
            "purchased_at": Time(buddy["items"][item.key]["at"]),
        }

    def get_buddies_items(self, customer: Any, buddy_id: str) -> Any:
        buddy = self.buddy(customer, buddy_id)
        ids = self.item_ids[customer["id"]]
        return [self.item_body(buddy, self.item(customer, ids[key])) for key in buddy["items"]]

    def post_buddies_items_purchase(self, customer: Any, buddy_id: str, item_id: str, body: Any) -> tuple[int, Any]:
        self.check_plan()
        buddy, item = self.buddy(customer, buddy_id), self.item(customer, item_id)
        if item.audience not in (None, buddy["audience"]):
            raise not_found()
        if item.key in buddy["items"]:
            raise conflict()  # silent: an item is bought once
        if item.visible_if and not self.holds(buddy, item.visible_if, {}, self.now):
            raise not_found()
        if self.slot_of(item.token_key) == "progression":  # silent: how a price in tokens is written
            raise Refusal(422, "progression_not_spendable")
        self.spend(buddy, item.price)
        buddy["items"][item.key] = {"price": item.price, "at": self.now}
        return 201, self.item_body(buddy, item) | {"balance": buddy["balance"]["primary"]}

    def post_buddies_appearance_rerender(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        operation = self.start(customer, "rerender", buddy=buddy)["operation_id"]
        return 202, {"accepted": True, "operation_id": operation, "status": "pending", "appearance_status": "pending"}

    def post_buddies_equip(self, customer: Any, buddy_id: str, body: Any) -> tuple[int, Any]:
        buddy = self.buddy(customer, buddy_id)
        on = [self.item(customer, item_id) for item_id in dict.fromkeys(body.get("equip") or [])]
        off = [self.item(customer, item_id) for item_id in dict.fromkeys(body.get("unequip") or [])]
        if any(item.key not in buddy["items"] for item in on):
            raise not_found()  # silent: an item that the buddy does not own
        ids = self.item_ids[customer["id"]]
        worn = [self.item(customer, ids[key]) for key in buddy["worn"]]
        worn = [item for item in worn if item not in off]  # silent: what is in both lists is put on
        worn += [item for item in on if item not in worn]
        if len(worn) > MOST_WORN:  # silent: which of the two is looked at first
            raise Refusal(400, "too_many_items", {"max": MOST_WORN, "attempted": len(worn)})
        for item in worn:
            rivals = [ids[other.key] for other in worn if other.category == item.category]
            if item.category != SHARED_CATEGORY and len(rivals) > 1:
                raise Refusal(400, "category_conflict", {"category": item.category, "conflicting_item_ids": ANY})
        buddy["worn"] = [item.key for item in worn]
        if self.operation_seconds:
            return 202, ANY
        picture = (buddy_id, buddy["stage"], frozenset(buddy["worn"]))
        # silent: what is in the cache; here whatever this buddy has looked like, in the clothes of nobody to begin with
        cached = not worn or picture in customer["drawn"]
        if cached:
            buddy["rendered"], buddy["failure"] = list(buddy["worn"]), None
        operation = None if cached else self.start(customer, "equip", buddy=buddy)["operation_id"]
        return 202, {
            "accepted": True,
            "operation_id": operation,
            "status": "completed" if cached else "pending",
            "appearance_status": "ready" if cached else "pending",
            "cached": cached,
        }


def in_order(parts: list[Any]) -> list[Any]:
    return sorted(parts, key=lambda part: int(part["ordinal"]))


def in_use(parts: list[Any]) -> list[Any]:
    return [part for part in in_order(parts) if part["is_active"]]


def reward(part: Any) -> dict[str, Any]:
    return {"reward_coins": part["reward_coins"], "reward_badge_key": part["reward_badge_key"]}


def no_effects() -> dict[str, Any]:
    return {
        "coins": 0,
        "badges_awarded": [],
        "badges_ready": [],
        "tokens": [],
        "evolution_ready": False,
        "streak_milestones": [],
        "streak_updates": [],
        "path_updates": [],
    }
