"""Bodies and queries against the shared models."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import attrs
import pytest

from hatched.emulator import Emulator, Request, Rules, Streak
from hatched.emulator.beyond import ALL_ROUTES
from hatched.emulator.handlers import HANDLERS
from hatched.emulator.validation import InvalidError, parse, parse_query
from hatched.models import buddies, eggs, events, paths, tokens, webhooks
from hatched.routes import Route

from .support import Api


def problems(cls: type, data: Any, args: dict[str, str] | None = None) -> list[str]:
    try:
        parse(cls, data, args or {})
    except InvalidError as invalid:
        return [problem.message for problem in invalid.problems]
    return []


@pytest.mark.parametrize(
    ("cls", "data", "expected"),
    [
        (eggs.CreateEggParams, {"user_id": "u", "userId": "u"}, ["property userId should not exist"]),
        (eggs.CreateEggParams, {}, ["user_id should not be empty"]),
        (eggs.CreateEggParams, {"user_id": ""}, ["user_id should not be empty"]),
        (eggs.CreateEggParams, {"user_id": None}, ["user_id should not be null"]),
        (eggs.CreateEggParams, {"user_id": 1}, ["user_id must be a string"]),
        (eggs.CreateEggParams, {"user_id": "u", "metadata": []}, ["metadata must be an object"]),
        (eggs.CreateEggParams, {"user_id": "u", "metadata": None}, []),
        (eggs.CreateEggParams, ["u"], ["the request body must be a JSON object"]),
        (buddies.EarnCoinsParams, {"amount": 0, "reason": "r"}, ["amount must be a positive number"]),
        (buddies.EarnCoinsParams, {"amount": 1.5, "reason": "r"}, ["amount must be an integer number"]),
        (buddies.EarnCoinsParams, {"amount": 2.0, "reason": "r"}, []),
        (
            buddies.EarnCoinsParams,
            {"amount": True, "reason": "r"},
            ["amount must be a number conforming to the specified constraints"],
        ),
        (
            buddies.EarnCoinsParams,
            {"amount": 10**30, "reason": "r"},
            ["amount must be a number conforming to the specified constraints"],
        ),
        (buddies.EarnCoinsParams, {"amount": 2**53 - 1, "reason": "r"}, []),
        (
            buddies.EarnCoinsParams,
            {"amount": 2**53, "reason": "r"},
            ["amount must be a number conforming to the specified constraints"],
        ),
        (paths.CreatePathStepParams, {"key": "k", "label": "l", "ordinal": 2**31}, []),
        (
            paths.CreatePathStepParams,
            {"key": "k", "label": "l", "ordinal": 2**31 + 1},
            ["ordinal must not be greater than 2147483648"],
        ),
        (
            paths.CreatePathStepParams,
            {"key": "k", "label": "l", "ordinal": 2**53},
            ["ordinal must be an integer number"],
        ),
        (paths.SetPathActiveParams, {"is_active": 1}, ["is_active must be a boolean value"]),
        (
            paths.CreatePathDefinitionParams,
            {"key": "k", "label": "l", "icon": "rocket"},
            ["icon must be one of the following values: path, flame, heart, bolt, star, leaf"],
        ),
        (
            buddies.UpdateSkillsParams,
            {"updates": [{"key": "k", "action": "set"}, {"key": 1, "action": "grow", "x": 1}]},
            [
                "updates.1.key must be a string",
                "updates.1.action must be one of the following values: increase, decrease, set",
                "updates.1.property x should not exist",
            ],
        ),
        (events.SendBatchParams, {"events": []}, ["events must contain at least 1 elements"]),
        (events.SendBatchParams, {"events": "all"}, ["events must be an array"]),
        (events.SendBatchParams, {"events": [1]}, ["events.0 must be an object"]),
        (
            events.SendEventParams,
            {"user_id": "u", "type": "t", "occurred_at": "yesterday"},
            ["occurred_at must be a valid ISO 8601 date string"],
        ),
        (events.SendEventParams, {"user_id": "u", "type": "t", "occurred_at": "2026-01-01T00:00:00+02:00"}, []),
        (webhooks.CreateWebhookParams, {"url": "https://x", "events": [1]}, ["events.0 must be a string"]),
        (webhooks.CreateWebhookParams, {"url": "x", "events": ["a"]}, ["url must be a URL address"]),
        (
            tokens.CreateSessionParams,
            {"scopes": [], "ttl_seconds": 3601},
            [
                "scopes must contain at least 1 elements",
                "ttl_seconds must not be greater than 3600",
                "buddy_id should not be empty",
                "user_id should not be empty",
            ],
        ),
        (
            paths.CreatePathStepParams,
            {"key": "k", "label": "l", "ordinal": 1, "completion_condition": {"type": "x", "config": {}, "extra": {}}},
            [
                (
                    "completion_condition.type must be one of the following values: event_count, milestone, streak,"
                    " skill_level, collection, evolution, coin, badge_earned, gate_unlocked, custom"
                ),
                "completion_condition.property extra should not exist",
            ],
        ),
    ],
)
def test_problems_are_told_in_the_words_of_the_api(cls: type, data: Any, expected: list[str]) -> None:
    assert problems(cls, data) == expected


def test_a_batch_has_at_most_a_hundred_events() -> None:
    event = {"user_id": "u", "type": "t"}
    assert problems(events.SendBatchParams, {"events": [event] * 100}) == []
    assert problems(events.SendBatchParams, {"events": [event] * 101}) == [
        "events must contain no more than 100 elements"
    ]


@pytest.mark.parametrize(
    "cls",
    [
        value
        for module in (buddies, eggs, events, paths, tokens, webhooks)
        for name, value in vars(module).items()
        if name.endswith("Params") and name != "Params" and attrs.has(value) and value.__module__ == module.__name__
    ],
)
def test_every_params_class_can_be_checked(cls: type) -> None:
    fields = [field for field in attrs.fields(cls) if field.metadata.get("in_body", True)]
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    args = {"endpoint_id": "e"}
    assert problems(cls, {"nope": 1}, args)[:1] == ["property nope should not exist"]
    assert len(problems(cls, {}, args)) == len(required)


def test_numbers_in_a_query_are_text() -> None:
    query = parse_query(buddies.BuddyListParams, "page=2&limit=3&user_id=7&order=desc")
    assert (query.page, query.limit, query.user_id, query.order) == (2, 3, "7", "desc")
    for text in ("page=two", "page=0", "limit=101", "order=up", "pages=2", "page=-1", "page=²", "page=" + "9" * 9999):
        with pytest.raises(InvalidError):
            parse_query(buddies.BuddyListParams, text)


def test_the_answer_lists_every_field() -> None:
    response = Api().send("POST", "/eggs", {"userId": "u"})
    assert response.status == 422
    assert response.json()["error"]["details"] == {
        "fields": [
            {"field": "userId", "message": "property userId should not exist"},
            {"field": "user_id", "message": "user_id should not be empty"},
        ]
    }


@pytest.mark.parametrize("path", ["/buddies/bdy_abc", "/buddies/%2e%2e", "/buddies/0"])
def test_ids_of_buddies_are_uuids(path: str) -> None:
    assert Api().message("GET", path) == "buddy_id must be a UUID"


def test_ids_are_found_whatever_their_case() -> None:
    api = Api()
    buddy = api.buddy()
    assert api.ok("GET", f"/buddies/{buddy.upper()}")["id"] == buddy


def test_a_value_of_any_shape_may_be_nested_a_hundred_levels_deep_and_no_deeper() -> None:
    api = Api()
    nested = json.loads("[" * 100 + "]" * 100)
    assert api.send("POST", "/eggs", {"user_id": "u", "metadata": {"a": nested}}).status == 201
    assert api.code("POST", "/eggs", {"user_id": "u", "metadata": {"a": [nested]}}) == (422, "validation_failed")


def test_a_balance_stops_where_javascript_cannot_count_any_further() -> None:
    api = Api()
    buddy = api.buddy()
    for _ in range(3):
        earned = api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 2**53 - 1, "reason": "r"})
    assert earned["balance"] == 2**53 - 1


def test_an_operator_is_text() -> None:
    api = Api(plan="pro")
    path = api.ok("POST", "/paths", {"key": "p", "label": "P"})["id"]
    condition = {"type": "custom", "config": {"property": "a", "op": []}}
    body = {"key": "s", "label": "S", "ordinal": 1, "unlock_condition": condition}
    assert api.code("POST", f"/paths/{path}/steps", body) == (422, "validation_failed")


def test_no_path_makes_it_raise() -> None:
    assert Emulator().handle(Request("GET", "/\ud800")).status == 404


def test_a_null_character_is_refused() -> None:
    api = Api()
    event = {"event_id": "a\0b", "user_id": "u", "type": "lesson_completed"}
    assert api.code("POST", "/events", event) == (422, "validation_failed")


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999Z"]
)
def test_a_moment_that_utc_does_not_have_is_refused(moment: str) -> None:
    api = Api(rules=Rules(streaks=(Streak(key="s", events=("walked",), period="monthly"),)))
    api.buddy()
    event = {"user_id": "user_1", "type": "walked", "occurred_at": moment}
    assert api.code("POST", "/events", event) == (422, "validation_failed")


def target(route: Route) -> str:
    """Its path, with ids of the right form."""
    return re.sub(r"\{\w+\}", str(UUID(int=0, version=4)), route.path)


@pytest.mark.parametrize(
    "route", [route for route in ALL_ROUTES.values() if HANDLERS[route.id].body is None], ids=lambda route: route.id
)
def test_every_route_refuses_a_query_that_it_does_not_know(route: Route) -> None:
    api = Api(plan="enterprise")
    assert api.code(route.method, target(route) + "?fooBar=3") == (422, "validation_failed")
    assert api.message(route.method, target(route) + "?fooBar=3") == "property fooBar should not exist"


def test_a_body_that_is_right_does_not_excuse_the_query() -> None:
    event = {"user_id": "u", "type": "lesson_completed"}
    assert Api().message("POST", "/events?fooBar=3", event) == "property fooBar should not exist"


@pytest.mark.parametrize(
    "route", [route for route in ALL_ROUTES.values() if route.method != "GET"], ids=lambda route: route.id
)
def test_every_route_refuses_a_body_that_it_does_not_know(route: Route) -> None:
    api = Api(plan="enterprise")
    assert "property fooBar should not exist" in api.message(route.method, target(route), {"fooBar": 1})
    assert api.message(route.method, target(route), []) == "the request body must be a JSON object"
