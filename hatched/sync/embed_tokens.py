# Generated from hatched/resources/embed_tokens.py by _generate.py: edit that, then run `nox -s sync`.
"""Embed tokens."""

from __future__ import annotations

from typing import Unpack

from hatched import models
from hatched.options import WriteOptions
from hatched.resources.embed_tokens import AsyncEmbedTokens
from hatched.sync._base import Resource
from hatched.sync._step import step


class EmbedTokens(Resource[AsyncEmbedTokens]):
    """Tokens for read-only widgets."""

    def create(
        self, *, buddy_id: str, user_id: str, ttl_seconds: int | None = None, **options: Unpack[WriteOptions]
    ) -> models.EmbedToken:
        """Mint an embed token.

        Args:
            buddy_id: The buddy that the widget shows.
            user_id: Its user.
            ttl_seconds: At most 86400, which is the default.
        """
        return step(self._async.create(buddy_id=buddy_id, user_id=user_id, ttl_seconds=ttl_seconds, **options))
