"""Idempotency: one `Idempotency-Key` per write, the same for all its attempts.

The server keeps the first 2xx answer for 24 hours and replays it (concepts/idempotency).
"""

from __future__ import annotations

from uuid import uuid4

from hatched.pipeline.messages import Handler, Request, Response
from hatched.routes import Safety

HEADER = "idempotency-key"


async def idempotency(request: Request, call_next: Handler) -> Response:
    """Give a write a key if it has none; a key of the caller's wins."""
    if request.route.replay is Safety.KEYED and HEADER not in request.headers:
        request = request.with_header(HEADER, str(uuid4()))
    return await call_next(request)
