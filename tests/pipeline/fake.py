"""A world for the pipeline: answers from a script, a clock that only moves when told, and a record of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from hatched import routes
from hatched.pipeline.messages import Request, Response

READ, KEYED = routes.EGGS_GET, routes.EGGS_CREATE
UNSAFE = KEYED._replace(id="eggs.unsafe", safety=routes.Safety.UNSAFE)

Outcome = Response | Exception | Callable[[Request], Any]


def request(route: routes.Route = READ, **fields: Any) -> Request:
    """A request as a resource makes it."""
    return Request(**{"route": route, "url": "https://api.example.com/eggs", "headers": {}, "max_retries": 3, **fields})


def answer(status: int = 200, body: bytes | str | dict[str, Any] = b"", **headers: str) -> Response:
    """An answer; `retry_after="5"` is its header `retry-after`."""
    if isinstance(body, dict):
        body = json.dumps(body)
    return Response(
        request=request(),
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode() if isinstance(body, str) else body,
    )


def refusal(status: int, code: str, details: Mapping[str, Any] | None = None, **headers: str) -> Response:
    """An answer with the error envelope."""
    error = {"code": code, "message": f"the message of {code}", "requestId": "r", "details": details}
    return answer(status, {"error": error}, **headers)


class FakeIO:
    """Answers each `send` with the next outcome of the script; the last one is repeated.

    Attributes:
        sent: Each request, with the timeout that it got.
        slept: Each wait.
        takes: Seconds that a `send` takes.
    """

    def __init__(self, *script: Outcome, takes: float = 0.0, start: float = 1000.0) -> None:
        self._script = list(script) or [answer()]
        self._now = start
        self.takes = takes
        self.sent: list[tuple[Request, float | None]] = []
        self.slept: list[float] = []
        self.closed = False

    @property
    def requests(self) -> list[Request]:
        return [sent for sent, _ in self.sent]

    @property
    def timeouts(self) -> list[float | None]:
        return [timeout for _, timeout in self.sent]

    async def send(self, request: Request, timeout: float | None) -> Response:
        self.sent.append((request, timeout))
        self._now += self.takes
        outcome: Any = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if callable(outcome):
            outcome = outcome(request)
        if isinstance(outcome, Exception):
            raise outcome
        return evolve(outcome, request=request)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds

    def now(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += seconds

    async def aclose(self) -> None:
        self.closed = True


def handler_of(io: FakeIO) -> Callable[[Request], Any]:
    """The fake as the end of a pipeline."""
    return lambda one: io.send(one, one.timeout)
