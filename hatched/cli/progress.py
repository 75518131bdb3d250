"""How far an import is, on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import click

from hatched.imports.report import ImportReport

if TYPE_CHECKING:
    from types import TracebackType

_LOOK_BACK = 15.0
"""Seconds over which the rate is measured."""
_STEP = 0.25
"""Seconds between two points of the window, and between two drawings."""
_QUIET = 10.0
"""Seconds between two lines in a log."""


class _Point(NamedTuple):
    at: float
    events: int
    fraction: float


class Progress:
    """Takes the reports of an import. What cannot be shown is no reason to stop it.

    Attributes:
        last: The newest report.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, quiet: float = _QUIET) -> None:
        self._now = now
        self._points: deque[_Point] = deque()
        self.last: ImportReport | None = None
        drawn = sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb", "unknown")
        self._display: Any = _Bar(self) if drawn else _Lines(self, quiet)

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def __call__(self, report: ImportReport) -> None:
        """Take note of a report."""
        self.last = report
        now = self._now()
        if not self._points or now - self._points[-1].at >= _STEP:
            self._points.append(_Point(now, report.accepted + report.rejected, report.fraction or 0.0))
            while len(self._points) > 1 and self._points[1].at <= now - _LOOK_BACK:
                self._points.popleft()

    def counts(self) -> list[str]:
        """What the newest report counts, and how fast it grows."""
        report = self.last
        if report is None:
            return ["nothing is sent yet"]
        pace = "limit not known yet" if report.per_minute is None else f"{report.per_minute:,.0f} requests/min"
        return [
            f"{report.accepted:,} accepted",
            f"{self._per_second(report):,.0f}/s",
            f"{report.rejected:,} rejected",
            f"{report.inert:,} inert",
            pace,
            f"{report.rate_limited:,} x 429",
        ]

    def share(self) -> str:
        """How much of the source is read, if that is known."""
        fraction = None if self.last is None else self.last.fraction
        return "" if fraction is None else f"{100 * fraction:.1f} %"

    def left(self) -> str:
        """How long the rest will take, if that is known."""
        seconds = None if self.last is None else self._seconds_left(self.last)
        return "" if seconds is None else f"{duration(seconds)} left"

    def _per_second(self, report: ImportReport) -> float:
        point, seconds = self._since()
        return 0.0 if point is None else (report.accepted + report.rejected - point.events) / seconds

    def _seconds_left(self, report: ImportReport) -> float | None:
        point, seconds = self._since()
        if point is None or report.fraction is None or report.stopped is not None:
            return None
        if not point.fraction < report.fraction < 1:
            return None
        return (1 - report.fraction) * seconds / (report.fraction - point.fraction)

    def _since(self) -> tuple[_Point | None, float]:
        """The oldest point of the window; until now, so that the rate falls while nothing happens."""
        # Not by iterating: a display asks from a thread of its own, while points come and go. One always stays.
        first = self._points[0] if self._points else None
        return first, max(self._now() - first.at, 0.001) if first is not None else 0.0


def duration(seconds: float) -> str:
    """For people: the two largest units."""
    whole = max(round(seconds), 0)
    for size, name, smaller, of in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name} {rest} {of}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


class _Lines:
    """For a log: plain lines, also while nothing happens, for an import may wait for long."""

    def __init__(self, progress: Progress, quiet: float) -> None:
        self._progress = progress
        self._quiet = quiet
        self._over = Event()
        self._thread = Thread(target=self._run, name="hatched progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        if self._progress.last is not None and self._progress.last.requests:
            self._say()

    def _run(self) -> None:
        while not self._over.wait(self._quiet):
            self._say()

    def _say(self) -> None:
        try:
            said = [self._progress.share(), *self._progress.counts(), self._progress.left()]
            click.echo("; ".join(filter(None, said)), err=True)
        except (OSError, ValueError):  # nobody reads it any more
            self._over.set()


class _Bar:
    """For a terminal: drawn anew in place by a thread of rich."""

    def __init__(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.live import Live

        self._progress = progress
        self._live = Live(
            get_renderable=self._draw,
            console=Console(stderr=True, highlight=False),
            refresh_per_second=1 / _STEP,
            redirect_stdout=False,
        )

    def start(self) -> None:
        self._live.start(refresh=True)

    def stop(self) -> None:
        self._live.stop()

    def _draw(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Column, Table
        from rich.text import Text

        report = self._progress.last
        fraction = None if report is None else report.fraction
        ended = report is not None and report.stopped is not None
        bar = ProgressBar(total=1.0, completed=fraction or 0.0, pulse=fraction is None and not ended)
        line = Table.grid(Column(no_wrap=True), Column(ratio=1), Column(no_wrap=True), padding=(0, 1), expand=True)
        line.add_row(self._progress.share(), bar, self._progress.left())
        return Group(line, Text("  ".join(self._progress.counts())))
