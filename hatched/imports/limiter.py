"""Who may send when: what all limiters do, and the one for a single process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from attrs import Attribute, field, frozen

from hatched.imports import turns
from hatched.pipeline.lock import Lock


def _above_zero(_: Any, attribute: Attribute[Any], value: float | None) -> None:
    if value is not None and not 0 < value < math.inf:
        raise ValueError(f"{attribute.name} must be a number above 0, got {value!r}")


@frozen(kw_only=True)
class Budget:
    """How many requests may be spent. A share of the server's limit, less a margin; fractions are welcome.

    Attributes:
        per_minute: In any 60 s; above 0. Of a fraction, it is the average: single windows round it up.
        per_day: In any 86,400 s; above 0, or `None` for any number. A fraction is rounded down, but not below one.

    Raises:
        ValueError: A number is not above 0, or not finite.
    """

    per_minute: float = field(validator=_above_zero)
    per_day: float | None = field(default=None, validator=_above_zero)


class Limiter(Protocol):
    """Books turns for requests that share one budget, first come, first served. Safe to use from any thread.

    A turn that was booked is not taken back: who has waited for one sends. So a pause does not reach those who
    booked before it, and `patience` is how far ahead of a pause they can be.
    """

    def reserve(self, patience: float) -> float:
        """Book the next turn: the seconds to wait before sending, 0 or more.

        If that is more than `patience` seconds nothing is booked, and the answer says how long it would be.
        While nobody has learnt a budget, turns are free: the answer is 0 unless there is a pause.
        """
        ...

    def learn(self, budget: Budget) -> None:
        """What the server's headers say. Holds from the next turn on; costs next to nothing if it is nothing new."""
        ...

    def pause(self, seconds: float) -> None:
        """Book no turn that is less than `seconds` away. A pause is never shortened by another."""
        ...


class LocalLimiter:
    """A limiter for the tasks and threads of one process.

    Args:
        now: The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._budget: Budget | None = None
        self._pace = turns.UNKNOWN
        self._state = turns.NEW

    def reserve(self, patience: float) -> float:
        """See `Limiter`."""
        with self._lock:
            self._state, wait = turns.book(self._state, self._pace, self._clock(), patience)
        return wait / turns.SECOND

    def learn(self, budget: Budget) -> None:
        """See `Limiter`."""
        if budget != self._budget:
            with self._lock:
                self._budget = budget
                self._pace = turns.pace(budget.per_minute, budget.per_day)

    def pause(self, seconds: float) -> None:
        """See `Limiter`."""
        with self._lock:
            self._state = turns.pause(self._state, self._clock(), seconds)

    def dump(self) -> list[list[float]]:
        """The day's use, as JSON: for each bucket of 600 s the seconds since it began, and how many it counts.

        A bucket of turns that are booked ahead may begin in the future: its age is below 0.
        """
        with self._lock:
            now = self._clock()
            return [[(now - start) / turns.SECOND, count] for start, count in self._state.day]

    def load(self, dumped: Iterable[Iterable[float]], elapsed: float = 0.0) -> None:
        """What `dump` gave, here or in another process, `elapsed` seconds ago.

        It takes the place of what was counted here if it counts more; so nothing is counted twice when a limiter
        is given what it has counted itself.
        """
        with self._lock:
            now = self._clock()
            aged = sorted((now - round((age + elapsed) * turns.SECOND), int(count)) for age, count in dumped)
            day = tuple((start, count) for start, count in aged if start + turns.KEPT > now)
            used = sum(count for _, count in day)
            if used > self._state.used:
                self._state = self._state._replace(used=used, day=day)

    def _clock(self) -> int:
        return round(self._now() * turns.SECOND)
