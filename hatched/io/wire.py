"""httpx on one side, the values of the pipeline on the other. Shared by both colours."""

from __future__ import annotations

import ssl
import sys
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Self, TypedDict

import httpx

from hatched.config import Secret
from hatched.errors import RequestTimeoutError, TransportError
from hatched.io.environment import no_tls, tls
from hatched.pipeline.messages import Request, Response

CONNECTIONS = 128
"""Of one client, at once."""
ERROR_BODY = 64 * 1024
"""Bytes that are read of an error answer."""

_LAYERS = frozenset({"anyio", "h11", "h2", "hpack", "httpcore", "httpx", "trio"})

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_BEFORE = ("connect", "pool")
"""Phases in which nothing is sent yet."""
_PHASES: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "connect",
    httpx.WriteTimeout: "write",
    httpx.ReadTimeout: "read",
    httpx.PoolTimeout: "pool",
}


@lru_cache(maxsize=512)
def url(text: str) -> httpx.URL:
    """A parsed URL; httpx takes tens of microseconds to parse one, and few differ."""
    return httpx.URL(text)


class Settings(TypedDict):
    """How our own httpx clients are made."""

    verify: ssl.SSLContext
    limits: httpx.Limits
    timeout: None
    trust_env: bool


def settings(base_url: str) -> Settings:
    """Plain http goes to this machine only, so there it must not take the way over a proxy of the environment."""
    encrypted = base_url.startswith("https:")
    return {
        "verify": tls() if encrypted else no_tls(),
        "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1),
        "timeout": None,
        "trust_env": encrypted,
    }


class Client(httpx.Client):
    """An httpx client without auth, hooks, redirects and cookies, so that a tenth of each call can be left out."""

    def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Have the request sent, by way of a proxy if the environment names one; its stream is not read yet."""
        if self.is_closed:
            raise RuntimeError("the client is closed")
        return self._transport_for_url(request.url).handle_request(request)


class AsyncClient(httpx.AsyncClient):
    """See `Client`."""

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        """See `Client.pass_on`."""
        if self.is_closed:
            raise RuntimeError("the client is closed")
        return await self._transport_for_url(request.url).handle_async_request(request)


class Remaining(float):
    """Seconds that were left when it was made, and what is left of them later."""

    ends: float

    @classmethod
    def until(cls, ends: float) -> Remaining:
        """At least a millisecond: zero would mean that a socket never waits."""
        left = cls(max(ends - time.monotonic(), 0.001))
        left.ends = ends
        return left


class TimeLeft(dict[str, float]):
    """httpx asks at the start of each phase how long it may take: what is left of the attempt.

    Attributes:
        seconds: Of the attempt.
        ends: When it must be over, by the monotonic clock.
        phase: The last that was asked for.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(dict.fromkeys(("connect", "read", "write", "pool"), seconds))
        self.seconds: float = seconds
        self.ends: float = time.monotonic() + seconds
        self.phase: str = "read"

    def get(self, key: str, _default: object = None) -> float:
        self.phase = key
        return Remaining.until(self.ends)

    def error(self) -> RequestTimeoutError:
        """What to raise when nothing is left."""
        return timed_out(self.phase, self.seconds)


def to_httpx(
    request: Request, key: Secret, left: TimeLeft | None, http_client: httpx.Client | httpx.AsyncClient | None
) -> httpx.Request:
    """The request as it leaves, with the credential, and with what a client of the user's adds to each."""
    headers = {"authorization": f"Bearer {key.reveal()}", **request.headers}
    extensions = {"timeout": {} if left is None else left}
    method, target = request.route.method, url(request.url)
    if http_client is not None:
        return http_client.build_request(method, target, headers=headers, content=request.body, extensions=extensions)
    # Given a stream, httpx adds no headers of its own, which would take it longer than all of the above.
    raw = [(b"Host", target.netloc), *((name.encode(), value.encode()) for name, value in headers.items())]
    if request.body is not None or method != "GET":
        raw.append((b"Content-Length", b"%d" % len(request.body or b"")))
    return httpx.Request(method, target, headers=raw, stream=_Body(request.body or b""), extensions=extensions)


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """In one piece. httpx's own is an asynchronous generator, of which trio warns when a call is abandoned within."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(iter(self))


class _Pieces:
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def to_response(request: Request, response: httpx.Response, body: bytes) -> Response:
    """The answer as the pipeline sees it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return Response(request=request, status=response.status_code, headers=headers, body=body)


def unpacked(response: httpx.Response, raw: bytes) -> bytes:
    """A body without its compression.

    That of an error is cut short, for a small one may unpack to an enormous one; if it cannot be unpacked,
    the status still says enough.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if not raw or encoding in ("", "identity"):
        return raw
    if response.is_success:
        return b"".join(_members(raw, sys.maxsize))
    body = b""
    with suppress(zlib.error):
        for member in _members(raw, ERROR_BODY):
            body += member
    return body


def _members(raw: bytes, most: int) -> Iterator[bytes]:
    """Unpack member after member, no more than `most` bytes of all. Raises `zlib.error` for what is not whole."""
    while raw and most:
        unpacker = zlib.decompressobj(wbits=47)
        member = unpacker.decompress(raw, most)
        yield member
        if not unpacker.eof:
            raise zlib.error("incomplete or truncated stream")
        raw = unpacker.unused_data.lstrip(b"\0")  # gzip may be padded
        most -= len(member)


def to_error(error: Exception, timeout: float | None) -> TransportError | None:
    """The error of this SDK for one of httpx or the layers below it; `None` for any other."""
    if isinstance(error, ExceptionGroup):
        inner = [to_error(one, timeout) for one in error.exceptions]
        return next((one for one in inner if one is not None), None)
    if not isinstance(error, OSError | zlib.error) and type(error).__module__.partition(".")[0] not in _LAYERS:
        return None
    maybe_received = not isinstance(error, _NEVER_SENT)
    phase = _PHASES.get(type(error))
    if phase is not None:
        return timed_out(phase, timeout)
    reason = str(error) or "the connection was lost"
    return TransportError(f"{type(error).__name__}: {reason}", maybe_received=maybe_received)


def timed_out(phase: str, timeout: float | None) -> RequestTimeoutError:
    """The error of an attempt that took too long."""
    what = {
        "connect": "could not connect",
        "pool": f"all {CONNECTIONS} connections were busy",
        "write": "could not send the request",
    }.get(phase, "no complete answer")
    within = "" if timeout is None else f" within {timeout:g} s"
    return RequestTimeoutError(what + within, phase=phase, maybe_received=phase not in _BEFORE)
