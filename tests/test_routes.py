"""Every endpoint, once: the table below is the one of the documentation (seen rows) and of our guesses."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from hatched.client import AsyncHatchedClient, configure
from hatched.codec import to_snake
from hatched.errors import HatchedError, PublishableKeyScopeError
from hatched.routes import ROUTES, Access, Confidence, Route, Safety
from tests.pipeline.fake import FakeIO, answer

REFERENCE = json.loads((Path(__file__).parent / "data" / "sdk_js_reference.json").read_text(encoding="utf-8"))

SEEN = {
    "health": "GET /health",
    "eggs.create": "POST /eggs",
    "buddies.update_skills": "PATCH /buddies/{buddy_id}/skills",
    "buddies.earn": "POST /buddies/{buddy_id}/coins",
    "buddies.spend": "POST /buddies/{buddy_id}/coins/spend",
    "buddies.award_badge": "POST /buddies/{buddy_id}/badges",
    "events.send": "POST /events",
    "events.send_batch": "POST /events/batch",
    "widget_sessions.create": "POST /widget-sessions",
    "embed_tokens.create": "POST /embed-tokens",
}
INFERRED = {
    "eggs.get": "GET /eggs/{egg_id}",
    "eggs.list": "GET /eggs",
    "eggs.update_status": "PATCH /eggs/{egg_id}/status",
    "eggs.hatch": "POST /eggs/{egg_id}/hatch",
    "buddies.get": "GET /buddies/{buddy_id}",
    "buddies.list": "GET /buddies",
    "buddies.update_name": "PATCH /buddies/{buddy_id}",
    "buddies.archive": "POST /buddies/{buddy_id}/archive",
    "buddies.get_badges": "GET /buddies/{buddy_id}/badges",
    "buddies.equip": "POST /buddies/{buddy_id}/equip",
    "buddies.rerender_appearance": "POST /buddies/{buddy_id}/appearance/rerender",
    "buddies.purchase_item": "POST /buddies/{buddy_id}/items/{item_id}/purchase",
    "buddies.get_purchased_items": "GET /buddies/{buddy_id}/items",
    "buddies.get_evolution": "GET /buddies/{buddy_id}/evolution",
    "buddies.evolve": "POST /buddies/{buddy_id}/evolve",
    "buddies.get_progression": "GET /buddies/{buddy_id}/progression",
    "buddies.tokens": "GET /buddies/{buddy_id}/tokens",
    "buddies.evolutions": "GET /buddies/{buddy_id}/evolutions",
    "buddies.get_user_summary": "GET /users/{user_id}/summary",
    "operations.get": "GET /operations/{operation_id}",
    "widget_sessions.revoke": "DELETE /widget-sessions/{session_id}",
    "webhooks.list": "GET /webhook-configs",
    "webhooks.create": "POST /webhook-configs",
    "webhooks.delete": "DELETE /webhook-configs/{endpoint_id}",
    "webhooks.deliveries": "GET /webhook-configs/{endpoint_id}/deliveries",
    "webhooks.replay": "POST /webhook-configs/{endpoint_id}/deliveries/{delivery_id}/replay",
    "webhooks.redeliver": "POST /webhook-configs/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    "gates.list": "GET /gates",
    "gates.unlock": "POST /buddies/{buddy_id}/gates/{gate_key}/unlock",
    "gates.unlocks": "GET /buddies/{buddy_id}/unlocks",
    "paths.list": "GET /paths",
    "paths.get": "GET /paths/{definition_id}",
    "paths.create": "POST /paths",
    "paths.update": "PATCH /paths/{definition_id}",
    "paths.delete": "DELETE /paths/{definition_id}",
    "paths.set_active": "PATCH /paths/{definition_id}/active",
    "paths.add_step": "POST /paths/{definition_id}/steps",
    "paths.update_step": "PATCH /paths/{definition_id}/steps/{step_id}",
    "paths.delete_step": "DELETE /paths/{definition_id}/steps/{step_id}",
    "paths.reorder_steps": "PATCH /paths/{definition_id}/steps/reorder",
    "paths.add_sub_step": "POST /paths/{definition_id}/steps/{step_id}/sub-steps",
    "paths.update_sub_step": "PATCH /paths/{definition_id}/steps/{step_id}/sub-steps/{sub_step_id}",
    "paths.delete_sub_step": "DELETE /paths/{definition_id}/steps/{step_id}/sub-steps/{sub_step_id}",
    "paths.reorder_sub_steps": "PATCH /paths/{definition_id}/steps/{step_id}/sub-steps/reorder",
    "paths.get_for_buddy": "GET /buddies/{buddy_id}/paths/{path_key}",
    "paths.complete_sub_step": "POST /buddies/{buddy_id}/paths/{path_key}/sub-steps/{sub_step_key}/complete",
}
TABLE = {**SEEN, **INFERRED}
LOCAL = {"get_rate_limit_info", "get_last_request_id", "webhooks.verify_signature"}
"""Methods without a request."""
POLLS = {"operations.wait", "operations.wait_for_completion"}
"""Methods that repeat another one's."""

