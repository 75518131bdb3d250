"""The order of checks: route, key, rate limit, idempotency, body, domain (platform/architecture: seen)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from attrs import frozen

from hatched.emulator import ai_credits, events, idempotency
from hatched.emulator.auth import Keys, Principal
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError, bad_request
from hatched.emulator.fidelity import shared_by
from hatched.emulator.handlers import HANDLERS, Handler
from hatched.emulator.messages import Reply, Request, loads
from hatched.emulator.ratelimit import RateLimiter
from hatched.emulator.router import Match
from hatched.emulator.validation import InvalidError, Nothing, check_uuid, parse, parse_query
from hatched.routes import EVENTS_SEND, EVENTS_SEND_BATCH, Confidence

_log = logging.getLogger("hatched.emulator")
_OF_EVENTS = (EVENTS_SEND, EVENTS_SEND_BATCH)
# inferred: that ids of buddies are UUIDs is seen, that the others are is not
UUIDS = {
    "buddy_id",
    "egg_id",
    "operation_id",
    "item_id",
    "session_id",
    "endpoint_id",
    "delivery_id",
    "definition_id",
    "step_id",
    "sub_step_id",
}


@frozen
class Pipeline:
    """Answers requests whose route is known, or not."""

    world: World
    keys: Keys
    limiter: RateLimiter

    def answer(
        self, request: Request, headers: Mapping[str, str], match: Match | None, now: float, request_id: str
    ) -> Reply:
        """The reply, which may be an error: nothing is raised."""
        extra: tuple[tuple[str, str], ...] = ()
        principal = None
        guesses = self.world.inferred
        guesses.clear()
        try:
            if match is None:
                raise ApiError(404, "resource_not_found", f"Cannot {request.method} {request.path}")
            principal = self.keys.find(headers.get("authorization"))
            self.keys.admit(principal, match.route)
            extra = self.limiter.admit(principal, match.route, now).headers
            if match.route.confidence is Confidence.INFERRED:
                self._refuse([f"the route {match.route.id}"])
            reply = self._run(request, headers, match, principal, now)
        except ApiError as error:
            reply = self._weighed(error).reply(request_id)
        except Exception:  # noqa: BLE001  like a server, it answers whatever happens
            _log.exception("the emulator failed on %s %s", request.method, request.path)
            self.world.infer("errors.unexpected")
            reply = ApiError(500, "internal_error", "Internal server error").reply(request_id)
        if principal is not None:
            extra += ai_credits.balance(self.world.store.db, principal.customer_id).headers
            if match is not None and match.route in _OF_EVENTS:
                extra += events.quota_headers(self.world, principal.customer_id, now)
        if match is not None:
            seen = match.route.confidence is Confidence.SEEN and not guesses
            extra += (
                ("X-Hatched-Emulator-Fidelity", "seen" if seen else "inferred"),
                ("X-Hatched-Emulator-Shared", ", ".join(shared_by(match.route.id))),
            )
        if guesses:
            extra += (("X-Hatched-Emulator-Inferred", ", ".join(sorted(guesses))),)
        return reply._replace(headers=reply.headers + extra)

    def _refuse(self, guesses: Collection[str]) -> None:
        """Raises 501 under `strict="seen"`."""
        if guesses and self.world.settings.strict == "seen":
            message = f"The documentation does not state what this request needs: {', '.join(sorted(guesses))}"
            raise ApiError(501, "emulator_inferred", message, {"inferred": sorted(guesses)})

    def _weighed(self, error: ApiError) -> ApiError:
        """The error, or 501 if that is a guess which is refused."""
        if error.guess is not None:
            self.world.infer(error.guess)
            try:
                self._refuse([error.guess])
            except ApiError as refusal:
                return refusal
        return error

    def _run(
        self, request: Request, headers: Mapping[str, str], match: Match, principal: Principal | None, now: float
    ) -> Reply:
        handler = HANDLERS[match.route.id]
        call = Call(
            world=self.world,
            now=now,
            customer_id=principal.customer_id if principal else "",
            args=match.args,
        )
        if request.method == "GET":
            return self._handle(handler, call, request)
        key = headers.get("idempotency-key")
        self.world.states.tidy()
        with self.world.store.transaction():
            if not key:
                return self._handle(handler, call, request)
            mark = idempotency.fingerprint(request.method, request.path, request.body)
            stored = idempotency.recall(self.world, call.customer_id, key, mark, now)
            if stored is not None:
                self._refuse(self.world.inferred)
                return stored
            reply = self._handle(handler, call, request)
            idempotency.remember(self.world, call.customer_id, key, mark, reply, now)
            return reply

    def _handle(self, handler: Handler, call: Call, request: Request) -> Reply:
        try:
            reply = handler.function(call, *_values(handler, call, request))
        except InvalidError as invalid:
            raise invalid.error(self.world.settings.field_errors) from None
        self._refuse(self.world.inferred)
        return reply


def _values(handler: Handler, call: Call, request: Request) -> list[Any]:
    """What the handler is given beside the call. Raises `InvalidError`."""
    for name, value in call.args.items():
        if name in UUIDS:
            call.args[name] = check_uuid(name, value)
    values: list[Any] = []
    if request.method != "GET":
        data = _decode(request.body)
        body: Any = parse(handler.body or Nothing, data, call.args)
        if handler.body is not None:
            call.nulls.update(name for name, value in data.items() if value is None)
            values.append(body)
    if handler.query is not None:
        values.append(parse_query(handler.query, request.query, call.args))
    elif request.query:
        parse_query(Nothing, request.query)
    return values


def _decode(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return loads(body)
    except (ValueError, RecursionError):
        raise bad_request("The request body is not valid JSON", "bodies.no_json") from None
