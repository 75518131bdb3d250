# Generated from hatched/resources/widget_sessions.py by _generate.py: edit that, then run `nox -s sync`.
"""Widget sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from hatched import models
from hatched.options import WriteOptions
from hatched.resources.widget_sessions import AsyncWidgetSessions
from hatched.sync._base import Resource
from hatched.sync._step import step


class WidgetSessions(Resource[AsyncWidgetSessions]):
    """Tokens for interactive widgets. Mint them on your server; the API key never goes to a browser."""

    def create(
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
        return step(
            self._async.create(buddy_id=buddy_id, user_id=user_id, scopes=scopes, ttl_seconds=ttl_seconds, **options)
        )

    def revoke(self, session_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """End a session."""
        return step(self._async.revoke(session_id, **options))
