"""Rate limit: every attempt waits for its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from hatched.errors import RequestTimeoutError
from hatched.pipeline.messages import Handler, Request, Response
from hatched.pipeline.pacing import Pacer

if TYPE_CHECKING:
    from hatched.io.base import IO


@frozen
class RateLimit:
    """Middleware that asks the client's pacer, once per attempt."""

    pacer: Pacer
    io: IO

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        response = None
        turn = self.pacer.turn(self.io.now())
        try:
            while (wait := turn - self.io.now()) > 0:
                if request.deadline is not None and turn >= request.deadline:
                    raise RequestTimeoutError(
                        f"the rate limit frees up in {wait:.1f} s, after the deadline",
                        phase="deadline",
                        maybe_received=False,
                    )
                await self.io.sleep(wait)
                turn = self.pacer.again(turn, self.io.now())
            response = await call_next(request)
            return response
        finally:
            self.pacer.done(response, self.io.now())
