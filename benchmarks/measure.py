"""How two things are compared: in turns, round after round, and by the median of their rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        ours: Seconds, as `theirs`; of a row without a unit, the figure itself.
        bound: Of the figure, such as `>= 0.9`; empty if it is only shown.
        unit: The figure is `x`, how many times as fast we are; or `ms`, how much longer we take; or `/s`, how many of
            ours fit into a second; or empty, a plain number.
    """

    what: str
    ours: float
    theirs: float | None
    bound: str = ""
    unit: str = "x"

    @property
    def figure(self) -> float:
        """What the bound is about."""
        if self.unit == "ms":
            return (self.ours - (self.theirs or 0.0)) * 1000
        if self.unit == "/s":
            return 1 / self.ours
        if not self.unit:
            return self.ours
        assert self.theirs is not None
        return self.theirs / self.ours

    @property
    def ok(self) -> bool:
        """Whether the bound holds."""
        if not self.bound:
            return True
        relation, number = self.bound.split()
        return self.figure <= float(number) if relation == "<=" else self.figure >= float(number)


def medians(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def in_turns(*contestants: Callable[[], object], rounds: int, times: int = 1) -> list[float]:
    """The median seconds of one call of each; a round makes `times` calls of each."""

    def one(contestant: Callable[[], object]) -> float:
        start = time.perf_counter()
        for _ in range(times):
            contestant()
        return (time.perf_counter() - start) / times

    for contestant in contestants:
        contestant()
    return medians([[one(contestant) for contestant in contestants] for _ in range(rounds)])


async def in_turns_async(*contestants: Callable[[], Awaitable[object]], rounds: int, times: int = 1) -> list[float]:
    """The same for coroutine functions, in one event loop."""

    async def one(contestant: Callable[[], Awaitable[object]]) -> float:
        start = time.perf_counter()
        for _ in range(times):
            await contestant()
        return (time.perf_counter() - start) / times

    for contestant in contestants:
        await contestant()
    return medians([[await one(contestant) for contestant in contestants] for _ in range(rounds)])
