"""Processes with many tasks each that share a limiter. Also the program of one of these processes.

    python crowd.py {file,redis} PATH-OR-URL PER_MINUTE SECONDS

reads the time to begin from its input, and writes when its turns were.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from hatched.imports.limiter import Budget, Limiter

TASKS = 4
PATIENCE = 60.0


def crowd(
    kind: str, where: str, *, per_minute: float, seconds: float, processes: int = 4
) -> tuple[list[list[float]], float]:
    """The turns of each process, as seconds since the beginning, and how many seconds were left after the first."""
    command = [sys.executable, __file__, kind, where, str(per_minute), str(seconds)]
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
        turns = []
        for process in crew:
            assert process.stdout is not None
            turns.append(sorted(turn - begin for turn in json.loads(process.stdout.read())))
        return turns, seconds - min(turn for each in turns for turn in each)
    finally:
        for process in crew:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _limiter(kind: str, where: str) -> Limiter:
    if kind == "file":
        from hatched.imports.file_limiter import FileLimiter

        return FileLimiter(where)
    from hatched.imports.redis_limiter import RedisLimiter

    return RedisLimiter(where, "crowd")


async def _work(limiter: Limiter, budget: Budget, begin: float, end: float) -> list[float]:
    turns: list[float] = []

    async def task() -> None:
        while True:
            wait = limiter.reserve(PATIENCE)
            if (turn := time.time() + wait) >= end:
                return
            await asyncio.sleep(wait)
            turns.append(turn)
            limiter.learn(budget)

    await asyncio.sleep(begin - time.time())
    await asyncio.gather(*[task() for _ in range(TASKS)])
    return turns


def _main(kind: str, where: str, per_minute: str, seconds: str) -> None:
    limiter = _limiter(kind, where)
    budget = Budget(per_minute=float(per_minute))
    limiter.learn(budget)
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    json.dump(asyncio.run(_work(limiter, budget, begin, begin + float(seconds))), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
