"""What the events of a synchronous client call.

The import runs in an event loop of its own, in a thread of its own, so it works in a notebook, too. What is the
caller's runs in the caller's thread: its iterable, its files, `map`, `on_progress`. Requests, and with them its
middleware, run in threads of their own, in its context.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import anyio.to_thread
from attrs import evolve

from hatched import routes
from hatched.imports.door import Door
from hatched.imports.importer import Importer
from hatched.imports.options import ImportOptions, PlanOptions, Settings, StreamOptions, checked
from hatched.imports.planning import ImportPlan, plan as make_plan
from hatched.imports.report import ImportReport, ImportResult, StopReason
from hatched.imports.sources import Source
from hatched.imports.stopping import StoppedError
from hatched.io.asynchronous import sleep
from hatched.pipeline.messages import Response
from hatched.resources._call import Caller
from hatched.sync._step import step

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

_LOOK = 1.0
"""Seconds between two looks whether the thread of an import still lives."""


def import_all(call: Caller, source: Source, options: Mapping[str, Any]) -> ImportReport:
    """See `Events.import_all`."""
    run = _Import(call, source, checked("events.import_all", options, ImportOptions))
    for _ in run.serve():
        pass
    return run.result()


def plan(_: Caller | None, source: Source, options: Mapping[str, Any]) -> ImportPlan:
    """See `Events.plan`. Needs no client."""
    settings = checked("events.plan", options, PlanOptions)
    beside: _Beside[ImportPlan] = _Beside()
    here = beside.in_caller
    beside.start(make_plan(Door(_nothing, _nothing, time.monotonic, here, here, here), source, settings))
    for task in beside.tasks():
        task()
    return beside.result()


def import_stream(call: Caller, source: Source, options: Mapping[str, Any]) -> ImportStream:
    """See `Events.import_stream`."""
    return ImportStream(call, source, options)


class ImportStream:
    """The results of an import, in the order in which their requests are answered.

    The import goes on as far as results are taken. Leaving the block early stops it, resumably.
    """

    def __init__(self, call: Caller, source: Source, options: Mapping[str, Any]) -> None:
        settings = checked("events.import_stream", options, StreamOptions)
        self._run = _Import(call, source, settings, streaming=True)
        self._results = self._each()

    @property
    def report(self) -> ImportReport:
        """Where the import stands."""
        return self._run.importer.report()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._results.close()
        self._run.leave()

    def _each(self) -> Generator[ImportResult, None, None]:
        for results in self._run.serve():
            yield from results
        self._run.result()

    def __iter__(self) -> Iterator[ImportResult]:
        return self._results

    def __next__(self) -> ImportResult:
        return next(self._results)


async def _nothing(*_: Any) -> Any:
    raise AssertionError("a plan sends nothing")


class _Beside(Generic[T]):
    """A coroutine in an event loop of its own, in a thread of its own, that has things done in the caller's thread."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop  # made when it starts: it holds sockets
        self._thread: Thread | None = None
        self._result: T | None = None
        self._error: BaseException | None = None

    def start(self, main: Coroutine[Any, Any, T]) -> None:
        """Run the coroutine."""
        self._loop = asyncio.new_event_loop()

        def run() -> None:
            try:
                with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                    self._result = runner.run(main)
            except BaseException as error:  # noqa: BLE001  raised in the caller's thread
                self._error = error
            finally:
                self._asked.put(None)

        self._thread = Thread(target=run, name="hatched import", daemon=True)
        self._thread.start()

    def tasks(self) -> Iterator[Callable[[], None]]:
        """What is to be done in this thread, until the coroutine is over."""
        while self._thread is not None:
            try:
                task = self._asked.get(timeout=_LOOK)
            except Empty:
                if self._thread.is_alive():
                    continue
                task = None  # Ctrl-C came when the last was taken
            if task is None:
                self._thread.join()
                self._thread = None
            else:
                yield task

    def ask(self, task: Callable[[], None]) -> None:
        """Have something done in the caller's thread, some time."""
        self._asked.put(task)

    async def in_caller(self, function: Callable[[], Any]) -> Any:
        """Call a function in the caller's thread."""
        answer: asyncio.Future[Any] = self._loop.create_future()

        def task() -> None:
            try:
                value = function()
            except StopIteration as error:  # which no future takes
                self.soon(_settle, answer, None, RuntimeError(f"the source raised {error!r}"))
            except Exception as error:  # noqa: BLE001  raised where it is awaited
                self.soon(_settle, answer, None, error)
            else:
                self.soon(_settle, answer, value, None)

        self._asked.put(task)
        return await answer

    def soon(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function in the loop, if it still runs."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def result(self) -> T:
        """What the coroutine answered."""
        if self._error is not None:
            raise self._error
        result: Any = self._result
        return result  # type: ignore[no-any-return]


def _settle(answer: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(value)


class _Import:
    """An import beside the caller's thread. Ctrl-C stops it as it should be stopped, and is raised then."""

    def __init__(self, call: Caller, source: Source, settings: Settings, *, streaming: bool = False) -> None:
        self._call = call
        self._beside: _Beside[ImportReport] = _Beside()
        self._batches: list[tuple[list[ImportResult], asyncio.Future[None]]] = []
        self._told: ImportReport | None = None
        self._on_progress = settings.on_progress
        self._context = copy_context()
        here = self._beside.in_caller
        door = Door(self._post, self._sleep, call.io.now, here, here, here)
        self.importer = Importer(
            door,
            source,
            settings if settings.on_progress is None else evolve(settings, on_progress=self._tell),
            self._give if streaming else None,
        )
        self._started = False

    def serve(self) -> Iterator[list[ImportResult]]:
        """Do what the import asks of this thread, and hand over its results."""
        if not self._started:
            self._started = True
            self._beside.start(self.importer.run())
        interrupt: BaseException | None = None
        tasks = self._beside.tasks()
        while True:
            try:
                for task in tasks:
                    task()
                    while self._batches and interrupt is None:
                        results, taken = self._batches.pop()
                        try:
                            yield results
                        finally:
                            self._beside.soon(_settle, taken, None, None)
                break
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001  Ctrl-C, or what `on_progress` raises
                again = interrupt is not None and not isinstance(error, Exception)
                interrupt = interrupt or error
                self._beside.soon(self.importer.stop, StopReason.INTERRUPTED, f"interrupted by {type(error).__name__}")
                if again:
                    self._beside.soon(self._hurry)
                tasks = self._beside.tasks()
        self._pass_on()  # an interruption may have come between a task and what it was to do
        if interrupt is not None:
            raise interrupt

    def _hurry(self) -> None:
        async def hurry() -> None:
            self.importer.stop.hurry()

        self._hurrying = asyncio.ensure_future(hurry())  # anyio tells the time to tasks only

    def leave(self) -> None:
        """Stop, and wait for what is under way."""
        if self._started:
            self._beside.soon(self.importer.stop, StopReason.INTERRUPTED, "the stream was left before its end")
            for _ in self.serve():
                pass

    def result(self) -> ImportReport:
        """The report, or what the import raises."""
        return self._beside.result()

    async def _post(self, body: bytes, key: str, timeout: float) -> Response:
        def post() -> Response:
            return step(self._call.exchange(routes.EVENTS_SEND_BATCH, body, idempotency_key=key, timeout=timeout))

        # A context is entered once at a time. Not abandoned, it could not be hurried.
        return await anyio.to_thread.run_sync(self._context.copy().run, post, abandon_on_cancel=True)

    async def _sleep(self, seconds: float) -> None:
        await sleep(seconds, self._call.io.clock)

    async def _give(self, results: list[ImportResult]) -> None:
        """Returns when they are handed over; raises `StoppedError` if the stream is left before."""
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._beside.ask(lambda: self._batches.append((results, taken)))
        try:
            with self.importer.stop.interruptible():
                await taken
        except StoppedError:
            if not taken.done() or taken.cancelled():
                raise

    def _tell(self, report: ImportReport) -> None:
        """Only the newest report waits for the caller's thread."""
        waiting, self._told = self._told, report
        if waiting is None:
            self._beside.ask(self._pass_on)

    def _pass_on(self) -> None:
        report, self._told = self._told, None
        if report is not None and self._on_progress is not None:
            self._on_progress(report)
