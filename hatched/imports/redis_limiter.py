"""The limiter for processes anywhere: they share a Redis server, its clock, and one key in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from hatched.imports import turns
from hatched.imports.limiter import Budget

if TYPE_CHECKING:
    from redis import Redis

_URL = "HATCHED_REDIS_URL"
_TIMEOUT = 10.0
"""Seconds for connecting and for one answer, unless the URL says something else."""

_SCRIPT = f"""
-- The arithmetic of hatched/imports/turns.py. Times are whole microseconds.
local NEVER, NO_LIMIT, BUCKET, KEPT = {turns.NEVER}, {turns.NO_LIMIT}, {turns.BUCKET}, {turns.KEPT}
local key, verb, now, argument = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local kept = redis.call('HMGET', key, 'seen', 'last', 'paused', 'used', 'day', 'spacing', 'per_day')
local seen, last, paused = tonumber(kept[1]) or NEVER, tonumber(kept[2]) or NEVER, tonumber(kept[3]) or NEVER
local used, day = tonumber(kept[4]) or 0, kept[5] or ''
local spacing, per_day = tonumber(kept[6]), tonumber(kept[7])
if verb == 'learn' or not spacing then
  spacing, per_day = tonumber(ARGV[4]), tonumber(ARGV[5])
end

local starts, counts, first = {{}}, {{}}, 1
local back = math.max(0, seen - now)
last, paused = last - back, paused - back
if verb == 'reserve' or back > 0 then
  for start, count in string.gmatch(day, '(-?%d+):(%d+)') do
    starts[#starts + 1], counts[#counts + 1] = start - back, tonumber(count)
  end
end

local wait = 0
if verb == 'pause' then
  paused = math.max(paused, now + argument)
elseif verb == 'reserve' then
  local turn, left, gone = math.max(now, last + (spacing or 0), paused), used, 0
  for place = 1, #starts do
    if starts[place] + KEPT > turn then
      if left < (per_day or NO_LIMIT) then break end
      turn = starts[place] + KEPT
    end
    left = left - counts[place]
    if starts[place] + KEPT <= now then
      used, gone = used - counts[place], gone + 1
    end
  end
  wait = turn - now
  if wait / 1000000 > argument then
    used = tonumber(kept[4]) or 0
  else
    last, used, first = turn, used + 1, gone + 1
    if starts[first] and turn < starts[#starts] + BUCKET then
      counts[#counts] = counts[#counts] + 1
    else
      starts[#starts + 1], counts[#counts + 1] = turn, 1
    end
  end
end

if starts[1] then
  local parts = {{}}
  for place = first, #starts do
    parts[#parts + 1] = string.format('%.0f:%.0f', starts[place], counts[place])
  end
  day = table.concat(parts, ' ')
end
local function text(number) return string.format('%.0f', number) end
redis.call('HSET', key, 'seen', text(now), 'last', text(last), 'paused', text(paused), 'used', text(used), 'day', day)
if spacing then
  redis.call('HSET', key, 'spacing', text(spacing), 'per_day', text(per_day))
end
redis.call('PEXPIRE', key, text(math.ceil((math.max(now, last, paused) - now + 2 * KEPT) / 1000)))
return {{wait, spacing or -1, per_day or -1}}
"""


class RedisLimiter:
    """A limiter for processes on any number of hosts, on the clock of a Redis server (5 or newer).

    A turn costs one call, and so does a refusal. When the server loses its data, the next call brings the budget along;
    what had been spent is forgotten. Errors of `redis` are raised as they are.

    Pickles if it was made from the environment, or from a URL that holds neither user nor password.

    Args:
        source: The URL of the server, or a client (which is then yours to close). Without it, the environment's
            `HATCHED_REDIS_URL`, which each process reads for itself: this is how a password reaches other processes.
        name: Those who use the same name share a budget. One for each API key.
        now: A clock to use instead of the server's, in seconds; for tests.

    Raises:
        ImportError: The package `redis` is missing.
        ValueError: There is no URL, or it is none that `redis` knows.
    """

    def __init__(
        self, source: str | Redis | None = None, name: str = "hatched", now: Callable[[], float] | None = None
    ) -> None:
        self._name = name
        self._now = now
        self._key = f"{{hatched:{name}}}:turns"
        self._own = source is None or isinstance(source, str)
        self._pickled: tuple[str | None, str] | None = None
        if source is None or isinstance(source, str):
            if source is None or not _is_secret(source):
                self._pickled = source, name
            source = _client(source or os.environ.get(_URL))
        self._client = source
        self._script = source.register_script(_SCRIPT)
        self._pace: turns.Pace | None = None
        self._told: Budget | None = None

    def __repr__(self) -> str:
        return f"RedisLimiter(name={self._name!r})"  # the URL may hold a password

    def __reduce__(self) -> tuple[type[RedisLimiter], tuple[str | None, str]]:
        if self._pickled is None:
            raise TypeError(
                "a RedisLimiter made from a client, or from a URL with a user or a password, is not pickled: "
                f"set {_URL} in the environment of all processes and use RedisLimiter(name={self._name!r})"
            )
        return RedisLimiter, self._pickled

    def reserve(self, patience: float) -> float:
        """See `Limiter`."""
        wait, *shared = self._run("reserve", repr(float(min(patience, turns.NO_LIMIT))))
        if self._pace is not None and self._pace != tuple(shared):
            self._told = None
        return wait / turns.SECOND

    def learn(self, budget: Budget) -> None:
        """See `Limiter`. The shared budget is what any of the processes has learnt last."""
        if budget != self._told:
            self._pace = turns.pace(budget.per_minute, budget.per_day)
            self._run("learn")
            self._told = budget

    def pause(self, seconds: float) -> None:
        """See `Limiter`."""
        self._run("pause", str(turns.microseconds(seconds)))

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was passed. The next call opens new ones."""
        if self._own:
            self._client.close()

    def _run(self, verb: str, argument: str = "") -> list[int]:
        now = "" if self._now is None else round(self._now() * turns.SECOND)
        answer: Any = self._script(keys=[self._key], args=[verb, now, argument, *(self._pace or ("", ""))])
        return list(answer)


def _is_secret(url: str) -> bool:
    url = unquote(url).lower()
    return "@" in url or "password" in url or "username" in url


def _client(url: str | None) -> Redis:
    try:
        from redis import Redis
    except ImportError:
        raise ImportError("RedisLimiter needs redis: pip install 'hatched[redis]'") from None
    if not url:
        raise ValueError(f"RedisLimiter needs the URL of a Redis server: pass it, or set {_URL}")
    return Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
