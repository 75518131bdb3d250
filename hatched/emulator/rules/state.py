"""What the engine knows of one buddy. Everything in it is JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import define, fields

from hatched.emulator.messages import dumps
from hatched.emulator.rules.model import Rules, Slot


class Tally(NamedTuple):
    """One wallet slot: a balance, and all that ever came and went."""

    balance: int = 0
    earned: int = 0
    spent: int = 0

    def plus(self, amount: int) -> Tally:
        """After earning."""
        return Tally(self.balance + amount, self.earned + amount, self.spent)

    def minus(self, amount: int) -> Tally:
        """After spending."""
        return Tally(self.balance - amount, self.earned, self.spent + amount)


class Held(NamedTuple):
    """A badge: `ready` or `awarded`, since when (Unix seconds), and why if someone said so."""

    status: str
    at: float
    reason: str | None = None


class Paid(NamedTuple):
    """What a capped rule has paid, ever and by UTC day (a day is a key, so it is text)."""

    total: int
    days: dict[str, int]


class Run(NamedTuple):
    """A streak: its length, its best, the number of the last period that counted, and what is numbered."""

    current: int
    longest: int
    period: int
    of: str = "daily"


class Owned(NamedTuple):
    """An item that was bought, when, and for how much."""

    at: float
    price: int


class Look(NamedTuple):
    """State of the picture (concepts/compositing-and-stages).

    Attributes:
        rendered: The items that the picture shows.
        operation_id: The render that is under way.
        error: Why it failed.
    """

    status: str = "ready"
    rendered: tuple[str, ...] = ()
    operation_id: str | None = None
    error: str | None = None


_MOST = 2**53 - 1
"""What a balance never exceeds: beyond it JavaScript cannot count (inferred)."""
NOTHING_PAID = Paid(0, {})
NO_TALLY = Tally()
PLAIN = Look()
NONE: Mapping[str, Any] = {}


@define
class State:
    """A buddy's standing. Its mappings are replaced, never changed in place, so that copies can share them.

    Attributes:
        primary: The spendable slot, which is what `coins` shows (reference/widgets/tokens: seen).
        counters: How often each event type has happened.
        paid: What each capped coin rule has paid, by the rule's key.
        practised: UTC day of the last rise of each skill.
        equipped: Ids of the items that should be worn.
        gates: When each gate was opened.
        done: When each sub-step, step and path was completed, by id.
        ready_for: The stage that the buddy was last found ready for, if it still was when that was looked at.
    """

    stage: int = 1
    primary: Tally = NO_TALLY
    progression: Tally = NO_TALLY
    badges: Mapping[str, Held] = NONE
    counters: Mapping[str, int] = NONE
    paid: Mapping[str, Paid] = NONE
    skills: Mapping[str, float] = NONE
    practised: Mapping[str, int] = NONE
    streaks: Mapping[str, Run] = NONE
    items: Mapping[str, Owned] = NONE
    equipped: tuple[str, ...] = ()
    look: Look = PLAIN
    gates: Mapping[str, float] = NONE
    done: Mapping[str, float] = NONE
    ready_for: int = 0

    def copy(self) -> State:
        """One whose changes do not show here: its attributes are replaced, and what they hold never changes."""
        return State(
            self.stage,
            self.primary,
            self.progression,
            self.badges,
            self.counters,
            self.paid,
            self.skills,
            self.practised,
            self.streaks,
            self.items,
            self.equipped,
            self.look,
            self.gates,
            self.done,
            self.ready_for,
        )

    def tally(self, slot: Slot) -> Tally:
        """What is in a slot."""
        return self.primary if slot == "primary" else self.progression

    def earn(self, rules: Rules, slot: Slot, amount: int) -> int:
        """Fills a slot, up to its `max_balance` (inferred), and answers how much that took."""
        token, tally = rules.token(slot), self.tally(slot)
        most = _MOST if token is None or token.max_balance is None else token.max_balance
        amount = min(amount, most - tally.balance)
        if amount <= 0:
            return 0
        if slot == "primary":
            self.primary = tally.plus(amount)
        else:
            self.progression = tally.plus(amount)
        return amount

    def dump(self) -> str:
        """JSON, without what is empty."""
        return dumps({name: value for name in _NAMES if (value := getattr(self, name)) and value is not PLAIN})

    @classmethod
    def load(cls, text: str) -> State:
        """The state that `dump` wrote, by this version or an earlier one."""
        values: dict[str, Any] = json.loads(text)
        for name, kind in _TUPLES.items():
            if name in values:
                values[name] = kind(*values[name])
        for name, kind in _TUPLES_BY_KEY.items():
            if name in values:
                values[name] = {key: kind(*value) for key, value in values[name].items()}
        state = cls(**values)
        state.equipped = tuple(state.equipped)
        state.look = state.look._replace(rendered=tuple(state.look.rendered))
        return state

    @property
    def awarded(self) -> int:
        """How many badges the buddy has."""
        return sum(held.status == "awarded" for held in self.badges.values())


_NAMES = tuple(attribute.name for attribute in fields(State))
_TUPLES: dict[str, Any] = {"primary": Tally, "progression": Tally, "look": Look}
_TUPLES_BY_KEY: dict[str, Any] = {"badges": Held, "paid": Paid, "streaks": Run, "items": Owned}
