"""What goes in and what comes out, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One HTTP request.

    Attributes:
        path: As sent: with the `/api/v1` prefix, percent-encoded.
        query: As sent, without the `?`.
        headers: A mapping or pairs; names in any case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def by_name(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return {name.lower(): value for name, value in dict(self.headers).items()}

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case."""
        return self.by_name.get(name.lower())


class Response(NamedTuple):
    """One HTTP response; header names are in their usual case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


class Reply(NamedTuple):
    """What a handler answers: a JSON value, or JSON text that is already encoded, and headers of its own."""

    body: Any = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        """The bytes to send; `None` is an empty body."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else dumps(self.body).encode(errors="replace")


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False)


def dumps(value: object) -> str:
    """Compact JSON."""
    return _encoder.encode(value)


def loads(body: bytes) -> Any:
    """JSON that can be stored. Raises `ValueError`, also for numbers beyond a float, and `RecursionError`."""
    data = _decoder.decode(body.decode())
    if b"\\u" in body:
        # A lone surrogate is JSON but no text: no database takes it.
        dumps(data).encode()
    return data


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
