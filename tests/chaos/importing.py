"""What the chaos of imports needs: sources, weather, emulators that are watched, and the oracle."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

import anyio
import httpx

import hatched
from hatched.emulator import CoinRule, Emulator, Fault, Rules
from hatched.emulator.transport import AsyncTransport, Transport
from hatched.imports import ImportReport

FULL = os.environ.get("HATCHED_CHAOS") == "full"
USERS = 20
RULES = Rules(event_types=("lesson_completed",), coin_rules=(CoinRule(event="lesson_completed", amount=10),))

Colour = Literal["asyncio", "trio", "sync"]
Row = dict[str, Any]


def some(count: int, values: Iterable[Any]) -> list[Any]:
    """All of them in the full size, else a few that are always the same."""
    everything = list(values)
    return everything if FULL or count >= len(everything) else Random(1).sample(everything, count)


def weather(chance: float) -> dict[Fault, float]:
    """Every kind of bad weather, that so many requests meet in all."""
    kinds = [
        Fault.status(429, retry_after=1),
        Fault.status(503),
        Fault.status(503, after_commit=True),
        Fault.drop(),
        Fault.drop(after_commit=True),
        Fault.drop(after_commit=True, reset=True),
        Fault.stall(),
        Fault.stall(after_commit=True),
        Fault.truncate(),
    ]
    return {kind: chance / len(kinds) for kind in kinds} if chance else {}


def make_rows(count: int, *, seed: int = 0, heavy: bool = False) -> list[Row]:
    """Events of `USERS` users, in no order of users; of a heavy user 30 %."""
    chosen = Random(seed)
    return [
        {
            "event_id": f"e{number}",
            "user_id": f"user_{0 if heavy and chosen.random() < 0.3 else chosen.randrange(USERS)}",
            "type": "lesson_completed",
            "occurred_at": "2026-01-01T00:00:00Z",
            "properties": {"number": number},
        }
        for number in range(count)
    ]


def spoil(rows: Sequence[Row], kind: str, chosen: Random, count: int = 50) -> list[int]:
    """Make some of the rows bad, never the first, so that only the server can tell. Answers their positions."""
    places = sorted(chosen.sample(range(1, len(rows)), count))
    for nth, place in enumerate(places):
        row = rows[place]
        match kind:
            case "one type":
                row["type"] = "never_registered"
            case "many types":
                row["type"] = f"never_registered_{nth}"
            case "audience":
                row["audience"] = "nobody"
            case "content":
                deep: Any = "x"
                for _ in range(120):
                    deep = [deep]
                row["properties"] = {"deep": deep}
            case "all":
                spoil_one = ("one type", "many types", "audience", "content")[nth % 4]
                copies = [{}, row]
                spoil(copies, spoil_one, Random(nth), 1)
    return places


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_emulator(*, plan: str = "enterprise", buddies: bool = True, **switches: Any) -> Emulator:
    """One whose users have buddies, unless they need none. The requests for that are in no window any more."""
    emulator = Emulator(rules=RULES, plan=plan, **switches)
    emulator.journal = type(emulator.journal)(maxlen=200_000)
    if buddies:
        emulator.import_(_with_buddies())
    return emulator


@cache
def _with_buddies() -> Any:
    with Emulator(rules=RULES, plan="enterprise") as emulator:
        client = emulator.sync_client()
        for user in range(USERS):
            client.buddies.ensure(f"user_{user}")
        emulator.clock.advance("1d")
        return emulator.export()


class Watch:
    """When requests reached an emulator. Can keep back the details of what it refuses."""

    def __init__(self, emulator: Emulator, *, silent: bool = False) -> None:
        self.emulator = emulator
        self.times: list[float] = []
        self.silent = silent

    def answered(self, response: httpx.Response, body: bytes) -> httpx.Response:
        if not self.silent or response.status_code not in (400, 422):
            return response
        answer = json.loads(body)
        answer["error"].pop("details", None)
        headers = [pair for pair in response.headers.multi_items() if pair[0].lower() != "content-length"]
        return httpx.Response(response.status_code, headers=headers, json=answer, request=response.request)

    def asynchronous(self, **options: Any) -> hatched.AsyncHatchedClient:
        watch = self

        class Door(AsyncTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                watch.times.append(watch.emulator.clock.now())
                response = await super().handle_async_request(request)
                return watch.answered(response, await response.aread()) if watch.silent else response

        http = httpx.AsyncClient(transport=Door(self.emulator))
        return hatched.AsyncHatchedClient(http_client=http, **self._options(options))

    def blocking(self, **options: Any) -> hatched.HatchedClient:
        watch = self

        class Door(Transport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                watch.times.append(watch.emulator.clock.now())
                response = super().handle_request(request)
                return watch.answered(response, response.read()) if watch.silent else response

        http = httpx.Client(transport=Door(self.emulator))
        return hatched.HatchedClient(http_client=http, **self._options(options))

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        emulator = self.emulator
        return {
            "api_key": emulator.api_key,
            "base_url": emulator.base_url,
            "clock": emulator.clock,
            **options,
        }

    def run(self, colour: Colour, source: Any, **options: Any) -> ImportReport:
        """Import it all."""
        if colour == "sync":
            return self.blocking().events.import_all(source, **options)

        async def main() -> ImportReport:
            return await self.asynchronous().events.import_all(source, **options)

        return anyio.run(main, backend=colour)

    def most_in(self, seconds: float) -> int:
        """The most requests that any window of so many seconds saw."""
        times, first, most = sorted(self.times), 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


def refused_by_limit(emulator: Emulator) -> int:
    """429s that are the server's own."""
    return sum(entry.status == 429 and entry.fault is None for entry in emulator.journal)


def check_effects(emulator: Emulator, rows: Sequence[Row], bad: Iterable[int] = (), *, order: str = "user") -> None:
    """Each good event was applied once, nothing else was, and in order."""
    left_out = set(bad)
    wanted = [row for position, row in enumerate(rows) if position not in left_out]
    applied = [(one.user_id, one.event_id) for one in emulator.effects()]
    doubled = [event_id for (_, event_id), count in Counter(applied).items() if count > 1]
    assert not doubled, f"{len(doubled)} events were applied more than once, such as {doubled[:3]}"
    lost = {row["event_id"] for row in wanted} - {event_id for _, event_id in applied}
    assert not lost, f"{len(lost)} events were lost, such as {sorted(lost)[:3]}"
    assert len(applied) == len(wanted), "something was applied that nobody sent"
    if order == "total":
        assert [event_id for _, event_id in applied] == [row["event_id"] for row in wanted]
    elif order == "user":
        assert by_user(applied) == by_user((row["user_id"], row["event_id"]) for row in wanted)


def by_user(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    events: dict[str, list[str]] = defaultdict(list)
    for user_id, event_id in pairs:
        events[user_id].append(event_id)
    return dict(events)


def check_letters(path: Path, rows: Sequence[Row], bad: Iterable[int]) -> None:
    """The dead-letter file holds each bad event once, with its reason, and whole lines only."""
    text = path.read_bytes() if path.exists() else b""
    assert not text or text.endswith(b"\n"), "the dead-letter file ends within a line"
    lines = [json.loads(line) for line in text.splitlines()]
    assert sorted(line["position"] for line in lines) == sorted(bad)
    for line in lines:
        assert line["event"] == rows[line["position"]]
        assert line["code"]
        assert line["message"]
