# Generated from hatched/resources/eggs.py by _generate.py: edit that, then run `nox -s sync`.
"""Eggs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Unpack

from hatched import models
from hatched.options import RequestOptions, WriteOptions
from hatched.resources.eggs import AsyncEggs
from hatched.sync._base import Resource
from hatched.sync._step import step, step_each


class Eggs(Resource[AsyncEggs]):
    """Create eggs and hatch them."""

    def create(
        self,
        *,
        user_id: str,
        metadata: Mapping[str, Any] | None = None,
        ensure: bool = False,
        audience: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.Egg:
        """Create an egg in status `waiting`; call `update_status(egg_id, status="ready")` before `hatch`.

        Args:
            user_id: The user in your system.
            metadata: Your own data, kept with the egg.
            ensure: Answer the user's latest `waiting` or `ready` egg if there is one, instead of a new one.
            audience: Binds the audience of the buddy; stored as `metadata["audience"]`.

        Raises:
            NoPublishedConfigError: Nothing is published yet.
            ActiveEggLimitError: The user has too many active eggs.
        """
        return step(self._async.create(user_id=user_id, metadata=metadata, ensure=ensure, audience=audience, **options))

    def get(self, egg_id: str, /, **options: Unpack[RequestOptions]) -> models.Egg:
        """Fetch one egg."""
        return step(self._async.get(egg_id, **options))

    def list(
        self,
        *,
        user_id: str | None = None,
        status: models.EggStatus | str | None = None,
        page: int | None = None,
        limit: int | None = None,
        **options: Unpack[RequestOptions],
    ) -> tuple[models.Egg, ...]:
        """Fetch one page of eggs. `page` counts from 1; the server's default and largest `limit` are not documented."""
        return step(self._async.list(user_id=user_id, status=status, page=page, limit=limit, **options))

    def iter(
        self,
        *,
        user_id: str | None = None,
        status: models.EggStatus | str | None = None,
        limit: int = 50,
        **options: Unpack[RequestOptions],
    ) -> Iterator[models.Egg]:
        """Walk all eggs, fetching `limit` at a time.

        The server does not tell how many there are, so the walk ends with a page that brings nothing new.
        """
        return step_each(self._async.iter(user_id=user_id, status=status, limit=limit, **options))

    def update_status(
        self, egg_id: str, /, *, status: Literal["ready", "cancelled"], **options: Unpack[WriteOptions]
    ) -> models.EggStatusChange:
        """Make an egg `ready` to hatch, or cancel it; the server accepts no other status."""
        return step(self._async.update_status(egg_id, status=status, **options))

    def hatch(self, egg_id: str, /, **options: Unpack[WriteOptions]) -> models.HatchResult:
        """Begin to hatch a `ready` egg; wait for the answer's `operation_id` with `operations.wait`.

        Costs one credit and takes 20 to 45 seconds (guides/troubleshooting).

        Raises:
            CreditInsufficientError: No credits are left.
        """
        return step(self._async.hatch(egg_id, **options))
