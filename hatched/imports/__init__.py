"""The bulk importer: `client.events.import_all`, `import_stream` and `plan`, and what they take and answer."""

from __future__ import annotations

from hatched.imports.blocking import ImportStream as ImportStream
from hatched.imports.calls import AsyncImportStream as AsyncImportStream
from hatched.imports.file_limiter import FileLimiter as FileLimiter
from hatched.imports.limiter import Budget as Budget, Limiter as Limiter, LocalLimiter as LocalLimiter
from hatched.imports.options import (
    ImportOptions as ImportOptions,
    PlanOptions as PlanOptions,
    StreamOptions as StreamOptions,
)
from hatched.imports.planning import ImportPlan as ImportPlan
from hatched.imports.redis_limiter import RedisLimiter as RedisLimiter
from hatched.imports.report import (
    ImportReport as ImportReport,
    ImportResult as ImportResult,
    Rejection as Rejection,
    StopReason as StopReason,
)
from hatched.imports.sink import (
    EventSink as EventSink,
    ImportStoppedError as ImportStoppedError,
    SinkConfig as SinkConfig,
)
from hatched.imports.sources import AsyncSource as AsyncSource, Source as Source

__all__ = [
    "AsyncImportStream",
    "AsyncSource",
    "Budget",
    "EventSink",
    "FileLimiter",
    "ImportOptions",
    "ImportPlan",
    "ImportReport",
    "ImportResult",
    "ImportStoppedError",
    "ImportStream",
    "Limiter",
    "LocalLimiter",
    "PlanOptions",
    "RedisLimiter",
    "Rejection",
    "SinkConfig",
    "Source",
    "StopReason",
    "StreamOptions",
]
