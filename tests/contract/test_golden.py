"""SDK and emulator against the golden vectors of tests/data/golden.

Each vector is a fact of the documents: a body, a status, a header, a code or a number. What concerns both
sides is tested on both: the SDK decodes and sends it, and the emulator answers it.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import attrs
import httpx
import pytest

import hatched
from hatched import codec, errors, models, routes, webhooks
from hatched.emulator import (
    Badge,
    Clock,
    CoinRule,
    Condition,
    Decay,
    Evolution,
    Gate,
    Item,
    Milestone,
    Operations,
    Response,
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
    WebhookRequest,
    router,
)
from hatched.emulator.auth import Principal
from hatched.emulator.clock import month_of, parse_time
from hatched.emulator.delivery import enqueue, signature
from hatched.emulator.errors import ApiError
from hatched.emulator.plans import find
from hatched.emulator.ratelimit import RateLimiter
from hatched.emulator.receivers import receiver
from tests.contract.golden import DOCUMENTS, GROUPS, USED, Vector, cases, section
from tests.emulator.support import Api

KEY = "hatch_test_golden"
BASE = "http://localhost/api/v1"
UUID_RE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MAPS = {"metadata", "skills", "tokens", "custom_counters", "config", "unlock_condition", "error", "result"}
"""Fields whose content belongs to the caller, or is of any shape."""


# --- the client under test ---------------------------------------------------------------------------


def client(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Any:
    """A client whose requests are answered by a function, and whose waits take no time."""
    key = {} if "publishable_key" in options else {"api_key": KEY}
    settings: dict[str, Any] = {"base_url": BASE, "clock": Clock(), **key, **options}
    if settings["base_url"] is None:
        del settings["base_url"]
    return hatched.HatchedClient(http_client=httpx.Client(transport=httpx.MockTransport(answer)), **settings)


def call(sdk: Any, vector: Vector, name: str | None = None) -> Any:
    """The call that a vector describes."""
    method = sdk
    for part in (name or vector["call"]).split("."):
        method = getattr(method, part)
    return method(*vector["args"], **vector["kwargs"])


def sent(vector: Vector) -> httpx.Request:
    """What a call puts on the wire."""
    seen: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418)

    with suppress(hatched.HatchedError):
        call(client(refuse), vector)
    (request,) = seen
    return request


def answered(status: int, body: Any, headers: dict[str, str] | None = None, **options: Any) -> tuple[Any, int]:
    """The error that an answer becomes, and how often the request was sent."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=body, headers={"X-Request-Id": "req_1", **(headers or {})})

    with pytest.raises(hatched.HatchedError) as caught:
        client(answer, max_retries=2, **options).buddies.get("b")
    return caught.value, len(seen)


def envelope(vector: Vector) -> dict[str, Any]:
    error = {"code": vector["code"], "message": vector.get("message", "…"), "requestId": "req_1"}
    return {"error": error | ({"details": vector["details"]} if "details" in vector else {})}


def plain(value: Any) -> Any:
    """An attribute of an error as JSON."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, models.Model):
        return hatched.to_dict(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


# --- the emulator under test -------------------------------------------------------------------------


def count(event_type: str, needed: int) -> Condition:
    return Condition("event_count", {"event_type": event_type, "count": needed})


def item_keys(category: str) -> list[str]:
    return [f"{category}_{number}" for number in range(5 if category == "accessory" else 2)]


CATEGORIES = [vector["name"] for vector in GROUPS["rules", "categories"]]
RULES = Rules(
    event_types=("quiet",),
    coin_rules=(
        CoinRule(event="lesson_completed", amount=10),
        CoinRule(event="lesson_completed", amount=5, slot="progression"),
    ),
    badges=(
        Badge(key="first_lesson", condition=count("lesson_completed", 1)),
        Badge(key="asked", condition=count("quiz_passed", 1), auto_award=False),
    ),
    skills=(Skill(key="reading"),),
    skill_rules=(SkillRule(event="quiz_passed", skill="reading", amount=5),),
    decays=(Decay(skill_key="reading", cadence="daily", amount=1),),
    streaks=(Streak(key="daily", label="Daily", events=("daily_login",), milestones=(Milestone(at=1),), hero=True),),
    evolution=Evolution(stages=(Stage(conditions=(Condition("coin", {"amount": 10}),)),)),
    items=tuple(Item(key=key, category=category) for category in CATEGORIES for key in item_keys(category)),  # type: ignore[arg-type]
    gates=(Gate(key="extra_lessons", cost=4),),
)


class Scene(Api):
    """An emulator with one buddy, and short words for what vectors need."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"rules": RULES, "plan": "pro", **options})
        self.buddy_id = self.hatched()
        self.path = f"/buddies/{self.buddy_id}"

    def hatched(self, user: str = "user_1", **metadata: Any) -> str:
        """A buddy, however long hatching takes."""
        egg = self.egg(user, ready=True, **metadata)
        self.ok("POST", f"/eggs/{egg}/hatch")
        self.clock.advance(60)
        return str(self.ok("GET", f"/eggs/{egg}")["buddy_id"])

    def ids(self, *keys: str) -> list[str]:
        return [self.emulator.item_id(key) for key in keys]

    def own(self, *keys: str) -> list[str]:
        """Buys items, and answers their ids."""
        for item in self.ids(*keys):
            self.ok("POST", f"{self.path}/items/{item}/purchase")
        return self.ids(*keys)

    def equip(self, *keys: str) -> Response:
        return self.send("POST", f"{self.path}/equip", {"equip": self.own(*keys)})

    def course(self) -> str:
        """A path of one step with one sub-step, by hand or by an event."""
        path_id = str(self.ok("POST", "/paths", {"key": "course", "label": "Course"})["id"])
        self.step(path_id, "intro", 1, "read", reward_coins=5)
        return path_id

    def step(self, path_id: str, key: str, ordinal: int, part: str, **fields: Any) -> str:
        step = self.ok("POST", f"/paths/{path_id}/steps", {"key": key, "label": key, "ordinal": ordinal, **fields})
        condition = {"type": "event_count", "config": {"event_type": "quiet", "count": 1}}
        body = {"key": part, "label": part, "ordinal": 1, "reward_coins": 1, "completion_condition": condition}
        self.ok("POST", f"/paths/{path_id}/steps/{step['id']}/sub-steps", body)
        return str(step["id"])

    def complete(self, part: str = "read") -> Any:
        return self.ok("POST", f"{self.path}/paths/course/sub-steps/{part}/complete")

    def credits(self) -> int:
        return int(self.send("GET", "/buddies").header("X-Credits-Remaining") or -1)

    def use(self, events: int) -> None:
        """As if so many events had been sent this month."""
        row = (self.emulator.customer_id, month_of(self.clock.now()), events)
        self.emulator._store.db.execute("REPLACE INTO usage VALUES (?, ?, ?)", row)


@cache
def exhausted() -> Scene:
    """A scene whose minute window is used up; what is refused leaves it as it is."""
    scene = Scene(plan="free")
    scene.clock.advance(60)
    for _ in range(100):
        assert scene.send("GET", "/buddies").status == 200
    return scene


# --- bodies ------------------------------------------------------------------------------------------


def model_of(vector: Vector) -> type[models.Model]:
    kind: type[models.Model] = getattr(models, vector["model"])
    return kind


ALIASES = {name for vector in GROUPS["bodies", "aliases"] for name in vector["sdk"]}
"""What the JavaScript client adds; a test of its own looks at it."""


def assert_same(out: Any, given: Any, where: str = "$") -> None:
    """`out` says what `given` says; what is only in `out` is empty."""
    if isinstance(given, dict):
        assert given.keys() <= out.keys(), where
        added = {key: value for key, value in out.items() if key not in given and key not in ALIASES}
        assert not any(added.values()), (where, added)
        for key, value in given.items():
            assert_same(out[key], value, f"{where}.{key}")
    elif isinstance(given, list):
        assert len(out) == len(given), where
        for one, other in zip(out, given, strict=True):
            assert_same(one, other, f"{where}[]")
    else:
        assert (type(out), out) == (type(given), given), where


