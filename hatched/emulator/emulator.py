"""The composition root: one emulated Hatched, with its own store, time, keys and weather."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from email.utils import formatdate
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Unpack

from hatched.emulator import appearance, art, catalogue, decay, delivery, operations, router, sessions
from hatched.emulator.auth import DEFAULT_SCOPES, Keys
from hatched.emulator.clock import Clock, day_of, iso
from hatched.emulator.configs import Configs
from hatched.emulator.context import Operations, Settings, World
from hatched.emulator.delivery import Receiver
from hatched.emulator.faults import Fault, Faults
from hatched.emulator.handlers import WORK
from hatched.emulator.ids import Ids
from hatched.emulator.journal import Entry
from hatched.emulator.messages import Request, Response
from hatched.emulator.path_book import PathBook
from hatched.emulator.pipeline import Pipeline
from hatched.emulator.plans import find
from hatched.emulator.ratelimit import RateLimiter
from hatched.emulator.rules.model import Rules
from hatched.emulator.rules.presets import DEFAULT
from hatched.emulator.rules.state import StateCache
from hatched.emulator.store import Store

if TYPE_CHECKING:
    from hatched import AsyncHatchedClient, HatchedClient
    from hatched.emulator.doors import EmulatedOptions
    from hatched.emulator.transport import AsyncTransport, Transport

_JOURNAL = 10_000
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


class Exchange(NamedTuple):
    """What a request meets: the server's response if it got there, and what went wrong on the way."""

    response: Response | None
    fault: Fault | None


