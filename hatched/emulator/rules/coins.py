"""What a coin rule pays (concepts/coins)."""

from __future__ import annotations

from decimal import Decimal

from hatched.emulator.clock import day_of, week_of
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.model import CoinRule, Multiplier
from hatched.emulator.rules.state import NOTHING_PAID, Paid, State
from hatched.emulator.rules.streaks import length


def pay(draft: State, rule: CoinRule, book: Book, event: Event) -> int:
    """The coins that `rule` gives for `event`, noted against its caps in `draft`.

    A cap that has less left than the rule would pay is filled up (inferred).
    """
    amount = rule.amount
    if rule.multiplier is not None and _applies(rule.multiplier, draft, book, event):
        amount = int(amount * Decimal(str(rule.multiplier.factor)))
    if rule.daily_cap is None and rule.weekly_cap is None and rule.total_limit is None:
        return amount
    total, days = draft.paid.get(rule.key, NOTHING_PAID)
    day = day_of(event.at)
    today = str(day)
    paid_today = days.get(today, 0)
    if rule.daily_cap is not None:
        amount = min(amount, rule.daily_cap - paid_today)
    if rule.weekly_cap is not None:
        monday = week_of(day) * 7 - 3
        amount = min(amount, rule.weekly_cap - sum(days.get(str(monday + offset), 0) for offset in range(7)))
    if rule.total_limit is not None:
        amount = min(amount, rule.total_limit - total)
    if amount <= 0:
        return 0
    draft.paid = {**draft.paid, rule.key: Paid(total + amount, {**days, today: paid_today + amount})}
    return amount


def _applies(multiplier: Multiplier, draft: State, book: Book, event: Event) -> bool:
    """Streaks tick before coins are paid, so the run in `draft` counts the event in hand."""
    if multiplier.streak is not None:
        streak = book.streak(multiplier.streak)
        if streak is None or length(streak, draft, event.at) < multiplier.at_least:
            return False
    return multiplier.property is None or event.properties.get(multiplier.property) == multiplier.equals
