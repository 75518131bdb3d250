"""The OpenAPI document against the routes, the resources of the SDK, and a walk over all of them."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest

import hatched
from hatched import HatchedClient, models
from hatched.emulator import Emulator, Request, Response, openapi, router
from hatched.emulator.handlers import HANDLERS
from hatched.routes import ROUTES

ORIGIN = "http://emulator.test"
DOCUMENT = openapi.document(ORIGIN)
OPERATIONS = {operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()}


class Exchanged(NamedTuple):
    """One request of a walk and its answer."""

    route: str
    request: Request
    response: Response


Check = Callable[[dict[str, Any], Any], list[str]]


@pytest.fixture(scope="module")
def complaints() -> Check:
    """What a schema of the document has against a value."""
    jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="comes with schemathesis: the group `fuzz`")

    def check(schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": DOCUMENT["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]

    return check


@pytest.fixture(scope="module")
def walk() -> list[Exchanged]:
    """Every route once or more, as the SDK calls it."""
    seen: list[Exchanged] = []
    emulator = Emulator(plan="pro")
    answer = emulator.exchange

    def exchange(request: Request) -> Any:
        found = answer(request)
        match = router.match(request.method, request.path)
        assert match is not None
        assert found.response is not None
        seen.append(Exchanged(match.route.id, request, found.response))
        return found

    emulator.exchange = exchange  # type: ignore[method-assign]
    with emulator.sync_client() as client:
        buddy_id = _hatch(client)
        _earn(client, buddy_id)
        _wear(client, buddy_id, emulator.item_id("party_hat"))
        _follow_paths(client, buddy_id)
        _open_browsers(client, buddy_id)
        _be_told(client, buddy_id)
        _refuse(client, buddy_id)
        client.buddies.archive(buddy_id)
    emulator.close()
    return seen


def _hatch(client: HatchedClient) -> str:
    client.health()
    client.eggs.create(user_id="user_0", audience="default", metadata={"Any": [1, None]})
    egg = client.eggs.create(user_id="user_1", ensure=True)
    client.eggs.create(user_id="user_1", ensure=True)
    client.eggs.list(user_id="user_1", status="waiting", page=1, limit=10)
    client.eggs.get(egg.egg_id)
    client.eggs.update_status(egg.egg_id, status="ready")
    operation = client.operations.wait(client.eggs.hatch(egg.egg_id).operation_id)
    buddy_id: str = operation.result["buddy_id"]
    client.buddies.update_name(buddy_id, name="Ada")
    client.buddies.get(buddy_id)
    client.buddies.list(
        user_id="user_1", status="active", evolution_stage=1, page=1, limit=5, sort="name", order="desc"
    )
    client.buddies.get_user_summary("user_1")
    return buddy_id


def _earn(client: HatchedClient, buddy_id: str) -> None:
    for _ in range(2):
        client.events.send(user_id="user_1", type="daily_login", properties={"aB": None})
    client.events.send(user_id="nobody", type="lesson_completed", occurred_at="2026-01-01T00:00:00+01:00")
    client.events.send_batch([{"user_id": "user_1", "type": "lesson_completed"}])
    client.buddies.update_skills(buddy_id, updates=[{"key": "knowledge", "action": "set", "value": 80}])
    client.buddies.earn(buddy_id, amount=200, reason="r", reference_id="x", token="coins")
    client.buddies.spend(buddy_id, amount=1, reason="r")
    client.buddies.award_badge(buddy_id, "quiz_master", reason="r")
    client.buddies.get_badges(buddy_id)
    client.buddies.tokens(buddy_id)
    client.buddies.get_progression(buddy_id)
    client.gates.list()
    for _ in range(2):
        client.gates.unlock(buddy_id, "extra_lessons")
    client.gates.unlocks(buddy_id)


def _wear(client: HatchedClient, buddy_id: str, hat: str) -> None:
    client.buddies.purchase_item(buddy_id, hat)
    client.buddies.get_purchased_items(buddy_id)
    client.buddies.equip(buddy_id, equip=[hat], unequip=[])
    client.buddies.get(buddy_id)
    client.buddies.rerender_appearance(buddy_id)
    client.buddies.get_evolution(buddy_id)
    client.operations.wait(client.buddies.evolve(buddy_id).operation_id or "")
    client.buddies.evolutions(buddy_id, page=1, limit=10)


def _follow_paths(client: HatchedClient, buddy_id: str) -> None:
    path = client.paths.create(
        key="p", label="P", audience="default", icon="star", display_mode="zigzag", description="d", is_active=True
    )
    condition = models.PathCondition(type=models.PathConditionType.COIN, config={"amount": 1})
    plain = {"type": "event_count", "config": {"event_type": "daily_login", "count": 9}}
    step = client.paths.add_step(path.id, key="s", label="S", ordinal=1, reward_coins=5, completion_condition=condition)
    part = client.paths.add_sub_step(path.id, step.id, key="q", label="Q", ordinal=1, completion_condition=plain)
    client.paths.get(path.id)
    client.paths.list(audience="default")
    client.paths.get_for_buddy(buddy_id, "p")
    for _ in range(2):
        client.paths.complete_sub_step(buddy_id, "p", "q")
    client.paths.get_for_buddy(buddy_id, "p")
    client.paths.update(path.id, label="P2", accent_color="#fff")
    client.paths.set_active(path.id, is_active=False)
    client.paths.update_step(path.id, step.id, icon="x", unlock_condition=plain)
    client.paths.update_sub_step(path.id, step.id, part.id, content_url="u", cta_label="c", allow_skip_ahead=True)
    client.paths.reorder_steps(path.id, ordering=[{"id": step.id, "ordinal": 2}])
    client.paths.reorder_sub_steps(path.id, step.id, ordering=[models.PathOrdinal(id=part.id, ordinal=2)])
    client.paths.delete_sub_step(path.id, step.id, part.id)
    client.paths.delete_step(path.id, step.id)
    client.paths.delete(path.id)


def _open_browsers(client: HatchedClient, buddy_id: str) -> None:
    session = client.widget_sessions.create(buddy_id=buddy_id, user_id="user_1", scopes=["read"], ttl_seconds=60)
    client.widget_sessions.revoke(session.session_id)
    client.embed_tokens.create(buddy_id=buddy_id, user_id="user_1", ttl_seconds=60)


def _be_told(client: HatchedClient, buddy_id: str) -> None:
    endpoint = client.webhooks.create(url="https://x", events=["coins.earned"], description="d").id
    client.buddies.earn(buddy_id, amount=1, reason="r")
    client.webhooks.list()
    (delivery,) = client.webhooks.deliveries(endpoint, status="pending", limit=5).data
    client.webhooks.replay(endpoint, delivery.id)
    client.webhooks.redeliver(endpoint, delivery.id)
    page = client.webhooks.deliveries(endpoint, limit=1)
    client.webhooks.deliveries(endpoint, cursor=page.next_cursor)
    client.webhooks.delete(endpoint)


def _refuse(client: HatchedClient, buddy_id: str) -> None:
    """One error of each status that has details of its own."""
    for _ in range(3):
        client.eggs.create(user_id="many")
    with pytest.raises(hatched.ConflictError):
        client.eggs.create(user_id="many")
    with pytest.raises(hatched.InsufficientBalanceError):
        client.buddies.spend(buddy_id, amount=10**6, reason="r")
    with pytest.raises(hatched.ValidationError):
        client.buddies.earn(buddy_id, amount=-1, reason="r")


def test_every_route_stands_in_the_document_once() -> None:
    found = Counter(
        (method.upper(), path, operation["operationId"])
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    )
    assert found == Counter((route.method, route.path, route.id) for route in ROUTES.values())
    for route in ROUTES.values():
        assert OPERATIONS[route.id]["x-hatched-confidence"] == route.confidence.value
        assert OPERATIONS[route.id]["x-hatched-access"] == route.access.value


def test_the_parts_of_the_document_fit_together() -> None:
    for route in ROUTES.values():
        operation = OPERATIONS[route.id]
        in_path = {each["name"] for each in operation["parameters"] if each.get("in") == "path"}
        assert in_path == {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
        assert any(status.startswith("2") for status in operation["responses"])
        assert "500" not in operation["responses"]
        assert ("requestBody" in operation) == (HANDLERS[route.id].body is not None)
        assert {name for each in operation["security"] for name in each} <= DOCUMENT["components"][
            "securitySchemes"
        ].keys()
    wanted = set(_references(DOCUMENT))
    assert wanted == {
        f"#/components/{kind}/{name}"
        for kind, parts in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in parts
    }


def test_every_named_object_is_closed() -> None:
    assert all(schema["additionalProperties"] is False for schema in DOCUMENT["components"]["schemas"].values())


def test_schemas_of_two_classes_never_share_a_name() -> None:
    named = [cls for handler in HANDLERS.values() for cls in (handler.body, handler.query) if cls is not None]
    named += [model for model in openapi.RESPONSES.values() if isinstance(model, type)]
    assert len({cls.__name__ for cls in named}) == len(set(named))


def test_a_document_belongs_to_its_caller() -> None:
    openapi.document("http://one")["components"]["schemas"]["Error"]["properties"]["error"].clear()
    two = openapi.document("http://two")
    assert two["servers"] == [{"url": "http://two/api/v1"}]
    assert {**two, "servers": DOCUMENT["servers"]} == DOCUMENT
    assert json.loads(json.dumps(two)) == two


def test_answers_are_what_the_resources_of_the_sdk_read() -> None:
    assert {route.id: model or NoneType for route, model in openapi.RESPONSES.items()} == dict(_models_of_resources())


def test_the_document_is_valid_openapi_3_1() -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="stands in a dependency group of its own, `fuzz`")
    assert schemathesis.openapi.from_dict(DOCUMENT).validate() is None


def test_every_schema_is_valid() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="comes with schemathesis: the group `fuzz`")
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_the_walk_goes_everywhere(walk: list[Exchanged]) -> None:
    assert {found.route for found in walk} == ROUTES.keys()
    done = {(found.route, found.response.status) for found in walk if found.response.status < 300}
    assert done == {
        (route, int(status))
        for route, operation in OPERATIONS.items()
        for status in operation["responses"]
        if status.startswith("2")
    }


def test_what_the_sdk_sends_is_what_the_document_wants(walk: list[Exchanged], complaints: Check) -> None:
    for route, request, response in walk:
        operation = OPERATIONS[route]
        if response.status == 422:
            continue
        assert bool(request.body) == ("requestBody" in operation), route
        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert complaints(schema, json.loads(request.body)) == [], route
        wanted = {each["name"]: each["schema"] for each in operation["parameters"] if each.get("in") == "query"}
        for name, value in parse_qsl(request.query):
            typed = int(value) if wanted[name].get("type") == "integer" else value
            assert complaints(wanted[name], typed) == [], (route, name)


def test_every_answer_is_as_documented(walk: list[Exchanged], complaints: Check) -> None:
    for route, _, response in walk:
        documented = OPERATIONS[route]["responses"][str(response.status)]
        if "$ref" in documented:
            documented = DOCUMENT["components"]["responses"][documented["$ref"].rpartition("/")[2]]
        assert bool(response.body) == ("content" in documented), route
        if response.body:
            schema = documented["content"]["application/json"]["schema"]
            assert complaints(schema, response.json()) == [], route


@pytest.mark.parametrize("shape", ["nested", "flat"])
def test_both_shapes_of_an_event_are_documented(shape: Any, complaints: Check) -> None:
    emulator = Emulator(event_body=shape)
    body = json.dumps({"user_id": "u", "type": "daily_login"}).encode()
    key = {"Authorization": f"Bearer {emulator.api_key}"}
    response = emulator.handle(Request("POST", "/api/v1/events", "", key, body))
    emulator.close()
    assert response.status == 201
    schema = OPERATIONS["events.send"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert complaints(schema, response.json()) == []


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for child in value.values():
            yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def _models_of_resources() -> Iterator[tuple[str, Any]]:
    """Route and model of each `self._call(routes.X, kind, ...)`, from the source."""
    from hatched import routes

    package = Path(hatched.__file__).parent
    for path in [*sorted((package / "resources").glob("*.py")), package / "client.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._call":
                route, kind = (
                    eval(ast.unparse(argument), {"models": models, "routes": routes, "NoneType": NoneType})
                    for argument in node.args[:2]
                )
                yield route.id, kind
