"""Four processes share a limiter, in real time: the rate is used, never more, and fairly.

How much of it is used is measured by `nox -s bench -- limiting`: here, other tests take the processors, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.imports.crowd import crowd, most_within

pytestmark = pytest.mark.chaos

PER_SECOND = 50
TASKS = 4
FULL = os.environ.get("HATCHED_CHAOS") == "full"
SECONDS = 30.0 if FULL else 2.0


@pytest.mark.parametrize("kind", ["file", "redis"])
def test_processes_share_the_rate(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = str(tmp_path / "limiter.db") if kind == "file" else str(request.getfixturevalue("redis_url"))
    scripts = scripts_run(where) if kind == "redis" else 0
    crew = crowd(kind, where, per_second=PER_SECOND, seconds=SECONDS, tasks=TASKS)
    turns = [(taken.earliest, taken.latest) for each in crew for taken in each]
    left = SECONDS - min(turns)[0]
    assert len(turns) >= (0.97 if FULL else 0.5) * PER_SECOND * left
    for window in (1.0, left):
        assert most_within(turns, window) <= PER_SECOND * window + 1
    assert min(map(len, crew)) >= (0.6 if FULL else 0.3) * max(map(len, crew))
    if kind == "redis":
        surplus = len(crew) * (TASKS + 2)  # what they learn, and the turns after the end
        assert scripts_run(where) - scripts <= len(turns) + surplus


def scripts_run(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        info: Any = client.info("commandstats")
    return int(info.get("cmdstat_evalsha", {}).get("calls", 0))
