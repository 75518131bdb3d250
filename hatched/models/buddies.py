"""Buddies, and what they own, earn and become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from attrs import frozen

from hatched.models._base import Model, Params
from hatched.models._enums import OpenEnum


class BuddyStatus(OpenEnum):
    """Whether a buddy still takes part."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class BuddyAppearanceStatus(OpenEnum):
    """State of the buddy's picture; `failed` with code `needs_rerender` asks for `buddies.rerender_appearance`."""

    READY = "ready"
    PENDING = "pending"
    AWAITING_CREDITS = "awaiting_credits"
    FAILED = "failed"


class TokenKind(OpenEnum):
    """`primary` tokens can be spent, `progression` tokens only accumulate."""

    PRIMARY = "primary"
    PROGRESSION = "progression"


class EvolutionSource(OpenEnum):
    """What moved the buddy to its next stage."""

    PROD = "prod"
    DEMO = "demo"
    AUTO = "auto"


@frozen(kw_only=True)
class BuddyProgression(Model):
    """Counters of a buddy.

    Attributes:
        xp: What players are shown; currently the same as `total_skill_level`.
        custom_counters: How often each event type has happened.
    """

    xp: float
    total_skill_level: float
    badge_count: int
    item_count: int
    current_streak: int
    longest_streak: int
    custom_counters: Mapping[str, float]


@frozen(kw_only=True)
class BuddyEquippedItem(Model):
    """An item that the buddy wears."""

    item_id: str
    name: str
    image_url: str | None = None


@frozen(kw_only=True)
class BuddyAppearance(Model):
    """State of the picture: what should be worn, and what the current image shows."""

    status: BuddyAppearanceStatus
    operation_id: str | None = None
    desired_equipped_item_ids: tuple[str, ...]
    rendered_equipped_item_ids: tuple[str, ...]
    retryable: bool
    message: str | None = None
    error: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class Buddy(Model):
    """A user's buddy.

    Attributes:
        coins: Spendable balance.
        skills: Value by skill key.
        tokens: Balance by token key.
        image_url: What to display; `base_image_url` is the bare art of the stage.
    """

    id: str
    customer_id: str
    user_id: str
    audience: str
    name: str
    config_version_id: str
    evolution_stage: int
    coins: int
    status: BuddyStatus
    skills: Mapping[str, float]
    tokens: Mapping[str, float]
    progression: BuddyProgression | None = None
    image_url: str | None = None
    base_image_url: str | None = None
    thumb_url: str | None = None
    equipped_items: tuple[BuddyEquippedItem, ...]
    appearance: BuddyAppearance | None = None
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class PageMeta(Model):
    """Where a page of buddies stands; `page` counts from 1."""

    total: int
    page: int
    limit: int


@frozen(kw_only=True)
class BuddyList(Model):
    """One page of `buddies.list`; `buddies.iter` walks all of them."""

    data: tuple[Buddy, ...]
    meta: PageMeta


@frozen(kw_only=True)
class TokenBalance(Model):
    """One token of a buddy.

    Attributes:
        lifetime_spent: Always 0 for a progression token.
    """

    kind: TokenKind
    key: str
    label: str
    balance: float
    lifetime_earned: float
    lifetime_spent: float


@frozen(kw_only=True)
class TokensSummary(Model):
    """Both token slots; `None` where the customer has not configured one."""

    primary: TokenBalance | None = None
    progression: TokenBalance | None = None


@frozen(kw_only=True)
class BuddyEvolutionRecord(Model):
    """One stage transition."""

    id: str
    buddy_id: str
    from_stage: int
    to_stage: int
    triggered_by_event_id: str | None = None
    image_url: str | None = None
    source: EvolutionSource
    metadata: Mapping[str, Any]
    occurred_at: datetime


@frozen(kw_only=True)
class Pagination(Model):
    """Where a page of evolutions stands; `page` counts from 1."""

    page: int
    limit: int
    total: int


@frozen(kw_only=True)
class EvolutionPage(Model):
    """One page of `buddies.evolutions`; `buddies.iter_evolutions` walks all of them."""

    data: tuple[BuddyEvolutionRecord, ...]
    pagination: Pagination


@frozen(kw_only=True)
class EquipItemsResult(Model):
    """The answer to `buddies.equip`.

    Attributes:
        operation_id: The render to wait for; `None` when a cached picture was at hand (`cached`).
    """

    accepted: bool
    operation_id: str | None = None
    status: str
    appearance_status: BuddyAppearanceStatus
    cached: bool


@frozen(kw_only=True)
class RerenderAppearanceResult(Model):
    """The answer to `buddies.rerender_appearance`; pass `operation_id` to `operations.wait`."""

    accepted: bool
    operation_id: str
    status: str
    appearance_status: BuddyAppearanceStatus


