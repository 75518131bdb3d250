"""One import: reads, sends, remembers.

A reader makes rows events and puts them on a schedule; workers take batches from it; a keeper writes down what is
dealt with. The reader never runs further ahead of the oldest event that is not dealt with than a window, so memory
does not grow with the source.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from attrs import asdict, define

from hatched import codec
from hatched.imports.batch import Batch, Item
from hatched.imports.checkpoint import Checkpoint, State
from hatched.imports.concurrency import MOST
from hatched.imports.dead_letters import DeadLetters
from hatched.imports.delivery import Delivery
from hatched.imports.done import Done
from hatched.imports.door import Door
from hatched.imports.files import check_apart
from hatched.imports.keeping import Keeper
from hatched.imports.limiter import Budget, LocalLimiter
from hatched.imports.options import Settings
from hatched.imports.readers import Start, ended_early
from hatched.imports.report import ImportReport, ImportResult, Rejection, StopReason
from hatched.imports.rows import Bad, Rows, Skipped
from hatched.imports.schedule import MAX_BYTES, Schedule
from hatched.imports.sending import Accepted, Sender
from hatched.imports.sources import AsyncSource, Events, Reading, path_of
from hatched.imports.stopping import Stop, StoppedError
from hatched.models.events import EventEffects
from hatched.pipeline.log import logger

_AHEAD = 10_000
"""Rows between the oldest that is not dealt with and the newest that is read."""
_WAITING_BYTES = 8 * MAX_BYTES
_LINGER = 1.0
"""Seconds that events wait for others to fill their batch, while the source gives none."""
_JUDGED = 500
"""Events before a share of them means something."""
_INERT = "no_active_buddies_for_user"

Sink = Callable[[list[ImportResult]], Awaitable[None]]


@define
class _Counts:
    accepted: int = 0
    replayed: int = 0
    inert: int = 0
    rejected: int = 0
    skipped: int = 0


class Importer:
    """Runs once.

    Args:
        sink: Is given the result of every event, and keeps workers waiting while it has enough.
    """

    def __init__(self, door: Door, source: AsyncSource, settings: Settings, sink: Sink | None = None) -> None:
        self._door = door
        self._source = source
        self._settings = settings
        self._sink = sink
        self.stop: Stop = Stop(self._wake_all)
        self._sender = Sender(door, settings, self.stop)
        self._schedule = Schedule(settings.order)
        self._done = Done()
        self._counts = _Counts()
        self._earlier: Mapping[str, Any] = {}  # what the runs before this one have counted
        self._began = 0.0
        self._reading: Reading | None = None
        self._next = 0
        self._fresh_from = 0  # no row from here on was dealt with before
        self._rows = 0
        self._slices: deque[Start] = deque([Start()])
        self._passed: tuple[int, int] = Start()  # a position that is dealt with, and how many bytes lie before it
        self._ends: deque[tuple[int, int]] = deque()  # the same of those that follow
        self._over = False
        self._full = False
        self._idle: deque[anyio.Event] = deque()
        self._room: anyio.Event | None = None
        self._gathering_since: float | None = None  # the next batch has events, and is not full
        self._active = 0
        self._working = 0
        self._gone: anyio.Event  # the last of the workers; made in the loop that runs them
        self._delivery = Delivery(self._sender, self._accept, self._reject)
        self._keeper = Keeper(self._state, self._make_room, self.stop)
        self._name = ""
        self._mark: str | None = None

    # --- from beginning to end ------------------------------------------------------------------------

    async def run(self) -> ImportReport:
        """Import. See `AsyncEvents.import_all`."""
        self._began = self._door.now()
        try:
            try:
                ended_before = await self._open()
            except StoppedError:
                ended_before = True
            if ended_before:
                self._tell()
                return self.report()
            try:
                await self._import()
            except BaseException:
                self.stop(StopReason.INTERRUPTED, "the import was cancelled")
                logger.warning("an import was cancelled: %s", self._resume())  # its report reaches nobody
                raise
            finally:
                with anyio.CancelScope(shield=True):
                    await self._keeper.save(ended=self.stop.reason or "done")
                self._tell()
        finally:
            if self._reading is not None:
                self._reading.close()
            self._keeper.close()
        if self.stop.error is not None:
            raise self.stop.error
        return self.report()

    async def _import(self) -> None:
        self._gone = anyio.Event()
        async with anyio.create_task_group() as keeping:
            keeping.start_soon(self._keeper.keep)
            keeping.start_soon(self._end_vain_waits)
            async with anyio.create_task_group() as working:
                self._working = self._workers()
                for _ in range(self._working):
                    working.start_soon(self._work)
                try:
                    try:
                        await self._read()
                    except StoppedError:
                        pass
                    except Exception as error:  # noqa: BLE001  the source's, raised when what is under way has finished
                        self.stop.fail(error)
                    self._over = True
                    self._wake_all()
                    await self._gone.wait()
                except BaseException:
                    self.stop(StopReason.INTERRUPTED, "the import was cancelled")
                    self.stop.hurry()
                    raise
            keeping.cancel_scope.cancel()

    def _workers(self) -> int:
        if self._settings.order == "total":
            return 1
        return MOST if self._settings.concurrency == "auto" else self._settings.concurrency

    async def _open(self) -> bool:
        """Open the files and find out where to go on. Answers whether everything was done before."""
        path = path_of(self._source)
        letters = self._settings.dead_letter
        if letters is None and path not in (None, "-") and self._sink is None:
            letters = f"{path}.rejected.jsonl"
        check_apart(path, checkpoint=self._settings.checkpoint, dead_letter=letters)
        state = None
        if self._settings.checkpoint is not None and not self._settings.dry_run:
            self._keeper.checkpoint = Checkpoint(self._settings.checkpoint)
            state = self._keeper.checkpoint.load()
        start = Start() if state is None else Start(state.start_position, state.start_offset)
        rows = Rows(self._settings.map, self._settings.event_id, timed=self._settings.occurred_at == "required")
        self._reading = Reading(
            self._source,
            rows,
            start,
            files=self._door.files,
            iterables=self._door.iterables,
            callables=self._door.callables,
        )
        self._name = path or type(self._source).__name__
        if self._keeper.checkpoint is not None:
            with self.stop.interruptible():
                self._mark = await self._reading.fingerprint()
        if state is not None:
            await self._go_on(state, letters)
            if state.ended == "done":
                return True
        self._slices = deque([start])
        self._next, self._passed = start.position, start
        known = None
        if letters is not None and not self._settings.dry_run:
            if state is not None and state.dead_letter == self._beside(letters):
                known = state.dead_letters
            self._keeper.letters = DeadLetters(letters, known)
        if known is None:
            self._keeper.begin()
        return False

    async def _go_on(self, state: State, letters: str | os.PathLike[str] | None) -> None:
        assert self._keeper.checkpoint is not None
        kept = f"delete {self._keeper.checkpoint.path} to begin again"
        if state.fingerprint != self._mark and not state.untouched:
            made_for = f"{self._keeper.checkpoint.path} was made for ({state.source})"
            raise ValueError(f"{self._name} is not what {made_for}, or has changed: {kept}")
        about = self._settings.lasting
        if state.settings != about and not state.untouched:
            raise ValueError(f"the checkpoint was made with other settings ({state.settings}, now {about}): {kept}")
        if letters is not None and state.dead_letter not in (None, self._beside(letters)) and not state.untouched:
            raise ValueError(
                f"the rejected events of this import are in a file {state.dead_letter}: give it, or {kept}"
            )
        self._done = Done(state.watermark, state.above)
        self._keeper.watermark = state.watermark
        self._fresh_from = state.watermark + 8 * len(state.above)
        self._earlier = state.counts
        if isinstance(self._sender.limiter, LocalLimiter) and state.spent:
            self._sender.limiter.load(state.spent["day"], max(time.time() - state.spent["at"], 0.0))
        if state.spent and state.spent["budget"] and self._settings.requests_per_minute is None:
            await self._sender.allow(Budget(**state.spent["budget"]))

    # --- reading --------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while (events := await self._next_events()) is not None:
            if events.start is not None and not self._settings.dry_run:  # which never goes on from there
                self._slices.append(events.start)
            self._next = events.position + len(events.outcomes)
            self._ends.append((self._next, events.end))
            outcomes = events.outcomes
            if events.position < self._fresh_from:
                outcomes = [one for one in outcomes if one.position not in self._done]
            self._rows += len(outcomes)
            if isinstance(outcomes, Batch):
                batch = outcomes
            else:
                batch = Batch.of([one for one in outcomes if isinstance(one, Item)])
                for one in outcomes:
                    if not isinstance(one, Item):
                        await self._take_note(one)
            if self._settings.dry_run:
                self._finish(batch.positions)
            else:
                self._schedule.add(batch)
            self._tell()
            if self._schedule.full:
                self._wake(1)
            self._gather()
            while self._too_far():
                self._full = True
                self._wake_all()
                self._room = anyio.Event()
                with self.stop.interruptible():
                    await self._room.wait()
            self._full = False
        assert self._reading is not None
        self._reading.check_whole()
        if self._next < self._done.watermark:
            raise ended_early(self._next, self._done.watermark)

    async def _next_events(self) -> Events | None:
        assert self._reading is not None
        with self.stop.interruptible():
            return await self._reading.next()
        raise AssertionError  # `interruptible` raises when it swallows a cancellation

    async def _take_note(self, outcome: Bad | Skipped) -> None:
        if isinstance(outcome, Skipped):
            self._counts.skipped += 1
            self._finish([outcome.position])
        elif outcome.position == 0 and (path_of(self._source) is not None or self._settings.dead_letter is None):
            # It tells of a wrong file or map. Others who have said where such rows go bring rows of many sources.
            raise ValueError(f"the first row is no event, so nothing was sent: {outcome.rejection.message}")
        else:
            await self._reject(outcome.position, outcome.row, outcome.rejection)

    def _too_far(self) -> bool:
        if self._settings.dry_run:
            return False
        waiting = max(self._schedule.bytes, self._keeper.waiting)
        return self._next - self._done.watermark > _AHEAD or waiting > _WAITING_BYTES

    # --- sending --------------------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while batch := await self._take():
                await self._delivery.deliver(batch)
                self._active -= 1
                self._schedule.give_back(batch)
                self._gather()
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  raised when what is under way has finished
            self.stop.fail(error)
        finally:
            self._working -= 1
            if not self._working:
                self._gone.set()

    async def _take(self) -> Batch:
        """The next batch, or nothing if there is none any more."""
        while self.stop.reason is None:
            if self._may_send() and (self._schedule.full or self._no_more()):
                batch = self._schedule.take()
                self._gathering_since = None
                self._gather()
                if batch:
                    self._active += 1
                    if self._may_send() and self._schedule.full:
                        self._wake(1)
                    return batch
            if self._over and not self._schedule.waiting:
                break
            bell = anyio.Event()
            self._idle.append(bell)
            await bell.wait()
        self._wake_all()
        return Batch()

    async def _end_vain_waits(self) -> None:
        """Wake somebody for events that wait for others in vain, until cancelled."""
        while True:
            await anyio.sleep(self._patience() or _LINGER)
            if self._patience() <= 0:
                self._wake(1)

    def _may_send(self) -> bool:
        return self._active < self._sender.concurrency.allowed

    def _gather(self) -> None:
        """Events may have come into the next batch: those that are there wait for others from now on."""
        if self._gathering_since is None and self._schedule.ready:
            self._gathering_since = time.monotonic()

    def _patience(self) -> float:
        """Seconds to wait for more events, at most."""
        if self._gathering_since is None or not self._may_send():
            return _LINGER
        return max(self._gathering_since + _LINGER - time.monotonic(), 0.0)

    def _no_more(self) -> bool:
        """Whether it is in vain to wait for more events in a batch: what is under way will set some free."""
        return self._patience() <= 0 or ((self._full or self._over) and not self._active)

    def _wake(self, workers: int) -> None:
        for _ in range(min(workers, len(self._idle))):
            self._idle.popleft().set()

    def _wake_all(self) -> None:
        self._wake(len(self._idle))

    async def _accept(self, part: Batch, accepted: Accepted) -> None:
        inert = sum(_reason(result) == _INERT for result in accepted.results) if accepted.may_say(_INERT) else 0
        self._counts.accepted += len(part)
        self._counts.replayed += len(part) * accepted.replayed
        self._counts.inert += inert
        self._finish(part.positions)
        self._tell()
        if inert:
            self._judge_inert()
        if self._sink is not None:
            effects = codec.structure(accepted.results, tuple[EventEffects, ...])
            await self._sink(
                [
                    ImportResult(position=item.position, event_id=item.event["event_id"], effects=effect)
                    for item, effect in zip(part, effects, strict=True)
                ]
            )

    def _judge_inert(self) -> None:
        total = self._total()
        inert, accepted = total["inert"], total["accepted"]
        if self._settings.inert_threshold < 1 and inert > self._settings.inert_threshold * max(accepted, _JUDGED):
            self.stop(
                StopReason.INERT,
                f"{inert} of {accepted} events met no buddy of their user and did nothing, which stays so, for their "
                "ids are used up: hatch the buddies before the rest is sent, or raise inert_threshold",
            )

    async def _reject(self, position: int, event: Any, rejection: Rejection) -> None:
        if self._sink is not None:
            event_id = event.get("event_id") if isinstance(event, Mapping) else None
            await self._sink([ImportResult(position=position, event_id=event_id, rejection=rejection)])
        if self._settings.dry_run or self._sink is not None or self._keeper.letters is not None:
            self._counts.rejected += 1
            self._keeper.reject(position, event, rejection)
            self._finish([position])
        else:
            self.stop(
                StopReason.REJECTED,
                f"the row at position {position} was rejected ({rejection.code}: {rejection.message}); "
                "give dead_letter= a file, and such rows go there",
            )
            raise StoppedError

    # --- what is dealt with --------------------------------------------------------------------------------------

    def _finish(self, positions: Sequence[int]) -> None:
        """These rows are dealt with."""
        self._done.add(positions)
        while self._ends and self._ends[0][0] <= self._done.watermark:
            self._passed = self._ends.popleft()
        self._keeper.changed()
        self._make_room()

    def _make_room(self) -> None:
        if self._room is not None and not self._too_far():
            self._room.set()

    @property
    def _bytes(self) -> float:
        """That are dealt with, if the rows in hand are of equal length."""
        position, before = self._passed
        if not self._ends:
            return before
        last, end = self._ends[0]
        return before + (end - before) * min((self._done.watermark - position) / (last - position), 1.0)

    def _tell(self) -> None:
        if self._settings.on_progress is not None:
            self._settings.on_progress(self.report())

    def _state(self, ended: str | None) -> State:
        while len(self._slices) > 1 and self._slices[1].position <= self._done.watermark:
            self._slices.popleft()
        limiter = self._sender.limiter
        day = limiter.dump() if isinstance(limiter, LocalLimiter) else []
        spent = {"at": time.time(), "day": day, "budget": self._sender.budget and asdict(self._sender.budget)}
        start = self._slices[0]
        return State(
            source=self._name,
            fingerprint=self._mark,
            settings=self._settings.lasting,
            dead_letter=None if self._keeper.letters is None else self._beside(self._keeper.letters.path),
            watermark=self._done.watermark,
            above=self._done.above,
            start_position=start.position,
            start_offset=start.offset,
            counts=self._total(),
            spent=spent,
            ended=ended,
        )

    def _beside(self, letters: str | os.PathLike[str]) -> str:
        """The dead-letter file as seen from the checkpoint: both may be moved together."""
        home = "." if self._settings.checkpoint is None else Path(self._settings.checkpoint).parent
        return os.path.relpath(os.fsdecode(letters), home)

    def _total(self) -> dict[str, Any]:
        now = {
            **asdict(self._counts),
            "requests": self._sender.requests,
            "retries": self._sender.retries,
            "rate_limited": self._sender.rate_limited,
            "elapsed": self._door.now() - self._began,
        }
        return {name: self._earlier.get(name, 0) + count for name, count in now.items()}

    def report(self) -> ImportReport:
        """Where the import stands."""
        total = self._total()
        reading = self._reading
        size = reading.size if reading is not None else None
        return ImportReport(
            **total,
            read=self._rows + sum(self._earlier.get(name, 0) for name in ("accepted", "rejected", "skipped")),
            watermark=self._done.watermark if self._settings.dry_run else self._keeper.watermark,
            fraction=min(self._bytes / size, 1.0) if size and self._next else None,
            per_minute=None if self._sender.budget is None else self._sender.budget.per_minute,
            dry_run=self._settings.dry_run,
            stopped=self.stop.reason,
            error=self.stop.message,
            resume=self._resume() if self.stop.reason is not None else None,
        )

    def _resume(self) -> str:
        if self._keeper.checkpoint is not None:
            return f"call it again with the same source and checkpoint={self._keeper.checkpoint.path!r}"
        return f"rows before position {self._keeper.watermark} are dealt with; a checkpoint= would go on from there"


def _reason(result: Mapping[str, Any]) -> Any:
    inner = result.get("effects")
    return result.get("debug_reason") or (inner.get("debug_reason") if isinstance(inner, dict) else None)
