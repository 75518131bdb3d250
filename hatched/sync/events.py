# Generated from hatched/resources/events.py by _generate.py: edit that, then run `nox -s sync`.
"""Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from hatched import models
from hatched.options import WriteOptions
from hatched.resources.events import AsyncEvents
from hatched.sync._base import Resource
from hatched.sync._step import step

if TYPE_CHECKING:
    from hatched.imports.blocking import ImportStream
    from hatched.imports.options import ImportOptions, PlanOptions, StreamOptions
    from hatched.imports.planning import ImportPlan
    from hatched.imports.report import ImportReport
    from hatched.imports.sources import Source


class Events(Resource[AsyncEvents]):
    """Tell Hatched what your users did."""

    def send(
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
        return step(
            self._async.send(
                user_id=user_id,
                type=type,
                event_id=event_id,
                audience=audience,
                occurred_at=occurred_at,
                properties=properties,
                **options,
            )
        )

    def send_batch(
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
        return step(self._async.send_batch(events, **options))

    def import_all(self, source: Source, /, **options: Unpack[ImportOptions]) -> ImportReport:
        """Send any number of events: in full batches, paced, in order, and none of them lost or applied twice.

        What the server refuses for what it holds goes to the dead-letter file; the rest of its batch is sent. Lost
        answers, 429s and 5xx are repeated with the same bytes. What ends an import early is in the report's `stopped`;
        a cancellation is raised, and `on_progress` gets the last report. With a checkpoint the same call goes on from
        there, also after the process was killed.

        Args:
            source: A path of JSON Lines, CSV or Parquet (`.jsonl`, `.csv`, `.parquet`, the first two also with `.gz`
                or `.zst`; `-` is JSON Lines on standard input), or an iterable of `SendEventParams`
                or mappings in snake_case or camelCase. An iterable is asked in the calling thread.
            options: See `ImportOptions`.

        Raises:
            ValueError: The first row is no event (that of an iterable with a `dead_letter` goes there), the checkpoint
                belongs to something else, or an option is out of range; nothing was sent.
            OSError: The source cannot be read. Like any error of the source it is raised when what is under way has
                finished.
        """
        from hatched.imports.blocking import import_all

        return import_all(self._async._call, source, options)

    def import_stream(self, source: Source, /, **options: Unpack[StreamOptions]) -> ImportStream:
        """`import_all` for those who want each event's effects: `with` it, and iterate.

            with hatched.events.import_stream(rows) as results:
                for result in results:
                    print(result.event_id, result.effects or result.rejection)

        Rejected events are among the results, and in no file. With a checkpoint, events count as dealt with when
        they are accepted or rejected, whether or not their results were taken.

        Args:
            source: As in `import_all`.
            options: See `StreamOptions`.
        """
        from hatched.imports.blocking import import_stream

        return import_stream(self._async._call, source, options)

    def plan(self, source: Source, /, **options: Unpack[PlanOptions]) -> ImportPlan:
        """What `import_all` would do with a source: counts, bad rows, requests, days, and how long. Sends nothing.

        The source is read to its end, so an iterator is used up.
        """
        from hatched.imports.blocking import plan

        return plan(self._async._call, source, options)
