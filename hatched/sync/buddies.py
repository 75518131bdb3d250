# Generated from hatched/resources/buddies.py by _generate.py: edit that, then run `nox -s sync`.
"""Buddies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Unpack

from hatched import models
from hatched.options import PollOptions, RequestOptions, WriteOptions
from hatched.resources.buddies import AsyncBuddies
from hatched.sync._base import Resource
from hatched.sync._step import step, step_each


class Buddies(Resource[AsyncBuddies]):
    """Read buddies, and change what they own."""

    def ensure(
        self,
        user_id: str,
        /,
        audience: str | None = None,
        *,
        timeout: float = 120.0,
        interval: float = 2.0,
        **options: Unpack[PollOptions],
    ) -> models.Buddy:
        """The user's active buddy; if there is none, create an egg, make it ready, hatch it and wait.

        Safe to call again, and from several places at once: all of them get the same buddy.

        Args:
            user_id: The user in your system.
            audience: Needed by customers with two or more audiences.
            timeout: Seconds to wait for the hatching.
            interval: Seconds between the first looks at it.

        Raises:
            NoPublishedConfigError: Nothing is published yet.
            OperationTimeoutError: It hatches still; call again.
            OperationFailedError: The hatching failed.
        """
        return step(self._async.ensure(user_id, audience, timeout=timeout, interval=interval, **options))

    def get(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.Buddy:
        """Fetch one buddy."""
        return step(self._async.get(buddy_id, **options))

    def list(
        self,
        *,
        user_id: str | None = None,
        status: models.BuddyStatus | str | None = None,
        evolution_stage: int | None = None,
        page: int | None = None,
        limit: int | None = None,
        sort: str | None = None,
        order: Literal["asc", "desc"] | None = None,
        **options: Unpack[RequestOptions],
    ) -> models.BuddyList:
        """Fetch one page of buddies.

        `page` counts from 1. The server's default and largest `limit` and its sort keys are not documented.
        """
        return step(
            self._async.list(
                user_id=user_id,
                status=status,
                evolution_stage=evolution_stage,
                page=page,
                limit=limit,
                sort=sort,
                order=order,
                **options,
            )
        )

    def iter(
        self,
        *,
        user_id: str | None = None,
        status: models.BuddyStatus | str | None = None,
        evolution_stage: int | None = None,
        limit: int = 50,
        sort: str | None = None,
        order: Literal["asc", "desc"] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Iterator[models.Buddy]:
        """Walk all buddies, fetching `limit` at a time."""
        return step_each(
            self._async.iter(
                user_id=user_id,
                status=status,
                evolution_stage=evolution_stage,
                limit=limit,
                sort=sort,
                order=order,
                **options,
            )
        )

    def update_name(self, buddy_id: str, /, *, name: str, **options: Unpack[WriteOptions]) -> models.Buddy:
        """Rename a buddy."""
        return step(self._async.update_name(buddy_id, name=name, **options))

    def archive(self, buddy_id: str, /, **options: Unpack[WriteOptions]) -> models.Buddy:
        """Archive a buddy; some calls answer 404 for it from then on."""
        return step(self._async.archive(buddy_id, **options))

    def update_skills(
        self,
        buddy_id: str,
        /,
        *,
        updates: Sequence[models.SkillUpdate | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> models.SkillsSnapshot:
        """Change skills, one `SkillUpdate` (or a mapping in either case) each."""
        return step(self._async.update_skills(buddy_id, updates=updates, **options))

    def earn(
        self,
        buddy_id: str,
        /,
        *,
        amount: float,
        reason: str,
        reference_id: str | None = None,
        token: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.LedgerEntry:
        """Credit coins, or `token`. Without `token` the customer's primary token is credited."""
        return step(
            self._async.earn(buddy_id, amount=amount, reason=reason, reference_id=reference_id, token=token, **options)
        )

    earn_coins = earn

    def spend(
        self,
        buddy_id: str,
        /,
        *,
        amount: float,
        reason: str,
        item_id: str | None = None,
        token: str | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.LedgerEntry:
        """Debit coins, or `token`. Without `token` the customer's primary token is debited.

        Raises:
            InsufficientBalanceError: The buddy has too few.
            ValidationError: `progression_not_spendable`: the token only accumulates.
        """
        return step(self._async.spend(buddy_id, amount=amount, reason=reason, item_id=item_id, token=token, **options))

    def award_badge(
        self, buddy_id: str, badge_key: str, /, *, reason: str | None = None, **options: Unpack[WriteOptions]
    ) -> models.BuddyBadge:
        """Award a badge, such as one that `EventEffects.badges_ready` names."""
        return step(self._async.award_badge(buddy_id, badge_key, reason=reason, **options))

    def get_badges(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> tuple[models.BuddyBadge, ...]:
        """Fetch the badges of a buddy."""
        return step(self._async.get_badges(buddy_id, **options))

    def equip(
        self,
        buddy_id: str,
        /,
        *,
        equip: Sequence[str] | None = None,
        unequip: Sequence[str] | None = None,
        **options: Unpack[WriteOptions],
    ) -> models.EquipItemsResult:
        """Put items on and take items off, by id.

        Raises:
            TooManyItemsError: More than four would be worn.
            CategoryConflictError: Two items of one category; only `accessory` stacks.
        """
        return step(self._async.equip(buddy_id, equip=equip, unequip=unequip, **options))

    def rerender_appearance(self, buddy_id: str, /, **options: Unpack[WriteOptions]) -> models.RerenderAppearanceResult:
        """Draw the bare buddy of this stage anew, after `appearance.status` became `failed` with `needs_rerender`.

        Worn items are taken off; equip them again once the appearance is `ready`.
        """
        return step(self._async.rerender_appearance(buddy_id, **options))

    def purchase_item(self, buddy_id: str, item_id: str, /, **options: Unpack[WriteOptions]) -> models.PurchasedItem:
        """Buy an item of the marketplace.

        Raises:
            InsufficientBalanceError: The buddy has too few coins.
            PlanFeatureLockedError: The plan has no marketplace.
        """
        return step(self._async.purchase_item(buddy_id, item_id, **options))

    def get_purchased_items(
        self, buddy_id: str, /, **options: Unpack[RequestOptions]
    ) -> tuple[models.PurchasedItem, ...]:
        """Fetch the items that a buddy owns."""
        return step(self._async.get_purchased_items(buddy_id, **options))

    def get_evolution(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.EvolutionState:
        """Fetch how far a buddy is on the way to its next stage."""
        return step(self._async.get_evolution(buddy_id, **options))

    def evolve(self, buddy_id: str, /, **options: Unpack[WriteOptions]) -> models.EvolveResult:
        """Begin to move a ready buddy to its next stage; wait for the answer's `operation_id`.

        For customers whose rules do not evolve by themselves, after `EventEffects.evolution_ready`.
        """
        return step(self._async.evolve(buddy_id, **options))

    def get_progression(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.ProgressionSnapshot:
        """Fetch the counters of a buddy."""
        return step(self._async.get_progression(buddy_id, **options))

    def tokens(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.TokensSummary:
        """Fetch both token balances of a buddy."""
        return step(self._async.tokens(buddy_id, **options))

    def evolutions(
        self, buddy_id: str, /, *, page: int | None = None, limit: int | None = None, **options: Unpack[RequestOptions]
    ) -> models.EvolutionPage:
        """Fetch one page of a buddy's stage transitions. `page` counts from 1."""
        return step(self._async.evolutions(buddy_id, page=page, limit=limit, **options))

    def iter_evolutions(
        self, buddy_id: str, /, *, limit: int = 50, **options: Unpack[RequestOptions]
    ) -> Iterator[models.BuddyEvolutionRecord]:
        """Walk all stage transitions of a buddy, fetching `limit` at a time."""
        return step_each(self._async.iter_evolutions(buddy_id, limit=limit, **options))

    def get_user_summary(self, user_id: str, /, **options: Unpack[RequestOptions]) -> models.UserSummary:
        """Fetch what is known of one of your users."""
        return step(self._async.get_user_summary(user_id, **options))
