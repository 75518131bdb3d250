# Generated from hatched/resources/paths.py by _generate.py: edit that, then run `nox -s sync`.
"""Paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from hatched import models
from hatched.options import RequestOptions, WriteOptions
from hatched.resources.paths import AsyncPaths
from hatched.sync._base import Resource
from hatched.sync._step import step


class Paths(Resource[AsyncPaths]):
    """Guided journeys: a path has steps, a step has sub-steps. Needs the Pro plan (billing/pricing)."""

    def list(
        self, *, audience: str | None = None, **options: Unpack[RequestOptions]
    ) -> tuple[models.PathDefinition, ...]:
        """Fetch all paths, or those of one audience."""
        return step(self._async.list(audience=audience, **options))

    def get(self, definition_id: str, /, **options: Unpack[RequestOptions]) -> models.PathDefinitionWithSteps:
        """Fetch a path with its steps and sub-steps."""
        return step(self._async.get(definition_id, **options))

    def create(
        self,
        *,
        key: str,
        label: str,
        audience: str | None = None,
        description: str | None = None,
        icon: models.PathIcon | str | None = None,
        accent_color: str | None = None,
        display_mode: models.PathDisplayMode | str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathDefinition:
        """Create a path."""
        return step(
            self._async.create(
                key=key,
                label=label,
                audience=audience,
                description=description,
                icon=icon,
                accent_color=accent_color,
                display_mode=display_mode,
                is_active=is_active,
                **options,
            )
        )

    def update(
        self,
        definition_id: str,
        /,
        *,
        audience: str | None = None,
        key: str | None = None,
        label: str | None = None,
        description: str | None = None,
        icon: models.PathIcon | str | None = None,
        accent_color: str | None = None,
        display_mode: models.PathDisplayMode | str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathDefinition:
        """Change a path; what is `None` stays as it is."""
        return step(
            self._async.update(
                definition_id,
                audience=audience,
                key=key,
                label=label,
                description=description,
                icon=icon,
                accent_color=accent_color,
                display_mode=display_mode,
                is_active=is_active,
                **options,
            )
        )

    def delete(self, definition_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Delete a path."""
        return step(self._async.delete(definition_id, **options))

    def set_active(
        self, definition_id: str, /, *, is_active: bool, **options: Unpack[WriteOptions]
    ) -> models.PathDefinition:
        """Switch a path on or off. Switching it on switches the others of its audience off, all or nothing."""
        return step(self._async.set_active(definition_id, is_active=is_active, **options))

    def add_step(
        self,
        definition_id: str,
        /,
        *,
        key: str,
        label: str,
        ordinal: int,
        description: str | None = None,
        icon: str | None = None,
        unlock_condition: Mapping[str, Any] | None = None,
        completion_condition: models.PathCondition | Mapping[str, Any] | None = None,
        reward_coins: int | None = None,
        reward_badge_key: str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathStep:
        """Add a step at place `ordinal`."""
        return step(
            self._async.add_step(
                definition_id,
                key=key,
                label=label,
                ordinal=ordinal,
                description=description,
                icon=icon,
                unlock_condition=unlock_condition,
                completion_condition=completion_condition,
                reward_coins=reward_coins,
                reward_badge_key=reward_badge_key,
                is_active=is_active,
                **options,
            )
        )

    def update_step(
        self,
        definition_id: str,
        step_id: str,
        /,
        *,
        key: str | None = None,
        label: str | None = None,
        ordinal: int | None = None,
        description: str | None = None,
        icon: str | None = None,
        unlock_condition: Mapping[str, Any] | None = None,
        completion_condition: models.PathCondition | Mapping[str, Any] | None = None,
        reward_coins: int | None = None,
        reward_badge_key: str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathStep:
        """Change a step; what is `None` stays as it is."""
        return step(
            self._async.update_step(
                definition_id,
                step_id,
                key=key,
                label=label,
                ordinal=ordinal,
                description=description,
                icon=icon,
                unlock_condition=unlock_condition,
                completion_condition=completion_condition,
                reward_coins=reward_coins,
                reward_badge_key=reward_badge_key,
                is_active=is_active,
                **options,
            )
        )

    def delete_step(self, definition_id: str, step_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Delete a step with its sub-steps."""
        return step(self._async.delete_step(definition_id, step_id, **options))

    def reorder_steps(
        self,
        definition_id: str,
        /,
        *,
        ordering: Sequence[models.PathOrdinal | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> tuple[models.PathStep, ...]:
        """Give steps new places, one `PathOrdinal` (or a mapping with `id` and `ordinal`) each."""
        return step(self._async.reorder_steps(definition_id, ordering=ordering, **options))

    def add_sub_step(
        self,
        definition_id: str,
        step_id: str,
        /,
        *,
        key: str,
        label: str,
        ordinal: int,
        description: str | None = None,
        completion_condition: models.PathCondition | Mapping[str, Any] | None = None,
        allow_manual_complete: bool | None = None,
        allow_skip_ahead: bool | None = None,
        reward_coins: int | None = None,
        reward_badge_key: str | None = None,
        content_url: str | None = None,
        cta_label: str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathSubStep:
        """Add a sub-step at place `ordinal`. By default it can be completed by hand and has no condition."""
        return step(
            self._async.add_sub_step(
                definition_id,
                step_id,
                key=key,
                label=label,
                ordinal=ordinal,
                description=description,
                completion_condition=completion_condition,
                allow_manual_complete=allow_manual_complete,
                allow_skip_ahead=allow_skip_ahead,
                reward_coins=reward_coins,
                reward_badge_key=reward_badge_key,
                content_url=content_url,
                cta_label=cta_label,
                is_active=is_active,
                **options,
            )
        )

    def update_sub_step(
        self,
        definition_id: str,
        step_id: str,
        sub_step_id: str,
        /,
        *,
        key: str | None = None,
        label: str | None = None,
        ordinal: int | None = None,
        description: str | None = None,
        completion_condition: models.PathCondition | Mapping[str, Any] | None = None,
        allow_manual_complete: bool | None = None,
        allow_skip_ahead: bool | None = None,
        reward_coins: int | None = None,
        reward_badge_key: str | None = None,
        content_url: str | None = None,
        cta_label: str | None = None,
        is_active: bool | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.PathSubStep:
        """Change a sub-step; what is `None` stays as it is."""
        return step(
            self._async.update_sub_step(
                definition_id,
                step_id,
                sub_step_id,
                key=key,
                label=label,
                ordinal=ordinal,
                description=description,
                completion_condition=completion_condition,
                allow_manual_complete=allow_manual_complete,
                allow_skip_ahead=allow_skip_ahead,
                reward_coins=reward_coins,
                reward_badge_key=reward_badge_key,
                content_url=content_url,
                cta_label=cta_label,
                is_active=is_active,
                **options,
            )
        )

    def delete_sub_step(
        self, definition_id: str, step_id: str, sub_step_id: str, /, **options: Unpack[WriteOptions]
    ) -> None:
        """Delete a sub-step."""
        return step(self._async.delete_sub_step(definition_id, step_id, sub_step_id, **options))

    def reorder_sub_steps(
        self,
        definition_id: str,
        step_id: str,
        /,
        *,
        ordering: Sequence[models.PathOrdinal | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> tuple[models.PathSubStep, ...]:
        """Give sub-steps new places, one `PathOrdinal` (or a mapping with `id` and `ordinal`) each."""
        return step(self._async.reorder_sub_steps(definition_id, step_id, ordering=ordering, **options))

    def get_for_buddy(
        self, buddy_id: str, path_key: str, /, **options: Unpack[RequestOptions]
    ) -> models.PathRuntimePayload:
        """Fetch a path as one buddy sees it."""
        return step(self._async.get_for_buddy(buddy_id, path_key, **options))

    def complete_sub_step(
        self, buddy_id: str, path_key: str, sub_step_key: str, /, **options: Unpack[WriteOptions]
    ) -> models.ManualCompleteResult:
        """Complete a sub-step by hand. Repeating it answers `already_completed` and rewards nothing."""
        return step(self._async.complete_sub_step(buddy_id, path_key, sub_step_key, **options))
