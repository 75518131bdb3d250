"""Random sessions: requests that a seed decides, with ids that the answers gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from hatched.emulator import Emulator, Request

Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
Door = Callable[[Request], Answer]

DOORS_OWN = {"connection", "content-length", "transfer-encoding"}
"""Headers of the connection, not of the answer."""


class Step(NamedTuple):
    """A request, or a step of the clock."""

    request: Request | None
    seconds: float


def plan(seed: int, length: int = 40) -> Iterator[Step]:
    """The steps of a session, whose ids come from an emulator that is asked beside."""
    chosen, guide = Random(seed), Emulator(seed=seed, plan="pro")
    known: dict[str, list[str]] = {"egg": [], "buddy": [], "operation": [], "endpoint": []}
    for number in range(length):
        if chosen.random() < 0.15:
            seconds = chosen.choice([1.0, 3600.0, 86_400.0])
            guide.clock.advance(seconds)
            yield Step(None, seconds)
            continue
        request = _request(chosen, known, number, guide)
        body = guide.handle(request).body
        answer = json.loads(body) if body.startswith(b"{") else {}
        for kind, key in (("egg", "egg_id"), ("operation", "operation_id"), ("endpoint", "masked_secret")):
            if key in answer:
                known[kind].append(answer["id"] if kind == "endpoint" else answer[key])
        if isinstance(answer.get("result"), dict):
            known["buddy"].append(answer["result"]["buddy_id"])
        yield Step(request, 0.0)


def _request(chosen: Random, known: dict[str, list[str]], number: int, guide: Emulator) -> Request:
    def one(kind: str) -> str:
        return chosen.choice(known[kind] or ["00000000-0000-4000-8000-000000000000"])

    user = chosen.choice(["ann", "bob", "zoë/…"])
    event: dict[str, Any] = {"event_id": f"e{chosen.randrange(12)}", "user_id": user, "properties": {"n": [1, "é"]}}
    event["type"] = chosen.choice(["lesson_completed", "quiz_passed", "daily_login", "unheard_of"])
    method, target, body = chosen.choice(
        [
            ("POST", "/eggs", {"user_id": user}),
            ("POST", "/eggs?ensure=true", {"user_id": user}),
            ("PATCH", f"/eggs/{one('egg')}/status", {"status": "ready"}),
            ("POST", f"/eggs/{one('egg')}/hatch", None),
            ("GET", f"/operations/{one('operation')}", None),
            ("GET", f"/buddies?user_id={user.encode().hex()}&limit=5", None),
            ("GET", "/buddies?limit=0", None),
            ("GET", f"/buddies/{one('buddy')}", None),
            ("POST", f"/buddies/{one('buddy')}/coins", {"amount": 30, "reason": "gift"}),
            ("POST", f"/buddies/{one('buddy')}/items/{guide.item_id('scarf')}/purchase", None),
            ("POST", "/events", event),
            ("POST", "/events", event),
            ("POST", "/events/batch", {"events": [event, {**event, "event_id": f"f{number}"}]}),
            ("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]}),
            ("GET", f"/webhook-configs/{one('endpoint')}/deliveries", None),
            ("GET", "/no%20where/%2F", None),
        ]
    )
    path, _, query = target.partition("?")
    headers = {"authorization": f"Bearer {guide.api_key}", "x-request-id": f"r{number}", "accept": "*/*"}
    if chosen.random() < 0.3:
        headers["idempotency-key"] = f"k{chosen.randrange(4)}"
    content = b"" if body is None else json.dumps(body).encode()
    return Request(method, "/api/v1" + path, query, headers, content)


def transcript(seed: int, emulator: Emulator, door: Door) -> list[Answer]:
    """What a session is answered through a door."""
    answers: list[Answer] = []
    for step in plan(seed):
        if step.request is None:
            emulator.clock.advance(step.seconds)
        else:
            answers.append(door(step.request))
    return answers


def direct(emulator: Emulator) -> Door:
    """No door at all."""

    def ask(request: Request) -> Answer:
        response = emulator.handle(request)
        return response.status, named(response.headers), response.body

    return ask


def named(headers: Any) -> tuple[tuple[str, str], ...]:
    """Headers in a form that can be compared."""
    pairs = ((name.lower(), value) for name, value in headers)
    return tuple(sorted(pair for pair in pairs if pair[0] not in DOORS_OWN))


def digest(seeds: range) -> str:
    """Of everything that some sessions are answered, and of the whole state that they leave."""
    total = hashlib.sha256()
    for seed in seeds:
        emulator = Emulator(seed=seed, plan="pro")
        total.update(repr(transcript(seed, emulator, direct(emulator))).encode())
        total.update(json.dumps(emulator.export()).encode())
    return total.hexdigest()
