"""Webhook endpoints and their deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from attrs import field, frozen

from hatched.models._base import NOT_IN_BODY, Model, Params
from hatched.models._enums import OpenEnum


class WebhookStatus(OpenEnum):
    """Whether an endpoint receives deliveries."""

    ACTIVE = "active"
    PAUSED = "paused"


class DeliveryStatus(OpenEnum):
    """State of a delivery; `success` and `succeeded` mean the same."""

    PENDING = "pending"
    SUCCESS = "success"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@frozen(kw_only=True)
class WebhookEndpoint(Model):
    """A URL that receives events.

    Attributes:
        secret: Only in the answer to `webhooks.create`: keep it, it is not shown again. Hidden in `repr`.
    """

    id: str
    url: str
    events: tuple[str, ...]
    active: bool
    status: WebhookStatus
    secret: str | None = field(default=None, repr=lambda value: "None" if value is None else "'***'")
    masked_secret: str | None = None
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class WebhookDelivery(Model):
    """One delivery. `event` and `event_type`, `attempt` and `attempts` say the same (reference/sdk-js)."""

    twins: ClassVar[tuple[tuple[str, str], ...]] = (  # inferred
        ("event", "event_type"),
        ("attempt", "attempts"),
        ("created_at", "timestamp"),
        ("response_code", "response_status"),
    )

    id: str
    endpoint_id: str | None = None
    event: str
    event_type: str
    status: DeliveryStatus
    response_code: int | None = None
    response_status: int | None = None
    attempt: int
    attempts: int
    duration_ms: float | None = None
    error_message: str | None = None
    created_at: datetime
    timestamp: datetime
    last_attempt_at: datetime | None = None


@frozen(kw_only=True)
class DeliveryPage(Model):
    """One page of `webhooks.deliveries`; `next_cursor` is `None` on the last."""

    data: tuple[WebhookDelivery, ...]
    next_cursor: str | None = None


@frozen(kw_only=True)
class DeliveryReceipt(Model):
    """The answer to `webhooks.replay` and `webhooks.redeliver` (inferred; the reference says `unknown`)."""

    delivery_id: str | None = None
    status: DeliveryStatus | None = None


@frozen(kw_only=True)
class CreateWebhookParams(Params):
    """The body of `webhooks.create`."""

    url: str
    events: Sequence[str]
    description: str | None = None


@frozen(kw_only=True)
class ListDeliveriesParams(Params):
    """The filters of `webhooks.deliveries`."""

    endpoint_id: str = field(metadata=NOT_IN_BODY)
    status: DeliveryStatus | str | None = None
    cursor: str | None = None
    limit: int | None = None


@frozen(kw_only=True)
class VerifySignatureOptions(Params):
    """How `webhooks.verify_signature` judges the age of a delivery; `now` answers Unix seconds."""

    tolerance: float = 300.0
    timestamp: str | int | None = None
    now: Callable[[], float] | None = None
