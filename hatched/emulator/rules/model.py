"""What a customer configures. The fields of a rule are those that the documentation names (concepts/*)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import Factory, frozen

ConditionType = Literal["event_count", "milestone", "evolution", "coin", "badge_earned", "custom"]


@frozen
class Condition:
    """Something that is true of a buddy or not. `conditions` lists the keys of `config`, which are inferred."""

    type: ConditionType
    config: Mapping[str, Any]


def _rule_key(rule: CoinRule) -> str:
    return rule.event if rule.slot == "primary" else f"{rule.event}:{rule.slot}"


def _label(thing: Badge) -> str:
    return thing.key.replace("_", " ").capitalize()


Slot = Literal["primary", "progression"]


@frozen(kw_only=True)
class Token:
    """What fills one of the two slots. The primary token is what `coins` counts; progression is never spent.

    Attributes:
        max_balance: Earning stops here.
    """

    key: str
    label: str
    max_balance: int | None = None


@frozen(kw_only=True)
class Multiplier:
    """Makes a coin rule pay `factor` times as much, always or when a property of the event has a value.

    That multipliers exist ("streak or premium") is seen, how one is written is inferred.
    """

    factor: float
    property: str | None = None
    equals: Any = True


@frozen(kw_only=True)
class CoinRule:
    """An event type pays coins, or units of the progression token.

    Attributes:
        key: Tells two rules for the same event apart; made from event and slot if not given.
        audience: `None` is every audience.
        daily_cap: Coins per UTC day of `occurred_at`.
        weekly_cap: Coins per ISO week.
        total_limit: Coins per buddy, ever.
    """

    event: str
    amount: int
    slot: Slot = "primary"
    key: str = Factory(_rule_key, takes_self=True)
    audience: str | None = None
    daily_cap: int | None = None
    weekly_cap: int | None = None
    total_limit: int | None = None
    multiplier: Multiplier | None = None


@frozen(kw_only=True)
class Badge:
    """A badge, earned once.

    Attributes:
        auto_award: Whether the engine awards it, or marks it ready for `buddies.award_badge`.
    """

    key: str
    condition: Condition
    label: str = Factory(_label, takes_self=True)
    audience: str | None = None
    auto_award: bool = True
    coin_reward: int = 0


@frozen(kw_only=True)
class Rules:
    """Everything that one config version holds.

    Attributes:
        event_types: Registered for every audience. A type that a rule mentions is registered for that rule's audience.
    """

    audiences: tuple[str, ...] = ("default",)
    event_types: tuple[str, ...] = ()
    primary: Token | None = Token(key="coins", label="Coins")
    progression: Token | None = Token(key="xp", label="XP")
    coin_rules: tuple[CoinRule, ...] = ()
    badges: tuple[Badge, ...] = ()

    def token(self, slot: Slot) -> Token | None:
        """What fills a slot."""
        return self.primary if slot == "primary" else self.progression
