"""What each plan includes (reference/rate-limits, billing/pricing, billing/credits: seen)."""

from __future__ import annotations

from typing import NamedTuple

from hatched.emulator.errors import ApiError

UPGRADE_URL = "https://hatched.live/pricing"  # inferred: the documentation names the field, not the address


class Limits(NamedTuple):
    """Requests per sliding window of 60 s and of 86,400 s; `None` is unlimited."""

    minute: int
    day: int | None

    def times(self, factor: int) -> Limits:
        return Limits(self.minute * factor, None if self.day is None else self.day * factor)


class Plan(NamedTuple):
    """One plan.

    Attributes:
        rank: Higher plans include what lower ones have.
        events: Events per UTC month; `None` is unlimited ("by contract").
        welcome: AI credits given once.
        paid: AI credits per month.
    """

    name: str
    rank: int
    limits: Limits
    events: int | None
    welcome: int
    paid: int


PLANS = {
    plan.name: plan
    for plan in (
        Plan("free", 0, Limits(100, 5_000), 10_000, 20, 0),
        Plan("growth", 1, Limits(1_000, 50_000), 500_000, 20, 50),
        Plan("pro", 2, Limits(5_000, 250_000), 5_000_000, 20, 250),
        Plan("enterprise", 3, Limits(50_000, None), None, 20, 250),  # credits inferred: those of Pro
    )
}

PUBLISHABLE = Limits(200, 10_000)
UNAUTHENTICATED = Limits(20, 200)

FEATURES = {"marketplace": "growth", "evolution": "growth", "paths": "pro"}
"""The lowest plan that has a feature."""
AUDIENCES = {"free": 1, "growth": 1, "pro": 3}
"""How many a plan may have ("up to 3 from Pro": seen); that enterprise has no bound is inferred."""


def find(name: str) -> Plan:
    """The plan of that name; the rate-limit page calls the free one `starter`. Raises `ValueError`."""
    try:
        return PLANS["free" if name == "starter" else name]
    except KeyError:
        raise ValueError(f"no such plan: {name!r} (there are {', '.join(PLANS)})") from None


def require(plan: Plan, feature: str) -> None:
    """Refuses a feature that the plan does not have, with 403 `plan_feature_locked`."""
    needed = PLANS[FEATURES[feature]]
    if plan.rank < needed.rank:
        raise ApiError(
            403,
            "plan_feature_locked",
            f"{feature} needs the {needed.name} plan",
            {
                "feature": feature,
                "required_plan": needed.name,
                "current_plan": plan.name,
                "upgrade_url": UPGRADE_URL,
            },
        )
