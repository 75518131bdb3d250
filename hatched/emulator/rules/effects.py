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
    """The effects of one event.

    Attributes:
        tokens: Entries of the form `key:amount`.
        debug_reason: Why nothing changed.
    """

    coins: int = 0
    badges_awarded: tuple[str, ...] = ()
    badges_ready: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    evolution_ready: bool = False
    streak_milestones: tuple[int, ...] = ()
    streak_updates: tuple[StreakUpdate, ...] = ()
    path_updates: tuple[PathUpdate, ...] = ()
    debug_reason: str | None = None


@lru_cache(maxsize=4096)
def encode(effects: Effects) -> str:
    """JSON text. Most events do what others did before them, so it is kept."""
    body: dict[str, Any] = {
        **effects._asdict(),
        "streak_updates": [update._asdict() for update in effects.streak_updates],
        "path_updates": [_path_update(update) for update in effects.path_updates],
    }
    reason = body.pop("debug_reason")
    return dumps(body if reason is None else body | {"debug_reason": reason})


def _path_update(update: PathUpdate) -> dict[str, Any]:
    body: dict[str, Any] = {"path_key": update.path_key}
    if update.sub_step is not None:
        body["sub_step_completed"] = update.sub_step._asdict()
    if update.step is not None:
        body["step_completed"] = {key: value for key, value in update.step._asdict().items() if key != "sub_step_key"}
    if update.path_completed:
        body["path_completed"] = {"path_key": update.path_key}
    return body
