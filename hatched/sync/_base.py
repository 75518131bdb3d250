"""What the generated classes stand on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar, Unpack

from hatched.client import AsyncHatchedClient, configure
from hatched.io.blocking import BlockingIO
from hatched.pipeline.log import log_to_stderr
from hatched.pipeline.messages import Handler, Middleware, Request, Response
from hatched.sync._step import step

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from hatched.io.base import Clock

S = TypeVar("S")

SyncHandler = Callable[[Request], Response]
SyncMiddleware = Callable[[Request, SyncHandler], Response]


class SyncClientOptions(TypedDict, total=False):
    """What `with_options` may change; see `HatchedClient` for each.

    `headers` are added to those of the client; `middleware` replaces the client's.
    """

    timeout: float | None
    deadline: float | None
    max_retries: int
    max_retry_wait: float
    headers: Mapping[str, str]
    middleware: Sequence[SyncMiddleware]


class Resource(Generic[S]):
    """A resource of the asynchronous client, stepped."""

    def __init__(self, source: S) -> None:
        self._async = source


class BlockingClient:
    """An asynchronous client on a blocking io."""

    def __init__(
        self,
        *,
        middleware: Sequence[SyncMiddleware],
        http_client: httpx.Client | None,
        clock: Clock | None,
        debug: bool,
        **settings: Any,
    ) -> None:
        config = configure(**settings)
        io = BlockingIO(config.key, config.base_url, http_client=http_client, clock=clock)
        self._async: AsyncHatchedClient = object.__new__(AsyncHatchedClient)
        self._async._open(config, io, tuple(map(_stepped, middleware)))
        if debug:
            log_to_stderr()

    def with_options(self, **options: Unpack[SyncClientOptions]) -> Self:
        """A cheap copy with other settings, on the same connections and limits. Closing it closes nothing."""
        settings: dict[str, Any] = dict(options)
        if "middleware" in settings:
            settings["middleware"] = tuple(map(_stepped, settings["middleware"]))
        copy = object.__new__(type(self))
        copy._async = self._async.with_options(**settings)
        return copy

    def close(self) -> None:
        """Close the connections, if this client opened them."""
        step(self._async.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        client: AsyncHatchedClient | None = getattr(self, "_async", None)  # a constructor that raises leaves none
        return repr(client).replace("AsyncHatchedClient", type(self).__name__)


def _stepped(middleware: SyncMiddleware) -> Middleware:
    """A plain function as a middleware of the pipeline."""
    if inspect.iscoroutinefunction(middleware) or inspect.iscoroutinefunction(type(middleware).__call__):
        name = getattr(middleware, "__name__", type(middleware).__name__)
        raise TypeError(
            f"the synchronous client takes plain functions as middleware, and {name} is a coroutine function"
        )

    @functools.wraps(middleware)
    async def stepped(request: Request, call_next: Handler) -> Response:
        def plain_next(request: Request) -> Response:
            return step(call_next(request))  # type: ignore[arg-type]

        return middleware(request, plain_next)

    return stepped
