# Generated from hatched/resources/webhooks.py by _generate.py: edit that, then run `nox -s sync`.
"""Webhook endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Unpack

from hatched import models
from hatched.options import RequestOptions, WriteOptions
from hatched.resources.webhooks import AsyncWebhooks
from hatched.sync._base import Resource
from hatched.sync._step import step, step_each
from hatched.webhooks.signature import TOLERANCE, verify_signature as _verify_signature


class Webhooks(Resource[AsyncWebhooks]):
    """Have events delivered to your server, and check that they come from Hatched."""

    def list(self, **options: Unpack[RequestOptions]) -> tuple[models.WebhookEndpoint, ...]:
        """Fetch all endpoints."""
        return step(self._async.list(**options))

    def create(
        self, *, url: str, events: Sequence[str], description: str | None = None, **options: Unpack[WriteOptions]
    ) -> models.WebhookEndpoint:
        """Register an endpoint for events such as `badge.awarded`. Its `secret` is in this answer only."""
        return step(self._async.create(url=url, events=events, description=description, **options))

    def delete(self, endpoint_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Remove an endpoint."""
        return step(self._async.delete(endpoint_id, **options))

    def deliveries(
        self,
        endpoint_id: str,
        /,
        *,
        status: models.DeliveryStatus | str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        **options: Unpack[RequestOptions],
    ) -> models.DeliveryPage:
        """Fetch one page of deliveries; pass its `next_cursor` as `cursor` for the next."""
        return step(self._async.deliveries(endpoint_id, status=status, cursor=cursor, limit=limit, **options))

    def iter_deliveries(
        self,
        endpoint_id: str,
        /,
        *,
        status: models.DeliveryStatus | str | None = None,
        limit: int = 50,
        **options: Unpack[RequestOptions],
    ) -> Iterator[models.WebhookDelivery]:
        """Walk all deliveries, fetching `limit` at a time."""
        return step_each(self._async.iter_deliveries(endpoint_id, status=status, limit=limit, **options))

    def replay(self, endpoint_id: str, delivery_id: str, /, **options: Unpack[WriteOptions]) -> models.DeliveryReceipt:
        """Replay one delivery attempt."""
        return step(self._async.replay(endpoint_id, delivery_id, **options))

    def redeliver(
        self, endpoint_id: str, delivery_id: str, /, **options: Unpack[WriteOptions]
    ) -> models.DeliveryReceipt:
        """Put a stored delivery back into the queue."""
        return step(self._async.redeliver(endpoint_id, delivery_id, **options))

    @staticmethod
    def verify_signature(
        raw_body: bytes | str,
        signature: str,
        secret: str | bytes | Sequence[str | bytes],
        *,
        timestamp: str | int | None = None,
        tolerance: float = TOLERANCE,
        now: Callable[[], float] = time.time,
    ) -> bool:
        """Whether a delivery comes from Hatched; see `hatched.webhooks.verify_signature`. No I/O."""
        return _verify_signature(raw_body, signature, secret, timestamp=timestamp, tolerance=tolerance, now=now)
