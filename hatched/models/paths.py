"""Paths: guided journeys of steps and sub-steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from hatched.models._base import Model, Params
from hatched.models._enums import OpenEnum


class PathDisplayMode(OpenEnum):
    """How the widget draws a path."""

    STRAIGHT = "straight"
    ZIGZAG = "zigzag"
    STEPPER = "stepper"


class PathIcon(OpenEnum):
    """Icon of a path; `path` means none. The server refuses any other."""

    PATH = "path"
    FLAME = "flame"
    HEART = "heart"
    BOLT = "bolt"
    STAR = "star"
    LEAF = "leaf"


class PathConditionType(OpenEnum):
    """What a condition looks at."""

    EVENT_COUNT = "event_count"
    MILESTONE = "milestone"
    STREAK = "streak"
    SKILL_LEVEL = "skill_level"
    COLLECTION = "collection"
    EVOLUTION = "evolution"
    COIN = "coin"
    BADGE_EARNED = "badge_earned"
    GATE_UNLOCKED = "gate_unlocked"
    CUSTOM = "custom"


class PathSubStepStatus(OpenEnum):
    """Where a buddy stands with a sub-step."""

    LOCKED = "locked"
    AVAILABLE = "available"
    COMPLETED = "completed"


@frozen(kw_only=True)
class PathCondition(Model):
    """A condition; the keys of `config` are not documented."""

    type: PathConditionType
    config: Mapping[str, Any]


@frozen(kw_only=True)
class PathDefinition(Model):
    """A path. One per audience is active."""

    id: str
    customer_id: str
    audience: str
    key: str
    label: str
    description: str | None = None
    icon: PathIcon
    accent_color: str | None = None
    display_mode: PathDisplayMode
    is_active: bool
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class PathStep(Model):
    """A step; steps are walked in the order of `ordinal`."""

    id: str
    path_definition_id: str
    key: str
    label: str
    description: str | None = None
    icon: str | None = None
    ordinal: int
    unlock_condition: Mapping[str, Any] | None = None
    completion_condition: PathCondition | None = None
    reward_coins: int
    reward_badge_key: str | None = None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class PathSubStep(Model):
    """A part of a step."""

    id: str
    path_step_id: str
    key: str
    label: str
    description: str | None = None
    ordinal: int
    completion_condition: PathCondition | None = None
    allow_manual_complete: bool
    allow_skip_ahead: bool
    reward_coins: int
    reward_badge_key: str | None = None
    content_url: str | None = None
    cta_label: str | None = None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class PathStepWithSubSteps(PathStep):
    """A step with its sub-steps."""

    sub_steps: tuple[PathSubStep, ...] = ()


@frozen(kw_only=True)
class PathDefinitionWithSteps(PathDefinition):
    """A path with everything in it."""

    steps: tuple[PathStepWithSubSteps, ...]


@frozen(kw_only=True)
class PathSubStepRuntime(Model):
    """A sub-step as one buddy sees it."""

    id: str
    key: str
    label: str
    description: str | None = None
    ordinal: int
    reward_coins: int
    reward_badge_key: str | None = None
    content_url: str | None = None
    cta_label: str | None = None
    allow_manual_complete: bool
    allow_skip_ahead: bool
    is_active: bool
    status: PathSubStepStatus
    completed_at: datetime | None = None


@frozen(kw_only=True)
class PathStepRuntime(Model):
    """A step as one buddy sees it."""

    id: str
    key: str
    label: str
    description: str | None = None
    icon: str | None = None
    ordinal: int
    reward_coins: int
    reward_badge_key: str | None = None
    is_active: bool
    unlocked: bool
    completed: bool
    sub_steps: tuple[PathSubStepRuntime, ...]


@frozen(kw_only=True)
class PathRuntimeDefinition(Model):
    """The path of a `PathRuntimePayload`."""

    key: str
    label: str
    description: str | None = None
    icon: PathIcon
    accent_color: str | None = None
    display_mode: PathDisplayMode


@frozen(kw_only=True)
class PathRuntimePayload(Model):
    """A path as one buddy sees it."""

    definition: PathRuntimeDefinition
    steps: tuple[PathStepRuntime, ...]
    current_step_key: str | None = None
    completed: bool
    completed_at: datetime | None = None


@frozen(kw_only=True)
class ManualCompleteResult(Model):
    """The answer to `paths.complete_sub_step`, with the step and path that it completed in turn."""

    already_completed: bool
    sub_step_key: str
    step_key: str
    step_completed: bool
    path_completed: bool
    reward_coins: int
    reward_badge_key: str | None = None


@frozen(kw_only=True)
class ListPathsParams(Params):
    """The filter of `paths.list`."""

    audience: str | None = None


@frozen(kw_only=True)
class CreatePathDefinitionParams(Params):
    """The body of `paths.create`."""

    audience: str | None = None
    key: str
    label: str
    description: str | None = None
    icon: PathIcon | str | None = None
    accent_color: str | None = None
    display_mode: PathDisplayMode | str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class UpdatePathDefinitionParams(Params):
    """The body of `paths.update`: what is `None` stays as it is."""

    audience: str | None = None
    key: str | None = None
    label: str | None = None
    description: str | None = None
    icon: PathIcon | str | None = None
    accent_color: str | None = None
    display_mode: PathDisplayMode | str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class SetPathActiveParams(Params):
    """The body of `paths.set_active`."""

    is_active: bool


@frozen(kw_only=True)
class CreatePathStepParams(Params):
    """The body of `paths.add_step`."""

    key: str
    label: str
    description: str | None = None
    icon: str | None = None
    ordinal: int
    unlock_condition: Mapping[str, Any] | None = None
    completion_condition: PathCondition | Mapping[str, Any] | None = None
    reward_coins: int | None = None
    reward_badge_key: str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class UpdatePathStepParams(Params):
    """The body of `paths.update_step`: what is `None` stays as it is."""

    key: str | None = None
    label: str | None = None
    description: str | None = None
    icon: str | None = None
    ordinal: int | None = None
    unlock_condition: Mapping[str, Any] | None = None
    completion_condition: PathCondition | Mapping[str, Any] | None = None
    reward_coins: int | None = None
    reward_badge_key: str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class CreatePathSubStepParams(Params):
    """The body of `paths.add_sub_step`."""

    key: str
    label: str
    description: str | None = None
    ordinal: int
    completion_condition: PathCondition | Mapping[str, Any] | None = None
    allow_manual_complete: bool | None = None
    allow_skip_ahead: bool | None = None
    reward_coins: int | None = None
    reward_badge_key: str | None = None
    content_url: str | None = None
    cta_label: str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class UpdatePathSubStepParams(Params):
    """The body of `paths.update_sub_step`: what is `None` stays as it is."""

    key: str | None = None
    label: str | None = None
    description: str | None = None
    ordinal: int | None = None
    completion_condition: PathCondition | Mapping[str, Any] | None = None
    allow_manual_complete: bool | None = None
    allow_skip_ahead: bool | None = None
    reward_coins: int | None = None
    reward_badge_key: str | None = None
    content_url: str | None = None
    cta_label: str | None = None
    is_active: bool | None = None


@frozen(kw_only=True)
class PathOrdinal(Params):
    """The new place of a step or sub-step."""

    id: str
    ordinal: int


@frozen(kw_only=True)
class ReorderParams(Params):
    """The body of `paths.reorder_steps` and `paths.reorder_sub_steps`."""

    ordering: Sequence[PathOrdinal]  # inferred: the name of the wrapping key
