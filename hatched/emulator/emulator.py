"""The composition root: one emulated Hatched, with its own store, time, keys and weather."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, Unpack

from hatched.emulator import (
    ai_credits,
    appearance,
    art,
    backup,
    catalogue,
    decay,
    delivery,
    operations,
    refill,
    router,
    sessions,
)
from hatched.emulator.auth import DEFAULT_SCOPES, Keys
from hatched.emulator.clock import Clock, day_of, iso, parse_duration
from hatched.emulator.configs import Checked, Configs, checked
from hatched.emulator.context import Operations, Settings, World
from hatched.emulator.courier import Courier
from hatched.emulator.delivery import Receiver
from hatched.emulator.errors import ApiError
from hatched.emulator.faults import Fault, Faults, instead
from hatched.emulator.handlers import WORK
from hatched.emulator.ids import Ids
from hatched.emulator.journal import Entry
from hatched.emulator.messages import Request, Response
from hatched.emulator.path_book import PathBook
from hatched.emulator.pipeline import Pipeline
from hatched.emulator.plans import Plan, find as find_plan
from hatched.emulator.ratelimit import RateLimiter
from hatched.emulator.rules.files import DEFAULT, PRESETS, find as find_rules
from hatched.emulator.rules.model import Rules
from hatched.emulator.states import States
from hatched.emulator.store import Store

if TYPE_CHECKING:
    from hatched import AsyncHatchedClient, HatchedClient
    from hatched.emulator.asgi import App
    from hatched.emulator.doors import EmulatedOptions
    from hatched.emulator.receivers import ASGIApp, AsyncReceiver
    from hatched.emulator.server import Server
    from hatched.emulator.transport import AsyncTransport, Transport

_JOURNAL = 1_000
DEFAULT_KEY = "hatch_test_emulator"
_ORIGIN = "http://hatched.emulator.localhost"


class AppliedEvent(NamedTuple):
    """An event that was accepted, with what it did; times in Unix seconds."""

    event_id: str
    user_id: str
    type: str
    audience: str
    buddy_id: str | None
    effects: dict[str, Any]
    occurred_at: float
    applied_at: float
    customer_id: str


class Snapshot(NamedTuple):
    """What `Emulator.restore` takes.

    Attributes:
        pushed: How far real time was pushed ahead.
    """

    database: backup.Copy
    beside: backup.Beside
    pushed: float

    def __repr__(self) -> str:
        return f"<Snapshot of {iso(self.beside.now)}>"  # what it holds names keys


class Exchange(NamedTuple):
    """What a request meets: the response to it, of the server or in its place, and what goes wrong on the way."""

    response: Response | None
    fault: Fault | None


class Emulator:
    """Hatched, small enough to embed. Safe to share between threads and tasks.

    `customer` is the name of a tenant. `add_key` makes those that there are not; elsewhere they raise `ValueError`.

    Args:
        rules: The published rules, or the name of a preset (`language-learning`, `fitness`, `productivity`, `custom`),
            or the path of a TOML file. `None` is those that a store holds, or `language-learning`.
        plan: `free`, `growth`, `pro` or `enterprise`: rate limits, event quota, credits, features.
        store: A file, or `":memory:"`. A file keeps time, too, but not `fail_next` and what counts against rate limits;
            it belongs to one emulator at a time.
        seed: The same seed and requests give the same ids.
        clock: Virtual time that starts at 2026-01-01 if `None`.
        api_key: The secret key of the customer.
        publishable_key: A publishable key of the same customer, with the default scopes.
        credits: AI credits that come into the paid pool each month, instead of the plan's.
        operations: How long hatching and the like take.
        event_body: Shape of the answer to `POST /events`, which the documentation leaves open.
        batch_transaction: Whether a batch is one transaction or one per event, which it leaves open too.
        webhook_scheme: The documented names, signature and bodies of today, or those before.
        event_retention: How long an event id is remembered, in seconds or as `"30d"`, which it leaves open; `None` is
            for ever.
        field_errors: Shape of an entry of `details.fields` in a 422, which it leaves open.
        strict: `"seen"` refuses, with 501, what a route would answer by a guess (`hatched emulator coverage` lists
            them); see the property.
    """

    base_url = _ORIGIN + router.PREFIX

    def __init__(
        self,
        *,
        rules: Rules | str | Path | None = None,
        plan: str = "growth",
        store: str = ":memory:",
        seed: int | str = 0,
        clock: Clock | None = None,
        api_key: str = DEFAULT_KEY,
        publishable_key: str = "hatch_pk_emulator",
        credits: int | None = None,
        operations: Operations | None = None,
        event_body: Literal["nested", "flat"] = "nested",
        batch_transaction: Literal["batch", "event"] = "batch",
        webhook_scheme: Literal["current", "legacy"] = "current",
        event_retention: float | str | None = None,
        field_errors: Literal["objects", "messages"] = "objects",
        strict: Literal["seen"] | None = None,
    ) -> None:
        self.api_key = api_key
        self.publishable_key = publishable_key
        self.clock: Clock = clock or Clock()
        self.faults: Faults = Faults()
        self.snapshots: dict[str, Snapshot] = {}
        """Those that were taken through `/_emulator/snapshots`, by name."""
        self.journal: deque[Entry] = deque(maxlen=_JOURNAL)
        self._closed = False
        if credits is not None:
            ai_credits.check_count(credits)
        found = find_plan(plan)
        self._rules = None if rules is None else _checked(rules, found)
        self._seed = seed
        self._lock = RLock()
        self._courier = Courier(self._lock, self.clock, lambda: None if self._closed else self._world)
        self._settings = Settings(
            plan=found,
            credits=found.paid if credits is None else credits,
            origin=_ORIGIN,
            operations=operations or Operations(),
            event_body=event_body,
            batch_transaction=batch_transaction,
            webhook_scheme=webhook_scheme,
            event_retention=None if event_retention is None else parse_duration(event_retention),
            field_errors=field_errors,
            strict=strict,
        )
        self._store = Store(store)
        try:
            self._start()
        except BaseException:
            self._store.close()  # others may open the file
            raise
        self.clock.watch(self)

    def __repr__(self) -> str:
        return f"<Emulator of plan {self._settings.plan.name} at {iso(self.clock.now())}>"

    def handle(self, request: Request) -> Response:
        """The server's answer. Faults are not its business but the transports'."""
        with self._lock:
            response = self._answer(request, router.match(request.method, request.path), None)
        self._courier.deliver()
        return response

    def exchange(self, request: Request) -> Exchange:
        """The answer in the weather of `faults`; a door makes of it what its clients understand.

        Webhooks wait for `run_due`: a door of an event loop must not wait for their receivers.
        """
        with self._lock:
            match = router.match(request.method, request.path)
            fault = self.faults.take(match.route if match else None)
            if fault is None:
                return Exchange(self._answer(request, match, None), None)
            response = self._answer(request, match, fault) if fault.reaches_the_server else None
            headers = request.by_name
            request_id = headers.get("x-request-id") if response is None else response.header("x-request-id")
            if fault.kind == "status":
                request_id = request_id or self._request_id(headers)
                response = instead(fault, request_id)
            if not fault.reaches_the_server:
                self._note(request, match, headers, None, request_id, fault)
            return Exchange(response, fault)

    def next_due(self) -> float | None:
        """When time alone will make something due that is not yet, in Unix seconds."""
        with self._lock:
            if self._closed:
                return None
            world = self._world
            now = self.clock.now()
            times = (
                operations.next_due(world, now),
                delivery.next_due(world, now),
                decay.next_due(world, now),
                refill.next_due(world, now),
            )
            return min((at for at in times if at is not None), default=None)

    def run_due(self) -> None:
        """Does what is due by now: operations, decay, credits, webhooks. So do every request and `clock.advance`."""
        with self._lock:
            if not self._closed:
                self._run_due(self.clock.now())
                self._keep_time()
        self._courier.deliver()

    def transport(self) -> AsyncTransport:
        """For `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        from hatched.emulator.transport import AsyncTransport

        return AsyncTransport(self)

    def sync_transport(self) -> Transport:
        """For `httpx.Client(transport=...)`."""
        from hatched.emulator.transport import Transport

        return Transport(self)

    @property
    def asgi(self) -> App:
        """An ASGI application, for any server; see `hatched.emulator.asgi.App`."""
        from hatched.emulator.asgi import App

        return App(self)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """A server on a port of this machine, 0 for a free one: `with emulator.serve() as server: server.base_url`.

        Needs uvicorn (`pip install "hatched[emulator]"`).
        """
        from hatched.emulator.server import Server

        return Server(self, host, port)

    def client(self, **options: Unpack[EmulatedOptions]) -> AsyncHatchedClient:
        """A client of this emulator, on its clock: in virtual time, waiting takes none."""
        from hatched.emulator.doors import async_client

        return async_client(self, **options)

    def sync_client(self, **options: Unpack[EmulatedOptions]) -> HatchedClient:
        """The same for code without an event loop."""
        from hatched.emulator.doors import sync_client

        return sync_client(self, **options)

    def effects(self, user_id: str | None = None) -> list[AppliedEvent]:
        """Every event that was accepted, of all customers or of one user, in order.

        Each stands here once per customer, unless it was sent again after `event_retention`.
        """
        with self._lock:
            rows = self._store.db.execute(
                "SELECT event_id, user_id, type, audience, buddy_id, effects, occurred_at, applied_at, customer_id"
                " FROM events"
                " WHERE ? IS NULL OR user_id = ? ORDER BY seq",
                (user_id, user_id),
            )
            return [AppliedEvent._make((*row[:5], json.loads(row[5]), *row[6:])) for row in rows]

    def _count_effects(self) -> int:
        with self._lock:
            count: int = self._store.db.execute("SELECT count(*) FROM events").fetchone()[0]
            return count

    def draft(self, rules: Rules | str | Path, *, customer: str = "default") -> str:
        """Adds a config version that nobody uses yet, and answers its id. Raises `ValueError` for bad rules."""
        found = _checked(rules, self._settings.plan)
        with self._lock:
            return self._world.configs.draft(self._known(customer), found, self.clock.now())

    def publish(self, rules: Rules | str | Path, *, customer: str = "default") -> str:
        """Publishes rules, given as to the constructor, and answers the id of their config version.

        Eggs and buddies that there are keep theirs. Raises `ValueError` for bad rules, and for empty ones.
        """
        with self._lock, self._store.transaction():
            version_id = self.draft(rules, customer=customer)
            self.publish_draft(version_id, customer=customer)
            return version_id

    def publish_draft(self, version_id: str, *, customer: str = "default") -> None:
        """Publishes a draft. Raises `ValueError` for a version that is none, or none any more, and for an empty one."""
        with self._lock:
            self._world.configs.publish(self._known(customer), version_id)

    def migrate(self, *, user_id: str | None = None, audience: str | None = None, customer: str = "default") -> int:
        """Pins the active buddies of a user, of an audience, or all, to the published rules; answers how many.

        What they have stays as it is (concepts/config-versions: seen). Raises `ValueError` if nothing is published.
        """
        with self._lock:
            try:
                return self._world.configs.migrate(self._known(customer), user_id, audience)
            except ApiError as error:
                raise ValueError(str(error)) from None

    def unpublish(self, *, customer: str = "default") -> None:
        """Leaves the customer without published rules."""
        with self._lock:
            self._world.configs.unpublish(self._known(customer))

    def add_key(self, key: str, *, scopes: tuple[str, ...] | None = None, customer: str = "default") -> str:
        """Lets a key in, with `scopes` as a publishable one, and answers its customer's id.

        Another `customer` is another tenant, made on the spot with the rules of the first. Raises `ValueError` for a
        key that opens something else already, and for an unknown scope.
        """
        with self._lock:
            customer_id = self._customer(customer)
            known = self.keys.find(f"Bearer {key}")
            if known is not None and (known.customer_id, known.scopes) != (
                customer_id,
                None if scopes is None else frozenset(scopes),
            ):
                raise ValueError("this key is known with another customer or other scopes: revoke it first")
            self.keys.add(key, customer_id, scopes)
            return customer_id

    def revoke_key(self, key: str) -> None:
        """Shuts a key out. Raises `KeyError` for an unknown one."""
        with self._lock:
            self.keys.revoke(key)

    def fail_next(self, operation: str, reason: str) -> None:
        """The next operation of a type fails with `reason`.

        Args:
            operation: `hatch`, `evolve`, `equip` or `rerender`; anything else raises `ValueError`.
            reason: What the failed operation says in `error`.
        """
        if operation not in WORK:
            raise ValueError(f"no such operation: {operation!r} (there are {', '.join(WORK)})")
        with self._lock:
            self._world.failures.setdefault(operation, []).append(reason)

    def deliver_webhooks_to(self, receiver: Receiver | AsyncReceiver | ASGIApp | str | None) -> None:
        """Who gets the webhooks: a function that answers with a status, an ASGI application, or a URL.

        It is called after the request, or the step of the clock, that made an attempt due. Without one every attempt
        fails: the emulator makes no connection to the URLs that endpoints are registered with. Signatures carry the
        emulator's time, so verify them with `now=emulator.clock.now`.
        """
        self._courier.serve(receiver)

    def verify_token(self, token: str) -> dict[str, Any]:
        """The claims of a widget session or embed token. Raises `ValueError` if it is forged, expired or revoked."""
        with self._lock:
            return sessions.verify(self._world, token, self.clock.now())

    def item_id(self, key: str, *, customer: str = "default") -> str:
        """The id that an item of this key has, in whatever version of the rules."""
        with self._lock:
            return catalogue.item_id(self._known(customer), key)

    def add_credits(
        self, count: int, *, pool: Literal["promo", "welcome", "paid"] = "paid", customer: str = "default"
    ) -> None:
        """Tops a pool up, and goes on with the pictures that waited for credits.

        Raises `ValueError` for another pool, and for what is not a whole number from 0 to 2,147,483,647, which is also
        where a pool is full.
        """
        ai_credits.check_count(count)
        with self._lock:
            refill.add(self._world, self._known(customer), count, self.clock.now(), pool=pool)

    @property
    def origin(self) -> str:
        """Scheme and host below which pictures are said to lie; a server sets it to its own."""
        return self._settings.origin

    @origin.setter
    def origin(self, origin: str) -> None:
        self._settings.origin = origin

    @property
    def strict(self) -> Literal["seen"] | None:
        """Whether guesses are refused. Most tests set their scene first: hatching, for one, is a guess.

        Not refused is what all answers of a route share, such as the precision of times: an answer names it in
        `X-Hatched-Emulator-Shared`.
        """
        return self._settings.strict

    @strict.setter
    def strict(self, strict: Literal["seen"] | None) -> None:
        self._settings.strict = strict

    def _has_due_webhooks(self) -> bool:
        """Whether `run_due` would call a receiver."""
        return self._courier.has_some()

    def snapshot(self) -> Snapshot:
        """Everything as it is now, kept in memory, but for faults, journal, `strict` and `origin`."""
        with self._lock:
            self._world.states.flush()
            return Snapshot(backup.Copy(self._store), self._beside(), self.clock.state if self.clock.waits else 0.0)

    def restore(self, snapshot: Snapshot) -> None:
        """Everything as it was, time too unless others go by the same clock; a snapshot can be restored often."""
        with self._lock:
            snapshot.database.put_back(self._store)
            self._wake(snapshot.beside, snapshot.pushed if self.clock.waits else snapshot.beside.now)

    def export(self) -> dict[str, Any]:
        """Everything as it is now as JSON, for `import_`, but for faults, journal, `strict` and `origin`."""
        with self._lock:
            self._world.states.flush()
            return {**backup.export(self._store), **self._beside()._asdict()}

    def import_(self, data: Any) -> None:
        """Everything as it was exported, in place of what there is; time too if it is virtual, and nobody else's.

        Raises `ValueError`, and changes nothing, for what is no export of this layout.
        """
        beside = backup.check(data)
        with self._lock:
            before = self.snapshot()
            try:
                backup.load(self._store, data, types=WORK.keys())
                self._wake(beside, None if self.clock.waits else beside.now)
            except BaseException:
                self.restore(before)
                raise

    def reset(self) -> None:
        """Empty, as it was when it was made, at the time at which its clock began unless others go by it.

        What was set since stays: `strict`, `origin`, the receiver of webhooks, snapshots.
        """
        with self._lock:
            self._store.clear()
            self.faults.clear()
            self.journal.clear()
            if not self.clock.shared:
                self.clock.reset()
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Closes it. Raises `AssertionError` if a scripted fault never fired, unless the block failed otherwise."""
        self.close()
        if kind is None:
            self.faults.assert_all_fired()

    def close(self) -> None:
        """Closes the store, and lets go of the clock; once is enough."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self.clock.unwatch(self)
                try:
                    self._keep_time()
                finally:
                    self._store.close()

    def _start(self) -> None:
        self._catch_up()
        self._build(self._store.open_generation())
        self.customer_id: str = self._customer("default")
        # A file may hold other rules than those that were asked for.
        self._replaced_rules = self._rules is not None and self._world.configs.ensure(
            self.customer_id, self._rules, self.clock.now()
        )
        refill.run_due(self._world, self.clock.now())
        self._let_in()

    def _catch_up(self) -> None:
        """The time of a file never goes back, so neither does that of whoever opens it."""
        seen = self._store.recall("now") if self._store.lasting else None
        if seen is not None and float(seen) > self.clock.now():
            self.clock.put_back(self.clock.state + float(seen) - self.clock.now())

    def _keep_time(self) -> None:
        if self._store.lasting:
            self._store.remember("now", repr(self.clock.now()))

    def _let_in(self) -> None:
        """Its own keys open it, whatever a file or an export holds."""
        for key, scopes in ((self.api_key, None), (self.publishable_key, DEFAULT_SCOPES)):
            if self.keys.find(f"Bearer {key}") is None:
                self.keys.add(key, self.customer_id, scopes)

    def _build(self, generation: int) -> None:
        ids = Ids(self._seed, generation)
        self._world = World(
            store=self._store,
            ids=ids,
            configs=Configs(self._store, ids),
            settings=self._settings,
            paths=PathBook(self._store),
            states=States(self._store),
            signing_key=hashlib.sha256(f"hatched emulator {self._seed}".encode()).hexdigest(),
            failures={},
            catch_up=self._finish_operations,
        )
        self._day: int | None = None
        self.keys: Keys = Keys(self._store)
        self._pipeline = Pipeline(self._world, self.keys, RateLimiter(self._settings.plan))

    def _beside(self) -> backup.Beside:
        failures = {operation: list(reasons) for operation, reasons in self._world.failures.items()}
        things, requests = self._world.ids.given
        return backup.Beside(self.clock.now(), [things, requests], self._pipeline.limiter.dump(), failures)

    def _wake(self, beside: backup.Beside, time: float | None) -> None:
        """Goes on with a database that was replaced."""
        if time is not None and not self.clock.shared:
            self.clock.put_back(time)
        self._build(self._store.generation)
        self.customer_id = self._customer("default")
        self._let_in()
        things, requests = beside.ids
        self._world.ids.given = things, requests
        self._world.failures.update({operation: list(reasons) for operation, reasons in beside.failures.items()})
        self._pipeline.limiter.load(beside.limits)

    def _known(self, customer: str) -> str:
        row = self._store.db.execute("SELECT id FROM customers WHERE name = ?", (customer,)).fetchone()
        if row is None:
            raise ValueError(f"there is no customer {customer!r}: add_key(key, customer={customer!r}) makes one")
        customer_id: str = row[0]
        return customer_id

    def _customer(self, name: str) -> str:
        with suppress(ValueError):
            return self._known(name)
        configs = self._world.configs
        rules = self._rules or _checked(DEFAULT, self._settings.plan)
        if name != "default":
            with suppress(ApiError):  # nothing is published any more
                rules = checked(configs.rules(configs.published(self.customer_id)), self._settings.plan)
        customer_id = self._world.ids.new()
        with self._store.transaction():  # a customer without rules would be one for ever
            pools = (self._settings.plan.welcome, self._settings.credits)
            self._store.db.execute("INSERT INTO customers VALUES (?, ?, 0, ?, ?)", (customer_id, name, *pools))
            configs.set_up(customer_id, rules, self.clock.now())
        return customer_id

    def _run_due(self, now: float) -> None:
        self._store.roll_back()  # what a signal has left open, between two instructions
        self._finish_operations(now)
        today = day_of(now)
        if self._day != today:
            decay.run_due(self._world, now)
            refill.run_due(self._world, now)
            self._day = today

    def _finish_operations(self, now: float) -> None:
        operations.run_due(self._world, now, WORK, appearance.retry_awaiting)

    def _answer(self, request: Request, match: router.Match | None, fault: Fault | None) -> Response:
        if request.method == "GET" and (picture := art.draw(request.path, request.query)):
            return Response(200, (("Content-Type", "image/svg+xml"),), picture.encode())
        now = self.clock.now()
        self._run_due(now)
        headers = request.by_name
        request_id = self._request_id(headers)
        reply = self._pipeline.answer(request, headers, match, now, request_id)
        self._note(request, match, headers, reply.status, request_id, fault)
        body = reply.encoded()
        content = (("Content-Type", "application/json"),) if body else ()
        return Response(
            reply.status,
            (*content, ("Date", formatdate(now, usegmt=True)), ("X-Request-Id", request_id), *reply.headers),
            body,
        )

    def _request_id(self, headers: Mapping[str, str]) -> str:
        """What the answer calls a request: the id that it brought, or a new one."""
        with self._lock:
            return headers.get("x-request-id") or self._world.ids.request()

    def _note(
        self,
        request: Request,
        match: router.Match | None,
        headers: dict[str, str],
        status: int | None,
        request_id: str | None,
        fault: Fault | None,
    ) -> None:
        route = match.route.id if match else f"{request.method} {request.path}"
        kept = {name: value for name, value in headers.items() if name != "authorization"}
        self.journal.append(
            Entry(route, status, request_id, fault, request.method, request.path, request.query, kept, request.body)
        )


def _checked(rules: Rules | str | Path, plan: Plan) -> Checked:
    if not isinstance(rules, Rules | str | Path):
        raise TypeError(f"rules are Rules, a preset's name or a path, not {type(rules).__name__}")
    if isinstance(rules, str) and rules in PRESETS:
        return _preset(rules, plan)
    return checked(rules if isinstance(rules, Rules) else find_rules(rules, plan), plan)


@cache
def _preset(name: str, plan: Plan) -> Checked:
    return checked(find_rules(name), plan)
