"""Sends a batch until the server has accepted or refused it: paced, and repeated as long as there is hope."""

from __future__ import annotations

import random
import time
from hashlib import sha256
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

from attrs import evolve

from hatched.errors import EventQuotaExceededError, HatchedError, RateLimitError, TransportError
from hatched.imports.batch import Batch
from hatched.imports.concurrency import MOST, Concurrency
from hatched.imports.door import Door
from hatched.imports.limiter import Budget, Limiter, LocalLimiter
from hatched.imports.objects import quick_loads
from hatched.imports.options import Settings
from hatched.imports.pace import JITTER, budget
from hatched.imports.report import StopReason
from hatched.imports.sources import in_thread
from hatched.imports.stopping import Stop, StoppedError
from hatched.pipeline.answers import raise_for_status
from hatched.pipeline.messages import Response
from hatched.pipeline.pacing import read_rate_limit
from hatched.pipeline.retry_policy import parse_http_date

try:
    from hatched.imports.structs import count_of_results
except ImportError:
    from hatched.imports.objects import count_of_results

_CONTENT = {400, 413, 422}
"""The server refuses what a batch holds, not the import."""
_PASSING = {408, 409, 425}
"""Sent again like a 5xx; 409 `conflict` means that a competing change won (reference/error-codes)."""
_PATIENCE = 900.0
"""Seconds. A longer wait for a turn is that of the day's window, unless so many wait that the line is as long."""
_SOON = 0.001
"""Seconds that are not worth waiting; the budget has room for more."""
_PAUSE = 60.0
"""Seconds of pause after a 429 that does not say how long."""
_BASE, _CAP = 0.5, 30.0
"""Seconds between attempts: full jitter below a bound that doubles."""
_UNREADABLE = 5
"""Answers of another shape than documented before the import stops."""


class Accepted(NamedTuple):
    """The server has the events, and has said in `text` what each of them did."""

    text: bytes
    replayed: bool

    @property
    def results(self) -> list[dict[str, Any]]:
        """What each event did, as the server wrote it."""
        results: list[dict[str, Any]] = quick_loads(self.text)["results"]
        return results

    def may_say(self, word: str) -> bool:
        """Whether a word is anywhere in the answer: quicker than to look at each result."""
        return word.encode() in self.text


