"""What `HatchedError.details` holds for the errors that document it."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from hatched.models._base import Model
from hatched.models.eggs import EggStatus


@frozen(kw_only=True)
class NoPublishedConfigDetails(Model):
    """Details of `no_published_config`: where to publish, and where to read how."""

    customer_id: str | None = None
    publish_url: str | None = None
    docs_url: str | None = None


@frozen(kw_only=True)
class ActiveEggLimitEgg(Model):
    """One of the eggs that fill the limit."""

    egg_id: str
    status: EggStatus
    created_at: datetime


@frozen(kw_only=True)
class ActiveEggLimitDetails(Model):
    """Details of `active_egg_limit`: the cap, and the eggs to hatch or cancel."""

    max: int | None = None
    active: tuple[ActiveEggLimitEgg, ...] = ()


@frozen(kw_only=True)
class CreditInsufficientDetails(Model):
    """Details of `credit_insufficient`: credits needed, credits left, and what is left in each pool."""

    required: float | None = None
    available: float | None = None
    welcome: float | None = None
    paid: float | None = None
    promo: float | None = None
    upgrade_url: str | None = None
    top_up_url: str | None = None


@frozen(kw_only=True)
class EventQuotaExceededDetails(Model):
    """Details of `event_quota_exceeded`; `reset_at` is the first of the next UTC month."""

    used: int | None = None
    limit: int | None = None
    reset_at: datetime | None = None
    upgrade_url: str | None = None


@frozen(kw_only=True)
class PlanFeatureLockedDetails(Model):
    """Details of `plan_feature_locked`: the feature, and the plan that has it."""

    feature: str | None = None
    required_plan: str | None = None
    current_plan: str | None = None
    upgrade_url: str | None = None
