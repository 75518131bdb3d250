"""Eggs: what a buddy hatches from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from hatched.models._base import NOT_IN_BODY, Model, Params
from hatched.models._enums import OpenEnum


class EggStatus(OpenEnum):
    """`waiting` → `ready` → `hatching` → `hatched`; `waiting` and `ready` may become `cancelled`."""

    WAITING = "waiting"
    READY = "ready"
    HATCHING = "hatching"
    HATCHED = "hatched"
    CANCELLED = "cancelled"


@frozen(kw_only=True)
class Egg(Model):
    """An egg of one of your users.

    Attributes:
        config_version_id: The published rules that the buddy will live by.
        buddy_id: The buddy that hatched from it; `None` until `status` is `hatched`.
        metadata: Your own data, as you sent it. `metadata["audience"]` binds the buddy's audience.
    """

    egg_id: str
    user_id: str
    status: EggStatus
    visual_variant: int
    config_version_id: str
    buddy_id: str | None = None
    metadata: Mapping[str, Any]
    created_at: datetime


@frozen(kw_only=True)
class EggStatusChange(Model):
    """The answer to `eggs.update_status`."""

    egg_id: str
    status: EggStatus
    previous_status: EggStatus


@frozen(kw_only=True)
class HatchResult(Model):
    """A hatch that has begun: pass `operation_id` to `operations.wait`."""

    operation_id: str
    status: str


@frozen(kw_only=True)
class CreateEggParams(Params):
    """The parameters of `eggs.create`. `ensure` travels in the query, `audience` inside `metadata`."""

    user_id: str
    metadata: Mapping[str, Any] | None = None
    ensure: bool | None = field(default=None, metadata=NOT_IN_BODY)
    audience: str | None = field(default=None, metadata=NOT_IN_BODY)


@frozen(kw_only=True)
class UpdateEggStatusParams(Params):
    """The body of `eggs.update_status`."""

    status: Literal["ready", "cancelled"]


@frozen(kw_only=True)
class ListEggsParams(Params):
    """The filters of `eggs.list`. `page` counts from 1."""

    user_id: str | None = None
    status: EggStatus | str | None = None
    page: int | None = None
    limit: int | None = None