def extras(value: Any) -> Iterator[Any]:
    """What a model did not understand, at any depth."""
    if isinstance(value, models.Model):
        yield from value.extra.items()
        for field in attrs.fields(type(value)):
            yield from extras(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from extras(one)


@pytest.mark.parametrize("vector", cases("bodies", "objects"))
class TestEveryObject:
    def test_survives_the_codec(self, vector: Vector) -> None:
        model = codec.decode(json.dumps(vector["wire"]).encode(), model_of(vector))

        assert_same(hatched.to_dict(model), vector["wire"])
        assert list(extras(model)) == []

    def test_is_to_a_front_end_what_the_javascript_client_has(self, vector: Vector) -> None:
        model = codec.structure(vector["wire"], model_of(vector))

        assert_same(hatched.to_dict(model, case="camel"), vector["sdk"])

    def test_may_be_in_camel_case_already(self, vector: Vector) -> None:
        model = codec.structure(vector["sdk"], model_of(vector))

        assert_same(hatched.to_dict(model, case="camel"), vector["sdk"])
        assert list(extras(model)) == []


@pytest.mark.parametrize(
    "vector",
    cases(
        "bodies",
        "aliases",
    ),
)
def test_to_a_front_end_an_object_has_the_aliases_of_the_javascript_client(vector: Vector) -> None:
    camel = hatched.to_dict(codec.structure(vector["wire"], model_of(vector)), case="camel")

    assert {key: camel.get(key) for key in vector["sdk"]} == vector["sdk"]


@pytest.mark.parametrize("vector", cases("bodies", "objects", where=lambda vector: "optional" in vector))
def test_null_is_read_only_where_the_document_has_it_or_nothing_is_counted(vector: Vector) -> None:
    """A text or an object that may be missing may be null (inferred), a number, a flag or a list is always there."""

    def is_read(name: str) -> bool:
        with suppress(codec.CodecError):
            codec.decode(json.dumps({**vector["wire"], name: None}).encode(), model_of(vector))
            return True
        return False

    may_be_null = {name for name in vector["optional"] if isinstance(vector["wire"].get(name), str | dict)}
    may_be_null |= {name for name in vector["nullable"] if "." not in name}
    assert {name for name in vector["wire"] if is_read(name)} == may_be_null & vector["wire"].keys()


@cache
def shown() -> dict[str, list[Any]]:
    """Answers of the emulator by the object that they are."""
    scene = Scene()
    hook = scene.ok("POST", "/webhook-configs", {"url": "https://app.example/hook", "events": ["buddy.hatched"]})
    scene.emulator.deliver_webhooks_to(lambda _: 500)
    egg = scene.ok("POST", "/eggs", {"user_id": "user_2", "metadata": {"groupId": "g"}})
    status = scene.ok("PATCH", f"/eggs/{egg['egg_id']}/status", {"status": "ready"})
    hatching = scene.ok("POST", f"/eggs/{egg['egg_id']}/hatch")
    scene.ok("GET", f"/operations/{hatching['operation_id']}")
    scene.emulator.fail_next("equip", "no paint")
    failing = scene.equip("head_0").json()
    scene.ok("GET", "/buddies")
    failed = scene.ok("GET", scene.path)
    rerender = scene.ok("POST", f"{scene.path}/appearance/rerender")
    bare = scene.ok("GET", scene.path)
    path_id = scene.course()
    events = [
        scene.ok("POST", "/events", {"user_id": user, "type": type_})
        for user, type_ in (
            ("user_1", "lesson_completed"),
            ("user_1", "daily_login"),
            ("user_1", "quiet"),
            ("nobody", "quiet"),
        )
    ]
    scene.ok("POST", f"{scene.path}/evolve")
    unlocked = [scene.ok("POST", f"{scene.path}/gates/extra_lessons/unlock") for _ in range(2)]
    minted = {"buddy_id": scene.buddy_id, "user_id": "user_1"}
    effects = [answer["effects"] for answer in events]
    buddies = [failed, bare, scene.ok("GET", scene.path)]
    tokens = scene.ok("GET", f"{scene.path}/tokens")
    tree = scene.ok("GET", f"/paths/{path_id}")
    walk = scene.ok("GET", f"{scene.path}/paths/course")
    operations = [hatching["operation_id"], failing["operation_id"], rerender["operation_id"]]
    log = f"/webhook-configs/{hook['id']}/deliveries"
    enqueue(scene.emulator._world, hook["id"], "buddy.hatched", "{}", scene.clock.now() + 60)
    deliveries = [scene.ok("GET", log), scene.ok("GET", f"{log}?limit=1")]
    return {
        "Egg": [egg, scene.ok("GET", f"/eggs/{egg['egg_id']}")],
        "EggStatusChange": [status],
        "HatchResult": [hatching],
        "Buddy": buddies,
        "BuddyProgression": [buddy["progression"] for buddy in buddies],
        "BuddyEquippedItem": failed["equipped_items"],
        "BuddyAppearance": [buddy["appearance"] for buddy in buddies],
        "BuddyList": [scene.ok("GET", "/buddies")],
        "TokenBalance": list(tokens.values()),
        "TokensSummary": [tokens],
        "BuddyEvolutionRecord": scene.ok("GET", f"{scene.path}/evolutions")["data"],
        "EvolutionPage": [scene.ok("GET", f"{scene.path}/evolutions")],
        "EquipItemsResult": [failing, scene.ok("POST", f"{scene.path}/equip", {"unequip": scene.ids("head_0")})],
        "RerenderAppearanceResult": [rerender],
        "EventStreakUpdate": [update for effect in effects for update in effect["streak_updates"]],
        "EventPathUpdate": [update for effect in effects for update in effect["path_updates"]],
        "EventEffects": effects,
        "BatchResult": [scene.ok("POST", "/events/batch", {"events": [{"user_id": "user_1", "type": "daily_login"}]})],
        "Operation": [scene.ok("GET", f"/operations/{one}") for one in operations],
        "SessionToken": [scene.ok("POST", "/widget-sessions", {**minted, "scopes": ["read"]})],
        "EmbedToken": [scene.ok("POST", "/embed-tokens", minted)],
        "WebhookEndpoint": [hook, *scene.ok("GET", "/webhook-configs")],
        "WebhookDelivery": [one for page in deliveries for one in page["data"]],
        "DeliveryPage": deliveries,
        "TokenGate": scene.ok("GET", "/gates")["gates"],
        "TokenGates": [scene.ok("GET", "/gates")],
        "UnlockResult": unlocked,
        "BuddyUnlock": scene.ok("GET", f"{scene.path}/unlocks")["unlocks"],
        "BuddyUnlocks": [scene.ok("GET", f"{scene.path}/unlocks")],
        "PathCondition": [tree["steps"][0]["sub_steps"][0]["completion_condition"]],
        "PathDefinition": scene.ok("GET", "/paths"),
        "PathDefinitionWithSteps": [tree],
        "PathStep": [scene.ok("POST", f"/paths/{path_id}/steps", {"key": "b", "label": "B", "ordinal": 2})],
        "PathSubStep": tree["steps"][0]["sub_steps"],
        "PathSubStepRuntime": walk["steps"][0]["sub_steps"],
        "PathStepRuntime": walk["steps"],
        "PathRuntimePayload": [walk],
        "ManualCompleteResult": [scene.complete()],
    }


def assert_shape(value: Any, example: Any, vector: Vector, where: str = "") -> None:
    """A value has the fields and types of an example, with the freedom that its vector grants."""
    if value is None:
        assert where in vector["nullable"], f"{where} must not be null"
    elif isinstance(example, dict):
        if where.rpartition(".")[2] in MAPS:
            return
        dot = f"{where}." if where else ""
        assert {f"{dot}{key}" for key in example.keys() - value.keys()} <= set(vector["optional"]), where
        assert value.keys() <= example.keys(), where
        for key, one in value.items():
            assert_shape(one, example[key], vector, dot + key)
    elif isinstance(example, list):
        for one in value:
            assert_shape(one, example[0], vector, where)
    elif isinstance(example, bool | str):
        assert type(value) is type(example), where
        if where.endswith("_at"):
            assert parse_time(value).utcoffset() == timedelta(0), where
    else:
        assert type(value) in (int, float), where


@pytest.mark.parametrize(
    "vector",
    cases(
        "bodies",
        "objects",
        where=lambda vector: "optional" in vector,
    ),
)
def test_the_emulator_answers_every_object_in_its_documented_shape(vector: Vector) -> None:
    answers = shown()[vector["name"]]

    assert answers
    for answer in answers:
        assert_shape(answer, vector["wire"], vector)
        codec.structure(answer, model_of(vector))


@pytest.mark.parametrize("vector", cases("bodies", "containers"))
def test_a_list_has_its_documented_form(vector: Vector) -> None:
    scene = Scene()
    hook = scene.ok("POST", "/webhook-configs", {"url": "https://app.example", "events": ["badge.awarded"]})
    answer = scene.ok("GET", vector["path"].format(buddy_id=scene.buddy_id, endpoint_id=hook["id"]))

    assert routes.ROUTES[vector["name"]].path == vector["path"]
    assert (list(answer) if isinstance(answer, dict) else None) == vector["keys"]


# --- requests ----------------------------------------------------------------------------------------

REQUESTS = [*cases("requests", "samples"), *cases("requests", "methods")]


@pytest.mark.parametrize("vector", REQUESTS)
def test_the_sdk_sends_the_documented_request(vector: Vector) -> None:
    request = sent(vector)

    assert request.method == vector["method"]
    assert request.url.path == "/api/v1" + vector["path"].format(*vector["args"])
    assert dict(request.url.params) == vector.get("query", {})
    assert (json.loads(request.content) if request.content else None) == vector["body"]


@pytest.mark.parametrize("vector", REQUESTS)
def test_the_emulator_takes_the_documented_request(vector: Vector) -> None:
    request = sent(vector)
    target = request.url.raw_path.decode().removeprefix("/api/v1")
    answer = Api(plan="pro").send(request.method, target, raw=request.content)
    match = router.match(request.method, request.url.path)

    assert match is not None
    assert match.route.confidence.value == vector["confidence"]
    if vector["confidence"] == "inferred":
        assert answer.header("X-Hatched-Emulator-Fidelity") == "inferred"
    assert answer.status < 300 or answer.json()["error"]["code"] in {
        "resource_not_found",
        "unknown_audience",
        "event_type_not_registered",
    }


def test_every_method_of_the_sdk_has_a_documented_request() -> None:
    called = {vector["call"] for vector in GROUPS["requests", "methods"]} - {"buddies.earn_coins"}

    assert called == routes.ROUTES.keys()


@pytest.mark.parametrize("vector", cases("requests", "headers"))
def test_the_sdk_sends_the_documented_header(vector: Vector) -> None:
    request = sent(vector)

    for name, value in vector["expect"].items():
        if value == "uuid4":
            assert UUID_RE.fullmatch(request.headers[name])
        else:
            assert request.headers[name] == value


@pytest.mark.parametrize("vector", cases("requests", "refused"))
def test_the_emulator_refuses_the_documented_body(vector: Vector) -> None:
    answer = Api().send(vector["method"], vector["path"], vector["body"])

    assert answer.status == vector["status"]
    assert vector["message"] in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "vector",
    cases(
        "requests",
        "routes",
    ),
)
def test_a_stated_route_is_known_as_stated(vector: Vector) -> None:
    match = router.match(vector["method"], "/api/v1" + vector["path"])

    assert match is not None
    assert (match.route.id, match.route.confidence.value, match.route.path) == (vector["sdk"], "seen", vector["path"])


# --- events ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", cases("events", "answers"))
def test_the_sdk_reads_effects(vector: Vector) -> None:
    effects = client(lambda _: httpx.Response(201, json=vector["body"])).events.send(
        event_id="e", user_id="u", type="lesson_completed"
    )

    assert_same(hatched.to_dict(effects), vector["effects"])
    assert list(extras(effects)) == []
    if "effects" not in vector["body"] and all("_" not in key for key in vector["body"]):
        assert_same(hatched.to_dict(effects, case="camel"), vector["body"])


def flat(event_type: str, user: str = "user_1", scene: Scene | None = None) -> Any:
    """The answer to an event, not wrapped in `effects`."""
    found = scene or Scene(event_body="flat")
    return found.ok("POST", "/events", {"user_id": user, "type": event_type})


def _lesson(event_body: str) -> Any:
    api = Api(event_body=event_body)
    api.buddy("ada")
    return api.ok("POST", "/events", {"user_id": "ada", "type": "lesson_completed"})


def _run(*streaks: Streak, days: tuple[str, ...]) -> Any:
    """The answer to the last of several events, one a day; a day without one has no name."""
    scene = Scene(event_body="flat", rules=Rules(streaks=streaks))
    for event_type in days:
        scene.clock.advance("1d")
        if event_type:
            answer = flat(event_type, scene=scene)
    return answer


def _course_done() -> Any:
    scene = Scene(event_body="flat")
    path_id = scene.ok("POST", "/paths", {"key": "course", "label": "Course"})["id"]
    scene.step(path_id, "intro", 1, "read", reward_coins=5, reward_badge_key="first_lesson")
    return flat("quiet", scene=scene)


