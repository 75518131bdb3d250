"""Request id: one `X-Request-Id` per call, the same for all its attempts.

The server honours the caller's id and answers with it (platform/observability).
"""

from __future__ import annotations

from uuid import uuid4

from hatched.pipeline.messages import Handler, Request, Response

HEADER = "x-request-id"


async def request_id(request: Request, call_next: Handler) -> Response:
    """Give the call an id if it has none."""
    if HEADER not in request.headers:
        request = request.with_header(HEADER, str(uuid4()))
    return await call_next(request)
