"""Embed tokens."""

from __future__ import annotations

from typing import Unpack

from hatched import models, routes
from hatched.options import WriteOptions
from hatched.resources._call import AsyncResource


class AsyncEmbedTokens(AsyncResource):
    """Tokens for read-only widgets."""

    async def create(
        self, *, buddy_id: str, user_id: str, ttl_seconds: int | None = None, **options: Unpack[WriteOptions]
    ) -> models.EmbedToken:
        """Mint an embed token.

        Args:
            buddy_id: The buddy that the widget shows.
            user_id: Its user.
            ttl_seconds: At most 86400, which is the default.
        """
        body = models.CreateEmbedTokenParams(buddy_id=buddy_id, user_id=user_id, ttl_seconds=ttl_seconds)
        return await self._call(routes.EMBED_TOKENS_CREATE, models.EmbedToken, body=body, options=options)