FOR_PUBLISHABLE_KEYS = {
    "read:buddies": {
        "buddies.get", "buddies.list", "buddies.get_badges", "buddies.get_purchased_items", "buddies.get_evolution",
        "buddies.get_progression", "buddies.tokens", "buddies.evolutions", "buddies.get_user_summary",
    },
    "read:operations": {"operations.get"},
    "write:embed-tokens": {"embed_tokens.create"},
    "write:widget-sessions": {"widget_sessions.create"},
    "any": {"health"},
}  # fmt: skip


def reference_methods() -> list[str]:
    """Every method of the JavaScript SDK, by its name here."""
    names = []
    for kind, methods in REFERENCE["methods"].items():
        resource = to_snake(kind.removesuffix("Resource"))
        prefix = "" if kind == "HatchedClient" else f"{resource}."
        names += [prefix + to_snake(method) for method in methods]
    return names


class TestTheTable:
    def test_covers_the_61_methods_of_the_reference_and_nothing_else(self) -> None:
        assert len(reference_methods()) == 61
        assert {*ROUTES} == {*reference_methods()} - LOCAL - POLLS

    @pytest.mark.parametrize("name", TABLE)
    def test_has_the_documented_or_guessed_method_and_path(self, name: str) -> None:
        route = ROUTES[name]

        assert f"{route.method} {route.path}" == TABLE[name]

    @pytest.mark.parametrize("name", TABLE)
    def test_says_which_is_which(self, name: str) -> None:
        assert ROUTES[name].confidence is (Confidence.SEEN if name in SEEN else Confidence.INFERRED)

    def test_has_each_endpoint_once(self) -> None:
        endpoints = [(route.method, re.sub(r"\{\w+\}", "{}", route.path)) for route in ROUTES.values()]

        assert len({*endpoints}) == len(endpoints) == len({route.id for route in ROUTES.values()})

    @pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.id)
    def test_has_well_formed_paths(self, route: Route) -> None:
        assert re.fullmatch(r"(/([a-z-]+|\{[a-z_]+\}))+", route.path)

    @pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.id)
    def test_replays_reads_freely_and_writes_by_key(self, route: Route) -> None:
        assert route.replay is (Safety.READ if route.method == "GET" else Safety.KEYED)

    def test_an_explicit_safety_wins_over_the_method(self) -> None:
        assert ROUTES["eggs.create"]._replace(safety=Safety.UNSAFE).replay is Safety.UNSAFE

    def test_says_what_a_publishable_key_may_do(self) -> None:
        allowed = {name: route.access.value for name, route in ROUTES.items() if route.access is not Access.SECRET}

        assert allowed == {name: scope for scope, names in FOR_PUBLISHABLE_KEYS.items() for name in names}


ARGUMENTS: dict[str, Any] = {
    "amount": 1,
    "events": [{"user_id": "u", "type": "t"}],
    "is_active": True,
    "key": "k",
    "label": "l",
    "name": "n",
    "ordering": [{"id": "i", "ordinal": 1}],
    "ordinal": 1,
    "reason": "r",
    "scopes": ["read"],
    "status": "ready",
    "type": "t",
    "updates": [{"key": "k", "action": "set", "value": 1}],
    "url": "https://example.com/hook",
}


