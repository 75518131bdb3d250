"""Definitions of paths, made ready for the engine. Kept until a definition changes."""

from __future__ import annotations

import json
import sqlite3

from hatched.emulator.rules.conditions import Test, compile_condition, mentions
from hatched.emulator.rules.model import Condition, Rules
from hatched.emulator.rules.paths import Path, Step, SubStep
from hatched.emulator.store import Store


class PathBook:
    """The active path of each customer and audience."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._active: dict[tuple[str, str, str], Path | None] = {}

    def active(self, customer_id: str, audience: str, version_id: str, rules: Rules) -> Path | None:
        """The path that events move, with conditions read under the rules of a config version."""
        key = (customer_id, audience, version_id)
        if key not in self._active:
            row = self._store.db.execute(
                "SELECT * FROM path_definitions WHERE customer_id = ? AND audience = ? AND is_active",
                (customer_id, audience),
            ).fetchone()
            self._active[key] = None if row is None else self.compiled(row, rules)
        return self._active[key]

    def compiled(self, definition: sqlite3.Row, rules: Rules) -> Path:
        """A path from its row; what is not active is left out."""
        db = self._store.db
        steps = db.execute(
            "SELECT * FROM path_steps WHERE path_definition_id = ? AND is_active ORDER BY ordinal, seq",
            (definition["id"],),
        ).fetchall()
        parts = db.execute(
            "SELECT completion_condition FROM path_sub_steps WHERE is_active AND path_step_id IN"
            " (SELECT id FROM path_steps WHERE path_definition_id = ? AND is_active)",
            (definition["id"],),
        ).fetchall()
        texts = [text for row in steps for text in (row["unlock_condition"], row["completion_condition"])]
        texts += [text for (text,) in parts]
        looks_at = {mentions(Condition(**json.loads(text))) for text in texts if text is not None}
        return Path(
            definition["id"],
            definition["key"],
            tuple(self._step(row, rules) for row in steps),
            frozenset(event_type for event_type in looks_at if event_type is not None),
        )

    def clear(self) -> None:
        """Forgets all: a definition has changed, or may have."""
        self._active.clear()

    def _step(self, row: sqlite3.Row, rules: Rules) -> Step:
        parts = self._store.db.execute(
            "SELECT * FROM path_sub_steps WHERE path_step_id = ? AND is_active ORDER BY ordinal, seq", (row["id"],)
        ).fetchall()
        return Step(
            id=row["id"],
            key=row["key"],
            unlock=_test(row["unlock_condition"], rules),
            test=_test(row["completion_condition"], rules),
            coins=row["reward_coins"],
            badge=row["reward_badge_key"],
            sub_steps=tuple(
                SubStep(
                    id=part["id"],
                    key=part["key"],
                    test=_test(part["completion_condition"], rules),
                    manual=bool(part["allow_manual_complete"]),
                    skip_ahead=bool(part["allow_skip_ahead"]),
                    coins=part["reward_coins"],
                    badge=part["reward_badge_key"],
                )
                for part in parts
            ),
        )


def _test(text: str | None, rules: Rules) -> Test | None:
    return None if text is None else compile_condition(Condition(**json.loads(text)), rules)
