"""The two signature schemes of Hatched's webhooks.

    X-Hatched-Signature: sha256=<hex>     with  X-Hatched-Timestamp: <unix seconds>   (reference/webhook-payloads)
    Hatched-Signature: t=<unix seconds>,v1=<hex>                                      (reference/sdk-js)

Both are HMAC-SHA256 over `{timestamp}.{raw body}`, keyed with the secret as it was given to you.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

TOLERANCE: float = 300.0
"""Seconds."""
_DIGITS = 11


def sign(raw_body: bytes | str, secret: str | bytes, timestamp: int) -> str:
    """The signature of a delivery, in lower-case hex, for your own tests: send it as `sha256=<hex>`."""
    content = str(timestamp).encode() + b"." + to_bytes(raw_body)
    return hmac.new(to_bytes(secret), content, hashlib.sha256).hexdigest()


def verify_signature(
    raw_body: bytes | str,
    signature: str,
    secret: str | bytes | Sequence[str | bytes],
    *,
    timestamp: str | int | None = None,
    tolerance: float = TOLERANCE,
    now: Callable[[], float] = time.time,
) -> bool:
    """Whether a delivery was signed with your secret, and not too long ago. Fails closed.

    Args:
        raw_body: The body as received. Parsed and written again, it has another signature.
        signature: The header `X-Hatched-Signature` or `Hatched-Signature`.
        secret: The `whsec_…` of the endpoint, or several while you rotate.
        timestamp: The header `X-Hatched-Timestamp`, which the first scheme needs.
        tolerance: Seconds that the clocks may differ, to either side.
        now: Answers Unix seconds.

    Raises:
        TypeError: `raw_body` is neither bytes nor text, such as a body that was parsed already.
    """
    body = to_bytes(raw_body)
    stamp, candidates = _parse(signature, timestamp)
    if stamp is None or not candidates or not abs(now() - stamp) <= tolerance:
        return False
    secrets = [secret] if isinstance(secret, str | bytes) else secret or ()
    content = str(stamp).encode() + b"." + body
    genuine = False
    for one in secrets:
        if one:
            expected = hmac.new(to_bytes(one), content, hashlib.sha256).hexdigest().encode()
            for candidate in candidates:
                genuine |= hmac.compare_digest(expected, candidate)
    return genuine


def signed_at(signature: str, timestamp: str | int | None) -> int | None:
    """The Unix seconds of a signature, whichever scheme it follows."""
    return _parse(signature, timestamp)[0]


def _parse(signature: object, timestamp: str | int | None) -> tuple[int | None, list[bytes]]:
    if not isinstance(signature, str):
        return None, []
    parts = [part.strip().partition("=") for part in signature.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    if stamps:
        hexes = [value for name, _, value in parts if name == "v1"]
        timestamp = stamps[0] if len(stamps) == 1 else None
    else:
        hexes = [value for name, _, value in parts if name == "sha256"]
    return _seconds(timestamp), [value.encode("utf-8", "replace") for value in hexes]


def _seconds(timestamp: object) -> int | None:
    if isinstance(timestamp, str):
        text = timestamp.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return None
    return timestamp if 0 <= timestamp < 10**_DIGITS else None


def to_bytes(raw_body: bytes | str) -> bytes:
    """The bytes of a body; refuses one that was parsed."""
    if isinstance(raw_body, bytes | bytearray | memoryview):
        return bytes(raw_body)
    if isinstance(raw_body, str):
        return raw_body.encode("utf-8", "surrogatepass")
    raise TypeError(
        f"raw_body must be the bytes of the request, not {type(raw_body).__name__}: "
        "await request.body() in FastAPI and Starlette, await request.read() in aiohttp, "
        "request.get_data() in Flask, request.body in Django"
    )
