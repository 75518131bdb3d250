"""What a customer configures. The fields of a rule are those that the documentation names (concepts/*)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import Factory, frozen

Slot = Literal["primary", "progression"]
Period = Literal["daily", "weekly", "monthly"]
Category = Literal["background", "body", "feet", "hand", "neck", "face", "head", "accessory", "booster"]
ConditionType = Literal[
    # These are the types of the reference (SDK: PathConditionType).
    "event_count",
    "milestone",
    "streak",
    "skill_level",
    "collection",
    "evolution",
    "coin",
    "badge_earned",
    "gate_unlocked",
    "custom",
    # Evolution has three more (concepts/evolution); their names are inferred.
    "xp",
    "badge_count",
    "progression_token",
]


@frozen
class Condition:
    """Something that is true of a buddy or not. `conditions.CONFIG` lists the keys of `config`, which are inferred."""

    type: ConditionType
    config: Mapping[str, Any]


@frozen(kw_only=True)
class Token:
    """What fills one of the two slots. The primary token is what `coins` counts; progression is never spent.

    Attributes:
        icon: No answer shows it.
        max_balance: Earning stops here.
    """

    key: str
    label: str
    icon: str | None = None
    max_balance: int | None = None


@frozen(kw_only=True)
class Multiplier:
    """Makes a coin rule pay `factor` times as much, if a property has a value and a streak is long enough.

    That multipliers exist ("streak or premium") is seen, how one is written is inferred.

    Attributes:
        at_least: Length of the streak, counting the event in hand.
    """

    factor: float
    property: str | None = None
    equals: Any = True
    streak: str | None = None
    at_least: int = 1


def _rule_key(rule: CoinRule) -> str:
    return rule.event if rule.slot == "primary" else f"{rule.event}:{rule.slot}"


def _label(thing: Any) -> str:
    key: str = thing.key
    return key.replace("_", " ").capitalize()


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
    token_reward: int = 0


@frozen(kw_only=True)
class Skill:
    """A number between 0 and `max`, with a level for every `level_every` points (concepts/skills)."""

    key: str
    label: str = Factory(_label, takes_self=True)
    max: float = 100
    level_every: float = 20


@frozen(kw_only=True)
class SkillRule:
    """An event type raises a skill, or lowers it if `amount` is negative."""

    event: str
    skill: str
    amount: float
    audience: str | None = None


@frozen(kw_only=True)
class Decay:
    """A skill that is not practised fades (concepts/skill-decay: the fields are seen).

    Attributes:
        amount: Points per day, week or month.
        floor_level: It never falls below this level.
        grace_days: It begins so many days after the last event that raised the skill (inferred).
        apply_only_above: It leaves values up to this one alone.
    """

    skill_key: str
    cadence: Period
    amount: float
    floor_level: int = 0
    grace_days: int = 0
    apply_only_above: float | None = None
    audience: str = "default"
    active: bool = True


@frozen(kw_only=True)
class Milestone:
    """A length of a streak that is worth something."""

    at: int
    coins: int = 0
    tokens: int = 0
    badge: str | None = None


@frozen(kw_only=True)
class Streak:
    """Periods in a row with an event of one of the types (concepts/streaks).

    Attributes:
        bonus: Coins for every tick.
        hero: At most one streak is the one that a widget shows first.
        display_mode: No answer shows it, nor `max_row_icons`: they are for widgets. The default is inferred.
    """

    key: str
    events: tuple[str, ...]
    label: str = Factory(_label, takes_self=True)
    icon: str = "flame"
    period: Period = "daily"
    bonus: int = 0
    milestones: tuple[Milestone, ...] = ()
    hero: bool = False
    audience: str | None = None
    display_mode: Literal["count", "row", "mini"] = "count"
    max_row_icons: int | None = None


@frozen(kw_only=True)
class Stage:
    """What a buddy needs to reach a stage: all of `conditions`."""

    conditions: tuple[Condition, ...]


@frozen(kw_only=True)
class Evolution:
    """The stages after the first, at most four (concepts/evolution: five is the hard maximum).

    Attributes:
        mode: `preset` art costs nothing, the others an AI credit.
        auto: Whether a buddy that is ready evolves by itself.
    """

    stages: tuple[Stage, ...] = ()
    mode: Literal["preset", "generative", "hybrid"] = "generative"
    auto: bool = False


@frozen(kw_only=True)
class Item:
    """Something to buy and wear (concepts/marketplace).

    Attributes:
        description: No answer shows it.
        price: Units of the token; 0 is free.
        token_key: As for a gate (inferred): the primary token, which is the coins, if `None`. A price in the
            progression token is one that nobody can pay.
        stage_image_urls: By stage (`"3"`), what is shown in place of `image_url`.
        visible_if: Who cannot see an item cannot buy it.
    """

    key: str
    category: Category
    name: str = Factory(_label, takes_self=True)
    description: str | None = None
    price: int = 0
    token_key: str | None = None
    image_url: str | None = None
    stage_image_urls: Mapping[str, str] = Factory(dict[str, str])
    rarity: Literal["common", "uncommon", "rare", "epic", "legendary"] = "common"
    audience: str | None = None
    visible_if: Condition | None = None


@frozen(kw_only=True)
class Gate:
    """Something to unlock once for primary tokens (guides/unlock-gates).

    Attributes:
        token_key: The primary token if `None`.
    """

    key: str
    cost: int
    token_key: str | None = None
    label: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] = Factory(dict[str, Any])
    is_active: bool = True


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
    skills: tuple[Skill, ...] = ()
    skill_rules: tuple[SkillRule, ...] = ()
    decays: tuple[Decay, ...] = ()
    streaks: tuple[Streak, ...] = ()
    evolution: Evolution = Evolution()
    items: tuple[Item, ...] = ()
    gates: tuple[Gate, ...] = ()

    def token(self, slot: Slot) -> Token | None:
        """What fills a slot."""
        return self.primary if slot == "primary" else self.progression
