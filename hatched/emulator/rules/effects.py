"""What an event did, as the API answers it (SDK: EventEffects)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from hatched.emulator.messages import dumps


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
    debug_reason: str | None = None


@lru_cache(maxsize=4096)
def encode(effects: Effects) -> str:
    """JSON text. Most events do what others did before them, so it is kept."""
    body = effects._asdict() | {"streak_updates": (), "path_updates": ()}
    reason = body.pop("debug_reason")
    return dumps(body if reason is None else body | {"debug_reason": reason})
