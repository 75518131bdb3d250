"""How a resource method becomes a request, and the answer a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlencode

from hatched import codec
from hatched.config import Config, KeyKind
from hatched.errors import PublishableKeyScopeError, ResponseDecodeError
from hatched.io.base import IO
from hatched.models._base import Params
from hatched.options import RequestOptions, WriteOptions, checked
from hatched.pipeline.answers import raise_for_status
from hatched.pipeline.messages import Handler, Request, Response, ResponseInfo, facts_of_answer
from hatched.pipeline.pacing import read_rate_limit
from hatched.routes import Access, Route, Safety

T = TypeVar("T")

_KINDS = {Safety.READ: RequestOptions, Safety.KEYED: WriteOptions, Safety.UNSAFE: RequestOptions}


class Caller:
    """What the resources of one client share; `headers` go with every request, `seen` is told every answer."""

    def __init__(
        self, config: Config, handler: Handler, io: IO, headers: Mapping[str, str], seen: Callable[[Response], None]
    ) -> None:
        self.config = config
        self.io = io
        self._handler = handler
        self._headers = headers
        self._seen = seen

    async def __call__(
        self,
        route: Route,
        kind: type[T],
        *ids: str,
        query: Params | Mapping[str, str] | None = None,
        body: Params | None = None,
        options: Mapping[str, Any],
    ) -> T:
        """Make one call; `kind` is `NoneType` where the server answers nothing.

        Raises:
            TypeError: A parameter of the wrong type, or an unknown option.
            ValueError: A parameter that cannot be sent.
            HatchedError: What went wrong on the way or at the server.
        """
        start = self.io.now()
        given = checked(options, call=route.id, kind=_KINDS[route.replay]) if options else {}
        self.refuse(route)
        content = None if body is None else codec.dumps(codec.to_wire(body))
        request = self._request(route, ids, query, content, given, start)
        response = await self._handler(request)
        self._seen(response)
        if "on_response" in given:
            given["on_response"](_info(response, self.io.now() - start))
        raise_for_status(response)
        return _decode(response, kind)

    async def exchange(self, route: Route, body: bytes, *, idempotency_key: str, timeout: float) -> Response:
        """One attempt with a body that is encoded already; nothing is retried, and any answer is an answer.

        To be called by tasks only that are cancelled by anyio's scopes, not by `asyncio.Task.cancel`.

        Raises:
            HatchedError: There was no answer.
        """
        self.refuse(route)
        given = {"idempotency_key": idempotency_key, "timeout": timeout, "max_retries": 0, "deadline": None}
        response = await self._handler(self._request(route, (), None, body, given, 0.0, sheltered=True))
        self._seen(response)
        return response

    def refuse(self, route: Route) -> None:
        """Raise if the key is of a kind that may not call this route."""
        if self.config.kind is KeyKind.PUBLISHABLE and route.access is Access.SECRET:
            raise PublishableKeyScopeError("a publishable key may not do this; nothing was sent", route=route.id)

    def _request(
        self,
        route: Route,
        ids: tuple[str, ...],
        query: Params | Mapping[str, str] | None,
        content: bytes | None,
        given: Mapping[str, Any],
        start: float,
        *,
        sheltered: bool = False,
    ) -> Request:
        url = self.config.base_url + (_path(route, ids) if ids else route.path)
        if query is not None:
            pairs = codec.to_wire(query) if isinstance(query, Params) else query
            url += f"?{urlencode(pairs)}" if pairs else ""
        headers = {**self._headers, **given.get("headers", {})}
        if "request_id" in given:
            headers["x-request-id"] = given["request_id"]
        if "idempotency_key" in given:
            headers["idempotency-key"] = given["idempotency_key"]
        if content is not None:
            headers["content-type"] = "application/json"
        deadline = given.get("deadline", self.config.deadline)
        return Request(
            route=route,
            url=url,
            headers=headers,
            body=content,
            timeout=given.get("timeout", self.config.timeout),
            deadline=None if deadline is None else start + deadline,
            max_retries=given.get("max_retries", self.config.max_retries),
            sheltered=sheltered,
        )


def _path(route: Route, ids: tuple[str, ...]) -> str:
    """The path with each id as one quoted segment: an id can never reach another resource."""
    parts = iter(ids)
    return "/".join(_segment(part[1:-1], next(parts)) if part[:1] == "{" else part for part in route.path.split("/"))


def _segment(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value or value in (".", "..") or not value.isprintable():
        raise ValueError(f"{name} must not be empty, '.', '..' or hold control characters: {value!r}")
    return quote(value, safe="")


def _decode(response: Response, kind: type[T]) -> T:
    if kind is NoneType:
        nothing: T = cast("Any", None)
        return nothing
    try:
        return codec.decode(response.body, kind)
    except codec.CodecError as error:
        raise ResponseDecodeError(
            f"the answer is not what the SDK understands: {error}",
            problems=error.problems,
            **facts_of_answer(response),
        ) from None


def _info(response: Response, elapsed: float) -> ResponseInfo:
    return ResponseInfo(
        route=response.request.route.id,
        status_code=response.status,
        headers=response.headers,
        request_id=response.request_id,
        idempotency_key=response.idempotency_key,
        attempts=response.request.attempt,
        elapsed=elapsed,
        replayed=response.headers.get("idempotency-replayed") == "true",
        rate_limit=read_rate_limit(response),
    )


class AsyncResource:
    """Base of the resources."""

    def __init__(self, call: Caller) -> None:
        self._call = call
