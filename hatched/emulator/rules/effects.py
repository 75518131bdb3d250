"""What an event did, as the API answers it (SDK: EventEffects)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from hatched.emulator.messages import dumps


class StreakUpdate(NamedTuple):
    """How a streak moved (SDK: EventStreakUpdate)."""

    definition_key: str
    label: str
    icon: str
    current: int
    longest: int
    milestone_hit: int | None
    hero: bool


class Completion(NamedTuple):
    """A sub-step or step that was closed; `sub_step_key` is `None` for a step."""

    path_key: str
    step_key: str
    sub_step_key: str | None
    reward_coins: int
    reward_badge_key: str | None


class PathUpdate(NamedTuple):
    """One completion on a path, with what it completed in turn (SDK: EventPathUpdate)."""

    path_key: str
    sub_step: Completion | None = None
    step: Completion | None = None
    path_completed: bool = False


class Effects(NamedTuple):
    """The effects of one event, but for readiness to evolve, which is only known after the commit.

    Attributes:
        tokens: Entries of the form `key:amount`.
        debug_reason: Why nothing changed.
    """

    coins: int = 0
    badges_awarded: tuple[str, ...] = ()
    badges_ready: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    streak_milestones: tuple[int, ...] = ()
    streak_updates: tuple[StreakUpdate, ...] = ()
    path_updates: tuple[PathUpdate, ...] = ()
    debug_reason: str | None = None


@lru_cache(maxsize=4096)
def encode(effects: Effects, evolution_ready: bool) -> str:
    """JSON text. Most events do what others did before them, so it is kept."""
    body: dict[str, Any] = {
        "coins": effects.coins,
        "badges_awarded": effects.badges_awarded,
        "badges_ready": effects.badges_ready,
        "tokens": effects.tokens,
        "evolution_ready": evolution_ready,
        "streak_milestones": effects.streak_milestones,
        "streak_updates": [update._asdict() for update in effects.streak_updates],
        "path_updates": [_path_update(update) for update in effects.path_updates],
    }
    if effects.debug_reason is not None:
        body["debug_reason"] = effects.debug_reason
    return dumps(body)


def _path_update(update: PathUpdate) -> dict[str, Any]:
    body: dict[str, Any] = {"path_key": update.path_key}
    if update.sub_step is not None:
        body["sub_step_completed"] = update.sub_step._asdict()
    if update.step is not None:
        body["step_completed"] = {key: value for key, value in update.step._asdict().items() if key != "sub_step_key"}
    if update.path_completed:
        body["path_completed"] = {"path_key": update.path_key}
    return body
