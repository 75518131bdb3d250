"""What a type cannot say about a field. All `inferred`, except that ids of buddies are UUIDs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from hatched.emulator.clock import parse_time
from hatched.models.buddies import (
    AwardBadgeParams,
    BuddyListParams,
    EarnCoinsParams,
    SpendCoinsParams,
    UpdateBuddyParams,
)
from hatched.models.eggs import CreateEggParams, ListEggsParams
from hatched.models.events import SendBatchParams, SendEventParams

MAX_BATCH = 100  # seen
MAX_PAGE = 2**31


class RefusedError(Exception):
    """Why a value does not do, as the end of a sentence that begins with its field."""


def not_empty(value: str) -> str:
    if not value:
        raise RefusedError("should not be empty")
    return value


def between(low: int, high: int) -> Callable[[Any], Any]:
    """A number in a closed range."""

    def check(value: Any) -> Any:
        if value < low:
            raise RefusedError(f"must not be less than {low}")
        if value > high:
            raise RefusedError(f"must not be greater than {high}")
        return value

    return check


def whole(value: float) -> int:
    """A positive whole number: coins are integers in the reference."""
    if value != int(value):
        raise RefusedError("must be an integer number")
    if value <= 0:
        raise RefusedError("must be a positive number")
    return int(value)


def moment(value: str) -> datetime:
    """The aware time of ISO 8601."""
    try:
        return parse_time(value)
    except ValueError:
        raise RefusedError("must be a valid ISO 8601 date string") from None


def sized(low: int, high: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A list of at least `low` and at most `high` elements."""

    def check(value: Sequence[Any]) -> Sequence[Any]:
        if len(value) < low:
            raise RefusedError(f"must contain at least {low} elements")
        if len(value) > high:
            raise RefusedError(f"must contain no more than {high} elements")
        return value

    return check


_paged = {"page": between(1, MAX_PAGE), "limit": between(1, 100)}

CONSTRAINTS: dict[type, dict[str, Callable[[Any], Any]]] = {
    CreateEggParams: {"user_id": not_empty},
    ListEggsParams: _paged,
    BuddyListParams: _paged,
    UpdateBuddyParams: {"name": not_empty},
    EarnCoinsParams: {"amount": whole},
    SpendCoinsParams: {"amount": whole},
    AwardBadgeParams: {"badge_key": not_empty},
    SendEventParams: {"event_id": not_empty, "user_id": not_empty, "type": not_empty, "occurred_at": moment},
    SendBatchParams: {"events": sized(1, MAX_BATCH)},
}
