"""What every call takes besides its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from hatched.config import checked_headers, checked_id, checked_retries, checked_seconds

if TYPE_CHECKING:
    from hatched.pipeline.messages import ResponseInfo


class PollOptions(TypedDict, total=False):
    """Options of a call that makes several requests. What is left out is as the client has it.

    Attributes:
        headers: Added to those of the client.
        max_retries: Attempts of one request after the first.
        request_id: Sent as `X-Request-Id`; a UUID by default.
        on_response: Called with the `ResponseInfo` of each request's last answer, also before an error is raised.
    """

    headers: Mapping[str, str]
    max_retries: int
    request_id: str
    on_response: Callable[[ResponseInfo], None]


class RequestOptions(PollOptions, total=False):
    """Options of one call.

    Attributes:
        timeout: Seconds for one attempt; `None` for no bound.
        deadline: Seconds for the whole call with its retries and waits; `None` for no bound.
    """

    timeout: float | None
    deadline: float | None


class WriteOptions(RequestOptions, total=False):
    """Options of one call that changes something.

    Attributes:
        idempotency_key: The server applies one key once in 24 hours; a UUID by default. Give your own to
            repeat a call safely from another process.
    """

    idempotency_key: str


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "timeout": lambda value: checked_seconds("timeout", value),
    "deadline": lambda value: checked_seconds("deadline", value),
    "headers": checked_headers,
    "max_retries": checked_retries,
    "request_id": lambda value: checked_id("request_id", value),
    "idempotency_key": lambda value: checked_id("idempotency_key", value),
    "on_response": lambda value: _callable("on_response", value),
}
_NAMES = {kind: frozenset(kind.__optional_keys__) for kind in (PollOptions, RequestOptions, WriteOptions)}


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")
    return value


def checked(options: Mapping[str, Any], *, call: str, kind: type[Any]) -> dict[str, Any]:
    """The options of a call, whose kind is one of the classes above.

    Raises:
        TypeError: An unknown name, or a value of the wrong type.
        ValueError: A value out of range.
    """
    result = {}
    for name, value in options.items():
        check = _CHECKS.get(name)
        if check is None or name not in _NAMES[kind]:
            raise TypeError(unexpected(call, name, _NAMES[kind]))
        result[name] = check(value)
    return result


def unexpected(call: str, name: str, allowed: Iterable[str]) -> str:
    """The message of a `TypeError` for a misspelt option."""
    from difflib import get_close_matches

    close = get_close_matches(name, allowed, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{call}() got an unexpected keyword argument {name!r}{hint}"
