"""Long-running work of the server: hatching, evolving, rendering."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen

from hatched.models._base import Model, Params
from hatched.models._enums import OpenEnum


class OperationStatus(OpenEnum):
    """`pending` → `processing` → `completed` or `failed`."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@frozen(kw_only=True)
class Operation(Model):
    """One piece of work.

    Attributes:
        type: What it does; the values are not documented.
        result: The outcome of a completed operation; a hatch has `{"buddy_id": …}`.
        error: The reason of a failed one.
    """

    aliases: ClassVar[tuple[str, ...]] = ("id",)

    operation_id: str
    type: str
    status: OperationStatus
    result: Any = None
    error: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        """The same as `operation_id`."""
        return self.operation_id


@frozen(kw_only=True)
class WaitOptions(Params):
    """How long `operations.wait` waits and how often it looks, in seconds."""

    timeout: float = 60.0
    interval: float = 2.0