class Sender:
    """Sends one batch after another, for several tasks.

    Attributes:
        requests: That were sent.
        retries: Of these, repetitions.
        rate_limited: 429s.
        concurrency: How many may be under way.
        budget: What may be sent, once it is known.
    """

    def __init__(self, door: Door, settings: Settings, stop: Stop) -> None:
        self._door = door
        self._settings = settings
        self._stop = stop
        self.limiter: Limiter = settings.limiter or LocalLimiter(door.now)
        self.concurrency: Concurrency = Concurrency(None if settings.concurrency == "auto" else settings.concurrency)
        self.requests: int = 0
        self.retries: int = 0
        self.rate_limited: int = 0
        self.budget: Budget | None = None
        self._left = float("-inf")
        self._header: str | None = ""  # what the server said of its limit: nothing yet
        allowed = budget(settings.requests_per_minute, settings.share)
        self._patience = _longest_line(allowed)
        if settings.limiter is None:
            # Attempts that fail before the server has told its limit count in its windows, too.
            self.limiter.learn(allowed if settings.requests_per_minute else evolve(allowed, per_day=None))
        self._paused_until = 0.0
        self._failing_since: float | None = None
        self._random = random.Random()  # noqa: S311  jitter is no secret

    async def send(self, batch: Batch) -> Accepted | HatchedError:
        """What came of a batch: accepted, or the error with which the server refuses what it holds.

        Raises:
            StoppedError: The import stops, and the batch is as good as not sent.
        """
        body = b'{"events":[' + b",".join(batch.bodies) + b"]}"
        # The key follows from the bytes, so a batch that is made again, by whomever, is the same request.
        key = str(UUID(bytes=sha256(body).digest()[:16], version=4))
        attempt = 0
        unreadable = 0
        while True:
            await self._turn()
            response, error = await self._attempt(body, key)
            self.retries += attempt > 0
            attempt += 1
            if response is not None and 200 <= response.status < 300:
                if _has_results(response, len(batch)):
                    self._failing_since = None
                    return Accepted(response.body, response.headers.get("idempotency-replayed") == "true")
                unreadable += 1
                if unreadable == _UNREADABLE:
                    self._end(StopReason.REFUSED, "the server's answers have another shape than documented")
                failed = "an answer of another shape than documented"
            elif isinstance(error, RateLimitError):
                await self._throttled(error.retry_after, attempt)
                continue
            else:
                assert error is not None
                failed = str(error)
                if response is not None and response.status in _CONTENT:
                    self._failing_since = None
                    return error
                if response is not None and response.status < 500 and response.status not in _PASSING:
                    await self._refused(error, response)
                    continue
            await self._wait_to_repeat(attempt, getattr(error, "retry_after", None), failed)

    async def _attempt(self, body: bytes, key: str) -> tuple[Response | None, HatchedError | None]:
        self.requests += 1
        start = self._door.now()
        try:
            with self._stop.finishing():
                response = await self._door.post(body, key, self._settings.timeout)
        except (TransportError, RateLimitError) as error:
            return None, error
        await self._learn(response)
        try:
            raise_for_status(response)
        except HatchedError as error:
            return response, error
        per_second = None if self.budget is None else self.budget.per_minute / 60
        self.concurrency.answered(self._door.now() - start, per_second)
        return response, None

    async def _learn(self, response: Response) -> None:
        header = response.headers.get("x-ratelimit-limit")
        if header == self._header:
            return
        info = read_rate_limit(response)
        limit = self._settings.requests_per_minute or (info and info.limit) or None
        if limit is None and response.status >= 400:
            return
        date = parse_http_date(response.headers.get("date", "")) or time.time()
        told = self._settings.requests_per_minute is None and info is not None and info.reset
        self._header = header
        await self.allow(budget(limit, self._settings.share, reset_in=told - date if told else None))

    async def allow(self, allowed: Budget) -> None:
        """So much may be sent from here on."""
        self.budget = allowed
        self._patience = _longest_line(allowed)
        if isinstance(self.limiter, LocalLimiter):
            self.limiter.learn(allowed)
        else:
            await in_thread(lambda: self.limiter.learn(allowed))

    async def _turn(self) -> None:
        """Wait for the limiter, and for pauses that began while waiting. A turn that was missed is given up."""
        while True:
            if isinstance(self.limiter, LocalLimiter):
                wait = self.limiter.reserve(self._patience)
            else:
                wait = await in_thread(lambda: self.limiter.reserve(self._patience))
            if wait > self._patience:
                await self._day_is_over(wait)
            elif wait > _SOON:
                turn = self._door.now() + wait
                await self._rest(wait)
                now = self._door.now()
                # Those who wake up late together must not send together.
                alone = self.budget is not None and now - self._left >= 60 / self.budget.per_minute
                if now >= self._paused_until and (now - turn <= JITTER or alone):
                    self._left = now
                    return
            elif self._stop.reason is not None:
                raise StoppedError
            else:
                self._left = self._door.now()
                return

    async def _throttled(self, retry_after: float | None, attempt: int) -> None:
        self.rate_limited += 1
        seconds = _PAUSE if retry_after is None else retry_after
        if seconds > _PATIENCE:
            await self._day_is_over(seconds)
            return
        self._patience_left("too many requests, says the server")
        if seconds == 0:
            seconds = self._backoff(attempt)
        self._paused_until = max(self._paused_until, self._door.now() + seconds)
        if isinstance(self.limiter, LocalLimiter):
            self.limiter.pause(seconds)
        else:
            await in_thread(lambda: self.limiter.pause(seconds))

    async def _day_is_over(self, seconds: float) -> None:
        if self._settings.on_day_limit == "stop":
            self._end(StopReason.DAY_LIMIT, f"the requests of the day are used up; go on in {seconds / 3600:.1f} h")
        await self._rest(seconds)
        self._failing_since = None

    async def _refused(self, error: HatchedError, response: Response) -> None:
        if response.status != 402:
            self._end(StopReason.REFUSED, str(error))
        reset_at = error.reset_at if isinstance(error, EventQuotaExceededError) else None
        if reset_at is None or self._settings.on_quota == "stop":
            self._end(StopReason.QUOTA, str(error))
        date = parse_http_date(response.headers.get("date", "")) or time.time()
        await self._rest(max(reset_at.timestamp() - date, 1.0))
        self._failing_since = None

    async def _wait_to_repeat(self, attempt: int, asked: float | None, failed: str) -> None:
        self.concurrency.overloaded(self._door.now())
        left = self._patience_left(failed)
        await self._rest(min(max(self._backoff(attempt), asked or 0.0), left))

    def _patience_left(self, failed: str) -> float:
        """Seconds. Ends the import when there are none."""
        now = self._door.now()
        if self._failing_since is None:
            self._failing_since = now
        left: float = self._settings.give_up_after - (now - self._failing_since)
        if left <= 0:
            self._end(
                StopReason.NO_PROGRESS,
                f"no progress for {self._settings.give_up_after:g} s; the last failure: {failed}",
            )
        return left

    def _backoff(self, attempt: int) -> float:
        return self._random.uniform(0.0, min(_CAP, _BASE * 2.0 ** min(attempt - 1, 10)))

    async def _rest(self, seconds: float) -> None:
        with self._stop.interruptible():
            await self._door.sleep(seconds)

    def _end(self, reason: StopReason, message: str) -> NoReturn:
        self._stop(reason, message)
        raise StoppedError


def _longest_line(allowed: Budget) -> float:
    """Seconds that a turn can be away when all workers wait for one."""
    return max(_PATIENCE, MOST * 60 / allowed.per_minute)


def _has_results(response: Response, count: int) -> bool:
    """Whether the answer is as documented."""
    try:
        return count_of_results(response.body) == count
    except ValueError:
        return False
