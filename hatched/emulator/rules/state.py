"""What the engine knows of one buddy. Everything in it is JSON."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from attrs import define, field, fields

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


NO_TALLY = Tally()


@define
class State:
    """A buddy's standing.

    Attributes:
        primary: The spendable slot, which is what `coins` shows (reference/widgets/tokens: seen).
        counters: How often each event type has happened.
        paid: What each capped coin rule has paid: `[in total, {UTC day: coins}]`.
    """

    stage: int = 1
    primary: Tally = NO_TALLY
    progression: Tally = NO_TALLY
    badges: dict[str, Held] = field(factory=dict)
    counters: dict[str, int] = field(factory=dict)
    paid: dict[str, tuple[int, dict[str, int]]] = field(factory=dict)

    def copy(self) -> State:
        """One whose changes do not show here; the values inside the dicts are never changed in place."""
        return State(
            self.stage, self.primary, self.progression, self.badges.copy(), self.counters.copy(), self.paid.copy()
        )

    def tally(self, slot: Slot) -> Tally:
        """What is in a slot."""
        return self.primary if slot == "primary" else self.progression

    def earn(self, rules: Rules, slot: Slot, amount: int) -> int:
        """Fills a slot, up to its `max_balance` (inferred), and answers how much that took."""
        token, tally = rules.token(slot), self.tally(slot)
        if token is not None and token.max_balance is not None:
            amount = min(amount, token.max_balance - tally.balance)
        if amount <= 0:
            return 0
        if slot == "primary":
            self.primary = tally.plus(amount)
        else:
            self.progression = tally.plus(amount)
        return amount

    def dump(self) -> str:
        """JSON, without what is empty."""
        return dumps({name: value for name in _NAMES if (value := getattr(self, name))})

    @classmethod
    def load(cls, text: str) -> State:
        """The state that `dump` wrote, by this version or an earlier one."""
        values: dict[str, Any] = json.loads(text)
        for slot in ("primary", "progression"):
            if slot in values:
                values[slot] = Tally(*values[slot])
        if "badges" in values:
            values["badges"] = {key: Held(*held) for key, held in values["badges"].items()}
        return cls(**values)

    @property
    def awarded(self) -> int:
        """How many badges the buddy has."""
        return sum(held.status == "awarded" for held in self.badges.values())


class StateCache:
    """Remembers what texts mean. A state from here is shared: copy before changing it."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}

    def load(self, text: str) -> State:
        """The state that `text` stands for. Keyed by the text itself, so a rollback cannot make it wrong."""
        state = self._states.get(text)
        return self._keep(text, State.load(text)) if state is None else state

    def dump(self, state: State) -> str:
        """The text of `state`."""
        text = state.dump()
        self._keep(text, state)
        return text

    def _keep(self, text: str, state: State) -> State:
        if len(self._states) >= _CACHED:
            self._states.clear()
        self._states[text] = state
        return state


_CACHED = 4096
_NAMES = tuple(attribute.name for attribute in fields(State))
