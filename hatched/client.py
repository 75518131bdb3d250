"""The asynchronous client: it composes the config, the pipeline and the resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from attrs import evolve

from hatched import models, routes
from hatched._version import __version__
from hatched.config import Config, checked_headers, checked_retries, checked_seconds, resolve
from hatched.options import RequestOptions, unexpected
from hatched.pipeline.idempotency import idempotency
from hatched.pipeline.log import CallLog, log_to_stderr
from hatched.pipeline.messages import Middleware, RateLimitInfo, Response, compose, guarded
from hatched.pipeline.pacing import Pacer
from hatched.pipeline.rate_limit import RateLimit
from hatched.pipeline.request_id import request_id
from hatched.pipeline.retry import Retry
from hatched.pipeline.retry_policy import RetryBudget, RetryPolicy
from hatched.pipeline.sender import Sender
from hatched.resources._call import Caller

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from hatched.io.base import IO, Clock
    from hatched.resources.buddies import AsyncBuddies
    from hatched.resources.eggs import AsyncEggs
    from hatched.resources.embed_tokens import AsyncEmbedTokens
    from hatched.resources.events import AsyncEvents
    from hatched.resources.gates import AsyncGates
    from hatched.resources.operations import AsyncOperations
    from hatched.resources.paths import AsyncPaths
    from hatched.resources.webhooks import AsyncWebhooks
    from hatched.resources.widget_sessions import AsyncWidgetSessions

_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"hatched-python/{__version__}",
}


class ClientOptions(TypedDict, total=False):
    """What `with_options` may change; see `AsyncHatchedClient` for each.

    `headers` are added to those of the client; `middleware` replaces the client's.
    """

    timeout: float | None
    deadline: float | None
    max_retries: int
    max_retry_wait: float
    headers: Mapping[str, str]
    middleware: Sequence[Middleware]


class _Shared:
    """What a client and all its copies have in common."""

    def __init__(self, io: IO, pacer: Pacer) -> None:
        self.io = io
        self.pacer = pacer
        self.budget = RetryBudget()
        self.last_request_id: str | None = None

    def seen(self, response: Response) -> None:
        self.last_request_id = response.request_id


class AsyncHatchedClient:
    """The Hatched API for asyncio and trio.

    Use it as `async with AsyncHatchedClient() as hatched:`, or call `aclose` when done. One client serves
    any number of tasks; keep it for the life of your process.

    Args:
        api_key: `hatch_live_…` for production, `hatch_test_…` for staging. Default: `HATCHED_API_KEY`.
        publishable_key: `hatch_pk_…`, which may only read buddies and operations and mint embed tokens and widget
            sessions, as far as its scopes go; the rest is refused before any I/O. Default: `HATCHED_PUBLISHABLE_KEY`.
        base_url: Default: `HATCHED_BASE_URL`, else what the key says. https, except for this machine.
        timeout: Seconds for one attempt; `None` for no bound. Without an event loop, looking up the
            name of the host is bounded by the system alone.
        deadline: Seconds for a whole call with its retries and waits; `None` for no bound.
        max_retries: Attempts after the first, on 408, 429, 5xx, timeouts and lost connections.
        max_retry_wait: Seconds; if the server asks for a longer wait, its error is raised with `retry_after`.
        headers: Sent with every request.
        middleware: Called as `await middleware(request, call_next)`, once per attempt.
        http_client: Your own `httpx.AsyncClient`, for proxies, certificates or tests. It is used as it is
            and never closed; its `auth`, if any, replaces the key.
        clock: For tests: a clock on which waiting takes no time, such as `Emulator().clock`.
        debug: Log to stderr, one line per call.

    Raises:
        ConfigurationError: No key, a malformed one, or an unusable `base_url`.
        TypeError, ValueError: A setting of the wrong type or out of range.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        publishable_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = 15.0,
        deadline: float | None = None,
        max_retries: int = 3,
        max_retry_wait: float = 60.0,
        headers: Mapping[str, str] | None = None,
        middleware: Sequence[Middleware] = (),
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
        debug: bool = False,
    ) -> None:
        from hatched.io.asynchronous import AsyncIO

        config = configure(
            api_key=api_key,
            publishable_key=publishable_key,
            base_url=base_url,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            max_retry_wait=max_retry_wait,
            headers=headers,
        )
        io = AsyncIO(config.key, config.base_url, http_client=http_client, clock=clock)
        self._open(config, io, tuple(middleware))
        if debug:
            log_to_stderr()

    def _open(self, config: Config, io: IO, middleware: tuple[Middleware, ...]) -> None:
        """Build the client on any io; the synchronous client does so on a blocking one."""
        self._connect(config, _Shared(io, Pacer(max_wait=config.max_retry_wait)), middleware)
        self._owner = True

    def _connect(self, config: Config, shared: _Shared, middleware: tuple[Middleware, ...]) -> None:
        io = shared.io
        handler = compose(
            (
                request_id,
                idempotency,
                CallLog(io),
                Retry(RetryPolicy(max_wait=config.max_retry_wait), shared.budget, io),
                RateLimit(shared.pacer, io, config.max_retry_wait),
                *map(guarded, middleware),
            ),
            Sender(io),
        )
        self._config = config
        self._shared = shared
        self._middleware = middleware
        self._owner = False
        self._call = Caller(config, handler, io, {**_HEADERS, **config.headers}, shared.seen)

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A cheap copy with other settings, on the same connections and limits. Closing it closes nothing."""
        settings = dict(options)
        middleware = settings.pop("middleware", self._middleware)
        copy = object.__new__(type(self))
        copy._connect(_configured(self._config, **settings), self._shared, tuple(middleware))  # type: ignore[arg-type]
        return copy

    @cached_property
    def eggs(self) -> AsyncEggs:
        """Create eggs and hatch them."""
        from hatched.resources.eggs import AsyncEggs

        return AsyncEggs(self._call)

    @cached_property
    def buddies(self) -> AsyncBuddies:
        """Read buddies, and change what they own."""
        from hatched.resources.buddies import AsyncBuddies

        return AsyncBuddies(self._call)

    @cached_property
    def events(self) -> AsyncEvents:
        """Tell Hatched what your users did."""
        from hatched.resources.events import AsyncEvents

        return AsyncEvents(self._call)

    @cached_property
    def operations(self) -> AsyncOperations:
        """Follow what the server does in the background."""
        from hatched.resources.operations import AsyncOperations

        return AsyncOperations(self._call)

    @cached_property
    def widget_sessions(self) -> AsyncWidgetSessions:
        """Tokens for interactive widgets."""
        from hatched.resources.widget_sessions import AsyncWidgetSessions

        return AsyncWidgetSessions(self._call)

    @cached_property
    def embed_tokens(self) -> AsyncEmbedTokens:
        """Tokens for read-only widgets."""
        from hatched.resources.embed_tokens import AsyncEmbedTokens

        return AsyncEmbedTokens(self._call)

    @cached_property
    def webhooks(self) -> AsyncWebhooks:
        """Have events delivered to your server."""
        from hatched.resources.webhooks import AsyncWebhooks

        return AsyncWebhooks(self._call)

    @cached_property
    def gates(self) -> AsyncGates:
        """Things that a buddy unlocks once, for tokens."""
        from hatched.resources.gates import AsyncGates

        return AsyncGates(self._call)

    @cached_property
    def paths(self) -> AsyncPaths:
        """Guided journeys of steps and sub-steps."""
        from hatched.resources.paths import AsyncPaths

        return AsyncPaths(self._call)

    async def health(self, **options: Unpack[RequestOptions]) -> models.Health:
        """Ask whether the API is up."""
        return await self._call(routes.HEALTH, models.Health, options=options)

    def get_rate_limit_info(self) -> RateLimitInfo | None:
        """The `X-RateLimit-*` headers of the last answer that had any. No I/O."""
        return self._shared.pacer.info

    def get_last_request_id(self) -> str | None:
        """The `X-Request-Id` of the last answer. No I/O.

        With several tasks at once it may belong to any of them: there, use `on_response=`.
        """
        return self._shared.last_request_id

    async def aclose(self) -> None:
        """Close the connections, if this client opened them."""
        if self._owner:
            await self._shared.io.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        config: Config | None = getattr(self, "_config", None)  # a constructor that raises leaves none
        return f"<{type(self).__name__} {f'{config.kind.value} {config.base_url}' if config else 'unconfigured'}>"


def configure(
    *, api_key: str | None = None, publishable_key: str | None = None, base_url: str | None = None, **settings: Any
) -> Config:
    """The config of a new client, from arguments, the environment and defaults."""
    key, kind, url = resolve(api_key=api_key, publishable_key=publishable_key, base_url=base_url)
    return _configured(Config(key=key, kind=kind, base_url=url), **settings)


def _configured(config: Config, **settings: Any) -> Config:
    """The config with checked settings."""
    checked: dict[str, Any] = {}
    for name, value in settings.items():
        match name:
            case "timeout" | "deadline":
                checked[name] = checked_seconds(name, value)
            case "max_retry_wait":
                checked[name] = checked_seconds(name, value, optional=False)
            case "max_retries":
                checked[name] = checked_retries(value)
            case "headers":
                checked[name] = {**config.headers, **checked_headers({} if value is None else value)}
            case _:
                raise TypeError(unexpected("with_options", name, ClientOptions.__annotations__))
    return evolve(config, **checked)