WEEK = Streak(key="daily", label="Daily", events=("login",), milestones=(Milestone(at=7),), hero=True)
MONTH = Streak(key="month", events=("login", "visit"), milestones=(Milestone(at=30),))
ANSWERED: dict[str, Callable[[], Any]] = {
    "the sample": lambda: _lesson("flat"),
    "the older sample": lambda: _lesson("flat"),
    "the sample in snake_case": lambda: _lesson("flat"),
    "the sample below an effects key": lambda: _lesson("nested"),
    "a debug reason at the top level": lambda: Scene().ok("POST", "/events", {"user_id": "user_1", "type": "quiet"}),
    "a debug reason in the effects": lambda: flat("quiet", "nobody"),
    "tokens are key:amount": lambda: flat("lesson_completed"),
    "a streak update": lambda: _run(WEEK, days=("login",) * 9 + ("",) + ("login",) * 7),
    "a path update": _course_done,
    "milestones are numbers": lambda: _run(WEEK, MONTH, days=("visit",) * 23 + ("login",) * 7),
}
"""All but an answer with nothing in it, which the emulator does not give."""


def assert_holds(answer: Any, documented: Any) -> None:
    """Every documented key, at any depth of objects, has its value."""
    if isinstance(documented, dict):
        for key, value in documented.items():
            assert_holds(answer[key], value)
    else:
        assert answer == documented


@pytest.mark.parametrize("vector", cases("events", "answers", where=lambda vector: bool(vector["body"])))
def test_the_emulator_answers_the_sample(vector: Vector) -> None:
    answer = ANSWERED[vector["name"]]()
    effects = codec.structure(answer, models.EventEffects)

    assert_holds(hatched.to_dict(effects), vector["effects"])
    in_camel_case = any(key != key.lower() for key in vector["body"])
    assert_holds(hatched.to_dict(effects, case="camel") if in_camel_case else answer, vector["body"])


@pytest.mark.parametrize("vector", cases("events", "types"))
def test_the_emulator_knows_the_event_types_of_the_guide(vector: Vector) -> None:
    assert Api().send("POST", "/events", {"user_id": "u", "type": vector["name"]}).status == 201


@pytest.mark.parametrize("vector", cases("events", "reasons"))
def test_an_event_without_effect_says_why(vector: Vector) -> None:
    scene = Scene()
    user = {"no_active_buddies_for_user": "nobody", "no_matching_rules": "user_1"}[vector["name"]]
    answer = scene.ok("POST", "/events", {"user_id": user, "type": "quiet"})
    flat = Scene(event_body="flat").ok("POST", "/events", {"user_id": user, "type": "quiet"})

    assert answer["debug_reason"] == answer["effects"]["debug_reason"] == flat["debug_reason"] == vector["name"]
    effects = codec.structure(answer, models.EventEffects)
    assert effects.debug_reason is models.DebugReason(vector["name"])
    assert effects.debug_reason.is_known


def _resent() -> Any:
    api = Api()
    api.buddy()
    first = api.event(event_id="e")
    api.event(event_id="other")
    assert api.event(event_id="e") == first
    return first


def _first_lesson() -> Any:
    api = Api()
    api.buddy()
    return api.event()


def _walked() -> Any:
    scene = Scene()
    scene.course()
    return scene.event("quiet")


APPLIED: dict[str, Callable[[], Any]] = {
    "the first lesson has the effects of the sample": _first_lesson,
    "the effects of a resent event are the stored ones": _resent,
    "tokens come as key:amount": lambda: Scene().event(),
    "a streak that ticks is told with its length and milestone": lambda: Scene().event("daily_login"),
    "a closed sub-step is told with its step and path": _walked,
    "a badge without auto_award becomes ready": lambda: Scene().event("quiz_passed"),
    "a buddy that meets the next condition is ready to evolve": lambda: Scene().event(),
}


@pytest.mark.parametrize("vector", cases("events", "applied"))
def test_the_emulator_applies_an_event_as_documented(vector: Vector) -> None:
    effects = APPLIED[vector["name"]]()

    assert {key: effects[key] for key in vector["effects"]} == vector["effects"]


@pytest.mark.parametrize("vector", cases("events", "batch"))
def test_a_batch_has_a_size(vector: Vector) -> None:
    events = [{"event_id": str(n), "user_id": "u", "type": "lesson_completed"} for n in range(vector["count"])]
    answer = Api().send("POST", "/events/batch", {"events": events})
    sdk = client(lambda _: httpx.Response(201, json={"results": [{}] * vector["count"]}))

    assert answer.status == (201 if vector["accepted"] else 422)
    if vector["accepted"]:
        assert len(answer.json()["results"]) == len(sdk.events.send_batch(events).results) == vector["count"]
    else:
        with pytest.raises(ValueError, match="a batch"):
            sdk.events.send_batch(events)


def used(api: Api) -> int:
    """The events of this month that were charged."""
    answer = api.send("POST", "/events", {"event_id": "probe", "user_id": "nobody", "type": "quiz_passed"})
    return int(answer.header("X-Event-Quota-Used") or -1) - 1


@pytest.mark.parametrize("vector", cases("events", "batch_rules"))
def test_a_batch_is_refused_as_a_whole(vector: Vector) -> None:
    scene = Scene(plan="free")
    good = {"event_id": "e1", "user_id": "user_1", "type": "lesson_completed"}
    bad = {
        "event_type_not_registered": {**good, "event_id": "e2", "type": "unheard_of"},
        "unknown_audience": {**good, "event_id": "e2", "audience": "admin"},
    }[vector["code"]]

    assert scene.code("POST", "/events/batch", {"events": [good, bad]})[1] == vector["code"]
    assert used(scene) == vector["charged"]
    assert scene.ok("GET", scene.path)["coins"] == 0


@pytest.mark.parametrize("vector", cases("events", "charges"))
def test_an_event_is_charged(vector: Vector) -> None:
    api = Api()
    for event in vector["sends"]:
        api.send("POST", "/events", {"user_id": "u", **event})

    assert used(api) == vector["used"]


@pytest.mark.parametrize("vector", cases("events", "audiences"))
def test_an_event_has_an_audience(vector: Vector) -> None:
    api = Api(plan="pro", rules=Rules(audiences=tuple(vector["configured"]), event_types=("t",)))
    body = {"user_id": "u", "type": "t"} | ({"audience": vector["sent"]} if vector["sent"] else {})
    answer = api.send("POST", "/events", body)

    if vector["code"] is None:
        assert answer.status == 201
    else:
        assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], vector["code"])


@pytest.mark.parametrize(
    "vector",
    cases(
        "events",
        "audience_keys",
    ),
)
def test_an_audience_key_is_short_snake_case(vector: Vector) -> None:
    rules = Rules(audiences=(vector["key"],))
    if vector["valid"]:
        Api(rules=rules)
    else:
        with pytest.raises(ValueError, match="audience"):
            Api(rules=rules)


# --- errors ------------------------------------------------------------------------------------------

ANSWERS = [*cases("errors", "catalogue"), *cases("errors", "variants")]


@pytest.mark.parametrize("vector", ANSWERS)
def test_an_answer_becomes_the_documented_error(vector: Vector) -> None:
    error, _ = answered(vector["status"], envelope(vector), vector.get("headers"))
    kind = getattr(errors, vector["class"])

    # A widget code has no class of its own, so its status chooses one.
    assert type(error) is kind or (vector["code"] == "mystery_box_daily_cap" and isinstance(error, kind))
    assert (error.code, error.status_code, error.request_id) == (vector["code"], vector["status"], "req_1")
    assert error.details == vector.get("details", {})
    for name, value in vector.get("attributes", {}).items():
        assert plain(getattr(error, name)) == value, name


@pytest.mark.parametrize("vector", ANSWERS)
def test_an_answer_is_sent_again_or_not(vector: Vector) -> None:
    _, attempts = answered(vector["status"], envelope(vector), vector.get("headers"))

    assert attempts == (3 if vector["retried"] else 1)


@pytest.mark.parametrize(
    "vector",
    cases(
        "errors",
        "catalogue",
    ),
)
def test_the_code_has_a_name(vector: Vector) -> None:
    assert vector["code"] in list(errors.ErrorCode)


@pytest.mark.parametrize("vector", cases("errors", "envelope"))
def test_the_envelope_is_read(vector: Vector) -> None:
    error, _ = answered(vector["status"], vector["body"], {"X-Request-Id": "req_abc_123"})

    assert {name: getattr(error, name) for name in vector["attributes"]} == vector["attributes"]


@pytest.mark.parametrize("vector", cases("errors", "classes"))
def test_an_error_class_has_its_documented_parent(vector: Vector) -> None:
    kind = getattr(errors, vector["name"])

    assert issubclass(kind, getattr(errors, vector["parent"]) if vector["parent"] else Exception)
    assert getattr(hatched, vector["name"]) is kind


@pytest.mark.parametrize("vector", cases("errors", "retries"))
@pytest.mark.parametrize("idempotent", ["read", "write"])
def test_what_is_sent_again(vector: Vector, idempotent: str) -> None:
    keys: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers.get("idempotency-key"))
        if vector["status"] is None:
            raise httpx.ReadError("reset")
        return httpx.Response(vector["status"])

    sdk = client(answer, max_retries=2)
    with pytest.raises(hatched.HatchedError):
        sdk.buddies.get("b") if idempotent == "read" else sdk.buddies.archive("b")

    assert len(keys) == (3 if vector["retried"] else 1)
    assert len(set(keys)) == 1


def _without_rules() -> Response:
    api = Api()
    api.emulator.unpublish()
    return api.send("POST", "/eggs", {"user_id": "u"})


def _without_credits() -> Response:
    api = Api(credits=0)
    for number in range(20):
        api.buddy(f"u{number}")
    return api.send("POST", f"/eggs/{api.egg(ready=True)}/hatch")


def _over_quota() -> Response:
    scene = Scene(plan="free")
    scene.use(10_000)
    return scene.send("POST", "/events", {"user_id": "u", "type": "quiet"})


def _too_many_eggs() -> Response:
    api = Api()
    for _ in range(100):
        answer = api.send("POST", "/eggs", {"user_id": "u"})
        if answer.status != 201:
            return answer
    raise AssertionError("there is no cap")


def _key_twice() -> Response:
    api = Api()
    for user in "uv":
        answer = api.send("POST", "/eggs", {"user_id": user}, headers={"Idempotency-Key": "k"})
    return answer


