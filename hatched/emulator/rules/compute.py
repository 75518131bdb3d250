"""Phase 1 and phase 3 of the engine (concepts/rule-engine: the phases are seen).

Phase 1, `compute`, is a pure function of state, rules and event. Phase 2 is the caller's: one transaction that
stores what phase 1 found. Phase 3, `settle`, is what follows a commit: counters and readiness. It is pure too, and
the emulator stores it with phase 2, so that a killed process cannot lose a counter.
"""

from __future__ import annotations

from typing import NamedTuple

from hatched.emulator.rules.book import Book
from hatched.emulator.rules.coins import pay
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.effects import Effects
from hatched.emulator.rules.model import Slot
from hatched.emulator.rules.state import Held, State


class Entry(NamedTuple):
    """A line for the ledger; `balance` is what there is after it."""

    slot: Slot
    amount: int
    balance: int
    reason: str


NO_MATCHING_RULES = Effects(debug_reason="no_matching_rules")


class Outcome(NamedTuple):
    """The new state, the lines for the ledger, and the effects to answer with."""

    state: State
    entries: list[Entry]
    effects: Effects


def compute(state: State, book: Book, event: Event) -> Outcome:
    """Phase 1: what `event` does to `state`, which stays as it is."""
    draft = state.copy()
    entries: list[Entry] = []
    awarded: list[str] = []
    ready: list[str] = []

    for rule in book.coin_rules.get(event.type, ()):
        _earn(draft, book, entries, rule.slot, pay(draft, rule, event), event.type)
    for badge, test in book.badges:
        if badge.key not in draft.badges and test(draft, event):
            if badge.auto_award:
                draft.badges[badge.key] = Held("awarded", event.now)
                awarded.append(badge.key)
                _earn(draft, book, entries, "primary", badge.coin_reward, badge.key)
            else:
                draft.badges[badge.key] = Held("ready", event.now)
                ready.append(badge.key)
    if not (entries or awarded or ready):
        return Outcome(draft, entries, Effects() if event.type in book.acts_on else NO_MATCHING_RULES)
    coins = 0
    tokens: list[str] = []
    for entry in entries:
        if entry.slot == "primary":
            coins += entry.amount
        elif book.rules.progression:
            tokens.append(f"{book.rules.progression.key}:{entry.amount}")
    return Outcome(draft, entries, Effects(coins, tuple(awarded), tuple(ready), tuple(tokens)))


def _earn(draft: State, book: Book, entries: list[Entry], slot: Slot, amount: int, reason: str) -> None:
    amount = draft.earn(book.rules, slot, amount)
    if amount:
        entries.append(Entry(slot, amount, draft.tally(slot).balance, reason))


def settle(state: State, book: Book, event: Event) -> State:
    """Phase 3: the state after `event` has been counted."""
    settled = state.copy()
    settled.counters[event.type] = settled.counters.get(event.type, 0) + 1
    return settled
