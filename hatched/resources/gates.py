"""Gates."""

from __future__ import annotations

from typing import Unpack

from hatched import models, routes
from hatched.options import RequestOptions, WriteOptions
from hatched.resources._call import AsyncResource


class AsyncGates(AsyncResource):
    """Things that a buddy unlocks once, for tokens."""

    async def list(self, **options: Unpack[RequestOptions]) -> models.TokenGates:
        """Fetch the gates of the customer."""
        return await self._call(routes.GATES_LIST, models.TokenGates, options=options)

    async def unlock(self, buddy_id: str, gate_key: str, /, **options: Unpack[WriteOptions]) -> models.UnlockResult:
        """Open a gate. Paid once: opening it again answers `already_unlocked` and costs nothing.

        Raises:
            InsufficientBalanceError: The buddy has too few tokens.
            ValidationError: `progression_not_spendable`: the gate asks for a token that only accumulates.
        """
        return await self._call(routes.GATES_UNLOCK, models.UnlockResult, buddy_id, gate_key, options=options)

    async def unlocks(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.BuddyUnlocks:
        """Fetch the gates that a buddy has opened."""
        return await self._call(routes.GATES_UNLOCKS, models.BuddyUnlocks, buddy_id, options=options)