def _two_audiences(**fields: Any) -> Response:
    api = Api(plan="pro", rules=Rules(audiences=("student", "teacher"), event_types=("t",)))
    return api.send("POST", "/events", {"user_id": "u", "type": "t", **fields})


def _spend(token: str) -> Response:
    scene = Scene()
    return scene.send("POST", f"{scene.path}/coins/spend", {"amount": 1, "reason": "r", "token": token})


def _locked_market() -> Response:
    scene = Scene(plan="free")
    return scene.send("POST", f"{scene.path}/items/{scene.ids('head_0')[0]}/purchase")


def _hatch_waiting() -> Response:
    api = Api()
    return api.send("POST", f"/eggs/{api.egg()}/hatch")


EMULATED: dict[str, Callable[[], Response]] = {
    "bad_request": lambda: Api().send("GET", "/buddies?sort=nonsense"),
    "category_conflict": lambda: Scene().equip("head_0", "head_1"),
    "insufficient_balance": lambda: _spend("coins"),
    "missing_audience": _two_audiences,
    "too_many_items": lambda: Scene().equip("head_0", "neck_0", "feet_0", "hand_0", "face_0"),
    "unknown_audience": lambda: _two_audiences(audience="admin"),
    "unauthorized": lambda: Api().send("GET", "/buddies", key="hatch_live_revoked"),
    "credit_insufficient": _without_credits,
    "event_quota_exceeded": _over_quota,
    "publishable_key_scope": lambda: Api().send("GET", "/buddies", key="hatch_pk_emulator"),
    "plan_feature_locked": _locked_market,
    "resource_not_found": lambda: Api().send("GET", f"/buddies/{uuid4()}"),
    "active_egg_limit": _too_many_eggs,
    "conflict": _hatch_waiting,
    "idempotency_key_conflict": _key_twice,
    "no_published_config": _without_rules,
    "validation_failed": lambda: Api().send("POST", "/eggs", {"userId": "u"}),
    "event_type_not_registered": lambda: Api().send("POST", "/events", {"user_id": "u", "type": "unheard_of"}),
    "progression_not_spendable": lambda: _spend("xp"),
    "rate_limited": lambda: exhausted().send("GET", "/buddies"),
}


def assert_details(value: Any, documented: Any) -> None:
    """The same names and JSON types, at any depth."""
    if isinstance(documented, dict):
        assert value.keys() == documented.keys()
        for key, one in documented.items():
            assert_details(value[key], one)
    elif isinstance(documented, list):
        assert value
        for one in value:
            assert_details(one, documented[0])
    else:
        assert type(value) is type(documented)


@pytest.mark.parametrize("vector", cases("errors", "catalogue", where=lambda vector: vector["emulated"]))
def test_the_emulator_answers_the_documented_error(vector: Vector) -> None:
    answer = EMULATED[vector["code"]]()
    error = answer.json()["error"]
    known, _ = answered(answer.status, answer.json(), dict(answer.headers))

    assert (answer.status, error["code"]) == (vector["status"], vector["code"])
    assert error["requestId"] == answer.header("X-Request-Id")
    assert type(known) is getattr(errors, vector["class"])
    if "message" in vector:
        assert re.fullmatch(re.escape(vector["message"]).replace("N", r"\d+", 1), error["message"]) or (
            error["message"] == vector["message"]
        )
    if "details" in vector:
        assert_details(error["details"], vector["details"])
    if "details_keys" in vector:
        assert list(error["details"]) == vector["details_keys"]
    for name in vector.get("exact", ()):
        assert error["details"][name] == vector["details"][name]
    for name, value in vector.get("headers", {}).items():
        assert answer.header(name) == value
    if vector["code"] == "rate_limited":
        assert "details" not in error


BAD = {"userId": "u"}


def _bad_over_quota() -> Response:
    scene = Scene(plan="free")
    scene.use(10_000)
    return scene.send("POST", "/events", {"user_id": "u", "type": "quiet", "eventId": "e"})


def _bad_without_rules() -> Response:
    api = Api()
    api.emulator.unpublish()
    return api.send("POST", "/eggs", BAD)


ORDER: dict[str, Callable[[], Response]] = {
    "no key and a bad body": lambda: Api().send("POST", "/eggs", BAD, key=None),
    "a publishable key and a bad body": lambda: Api().send("POST", "/eggs", BAD, key="hatch_pk_emulator"),
    "a wrong key when the window is used up": lambda: exhausted().send("GET", "/buddies", key="hatch_live_wrong"),
    "a bad body when the window is used up": lambda: exhausted().send("POST", "/eggs", BAD),
    "an unknown buddy when the window is used up": lambda: exhausted().send("GET", f"/buddies/{uuid4()}"),
    "a bad body for an unknown buddy": lambda: Api().send("PATCH", f"/buddies/{uuid4()}", BAD),
    "a bad egg without published rules": _bad_without_rules,
    "a bad event of an unknown audience": lambda: _two_audiences(audience="admin", userId="u"),
    "a bad event when the quota is used up": _bad_over_quota,
    "an unknown buddy in a locked market": lambda: Scene(plan="free").send(
        "POST", f"/buddies/{uuid4()}/items/{uuid4()}/purchase"
    ),
}


@pytest.mark.parametrize("vector", cases("errors", "order"))
def test_checks_come_in_the_documented_order(vector: Vector) -> None:
    answer = ORDER[vector["scene"]]()

    assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], vector["first"])


# --- limits ------------------------------------------------------------------------------------------

SECRET = Principal("secret", "c", None)
PRINCIPALS = {
    "secret": SECRET,
    "other": Principal("other", "c", None),
    "publishable": Principal("public", "c", frozenset()),
    None: None,
}


def admitted(limiter: RateLimiter, who: Principal | None, route: routes.Route, now: float = 0.0) -> int:
    """How many requests one instant allows."""
    done = 0
    with suppress(ApiError):
        while True:
            limiter.admit(who, route, now)
            done += 1
    return done


@pytest.mark.parametrize("vector", cases("limits", "plans"))
class TestPlans:
    def test_has_its_rate_limits(self, vector: Vector) -> None:
        plan = find(vector["name"])

        if vector["minute"] <= 5_000:  # more takes too long
            assert admitted(RateLimiter(plan), SECRET, routes.BUDDIES_GET) == vector["minute"]
        assert plan.limits == (vector["minute"], vector["day"])
        answer = Api(plan=vector["name"]).send("GET", "/buddies")
        assert answer.header("X-RateLimit-Limit") == str(vector["minute"])
        assert answer.header("X-RateLimit-Remaining") == str(vector["minute"] - 1)

    def test_has_its_event_quota(self, vector: Vector) -> None:
        scene = Scene(plan=vector["name"])
        event = {"user_id": "user_1", "type": "quiet"}
        if vector["events"] is None:
            scene.use(10**9)
            assert scene.send("POST", "/events", event).status == 201
            return
        scene.use(vector["events"] - 1)
        last = scene.send("POST", "/events", event)
        over = scene.send("POST", "/events", event)

        assert (last.status, last.header("X-Event-Quota-Limit")) == (201, str(vector["events"]))
        assert (over.status, over.json()["error"]["details"]["limit"]) == (402, vector["events"])

    def test_has_its_credits(self, vector: Vector) -> None:
        answer = Api(plan=vector["name"]).send("GET", "/buddies")

        for name, header in (("welcome", "X-Credits-Welcome-Remaining"), ("paid", "X-Credits-Paid-Remaining")):
            if vector[name] is not None:
                assert answer.header(header) == str(vector[name])


