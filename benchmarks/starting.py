"""What it costs to begin: importing, and making a client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Row, in_turns

REQUIRED = "import httpx, attrs, cattrs, anyio"
TIMED = "import time; start = time.process_time()\n{}\nprint(time.process_time() - start)"
"""Processor time, and below the least of all rounds: what else the machine does only ever adds."""
CLIENT = "\nhatched.HatchedClient(api_key='hatch_test_benchmark').events\nhatched.EventEffects"
ROUNDS = 15


def rows() -> Iterator[Row]:
    yield from _importing()
    yield _second_client()


def _importing() -> list[Row]:
    programs = [REQUIRED, f"{REQUIRED}\nimport hatched", f"{REQUIRED}\nimport hatched{CLIENT}"]
    for program in programs:
        _seconds(program)
    rounds = [[_seconds(program) for program in programs] for _ in range(ROUNDS)]
    times = [min(times) for times in zip(*rounds, strict=True)]
    return [
        Row("import hatched; what it requires", times[1], times[0], "<= 35", unit="ms"),
        Row("import hatched, a client, a model; the same", times[2], times[0], unit="ms"),
    ]


def _seconds(program: str) -> float:
    # Compiled code is kept, as it is for whoever has installed the package.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(program)], capture_output=True, text=True, check=True, env=kept
    )
    return float(done.stdout)


def _second_client() -> Row:
    from hatched import AsyncHatchedClient

    (seconds,) = in_turns(lambda: AsyncHatchedClient(api_key="hatch_live_benchmark"), rounds=50)
    return Row("a second AsyncHatchedClient()", seconds, None, "<= 2", unit="ms")
