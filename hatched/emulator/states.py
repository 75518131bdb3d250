"""The states of buddies between the engine and the database.

Writing a state as text costs more than the rules do, and in memory nobody needs the text between two events. So there a
changed state is kept here, and its row holds a ticket for it, `#7`, until somebody asks the database about states or
copies it: `flush`. What a transaction that fails has changed is undone with it: the row has its earlier ticket again.
In a file every state is written at once.
"""

from __future__ import annotations

from hatched.emulator.rules.state import State
from hatched.emulator.store import Store

_CACHED = 4096
_TICKETS = 20_000


class States:
    """A state from here is shared: copy it before changing it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[int, tuple[str, State]] = {}
        self._tickets: dict[str, State] = {}
        self._issued = 0

    def load(self, seq: int, text: str) -> State:
        """The state that the text of a row stands for, by the number of the row."""
        if text.startswith("#"):
            return self._tickets[text]
        known = self._read.get(seq)
        if known is not None and known[0] == text:
            return known[1]
        return self._keep(seq, text, State.load(text))

    def dump(self, seq: int, state: State) -> str:
        """What the row of `state` is to hold."""
        if self._store.lasting:
            text = state.dump()
            self._keep(seq, text, state)
            return text
        self._issued += 1
        ticket = f"#{self._issued}"
        self._tickets[ticket] = state
        return ticket

    def flush(self) -> None:
        """Lets every row hold text."""
        db = self._store.db
        if self._tickets:
            rows = db.execute("SELECT seq, state FROM buddies WHERE state LIKE '#%'").fetchall()
            db.executemany(
                "UPDATE buddies SET state = ? WHERE seq = ?", [(self._tickets[text].dump(), seq) for seq, text in rows]
            )
        if not db.in_transaction:  # else a rollback brings tickets back
            self._tickets.clear()

    def tidy(self) -> None:
        """Forgets tickets that no row holds any longer, now and then."""
        if len(self._tickets) > _TICKETS:
            self.flush()

    def _keep(self, seq: int, text: str, state: State) -> State:
        if len(self._read) >= _CACHED:
            self._read.clear()
        self._read[seq] = text, state
        return state
