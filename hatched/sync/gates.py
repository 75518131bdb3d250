# Generated from hatched/resources/gates.py by _generate.py: edit that, then run `nox -s sync`.
"""Gates."""

from __future__ import annotations

from typing import Unpack

from hatched import models
from hatched.options import RequestOptions, WriteOptions
from hatched.resources.gates import AsyncGates
from hatched.sync._base import Resource
from hatched.sync._step import step


class Gates(Resource[AsyncGates]):
    """Things that a buddy unlocks once, for tokens."""

    def list(self, **options: Unpack[RequestOptions]) -> models.TokenGates:
        """Fetch the gates of the customer."""
        return step(self._async.list(**options))

    def unlock(self, buddy_id: str, gate_key: str, /, **options: Unpack[WriteOptions]) -> models.UnlockResult:
        """Open a gate. Paid once: opening it again answers `already_unlocked` and costs nothing.

        Raises:
            InsufficientBalanceError: The buddy has too few tokens.
            ValidationError: `progression_not_spendable`: the gate asks for a token that only accumulates.
        """
        return step(self._async.unlock(buddy_id, gate_key, **options))

    def unlocks(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.BuddyUnlocks:
        """Fetch the gates that a buddy has opened."""
        return step(self._async.unlocks(buddy_id, **options))