# The reference leaves the answers below untyped. Their fields are inferred, so each may be absent;
# whatever else the server sends is in `extra`.


@frozen(kw_only=True)
class LedgerEntry(Model):
    """The answer to `buddies.earn` and `buddies.spend` (inferred from the `coins.earned` webhook).

    Attributes:
        balance: The balance after this entry.
    """

    buddy_id: str | None = None
    amount: float | None = None
    balance: float | None = None
    reason: str | None = None
    reference_id: str | None = None
    ledger_id: str | None = None
    is_lucky: bool | None = None


@frozen(kw_only=True)
class SkillsSnapshot(Model):
    """The answer to `buddies.update_skills` (inferred): all skill values after the change."""

    buddy_id: str | None = None
    skills: Mapping[str, float] | None = None


@frozen(kw_only=True)
class BuddyBadge(Model):
    """A badge of a buddy, in `buddies.get_badges` and `buddies.award_badge` (inferred).

    Attributes:
        status: `awarded`, or `ready` for a badge that waits for `buddies.award_badge`.
    """

    badge_key: str | None = None
    label: str | None = None
    status: str | None = None
    reason: str | None = None
    awarded_at: datetime | None = None


@frozen(kw_only=True)
class PurchasedItem(Model):
    """An item that a buddy owns (inferred).

    Attributes:
        price: What was paid, in coins.
        balance: Coins left, in the answer to `buddies.purchase_item`.
    """

    item_id: str | None = None
    name: str | None = None
    category: str | None = None
    image_url: str | None = None
    price: float | None = None
    balance: float | None = None
    equipped: bool | None = None
    purchased_at: datetime | None = None


@frozen(kw_only=True)
class EvolutionState(Model):
    """How far a buddy is on the way to its next stage (inferred)."""

    buddy_id: str | None = None
    evolution_stage: int | None = None
    next_stage: int | None = None
    max_stage: int | None = None
    evolution_ready: bool | None = None


@frozen(kw_only=True)
class EvolveResult(Model):
    """An evolution that has begun (inferred): pass `operation_id` to `operations.wait`."""

    operation_id: str | None = None
    status: str | None = None


@frozen(kw_only=True)
class ProgressionSnapshot(Model):
    """The answer to `buddies.get_progression` (inferred from `BuddyProgression`)."""

    xp: float | None = None
    total_skill_level: float | None = None
    badge_count: int | None = None
    item_count: int | None = None
    current_streak: int | None = None
    longest_streak: int | None = None
    custom_counters: Mapping[str, float] | None = None


@frozen(kw_only=True)
class UserSummary(Model):
    """Everything about one of your users (inferred)."""

    user_id: str | None = None
    buddies: tuple[Buddy, ...] | None = None


@frozen(kw_only=True)
class BuddyListParams(Params):
    """The filters of `buddies.list`. `page` counts from 1; the sort keys are not documented."""

    user_id: str | None = None
    status: BuddyStatus | str | None = None
    evolution_stage: int | None = None
    page: int | None = None
    limit: int | None = None
    sort: str | None = None
    order: Literal["asc", "desc"] | None = None


@frozen(kw_only=True)
class UpdateBuddyParams(Params):
    """The body of `buddies.update_name`."""

    name: str


@frozen(kw_only=True)
class SkillUpdate(Params):
    """One change of a skill: `amount` goes with `increase` and `decrease`, `value` with `set`."""

    key: str
    action: Literal["increase", "decrease", "set"]
    amount: float | None = None
    value: float | None = None


@frozen(kw_only=True)
class UpdateSkillsParams(Params):
    """The body of `buddies.update_skills`."""

    updates: Sequence[SkillUpdate]  # inferred: the name of the wrapping key


@frozen(kw_only=True)
class EarnCoinsParams(Params):
    """The body of `buddies.earn`. Without `token` the customer's primary token is earned."""

    amount: float
    reason: str
    reference_id: str | None = None
    token: str | None = None


@frozen(kw_only=True)
class SpendCoinsParams(Params):
    """The body of `buddies.spend`. Without `token` the customer's primary token is spent."""

    amount: float
    reason: str
    item_id: str | None = None
    token: str | None = None


@frozen(kw_only=True)
class AwardBadgeParams(Params):
    """The body of `buddies.award_badge`."""

    badge_key: str
    reason: str | None = None


@frozen(kw_only=True)
class EquipItemsParams(Params):
    """The body of `buddies.equip`: item ids to put on and to take off. At most four are worn."""

    equip: Sequence[str] | None = None
    unequip: Sequence[str] | None = None


@frozen(kw_only=True)
class ListEvolutionsParams(Params):
    """The page of `buddies.evolutions`. `page` counts from 1."""

    page: int | None = None
    limit: int | None = None
