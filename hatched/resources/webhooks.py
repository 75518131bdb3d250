"""Webhook endpoints."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from types import NoneType
from typing import Unpack

from hatched import models, routes
from hatched.options import RequestOptions, WriteOptions
from hatched.resources._call import AsyncResource
from hatched.resources._pages import cursor_pages
from hatched.webhooks.signature import TOLERANCE, verify_signature as _verify_signature


class AsyncWebhooks(AsyncResource):
    """Have events delivered to your server, and check that they come from Hatched."""

    async def list(self, **options: Unpack[RequestOptions]) -> tuple[models.WebhookEndpoint, ...]:
        """Fetch all endpoints."""
        return await self._call(routes.WEBHOOKS_LIST, tuple[models.WebhookEndpoint, ...], options=options)

    async def create(
        self, *, url: str, events: Sequence[str], description: str | None = None, **options: Unpack[WriteOptions]
    ) -> models.WebhookEndpoint:
        """Register an endpoint for events such as `badge.awarded`. Its `secret` is in this answer only."""
        body = models.CreateWebhookParams(url=url, events=events, description=description)
        return await self._call(routes.WEBHOOKS_CREATE, models.WebhookEndpoint, body=body, options=options)

    async def delete(self, endpoint_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Remove an endpoint."""
        return await self._call(routes.WEBHOOKS_DELETE, NoneType, endpoint_id, options=options)

    async def deliveries(
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
        query = models.ListDeliveriesParams(endpoint_id=endpoint_id, status=status, cursor=cursor, limit=limit)
        return await self._call(
            routes.WEBHOOKS_DELIVERIES, models.DeliveryPage, endpoint_id, query=query, options=options
        )

    def iter_deliveries(
        self,
        endpoint_id: str,
        /,
        *,
        status: models.DeliveryStatus | str | None = None,
        limit: int = 50,
        **options: Unpack[RequestOptions],
    ) -> AsyncGenerator[models.WebhookDelivery, None]:
        """Walk all deliveries, fetching `limit` at a time."""

        async def fetch(cursor: str | None) -> tuple[Sequence[models.WebhookDelivery], str | None]:
            page = await self.deliveries(endpoint_id, status=status, cursor=cursor, limit=limit, **options)
            return page.data, page.next_cursor

        return cursor_pages(fetch)

    async def replay(
        self, endpoint_id: str, delivery_id: str, /, **options: Unpack[WriteOptions]
    ) -> models.DeliveryReceipt:
        """Replay one delivery attempt."""
        return await self._call(
            routes.WEBHOOKS_REPLAY, models.DeliveryReceipt, endpoint_id, delivery_id, options=options
        )

    async def redeliver(
        self, endpoint_id: str, delivery_id: str, /, **options: Unpack[WriteOptions]
    ) -> models.DeliveryReceipt:
        """Put a stored delivery back into the queue."""
        return await self._call(
            routes.WEBHOOKS_REDELIVER, models.DeliveryReceipt, endpoint_id, delivery_id, options=options
        )

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
