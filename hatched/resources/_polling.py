"""Looking again until something is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from hatched import models, routes
from hatched.config import checked_seconds
from hatched.errors import OperationFailedError, OperationTimeoutError, RateLimitError, RequestTimeoutError
from hatched.resources._call import Caller

T = TypeVar("T")

_GROWTH = 1.5
_SLOWEST = 5
"""Looks are at most this many intervals apart."""
_LAST_LOOK = 1.0
"""Seconds that are kept for the last look."""


async def wait_for_operation(
    call: Caller,
    operation_id: str,
    *,
    timeout: float,
    interval: float,
    raise_on_failure: bool,
    options: Mapping[str, Any],
) -> models.Operation:
    """See `AsyncOperations.wait`."""
    seen: models.Operation | None = None

    async def look(time_left: float) -> models.Operation | None:
        nonlocal seen
        bounded = {**options, "deadline": time_left}
        seen = await call(routes.OPERATIONS_GET, models.Operation, operation_id, options=bounded)
        return seen if seen.status in (models.OperationStatus.COMPLETED, models.OperationStatus.FAILED) else None

    done = await poll(call, look, timeout=timeout, interval=interval)
    if done is None:
        status = f"last seen {seen.status}" if seen else "never seen"
        raise OperationTimeoutError(
            f"operation {operation_id} is not done after {timeout:g} s ({status}); it goes on, so wait again",
            operation=seen,
            route=routes.OPERATIONS_GET.id,
        )
    if raise_on_failure and done.status is models.OperationStatus.FAILED:
        raise OperationFailedError(
            f"operation {operation_id} ({done.type}) failed: {done.error or 'no reason given'}",
            operation=done,
            route=routes.OPERATIONS_GET.id,
        )
    return done


async def poll(
    call: Caller, look: Callable[[float], Awaitable[T | None]], *, timeout: float, interval: float
) -> T | None:
    """Call `look` with the seconds left until it answers something, or answer `None` when the time is up.

    A look that meets the end of the time, or a rate limit that frees up before it, is not an error.
    """
    checked_seconds("timeout", timeout, optional=False)
    checked_seconds("interval", interval, optional=False)
    ends = call.io.now() + timeout
    left, pause, last = timeout, interval, False
    while True:
        wait = pause
        try:
            found = await look(left)
            if found is not None:
                return found
        except RateLimitError as error:
            wait = max(pause, error.retry_after)
            if call.io.now() + wait > ends:
                raise
        except RequestTimeoutError as error:
            if error.phase != "deadline" and call.io.now() < ends - _LAST_LOOK:
                raise
        left = ends - call.io.now()
        if last or left <= 0:
            return None
        longest = left - min(_LAST_LOOK, left / 2)
        last = wait >= longest
        await call.io.sleep(min(wait, longest))
        left = max(ends - call.io.now(), 0.001)
        pause = min(pause * _GROWTH, interval * _SLOWEST)
