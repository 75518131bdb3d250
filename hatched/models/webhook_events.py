"""Bodies of webhooks (reference/webhook-payloads). Those of other event types are not documented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from hatched.models._base import Model


@frozen(kw_only=True)
class BuddyHatched(Model):
    """`buddy.hatched`"""

    buddy_id: str
    egg_id: str | None = None
    user_id: str | None = None
    name: str | None = None
    image_url: str | None = None
    thumb_url: str | None = None
    evolution_stage: int | None = None


@frozen(kw_only=True)
class BuddyEvolved(Model):
    """`buddy.evolved`"""

    buddy_id: str
    previous_stage: int | None = None
    new_stage: int | None = None
    image_url: str | None = None


@frozen(kw_only=True)
class CoinsChanged(Model):
    """`coins.earned` and `coins.spent`; `balance` is the one after the change."""

    buddy_id: str
    amount: float
    balance: float | None = None
    reason: str | None = None
    reference_id: str | None = None
    ledger_id: str | None = None
    is_lucky: bool | None = None


@frozen(kw_only=True)
class TokenChanged(Model):
    """`token.earned` and `token.spent`; the documentation is cut off after these fields."""

    buddy_id: str
    token_type: str | None = None
    amount: float | None = None
    reason: str | None = None


@frozen(kw_only=True)
class SkillDecayed(Model):
    """`skill.decayed`; the documentation is cut off after these fields."""

    buddy_id: str
    user_id: str | None = None
    skill_key: str | None = None


@frozen(kw_only=True)
class WebhookEvent:
    """A delivery that was verified.

    Attributes:
        type: Such as `badge.awarded`.
        delivery_id: Deliveries come at least once and in any order: skip an id that you have seen.
        timestamp: When it was signed.
        data: A model of this module, or the parsed body if its type or shape is not a documented one.
    """

    type: str
    delivery_id: str | None
    timestamp: datetime
    data: BuddyHatched | BuddyEvolved | CoinsChanged | TokenChanged | SkillDecayed | Mapping[str, Any]
