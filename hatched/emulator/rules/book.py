"""The rules of one audience, sorted for quick use."""

from __future__ import annotations

from hatched.emulator.rules.conditions import Test, compile_condition, mentions
from hatched.emulator.rules.model import Badge, CoinRule, Rules


class Book:
    """An index over `Rules`.

    Attributes:
        acts_on: Event types that some rule looks at.
        types: Event types that are registered.
    """

    def __init__(self, rules: Rules, audience: str) -> None:
        self.rules = rules
        self.audience = audience
        self.coin_rules: dict[str, list[CoinRule]] = {}
        for rule in rules.coin_rules:
            if rule.audience in (None, audience):
                self.coin_rules.setdefault(rule.event, []).append(rule)
        self.badges: tuple[tuple[Badge, Test], ...] = tuple(
            (badge, compile_condition(badge.condition)) for badge in rules.badges if badge.audience in (None, audience)
        )
        looked_at = {event for badge, _ in self.badges if (event := mentions(badge.condition))}
        self.acts_on = frozenset(self.coin_rules) | looked_at
        self.types = self.acts_on | set(rules.event_types)