@pytest.mark.parametrize("vector", cases("limits", "buckets"))
def test_a_bucket_has_its_limits(vector: Vector) -> None:
    limiter, who, route = RateLimiter(find(vector["plan"])), PRINCIPALS[vector["key"]], routes.ROUTES[vector["route"]]
    minutes = [admitted(limiter, who, route, 60.0 * minute) for minute in range(vector["day"] // vector["minute"] + 1)]

    assert minutes[0] == vector["minute"]
    assert sum(minutes) == vector["day"]


@pytest.mark.parametrize("vector", cases("limits", "windows"))
def test_a_refusal_names_the_whole_window(vector: Vector) -> None:
    limiter, now = RateLimiter(find("free")), 0.0
    while admitted(limiter, SECRET, routes.BUDDIES_GET, now) and vector["seconds"] > 60:
        now += 60.0
    with pytest.raises(ApiError) as refused:
        limiter.admit(SECRET, routes.BUDDIES_GET, now)

    assert dict(refused.value.headers)["Retry-After"] == vector["retry_after"]
    assert (refused.value.status, refused.value.details) == (429, None)
    assert str(refused.value) == vector.get("message", str(refused.value))
    error, _ = answered(429, envelope({"code": "rate_limited"}), {"Retry-After": vector["retry_after"]})
    assert error.retry_after == vector["seconds"]


@pytest.mark.parametrize("vector", cases("limits", "sharing"))
def test_a_bucket_belongs_to_a_key(vector: Vector) -> None:
    limiter = RateLimiter(find("free"))
    first, second = [
        admitted(limiter, PRINCIPALS[key], routes.ROUTES[route])
        for key, route in zip(vector["keys"], vector["routes"], strict=True)
    ]

    assert (second == 0) is vector["shared"]
    assert first == 100


@pytest.mark.parametrize("vector", cases("limits", "rate_limit_info"))
def test_the_sdk_reads_the_rate_limit(vector: Vector) -> None:
    sdk = client(lambda _: httpx.Response(200, json={}, headers=vector["headers"]))
    sdk.health()
    info = sdk.get_rate_limit_info()

    assert {name: getattr(info, name) for name in vector["info"]} == vector["info"]


@cache
def event_answer(good: bool) -> Response:
    return Api().send("POST", "/events", {"user_id": "u", "type": "lesson_completed"} if good else {})


@pytest.mark.parametrize("vector", cases("limits", "headers"))
@pytest.mark.parametrize("good", [True, False], ids=["201", "422"])
def test_the_emulator_sends_the_documented_header(vector: Vector, good: bool) -> None:
    answer = event_answer(good)
    value = answer.header(vector["name"])
    assert re.fullmatch(UUID_RE if vector["form"] == "uuid4" else r"\d+", value or "")


def _conflict_of_methods(api: Api, headers: dict[str, str]) -> Response:
    path = f"/paths/{api.ok('POST', '/paths', {'key': 'k', 'label': 'K'})['id']}"
    api.send("PATCH", path, {"label": "L"}, headers=headers)
    return api.send("DELETE", path, {"label": "L"}, headers=headers)


@pytest.mark.parametrize("vector", cases("limits", "idempotency"))
def test_an_idempotency_key_is_kept_for_a_day(vector: Vector) -> None:
    api, headers, body = Api(plan="pro"), {"Idempotency-Key": "k"}, {"user_id": "u"}
    api.emulator.add_key("hatch_test_other", customer="other")
    if vector["change"] == "refusal":
        api.emulator.unpublish()
        assert api.send("POST", "/eggs", body, headers=headers).status == 409
        api.emulator.publish(RULES)
    elif vector["change"] != "method":
        first = api.send("POST", "/eggs", body, headers=headers)
        assert (first.status, first.header("Idempotency-Replayed")) == (201, None)
    api.clock.advance(vector["after"])
    if vector["change"] == "method":
        answer = _conflict_of_methods(api, headers)
    elif vector["change"] == "path":
        answer = api.send("POST", "/embed-tokens", body, headers=headers)
    elif vector["change"] == "customer":
        answer = api.send("POST", "/eggs", body, headers=headers, key="hatch_test_other")
    else:
        answer = api.send("POST", "/eggs", {"user_id": "v"} if vector["change"] == "body" else body, headers=headers)

    assert answer.status == vector["status"]
    if "code" in vector:
        assert answer.json()["error"]["code"] == vector["code"]
    else:
        assert answer.header("Idempotency-Replayed") == ("true" if vector["replayed"] else None)
        if vector["replayed"]:
            assert answer.body == first.body


@pytest.mark.parametrize(
    "vector",
    cases(
        "limits",
        "defaults",
        deviations={"timeout of operations.wait": "60 s, because hatching takes 20 to 45 (guides/troubleshooting)"},
    ),
)
def test_the_sdk_has_the_documented_default(vector: Vector) -> None:
    functions: dict[str, Any] = {
        "client": hatched.AsyncHatchedClient,
        "operations.wait": hatched.AsyncHatchedClient(api_key=KEY).operations.wait,
        "webhooks.verify_signature": webhooks.verify_signature,
    }
    parameters = inspect.signature(functions[vector["of"]]).parameters

    assert parameters[vector.get("parameter", vector["name"])].default == vector["value"]


def _evolve(api: Scene) -> Response:
    api.event()
    return api.send("POST", f"{api.path}/evolve")


FEATURES: dict[str, Callable[[Scene], Response]] = {
    "marketplace": lambda scene: scene.send("POST", f"{scene.path}/items/{scene.ids('head_0')[0]}/purchase"),
    "evolution": _evolve,
    "paths": lambda scene: scene.send("POST", "/paths", {"key": "k", "label": "K"}),
    "tokens": lambda scene: scene.send("GET", f"{scene.path}/tokens"),
}


@pytest.mark.parametrize("vector", cases("limits", "features"))
def test_a_plan_has_its_features(vector: Vector) -> None:
    answer = FEATURES[vector["feature"]](Scene(plan=vector["plan"]))

    if vector["required"] is None:
        assert answer.status < 300
    else:
        error = answer.json()["error"]
        assert (answer.status, error["code"]) == (403, "plan_feature_locked")
        facts = {"feature": vector["feature"], "required_plan": vector["required"], "current_plan": vector["plan"]}
        assert {key: error["details"][key] for key in facts} == facts


@pytest.mark.parametrize(
    "vector",
    cases(
        "limits",
        "audiences",
    ),
)
def test_a_plan_has_so_many_audiences(vector: Vector) -> None:
    rules = Rules(audiences=tuple("abcd"[: vector["audiences"]]))
    if vector["allowed"]:
        Api(plan=vector["plan"], rules=rules)
    else:
        with pytest.raises(ValueError, match="audience"):
            Api(plan=vector["plan"], rules=rules)


def _worn_before(scene: Scene) -> None:
    scene.equip("head_0")
    scene.ok("POST", f"{scene.path}/equip", {"unequip": scene.ids("head_0")})


COSTS: dict[str, tuple[Callable[[Scene], Any], Callable[[Scene], Any]]] = {
    "hatch": (lambda scene: None, lambda scene: scene.hatched("user_2")),
    "equip render": (lambda scene: None, lambda scene: scene.equip("head_0")),
    "generative evolve": (lambda scene: scene.event(), lambda scene: scene.ok("POST", f"{scene.path}/evolve")),
    "preset evolve": (lambda scene: scene.event(), lambda scene: scene.ok("POST", f"{scene.path}/evolve")),
    "cache hit": (
        _worn_before,
        lambda scene: scene.ok("POST", f"{scene.path}/equip", {"equip": scene.ids("head_0")}),
    ),
}


@pytest.mark.parametrize("vector", cases("limits", "credits"))
def test_a_picture_has_its_price(vector: Vector) -> None:
    mode = "preset" if vector["name"].startswith("preset") else "generative"
    before, act = COSTS[vector["name"]]
    scene = Scene(rules=attrs.evolve(RULES, evolution=attrs.evolve(RULES.evolution, mode=mode)))  # type: ignore[arg-type]
    before(scene)
    left = scene.credits()
    act(scene)

    assert left - scene.credits() == vector["credits"]


@pytest.mark.parametrize("vector", cases("limits", "balance"))
def test_the_balance_of_credits_is_told_by_pool(vector: Vector) -> None:
    api = Api(credits=vector["paid"])
    for number in range(20 - vector["welcome"]):
        api.buddy(f"u{number}")
    answer = api.send("GET", "/buddies")

    assert [answer.header(f"X-Credits-{pool}Remaining") for pool in ("Welcome-", "Paid-", "Promo-", "")] == [
        str(vector[pool]) for pool in ("welcome", "paid", "promo", "total")
    ]
    assert api.ok("GET", "/credits/balance") == vector["body"]


@pytest.mark.parametrize("vector", cases("limits", "thresholds"))
def test_the_quota_has_thresholds(vector: Vector) -> None:
    scene = Scene(plan=vector["plan"])
    told: list[str] = []
    name = "usage.threshold_reached"
    scene.ok("POST", "/webhook-configs", {"url": "https://app.example", "events": [name]})

    def receive(request: WebhookRequest) -> int:
        told.append(request.headers["X-Hatched-Event"])
        return 200

    scene.emulator.deliver_webhooks_to(receive)
    scene.use(vector["used"] - 1)
    assert scene.send("POST", "/events", {"user_id": "u", "type": "quiet"}).status == 201
    answer = scene.send("POST", "/events", {"user_id": "u", "type": "quiet"})

    assert told == ([vector["event"]] if "event" in vector else [])
    if "code" in vector:
        assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], vector["code"])


@pytest.mark.parametrize("vector", cases("limits", "resets"))
def test_the_quota_is_reset_with_the_utc_month(vector: Vector) -> None:
    scene = Scene(plan="free", clock=Clock("2026-01-01T00:00:00Z"))
    scene.clock.advance(parse_time(vector["now"]).timestamp() - scene.clock.now())
    scene.use(10_000)
    answer = scene.send("POST", "/events", {"user_id": "u", "type": "quiet"})
    error, _ = answered(answer.status, answer.json())

    assert isinstance(error, errors.EventQuotaExceededError)
    assert plain(error.reset_at) == vector["reset_at"]
    scene.clock.advance(parse_time(vector["reset_at"]).timestamp() - scene.clock.now())
    assert scene.send("POST", "/events", {"user_id": "u", "type": "quiet"}).status == 201


# --- webhooks ----------------------------------------------------------------------------------------


def header_of(vector: Vector, scheme: str) -> tuple[str, dict[str, Any]]:
    """The signature header of a scheme, and the options that go with it."""
    if scheme == "legacy":
        return f"t={vector['signed']},v1={vector['hmac']}", {}
    return f"sha256={vector['hmac']}", {"timestamp": vector.get("timestamp", str(vector["signed"]))}


@pytest.mark.parametrize("vector", cases("webhooks", "signatures"))
class TestSignatures:
    def test_is_made(self, vector: Vector) -> None:
        assert webhooks.sign(vector["body"], vector["secret"], vector["timestamp"]) == vector["hmac"]

    def test_is_made_by_the_emulator(self, vector: Vector) -> None:
        assert signature(vector["secret"], vector["timestamp"], vector["body"].encode()) == vector["hmac"]

    @pytest.mark.parametrize("scheme", ["current", "legacy"])
    def test_is_verified(self, vector: Vector, scheme: str) -> None:
        def verified(body: str = vector["body"], secret: str = vector["secret"], moved: int = 0) -> bool:
            headers = dict(vector[scheme])
            stamp = headers.get("X-Hatched-Timestamp")
            header = headers.get("X-Hatched-Signature") or headers["Hatched-Signature"]
            header = header.replace(f"t={vector['timestamp']}", f"t={vector['timestamp'] + moved}")
            return webhooks.verify_signature(
                body.encode(),
                header,
                secret,
                timestamp=None if stamp is None else int(stamp) + moved,
                now=lambda: float(vector["timestamp"]),
            )

        assert verified()
        assert not verified(body=vector["body"] + " ")
        assert not verified(secret=vector["secret"].removeprefix("whsec_") + "x")
        assert not verified(moved=1)


@pytest.mark.parametrize("vector", cases("webhooks", "verdicts"))
def test_a_signature_has_an_age(vector: Vector) -> None:
    header, options = header_of(vector, vector["scheme"])
    if "tolerance" in vector:
        options["tolerance"] = vector["tolerance"]
    now = float(vector["signed"] + vector["age"])

    genuine = webhooks.verify_signature(vector["body"], header, vector["secret"], now=lambda: now, **options)

    assert genuine is vector["valid"]


def parsed(vector: Vector) -> models.WebhookEvent:
    now = float(vector["timestamp"])
    return webhooks.parse(vector["raw"].encode(), vector["headers"], vector["secret"], now=lambda: now)


@pytest.mark.parametrize("vector", cases("webhooks", "payloads"))
def test_a_delivery_is_read(vector: Vector) -> None:
    event = parsed(vector)

    assert (event.type, event.delivery_id) == (vector["name"], vector["headers"]["X-Hatched-Delivery"])
    assert type(event.data) is model_of(vector)
    assert_same(hatched.to_dict(event.data), vector["body"])
    assert list(extras(event.data)) == []


@pytest.mark.parametrize("vector", cases("webhooks", "legacy_payloads"))
def test_a_delivery_of_the_older_scheme_is_read(vector: Vector) -> None:
    event = parsed(vector)
    data = hatched.to_dict(event.data, case="camel") if isinstance(event.data, models.Model) else event.data

    assert (event.type, event.delivery_id) == (vector["name"], vector["delivery_id"])
    assert_same(data, vector["data"])


