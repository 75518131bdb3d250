# Generated from hatched/resources/events.py by _generate.py: edit that, then run `nox -s sync`.
"""Events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from hatched import models
from hatched.options import WriteOptions
from hatched.resources.events import AsyncEvents
from hatched.sync._base import Resource
from hatched.sync._step import step


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
