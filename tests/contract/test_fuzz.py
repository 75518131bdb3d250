"""schemathesis against the emulator's own document: whatever is sent, the answer is one that is documented.

Each case meets a world of its own, so that what fails fails alone; then the world is looked at, in case something was
stored that cannot be read. By default some 330 cases run; with `HATCHED_CHAOS=full` over 10,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from hatched.emulator import Request, Response, openapi, router
from hatched.emulator.catalogue import item_id
from hatched.emulator.delivery import EVENTS
from hatched.emulator.rules.conditions import CONFIG
from hatched.emulator.sessions import SCOPES
from hatched.routes import ROUTES
from tests.emulator.support import KEY, Api

schemathesis: Any = pytest.importorskip(
    "schemathesis", minversion="4.0", reason="schemathesis is large: it stands in a dependency group of its own, `fuzz`"
)
jsonschema_rs: Any = pytest.importorskip("jsonschema_rs", reason="comes with schemathesis")

FULL = os.environ.get("HATCHED_CHAOS") == "full"
CASES = 200 if FULL else 6
"""For each route."""

ORIGIN = "http://hatched.emulator.localhost"
DOCUMENT = openapi.document(ORIGIN)
OPERATIONS = {operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()}
SCHEMA: Any = schemathesis.openapi.from_dict(DOCUMENT)
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
KEYS = (*[KEY] * 24, "hatch_pk_narrow", "hatch_pk_wide", "hatch_test_of_another_customer", "unknown", None)

LIVELY: dict[str, tuple[Any, ...]] = {
    "user_id": ("user_1", "user_2", "user_3", "nobody"),
    "type": ("lesson_completed", "quiz_passed", "daily_login"),
    "key": ("knowledge", "p", "s1", "q1", "new"),
    "badge_key": ("first_lesson", "quiz_master"),
    "token": ("coins", None),
    "audience": ("default", None),
    "amount": (1, 5, 2**53 - 1),
    "updates": tuple(
        [{"key": "knowledge", "action": action, name: 5}]
        for action, name in (("set", "value"), ("increase", "amount"), ("decrease", "amount"), ("set", "amount"))
    ),
    "reason": ("r",),
    "label": ("L",),
    "name": ("Ada",),
    "ordinal": (0, 1, 2**31),
    "page": (1, 2, 2**31),
    "limit": (1, 100),
    "sort": ("name", "coins", "evolution_stage"),
    "cursor": ("1", "9" * 18),
    "scopes": (["read"], list(SCOPES)),
    "events": (["coins.earned"], list(EVENTS)),
    "url": ("https://x",),
    "occurred_at": ("2025-12-31T23:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
    "path_key": ("p",),
    "sub_step_key": ("q1", "q2"),
    "gate_key": ("extra_lessons",),
}
"""What a name may stand for, so that a case gets further than to a refusal; ids come from the world."""

JSON = st.one_of(st.none(), st.booleans(), st.integers(-1, 2**70), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(JSON | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4)
WORDS = {
    str: st.sampled_from(("lesson_completed", "knowledge", "daily", "first_lesson", "extra_lessons", "")),
    int: st.sampled_from((0, 1, -1, 2**70)),
}
LOOSE = {"op": st.sampled_from(("eq", "ne", "gt", "gte", "lt", "lte")) | JSON, "value": JSON, "event_type": JSON}
CONDITIONS = st.one_of(
    [
        st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "config": st.fixed_dictionaries(
                    {name: WORDS[wanted] for name, wanted in config.items()},
                    optional={name: loose for name, loose in LOOSE.items() if name not in config},
                ),
            }
        )
        for kind, config in (*CONFIG.items(), *[("custom", CONFIG["custom"])] * len(CONFIG))
    ]
)
"""Conditions that the rules understand, every other one of the kind with the loosest ends."""


class World(NamedTuple):
    """An emulator where everything exists once."""

    api: Api
    ids: dict[str, list[str]]


class Shot(NamedTuple):
    """One request, whose ids are places in a world that does not exist yet."""

    method: str
    template: str
    args: dict[str, Any]
    query: dict[str, Any]
    headers: dict[str, str]
    key: str | None
    body: Any


class Id(NamedTuple):
    """An id of the world, by the name of its parameter."""

    name: str
    place: int

    def of(self, world: World) -> str:
        ids = world.ids[self.name]
        return ids[self.place % len(ids)]


RAW = (b"", b"{", b"[]", b"null", b'{"a":"\\ud800"}', b"\xff", b'{"a":1e999}', b"[" * 9_000, b'{"a":NaN}')
NAMES_OF_IDS = ("buddy_id", "egg_id", "operation_id", "item_id", "session_id", "endpoint_id", "delivery_id")
NAMES_OF_PARTS = ("definition_id", "step_id", "sub_step_id")


def make_world() -> World:
    api = Api(plan="enterprise")
    for key, scopes in (
        ("hatch_pk_narrow", ("read:operations",)),
        ("hatch_pk_wide", ("read:buddies", "read:operations", "write:embed-tokens")),
    ):
        api.emulator.add_key(key, scopes=scopes)
    api.emulator.add_key("hatch_test_of_another_customer", customer="other")
    endpoint = api.ok("POST", "/webhook-configs", {"url": "https://x", "events": list(EVENTS)})["id"]
    egg = api.egg("user_1", ready=True)
    operation = api.ok("POST", f"/eggs/{egg}/hatch")["operation_id"]
    buddy = api.ok("GET", f"/operations/{operation}")["result"]["buddy_id"]
    hat, scarf = (item_id(api.emulator.customer_id, key) for key in ("party_hat", "scarf"))
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 500, "reason": "r"})
    api.ok("POST", f"/buddies/{buddy}/items/{hat}/purchase")
    api.ok("PATCH", f"/buddies/{buddy}/skills", {"updates": [{"key": "knowledge", "action": "set", "value": 80}]})
    session = api.ok("POST", "/widget-sessions", {"buddy_id": buddy, "user_id": "user_1", "scopes": ["read"]})
    deliveries = api.ok("GET", f"/webhook-configs/{endpoint}/deliveries")["data"]
    parts = _path(api)
    eggs = [api.egg("user_2", ready=True), api.egg("user_3"), egg]
    ids = ([buddy], eggs, [operation], [hat, scarf], [session["session_id"]], [endpoint], [deliveries[0]["id"]])
    return World(api, {**dict(zip(NAMES_OF_IDS, ids, strict=True)), **parts})


def _path(api: Api) -> dict[str, list[str]]:
    path = api.ok("POST", "/paths", {"key": "p", "label": "P"})["id"]
    step = api.ok("POST", f"/paths/{path}/steps", {"key": "s1", "label": "S", "ordinal": 1})["id"]
    condition = {"type": "event_count", "config": {"event_type": "lesson_completed", "count": 1}}
    sub_steps = [
        api.ok(
            "POST",
            f"/paths/{path}/steps/{step}/sub-steps",
            {"key": key, "label": "Q", "ordinal": 1, "reward_coins": 3, **more},
        )["id"]
        for key, more in (("q1", {}), ("q2", {"completion_condition": condition}))
    ]
    return dict(zip(NAMES_OF_PARTS, ([path], [step], sub_steps), strict=True))


@st.composite
def shots(draw: Callable[[Any], Any], route_id: str) -> Shot:
    """A request of a route: what schemathesis makes of its description, with much of it made to exist."""
    route = ROUTES[route_id]
    operation = SCHEMA[route.path][route.method]
    case = draw(st.one_of([operation.as_strategy(generation_mode=mode) for mode in MODES]))
    body = case.body if "requestBody" in OPERATIONS[route_id] else schemathesis.core.NOT_SET
    if _seldom(draw):
        encoded: Any = draw(st.one_of(st.sampled_from(RAW), st.binary(max_size=20)))
    else:
        encoded = b"" if body is schemathesis.core.NOT_SET else _enliven(draw, body)
    return Shot(
        route.method,
        route.path,
        {name: _known(draw, name, value, usually=7) for name, value in case.path_parameters.items()},
        {name: _known(draw, name, value, usually=4) for name, value in (case.query or {}).items()},
        {name: str(value) for name, value in (case.headers or {}).items()},
        draw(st.sampled_from(KEYS)),
        encoded,
    )


def _seldom(draw: Callable[[Any], Any]) -> bool:
    return bool(draw(st.integers(0, 11)) == 11)


def _known(draw: Callable[[Any], Any], name: str, value: Any, usually: int) -> Any:
    """Something that exists, `usually` times out of eight."""
    batch = name == "events" and isinstance(value, list) and any(isinstance(one, dict) for one in value)
    if batch or draw(st.integers(1, 8)) > usually:
        return value
    if name in NAMES_OF_IDS or name in NAMES_OF_PARTS:
        return Id(name, draw(st.integers(0, 2)))
    if name == "id":
        return Id(draw(st.sampled_from(NAMES_OF_PARTS)), 0)
    if name in ("completion_condition", "unlock_condition"):
        return draw(CONDITIONS)
    return draw(st.sampled_from(LIVELY[name])) if name in LIVELY else value


def _enliven(draw: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(draw, name, _enliven(draw, inner), usually=5) for name, inner in value.items()}
    if isinstance(value, list):
        return [_enliven(draw, inner) for inner in value]
    return value


def request_of(shot: Shot, world: World) -> Request:
    path = router.PREFIX + shot.template
    for name, value in _real(shot.args, world).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    key = {} if shot.key is None else {"Authorization": f"Bearer {shot.key}"}
    body = shot.body if isinstance(shot.body, bytes) else json.dumps(_real(shot.body, world)).encode()
    query = urlencode(_real(shot.query, world), doseq=True)
    return Request(shot.method, path, query, {**shot.headers, **key}, body)


def _real(value: Any, world: World) -> Any:
    if isinstance(value, Id):
        return value.of(world)
    if isinstance(value, dict):
        return {name: _real(inner, world) for name, inner in value.items()}
    return [_real(inner, world) for inner in value] if isinstance(value, list) else value


def check(request: Request, response: Response) -> None:
    """The answer is one of those that the document knows."""
    context = f"{request}\n→ {response.status} {response.body[:2_000]!r}"
    assert response.status != 500, context
    match = router.match(request.method, request.path)
    if match is None:
        assert response.status == 404, context
        validators = [ERROR]
    else:
        assert (match.route.id, response.status) in ANSWERS, f"this status is not documented: {context}"
        validators = [found] if (found := ANSWERS[match.route.id, response.status]) is not None else []
    assert bool(validators) == bool(response.body), context
    for validator in validators:
        complaints = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(response.json())]
        assert not complaints, f"{complaints}\n{context}"
    if response.status >= 400:
        assert response.json()["error"]["requestId"] == response.header("X-Request-Id"), context
    sent = {name.lower(): value for name, value in dict(request.headers).items()}.get("x-request-id")
    assert response.header("X-Request-Id") == sent or not sent, context


def look_around(world: World) -> None:
    """What a case has stored can be read, and acted upon by the rules."""
    buddy = world.ids["buddy_id"][0]
    properties = {"lesson_completed": 1, "": "text", "knowledge": None}
    event = json.dumps({"user_id": "user_1", "type": "lesson_completed", "properties": properties}).encode()
    for method, target, body in (
        ("POST", "/events", event),
        ("GET", f"/buddies/{buddy}", b""),
        ("GET", f"/buddies/{buddy}/paths/p", b""),
        ("GET", f"/paths/{world.ids['definition_id'][0]}", b""),
        ("GET", "/eggs", b""),
    ):
        request = Request(method, router.PREFIX + target, "", {"Authorization": f"Bearer {KEY}"}, body)
        check(request, world.api.emulator.handle(request))


def _validators() -> dict[tuple[str, int], Any]:
    """By route and status; `None` where there is no body."""
    found: dict[tuple[str, int], Any] = {}
    for route_id, operation in OPERATIONS.items():
        for status, response in operation["responses"].items():
            content = None if "$ref" in response else response.get("content")
            schema = content and content["application/json"]["schema"]
            found[route_id, int(status)] = ERROR if "$ref" in response else schema and _validator(schema)
    return found


def _validator(schema: dict[str, Any]) -> Any:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


ERROR = _validator({"$ref": "#/components/schemas/Error"})
ANSWERS = _validators()


@pytest.fixture(scope="module")
def tally() -> Any:
    """How many cases of which route had which status."""
    counts: Counter[tuple[str, int]] = Counter()
    yield counts
    statuses: Counter[int] = Counter()
    for (_, status), count in counts.items():
        statuses[status] += count
    print(f"\n{statuses.total()} cases: {dict(sorted(statuses.items()))}")


@pytest.mark.chaos
@pytest.mark.parametrize("route_id", ROUTES)
def test_every_answer_is_documented(route_id: str, tally: Counter[tuple[str, int]]) -> None:
    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # shrinking takes minutes, and what fails is one request, printed whole
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(shots(route_id))
    def storm(shot: Shot) -> None:
        world = make_world()
        try:
            request = request_of(shot, world)
            response = world.api.emulator.handle(request)
            tally[route_id, response.status] += 1
            check(request, response)
            look_around(world)
        finally:
            world.api.emulator.close()

    storm()


@pytest.mark.chaos
def test_there_were_enough_cases_and_they_went_deep(tally: Counter[tuple[str, int]]) -> None:
    met = {route_id for route_id, _ in tally}
    if met != ROUTES.keys():
        pytest.skip("only some of the routes were chosen")
    assert tally.total() >= (10_000 if FULL else 300)
    if FULL:
        assert {route_id for route_id, status in tally if status < 300} == met