def client_on(io: FakeIO, **key: str) -> AsyncHatchedClient:
    client = object.__new__(AsyncHatchedClient)
    client._open(configure(base_url="https://api.example.com/api/v1", **key), io, ())
    return client


async def call(client: AsyncHatchedClient, name: str, **own: Any) -> Any:
    """Call a method with all that it needs; an id is its own name, so that a mix-up shows."""
    holder: Any = client
    for part in name.split("."):
        holder = getattr(holder, part)
    positional, keywords = [], {}
    for parameter in inspect.signature(holder).parameters.values():
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
            value = own.get(parameter.name, ARGUMENTS.get(parameter.name, f"<{parameter.name}>"))
            if name == "webhooks.create" and parameter.name == "events":
                value = ["badge.awarded"]
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                keywords[parameter.name] = value
    return await holder(*positional, **keywords)


@pytest.mark.parametrize("name", [*TABLE, "buddies.earn_coins"])
class TestEveryMethod:
    async def test_sends_one_request_to_its_route_with_each_id_in_its_place(self, name: str) -> None:
        io = FakeIO(answer(404))
        with pytest.raises(HatchedError):
            await call(client_on(io, api_key="hatch_live_x"), name)
        (sent,) = io.requests

        method, path = TABLE[name.replace("earn_coins", "earn")].split(" ")
        filled = re.sub(r"\{(\w+)\}", lambda match: quote(f"<{match[1]}>", safe=""), path)
        assert (sent.route.method, urlsplit(sent.url).path) == (method, f"/api/v1{filled}")

    async def test_names_itself_in_errors(self, name: str) -> None:
        with pytest.raises(HatchedError) as caught:
            await call(client_on(FakeIO(answer(404)), api_key="hatch_live_x"), name)

        assert caught.value.route == name.replace("earn_coins", "earn")

    async def test_sends_a_body_if_and_only_if_it_says_json(self, name: str) -> None:
        io = FakeIO(answer(404))
        with pytest.raises(HatchedError):
            await call(client_on(io, api_key="hatch_live_x"), name)
        (sent,) = io.requests

        assert (sent.body is not None) == (sent.headers.get("content-type") == "application/json")
        assert sent.body is None or json.loads(sent.body) is not None

    async def test_is_refused_locally_for_a_publishable_key_beyond_its_scopes(self, name: str) -> None:
        io = FakeIO(answer(404))
        with pytest.raises(HatchedError) as caught:
            await call(client_on(io, publishable_key="hatch_pk_x"), name)

        allowed = name in {one for names in FOR_PUBLISHABLE_KEYS.values() for one in names}
        assert (isinstance(caught.value, PublishableKeyScopeError), len(io.sent)) == (not allowed, int(allowed))


BAD_IDS = ["", ".", "..", "a\nb", "a\r\nX: y", "\x00", "\u2028", "\ud800"]
ODD_IDS = ["a/b", "../admin", "a?b=c", "a#b", "a%2Fb", "a b", "ä", "a\\b", "http://evil.example/", "..;", "%2e%2e"]


class TestIds:
    @pytest.mark.parametrize("value", BAD_IDS, ids=ascii)
    async def test_that_could_mean_something_else_are_refused_before_any_io(self, value: str) -> None:
        io = FakeIO()
        with pytest.raises(ValueError, match="egg_id"):
            await client_on(io, api_key="hatch_live_x").eggs.get(value)

        assert io.sent == []

    @pytest.mark.parametrize("value", [None, 7, b"a", ["a"]], ids=str)
    async def test_of_another_type_are_a_type_error(self, value: Any) -> None:
        with pytest.raises(TypeError, match="egg_id must be a string"):
            await client_on(FakeIO(), api_key="hatch_live_x").eggs.get(value)

    @pytest.mark.parametrize("value", ODD_IDS, ids=ascii)
    async def test_are_one_segment_whatever_is_in_them(self, value: str) -> None:
        io = FakeIO(answer(404))
        with pytest.raises(HatchedError):
            await client_on(io, api_key="hatch_live_x").eggs.hatch(value)

        assert io.requests[0].url == f"https://api.example.com/api/v1/eggs/{quote(value, safe='')}/hatch"
