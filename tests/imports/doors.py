"""One way to import for all tests of it: the synchronous client, and the asynchronous one on asyncio and on trio."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import httpx

import hatched
from hatched.emulator import CoinRule, Emulator, Rules
from hatched.imports.report import ImportReport, ImportResult

USERS = 10
RULES = Rules(event_types=("lesson_completed",), coin_rules=(CoinRule(event="lesson_completed", amount=10),))


def make_emulator(*, plan: str = "enterprise", buddies: bool = True) -> Emulator:
    emulator = Emulator(rules=RULES, plan=plan)
    emulator.journal = type(emulator.journal)(maxlen=100_000)
    if buddies:
        emulator.import_(_with_buddies())
    return emulator


@cache
def _with_buddies() -> Any:
    with Emulator(rules=RULES, plan="enterprise") as emulator, emulator.sync_client() as client:
        for user in range(USERS):
            client.buddies.ensure(f"user_{user}")
        emulator.clock.advance("1d")  # their requests are in no window any more
        return emulator.export()


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "user_id": f"user_{number * 7 % USERS}",
        "type": "lesson_completed",
        "occurred_at": "2026-01-01T10:00:00Z",
        "properties": {"number": number},
        **changes,
    }


def events(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [event(number) for number in range(start, count)]


def write(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def letters(path: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def sent(emulator: Emulator) -> list[bytes]:
    return [entry.body for entry in emulator.journal if entry.route == "events.send_batch"]


def bytes_of_events(body: bytes) -> Iterator[tuple[str, str]]:
    """Ids and raw text of the events of a batch."""
    text, place = body.decode(), len('{"events":[')
    decoder = json.JSONDecoder()
    while text[place - 1] != "]":
        value, end = decoder.raw_decode(text, place)
        yield value["event_id"], text[place:end]
        place = end + 1


def ids(emulator: Emulator) -> Counter[str]:
    return Counter(applied.event_id for applied in emulator.effects())


def order_of_users(emulator: Emulator) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for applied in emulator.effects():
        found[applied.user_id].append(int(applied.event_id[1:]))
    return found


class FakeServer:
    """Takes batches. Those that hold a bad event it refuses as a whole, and names the bad ones, or does not.

    Args:
        bad: Decides whether an event is bad.
        naming: Whether the refusal names the indices.
        code: Of the refusal.
    """

    def __init__(
        self,
        bad: Callable[[dict[str, Any]], bool] = lambda event: False,
        *,
        naming: bool = False,
        code: str = "validation_failed",
        status: int = 422,
    ) -> None:
        self.bad = bad
        self.naming = naming
        self.code = code
        self.status = status
        self.accepted: list[dict[str, Any]] = []
        self.requests: list[httpx.Request] = []
        self.result: dict[str, Any] = {"coins": 1}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        batch = json.loads(request.content)["events"]
        assert 0 < len(batch) <= 100
        bad = [index for index, one in enumerate(batch) if self.bad(one)]
        headers = {"X-RateLimit-Limit": "50000", "X-Request-Id": f"req_{len(self.requests)}"}
        if bad:
            fields = [{"field": f"events.{index}.properties", "message": "refused"} for index in bad]
            error = {"code": self.code, "message": "refused", "details": {"fields": fields} if self.naming else {}}
            return httpx.Response(self.status, json={"error": error}, headers=headers)
        self.accepted += batch
        return httpx.Response(201, json={"results": [self.result] * len(batch)}, headers=headers)


Server = Emulator | Callable[[httpx.Request], httpx.Response]
KEY = "hatch_test_x"


class Door:
    """Imports, in one colour and on one event loop.

    Attributes:
        name: `sync`, `asyncio` or `trio`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def import_all(self, server: Server, source: Any, **options: Any) -> ImportReport:
        if self.name == "sync":
            with self._client(server) as client:
                return client.events.import_all(source, **options)
        return self.run(server, lambda client: client.events.import_all(source, **options))  # type: ignore[no-any-return]

    def plan(self, server: Server, source: Any, **options: Any) -> Any:
        if self.name == "sync":
            with self._client(server) as client:
                return client.events.plan(source, **options)
        return self.run(server, lambda client: client.events.plan(source, **options))

    def stream(
        self, server: Server, source: Any, take: float = float("inf"), **options: Any
    ) -> tuple[list[ImportResult], ImportReport]:
        """So many results, and the report when the stream is left."""
        got: list[ImportResult] = []
        if self.name == "sync":
            with self._client(server) as client:
                with client.events.import_stream(source, **options) as results:
                    for result in results:
                        got.append(result)
                        if len(got) >= take:
                            break
                return got, results.report

        async def main(client: hatched.AsyncHatchedClient) -> ImportReport:
            async with client.events.import_stream(source, **options) as results:
                async for result in results:
                    got.append(result)
                    if len(got) >= take:
                        break
            return results.report

        return got, self.run(server, main)

    def run(self, server: Server, main: Callable[[hatched.AsyncHatchedClient], Awaitable[Any]]) -> Any:
        """Run a main function with an asynchronous client."""

        async def whole() -> Any:
            async with self._client(server) as client:
                return await main(client)

        return anyio.run(whole, backend=self.name)

    def _client(self, server: Server) -> Any:
        if isinstance(server, Emulator):
            return server.sync_client() if self.name == "sync" else server.client()
        transport = httpx.MockTransport(server)
        if self.name == "sync":
            return hatched.HatchedClient(api_key=KEY, http_client=httpx.Client(transport=transport))
        return hatched.AsyncHatchedClient(api_key=KEY, http_client=httpx.AsyncClient(transport=transport))
