"""What an import needs of a client, of either colour."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from hatched import routes
from hatched.imports.sources import Run, in_place, in_thread
from hatched.pipeline.messages import Response
from hatched.resources._call import Caller


class Door(NamedTuple):
    """The way to the server.

    Attributes:
        post: Sends a batch once, with its idempotency key and a timeout in seconds.
        sleep: Lets seconds pass.
        now: Seconds on a clock that never goes back.
        files: Where files are read.
        iterables: Where iterables are asked for rows.
        callables: Where the caller's functions are called.
    """

    post: Callable[[bytes, str, float], Awaitable[Response]]
    sleep: Callable[[float], Awaitable[None]]
    now: Callable[[], float]
    files: Run = in_thread
    iterables: Run = in_place
    callables: Run = in_place


def door(call: Caller) -> Door:
    """That of an asynchronous client."""

    def post(body: bytes, key: str, timeout: float) -> Awaitable[Response]:
        return call.exchange(routes.EVENTS_SEND_BATCH, body, idempotency_key=key, timeout=timeout)

    return Door(post, call.io.sleep, call.io.now)
