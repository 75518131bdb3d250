"""Processes with many tasks each that share a limiter. Also the program of one of these processes.

    python crowd.py {file,redis} PATH-OR-URL PER_MINUTE SECONDS TASKS

reads the time to begin from its input, and writes when its turns were, and when it was awake to take them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from hatched.imports.limiter import Budget, Limiter

PATIENCE = 60.0


class Taken(NamedTuple):
    """A turn, in seconds since the beginning. It is between `earliest` and `latest`: asking takes a while."""

    earliest: float
    latest: float
    awake: float


def crowd(
    kind: str, where: str, *, per_second: float, seconds: float, tasks: int, processes: int = 4
) -> list[list[Taken]]:
    """What each of the processes takes within so many seconds from a limiter that is new."""
    command = [sys.executable, __file__, kind, where, str(per_second * 60), str(seconds), str(tasks)]
    crew = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        for process in crew:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        begin = time.time() + 0.2
        for process in crew:
            assert process.stdin is not None
            process.stdin.write(f"{begin}\n")
            process.stdin.close()
        taken = []
        for process in crew:
            assert process.stdout is not None
            taken.append([Taken(*(time - begin for time in times)) for times in json.loads(process.stdout.read())])
        return taken
    finally:
        for process in crew:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def most_within(times: Sequence[tuple[float, float]], window: float) -> int:
    """The most of the times, each between two bounds, that certainly fall into one window."""
    times = sorted(times)
    earliest = [first for first, _ in times]
    return max(
        sum(last < first + window for _, last in times[place : bisect_left(earliest, first + window)])
        for place, first in enumerate(earliest)
    )


def _limiter(kind: str, where: str) -> Limiter:
    if kind == "file":
        from hatched.imports.file_limiter import FileLimiter

        return FileLimiter(where)
    from hatched.imports.redis_limiter import RedisLimiter

    return RedisLimiter(where, "crowd")


async def _work(limiter: Limiter, budget: Budget, begin: float, end: float, tasks: int) -> list[Taken]:
    taken: list[Taken] = []

    async def task() -> None:
        while True:
            asked = time.time()
            wait = limiter.reserve(PATIENCE)
            told = time.time()
            if told + wait >= end:
                return
            await asyncio.sleep(wait)
            taken.append(Taken(asked + wait, told + wait, time.time()))
            limiter.learn(budget)

    await asyncio.sleep(begin - time.time())
    await asyncio.gather(*[task() for _ in range(tasks)])
    return taken


def _main(kind: str, where: str, per_minute: str, seconds: str, tasks: str) -> None:
    limiter = _limiter(kind, where)
    budget = Budget(per_minute=float(per_minute))
    limiter.learn(budget)
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    json.dump(asyncio.run(_work(limiter, budget, begin, begin + float(seconds), int(tasks))), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
