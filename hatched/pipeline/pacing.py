"""When the next request may leave, from what the server says of its limits. Pure: no clock, no waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from attrs import evolve

from hatched.pipeline.lock import Lock
from hatched.pipeline.messages import RateLimitInfo, Response
from hatched.pipeline.retry_policy import parse_http_date, parse_retry_after

_SPACING = 0.05
"""Seconds between the requests that queue up behind a 429, while the limit is unknown."""
_NEAR = 512
"""While more requests remain, they cannot run out before the next answer says so."""
_UNTOLD = 1.0
"""Seconds of pause after a 429 that says neither `Retry-After` nor a reset."""
_OTHER_BUCKET = ("/widget", "/embed-tokens")
"""Routes with limits of their own, three times the plan's (reference/rate-limits)."""


def read_rate_limit(response: Response) -> RateLimitInfo | None:
    """The `X-RateLimit-*` headers (the names are inferred from their family), or `None` without any."""
    headers = response.headers
    limit = _count(headers, "x-ratelimit-limit")
    remaining = _count(headers, "x-ratelimit-remaining")
    reset = _count(headers, "x-ratelimit-reset")
    retry_after = parse_retry_after(response) if response.status == 429 else None
    if limit is None and remaining is None and reset is None and retry_after is None:
        return None
    return RateLimitInfo(limit=limit, remaining=remaining, reset=reset, retry_after=retry_after)


def _count(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name)
    return int(value) if value is not None and len(value) < 16 and value.isascii() and value.isdigit() else None


class Pacer:
    """Hands out turns. Shared by all tasks, threads and copies of one client.

    While requests remain in the window, turns are free. When none remain, turns start at the reset. A
    429 pauses everybody, and those who wait leave one spacing apart until the line is empty.
    """

    def __init__(self, *, max_wait: float = 60.0, wall: Callable[[], float] = time.time) -> None:
        self._max_wait = max_wait
        self._wall = wall
        self._lock = Lock()
        self._paused_until = 0.0
        self._line_ends = 0.0
        self._in_line = False
        self._in_flight = 0
        self._left: int | None = None
        self._window_ends = 0.0
        self._spacing = _SPACING
        self.info: RateLimitInfo | None = None

    def turn(self, now: float) -> float:
        """When the caller may send. `start` or `leave` must follow."""
        with self._lock:
            return self._turn(now)

    def again(self, turn: float, now: float) -> float:
        """The caller's turn has come: the same turn, or a later one if a pause began meanwhile."""
        with self._lock:
            return self._turn(now) if self._paused_until > turn else turn

    def leave(self) -> None:
        """The caller gives up before it has sent anything: the line gets shorter."""
        with self._lock:
            if self._in_line:
                self._line_ends = max(self._paused_until, self._line_ends - self._spacing)
            if self._left is not None:
                self._left += 1

    def start(self) -> None:
        """The caller sends. `done` must follow."""
        with self._lock:
            self._in_flight += 1

    def done(self, response: Response | None, now: float) -> None:
        """The caller has an answer to learn from, or none."""
        with self._lock:
            self._in_flight -= 1
            if response is None:
                return
            info = read_rate_limit(response)
            if info is not None:
                self._remember(info)
            if response.status == 429:
                seconds = parse_retry_after(response)
                if seconds is None:
                    seconds = self._seconds_to_reset(info, response) or _UNTOLD
                if seconds <= self._max_wait:
                    self._pause(now + seconds)
            elif info is not None and not response.request.route.path.startswith(_OTHER_BUCKET):
                self._learn(info, response, now)

    def pause_left(self, now: float) -> float:
        """Seconds until the present pause ends."""
        return self._paused_until - now

    def _turn(self, now: float) -> float:
        if now >= self._window_ends:
            self._left = None
        if self._left is not None:
            if self._left <= 0:
                self._pause(self._window_ends)
            else:
                self._left -= 1
        at = max(now, self._paused_until)
        if self._in_line:
            at = max(at, self._line_ends)
            self._in_line = now < self._line_ends or now < self._paused_until
            self._line_ends = at + self._spacing
        return at

    def _pause(self, until: float) -> None:
        if until > self._paused_until:
            self._paused_until = until
            self._line_ends = max(self._line_ends, until)
            self._in_line = True
            self._left = None

    def _remember(self, info: RateLimitInfo) -> None:
        if info.limit is None and info.remaining is None and info.reset is None:
            info = evolve(self.info or RateLimitInfo(), retry_after=info.retry_after)
        elif info.limit is not None:
            self._spacing = min(60.0 / info.limit, 1.0) if info.limit else _SPACING
        self.info = info

    def _learn(self, info: RateLimitInfo, response: Response, now: float) -> None:
        if info.remaining is None:
            return
        left = info.remaining - self._in_flight
        if left >= _NEAR:
            self._left = None
            return
        seconds = self._seconds_to_reset(info, response)
        if seconds is None or seconds > self._max_wait:
            return
        same_window = abs(now + seconds - self._window_ends) < 1.5
        self._left = min(left, self._left) if same_window and self._left is not None else left
        self._window_ends = now + seconds

    def _seconds_to_reset(self, info: RateLimitInfo | None, response: Response) -> float | None:
        if info is None or info.reset is None:
            return None
        date = parse_http_date(response.headers.get("date", ""))
        seconds = info.reset - (self._wall() if date is None else date)
        return seconds if seconds > 0 else None
