"""Where the settings of a client come from: arguments, then the environment, then defaults."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, NoReturn
from urllib.parse import urlsplit

from attrs import field, frozen

from hatched.errors import ConfigurationError

PRODUCTION = "https://api.hatched.live/api/v1"
STAGING = "https://api.staging.hatched.live/api/v1"

_KEY = re.compile(r"hatch_(live|test|pk)_[A-Za-z0-9._-]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_FOREVER = 1e9
"""Seconds; more than thirty years."""
_OURS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
        "x-request-id",
    }
)


class KeyKind(Enum):
    """What the prefix of a key says (concepts/auth-model)."""

    LIVE = "live"
    TEST = "test"
    PUBLISHABLE = "pk"


class Secret:
    """A string that shows itself only when asked to, and never in a repr, a log or a pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: build the client anew where you need it")


@frozen(kw_only=True)
class Config:
    """The settings of one client. Times are in seconds.

    Attributes:
        timeout: Bound of one attempt; `None` for none. Default 15, as in the JavaScript SDK.
        deadline: Bound of a whole call with its retries and waits; `None` for none, the default.
        max_retries: Attempts after the first. Default 3.
        max_retry_wait: A longer `Retry-After` is raised as `RateLimitError`, not waited for. Default 60.
        headers: Sent with every request.
    """

    key: Secret
    kind: KeyKind
    base_url: str
    timeout: float | None = 15.0
    deadline: float | None = None
    max_retries: int = 3
    max_retry_wait: float = 60.0
    headers: Mapping[str, str] = field(factory=dict, repr=lambda headers: repr(sorted(headers)))


def resolve(
    *, api_key: str | None = None, publishable_key: str | None = None, base_url: str | None = None
) -> tuple[Secret, KeyKind, str]:
    """The key, its kind and the base URL.

    Raises:
        ConfigurationError: No key, a malformed one, or a base URL that a key must not be sent to.
    """
    if api_key is not None and publishable_key is not None:
        raise ConfigurationError("Both api_key and publishable_key were given: pass one of them.")
    name, key = "api_key", api_key
    if api_key is None and publishable_key is None:
        for variable in ("HATCHED_API_KEY", "HATCHED_PUBLISHABLE_KEY"):
            if os.environ.get(variable):
                name, key = variable, os.environ[variable]
                break
        else:
            raise ConfigurationError("No API key: pass api_key=, or set the environment variable HATCHED_API_KEY.")
    elif publishable_key is not None:
        name, key = "publishable_key", publishable_key
    kind = _kind(name, key)
    if base_url is None:
        base_url = os.environ.get("HATCHED_BASE_URL") or (STAGING if kind is KeyKind.TEST else PRODUCTION)
    assert key is not None
    return Secret(key), kind, checked_url(base_url)


def _kind(name: str, key: object) -> KeyKind:
    if not isinstance(key, str):
        raise ConfigurationError(f"{name} must be a string, not {type(key).__name__}.")
    match = _KEY.fullmatch(key)
    publishable = "publishable" in name.lower()
    expected = "hatch_pk_…" if publishable else "hatch_live_… or hatch_test_…"
    if match is None:
        space = " It has white space in it: was it read from a file?" if re.search(r"\s", key) else ""
        raise ConfigurationError(f"{name} is malformed: a key looks like {expected}.{space}")
    kind = KeyKind(match[1])
    if (kind is KeyKind.PUBLISHABLE) != publishable:
        other = "api_key" if publishable else "publishable_key"
        raise ConfigurationError(f"{name} takes {expected}; pass this key as {other}=.")
    return kind


def checked_url(base_url: Any) -> str:
    """A base URL that a key may be sent to, without slashes at its end. Raises `ConfigurationError` for any other."""
    if not isinstance(base_url, str):
        raise ConfigurationError(f"base_url must be a string, not {type(base_url).__name__}.")
    try:
        url = urlsplit(base_url)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise ConfigurationError(f"base_url is not a URL: {error}.") from None
    if url.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\\]", base_url):
        raise ConfigurationError(f"base_url must be an absolute http(s) URL, such as {PRODUCTION}.")
    if "?" in base_url or "#" in base_url or url.username is not None:
        raise ConfigurationError("base_url must have no credentials, query or fragment.")
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            f"base_url must use https: a key is sent over plain http to this machine only, not to {host}."
        )
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_seconds(name: str, value: Any, *, optional: bool = True) -> float | None:
    """A positive, finite number of seconds, or `None` where that means "no bound"."""
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value < _FOREVER:
        raise ValueError(f"{name} must be positive and finite, in seconds{'; None means no bound' if optional else ''}")
    return float(value)


def checked_retries(value: Any) -> int:
    """A number of retries, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"max_retries must be an integer, not {type(value).__name__}; 0 means never to retry")
    if value < 0:
        raise ValueError("max_retries must be 0 or more")
    return value


def checked_headers(headers: Any) -> dict[str, str]:
    """Headers with lower-case names; those that the SDK sets itself are refused."""
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a mapping, not {type(headers).__name__}")
    return {_header_name(name): checked_header(name, value) for name, value in headers.items()}


def _header_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"header names must be strings, not {type(name).__name__}")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"not a header name: {name!r}")
    if name.lower() in _OURS:
        raise ValueError(f"the SDK sets the header {name} itself; use the option for it")
    return name.lower()


def checked_header(name: str, value: Any) -> str:
    """A header value: printable ASCII, so that nothing can be injected."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError(f"{name} must be printable ASCII on one line")
    return value


def checked_id(name: str, value: Any) -> str:
    """A request id or idempotency key: 1 to 255 characters of printable ASCII without spaces around."""
    text = checked_header(name, value)
    if not text or text != text.strip() or len(text) > 255:
        raise ValueError(f"{name} must have 1 to 255 characters, with no white space around")
    return text
