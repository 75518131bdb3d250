# Generated from hatched/client.py by _generate.py: edit that, then run `nox -s sync`.
"""The synchronous client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from hatched import models
from hatched.options import RequestOptions
from hatched.pipeline.messages import RateLimitInfo
from hatched.sync._base import BlockingClient, SyncMiddleware
from hatched.sync._step import step

if TYPE_CHECKING:
    import httpx

    from hatched.io.base import Clock
    from hatched.sync.buddies import Buddies
    from hatched.sync.eggs import Eggs
    from hatched.sync.embed_tokens import EmbedTokens
    from hatched.sync.events import Events
    from hatched.sync.gates import Gates
    from hatched.sync.operations import Operations
    from hatched.sync.paths import Paths
    from hatched.sync.webhooks import Webhooks
    from hatched.sync.widget_sessions import WidgetSessions


class HatchedClient(BlockingClient):
    """The Hatched API for scripts, notebooks and threads: no event loop, and no thread of its own.

    Use it as `with HatchedClient() as hatched:`, or call `close` when done. One client serves
    any number of threads; keep it for the life of your process.

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
        middleware: Called as `middleware(request, call_next)`, once per attempt.
        http_client: Your own `httpx.Client`, for proxies, certificates or tests. It is used as it is
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
        middleware: Sequence[SyncMiddleware] = (),
        http_client: httpx.Client | None = None,
        clock: Clock | None = None,
        debug: bool = False,
    ) -> None:
        super().__init__(
            api_key=api_key,
            publishable_key=publishable_key,
            base_url=base_url,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            max_retry_wait=max_retry_wait,
            headers=headers,
            middleware=middleware,
            http_client=http_client,
            clock=clock,
            debug=debug,
        )

    @cached_property
    def eggs(self) -> Eggs:
        """Create eggs and hatch them."""
        from hatched.sync.eggs import Eggs

        return Eggs(self._async.eggs)

    @cached_property
    def buddies(self) -> Buddies:
        """Read buddies, and change what they own."""
        from hatched.sync.buddies import Buddies

        return Buddies(self._async.buddies)

    @cached_property
    def events(self) -> Events:
        """Tell Hatched what your users did."""
        from hatched.sync.events import Events

        return Events(self._async.events)

    @cached_property
    def operations(self) -> Operations:
        """Follow what the server does in the background."""
        from hatched.sync.operations import Operations

        return Operations(self._async.operations)

    @cached_property
    def widget_sessions(self) -> WidgetSessions:
        """Tokens for interactive widgets."""
        from hatched.sync.widget_sessions import WidgetSessions

        return WidgetSessions(self._async.widget_sessions)

    @cached_property
    def embed_tokens(self) -> EmbedTokens:
        """Tokens for read-only widgets."""
        from hatched.sync.embed_tokens import EmbedTokens

        return EmbedTokens(self._async.embed_tokens)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Have events delivered to your server."""
        from hatched.sync.webhooks import Webhooks

        return Webhooks(self._async.webhooks)

    @cached_property
    def gates(self) -> Gates:
        """Things that a buddy unlocks once, for tokens."""
        from hatched.sync.gates import Gates

        return Gates(self._async.gates)

    @cached_property
    def paths(self) -> Paths:
        """Guided journeys of steps and sub-steps."""
        from hatched.sync.paths import Paths

        return Paths(self._async.paths)

    def health(self, **options: Unpack[RequestOptions]) -> models.Health:
        """Ask whether the API is up."""
        return step(self._async.health(**options))

    def get_rate_limit_info(self) -> RateLimitInfo | None:
        """The `X-RateLimit-*` headers of the last answer that had any. No I/O."""
        return self._async.get_rate_limit_info()

    def get_last_request_id(self) -> str | None:
        """The `X-Request-Id` of the last answer. No I/O.

        With several threads at once it may belong to any of them: there, use `on_response=`.
        """
        return self._async.get_last_request_id()
