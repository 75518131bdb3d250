"""What a handler gets: one call, and the services behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from attrs import define, field, frozen
from attrs.validators import gt, in_, optional

from hatched.emulator.configs import Configs
from hatched.emulator.ids import Ids
from hatched.emulator.path_book import PathBook
from hatched.emulator.plans import Plan
from hatched.emulator.states import States
from hatched.emulator.store import Store


@frozen(kw_only=True)
class Operations:
    """How long the work behind an operation takes.

    An operation is `pending` for the first half of its time and `processing` for the second.

    Attributes:
        after_seconds: Time on the emulator's clock until it is done.
        after_polls: Done instead after this many looks at it: `operations.get` answers unfinished so often.
    """

    after_seconds: float = 0.0
    after_polls: int | None = None


@define(kw_only=True)
class Settings:
    """The plan, and what the documentation leaves open, as switches.

    Attributes:
        credits: AI credits per month in the paid pool.
        origin: Scheme and host below which pictures are served; a server sets it to its own.
        event_body: `nested` answers `{"effects": {...}, "debug_reason": ...}`, `flat` the effects themselves.
        batch_transaction: Whether a batch is one transaction or one per event.
        webhook_scheme: `current` signs with `X-Hatched-*` headers and sends bare bodies, `legacy` sends the older
            names and bodies in an envelope with `Hatched-Signature`.
        event_retention: Seconds for which an event id is remembered; `None` is for ever.
        field_errors: Whether an entry of `details.fields` is `{"field", "message"}`, or only the message.
        strict: `seen` refuses, with 501, whatever the documentation does not state.
    """

    plan: Plan
    credits: int
    origin: str
    operations: Operations = Operations()
    event_body: Literal["nested", "flat"] = field(default="nested", validator=in_(("nested", "flat")))
    batch_transaction: Literal["batch", "event"] = field(default="batch", validator=in_(("batch", "event")))
    webhook_scheme: Literal["current", "legacy"] = field(default="current", validator=in_(("current", "legacy")))
    event_retention: float | None = field(default=None, validator=optional(gt(0)))
    field_errors: Literal["objects", "messages"] = field(default="objects", validator=in_(("objects", "messages")))
    strict: Literal["seen"] | None = field(default=None, validator=in_(("seen", None)))


@frozen(kw_only=True)
class World:
    """The services of one emulator.

    Attributes:
        signing_key: Signs the tokens of browsers.
        failures: By type of operation, the reasons why the next ones fail.
        catch_up: Finishes the operations that are due.
        inferred: The guesses on which the answer in hand rests.
    """

    store: Store
    ids: Ids
    configs: Configs
    settings: Settings
    paths: PathBook
    states: States
    signing_key: str
    failures: dict[str, list[str]]
    catch_up: Callable[[float], None]
    inferred: set[str] = field(factory=set)

    def infer(self, guess: str) -> None:
        """The answer in hand rests on a guess of `fidelity`."""
        self.inferred.add(guess)


@frozen(kw_only=True)
class Call:
    """One authenticated, validated request.

    Attributes:
        now: Unix seconds.
        args: The decoded segments of the route's template.
        nulls: The fields that the body says are null; in its class they look like those that it does not have.
    """

    world: World
    now: float
    customer_id: str
    args: dict[str, str]
    nulls: set[str] = field(factory=set)

    @property
    def db(self) -> sqlite3.Connection:
        return self.world.store.db

    def one(self, sql: str, *values: Any, **named: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        row: sqlite3.Row | None = self.db.execute(sql, named or values).fetchone()
        return row
