"""Logging: one line per call on the logger `hatched`. Header values and bodies are never logged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hatched.pipeline.messages import Handler, Request, Response

if TYPE_CHECKING:
    from hatched.io.base import IO


logger: logging.Logger = logging.getLogger("hatched")


class CallLog:
    """Middleware around the whole call: route, status, attempts, milliseconds, request id."""

    def __init__(self, io: IO) -> None:
        self._io = io

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        if not logger.isEnabledFor(logging.INFO):
            return await call_next(request)
        start = self._io.now()
        try:
            response = await call_next(request)
        except BaseException as error:
            self._line(request, type(error).__name__, getattr(error, "attempts", 1), start)
            raise
        self._line(request, str(response.status), response.request.attempt, start)
        return response

    def _line(self, request: Request, outcome: str, attempts: int, start: float) -> None:
        logger.info(
            "%s -> %s attempts=%d ms=%.1f request_id=%s",
            request.route.id,
            outcome,
            attempts,
            (self._io.now() - start) * 1000,
            request.headers.get("x-request-id"),
        )


def log_to_stderr() -> None:
    """What `debug=True` does: show the lines of the SDK, without touching other loggers."""
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        logger.addHandler(handler)
