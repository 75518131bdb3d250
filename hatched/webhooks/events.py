"""A delivery, verified and read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hatched import codec, models
from hatched.errors import WebhookVerificationError
from hatched.webhooks.signature import TOLERANCE, signed_at, to_bytes, verify_signature

_KINDS: dict[str, type[models.Model]] = {
    "buddy.hatched": models.BuddyHatched,
    "buddy.evolved": models.BuddyEvolved,
    "coins.earned": models.CoinsChanged,
    "coins.spent": models.CoinsChanged,
    "token.earned": models.TokenChanged,
    "token.spent": models.TokenChanged,
    "skill.decayed": models.SkillDecayed,
}


def parse(
    raw_body: bytes | str,
    headers: Mapping[str, str],
    secret: str | bytes | Sequence[str | bytes],
    *,
    tolerance: float = TOLERANCE,
    now: Callable[[], float] = time.time,
) -> models.WebhookEvent:
    """Check a delivery and read it. Nothing is parsed before the signature holds.

    Args:
        raw_body: The body as received.
        headers: The headers of the request, in any case.
        secret: The `whsec_…` of the endpoint, or several while you rotate.
        tolerance: Seconds that the clocks may differ, to either side.
        now: Answers Unix seconds.

    Raises:
        WebhookVerificationError: Answer 400 and forget the delivery; `reason` says why.
        TypeError: `raw_body` was parsed already.
    """
    body = to_bytes(raw_body)
    found = {name.lower(): value for name, value in headers.items()}
    signature = found.get("x-hatched-signature") or found.get("hatched-signature")
    timestamp = found.get("x-hatched-timestamp")
    if not signature:
        raise WebhookVerificationError("there is no X-Hatched-Signature header", reason="missing_header")
    if not secret:
        raise WebhookVerificationError("no secret was given to verify with", reason="missing_secret")
    if not body:
        raise WebhookVerificationError("the delivery has no body", reason="missing_body")
    if not verify_signature(body, signature, secret, timestamp=timestamp, tolerance=tolerance, now=now):
        raise WebhookVerificationError(
            "the signature is not from this secret, or too old; was the body read as raw bytes?",
            reason="invalid_signature",
        )
    return _read(body, found, datetime.fromtimestamp(signed_at(signature, timestamp) or 0, UTC))


def _read(raw_body: bytes, headers: Mapping[str, str], timestamp: datetime) -> models.WebhookEvent:
    try:
        body = codec.loads(raw_body)
    except codec.CodecError as error:
        raise WebhookVerificationError(f"the body is {error}", reason="invalid_json") from None
    if not isinstance(body, dict):
        raise WebhookVerificationError("the body is not a JSON object", reason="invalid_json")
    envelope: dict[str, Any] = {}
    if "x-hatched-event" not in headers and isinstance(body.get("data"), dict):
        envelope, body = body, body["data"]  # the older form, before the bare body
    kind = headers.get("x-hatched-event") or headers.get("hatched-event-type") or str(envelope.get("type", ""))
    delivery = headers.get("x-hatched-delivery") or headers.get("hatched-delivery-id") or envelope.get("deliveryId")
    data: Any = body
    if kind in _KINDS:
        try:
            data = codec.structure(body, _KINDS[kind])
        except codec.CodecError:
            data = body  # a changed shape is no reason to lose a delivery
    return models.WebhookEvent(
        type=kind, delivery_id=None if delivery is None else str(delivery), timestamp=timestamp, data=data
    )
