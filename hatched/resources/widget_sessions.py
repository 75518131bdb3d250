"""Widget sessions."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Unpack

from hatched import models, routes
from hatched.options import WriteOptions
from hatched.resources._call import AsyncResource


class AsyncWidgetSessions(AsyncResource):
    """Tokens for interactive widgets. Mint them on your server; the API key never goes to a browser."""

    async def create(
        self,
        *,
        buddy_id: str,
        user_id: str,
        scopes: Sequence[str],
        ttl_seconds: int | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.SessionToken:
        """Mint a session token.

        Args:
            buddy_id: The buddy that the widget is for.
            user_id: Its user.
            scopes: At least one, such as `read`, `events:track`, `marketplace:browse`, `marketplace:purchase`,
                `items:equip` (concepts/auth-model).
            ttl_seconds: At most 3600, which is the default.
        """
        body = models.CreateSessionParams(buddy_id=buddy_id, user_id=user_id, scopes=scopes, ttl_seconds=ttl_seconds)
        return await self._call(routes.WIDGET_SESSIONS_CREATE, models.SessionToken, body=body, options=options)

    async def revoke(self, session_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """End a session."""
        return await self._call(routes.WIDGET_SESSIONS_REVOKE, NoneType, session_id, options=options)
