"""Keys: who calls, and what they may (concepts/auth-model: seen)."""

from __future__ import annotations

from typing import NamedTuple

from hatched.emulator.errors import ApiError
from hatched.routes import Access, Route

DEFAULT_SCOPES = (Access.READ_OPERATIONS.value, Access.WRITE_EMBED_TOKENS.value)


class Principal(NamedTuple):
    """A key that was let in.

    Attributes:
        scopes: What a publishable key may do; `None` is a secret key, which may do everything.
    """

    key: str
    customer_id: str
    scopes: frozenset[str] | None


class Keys:
    """The keys that exist. Revoking one takes effect at once."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def add(self, key: str, customer_id: str, scopes: tuple[str, ...] | None = None) -> None:
        """Lets `key` in as a secret key, or with `scopes` as a publishable one."""
        self._principals[key] = Principal(key, customer_id, None if scopes is None else frozenset(scopes))

    def revoke(self, key: str) -> None:
        """Shuts `key` out. Raises `KeyError` for one that does not exist."""
        del self._principals[key]

    def find(self, authorization: str | None) -> Principal | None:
        """The principal of an `Authorization` header."""
        scheme, _, key = (authorization or "").partition(" ")
        return self._principals.get(key.strip()) if scheme.lower() == "bearer" else None

    def admit(self, authorization: str | None, route: Route) -> Principal | None:
        """Who calls `route`; `None` is anybody, on a route that needs no key. Raises 401 or 403."""
        principal = self.find(authorization)
        if route.access is Access.ANY:
            return principal
        if principal is None:
            raise ApiError(401, "unauthorized", "Missing, invalid or revoked API key")
        if principal.scopes is not None and route.access.value not in principal.scopes:
            raise ApiError(403, "publishable_key_scope", f"This publishable key may not call {route.id}")
        return principal
