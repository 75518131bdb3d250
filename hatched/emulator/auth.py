"""Keys: who calls, and what they may (concepts/auth-model: seen)."""

from __future__ import annotations

import json
from typing import NamedTuple

from hatched.emulator.errors import ApiError
from hatched.emulator.store import Store
from hatched.routes import Access, Route

DEFAULT_SCOPES = (Access.READ_OPERATIONS.value, Access.WRITE_EMBED_TOKENS.value)
SCOPES = tuple(access.value for access in Access if access not in (Access.SECRET, Access.ANY))


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

    def __init__(self, store: Store) -> None:
        self._db = store.db
        self._principals: dict[str, Principal] = {}
        for key, customer_id, scopes in self._db.execute("SELECT key, customer_id, scopes FROM keys"):
            self._principals[key] = Principal(key, customer_id, scopes and frozenset(json.loads(scopes)))

    def add(self, key: str, customer_id: str, scopes: tuple[str, ...] | None = None) -> None:
        """Lets `key` in as a secret key, or with known `scopes` as a publishable one, else `ValueError`."""
        if unknown := sorted({*(scopes or ())} - {*SCOPES}):
            raise ValueError(f"no such scope: {', '.join(unknown)} (there are {', '.join(SCOPES)})")
        text = None if scopes is None else json.dumps(sorted(scopes))
        self._db.execute("REPLACE INTO keys VALUES (?, ?, ?)", (key, customer_id, text))
        self._principals[key] = Principal(key, customer_id, None if scopes is None else frozenset(scopes))

    def revoke(self, key: str) -> None:
        """Shuts `key` out. Raises `KeyError` for one that does not exist."""
        del self._principals[key]
        self._db.execute("DELETE FROM keys WHERE key = ?", (key,))

    def find(self, authorization: str | None) -> Principal | None:
        """The principal of an `Authorization` header."""
        scheme, _, key = (authorization or "").partition(" ")
        return self._principals.get(key.strip()) if scheme.lower() == "bearer" else None

    def admit(self, principal: Principal | None, route: Route) -> None:
        """Whether a principal, or anybody, may call `route`. Raises 401 or 403."""
        if route.access is Access.ANY:
            return
        if principal is None:
            raise ApiError(401, "unauthorized", "Missing, invalid or revoked API key")
        if principal.scopes is not None and route.access.value not in principal.scopes:
            raise ApiError(403, "publishable_key_scope", f"This publishable key may not call {route.id}")