@pytest.mark.parametrize("vector", cases("webhooks", "reasons"))
def test_a_delivery_is_refused_with_a_reason(vector: Vector) -> None:
    with pytest.raises(hatched.WebhookVerificationError) as caught:
        parsed(vector)

    assert caught.value.reason == vector["name"]


class Listener:
    """An endpoint that keeps what it got, and answers as told."""

    def __init__(self, scene: Scene, events: list[str], answers: list[int] | None = None) -> None:
        self.scene = scene
        self.received: list[WebhookRequest] = []
        self._answers = iter(answers or [])
        self.endpoint = scene.ok("POST", "/webhook-configs", {"url": "https://app.example/hook", "events": events})
        scene.emulator.deliver_webhooks_to(self)

    def __call__(self, request: WebhookRequest) -> int:
        self.received.append(request)
        return next(self._answers, 200)

    def bodies(self, name: str) -> list[Any]:
        """The bodies of an event, each verified by the SDK."""
        found = []
        for request in self.received:
            at = float(request.headers.get("X-Hatched-Timestamp", self.scene.clock.now()))
            event = webhooks.parse(request.body, request.headers, self.endpoint["secret"], now=lambda at=at: at)
            if event.type == name:
                found.append(json.loads(request.body))
        return found


@cache
def told() -> Listener:
    """Everything that happens to one buddy."""
    scene = Scene()
    listener = Listener(scene, [vector["name"] for vector in GROUPS["webhooks", "names"]])
    scene.hatched("user_2")
    for type_ in ("lesson_completed", "lesson_completed", "quiz_passed", "daily_login"):
        scene.event(type_)
    scene.ok("POST", f"{scene.path}/coins/spend", {"amount": 1, "reason": "r"})
    scene.ok("POST", f"{scene.path}/evolve")
    scene.clock.advance("2d")
    scene.use(3_999_999)
    scene.event("quiet")
    scene.event("quiet")
    return listener


@pytest.mark.parametrize("vector", cases("webhooks", "payloads"))
def test_the_emulator_delivers_the_documented_body(vector: Vector) -> None:
    bodies = told().bodies(vector["name"])
    if vector["name"] == "token.spent":
        assert bodies == []  # the primary token is told as coins, and the other one cannot be spent
        return

    assert bodies
    for body in bodies:
        missing, added = vector["body"].keys() - body.keys(), body.keys() - vector["body"].keys()
        assert not missing
        assert not added or vector.get("cut_off")


@pytest.mark.parametrize("vector", cases("webhooks", "names"))
def test_the_emulator_tells_what_it_offers(vector: Vector) -> None:
    assert bool(told().bodies(vector["name"])) is (vector["name"] != "token.spent")


@pytest.mark.parametrize("vector", cases("webhooks", "attempts"))
def test_a_delivery_is_tried_as_often_as_documented(vector: Vector) -> None:
    scene = Scene()
    listener = Listener(scene, ["buddy.hatched"], vector["answers"])
    scene.hatched("user_2")
    scene.clock.advance(600)
    times = [int(request.headers["X-Hatched-Timestamp"]) for request in listener.received]
    (delivery,) = scene.ok("GET", f"/webhook-configs/{listener.endpoint['id']}/deliveries")["data"]

    assert [later - earlier for earlier, later in pairwise(times)] == vector["gaps"]
    assert (delivery["status"], delivery["attempts"]) == (vector["status"], vector["attempts"])
    assert len({request.headers["X-Hatched-Delivery"] for request in listener.received}) == 1


@pytest.mark.parametrize("vector", cases("webhooks", "headers"))
def test_a_delivery_has_the_documented_headers(vector: Vector) -> None:
    name = "coins.earned" if vector["name"] == "current" else "coin.earned"
    listener = Listener(Scene(webhook_scheme=vector["name"]), [name])
    listener.scene.event()
    (request,) = listener.received

    assert set(vector["headers"]) <= request.headers.keys()
    body = json.loads(request.body)
    if vector["envelope"] is None:
        assert "buddy_id" in body
    else:
        assert list(body) == vector["envelope"]
        assert "buddyId" in body["data"]
    assert listener.bodies(name) == [body]


@pytest.mark.parametrize("vector", cases("webhooks", "legacy_payloads"))
def test_the_emulator_delivers_the_documented_body_of_the_older_scheme(vector: Vector) -> None:
    scene = Scene(webhook_scheme="legacy")
    offered = scene.ok("GET", "/webhook-configs/events")["events"]
    if vector["name"] not in offered:
        pytest.skip("the emulator does not tell of this")
    listener = Listener(scene, [vector["name"]])
    for type_ in ("lesson_completed", "lesson_completed", "quiz_passed", "daily_login"):
        scene.event(type_)
    scene.ok("POST", f"{scene.path}/coins/spend", {"amount": 1, "reason": "r"})
    bodies = listener.bodies(vector["name"])
    assert bodies
    for body in bodies:
        assert body["data"].keys() == vector["data"].keys()


@pytest.mark.parametrize("vector", cases("webhooks", "timeouts"))
@pytest.mark.parametrize("kind", ["a URL", "an application", "a coroutine function"])
def test_a_receiver_has_so_many_seconds(vector: Vector, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    class NeverConnected(httpx.Client):
        def __init__(self, *, timeout: float, **options: Any) -> None:
            given.append(timeout)
            super().__init__(transport=httpx.MockTransport(lambda _: httpx.Response(200)))

    @contextmanager
    def fail_after(seconds: float) -> Iterator[None]:
        given.append(seconds)
        yield

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def function(request: WebhookRequest) -> int:
        return 200

    targets: dict[str, Any] = {"a URL": "https://app.example", "an application": application}
    monkeypatch.setattr("hatched.emulator.receivers.httpx.Client", NeverConnected)
    monkeypatch.setattr("hatched.emulator.receivers.anyio.fail_after", fail_after)
    assert receiver(targets.get(kind, function))(WebhookRequest("https://app.example", {}, b"{}")) == 200

    assert given == [vector["seconds"]]


@pytest.mark.parametrize("vector", cases("webhooks", "secrets"))
def test_a_secret_is_shown_once(vector: Vector) -> None:
    listener = Listener(Scene(), ["coins.earned"])

    assert listener.endpoint["secret"].startswith(vector["prefix"])
    (listed,) = listener.scene.ok("GET", "/webhook-configs")
    assert "secret" not in listed


# --- keys and tokens ---------------------------------------------------------------------------------


def mint(scene: Scene, path: str, **fields: Any) -> Response:
    """A token for the buddy; a field that is `None` is left out."""
    body = {"buddy_id": scene.buddy_id, "user_id": "user_1", **fields}
    return scene.send("POST", path, {name: value for name, value in body.items() if value is not None})


def scopes_for(path: str) -> dict[str, Any]:
    return {"scopes": ["read"]} if path == "/widget-sessions" else {}


@pytest.mark.parametrize("vector", cases("tokens", "ttl"))
def test_a_token_lasts_as_documented(vector: Vector) -> None:
    scene = Scene()
    answer = mint(scene, vector["path"], ttl_seconds=vector["ttl"], **scopes_for(vector["path"]))

    if "status" in vector:
        assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], "validation_failed")
        return
    token = answer.json()
    assert parse_time(token["expires_at"]).timestamp() - scene.clock.now() == vector["lasts"]
    scene.clock.advance(vector["lasts"] - 1)
    scene.emulator.verify_token(token["token"])
    scene.clock.advance(1)
    with pytest.raises(ValueError, match="expired"):
        scene.emulator.verify_token(token["token"])


@pytest.mark.parametrize("vector", cases("tokens", "scopes"))
def test_a_session_may_have_the_documented_scope(vector: Vector) -> None:
    answer = mint(Scene(), "/widget-sessions", scopes=[vector["name"]])

    assert (answer.status, answer.json()["scopes"]) == (201, [vector["name"]])


@pytest.mark.parametrize("vector", cases("tokens", "bodies"))
def test_a_token_is_not_minted_of(vector: Vector) -> None:
    answer = mint(Scene(), vector["path"], **vector["fields"])

    assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], vector["code"])


@pytest.mark.parametrize("vector", cases("tokens", "states"))
def test_a_session_is_tracked_and_an_embed_token_is_not(vector: Vector) -> None:
    scene = Scene()
    token = mint(scene, vector["path"], **scopes_for(vector["path"])).json()

    assert token.get("mode") == vector.get("mode")
    assert ("session_id" in token) is vector["revocable"]
    if vector["revocable"]:
        scene.send("DELETE", f"/widget-sessions/{token['session_id']}")
        with pytest.raises(ValueError, match="revoked"):
            scene.emulator.verify_token(token["token"])


@pytest.mark.parametrize("vector", cases("tokens", "keys"))
def test_a_key_says_where_it_belongs(vector: Vector) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        assert request.headers["authorization"] == f"Bearer {vector['key']}"
        return httpx.Response(200, json={})

    settings = {"api_key": None} if vector["option"] != "api_key" else {}
    client(answer, base_url=None, **settings, **{vector["option"]: vector["key"]}).health()

    assert seen == [f"{vector['base_url']}/health"]


PUBLISHABLE = cases("tokens", "publishable")


@pytest.mark.parametrize("vector", PUBLISHABLE)
def test_a_publishable_client_sends_what_it_may(vector: Vector) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(418)

    with pytest.raises(hatched.HatchedError) as caught:
        call(client(answer, publishable_key="hatch_pk_golden"), vector, vector["name"])

    assert bool(seen) is vector["sent"]
    assert isinstance(caught.value, errors.PublishableKeyScopeError) is not vector["sent"]


@pytest.mark.parametrize("vector", PUBLISHABLE)
def test_the_emulator_lets_a_publishable_key_do_what_its_scopes_say(vector: Vector) -> None:
    api, route, args = Api(), routes.ROUTES[vector["name"]], iter(vector["args"])
    path = re.sub(r"\{\w+\}", lambda _: next(args), route.path)
    body = None if route.method == "GET" else vector["kwargs"]

    def refused(key: str) -> bool:
        return b"publishable_key_scope" in api.send(route.method, path, body, key=key).body

    assert refused(api.emulator.publishable_key) is not vector.get("default", False)
    if "scope" in vector:
        assert not refused(added(api, vector["scope"]))
        assert refused(added(api))


def added(api: Api, *scopes: str) -> str:
    """A new publishable key with these scopes."""
    key = f"hatch_pk_{'_'.join(scopes)}"
    api.emulator.add_key(key, scopes=scopes)
    return key


