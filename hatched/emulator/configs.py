"""Config versions: published rules, to which buddies stay pinned (concepts/config-versions: seen)."""

from __future__ import annotations

import json
from typing import NamedTuple

import attrs

from hatched.emulator.errors import ApiError
from hatched.emulator.ids import Ids
from hatched.emulator.messages import dumps
from hatched.emulator.plans import Plan
from hatched.emulator.rules.book import Book
from hatched.emulator.rules.check import check
from hatched.emulator.rules.model import Rules
from hatched.emulator.store import Store
from hatched.emulator.validation import parse

PUBLISH_URL = "https://app.hatched.live/config"  # inferred
DOCS_URL = "https://docs.hatched.live/docs/concepts/config-versions"
_BLANK = Rules()


class Checked(NamedTuple):
    """Rules that say nothing wrong, and their text."""

    rules: Rules
    text: str


class Configs:
    """The versions of all customers: `draft` → `published` → `archived`. What they say never changes."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._books: dict[tuple[str, str], Book] = {}

    def draft(self, customer_id: str, rules: Checked, now: float) -> str:
        """Adds a version that nobody uses yet, and answers its id."""
        version_id = self._ids.new()
        self._store.db.execute(
            "INSERT INTO config_versions (id, customer_id, status, rules, created_at) VALUES (?, ?, 'draft', ?, ?)",
            (version_id, customer_id, rules.text, now),
        )
        return version_id

    def publish(self, customer_id: str, version_id: str) -> None:
        """Pins new eggs to a draft from now on.

        Raises `ValueError` for what is no draft, for an empty one (seen; that audiences alone are empty is inferred),
        and for one without an audience that an active buddy has (seen).
        """
        row = self._store.db.execute(
            "SELECT status FROM config_versions WHERE id = ? AND customer_id = ?", (version_id, customer_id)
        ).fetchone()
        if row is None or row["status"] != "draft":
            raise ValueError(f"config version {version_id} is no draft")
        if attrs.evolve(self.rules(version_id), audiences=_BLANK.audiences) == _BLANK:
            raise ValueError("an empty draft cannot be published: it needs a rule, a definition or an event type")
        self._put_in_force(customer_id, version_id)

    def set_up(self, customer_id: str, rules: Checked, now: float) -> None:
        """Publishes the rules of whoever made the emulator, who may have none: they are no draft of the customer."""
        self._put_in_force(customer_id, self.draft(customer_id, rules, now))

    def _put_in_force(self, customer_id: str, version_id: str) -> None:
        db = self._store.db
        used = db.execute(
            "SELECT DISTINCT audience FROM buddies WHERE customer_id = ? AND status = 'active' ORDER BY audience",
            (customer_id,),
        )
        if missing := [repr(audience) for (audience,) in used if audience not in self.rules(version_id).audiences]:
            raise ValueError(f"there are active buddies of the audience {', '.join(missing)}, which must stay")
        with self._store.transaction():
            self._archive(customer_id)
            db.execute("UPDATE config_versions SET status = 'published' WHERE id = ?", (version_id,))

    def migrate(self, customer_id: str, user_id: str | None, audience: str | None) -> int:
        """Pins active buddies to the published version, and answers how many. What they have stays."""
        done = self._store.db.execute(
            "UPDATE buddies SET config_version_id = :version WHERE customer_id = :customer AND status = 'active'"
            " AND config_version_id <> :version AND (:user IS NULL OR user_id = :user)"
            " AND (:audience IS NULL OR audience = :audience)",
            {
                "version": self.published(customer_id),
                "customer": customer_id,
                "user": user_id,
                "audience": audience,
            },
        )
        return done.rowcount

    def ensure(self, customer_id: str, rules: Checked, now: float) -> bool:
        """Publishes `rules` unless they are published already; answers whether that put an end to others."""
        try:
            published: Rules | None = self.rules(self.published(customer_id))
        except ApiError:
            published = None
        if published == rules.rules:
            return False
        self.set_up(customer_id, rules, now)
        return published is not None

    def unpublish(self, customer_id: str) -> None:
        """Leaves the customer without a published version; buddies keep theirs."""
        with self._store.transaction():
            self._archive(customer_id)

    def published(self, customer_id: str) -> str:
        """The id of the published version. Raises 409 `no_published_config`."""
        row = self._store.db.execute(
            "SELECT id FROM config_versions WHERE customer_id = ? AND status = 'published'", (customer_id,)
        ).fetchone()
        if row is None:
            raise ApiError(
                409,
                "no_published_config",
                "Customer must have a published config version",
                {"customer_id": customer_id, "publish_url": PUBLISH_URL, "docs_url": DOCS_URL},
            )
        version_id: str = row[0]
        return version_id

    def rules(self, version_id: str) -> Rules:
        """The rules of any version."""
        return self.book(version_id, "").rules

    def book(self, version_id: str, audience: str) -> Book:
        """The rules of a version that concern an audience."""
        found = self._books.get((version_id, audience))
        if found is None:
            (text,) = self._store.db.execute("SELECT rules FROM config_versions WHERE id = ?", (version_id,)).fetchone()
            found = self._books[version_id, audience] = Book(parse(Rules, json.loads(text)), audience)
        return found

    def _archive(self, customer_id: str) -> None:
        self._store.db.execute(
            "UPDATE config_versions SET status = 'archived' WHERE customer_id = ? AND status = 'published'",
            (customer_id,),
        )


def checked(rules: Rules, plan: Plan) -> Checked:
    """Reads rules as they will be read from the store: in Python anything can be put into a field.

    Raises `ValueError`.
    """
    try:
        text = dumps(attrs.asdict(rules))
    except (AttributeError, TypeError) as error:
        raise ValueError(f"these rules are no JSON: {error}") from None
    return Checked(load(json.loads(text), plan), text)


def load(data: object, plan: Plan | None = None) -> Rules:
    """Rules from JSON-like data. Raises `ValueError` that names every field at fault."""
    rules = parse(Rules, data)
    check(rules, plan)
    return rules
