"""The end of the pipeline: one attempt, within what is left of the call's deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatched.errors import RequestTimeoutError
from hatched.pipeline.messages import Request, Response

if TYPE_CHECKING:
    from hatched.io.base import IO


class Sender:
    """Shrinks the attempt's timeout to what the deadline leaves, and sends."""

    def __init__(self, io: IO) -> None:
        self._io = io

    async def __call__(self, request: Request) -> Response:
        if request.deadline is None:
            return await self._io.send(request, request.timeout)
        left = request.deadline - self._io.now()
        if left <= 0:
            raise RequestTimeoutError("the deadline of the call has passed", phase="deadline", maybe_received=False)
        if request.timeout is not None and request.timeout <= left:
            return await self._io.send(request, request.timeout)
        try:
            return await self._io.send(request, left)
        except RequestTimeoutError as error:
            error.phase = "deadline"
            raise
