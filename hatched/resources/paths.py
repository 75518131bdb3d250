"""Paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Unpack

from hatched import codec, models, routes
from hatched.options import RequestOptions, WriteOptions
from hatched.resources._call import AsyncResource


class AsyncPaths(AsyncResource):
    """Guided journeys: a path has steps, a step has sub-steps. Needs the Pro plan (billing/pricing)."""

    async def list(
        self, *, audience: str | None = None, **options: Unpack[RequestOptions]
    ) -> tuple[models.PathDefinition, ...]:
        """Fetch all paths, or those of one audience."""
        query = models.ListPathsParams(audience=audience)
        return await self._call(routes.PATHS_LIST, tuple[models.PathDefinition, ...], query=query, options=options)

    async def get(self, definition_id: str, /, **options: Unpack[RequestOptions]) -> models.PathDefinitionWithSteps:
        """Fetch a path with its steps and sub-steps."""
        return await self._call(routes.PATHS_GET, models.PathDefinitionWithSteps, definition_id, options=options)

    async def create(
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
        body = models.CreatePathDefinitionParams(
            audience=audience,
            key=key,
            label=label,
            description=description,
            icon=icon,
            accent_color=accent_color,
            display_mode=display_mode,
            is_active=is_active,
        )
        return await self._call(routes.PATHS_CREATE, models.PathDefinition, body=body, options=options)

    async def update(
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
        body = models.UpdatePathDefinitionParams(
            audience=audience,
            key=key,
            label=label,
            description=description,
            icon=icon,
            accent_color=accent_color,
            display_mode=display_mode,
            is_active=is_active,
        )
        return await self._call(routes.PATHS_UPDATE, models.PathDefinition, definition_id, body=body, options=options)

    async def delete(self, definition_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Delete a path."""
        return await self._call(routes.PATHS_DELETE, NoneType, definition_id, options=options)

    async def set_active(
        self, definition_id: str, /, *, is_active: bool, **options: Unpack[WriteOptions]
    ) -> models.PathDefinition:
        """Switch a path on or off. Switching it on switches the others of its audience off, all or nothing."""
        body = models.SetPathActiveParams(is_active=is_active)
        return await self._call(
            routes.PATHS_SET_ACTIVE, models.PathDefinition, definition_id, body=body, options=options
        )

    async def add_step(
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
        body = models.CreatePathStepParams(
            key=key,
            label=label,
            description=description,
            icon=icon,
            ordinal=ordinal,
            unlock_condition=unlock_condition,
            completion_condition=completion_condition,
            reward_coins=reward_coins,
            reward_badge_key=reward_badge_key,
            is_active=is_active,
        )
        return await self._call(routes.PATHS_ADD_STEP, models.PathStep, definition_id, body=body, options=options)

    async def update_step(
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
        body = models.UpdatePathStepParams(
            key=key,
            label=label,
            description=description,
            icon=icon,
            ordinal=ordinal,
            unlock_condition=unlock_condition,
            completion_condition=completion_condition,
            reward_coins=reward_coins,
            reward_badge_key=reward_badge_key,
            is_active=is_active,
        )
        return await self._call(
            routes.PATHS_UPDATE_STEP, models.PathStep, definition_id, step_id, body=body, options=options
        )

    async def delete_step(self, definition_id: str, step_id: str, /, **options: Unpack[WriteOptions]) -> None:
        """Delete a step with its sub-steps."""
        return await self._call(routes.PATHS_DELETE_STEP, NoneType, definition_id, step_id, options=options)

    async def reorder_steps(
        self,
        definition_id: str,
        /,
        *,
        ordering: Sequence[models.PathOrdinal | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> tuple[models.PathStep, ...]:
        """Give steps new places, one `PathOrdinal` (or a mapping with `id` and `ordinal`) each."""
        body = models.ReorderParams(ordering=[codec.params(one, models.PathOrdinal) for one in ordering])
        return await self._call(
            routes.PATHS_REORDER_STEPS, tuple[models.PathStep, ...], definition_id, body=body, options=options
        )

    async def add_sub_step(
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
        body = models.CreatePathSubStepParams(
            key=key,
            label=label,
            description=description,
            ordinal=ordinal,
            completion_condition=completion_condition,
            allow_manual_complete=allow_manual_complete,
            allow_skip_ahead=allow_skip_ahead,
            reward_coins=reward_coins,
            reward_badge_key=reward_badge_key,
            content_url=content_url,
            cta_label=cta_label,
            is_active=is_active,
        )
        return await self._call(
            routes.PATHS_ADD_SUB_STEP, models.PathSubStep, definition_id, step_id, body=body, options=options
        )

    async def update_sub_step(
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
        body = models.UpdatePathSubStepParams(
            key=key,
            label=label,
            description=description,
            ordinal=ordinal,
            completion_condition=completion_condition,
            allow_manual_complete=allow_manual_complete,
            allow_skip_ahead=allow_skip_ahead,
            reward_coins=reward_coins,
            reward_badge_key=reward_badge_key,
            content_url=content_url,
            cta_label=cta_label,
            is_active=is_active,
        )
        return await self._call(
            routes.PATHS_UPDATE_SUB_STEP,
            models.PathSubStep,
            definition_id,
            step_id,
            sub_step_id,
            body=body,
            options=options,
        )

    async def delete_sub_step(
        self, definition_id: str, step_id: str, sub_step_id: str, /, **options: Unpack[WriteOptions]
    ) -> None:
        """Delete a sub-step."""
        return await self._call(
            routes.PATHS_DELETE_SUB_STEP, NoneType, definition_id, step_id, sub_step_id, options=options
        )

    async def reorder_sub_steps(
        self,
        definition_id: str,
        step_id: str,
        /,
        *,
        ordering: Sequence[models.PathOrdinal | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> tuple[models.PathSubStep, ...]:
        """Give sub-steps new places, one `PathOrdinal` (or a mapping with `id` and `ordinal`) each."""
        body = models.ReorderParams(ordering=[codec.params(one, models.PathOrdinal) for one in ordering])
        return await self._call(
            routes.PATHS_REORDER_SUB_STEPS,
            tuple[models.PathSubStep, ...],
            definition_id,
            step_id,
            body=body,
            options=options,
        )

    async def get_for_buddy(
        self, buddy_id: str, path_key: str, /, **options: Unpack[RequestOptions]
    ) -> models.PathRuntimePayload:
        """Fetch a path as one buddy sees it."""
        return await self._call(
            routes.PATHS_GET_FOR_BUDDY, models.PathRuntimePayload, buddy_id, path_key, options=options
        )

    async def complete_sub_step(
        self, buddy_id: str, path_key: str, sub_step_key: str, /, **options: Unpack[WriteOptions]
    ) -> models.ManualCompleteResult:
        """Complete a sub-step by hand. Repeating it answers `already_completed` and rewards nothing."""
        return await self._call(
            routes.PATHS_COMPLETE_SUB_STEP,
            models.ManualCompleteResult,
            buddy_id,
            path_key,
            sub_step_key,
            options=options,
        )
