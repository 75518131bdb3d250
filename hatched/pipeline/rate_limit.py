"""Rate limit: every attempt waits for its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatched.errors import RequestTimeoutError
from hatched.pipeline.messages import Handler, Request, Response
from hatched.pipeline.pacing import Pacer

if TYPE_CHECKING:
    from hatched.io.base import IO


class RateLimit:
    """Middleware that asks the client's pacer, once per attempt."""

    def __init__(self, pacer: Pacer, io: IO) -> None:
        self._pacer = pacer
        self._io = io

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        response = None
        turn = self._pacer.turn(self._io.now())
        try:
            while (wait := turn - self._io.now()) > 0:
                if request.deadline is not None and turn >= request.deadline:
                    raise RequestTimeoutError(
                        f"the rate limit frees up in {wait:.1f} s, after the deadline",
                        phase="deadline",
                        maybe_received=False,
                    )
                await self._io.sleep(wait)
                turn = self._pacer.again(turn, self._io.now())
            response = await call_next(request)
            return response
        finally:
            self._pacer.done(response, self._io.now())
