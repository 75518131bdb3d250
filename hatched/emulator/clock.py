"""The emulator's own time. Nothing in the emulator looks at another clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_DAY = 86400
_FAR = 1e11


class Watcher(Protocol):
    """Something that has work to do at certain times."""

    def next_due(self) -> float | None:
        """When there will be something to do that is not due yet, in Unix seconds."""
        ...

    def run_due(self) -> None:
        """Do what is due by now."""
        ...


class Clock:
    """Virtual time: it stands still until `advance`, and every wait on it is over at once.

    Args:
        start: Unix seconds, or ISO 8601, in UTC if it has no offset.
    """

    waits = False
    """Whether those who wait on this clock must really sleep."""

    def __init__(self, start: float | str = "2026-01-01T00:00:00Z") -> None:
        self._start = self._now = parse_time(start).timestamp() if isinstance(start, str) else float(start)
        next_month(self._now)  # raises for what no calendar has, and where it has none that follows
        self._lock = Lock()
        self._watchers: list[Watcher] = []

    def now(self) -> float:
        """Unix seconds."""
        return self._now

    def advance(self, by: float | str) -> float:
        """Moves on by seconds or a duration such as `"1d12h"`, runs what is due, and answers the new time."""
        left = parse_duration(by)
        if not 0 <= left < _FAR:
            raise ValueError(f"time goes on by 0 to {_FAR:.0f} seconds, not by {left}")
        next_month(self.now() + left)  # raises as above
        self._run_due()
        while left > 0:
            # Step by step, so that whoever is called at a due time sees that time on the clock.
            now = self.now()
            due = [at for watcher in self._watchers if (at := watcher.next_due()) is not None and at > now]
            step = min([left, *(at - now for at in due)])
            self._move(step)
            left -= step
            self._run_due()
        return self.now()

    def sleep(self, seconds: float) -> None:
        """Waits: in virtual time by moving on, so that a client with this clock never really waits."""
        self.advance(seconds)

    def reset(self) -> None:
        """Back to the start."""
        self._now = self._start

    @property
    def state(self) -> float:
        """What `put_back` takes: the present in virtual time, in real time how far it was pushed ahead."""
        return self._now

    def put_back(self, state: float) -> None:
        """To a moment of the past or the future; nothing that is due is run."""
        self._now = state

    @property
    def shared(self) -> bool:
        """Whether more than one goes by it, so that none may put it back."""
        return len(self._watchers) > 1

    def watch(self, watcher: Watcher) -> None:
        """Lets `watcher` run whatever `advance` makes due."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Lets it no longer."""
        self._watchers.remove(watcher)

    def _run_due(self) -> None:
        for watcher in tuple(self._watchers):
            watcher.run_due()

    def _move(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


class WallClock(Clock):
    """Real time, which `advance` can push ahead."""

    waits = True

    def __init__(self) -> None:
        super().__init__(0.0)

    def now(self) -> float:
        return time.time() + self._now

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def parse_duration(value: float | str) -> float:
    """Seconds of `90`, `"90s"`, `"25h"`, `"1d12h"`; units are s, m, h, d and w."""
    if not isinstance(value, str):
        if not isinstance(value, int | float):
            raise TypeError(f"a duration is seconds or text such as '25h', not {type(value).__name__}")
        return float(value)
    parts = _DURATION.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError(f"not a duration: {value!r} (say '90s', '25h' or '1d12h')")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def parse_time(value: str) -> datetime:
    """The aware time of an ISO 8601 string; one without an offset is UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as JavaScript prints it (the precision is inferred)."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def day_of(seconds: float) -> int:
    """Number of the UTC day."""
    return int(seconds // _DAY)


def week_of(day: int) -> int:
    """Number of the ISO week of a UTC day; weeks begin on Monday, and day 0 was a Thursday."""
    return (day + 3) // 7


def month_of(seconds: float) -> str:
    """The UTC month, `2026-01`."""
    return iso(seconds)[:7]


def next_month(seconds: float) -> float:
    """Unix seconds of the first of the next UTC month."""
    moment = datetime.fromtimestamp(seconds, UTC)
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC).timestamp()
