"""The emulator described in OpenAPI 3.1: made from the routes, the handlers and the models, which stay the facts.

What `constraints` adds to a type is Python and stays out: a body that fits its schema may still be answered with 422.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import attrs

from hatched import routes
from hatched.emulator.handlers import HANDLERS, Handler
from hatched.emulator.json_schema import Schema, Schemas, fields, summary
from hatched.emulator.pipeline import UUIDS
from hatched.emulator.router import PREFIX
from hatched.models import buddies, eggs, events, gates, health, operations, paths, tokens, webhooks
from hatched.routes import ROUTES, Access, Route

RESPONSES: dict[Route, Any] = {
    routes.HEALTH: health.Health,
    routes.EGGS_CREATE: eggs.Egg,
    routes.EGGS_GET: eggs.Egg,
    routes.EGGS_LIST: tuple[eggs.Egg, ...],
    routes.EGGS_UPDATE_STATUS: eggs.EggStatusChange,
    routes.EGGS_HATCH: eggs.HatchResult,
    routes.BUDDIES_GET: buddies.Buddy,
    routes.BUDDIES_LIST: buddies.BuddyList,
    routes.BUDDIES_UPDATE_NAME: buddies.Buddy,
    routes.BUDDIES_ARCHIVE: buddies.Buddy,
    routes.BUDDIES_UPDATE_SKILLS: buddies.SkillsSnapshot,
    routes.BUDDIES_EARN: buddies.LedgerEntry,
    routes.BUDDIES_SPEND: buddies.LedgerEntry,
    routes.BUDDIES_AWARD_BADGE: buddies.BuddyBadge,
    routes.BUDDIES_GET_BADGES: tuple[buddies.BuddyBadge, ...],
    routes.BUDDIES_EQUIP: buddies.EquipItemsResult,
    routes.BUDDIES_RERENDER_APPEARANCE: buddies.RerenderAppearanceResult,
    routes.BUDDIES_PURCHASE_ITEM: buddies.PurchasedItem,
    routes.BUDDIES_GET_PURCHASED_ITEMS: tuple[buddies.PurchasedItem, ...],
    routes.BUDDIES_GET_EVOLUTION: buddies.EvolutionState,
    routes.BUDDIES_EVOLVE: buddies.EvolveResult,
    routes.BUDDIES_GET_PROGRESSION: buddies.ProgressionSnapshot,
    routes.BUDDIES_TOKENS: buddies.TokensSummary,
    routes.BUDDIES_EVOLUTIONS: buddies.EvolutionPage,
    routes.BUDDIES_GET_USER_SUMMARY: buddies.UserSummary,
    routes.EVENTS_SEND: events.EventEffects,
    routes.EVENTS_SEND_BATCH: events.BatchResult,
    routes.OPERATIONS_GET: operations.Operation,
    routes.WIDGET_SESSIONS_CREATE: tokens.SessionToken,
    routes.WIDGET_SESSIONS_REVOKE: None,
    routes.EMBED_TOKENS_CREATE: tokens.EmbedToken,
    routes.WEBHOOKS_LIST: tuple[webhooks.WebhookEndpoint, ...],
    routes.WEBHOOKS_CREATE: webhooks.WebhookEndpoint,
    routes.WEBHOOKS_DELETE: None,
    routes.WEBHOOKS_DELIVERIES: webhooks.DeliveryPage,
    routes.WEBHOOKS_REPLAY: webhooks.DeliveryReceipt,
    routes.WEBHOOKS_REDELIVER: webhooks.DeliveryReceipt,
    routes.GATES_LIST: gates.TokenGates,
    routes.GATES_UNLOCK: gates.UnlockResult,
    routes.GATES_UNLOCKS: gates.BuddyUnlocks,
    routes.PATHS_LIST: tuple[paths.PathDefinition, ...],
    routes.PATHS_GET: paths.PathDefinitionWithSteps,
    routes.PATHS_CREATE: paths.PathDefinition,
    routes.PATHS_UPDATE: paths.PathDefinition,
    routes.PATHS_DELETE: None,
    routes.PATHS_SET_ACTIVE: paths.PathDefinition,
    routes.PATHS_ADD_STEP: paths.PathStep,
    routes.PATHS_REORDER_STEPS: tuple[paths.PathStep, ...],
    routes.PATHS_UPDATE_STEP: paths.PathStep,
    routes.PATHS_DELETE_STEP: None,
    routes.PATHS_ADD_SUB_STEP: paths.PathSubStep,
    routes.PATHS_REORDER_SUB_STEPS: tuple[paths.PathSubStep, ...],
    routes.PATHS_UPDATE_SUB_STEP: paths.PathSubStep,
    routes.PATHS_DELETE_SUB_STEP: None,
    routes.PATHS_GET_FOR_BUDDY: paths.PathRuntimePayload,
    routes.PATHS_COMPLETE_SUB_STEP: paths.ManualCompleteResult,
}
"""What each route answers, as the resources of the SDK read it; `None` is an empty body."""

_DONE = {"GET": (200,), "PATCH": (200,), "POST": (201,), "DELETE": (204,)}
_DONE_OTHERWISE = {
    routes.EGGS_CREATE: (200, 201),
    routes.EGGS_HATCH: (202,),
    routes.BUDDIES_EQUIP: (202,),
    routes.BUDDIES_RERENDER_APPEARANCE: (202,),
    routes.BUDDIES_EVOLVE: (202,),
    routes.GATES_UNLOCK: (200, 201),
    routes.PATHS_COMPLETE_SUB_STEP: (200, 201),
    routes.WEBHOOKS_REPLAY: (202,),
    routes.WEBHOOKS_REDELIVER: (202,),
}
_REFUSED_TOO: dict[Route, tuple[int, ...]] = {
    routes.BUDDIES_LIST: (400,),
    routes.EGGS_HATCH: (402,),
    routes.BUDDIES_EVOLVE: (402,),
    routes.EVENTS_SEND: (402,),
    routes.EVENTS_SEND_BATCH: (402,),
    routes.WIDGET_SESSIONS_CREATE: (404, 501),
    routes.EMBED_TOKENS_CREATE: (404, 501),
}
_MEANINGS = {
    200: "Done",
    201: "Done",
    202: "Begun",
    204: "Done; no body",
    400: "Not JSON, or refused by the rules",
    401: "Missing, invalid or revoked key",
    402: "Out of quota or credits",
    403: "A key or plan that may not do this",
    404: "No such thing, or one of another customer",
    409: "The state, or the idempotency key, does not allow it",
    422: "A body, query or id of the wrong shape",
    429: "Too many requests",
    501: "The emulator lacks its extra hatched[emulator]",
}
_ERROR = {"$ref": "#/components/schemas/Error"}
_ENVELOPE: Schema = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "requestId"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "requestId": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}


def document(origin: str) -> dict[str, Any]:
    """The OpenAPI document of the emulator below `origin`, made anew for each caller, who may change it.

    Objects are closed in answers, too: the emulator answers nothing that the models do not know, though the
    API may one day.
    """
    schemas = Schemas("#/components/schemas/")
    items: dict[str, dict[str, Any]] = {}
    for route in ROUTES.values():
        items.setdefault(route.path, {})[route.method.lower()] = _operation(route, HANDLERS[route.id], schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hatched, emulated",
            "version": PREFIX.rpartition("/")[2],
            "description": "`x-hatched-confidence` says of each operation whether the documentation of the API states"
            " it (`seen`) or it is a guess from its conventions (`inferred`).",
        },
        "servers": [{"url": origin + PREFIX}],
        "paths": items,
        "components": {
            "schemas": {"Error": copy.deepcopy(_ENVELOPE), **schemas.named},
            "responses": {f"Error{status}": _response(status, _ERROR) for status in _MEANINGS if status >= 400},
            "parameters": {name: _header(name) for name in ("Idempotency-Key", "X-Request-Id")},
            "securitySchemes": {name: {"type": "http", "scheme": "bearer"} for name in ("secret", "publishable")},
        },
    }


def _operation(route: Route, handler: Handler, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.id,
        "tags": [route.id.partition(".")[0]],
        "description": summary(handler.function),
        "x-hatched-confidence": route.confidence.value,
        "x-hatched-access": route.access.value,
        "security": _security(route),
        "parameters": list(_parameters(route, handler, schemas)),
        "responses": _responses(route, handler, schemas),
    }
    if handler.body is not None:
        required = any(field.default is attrs.NOTHING for field in fields(handler.body))
        content = {"application/json": {"schema": schemas.of(handler.body)}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access is Access.ANY:
        return []
    scoped = [] if route.access is Access.SECRET else [{"publishable": [route.access.value]}]
    return [{"secret": []}, *scoped]


def _parameters(route: Route, handler: Handler, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for name in _arguments(route):
        schema = {"type": "string", "format": "uuid"} if name in UUIDS else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if handler.query is not None:
        # In a query nothing is null: what is left out is left out.
        for name, schema in schemas.properties(handler.query, nullable=False).items():
            yield {"name": name, "in": "query", "schema": schema}
    yield {"$ref": "#/components/parameters/X-Request-Id"}
    if route.method != "GET":
        yield {"$ref": "#/components/parameters/Idempotency-Key"}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string", "minLength": 1}}


def _arguments(route: Route) -> list[str]:
    return [part[1:-1] for part in route.path.split("/") if part.startswith("{")]


def _responses(route: Route, handler: Handler, schemas: Schemas) -> dict[str, Any]:
    answer = _answer(route, schemas)
    done = _DONE_OTHERWISE.get(route, _DONE[route.method])
    responses = {str(status): _response(status, answer) for status in done}
    refused = {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _refusals(route)}
    return responses | refused


def _response(status: int, schema: Schema | None) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": dict(schema)}}}
    return {"description": _MEANINGS[status], **content}


def _refusals(route: Route) -> list[int]:
    arguments = _arguments(route)
    statuses = {422, 429, *_REFUSED_TOO.get(route, ())}
    if route.access is not Access.ANY:
        statuses |= {401, 403}
    if route.method != "GET":
        statuses |= {400, 409}
    if arguments:
        statuses.add(404)
    return sorted(statuses)


def _answer(route: Route, schemas: Schemas) -> Schema | None:
    model = RESPONSES[route]
    if model is None:
        return None
    schema = schemas.of(model)
    envelope: str = getattr(model, "envelope", "")
    if not envelope:
        return schema
    # The body may hold the fields in an envelope, with what is absent from most answers beside it.
    beside = schemas.properties(events.EventEffects)["debug_reason"]
    wrapped = {
        "type": "object",
        "required": [envelope],
        "additionalProperties": False,
        "properties": {envelope: schema, "debug_reason": beside},
    }
    return {"oneOf": [wrapped, schema]}