@pytest.mark.parametrize("vector", cases("tokens", "publishable_sessions"))
def test_a_publishable_key_mints_sessions_with_a_scope_of_its_own(vector: Vector) -> None:
    api = Api()
    body = {"buddy_id": str(UUID(int=0)), "user_id": "u", "scopes": ["read"]}
    assert api.send("POST", "/widget-sessions", body, key=api.emulator.publishable_key).status == vector["without"]
    api.emulator.add_key("hatch_pk_minter", scopes=(vector["scope"],))

    assert api.send("POST", "/widget-sessions", body, key="hatch_pk_minter").status == vector["status"]


@pytest.mark.parametrize("vector", cases("tokens", "rotation"))
def test_a_revoked_key_is_out(vector: Vector) -> None:
    api = Api()
    api.emulator.revoke_key(api.emulator.api_key)
    answer = api.send("GET", "/buddies")

    assert (answer.status, answer.json()["error"]["code"]) == (vector["status"], vector["code"])


# --- rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", cases("rules", "equip"))
def test_what_can_be_worn_together(vector: Vector) -> None:
    worn = [f"{category}_{vector['wear'][:place].count(category)}" for place, category in enumerate(vector["wear"])]
    answer = Scene().equip(*worn)

    if vector["code"] is None:
        assert answer.status < 300
        return
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (vector["status"], vector["code"])
    assert {key: error["details"][key] for key in vector["details"]} == vector["details"]


@pytest.mark.parametrize("vector", cases("rules", "categories"))
def test_an_item_has_its_layer_and_shows_or_not(vector: Vector) -> None:
    layers = {one["name"]: one["layer_order"] for one in GROUPS["rules", "categories"]}
    in_front = [name for name in layers if layers[name] > layers[vector["name"]]][:1]
    pair = [*in_front, vector["name"]]
    scene = Scene()
    scene.ok("POST", f"{scene.path}/equip", {"equip": scene.own(*(f"{category}_0" for category in pair))})
    names = [item["name"] for item in scene.ok("GET", scene.path)["equipped_items"]]
    assert names == [f"{category} 0".capitalize() for category in reversed(pair)]
    scene = Scene()
    answer = scene.equip(f"{vector['name']}_0").json()
    assert answer["cached"] is not vector["visual"]


@pytest.mark.parametrize("vector", cases("rules", "rarities"))
def test_an_item_has_a_rarity(vector: Vector) -> None:
    rules = Rules(items=(Item(key="hat", category="head", rarity=vector["name"]),))

    assert Api(rules=rules).ok("GET", "/gates") == {"gates": []}


@pytest.mark.parametrize("vector", cases("rules", "stages"))
def test_a_buddy_has_one_to_five_stages(vector: Vector) -> None:
    stages = (Stage(conditions=()),) * (vector["count"] - 1)
    rules = Rules(event_types=("quiet",), evolution=Evolution(stages=stages))
    if not vector["allowed"]:
        with pytest.raises(ValueError, match="stages"):
            Api(rules=rules)
        return
    scene = Scene(rules=rules)
    for _ in range(vector["count"] - 1):
        scene.ok("POST", f"{scene.path}/evolve")
    assert scene.ok("GET", scene.path)["evolution_stage"] == vector["count"]
    assert scene.code("POST", f"{scene.path}/evolve") == (409, "conflict")


@pytest.mark.parametrize("vector", cases("rules", "modes"))
def test_evolution_has_a_mode(vector: Vector) -> None:
    evolution = Evolution(stages=(Stage(conditions=()),), mode=vector["name"])
    scene = Scene(rules=Rules(event_types=("quiet",), evolution=evolution))

    assert scene.send("POST", f"{scene.path}/evolve").status < 300


@pytest.mark.parametrize("vector", cases("rules", "periods"))
def test_a_streak_ticks_once_a_period(vector: Vector) -> None:
    streak = Streak(key="s", events=("t",), period=vector["period"])
    scene = Scene(rules=Rules(streaks=(streak,)), clock=Clock("2025-12-31T00:00:00Z"))
    for at in vector["ticks"]:
        scene.clock.advance(parse_time(at).timestamp() - scene.clock.now())
        scene.event("t", occurred_at=at)

    assert scene.ok("GET", f"{scene.path}/progression")["current_streak"] == vector["current"]


def _egg_in(status: str) -> Any:
    scene = Scene(operations=Operations(after_seconds=10))
    egg = scene.egg("user_2", ready=status != "waiting")
    if status == "cancelled":
        scene.ok("PATCH", f"/eggs/{egg}/status", {"status": "cancelled"})
    if status in ("hatching", "hatched"):
        scene.ok("POST", f"/eggs/{egg}/hatch")
    if status == "hatched":
        scene.clock.advance(10)
    return scene.ok("GET", f"/eggs/{egg}"), models.Egg


def _operation_in(status: str) -> Any:
    scene = Scene(operations=Operations(after_seconds=10))
    if status == "failed":
        scene.emulator.fail_next("hatch", "no paint")
    operation = scene.ok("POST", f"/eggs/{scene.egg('user_2', ready=True)}/hatch")["operation_id"]
    scene.clock.advance({"pending": 0, "processing": 6}.get(status, 10))
    return scene.ok("GET", f"/operations/{operation}"), models.Operation


def _appearance_in(status: str) -> Any:
    scene = Scene(operations=Operations(after_seconds=10), credits=0)
    if status == "awaiting_credits":
        for number in range(19):
            scene.hatched(f"u{number}")
    if status == "failed":
        scene.emulator.fail_next("equip", "no paint")
    if status != "ready":
        scene.equip("head_0")
    if status == "failed":
        scene.clock.advance(10)
    return scene.ok("GET", scene.path)["appearance"], models.BuddyAppearance


def _buddy_in(status: str) -> Any:
    scene = Scene()
    if status == "archived":
        scene.ok("POST", f"{scene.path}/archive")
    return scene.ok("GET", "/buddies")["data"][0], models.Buddy


def _sub_step_in(status: str) -> Any:
    scene = Scene()
    path_id = scene.course()
    scene.step(path_id, "next", 2, "practise")
    if status == "completed":
        scene.complete()
    place = 1 if status == "locked" else 0
    return scene.ok("GET", f"{scene.path}/paths/course")["steps"][place]["sub_steps"][0], models.PathSubStepRuntime


REACHED: dict[str, Callable[[str], Any]] = {
    "egg": _egg_in,
    "operation": _operation_in,
    "appearance": _appearance_in,
    "buddy": _buddy_in,
    "sub_step": _sub_step_in,
}


@pytest.mark.parametrize("vector", cases("rules", "reached"))
def test_every_documented_state_can_be_reached_and_read(vector: Vector) -> None:
    answer, kind = REACHED[vector["object"]](vector["status"])

    assert answer["status"] == vector["status"]
    status = codec.structure(answer, kind).status
    assert status.is_known
    assert status == vector["status"]


@pytest.mark.parametrize("vector", cases("rules", "egg_requests"))
def test_an_egg_is_asked_to_be_ready_or_cancelled_only(vector: Vector) -> None:
    api = Api()
    answer = api.send("PATCH", f"/eggs/{api.egg()}/status", {"status": vector["status"]})
    sdk = client(lambda _: httpx.Response(200, json=answer.json()))

    assert answer.status == (200 if vector["allowed"] else 422)
    if vector["allowed"]:
        assert sdk.eggs.update_status("e", status=vector["status"]).status == vector["status"]
    else:
        with pytest.raises(ValueError, match="status"):
            sdk.eggs.update_status("e", status=vector["status"])


