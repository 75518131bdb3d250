"""What the events of an asynchronous client call."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import anyio

from hatched.imports.door import door
from hatched.imports.importer import Importer
from hatched.imports.options import ImportOptions, PlanOptions, StreamOptions, checked
from hatched.imports.planning import ImportPlan, plan as make_plan
from hatched.imports.report import ImportReport, ImportResult, StopReason
from hatched.imports.sources import AsyncSource
from hatched.imports.stopping import StoppedError
from hatched.resources._call import Caller

if TYPE_CHECKING:
    from types import TracebackType

    from anyio.abc import TaskGroup


async def import_all(call: Caller, source: AsyncSource, options: Mapping[str, Any]) -> ImportReport:
    """See `AsyncEvents.import_all`."""
    return await Importer(door(call), source, checked("events.import_all", options, ImportOptions)).run()


async def plan(call: Caller, source: AsyncSource, options: Mapping[str, Any]) -> ImportPlan:
    """See `AsyncEvents.plan`."""
    return await make_plan(door(call), source, checked("events.plan", options, PlanOptions))


def import_stream(call: Caller, source: AsyncSource, options: Mapping[str, Any]) -> AsyncImportStream:
    """See `AsyncEvents.import_stream`."""
    return AsyncImportStream(call, source, options)


class AsyncImportStream:
    """The results of an import, in the order in which their requests are answered.

    The import goes on as far as results are taken. Leaving the block early stops it, resumably.
    """

    def __init__(self, call: Caller, source: AsyncSource, options: Mapping[str, Any]) -> None:
        settings = checked("events.import_stream", options, StreamOptions)
        self._importer = Importer(door(call), source, settings, self._give)
        self._taken: deque[ImportResult] = deque()
        self._error: Exception | None = None
        self._ended = False
        self._tasks: TaskGroup | None = None

    @property
    def report(self) -> ImportReport:
        """Where the import stands."""
        return self._importer.report()

    async def __aenter__(self) -> Self:
        self._send, self._receive = anyio.create_memory_object_stream[list[ImportResult]](0)
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            self._importer.stop(StopReason.INTERRUPTED, "the stream was left before its end")
            if error is not None:
                self._importer.stop.hurry()
        self._receive.close()
        # The error of the block is not the group's, which would wrap it.
        assert self._tasks is not None
        await self._tasks.__aexit__(None, None, None)

    async def _give(self, results: list[ImportResult]) -> None:
        try:
            await self._send.send(results)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise StoppedError from None

    async def _run(self) -> None:
        try:
            with self._send:
                await self._importer.run()
        except Exception as error:  # noqa: BLE001  raised where the results are taken
            self._error = error
        finally:
            self._ended = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ImportResult:
        if self._tasks is None:
            raise RuntimeError("enter the stream: `async with hatched.events.import_stream(...) as results`")
        if not self._taken:
            try:
                self._taken.extend(await self._receive.receive())
            except anyio.EndOfStream:
                if self._error is not None:
                    raise self._error from None
                raise StopAsyncIteration from None
        return self._taken.popleft()
