# Generated from hatched/resources/operations.py by _generate.py: edit that, then run `nox -s sync`.
"""Operations."""

from __future__ import annotations

from typing import Unpack

from hatched import models
from hatched.options import PollOptions, RequestOptions
from hatched.resources.operations import AsyncOperations
from hatched.sync._base import Resource
from hatched.sync._step import step


class Operations(Resource[AsyncOperations]):
    """Follow what the server does in the background: hatching, evolving, rendering."""

    def get(self, operation_id: str, /, **options: Unpack[RequestOptions]) -> models.Operation:
        """Fetch an operation as it stands."""
        return step(self._async.get(operation_id, **options))

    def wait(
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
        return step(
            self._async.wait(
                operation_id, timeout=timeout, interval=interval, raise_on_failure=raise_on_failure, **options
            )
        )

    def wait_for_completion(
        self, operation_id: str, /, *, timeout: float = 60.0, interval: float = 2.0, **options: Unpack[PollOptions]
    ) -> models.Operation:
        """Deprecated: use `wait`."""
        return step(self._async.wait_for_completion(operation_id, timeout=timeout, interval=interval, **options))
