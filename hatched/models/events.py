"""Events, and the effects that the rule engine answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen

from hatched.models._base import Model, Params
from hatched.models._enums import OpenEnum


class DebugReason(OpenEnum):
    """Why an accepted event changed nothing."""

    NO_ACTIVE_BUDDIES_FOR_USER = "no_active_buddies_for_user"
    NO_MATCHING_RULES = "no_matching_rules"


@frozen(kw_only=True)
class SendEventParams(Params):
    """One product event.

    Attributes:
        event_id: Your stable id; the server applies one id once, however often it is sent.
            `None` lets `events.send` and `events.send_batch` mint one per call.
        user_id: The user in your system.
        type: A registered event type, such as `lesson_completed`.
        audience: Needed by customers with two or more audiences; lowercase snake_case, at most 32 characters.
        occurred_at: An aware datetime or an ISO 8601 string with an offset; the server's now if `None`.
        properties: Your own data. Its keys are sent as they are.
    """

    event_id: str | None = None
    user_id: str
    type: str
    audience: str | None = None
    occurred_at: datetime | str | None = None
    properties: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class SendBatchParams(Params):
    """The body of `events.send_batch`."""

    events: Sequence[SendEventParams]


@frozen(kw_only=True)
class EventStreakUpdate(Model):
    """How an event moved one streak; `milestone_hit` is the length that was reached."""

    definition_key: str
    label: str
    icon: str
    current: int
    longest: int
    milestone_hit: int | None = None
    hero: bool


@frozen(kw_only=True)
class EventPathSubStepCompletion(Model):
    """A sub-step that an event closed."""

    path_key: str
    step_key: str
    sub_step_key: str
    reward_coins: int
    reward_badge_key: str | None = None


@frozen(kw_only=True)
class EventPathStepCompletion(Model):
    """A step that an event closed."""

    path_key: str
    step_key: str
    reward_coins: int
    reward_badge_key: str | None = None


@frozen(kw_only=True)
class EventPathCompletion(Model):
    """A path that an event closed."""

    path_key: str


@frozen(kw_only=True)
class EventPathUpdate(Model):
    """One completion on a path, with the step and path that it completed in turn."""

    path_key: str
    sub_step_completed: EventPathSubStepCompletion | None = None
    step_completed: EventPathStepCompletion | None = None
    path_completed: EventPathCompletion | None = None


@frozen(kw_only=True)
class EventEffects(Model):
    """What the rule engine did with an event.

    Attributes:
        coins: Coins earned by this event.
        badges_ready: Badges that wait for `buddies.award_badge`.
        tokens: Entries of the form `key:amount`.
        evolution_ready: Call `buddies.evolve` if the customer's rules do not evolve by themselves.
        debug_reason: Why nothing changed, if nothing did.
    """

    envelope: ClassVar[str] = "effects"  # inferred: the raw body of `POST /events`

    coins: int = 0
    badges_awarded: tuple[str, ...] = ()
    badges_ready: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    evolution_ready: bool = False
    streak_milestones: tuple[int, ...] = ()
    streak_updates: tuple[EventStreakUpdate, ...] = ()
    path_updates: tuple[EventPathUpdate, ...] = ()
    debug_reason: DebugReason | None = None


@frozen(kw_only=True)
class BatchResult(Model):
    """The answer to `events.send_batch`: one entry per event, in the order sent (inferred)."""

    results: tuple[EventEffects, ...]
