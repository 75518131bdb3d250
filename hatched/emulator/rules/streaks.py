"""Streaks: at most one tick per UTC day, ISO week or calendar month (concepts/streaks).

A missed period resets to 0. What comes later than a tick of a later period is ignored (inferred).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from hatched.emulator.clock import day_of, week_of
from hatched.emulator.rules.model import Milestone, Period, Rules, Streak
from hatched.emulator.rules.state import Run, State


class Tick(NamedTuple):
    """A streak that went on by one, and the milestone that it reached."""

    run: Run
    milestone: Milestone | None


def period_of(period: Period, at: float) -> int:
    """Number of the period that a moment is in."""
    if period == "daily":
        return day_of(at)
    if period == "weekly":
        return week_of(day_of(at))
    moment = datetime.fromtimestamp(at, UTC)
    return moment.year * 12 + moment.month


def length(streak: Streak, state: State, at: float) -> int:
    """How long a streak is at a moment: 0 if it has missed a period, or counted other periods before a migration."""
    run = state.streaks.get(streak.key)
    return 0 if run is None else _alive(run, streak, period_of(streak.period, at))


def _alive(run: Run, streak: Streak, period: int) -> int:
    return run.current if run.of == streak.period and run.period >= period - 1 else 0


def tick(state: State, streak: Streak, period: int) -> Tick | None:
    """Counts an event of a period (`period_of`), if it has not counted yet."""
    run = state.streaks.get(streak.key)
    if run is not None and run.of == streak.period and run.period >= period:
        return None
    current = 1 if run is None else _alive(run, streak, period) + 1
    after = Run(current, max(current, run.longest if run else 0), period, streak.period)
    state.streaks = {**state.streaks, streak.key: after}
    return Tick(after, next((milestone for milestone in streak.milestones if milestone.at == current), None))


def shown(rules: Rules, state: State, audience: str, at: float) -> tuple[int, int]:
    """Current and longest of the hero, or of the best streak if there is none (inferred)."""
    streaks = [streak for streak in rules.streaks if streak.audience in (None, audience)]
    streaks = [streak for streak in streaks if streak.hero] or streaks
    return (
        max((length(streak, state, at) for streak in streaks), default=0),
        max((state.streaks[streak.key].longest for streak in streaks if streak.key in state.streaks), default=0),
    )
