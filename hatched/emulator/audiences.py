"""Which audience a request means (guides/send-events: seen)."""

from __future__ import annotations

from collections.abc import Sequence

from hatched.emulator.errors import ApiError


def resolved(given: str | None, configured: Sequence[str]) -> str:
    """The audience that is named, or the only one there is. Raises 400 if there are several, and for another one."""
    audience = given or (configured[0] if len(configured) == 1 else None)
    if audience is None:
        raise ApiError(400, "missing_audience", "audience is required: this customer has more than one")
    if audience not in configured:
        raise ApiError(400, "unknown_audience", f"Audience {audience!r} is not configured")
    return audience
