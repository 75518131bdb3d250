"""The states of buddies between the engine and the database.

Writing a state as text costs more than the rules do, and in memory nobody needs the text between two events. So there a
changed state is kept here, and its row says so by a mark in place of the text, until somebody asks the database about
states or copies it: `flush`. What a transaction that fails has changed is undone with it. In a file every state is
written at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hatched.emulator.messages import dumps
from hatched.emulator.rules.state import State
from hatched.emulator.store import Store

_MOST = 20_000
_CACHED = 4096
_KEPT_HERE = "#"


class States:
    """A state from here is shared: copy it before changing it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[int, tuple[str, State]] = {}
        self._unwritten: dict[int, State] = {}

    def load(self, seq: int, text: str) -> State:
        """The state that the text of a row stands for, by the number of the row."""
        if text == _KEPT_HERE:
            return self._unwritten[seq]
        known = self._read.get(seq)
        if known is not None and known[0] == text:
            return known[1]
        return self._keep(seq, text, State.load(text))

    def save(self, changed: Mapping[int, State], now: float) -> None:
        """Stores states by the numbers of their rows."""
        db = self._store.db
        if self._store.lasting:
            texts = {seq: state.dump() for seq, state in changed.items()}
            db.executemany(
                "UPDATE buddies SET state = ?, updated_at = ? WHERE seq = ?",
                [(text, now, seq) for seq, text in texts.items()],
            )
            for seq, text in texts.items():
                self._keep(seq, text, changed[seq])
        else:
            before = {seq: self._unwritten[seq] for seq in changed if seq in self._unwritten}
            self._store.undo.append(partial(self._unwritten.update, before))
            self._unwritten.update(changed)
            db.execute(
                "UPDATE buddies SET state = ?, updated_at = ? WHERE seq IN (SELECT value FROM json_each(?))",
                (_KEPT_HERE, now, dumps(list(changed))),
            )

    def flush(self) -> None:
        """Lets every row hold text."""
        db = self._store.db
        if self._unwritten:
            rows = db.execute("SELECT seq FROM buddies WHERE state = ?", (_KEPT_HERE,)).fetchall()
            db.executemany(
                "UPDATE buddies SET state = ? WHERE seq = ?", [(self._unwritten[seq].dump(), seq) for (seq,) in rows]
            )
        if not db.in_transaction:  # else a rollback brings the marks back
            self._unwritten.clear()

    def tidy(self) -> None:
        """Writes what has piled up, now and then."""
        if len(self._unwritten) > _MOST:
            self.flush()

    def _keep(self, seq: int, text: str, state: State) -> State:
        if len(self._read) >= _CACHED:
            self._read.clear()
        self._read[seq] = text, state
        return state
