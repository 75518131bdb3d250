"""The limiters, each on a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import redis

from hatched.imports.file_limiter import FileLimiter
from hatched.imports.limiter import Limiter, LocalLimiter
from hatched.imports.redis_limiter import RedisLimiter
from tests.imports import redis_server
from tests.imports.clock import Clock
from tests.imports.doors import Door

Make = Callable[[Clock], Limiter]


@pytest.fixture(scope="session", params=["local", "file", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a new limiter, of one kind after the other."""
    made: Make = request.getfixturevalue(f"make_{request.param}")
    return made


@pytest.fixture(scope="session")
def make_local() -> Make:
    return LocalLimiter


@pytest.fixture(scope="session")
def make_file(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder: Path = tmp_path_factory.mktemp("limiters")
    numbers = count()
    return lambda clock: FileLimiter(folder / f"{next(numbers)}.db", clock)


@pytest.fixture(scope="session")
def make_redis(redis_url: str) -> Iterator[Make]:
    numbers = count()
    with redis.Redis.from_url(redis_url) as client:
        yield lambda clock: RedisLimiter(client, f"virtual {next(numbers)}", clock)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    if not redis_server.installed():
        pytest.skip(redis_server.MISSING)
    with redis_server.redis_server() as url:
        yield url


@pytest.fixture(params=["sync", "asyncio", "trio"])
def door(request: pytest.FixtureRequest) -> Door:
    return Door(request.param)


@pytest.fixture(params=["asyncio", "trio"])
def async_door(request: pytest.FixtureRequest) -> Door:
    return Door(request.param)


@pytest.fixture(params=["sync", "trio"])
def two_doors(request: pytest.FixtureRequest) -> Door:
    """For tables: both colours, and the loop that forgives less."""
    return Door(request.param)
