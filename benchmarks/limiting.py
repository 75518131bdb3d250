"""Limiters: what a turn costs, and how much of the rate several processes get out of the one that they share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from math import inf
from pathlib import Path

import redis

from benchmarks.measure import Row, in_turns
from hatched.imports.file_limiter import FileLimiter
from hatched.imports.limiter import Budget, Limiter, LocalLimiter
from hatched.imports.redis_limiter import RedisLimiter
from tests.imports.crowd import crowd, most_within
from tests.imports.redis_server import MISSING, installed, redis_server

BUDGET = Budget(per_minute=4_900, per_day=245_000)
PER_SECOND = 50
SECONDS = 10.0
TASKS = 16
PROCESSES = 4


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _alone(Path(folder, "alone.db"))
        yield from _together("file", str(Path(folder, "shared.db")))
    if not installed():
        print(f"No rows on Redis: {MISSING}")
        return
    with redis_server() as url:
        yield _on_redis(url)
        yield from _together("redis", url)


def _taught(limiter: Limiter) -> Limiter:
    limiter.learn(BUDGET)
    return limiter


def _alone(path: Path) -> list[Row]:
    local, file = _taught(LocalLimiter()), FileLimiter(path)
    _taught(file)
    times = in_turns(lambda: local.reserve(inf), lambda: file.reserve(inf), rounds=50, times=100)
    file.close()
    return [
        Row("LocalLimiter.reserve", times[0], None, unit="/s"),
        Row("FileLimiter.reserve, one process", times[1], None, unit="/s"),
    ]


def _on_redis(url: str) -> Row:
    with redis.Redis.from_url(url) as client:
        limiter = _taught(RedisLimiter(client))
        ours, ping = in_turns(lambda: limiter.reserve(inf), client.ping, rounds=50, times=20)
    return Row("RedisLimiter.reserve; a PING", ours, ping)


def _together(kind: str, where: str) -> Iterator[Row]:
    """The turns are the limiter's; how late the tasks wake up for them is the machine's, and shown beside it."""
    crew = crowd(kind, where, per_second=PER_SECOND, seconds=SECONDS, tasks=TASKS, processes=PROCESSES)
    turns = [(taken.earliest, taken.latest) for each in crew for taken in each]
    awake = [(taken.awake, taken.awake) for each in crew for taken in each]
    counts = [len(each) for each in crew]
    share = len(turns) / (PER_SECOND * (SECONDS - min(turns)[0]))
    what = f"{PROCESSES} processes on {kind}, {PER_SECOND}/s: "
    yield Row(what + "share of the rate", share, None, ">= 0.97", unit="")
    yield Row(what + "turns above it in any second", most_within(turns, 1.0) - PER_SECOND, None, "<= 1", unit="")
    yield Row(what + "the same, as tasks woke up", most_within(awake, 1.0) - PER_SECOND, None, unit="")
    yield Row(what + "smallest part; largest part", min(counts) / max(counts), None, ">= 0.6", unit="")
