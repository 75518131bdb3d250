"""Events: the order of checks, replays, quota and the three phases (guides/send-events: seen)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import shorten
from typing import Any

from attrs import evolve

from hatched.emulator import audiences, badges, delivery, evolution, wallet
from hatched.emulator.clock import iso, month_of, next_month
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError
from hatched.emulator.messages import Reply, dumps
from hatched.emulator.plans import UPGRADE_URL
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.compute import Entry, becomes_ready, compute, settle
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.effects import Effects, encode
from hatched.emulator.rules.paths import Path
from hatched.emulator.rules.state import State
from hatched.models.events import SendBatchParams, SendEventParams

_Buddy = tuple[int, str, Book, Path | None]
"""A buddy that events act on: number of its row, id, rules and path."""


def send(call: Call, params: SendEventParams) -> Reply:
    """One event. A replay answers 201 like the first time (inferred), with the same bytes."""
    event_id = params.event_id or call.world.ids.new()
    effects = _ingest(call, (evolve(params, event_id=event_id),))[event_id]
    if call.world.settings.event_body == "flat":
        body = effects
    else:
        # The stored text is sent as it is: a replay answers the same bytes.
        reason = _REASON_KEY + effects.rpartition(_REASON_KEY)[2] if _REASON_KEY in effects else "}"
        body = f'{{"effects":{effects}{reason}'
    return Reply(body.encode(), 201)


def send_batch(call: Call, params: SendBatchParams) -> Reply:
    """Up to 100 events, one result for each in the order sent (inferred), always as bare effects (SDK)."""
    events = tuple(event if event.event_id else evolve(event, event_id=call.world.ids.new()) for event in params.events)
    results = _ingest(call, events)
    body = ",".join(results[event.event_id] for event in events if event.event_id)
    return Reply(f'{{"results":[{body}]}}'.encode(), 201)


def quota_headers(world: World, customer_id: str, now: float) -> tuple[tuple[str, str], ...]:
    """`X-Event-Quota-*`; the suffixes, and that only the event routes send them, are inferred."""
    limit = world.settings.plan.events
    if limit is None:
        return ()
    used = _used(world, customer_id, now)
    return (
        ("X-Event-Quota-Limit", str(limit)),
        ("X-Event-Quota-Used", str(used)),
        ("X-Event-Quota-Remaining", str(max(limit - used, 0))),
        ("X-Event-Quota-Reset", str(int(next_month(now)))),
    )


def _ingest(call: Call, params: Sequence[SendEventParams]) -> dict[str, str]:
    """The effects, as JSON text, by event id. Nothing is applied unless all of it may be."""
    wanted = dumps([event.event_id for event in params])
    _forget(call)
    results: dict[str, str] = dict(
        call.db.execute(
            # A cross join looks for one id after another, where IN would first sort them.
            "SELECT event_id, effects FROM json_each(?) CROSS JOIN events"
            " ON remembered AND customer_id = ? AND event_id = value",
            (wanted, call.customer_id),
        ).fetchall()
    )
    if results:
        call.world.infer("events.replayed_status")
    fresh = _resolved(call, [event for event in params if event.event_id not in results])
    if fresh:
        _reserve(call, len(fresh))
    each = call.world.settings.batch_transaction == "event"
    stuck: set[str] = set()
    while fresh:
        applied = _apply(call, fresh[:1] if each else fresh, stuck)
        results |= applied
        fresh = fresh[len(applied) :]
        if each and call.world.settings.strict != "seen":  # else a guess takes back what is applied
            call.world.store.checkpoint()
    return results


def _forget(call: Call) -> None:
    """Drops the ids that are older than the retention; what they did stays done."""
    retention = call.world.settings.event_retention
    if retention is not None:
        call.db.execute(
            "UPDATE events SET remembered = 0 WHERE remembered AND customer_id = ? AND applied_at <= ?",
            (call.customer_id, call.now - retention),
        )


def _resolved(call: Call, params: Sequence[SendEventParams]) -> list[Event]:
    """Audience and type of new events. An id that comes twice in one batch is applied once (inferred)."""
    if not params:
        return []
    version_id = call.world.configs.published(call.customer_id)
    configured = call.world.configs.rules(version_id).audiences
    types = {audience: _types(call, version_id, audience) for audience in configured}
    events: dict[str, Event] = {}
    for event in params:
        audience = audiences.resolved(event.audience, configured)
        if event.type not in types[audience]:
            known = shorten(", ".join(sorted(types[audience])) or "none", _LONGEST, placeholder=" …")
            message = f"Event type {event.type!r} is not registered for audience {audience!r}; registered: {known}"
            raise ApiError(422, "event_type_not_registered", message, guess="events.unregistered")
        at = event.occurred_at.timestamp() if isinstance(event.occurred_at, datetime) else call.now
        event_id = event.event_id or ""
        events.setdefault(
            event_id, Event(event_id, event.user_id, event.type, audience, event.properties or {}, at, call.now)
        )
    if len(events) < len(params):
        call.world.infer("batches.twice")
    return list(events.values())


def _types(call: Call, version_id: str, audience: str) -> frozenset[str]:
    """Event types that are registered: by the rules, or by the path that is walked (inferred)."""
    book = call.world.configs.book(version_id, audience)
    path = call.world.paths.active(call.customer_id, audience, version_id, book.rules)
    return book.types if path is None else book.types | path.looks_at


def _apply(call: Call, events: Sequence[Event], stuck: set[str]) -> dict[str, str]:
    """Runs new events through the rules, and stores all that they did in the caller's transaction.

    It ends with the first after which a buddy evolves by itself, so that those that follow meet what became of it.

    Args:
        stuck: The buddies that cannot evolve now; grows.
    """
    buddies, states = _load(call, {event.user_id for event in events})
    applied: list[tuple[Any, ...]] = []
    lines: list[tuple[str, Entry, str | None]] = []
    results: dict[str, str] = {}
    touched: dict[int, State] = {}
    evolving: tuple[str, str] | None = None
    told: list[tuple[str, Effects, bool]] = []
    customer_id, now = call.customer_id, call.now
    listens = delivery.listens(call.world, customer_id)
    for event in events:
        buddy = buddies.get((event.user_id, event.audience))
        if buddy is None:
            buddy_id, effects, ready = None, _NOBODY, False
        else:
            seq, buddy_id, book, path = buddy
            outcome = compute(states[seq], book, event, path)
            state, effects = outcome.state, outcome.effects
            ready = settle(state, book, event)
            news = becomes_ready(state, ready)
            states[seq] = touched[seq] = state
            if outcome.entries:
                lines += [(buddy_id, entry, event.id) for entry in outcome.entries]
            if outcome.inferred:
                call.world.inferred.update(outcome.inferred)
            if listens:
                told.append((buddy_id, effects, news))
            if ready and book.rules.evolution.auto and buddy_id not in stuck:
                evolving = buddy_id, event.id
        text = results[event.id] = encode(effects, ready)
        applied.append(
            (customer_id, event.id, event.user_id, event.type, event.audience, buddy_id, text, event.at, now)
        )
        if evolving is not None:
            break
    call.db.executemany(
        "INSERT INTO events (customer_id, event_id, user_id, type, audience, buddy_id, effects, occurred_at,"
        " applied_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        applied,
    )
    call.world.states.save(touched, call.now)
    if told:
        _tell(call, told)
    if lines:
        wallet.write(call.world, call.customer_id, lines, call.now)
    if evolving is not None:
        if evolution.evolve_by_itself(call.world, *evolving, call.now):
            call.world.catch_up(call.now)
        else:
            stuck.add(evolving[0])
    return results


def _tell(call: Call, told: Sequence[tuple[str, Effects, bool]]) -> None:
    """What events did, for the webhooks. The names are seen, the bodies inferred; readiness is told when it begins."""
    for buddy_id, effects, now_ready in told:
        for key in effects.badges_awarded:
            badges.tell_awarded(call.world, call.customer_id, buddy_id, key, call.now)
        for key in effects.badges_ready:
            payload: dict[str, Any] = {"buddy_id": buddy_id, "badge_key": key}
            delivery.notify(call.world, call.customer_id, "badge.ready", payload, call.now)
        for update in effects.streak_updates:
            if update.milestone_hit is not None:
                payload = {"buddy_id": buddy_id, "streak_key": update.definition_key, "count": update.current}
                delivery.notify(call.world, call.customer_id, "streak.milestone", payload, call.now)
        if now_ready:
            delivery.notify(call.world, call.customer_id, "evolution.ready", {"buddy_id": buddy_id}, call.now)


def _load(call: Call, users: set[str]) -> tuple[dict[tuple[str, str], _Buddy], dict[int, State]]:
    """The active buddies of users, by user and audience, and their states, by the numbers of their rows."""
    rows = call.db.execute(
        "SELECT seq, buddies.id, user_id, audience, config_version_id, state FROM json_each(?) CROSS JOIN buddies"
        " ON customer_id = ? AND user_id = value AND status = 'active'",
        (dumps(sorted(users)), call.customer_id),
    )
    buddies: dict[tuple[str, str], _Buddy] = {}
    states: dict[int, State] = {}
    rules: dict[tuple[str, str], tuple[Book, Path | None]] = {}
    for seq, buddy_id, user_id, audience, version_id, text in rows:
        found = rules.get((version_id, audience))
        if found is None:
            book = call.world.configs.book(version_id, audience)
            path = call.world.paths.active(call.customer_id, audience, version_id, book.rules)
            found = rules[version_id, audience] = book, path
        buddies[user_id, audience] = (seq, buddy_id, *found)
        states[seq] = call.world.states.load(seq, text)
    return buddies, states


def _used(world: World, customer_id: str, now: float) -> int:
    row = world.store.db.execute(
        "SELECT used FROM usage WHERE customer_id = ? AND month = ?", (customer_id, month_of(now))
    ).fetchone()
    return row["used"] if row else 0


def _reserve(call: Call, count: int) -> None:
    """Charges the month's quota, all of a batch or nothing (inferred). Raises 402."""
    limit = call.world.settings.plan.events
    used = 0 if limit is None else _used(call.world, call.customer_id, call.now)
    if limit is not None and used + count > limit:
        raise ApiError(
            402,
            "event_quota_exceeded",
            f"Monthly event quota exceeded ({used} of {limit} used)",
            {
                "used": used,
                "limit": limit,
                "reset_at": iso(next_month(call.now)),
                "upgrade_url": UPGRADE_URL,
            },
            guess="quota.batch" if count > 1 else None,
        )
    if limit is not None and used * 5 < limit * 4 <= (used + count) * 5:
        payload = {"used": used + count, "limit": limit, "threshold": 80, "reset_at": iso(next_month(call.now))}
        delivery.notify(call.world, call.customer_id, "usage.threshold_reached", payload, call.now)
    call.db.execute(
        "INSERT INTO usage VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used",
        (call.customer_id, month_of(call.now), count),
    )


_LONGEST = 200
"""Characters of a list of types in a message."""
_REASON_KEY = ',"debug_reason":'
_NOBODY = Effects(debug_reason="no_active_buddies_for_user")
