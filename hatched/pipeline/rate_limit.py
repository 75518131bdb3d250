"""Rate limit: every attempt waits for its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatched.errors import RateLimitError, RequestTimeoutError
from hatched.pipeline.messages import Handler, Request, Response
from hatched.pipeline.pacing import Pacer

if TYPE_CHECKING:
    from hatched.io.base import IO


class RateLimit:
    """Middleware that asks the pacer, once per attempt. A pause beyond `max_wait` is raised, not waited for."""

    def __init__(self, pacer: Pacer, io: IO, max_wait: float = 60.0) -> None:
        self._pacer = pacer
        self._io = io
        self._max_wait = max_wait

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        await self._wait(request)
        response = None
        self._pacer.start()
        try:
            response = await call_next(request)
            return response
        finally:
            self._pacer.done(response, self._io.now())

    async def _wait(self, request: Request) -> None:
        turn = self._pacer.turn(self._io.now())
        try:
            while (wait := turn - self._io.now()) > 0:
                if request.deadline is not None and turn >= request.deadline:
                    raise RequestTimeoutError(
                        f"the rate limit frees up in {wait:.1f} s, after the deadline",
                        phase="deadline",
                        maybe_received=False,
                    )
                pause = self._pacer.pause_left(self._io.now())
                if pause > self._max_wait:
                    raise RateLimitError(f"the client is paused for {pause:.0f} s by a rate limit", retry_after=pause)
                await self._io.sleep(wait)
                turn = self._pacer.again(turn, self._io.now())
        except BaseException:
            self._pacer.leave()
            raise
