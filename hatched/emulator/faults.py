"""Bad weather between client and server: scripted per route, or random with a seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from random import Random
from threading import Lock
from typing import Any, Literal, get_args

from attrs import Attribute, field, frozen, validators

from hatched.emulator.beyond import ALL_ROUTES
from hatched.emulator.errors import CODES, ApiError
from hatched.emulator.messages import Response
from hatched.routes import Route

_EMPTY = (204, 205, 304)
"""Statuses of answers that hold nothing."""
Kind = Literal["status", "drop", "refuse", "stall", "latency", "truncate"]


def _seconds(_: Fault, attribute: Attribute[Any], value: Any) -> None:
    if value is not None and not (type(value) in {int, float} and 0 <= value < float("inf")):
        raise ValueError(f"{attribute.name} must be seconds, not {value!r}")


def _of_the_catalogue(fault: Fault, _: Attribute[Any], error: Any) -> None:
    if error is None:
        return
    if error not in CODES:
        raise ValueError(f"{error!r} is no code of the API (there are {', '.join(CODES)})")
    if fault.code != CODES[error]:
        raise ValueError(f"{error} comes with status {CODES[error]}, not {fault.code}")


@frozen
class Fault:
    """One thing that goes wrong with one request. Use the class methods.

    Attributes:
        after_commit: Whether the server has done its work before things go wrong.
        code: The HTTP status of an answer in place of the server's.
        error: The `code` in its body, if not one of ours.
    """

    kind: Kind = field(validator=validators.in_(get_args(Kind)))
    after_commit: bool = field(default=False, validator=validators.instance_of(bool))
    code: int = field(default=503, validator=[validators.instance_of(int), validators.ge(200), validators.le(599)])
    retry_after: float | None = field(default=None, validator=_seconds)
    seconds: float = field(default=0.0, validator=_seconds)
    reset: bool = field(default=False, validator=validators.instance_of(bool))
    error: str | None = field(default=None, validator=_of_the_catalogue)

    @property
    def reaches_the_server(self) -> bool:
        """Whether the server does its work: an answer that comes late or cut short was made."""
        return self.after_commit or self.kind in {"latency", "truncate"}

    @classmethod
    def status(
        cls, code: int, *, after_commit: bool = False, retry_after: float | None = None, error: str | None = None
    ) -> Fault:
        """Another answer than the server's: 503, 502, or 429 with what `retry_after` says as its `Retry-After`.

        Args:
            code: The HTTP status.
            error: One of the API's codes that comes with this status, such as `upstream_image_error` with 502.
        """
        return cls("status", after_commit, code=code, retry_after=retry_after, error=error)

    @classmethod
    def drop(cls, *, after_commit: bool = False, reset: bool = False) -> Fault:
        """The connection closes without an answer, or with `reset` is reset (`httpx.ReadError`)."""
        return cls("drop", after_commit, reset=reset)

    @classmethod
    def refuse(cls) -> Fault:
        """No connection: the server never sees the request."""
        return cls("refuse")

    @classmethod
    def stall(cls, *, after_commit: bool = False) -> Fault:
        """The answer never comes; in process, a client without a timeout gets a `RuntimeError` at once."""
        return cls("stall", after_commit)

    @classmethod
    def latency(cls, seconds: float) -> Fault:
        """The answer comes late."""
        return cls("latency", seconds=seconds)

    @classmethod
    def truncate(cls) -> Fault:
        """The connection closes in the middle of the body."""
        return cls("truncate")


class Faults:
    """Which requests go wrong, and how. A script comes before chance."""

    def __init__(self) -> None:
        self._scripts: dict[str, deque[Fault | None]] = {}
        self._chances: dict[Fault, float] = {}
        self._random = Random(0)
        self._lock = Lock()

    def script(self, route: str, faults: Iterable[Fault | None]) -> None:
        """The next requests of a route (`"events.send"` or `"POST /events"`) meet these; `None` lets one pass.

        Raises `ValueError` for a route that does not exist.
        """
        route_id, added = _route_id(route), tuple(faults)
        for fault in added:
            if not (fault is None or isinstance(fault, Fault)):
                raise TypeError(f"a script is of Fault and None, not of {type(fault).__name__}")
        with self._lock:
            self._scripts.setdefault(route_id, deque()).extend(added)

    def random(self, seed: int, faults: Mapping[Fault, float]) -> None:
        """Every request meets one of these with its probability. Raises `ValueError` for what is none."""
        if sum(faults.values()) > 1:
            raise ValueError("the probabilities add up to more than 1")
        if not all(0 <= chance <= 1 for chance in faults.values()):
            raise ValueError("a probability is between 0 and 1")
        with self._lock:
            self._random, self._chances = Random(seed), dict(faults)

    def pending(self) -> dict[str, list[Fault | None]]:
        """By route, what is scripted and has not met a request."""
        with self._lock:
            return {route: list(script) for route, script in self._scripts.items() if script}

    def chances(self) -> dict[Fault, float]:
        """What every request may meet, with its probability."""
        with self._lock:
            return dict(self._chances)

    def assert_all_fired(self) -> None:
        """Raises `AssertionError` if a scripted fault never met a request."""
        if left := {route: script for route, script in self.pending().items() if any(script)}:
            raise AssertionError(f"scripted faults that never fired: {left}")

    def clear(self) -> None:
        """Fair weather."""
        with self._lock:
            self._scripts.clear()
            self._chances = {}

    def take(self, route: Route | None) -> Fault | None:
        """What the request at hand meets."""
        with self._lock:
            return self._take(route)

    def _take(self, route: Route | None) -> Fault | None:
        script = self._scripts.get(route.id) if route else None
        if script:
            return script.popleft()
        if not self._chances:
            return None
        draw = self._random.random()
        for fault, probability in self._chances.items():
            draw -= probability
            if draw < 0:
                return fault
        return None


def instead(fault: Fault, request_id: str) -> Response:
    """The answer of something in front of the server, such as a gateway; its code is ours if the fault names none."""
    code = fault.error or ("rate_limited" if fault.code == 429 else "service_unavailable")
    reply = ApiError(fault.code, code, f"Scripted fault {fault.code}").reply(request_id)
    if fault.code in _EMPTY:
        return Response(fault.code, (("X-Request-Id", request_id),), b"")
    after = () if fault.retry_after is None else (("Retry-After", str(round(fault.retry_after, 3)).removesuffix(".0")),)
    return Response(
        fault.code, (("Content-Type", "application/json"), ("X-Request-Id", request_id), *after), reply.encoded()
    )


def _route_id(name: str) -> str:
    if name in ALL_ROUTES:
        return name
    for route in ALL_ROUTES.values():
        if f"{route.method} {route.path}" == name:
            return route.id
    raise ValueError(f"no such route: {name!r} (say 'events.send' or 'POST /events')")
