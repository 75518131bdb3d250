"""Walking a path (concepts/paths). Sub-steps come in order within a step; that and the grammar are inferred."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from hatched.emulator.rules.conditions import Event, Test
from hatched.emulator.rules.effects import Completion, PathUpdate
from hatched.emulator.rules.state import State


class SubStep(NamedTuple):
    """A part of a step; `test` completes it without anybody's doing."""

    id: str
    key: str
    test: Test | None
    manual: bool
    skip_ahead: bool
    coins: int
    badge: str | None


class Step(NamedTuple):
    """A step.

    Attributes:
        unlock: Instead of the completion of the step before.
        test: Completes all that is unfinished in it.
    """

    id: str
    key: str
    unlock: Test | None
    test: Test | None
    coins: int
    badge: str | None
    sub_steps: tuple[SubStep, ...]


class Path(NamedTuple):
    """The active steps of a path, in order.

    Attributes:
        looks_at: Event types that a condition of it mentions.
    """

    id: str
    key: str
    steps: tuple[Step, ...]
    looks_at: frozenset[str] = frozenset()


class Rewards(Protocol):
    """Who pays for completions."""

    def reward(self, coins: int, badge: str | None, reason: str) -> None:
        """Gives coins, and a badge if there is one."""


def finished(step: Step, state: State) -> bool:
    """Whether it is completed, or nothing of it is left to do because what was has been removed (inferred)."""
    return step.id in state.done or (
        bool(step.sub_steps) and all(sub_step.id in state.done for sub_step in step.sub_steps)
    )


def unlocked(path: Path, place: int, state: State, event: Event | None, at: float) -> bool:
    """Whether the step at `place` is open: its own condition, else the completion of the one before (seen)."""
    step = path.steps[place]
    if step.unlock is not None:
        return step.unlock(state, event, at)
    return place == 0 or finished(path.steps[place - 1], state)


def available(step: Step, place: int, state: State) -> bool:
    """Whether the sub-step at `place` of an open step is next; `allow_skip_ahead` lifts the order (inferred)."""
    sub_step = step.sub_steps[place]
    return sub_step.skip_ahead or all(earlier.id in state.done for earlier in step.sub_steps[:place])


def advance(path: Path, state: State, event: Event, rewards: Rewards) -> list[PathUpdate]:
    """Completes all that the conditions complete, which may open further steps."""
    updates: list[PathUpdate] = []
    for place, step in enumerate(path.steps):
        if step.id in state.done or not unlocked(path, place, state, event, event.at):
            continue
        whole = step.test is not None and step.test(state, event, event.at)
        for part, sub_step in enumerate(step.sub_steps):
            if sub_step.id not in state.done and (
                whole or (sub_step.test and available(step, part, state) and sub_step.test(state, event, event.at))
            ):
                updates.append(complete(path, step, sub_step, state, event.now, rewards))
        if step.id not in state.done and (whole or finished(step, state)):
            # A step without sub-steps, or one whose last has been removed.
            updates.append(_roll_up(path, step, PathUpdate(path.key), state, event.now, rewards))
    return updates


def complete(path: Path, step: Step, sub_step: SubStep, state: State, now: float, rewards: Rewards) -> PathUpdate:
    """Closes a sub-step, and the step and path if it was their last, with all their rewards."""
    state.done = {**state.done, sub_step.id: now}
    rewards.reward(sub_step.coins, sub_step.badge, sub_step.key)
    closed = Completion(path.key, step.key, sub_step.key, sub_step.coins, sub_step.badge)
    update = PathUpdate(path.key, sub_step=closed)
    if step.id not in state.done and all(part.id in state.done for part in step.sub_steps):
        return _roll_up(path, step, update, state, now, rewards)
    return update


def _roll_up(path: Path, step: Step, update: PathUpdate, state: State, now: float, rewards: Rewards) -> PathUpdate:
    state.done = {**state.done, step.id: now}
    rewards.reward(step.coins, step.badge, step.key)
    update = update._replace(step=Completion(path.key, step.key, None, step.coins, step.badge))
    if path.id not in state.done and all(finished(other, state) for other in path.steps):
        state.done = {**state.done, path.id: now}
        update = update._replace(path_completed=True)
    return update
