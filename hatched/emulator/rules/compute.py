"""Phase 1 and phase 3 of the engine (concepts/rule-engine: the phases are seen).

Phase 1, `compute`, is a pure function of state, rules and event. Phase 2 is the caller's: one transaction that
stores what phase 1 found. Phase 3, `settle`, is what follows a commit: counters and readiness. The emulator stores it
with phase 2, so that a killed process cannot lose a counter.
"""

from __future__ import annotations

from typing import NamedTuple

from attrs import define

from hatched.emulator.rules import paths
from hatched.emulator.rules.book import NO_PLAN, Book
from hatched.emulator.rules.coins import pay
from hatched.emulator.rules.conditions import Event
from hatched.emulator.rules.effects import Effects, PathUpdate, StreakUpdate
from hatched.emulator.rules.model import Badge, Slot, Streak
from hatched.emulator.rules.skills import practise
from hatched.emulator.rules.state import Held, State
from hatched.emulator.rules.streaks import period_of, tick


class Entry(NamedTuple):
    """A line for the ledger; `balance` is what there is after it."""

    slot: Slot
    amount: int
    balance: int
    reason: str


@define
class Outcome:
    """The new state, the lines for the ledger, the effects to answer with, and which guesses they rest on."""

    state: State
    entries: tuple[Entry, ...]
    effects: Effects
    inferred: tuple[str, ...]


@define
class Earnings:
    """What is earned in one go, in `draft` and for the record."""

    draft: State
    book: Book
    now: float
    entries: tuple[Entry, ...] = ()
    awarded: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()

    def earn(self, slot: Slot, amount: int, reason: str) -> None:
        """Coins, or units of the progression token."""
        if amount <= 0:
            return
        earned = self.draft.earn(self.book.rules, slot, amount)
        if earned < amount:
            self.inferred += ("tokens.max_balance",)
        if earned:
            self.entries += (Entry(slot, earned, self.draft.tally(slot).balance, reason),)

    def award(self, badge: Badge, reason: str | None = None) -> None:
        """A badge with its rewards; one that the buddy has is not given again (inferred)."""
        held = self.draft.badges.get(badge.key)
        if held is None or held.status != "awarded":
            self.draft.badges = {**self.draft.badges, badge.key: Held("awarded", self.now, reason)}
            self.awarded += (badge.key,)
            self.earn("primary", badge.coin_reward, badge.key)
            self.earn("progression", badge.token_reward, badge.key)

    def reward(self, coins: int, badge: str | None, reason: str) -> None:
        """What a milestone or a completion is worth; an unknown badge is left out (inferred)."""
        self.earn("primary", coins, reason)
        if badge is not None and (known := self.book.badge(badge)):
            self.award(known)


NOTHING = Effects()
NO_MATCHING_RULES = Effects(debug_reason="no_matching_rules")


def compute(state: State, book: Book, event: Event, path: paths.Path | None = None) -> Outcome:
    """Phase 1: what `event` does to `state`, which stays as it is."""
    draft = state.copy()
    earnings = Earnings(draft, book, event.now)
    plan = book.plans.get(event.type, NO_PLAN)
    streak_updates = _streaks(plan.streaks, draft, event, earnings) if plan.streaks else ()
    for rule in plan.coin_rules:
        amount = pay(draft, rule, book, event)
        if rule.multiplier is not None or 0 < amount < rule.amount:
            earnings.inferred += ("coin_rules.multiplier" if rule.multiplier else "coin_rules.partial",)
        earnings.earn(rule.slot, amount, event.type)
    for skill, skill_rule in plan.skill_rules:
        if practise(draft, skill, skill_rule, event.at):
            earnings.inferred += ("skills.clamped",)
    path_updates = tuple(paths.advance(path, draft, event, earnings)) if path else ()
    for badge, test in book.badges:
        if badge.key not in draft.badges and test(draft, event, event.at):
            if badge.auto_award:
                earnings.award(badge)
            else:
                draft.badges = {**draft.badges, badge.key: Held("ready", event.now)}
                earnings.ready += (badge.key,)
    effects = _effects(earnings, event, streak_updates, path_updates, path)
    if effects is NOTHING and draft.skills is state.skills:
        earnings.inferred += ("events.no_reason",)
    return Outcome(draft, earnings.entries, effects, earnings.inferred)


def settle(state: State, book: Book, event: Event) -> bool:
    """Phase 3: counts `event` in `state`, which is the caller's own; answers whether the buddy is ready to evolve."""
    state.counters = {**state.counters, event.type: state.counters.get(event.type, 0) + 1}
    return ready_to_evolve(state, book, event.now)


def ready_to_evolve(state: State, book: Book, now: float) -> bool:
    """Whether all conditions of the next stage hold at a moment."""
    tests = book.stages.get(state.stage + 1)
    if tests is None:
        return False
    for test in tests:  # noqa: SIM110  every event asks, and a generator costs more than the tests
        if not test(state, None, now):
            return False
    return True


def becomes_ready(state: State, ready: bool) -> bool:
    """Whether it is news that the buddy is `ready` for its next stage, which is remembered in `state`."""
    news = ready and state.ready_for <= state.stage
    state.ready_for = state.stage + 1 if ready else 0
    return news


def _streaks(streaks: tuple[Streak, ...], draft: State, event: Event, earnings: Earnings) -> tuple[StreakUpdate, ...]:
    updates: list[StreakUpdate] = []
    for streak in streaks:
        period = period_of(streak.period, event.at)
        ticked = tick(draft, streak, period)
        if ticked is None:
            if draft.streaks[streak.key].period > period:
                earnings.inferred += ("streaks.late",)
            continue
        run, milestone = ticked.run, ticked.milestone
        earnings.earn("primary", streak.bonus, streak.key)
        if milestone is not None:
            earnings.reward(milestone.coins, milestone.badge, streak.key)
            earnings.earn("progression", milestone.tokens, streak.key)
        updates.append(
            StreakUpdate(
                streak.key,
                streak.label,
                streak.icon,
                run.current,
                run.longest,
                milestone.at if milestone else None,
                streak.hero,
            )
        )
    return tuple(updates)


def _effects(
    earnings: Earnings,
    event: Event,
    streaks: tuple[StreakUpdate, ...],
    updates: tuple[PathUpdate, ...],
    path: paths.Path | None,
) -> Effects:
    book = earnings.book
    if not (earnings.entries or earnings.awarded or earnings.ready or streaks or updates):
        looked_at = book.acts_on(event.type) or (path is not None and event.type in path.looks_at)
        return NOTHING if looked_at else NO_MATCHING_RULES
    coins = 0
    tokens: list[str] = []
    for entry in earnings.entries:
        if entry.slot == "primary":
            coins += entry.amount
        elif book.rules.progression:
            tokens.append(f"{book.rules.progression.key}:{entry.amount}")
    milestones = tuple([update.milestone_hit for update in streaks if update.milestone_hit is not None])
    return Effects(coins, earnings.awarded, earnings.ready, tuple(tokens), milestones, streaks, updates)
