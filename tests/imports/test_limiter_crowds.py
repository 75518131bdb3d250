"""Four processes share a limiter, in real time: nearly all of the rate is used, never more, and fairly."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.imports.crowd import TASKS, crowd

pytestmark = pytest.mark.chaos

PER_SECOND = 50
SECONDS = 30.0 if os.environ.get("HATCHED_CHAOS") == "full" else 2.0


@pytest.mark.parametrize("kind", ["file", "redis"])
def test_processes_share_the_rate(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = str(tmp_path / "limiter.db") if kind == "file" else str(request.getfixturevalue("redis_url"))
    scripts = scripts_run(where) if kind == "redis" else 0
    turns, left = crowd(kind, where, per_minute=PER_SECOND * 60, seconds=SECONDS)
    together = sorted(turn for each in turns for turn in each)
    assert len(together) >= 0.97 * PER_SECOND * left
    for window in (1.0, left):
        most = max(bisect_left(together, turn + window) - place for place, turn in enumerate(together))
        assert most <= PER_SECOND * window + 1
    assert min(map(len, turns)) >= 0.6 * max(map(len, turns))
    if kind == "redis":
        surplus = len(turns) * (TASKS + 2)  # what they learn, and the turns after the end
        assert scripts_run(where) - scripts <= len(together) + surplus


def scripts_run(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        info: Any = client.info("commandstats")
    return int(info.get("cmdstat_evalsha", {}).get("calls", 0))
