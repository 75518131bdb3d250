"""One building block for engines that bring their own checkpoint: Spark, dlt, Celery and their like."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hatched.errors import HatchedError
from hatched.imports.limiter import Limiter, LocalLimiter
from hatched.imports.report import ImportReport
from hatched.imports.rows import EventId, Row

if TYPE_CHECKING:
    from hatched.imports.options import ImportOptions
    from hatched.sync.client import HatchedClient


@frozen(kw_only=True)
class SinkConfig:
    """How a sink works. It pickles; the key is no part of it, and comes from `HATCHED_API_KEY` wherever it is used.

    Attributes:
        base_url: By default `HATCHED_BASE_URL`, else what the key says.
        limiter: Give processes that share a key one limiter: `FileLimiter`, or `RedisLimiter()`. By default each
            process takes `share` for itself.
        dead_letter: The file for rejected events. Several processes may append to it.

    The others are as in `ImportOptions`.
    """

    base_url: str | None = None
    limiter: Limiter | None = None
    dead_letter: str | os.PathLike[str] | None = None
    event_id: EventId = "column"
    occurred_at: Literal["required", "optional"] = "required"
    order: Literal["user", "none", "total"] = "user"
    share: float = 0.5
    give_up_after: float = 900.0
    inert_threshold: float = 0.2


class ImportStoppedError(HatchedError):
    """A chunk was not dealt with to its end: have the engine write it again.

    Attributes:
        report: Why, and how far it came.
    """

    def __init__(self, report: ImportReport) -> None:
        super().__init__(report.error or "the import stopped")
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.report,)


class EventSink:
    """Writes chunks of events, each to its end. It pickles, and makes its client where it is used.

    Writing a chunk again is harmless: its events have the same ids and are applied once. Order is kept within a chunk.
    """

    def __init__(self, config: SinkConfig | None = None) -> None:
        self._config = config or SinkConfig()
        self._forget()

    def _forget(self) -> None:
        self._client: HatchedClient | None = None
        self._limiter = LocalLimiter()
        self._pid: int | None = None

    def write(self, chunk: Iterable[Row]) -> ImportReport:
        """Write a chunk.

        Raises:
            ImportStoppedError: It was not written to its end.
            ValueError: Its first row is no event, no file is there for such rows, and nothing was sent.
            ConfigurationError: There is no key.
        """
        client, options = self._prepared()
        return _whole(client.events.import_all(chunk, **options))

    async def awrite(self, chunk: Iterable[Row] | AsyncIterable[Row]) -> ImportReport:
        """The same in an event loop."""
        from hatched.client import AsyncHatchedClient

        _, options = self._prepared()
        async with AsyncHatchedClient(base_url=self._config.base_url) as client:
            return _whole(await client.events.import_all(chunk, **options))

    def _prepared(self) -> tuple[HatchedClient, ImportOptions]:
        if self._client is None or self._pid != os.getpid():
            from hatched.sync.client import HatchedClient

            self._client = HatchedClient(base_url=self._config.base_url)
            self._limiter = LocalLimiter()
            self._pid = os.getpid()
        config = self._config
        options: ImportOptions = {
            "limiter": config.limiter or self._limiter,
            "event_id": config.event_id,
            "occurred_at": config.occurred_at,
            "order": config.order,
            "share": config.share,
            "give_up_after": config.give_up_after,
            "inert_threshold": config.inert_threshold,
        }
        if config.dead_letter is not None:
            options["dead_letter"] = config.dead_letter
        return self._client, options

    def close(self) -> None:
        """Close the connections. The sink may be used again."""
        if self._client is not None and self._pid == os.getpid():
            self._client.close()
        self._forget()

    def __getstate__(self) -> SinkConfig:
        return self._config

    def __setstate__(self, config: SinkConfig) -> None:
        self._config = config
        self._forget()

    def __repr__(self) -> str:
        return f"EventSink({self._config!r})"


def _whole(report: ImportReport) -> ImportReport:
    if report.stopped is not None:
        raise ImportStoppedError(report)
    return report