class Emulator:
    """Hatched, small enough to embed. Safe to share between threads and tasks.

    Args:
        rules: The published rules. `None` is those of the file, or `presets.DEFAULT`.
        plan: `free`, `growth`, `pro` or `enterprise`: rate limits, event quota, credits, features.
        store: A file, or `":memory:"`.
        seed: The same seed and requests give the same ids.
        clock: Virtual time that starts at 2026-01-01 if `None`.
        api_key: The secret key of the customer.
        publishable_key: A publishable key of the same customer, with the default scopes.
        credits: AI credits in the paid pool, instead of the plan's.
        operations: How long hatching and the like take.
        event_body: Shape of the answer to `POST /events`, which the documentation leaves open.
        batch_transaction: Whether a batch is one transaction or one per event, which it leaves open too.
        webhook_scheme: The documented signature and body of today, or those before.
    """

    base_url = _ORIGIN + router.PREFIX

    def __init__(
        self,
        *,
        rules: Rules | None = None,
        plan: str = "growth",
        store: str = ":memory:",
        seed: int | str = 0,
        clock: Clock | None = None,
        api_key: str = "hatch_test_emulator",
        publishable_key: str = "hatch_pk_emulator",
        credits: int | None = None,
        operations: Operations | None = None,
        event_body: Literal["nested", "flat"] = "nested",
        batch_transaction: Literal["batch", "event"] = "batch",
        webhook_scheme: Literal["current", "legacy"] = "current",
    ) -> None:
        self.api_key = api_key
        self.publishable_key = publishable_key
        self.clock: Clock = clock or Clock()
        self.faults: Faults = Faults()
        self.journal: deque[Entry] = deque(maxlen=_JOURNAL)
        self._own_clock = clock is None
        self._closed = False
        self._receiver: Receiver | None = None
        self._rules = rules
        self._seed = seed
        self._credits = credits
        self._lock = RLock()
        self._store = Store(store)
        self._settings = Settings(
            plan=find(plan),
            origin=_ORIGIN,
            operations=operations or Operations(),
            event_body=event_body,
            batch_transaction=batch_transaction,
            webhook_scheme=webhook_scheme,
        )
        self._start()
        self.clock.watch(self._tick)

    def __repr__(self) -> str:
        return f"<Emulator of plan {self._settings.plan.name} at {iso(self.clock.now())}>"

    def handle(self, request: Request) -> Response:
        """The server's answer. Never raises; faults are not its business but the transports'."""
        with self._lock:
            return self._answer(request, router.match(request.method, request.path), None)

    def exchange(self, request: Request) -> Exchange:
        """The answer in the weather of `faults`; a transport makes of it what its clients understand."""
        with self._lock:
            match = router.match(request.method, request.path)
            fault = self.faults.take(match.route if match else None)
            if fault is None or fault.after_commit:
                return Exchange(self._answer(request, match, fault), fault)
            headers = _lower(request)
            self._note(request, match, headers, None, headers.get("x-request-id"), fault)
            return Exchange(None, fault)

    def transport(self) -> AsyncTransport:
        """For `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        from hatched.emulator.transport import AsyncTransport

        return AsyncTransport(self)

    def sync_transport(self) -> Transport:
        """For `httpx.Client(transport=...)`."""
        from hatched.emulator.transport import Transport

        return Transport(self)

    def client(self, **options: Unpack[EmulatedOptions]) -> AsyncHatchedClient:
        """A client of this emulator, on its clock: waiting takes no time."""
        from hatched.emulator.doors import async_client

        return async_client(self, **options)

    def sync_client(self, **options: Unpack[EmulatedOptions]) -> HatchedClient:
        """The same for code without an event loop."""
        from hatched.emulator.doors import sync_client

        return sync_client(self, **options)

    def effects(self, user_id: str | None = None) -> list[AppliedEvent]:
        """Every event that was accepted, of all customers or of one user, in order. Each stands here once."""
        with self._lock:
            rows = self._store.db.execute(
                "SELECT event_id, user_id, type, audience, buddy_id, effects, occurred_at, applied_at FROM events"
                " WHERE ? IS NULL OR user_id = ? ORDER BY seq",
                (user_id, user_id),
            )
            return [AppliedEvent._make((*row[:5], json.loads(row[5]), *row[6:])) for row in rows]

    def publish(self, rules: Rules) -> str:
        """Publishes a config version, and answers its id; buddies keep theirs. Raises `ValueError` for bad rules."""
        with self._lock:
            return self._world.configs.publish(self.customer_id, rules, self.clock.now())

    def unpublish(self) -> None:
        """Leaves the customer without published rules."""
        with self._lock:
            self._world.configs.unpublish(self.customer_id)

    def add_key(self, key: str, *, scopes: tuple[str, ...] | None = None, customer: str = "default") -> str:
        """Lets a key in, with `scopes` as a publishable one, and answers its customer's id.

        Another `customer` is another tenant, made on the spot with the rules of the first.
        """
        with self._lock:
            customer_id = self._customer(customer)
            self.keys.add(key, customer_id, scopes)
            return customer_id

    def revoke_key(self, key: str) -> None:
        """Shuts a key out. Raises `KeyError` for an unknown one."""
        with self._lock:
            self.keys.revoke(key)

    def fail_next(self, operation: str, reason: str) -> None:
        """The next operation of a type (`hatch`) fails with `reason`."""
        with self._lock:
            self._world.failures.setdefault(operation, []).append(reason)

    def deliver_webhooks_to(self, receiver: Receiver | None) -> None:
        """Who gets the webhooks, and answers with a status; without one every attempt fails.

        It is called after the request, or the step of the clock, that made an attempt due.
        """
        with self._lock:
            self._receiver = receiver

    def verify_token(self, token: str) -> dict[str, Any]:
        """The claims of a widget session or embed token. Raises `ValueError` if it is forged, expired or revoked."""
        with self._lock:
            return sessions.verify(self._world, token, self.clock.now())

    def item_id(self, key: str) -> str:
        """The id of an item of the rules."""
        return catalogue.item_id(self.customer_id, key)

    def add_credits(self, count: int) -> None:
        """Tops the paid pool up, and goes on with the pictures that waited for credits."""
        with self._lock, self._store.transaction() as db:
            db.execute("UPDATE customers SET paid = paid + ? WHERE id = ?", (count, self.customer_id))
            appearance.retry_awaiting(self._world, self.customer_id, self.clock.now())

    def reset(self) -> None:
        """As it was when it was made; a clock that was passed in stays where it is."""
        with self._lock:
            self._store.clear()
            self.faults.clear()
            self.journal.clear()
            if self._own_clock:
                self.clock.reset()
            self._start()

    def close(self) -> None:
        """Closes the store, and lets go of the clock; once is enough."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self.clock.unwatch(self._tick)
                self._store.close()

    def _start(self) -> None:
        ids = Ids(self._seed, self._store.open_generation())
        self._world = World(
            store=self._store,
            ids=ids,
            configs=Configs(self._store, ids),
            settings=self._settings,
            paths=PathBook(self._store),
            states=StateCache(),
            signing_key=hashlib.sha256(f"hatched emulator {self._seed}".encode()).hexdigest(),
            failures={},
        )
        self._day: int | None = None
        self.keys: Keys = Keys()
        self._pipeline = Pipeline(self._world, self.keys, RateLimiter(self._settings.plan))
        self.customer_id: str = self._customer("default")
        if self._rules is not None:
            # A file may hold other rules than those that were asked for.
            self._world.configs.ensure(self.customer_id, self._rules, self.clock.now())
        self.keys.add(self.api_key, self.customer_id)
        self.keys.add(self.publishable_key, self.customer_id, DEFAULT_SCOPES)

    def _customer(self, name: str) -> str:
        db = self._store.db
        row = db.execute("SELECT id FROM customers WHERE name = ?", (name,)).fetchone()
        if row is not None:
            customer_id: str = row[0]
            return customer_id
        customer_id = self._world.ids.new()
        plan = self._settings.plan
        paid = plan.paid if self._credits is None else self._credits
        db.execute("INSERT INTO customers VALUES (?, ?, 0, ?, ?)", (customer_id, name, plan.welcome, paid))
        self._world.configs.publish(customer_id, self._rules or DEFAULT, self.clock.now())
        return customer_id

    def _tick(self) -> None:
        with self._lock:
            self._run_due(self.clock.now())

    def _run_due(self, now: float) -> None:
        operations.run_due(self._world, now, WORK)
        today = day_of(now)
        if self._day != today:
            decay.run_due(self._world, now)
            self._day = today
        delivery.deliver_due(self._world, self._receiver, now)

    def _answer(self, request: Request, match: router.Match | None, fault: Fault | None) -> Response:
        if request.method == "GET" and (picture := art.draw(request.path, request.query)):
            return Response(200, (("Content-Type", "image/svg+xml"),), picture.encode())
        now = self.clock.now()
        self._run_due(now)
        headers = _lower(request)
        request_id = headers.get("x-request-id") or self._world.ids.request()
        reply = self._pipeline.answer(request, headers, match, now, request_id)
        delivery.deliver_due(self._world, self._receiver, now)
        self._note(request, match, headers, reply.status, request_id, fault)
        body = reply.encoded()
        content = (("Content-Type", "application/json"),) if body else ()
        fidelity = (("X-Hatched-Emulator-Fidelity", match.route.confidence.value),) if match else ()
        return Response(
            reply.status,
            (*content, ("Date", formatdate(now, usegmt=True)), ("X-Request-Id", request_id), *fidelity, *reply.headers),
            body,
        )

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
        self.journal.append(Entry(route, status, request_id, fault, kept))


def _lower(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(request.headers).items()}
