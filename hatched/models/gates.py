"""Gates: things that a buddy unlocks once, for tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from hatched.models._base import Model


@frozen(kw_only=True)
class TokenGate(Model):
    """A gate, as configured in the dashboard: `cost` is in units of `token_key`."""

    id: str
    gate_key: str
    token_key: str
    cost: float
    label: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any]
    is_active: bool
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class TokenGates(Model):
    """The answer to `gates.list`."""

    gates: tuple[TokenGate, ...]


@frozen(kw_only=True)
class UnlockResult(Model):
    """The answer to `gates.unlock`.

    Attributes:
        already_unlocked: The gate was open before; nothing was spent.
        balance_after: Tokens left after paying.
    """

    gate_key: str
    unlocked: bool
    already_unlocked: bool
    unlocked_at: datetime
    balance_after: float | None = None
    metadata: Mapping[str, Any]


@frozen(kw_only=True)
class BuddyUnlock(Model):
    """A gate that a buddy has opened."""

    gate_key: str
    unlocked_at: datetime
    metadata: Mapping[str, Any]


@frozen(kw_only=True)
class BuddyUnlocks(Model):
    """The answer to `gates.unlocks`."""

    unlocks: tuple[BuddyUnlock, ...]
