"""Eggs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal, Unpack

from hatched import models, routes
from hatched.options import RequestOptions, WriteOptions
from hatched.resources._call import AsyncResource
from hatched.resources._pages import numbered_pages


class AsyncEggs(AsyncResource):
    """Create eggs and hatch them."""

    async def create(
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
        if audience is not None:
            metadata = {**(metadata or {}), "audience": audience}
        body = models.CreateEggParams(user_id=user_id, metadata=metadata, ensure=ensure, audience=audience)
        query = {"ensure": "true"} if ensure else None
        return await self._call(routes.EGGS_CREATE, models.Egg, query=query, body=body, options=options)

    async def get(self, egg_id: str, /, **options: Unpack[RequestOptions]) -> models.Egg:
        """Fetch one egg."""
        return await self._call(routes.EGGS_GET, models.Egg, egg_id, options=options)

    async def list(
        self,
        *,
        user_id: str | None = None,
        status: models.EggStatus | str | None = None,
        page: int | None = None,
        limit: int | None = None,
        **options: Unpack[RequestOptions],
    ) -> tuple[models.Egg, ...]:
        """Fetch one page of eggs. `page` counts from 1; the server's default and largest `limit` are not documented."""
        query = models.ListEggsParams(user_id=user_id, status=status, page=page, limit=limit)
        return await self._call(routes.EGGS_LIST, tuple[models.Egg, ...], query=query, options=options)

    def iter(
        self,
        *,
        user_id: str | None = None,
        status: models.EggStatus | str | None = None,
        limit: int = 50,
        **options: Unpack[RequestOptions],
    ) -> AsyncGenerator[models.Egg, None]:
        """Walk all eggs, fetching `limit` at a time.

        The server does not tell how many there are, so the walk ends with a page that brings nothing new.
        """

        async def fetch(page: int) -> tuple[Sequence[models.Egg], None]:
            return await self.list(user_id=user_id, status=status, page=page, limit=limit, **options), None

        return numbered_pages(fetch, key=lambda egg: egg.egg_id)

    async def update_status(
        self, egg_id: str, /, *, status: Literal["ready", "cancelled"], **options: Unpack[WriteOptions]
    ) -> models.EggStatusChange:
        """Make an egg `ready` to hatch, or cancel it; the server accepts no other status."""
        body = models.UpdateEggStatusParams(status=status)
        return await self._call(routes.EGGS_UPDATE_STATUS, models.EggStatusChange, egg_id, body=body, options=options)

    async def hatch(self, egg_id: str, /, **options: Unpack[WriteOptions]) -> models.HatchResult:
        """Begin to hatch a `ready` egg; wait for the answer's `operation_id` with `operations.wait`.

        Costs one credit and takes 20 to 45 seconds (guides/troubleshooting).

        Raises:
            CreditInsufficientError: No credits are left.
        """
        return await self._call(routes.EGGS_HATCH, models.HatchResult, egg_id, options=options)
