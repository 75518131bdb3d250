"""Credentials for browsers: widget sessions and embed tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from hatched.models._base import Model, Params


@frozen(kw_only=True)
class SessionToken(Model):
    """An interactive widget session.

    Attributes:
        token: The credential; hidden in `repr`.
    """

    token: str = field(repr=lambda _: "'***'")
    session_id: str
    expires_at: datetime
    scopes: tuple[str, ...]


@frozen(kw_only=True)
class EmbedToken(Model):
    """A read-only widget token.

    Attributes:
        token: The credential; hidden in `repr`.
        mode: Always `read-only`.
    """

    token: str = field(repr=lambda _: "'***'")
    expires_at: datetime
    mode: str


@frozen(kw_only=True)
class CreateSessionParams(Params):
    """The body of `widget_sessions.create`. At most 3600 seconds."""

    buddy_id: str
    user_id: str
    scopes: Sequence[str]
    ttl_seconds: int | None = None


@frozen(kw_only=True)
class CreateEmbedTokenParams(Params):
    """The body of `embed_tokens.create`. At most 86400 seconds."""

    buddy_id: str
    user_id: str
    ttl_seconds: int | None = None
