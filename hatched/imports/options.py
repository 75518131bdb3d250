"""What `import_all` and `import_stream` take, and which values make sense."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Literal, TypedDict

from attrs import fields, frozen

from hatched.imports.concurrency import MOST
from hatched.imports.limiter import Limiter
from hatched.imports.report import ImportReport
from hatched.imports.rows import EventId, Row
from hatched.imports.schedule import Order
from hatched.options import unexpected

_PATHS = (str, os.PathLike)


class PlanOptions(TypedDict, total=False):
    """Options of `plan`, and of every import.

    Attributes:
        map: Makes an event of a row of another shape, or `None` to skip the row.
        event_id: `"column"`, the default, takes the row's own; `"content"` makes one, where there is none, of what
            the event says, so that equal rows are one event; a callable is asked for each event, as it would be sent.
        occurred_at: `"required"`, the default, rejects rows that do not say when; `"optional"` lets them occur now.
        share: Of the rate limit, from 0.001 to 1, by default 0.5: the rest is for live traffic.
        requests_per_minute: The limit itself, if you know it. By default the server's headers tell; if they do
            not, 100.
    """

    map: Callable[[Any], Row | None] | None
    event_id: EventId
    occurred_at: Literal["required", "optional"]
    share: float
    requests_per_minute: int | None


class StreamOptions(PlanOptions, total=False):
    """Options of `import_stream`.

    Attributes:
        order: `"user"`, the default, keeps the events of each user in order; `"total"` keeps all, one request at a
            time; `"none"` keeps none.
        concurrency: Requests at once, 1 to 32; `"auto"`, the default, follows the measured latency.
        limiter: Paces several imports together: `FileLimiter`, `RedisLimiter`.
        timeout: Seconds for one request, by default 60.
        give_up_after: Seconds without any progress before the import stops, by default 900.
        on_day_limit: `"stop"`, the default, or `"wait"` for the day's requests to come back.
        on_quota: `"stop"`, the default, or `"wait"` for the next month's events.
        inert_threshold: The import stops when more than this share of its events (and of at least 500) met no
            buddy, by default 0.2; 1 is never.
        checkpoint: A file from which the import goes on if it is called again with the same source and settings.
        on_progress: Called with the `ImportReport` after every answer, and at the end.
    """

    order: Order
    concurrency: int | Literal["auto"]
    limiter: Limiter | None
    timeout: float
    give_up_after: float
    on_day_limit: Literal["stop", "wait"]
    on_quota: Literal["stop", "wait"]
    inert_threshold: float
    checkpoint: str | os.PathLike[str] | None
    on_progress: Callable[[ImportReport], object] | None


class ImportOptions(StreamOptions, total=False):
    """Options of `import_all`.

    Attributes:
        dead_letter: The file for rejected events, of this import alone if it has a checkpoint. By default it is named
            like the source, with `.rejected.jsonl` behind it. For an iterable there is no default, and without a file
            its first rejected event stops the import.
        dry_run: Only read and check the rows; nothing is sent.
    """

    dead_letter: str | os.PathLike[str] | None
    dry_run: bool


@frozen(kw_only=True)
class Settings:
    """The options, checked; see above."""

    map: Callable[[Any], Row | None] | None = None
    event_id: EventId = "column"
    occurred_at: Literal["required", "optional"] = "required"
    order: Order = "user"
    concurrency: int | Literal["auto"] = "auto"
    share: float = 0.5
    requests_per_minute: int | None = None
    limiter: Limiter | None = None
    timeout: float = 60.0
    give_up_after: float = 900.0
    on_day_limit: Literal["stop", "wait"] = "stop"
    on_quota: Literal["stop", "wait"] = "stop"
    inert_threshold: float = 0.2
    checkpoint: str | os.PathLike[str] | None = None
    on_progress: Callable[[ImportReport], object] | None = None
    dead_letter: str | os.PathLike[str] | None = None
    dry_run: bool = False

    @property
    def lasting(self) -> str:
        """What decides which bytes a row becomes, as far as it can be compared."""
        event_id = self.event_id if isinstance(self.event_id, str) else "callable"
        return f"event_id={event_id} occurred_at={self.occurred_at} map={self.map is not None}"


def checked(call: str, options: Mapping[str, Any], kind: type[Any]) -> Settings:
    """The settings.

    Raises:
        TypeError: An unknown name, or a value of the wrong type.
        ValueError: A value out of range.
    """
    names = kind.__optional_keys__
    for name, value in options.items():
        if name not in names:
            raise TypeError(unexpected(call, name, names))
        problem = None if value is None and name in _MAY_BE_NONE else _EXPECTED[name](value)
        if problem is not None:
            raise problem
    return Settings(**options)


def _one_of(name: str, *allowed: str, callables: bool = False) -> Callable[[Any], Exception | None]:
    def check(value: Any) -> Exception | None:
        if value in allowed or (callables and callable(value)):
            return None
        also = ", or a callable" if callables else ""
        return ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}{also}, not {value!r}")

    return check


def _number(name: str, low: float, high: float, *, whole: bool = False) -> Callable[[Any], Exception | None]:
    def check(value: Any) -> Exception | None:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            return TypeError(f"{name} must be {'an integer' if whole else 'a number'}, not {type(value).__name__}")
        if not low <= value <= high:
            return ValueError(f"{name} must be between {low:g} and {high:g}, not {value!r}")
        return None

    return check


def _path(name: str) -> Callable[[Any], Exception | None]:
    return lambda value: (
        None if isinstance(value, _PATHS) else TypeError(f"{name} must be a path, not {type(value).__name__}")
    )


def _callable(name: str) -> Callable[[Any], Exception | None]:
    return lambda value: None if callable(value) else TypeError(f"{name} must be callable, not {type(value).__name__}")


def _function(name: str) -> Callable[[Any], Exception | None]:
    def check(value: Any) -> Exception | None:
        problem = _callable(name)(value)
        if problem is None and iscoroutinefunction(value):
            return TypeError(f"{name} must be a plain function: nobody would await what a coroutine function answers")
        return problem

    return check


def _concurrency(value: Any) -> Exception | None:
    return None if value == "auto" else _number("concurrency", 1, MOST, whole=True)(value)


def _limiter(value: Any) -> Exception | None:
    if all(callable(getattr(value, name, None)) for name in ("reserve", "learn", "pause")):
        return None
    return TypeError(f"limiter must have reserve, learn and pause, and {type(value).__name__} has not")


def _boolean(value: Any) -> Exception | None:
    return None if isinstance(value, bool) else TypeError(f"dry_run must be a bool, not {type(value).__name__}")


_MAY_BE_NONE = {field.name for field in fields(Settings) if field.default is None}
_LONG = 10 * 365 * 86_400.0

_EXPECTED: dict[str, Callable[[Any], Exception | None]] = {
    "map": _function("map"),
    "event_id": _one_of("event_id", "column", "content", callables=True),
    "occurred_at": _one_of("occurred_at", "required", "optional"),
    "order": _one_of("order", "user", "none", "total"),
    "concurrency": _concurrency,
    "share": _number("share", 0.001, 1),
    "requests_per_minute": _number("requests_per_minute", 1, 10**9, whole=True),
    "limiter": _limiter,
    "timeout": _number("timeout", 0.001, _LONG),
    "give_up_after": _number("give_up_after", 0, _LONG),
    "on_day_limit": _one_of("on_day_limit", "stop", "wait"),
    "on_quota": _one_of("on_quota", "stop", "wait"),
    "inert_threshold": _number("inert_threshold", 0, 1),
    "checkpoint": _path("checkpoint"),
    "on_progress": _function("on_progress"),
    "dead_letter": _path("dead_letter"),
    "dry_run": _boolean,
}
