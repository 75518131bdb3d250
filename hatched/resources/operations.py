"""Operations."""

from __future__ import annotations

from typing import Unpack

from hatched import models, routes
from hatched.options import PollOptions, RequestOptions, checked
from hatched.resources._call import AsyncResource
from hatched.resources._deprecated import deprecated


class AsyncOperations(AsyncResource):
    """Follow what the server does in the background: hatching, evolving, rendering."""

    async def get(self, operation_id: str, /, **options: Unpack[RequestOptions]) -> models.Operation:
        """Fetch an operation as it stands."""
        return await self._call(routes.OPERATIONS_GET, models.Operation, operation_id, options=options)

    async def wait(
        self,
        operation_id: str,
        /,
        *,
        timeout: float = 60.0,
        interval: float = 2.0,
        raise_on_failure: bool = False,
        **options: Unpack[PollOptions],
    ) -> models.Operation:
        """Look at an operation until it is `completed` or `failed`, and return it.

        Args:
            operation_id: From `eggs.hatch`, `buddies.evolve`, `buddies.equip` or `buddies.rerender_appearance`.
            timeout: Seconds to wait; hatching takes 20 to 45.
            interval: Seconds between the first looks. They grow by half each time, up to five intervals.
            raise_on_failure: Raise a failed operation instead of returning it.

        Raises:
            OperationTimeoutError: It goes on; the error holds it as last seen.
            OperationFailedError: It failed, with `raise_on_failure`.
            RateLimitError: The server takes no requests until after `timeout`.
        """
        from hatched.resources._polling import wait_for_operation

        return await wait_for_operation(
            self._call,
            operation_id,
            timeout=timeout,
            interval=interval,
            raise_on_failure=raise_on_failure,
            options=checked(options, call="operations.wait", kind=PollOptions),
        )

    async def wait_for_completion(
        self,
        operation_id: str,
        /,
        *,
        timeout: float = 60.0,
        interval: float = 2.0,
        **options: Unpack[PollOptions],
    ) -> models.Operation:
        """Deprecated: use `wait`."""
        deprecated("operations.wait_for_completion is deprecated: use operations.wait")
        return await self.wait(operation_id, timeout=timeout, interval=interval, **options)