@pytest.mark.parametrize("vector", cases("rules", "path_fields"))
def test_a_path_looks_as_documented(vector: Vector) -> None:
    answer = Api(plan="pro").send("POST", "/paths", {"key": "k", "label": "K", vector["field"]: vector["value"]})

    if vector["allowed"]:
        assert (answer.status, answer.json()[vector["field"]]) == (201, vector["value"])
    else:
        assert (answer.status, answer.json()["error"]["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("vector", cases("rules", "defaults"))
def test_a_rule_has_the_documented_default(vector: Vector) -> None:
    kind, _, name = vector["name"].partition(".")
    made: dict[str, Any] = {
        "Rules": Rules(),
        "Streak": Streak(key="s", events=()),
        "Decay": Decay(skill_key="s", cadence="daily", amount=1),
        "Skill": Skill(key="s"),
    }
    value = getattr(made[kind], name)

    if isinstance(vector["value"], dict):
        assert {key: getattr(value, key) for key in vector["value"]} == vector["value"]
    else:
        assert (list(value) if isinstance(value, tuple) else value) == vector["value"]


@pytest.mark.parametrize("vector", cases("rules", "fields"))
def test_a_rule_has_the_documented_fields(vector: Vector) -> None:
    kinds: dict[str, type] = {"Decay": Decay, "CoinRule": CoinRule}

    assert set(vector["fields"]) <= attrs.fields_dict(kinds[vector["name"]]).keys()


@pytest.mark.parametrize("vector", cases("rules", "samples"))
def test_the_default_rules_are_the_documented_samples(vector: Vector) -> None:
    api = Api()
    buddy = api.buddy()
    effects = [api.event(vector["event"]) for _ in range(vector["times"])]

    if "coins" in vector:
        assert [effect["coins"] for effect in effects] == vector["coins"]
    else:
        assert [vector["badge"] in effect["badges_awarded"] for effect in effects] == [False] * 24 + [True]
        assert effects[-1]["coins"] == vector["coin_reward"]
        held = api.ok("GET", f"/buddies/{buddy}/badges")
        assert vector["badge"] in {badge["badge_key"] for badge in held}


@pytest.mark.parametrize("vector", cases("rules", "skills"))
def test_a_skill_grows_as_documented(vector: Vector) -> None:
    scene = Scene()
    for _ in range(vector["events"]):
        scene.event("quiz_passed")
    buddy = scene.ok("GET", scene.path)

    assert buddy["skills"] == {"reading": vector["value"]}
    assert buddy["progression"]["total_skill_level"] == vector["total_skill_level"]


BROKEN: dict[str, Rules] = {
    "gate without cost": Rules(gates=(Gate(key="g", cost=0),)),
    "gate of progression": Rules(gates=(Gate(key="g", cost=1, token_key="xp"),)),
    "two heroes": Rules(streaks=tuple(Streak(key=key, events=("t",), hero=True) for key in "ab")),
}


@pytest.mark.parametrize("vector", cases("rules", "refused_rules"))
def test_rules_that_cannot_be_are_refused(vector: Vector) -> None:
    with pytest.raises(ValueError, match=r"cost|primary token|hero"):
        Api(rules=BROKEN[vector["scene"]])


def fact_gate_once(scene: Scene) -> None:
    scene.event()
    path = f"{scene.path}/gates/extra_lessons/unlock"
    first, again = scene.ok("POST", path), scene.ok("POST", path)
    assert (first["unlocked"], first["already_unlocked"], first["balance_after"]) == (True, False, 6)
    assert (again["unlocked"], again["already_unlocked"]) == (True, True)
    assert scene.ok("GET", scene.path)["coins"] == 6


def fact_progression_spent(scene: Scene) -> None:
    body = {"amount": 1, "reason": "r", "token": "xp"}
    assert scene.code("POST", f"{scene.path}/coins/spend", body)[1] == "progression_not_spendable"


def fact_progression_earned(scene: Scene) -> None:
    scene.ok("POST", f"{scene.path}/coins", {"amount": 3, "reason": "r", "token": "xp"})
    assert scene.ok("GET", scene.path)["tokens"] == {"coins": 0, "xp": 3}


def fact_lifetime(scene: Scene) -> None:
    scene.event()
    scene.ok("POST", f"{scene.path}/coins/spend", {"amount": 4, "reason": "r"})
    tokens = scene.ok("GET", f"{scene.path}/tokens")
    assert [tokens["primary"][key] for key in ("balance", "lifetime_earned", "lifetime_spent")] == [6, 10, 4]
    assert [tokens["progression"][key] for key in ("balance", "lifetime_earned", "lifetime_spent")] == [5, 5, 0]


def fact_xp(scene: Scene) -> None:
    scene.ok("PATCH", f"{scene.path}/skills", {"updates": [{"key": "reading", "action": "set", "value": 70}]})
    progression = scene.ok("GET", f"{scene.path}/progression")
    assert progression["xp"] == progression["total_skill_level"] == 3


def fact_counters(scene: Scene) -> None:
    for type_ in ("quiet", "quiet", "quiz_passed"):
        scene.event(type_)
    assert scene.ok("GET", f"{scene.path}/progression")["custom_counters"] == {"quiet": 2, "quiz_passed": 1}


def fact_one_path(scene: Scene) -> None:
    made = [scene.ok("POST", "/paths", {"key": key, "label": key})["id"] for key in "ab"]
    for path_id in made:
        assert scene.ok("PATCH", f"/paths/{path_id}/active", {"is_active": True})["is_active"]
        assert [path["id"] for path in scene.ok("GET", "/paths") if path["is_active"]] == [path_id]


def fact_new_sub_step(scene: Scene) -> None:
    path_id = scene.ok("POST", "/paths", {"key": "k", "label": "K"})["id"]
    step = scene.ok("POST", f"/paths/{path_id}/steps", {"key": "s", "label": "S", "ordinal": 1})
    part = scene.ok("POST", f"/paths/{path_id}/steps/{step['id']}/sub-steps", {"key": "p", "label": "P", "ordinal": 1})
    assert (part["allow_manual_complete"], part["completion_condition"]) == (True, None)


def fact_complete_twice(scene: Scene) -> None:
    scene.course()
    assert [scene.complete()["already_completed"] for _ in range(2)] == [False, True]
    assert scene.ok("GET", scene.path)["coins"] == 6


def fact_second_step(scene: Scene) -> None:
    scene.step(scene.course(), "next", 2, "practise")
    path = f"{scene.path}/paths/course"
    assert [step["unlocked"] for step in scene.ok("GET", path)["steps"]] == [True, False]
    scene.complete()
    assert [step["unlocked"] for step in scene.ok("GET", path)["steps"]] == [True, True]


def fact_egg_waits(scene: Scene) -> None:
    assert scene.ok("GET", f"/eggs/{scene.egg('u')}")["status"] == "waiting"


def fact_only_ready_hatches(scene: Scene) -> None:
    assert scene.send("POST", f"/eggs/{scene.egg('u')}/hatch").status >= 400
    assert scene.send("POST", f"/eggs/{scene.egg('v', ready=True)}/hatch").status < 300


def fact_egg_and_buddy(scene: Scene) -> None:
    egg = scene.egg("u", ready=True)
    assert scene.ok("GET", f"/eggs/{egg}")["buddy_id"] is None
    scene.ok("POST", f"/eggs/{egg}/hatch")
    hatched_egg = scene.ok("GET", f"/eggs/{egg}")
    assert hatched_egg["status"] == "hatched"
    assert scene.ok("GET", f"/buddies/{hatched_egg['buddy_id']}")["user_id"] == "u"


def fact_ensure(scene: Scene) -> None:
    waiting, ready = scene.egg("u"), scene.egg("u", ready=True)
    assert scene.ok("POST", "/eggs?ensure=true", {"user_id": "u"})["egg_id"] == ready
    scene.ok("PATCH", f"/eggs/{ready}/status", {"status": "cancelled"})
    assert scene.ok("POST", "/eggs?ensure=true", {"user_id": "u"})["egg_id"] == waiting


def fact_hatch_result(scene: Scene) -> None:
    operation = scene.ok("POST", f"/eggs/{scene.egg('u', ready=True)}/hatch")["operation_id"]
    assert UUID_RE.fullmatch(scene.ok("GET", f"/operations/{operation}")["result"]["buddy_id"])


def fact_pinned(scene: Scene) -> None:
    before = scene.ok("GET", scene.path)["config_version_id"]
    version = scene.emulator.publish(Rules(event_types=("quiet",)))
    assert scene.ok("GET", scene.path)["config_version_id"] == before != version
    assert scene.ok("GET", f"/eggs/{scene.egg('u')}")["config_version_id"] == version


def fact_rerender(scene: Scene) -> None:
    scene.emulator.fail_next("equip", "no paint")
    scene.equip("head_0")
    look = scene.ok("GET", scene.path)["appearance"]
    assert (look["status"], look["error"]["code"]) == ("failed", "needs_rerender")
    scene.ok("POST", f"{scene.path}/appearance/rerender")
    look = scene.ok("GET", scene.path)["appearance"]
    assert (look["status"], look["rendered_equipped_item_ids"]) == ("ready", [])


def fact_cached(scene: Scene) -> None:
    _worn_before(scene)
    answer = scene.ok("POST", f"{scene.path}/equip", {"equip": scene.ids("head_0")})
    assert {key: answer[key] for key in ("operation_id", "status", "cached")} == {
        "operation_id": None,
        "status": "completed",
        "cached": True,
    }


def fact_first_stage(scene: Scene) -> None:
    assert scene.ok("GET", scene.path)["evolution_stage"] == 1


def fact_cancelled(scene: Scene) -> None:
    eggs: list[str] = []
    while (answer := scene.send("POST", "/eggs", {"user_id": "u"})).status == 201:
        eggs.append(answer.json()["egg_id"])
    scene.ok("PATCH", f"/eggs/{eggs[0]}/status", {"status": "cancelled"})
    assert scene.send("POST", "/eggs", {"user_id": "u"}).status == 201


def fact_pools(scene: Scene) -> None:
    answer = scene.send("GET", "/buddies")
    assert [answer.header(f"X-Credits-{pool}-Remaining") for pool in ("Welcome", "Paid")] == ["19", "250"]


FACTS: dict[str, Callable[[Scene], None]] = {
    "a gate is paid once": fact_gate_once,
    "the progression token cannot be spent": fact_progression_spent,
    "the progression token can be earned by hand": fact_progression_earned,
    "lifetime_spent of progression stays 0": fact_lifetime,
    "xp is the total skill level": fact_xp,
    "every event type is counted": fact_counters,
    "one path is active": fact_one_path,
    "a new sub-step is completed by hand and has no condition": fact_new_sub_step,
    "completing a sub-step twice changes nothing": fact_complete_twice,
    "the second step opens when the first is complete": fact_second_step,
    "an egg starts waiting": fact_egg_waits,
    "only a ready egg hatches": fact_only_ready_hatches,
    "an egg has a buddy once it is hatched": fact_egg_and_buddy,
    "ensure answers the latest waiting or ready egg": fact_ensure,
    "a hatch ends with a buddy id": fact_hatch_result,
    "rules stay pinned until an egg is new": fact_pinned,
    "a failed picture asks for a rerender": fact_rerender,
    "a cached picture comes at once": fact_cached,
    "a buddy starts at stage 1": fact_first_stage,
    "a cancelled egg makes room": fact_cancelled,
    "credits are taken from welcome before paid": fact_pools,
}


@pytest.mark.parametrize("vector", cases("rules", "facts"))
def test_the_emulator_keeps_the_rule(vector: Vector) -> None:
    FACTS[vector["name"]](Scene())


# --- what is outside -----------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", cases("outside", "rows"))
def test_what_is_outside_is_not_answered(vector: Vector) -> None:
    assert vector["reason"]
    for route in vector["routes"]:
        method, path = route.split(" ")
        assert router.match(method, "/api/v1" + path) is None, route


@pytest.mark.parametrize("vector", cases("outside", "rows"))
def test_what_is_outside_stands_in_the_document(vector: Vector) -> None:
    assert vector["text"] in section(vector["source"].rpartition("§")[2])


@pytest.mark.parametrize("number", ["2.1", "8.4"])
def test_every_stated_route_has_a_vector_or_is_outside(number: str) -> None:
    named = [f"`{vector['name']}`" for vector in GROUPS["requests", "routes"]]
    named += [vector["text"] for vector in GROUPS["outside", "rows"]]
    route = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`?]+)[^`]*`")
    known, stated = (
        {re.sub(r"{\w+}", "{}", one) for one in route.findall(text)} for text in ("\n".join(named), section(number))
    )

    assert stated
    assert stated - known == set()


# --- the vectors themselves --------------------------------------------------------------------------

ALL = [(file, group, vector) for (file, group), vectors in GROUPS.items() for vector in vectors]


def test_every_vector_is_used() -> None:
    assert {(file, group, vector["name"]) for file, group, vector in ALL} == USED


def test_every_vector_has_a_name_of_its_own() -> None:
    assert len({(file, group, vector["name"]) for file, group, vector in ALL}) == len(ALL)


def test_every_vector_names_a_document_and_a_place_in_it() -> None:
    places = rf"({'|'.join(map(re.escape, DOCUMENTS))})(: \S.*)|hatched-api §([1-9]|10)(\.\d+)?"
    wrong = [vector["name"] for _, _, vector in ALL if not re.fullmatch(places, vector["source"])]

    assert wrong == []


def test_every_vector_says_how_sure_it_is() -> None:
    assert {vector["confidence"] for _, _, vector in ALL} == {"seen", "inferred"}
