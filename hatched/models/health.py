"""Health of the API."""

from __future__ import annotations

from attrs import frozen

from hatched.models._base import Model


@frozen(kw_only=True)
class Health(Model):
    """The answer to `health` (inferred; the documentation shows no body)."""

    status: str | None = None
    version: str | None = None
