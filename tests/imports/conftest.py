"""The limiters, each on a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hatched.imports.limiter import Limiter, LocalLimiter
from tests.imports.clock import Clock

Make = Callable[[Clock], Limiter]


@pytest.fixture(scope="session", params=["local"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a new limiter, of one kind after the other."""
    return {"local": lambda: _local}[request.param]()


def _local(clock: Clock) -> Limiter:
    return LocalLimiter(clock)
