"""What a type cannot say about a field. Inferred where it says `seen=False`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hatched.emulator.clock import parse_time
from hatched.models.buddies import (
    AwardBadgeParams,
    BuddyListParams,
    EarnCoinsParams,
    EquipItemsParams,
    ListEvolutionsParams,
    SkillUpdate,
    SpendCoinsParams,
    UpdateBuddyParams,
    UpdateSkillsParams,
)
from hatched.models.eggs import CreateEggParams, ListEggsParams
from hatched.models.events import SendBatchParams, SendEventParams
from hatched.models.paths import (
    CreatePathDefinitionParams,
    CreatePathStepParams,
    CreatePathSubStepParams,
    PathOrdinal,
    UpdatePathDefinitionParams,
    UpdatePathStepParams,
    UpdatePathSubStepParams,
)
from hatched.models.tokens import CreateEmbedTokenParams, CreateSessionParams
from hatched.models.webhooks import CreateWebhookParams, ListDeliveriesParams
from hatched.routes import MAX_BATCH

MAX_PAGE = 2**31


class RefusedError(Exception):
    """Why a value does not do, as the end of a sentence that begins with its field.

    Args:
        seen: Whether the documentation says so.
    """

    def __init__(self, why: str, *, seen: bool = True) -> None:
        super().__init__(why)
        self.seen = seen


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def uuid(value: str) -> str:
    """The id in lower case."""
    if not _UUID.fullmatch(value):
        raise RefusedError("must be a UUID")
    return value.lower()


def uuids(value: Sequence[str]) -> tuple[str, ...]:
    """Ids in lower case."""
    if not all(map(_UUID.fullmatch, value)):
        raise RefusedError("must contain only UUIDs")
    return tuple(each.lower() for each in value)


def not_empty(value: str) -> str:
    if not value:
        raise RefusedError("should not be empty", seen=False)
    return value


def between(low: int, high: int) -> Callable[[Any], Any]:
    """A number in a closed range."""

    def check(value: Any) -> Any:
        if value < low:
            raise RefusedError(f"must not be less than {low}", seen=False)
        if value > high:
            raise RefusedError(f"must not be greater than {high}", seen=False)
        return value

    return check


def whole(value: float) -> int:
    """A positive whole number: coins are integers in the reference."""
    if value != int(value):
        raise RefusedError("must be an integer number", seen=False)
    if value <= 0:
        raise RefusedError("must be a positive number", seen=False)
    return int(value)


@lru_cache(maxsize=1024)
def moment(value: str) -> datetime:
    """The aware time of ISO 8601. Kept, for what happened together is sent together."""
    try:
        parsed = parse_time(value).astimezone(UTC)
        datetime.fromtimestamp(parsed.timestamp(), UTC)  # as a float, the end of 9999 is in a year that is none
        return parsed
    except (ValueError, OverflowError):
        raise RefusedError("must be a valid ISO 8601 date string", seen=False) from None


def sized(low: int, high: int, *, seen: bool = False) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A list of at least `low` and at most `high` elements; `seen` if that is stated."""

    def check(value: Sequence[Any]) -> Sequence[Any]:
        if len(value) < low:
            raise RefusedError(f"must contain at least {low} elements", seen=seen)
        if len(value) > high:
            raise RefusedError(f"must contain no more than {high} elements", seen=seen)
        return value

    return check


def not_negative(value: float) -> float:
    """A number from 0 up."""
    if value < 0:
        raise RefusedError("must not be less than 0", seen=False)
    return value


def web_address(value: str) -> str:
    """An absolute http or https URL."""
    if not re.match(r"https?://[^/\s]+", value):
        raise RefusedError("must be a URL address", seen=False)
    return value


_path_part = {
    "key": not_empty,
    "label": not_empty,
    "ordinal": between(0, MAX_PAGE),
    "reward_coins": between(0, MAX_PAGE),
}
_paged = {"page": between(1, MAX_PAGE), "limit": between(1, 100)}

CONSTRAINTS: dict[type, dict[str, Callable[[Any], Any]]] = {
    CreateEggParams: {"user_id": not_empty},
    ListEggsParams: _paged,
    BuddyListParams: _paged,
    UpdateBuddyParams: {"name": not_empty},
    EarnCoinsParams: {"amount": whole},
    SpendCoinsParams: {"amount": whole},
    EquipItemsParams: {"equip": uuids, "unequip": uuids},
    ListEvolutionsParams: _paged,
    UpdateSkillsParams: {"updates": sized(1, 100)},
    SkillUpdate: {"amount": not_negative, "value": not_negative},
    CreateSessionParams: {
        "buddy_id": uuid,
        "user_id": not_empty,
        "scopes": sized(1, MAX_PAGE, seen=True),
        "ttl_seconds": between(1, 3_600),
    },
    CreateEmbedTokenParams: {"buddy_id": uuid, "user_id": not_empty, "ttl_seconds": between(1, 86_400)},
    CreateWebhookParams: {"url": web_address, "events": sized(1, 50)},
    ListDeliveriesParams: {"limit": between(1, 100)},
    CreatePathDefinitionParams: {"key": not_empty, "label": not_empty},
    UpdatePathDefinitionParams: {"key": not_empty, "label": not_empty},
    CreatePathStepParams: _path_part,
    UpdatePathStepParams: _path_part,
    CreatePathSubStepParams: _path_part,
    UpdatePathSubStepParams: _path_part,
    PathOrdinal: {"id": uuid, "ordinal": between(0, MAX_PAGE)},
    AwardBadgeParams: {"badge_key": not_empty},
    SendEventParams: {"event_id": not_empty, "user_id": not_empty, "type": not_empty, "occurred_at": moment},
    SendBatchParams: {"events": sized(1, MAX_BATCH, seen=True)},
}
