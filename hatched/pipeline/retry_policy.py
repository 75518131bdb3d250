"""When to send again, and after how long. Pure: no clock, no waiting."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from attrs import frozen

from hatched.errors import RequestTimeoutError, TransportError
from hatched.pipeline.lock import Lock
from hatched.pipeline.messages import Request, Response
from hatched.routes import Safety


def parse_retry_after(response: Response, wall: Callable[[], float] = time.time) -> float | None:
    """Seconds that the server asks to wait: a number, or an HTTP date against the answer's own `Date`."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        at = parse_http_date(value)
        if at is None:
            return None
        now = parse_http_date(response.headers.get("date", ""))
        seconds = at - (wall() if now is None else now)
        return max(seconds, 0.0)
    return seconds if 0 <= seconds < float("inf") else None


def parse_http_date(value: str) -> float | None:
    """Unix seconds of an HTTP date, or `None` of anything else."""
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@frozen(kw_only=True)
class RetryPolicy:
    """Full jitter around exponential backoff; the server's `Retry-After` wins.

    The JavaScript SDK does not state its constants, so these are ours: 0.5 s doubling up to 8 s.

    Attributes:
        max_wait: A longer `Retry-After` is not waited for.
        random: Answers a number from 0 to 1.
    """

    base: float = 0.5
    cap: float = 8.0
    max_wait: float = 60.0
    random: Callable[[], float] = random.random

    def delay(self, request: Request, outcome: Response | TransportError, now: float) -> float | None:
        """Seconds to wait before the next attempt, or `None` if there must not be one."""
        if request.attempt > request.max_retries or not self._may_repeat(request, outcome):
            return None
        asked = parse_retry_after(outcome) if isinstance(outcome, Response) else None
        if asked is not None:
            seconds = asked
            if seconds > self.max_wait:
                return None
        else:
            seconds = self.random() * min(self.cap, self.base * 2 ** min(request.attempt - 1, 30))
        if request.deadline is not None and now + seconds >= request.deadline:
            return None
        return seconds

    def _may_repeat(self, request: Request, outcome: Response | TransportError) -> bool:
        unsafe = request.route.replay is Safety.UNSAFE
        if isinstance(outcome, RequestTimeoutError) and outcome.phase == "deadline":
            return False
        if isinstance(outcome, TransportError):
            return not (unsafe and outcome.maybe_received)
        if unsafe:
            return outcome.status == 429 or (outcome.status == 503 and "retry-after" in outcome.headers)
        return outcome.status in (408, 429) or outcome.status >= 500


class RetryBudget:
    """Stops retries in an outage: when nearly all of the client's last attempts failed.

    Half of them may fail and practically never trip it. A dead server does after `threshold * window`
    attempts, and a handful of successes lifts it again.
    """

    def __init__(self, *, window: int = 64, threshold: float = 0.9) -> None:
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._enough = threshold * window
        self._lock = Lock()

    def record(self, outcome: Response | TransportError) -> None:
        """Count one attempt, if it left this process. A 4xx, even a 429, is a sign of life."""
        if isinstance(outcome, RequestTimeoutError) and outcome.phase in ("deadline", "pool"):
            return
        alive = isinstance(outcome, Response) and outcome.status < 500
        with self._lock:
            self._outcomes.append(alive)

    @property
    def exhausted(self) -> bool:
        """Whether the server looks dead."""
        with self._lock:
            return self._outcomes.count(False) >= self._enough
