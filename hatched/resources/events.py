"""Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID, uuid4, uuid5

from attrs import evolve

from hatched import codec, models, routes
from hatched.config import checked_id
from hatched.options import WriteOptions
from hatched.resources._call import AsyncResource

if TYPE_CHECKING:
    from hatched.imports.calls import AsyncImportStream
    from hatched.imports.options import ImportOptions, PlanOptions, StreamOptions
    from hatched.imports.planning import ImportPlan
    from hatched.imports.report import ImportReport
    from hatched.imports.sources import AsyncSource

_NAMESPACE = UUID("5d2b0c1e-7c0a-4d0b-9b0e-6f2a3f1c8e57")


class AsyncEvents(AsyncResource):
    """Tell Hatched what your users did."""

    async def send(
        self,
        *,
        user_id: str,
        type: str,
        event_id: str | None = None,
        audience: str | None = None,
        occurred_at: datetime | str | None = None,
        properties: Mapping[str, Any] | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.EventEffects:
        """Send one event and get what it changed.

        The server applies one `event_id` once and answers a repetition with the stored effects.

        Args:
            user_id: The user in your system.
            type: A registered event type, such as `lesson_completed`.
            event_id: Your own stable id. Without one, one is made of the call's idempotency key: its retries are
                safe, but a second call without that key is a second event.
            audience: Needed by customers with two or more audiences.
            occurred_at: An aware datetime or ISO 8601 text with an offset; the server's now by default.
            properties: Your own data; its keys are sent as they are.

        Raises:
            ValidationError: Among others `event_type_not_registered`.
            EventQuotaExceededError: The month's events are used up.
            HatchedError: `missing_audience` or `unknown_audience`.
        """
        if event_id is None:
            event_id = _minted(options, "")
        body = models.SendEventParams(
            event_id=event_id,
            user_id=user_id,
            type=type,
            audience=audience,
            occurred_at=occurred_at,
            properties=properties,
        )
        return await self._call(routes.EVENTS_SEND, models.EventEffects, body=body, options=options)

    async def send_batch(
        self, events: Sequence[models.SendEventParams | Mapping[str, Any]], /, **options: Unpack[WriteOptions]
    ) -> models.BatchResult:
        """Send 1 to 100 events in one request. One that the server refuses makes it refuse them all.

        Args:
            events: `SendEventParams`, or mappings in snake_case or camelCase. A missing event id is minted
                for this call.

        Raises:
            ValueError: No events, or more than 100.
            ValidationError: Nothing was applied.
        """
        if isinstance(events, str | bytes | Mapping) or not isinstance(events, Sequence):
            raise TypeError(f"events must be a list of events, not {_name_of(events)}")
        if not events:
            raise ValueError("a batch needs at least one event")
        if len(events) > routes.MAX_BATCH:
            raise ValueError(
                f"a batch takes at most {routes.MAX_BATCH} events and got {len(events)}: "
                "`events.import_all` takes any number of them"
            )
        params = [_params(event, place) for place, event in enumerate(events)]
        params = [
            evolve(event, event_id=_minted(options, str(place))) if event.event_id is None else event
            for place, event in enumerate(params)
        ]
        body = models.SendBatchParams(events=params)
        return await self._call(routes.EVENTS_SEND_BATCH, models.BatchResult, body=body, options=options)

    async def import_all(self, source: AsyncSource, /, **options: Unpack[ImportOptions]) -> ImportReport:
        """Send any number of events: in full batches, paced, in order, and none of them lost or applied twice.

        What the server refuses for what it holds goes to the dead-letter file; the rest of its batch is sent. Lost
        answers, 429s and 5xx are repeated with the same bytes. What ends an import early is in the report's `stopped`;
        a cancellation is raised, and `on_progress` gets the last report. With a checkpoint the same call goes on from
        there, also after the process was killed.

        Args:
            source: A path of JSON Lines, CSV or Parquet (`.jsonl`, `.csv`, `.parquet`, the first two also with `.gz`
                or `.zst`; `-` is JSON Lines on standard input), or an iterable or async iterable of `SendEventParams`
                or mappings in snake_case or camelCase. An iterable is asked in the event loop.
            options: See `ImportOptions`.

        Raises:
            ValueError: The first row is no event (that of an iterable with a `dead_letter` goes there), the checkpoint
                belongs to something else, or an option is out of range; nothing was sent.
            OSError: The source cannot be read. Like any error of the source it is raised when what is under way has
                finished.
        """
        from hatched.imports.calls import import_all

        return await import_all(self._call, source, options)

    def import_stream(self, source: AsyncSource, /, **options: Unpack[StreamOptions]) -> AsyncImportStream:
        """`import_all` for those who want each event's effects: `async with` it, and iterate.

            async with hatched.events.import_stream(rows) as results:
                async for result in results:
                    print(result.event_id, result.effects or result.rejection)

        Rejected events are among the results, and in no file. With a checkpoint, events count as dealt with when
        they are accepted or rejected, whether or not their results were taken.

        Args:
            source: As in `import_all`.
            options: See `StreamOptions`.
        """
        from hatched.imports.calls import import_stream

        return import_stream(self._call, source, options)

    async def plan(self, source: AsyncSource, /, **options: Unpack[PlanOptions]) -> ImportPlan:
        """What `import_all` would do with a source: counts, bad rows, requests, days, and how long. Sends nothing.

        The source is read to its end, so an iterator is used up.
        """
        from hatched.imports.calls import plan

        return await plan(self._call, source, options)


def _minted(options: WriteOptions, place: str) -> str:
    """An event id that follows from the idempotency key: whoever repeats the call with the key repeats the event."""
    key = options.setdefault("idempotency_key", str(uuid4()))
    return str(uuid5(_NAMESPACE, checked_id("idempotency_key", key) + place))


def _params(event: models.SendEventParams | Mapping[str, Any], place: int) -> models.SendEventParams:
    try:
        return codec.params(event, models.SendEventParams)
    except TypeError as error:
        raise TypeError(f"events[{place}]: {error}") from None


def _name_of(value: object) -> str:
    return type(value).__name__
