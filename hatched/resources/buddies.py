"""Buddies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal, Unpack

from hatched import codec, models, routes
from hatched.config import checked_seconds
from hatched.options import PollOptions, RequestOptions, WriteOptions, checked
from hatched.resources._call import AsyncResource
from hatched.resources._pages import numbered_pages


class AsyncBuddies(AsyncResource):
    """Read buddies, and change what they own."""

    async def ensure(
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
        from hatched.resources._ensure import Bootstrap

        self._call.refuse(routes.EGGS_CREATE)
        if not user_id:
            raise ValueError("user_id must not be empty")
        checked_seconds("timeout", timeout, optional=False)
        checked_seconds("interval", interval, optional=False)
        bootstrap = Bootstrap(
            call=self._call,
            user_id=user_id,
            audience=audience,
            ends=self._call.io.now() + timeout,
            interval=interval,
            options=checked(options, call="buddies.ensure", kind=PollOptions),
        )
        return await bootstrap.run()

    async def get(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.Buddy:
        """Fetch one buddy."""
        return await self._call(routes.BUDDIES_GET, models.Buddy, buddy_id, options=options)

    async def list(
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
        query = models.BuddyListParams(
            user_id=user_id,
            status=status,
            evolution_stage=evolution_stage,
            page=page,
            limit=limit,
            sort=sort,
            order=order,
        )
        return await self._call(routes.BUDDIES_LIST, models.BuddyList, query=query, options=options)

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
    ) -> AsyncGenerator[models.Buddy, None]:
        """Walk all buddies, fetching `limit` at a time."""

        async def fetch(page: int) -> tuple[Sequence[models.Buddy], int]:
            found = await self.list(
                user_id=user_id,
                status=status,
                evolution_stage=evolution_stage,
                page=page,
                limit=limit,
                sort=sort,
                order=order,
                **options,
            )
            return found.data, found.meta.total

        return numbered_pages(fetch, key=lambda buddy: buddy.id)

    async def update_name(self, buddy_id: str, /, *, name: str, **options: Unpack[WriteOptions]) -> models.Buddy:
        """Rename a buddy."""
        body = models.UpdateBuddyParams(name=name)
        return await self._call(routes.BUDDIES_UPDATE_NAME, models.Buddy, buddy_id, body=body, options=options)

    async def archive(self, buddy_id: str, /, **options: Unpack[WriteOptions]) -> models.Buddy:
        """Archive a buddy; some calls answer 404 for it from then on."""
        return await self._call(routes.BUDDIES_ARCHIVE, models.Buddy, buddy_id, options=options)

    async def update_skills(
        self,
        buddy_id: str,
        /,
        *,
        updates: Sequence[models.SkillUpdate | Mapping[str, Any]],
        **options: Unpack[WriteOptions],
    ) -> models.SkillsSnapshot:
        """Change skills, one `SkillUpdate` (or a mapping in either case) each."""
        body = models.UpdateSkillsParams(updates=[codec.params(update, models.SkillUpdate) for update in updates])
        return await self._call(
            routes.BUDDIES_UPDATE_SKILLS, models.SkillsSnapshot, buddy_id, body=body, options=options
        )

    async def earn(
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
        body = models.EarnCoinsParams(amount=amount, reason=reason, reference_id=reference_id, token=token)
        return await self._call(routes.BUDDIES_EARN, models.LedgerEntry, buddy_id, body=body, options=options)

    earn_coins = earn

    async def spend(
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
        body = models.SpendCoinsParams(amount=amount, reason=reason, item_id=item_id, token=token)
        return await self._call(routes.BUDDIES_SPEND, models.LedgerEntry, buddy_id, body=body, options=options)

    async def award_badge(
        self, buddy_id: str, badge_key: str, /, *, reason: str | None = None, **options: Unpack[WriteOptions]
    ) -> models.BuddyBadge:
        """Award a badge, such as one that `EventEffects.badges_ready` names."""
        body = models.AwardBadgeParams(badge_key=badge_key, reason=reason)
        return await self._call(routes.BUDDIES_AWARD_BADGE, models.BuddyBadge, buddy_id, body=body, options=options)

    async def get_badges(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> tuple[models.BuddyBadge, ...]:
        """Fetch the badges of a buddy."""
        return await self._call(routes.BUDDIES_GET_BADGES, tuple[models.BuddyBadge, ...], buddy_id, options=options)

    async def equip(
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
        body = models.EquipItemsParams(equip=equip, unequip=unequip)
        return await self._call(routes.BUDDIES_EQUIP, models.EquipItemsResult, buddy_id, body=body, options=options)

    async def rerender_appearance(
        self, buddy_id: str, /, **options: Unpack[WriteOptions]
    ) -> models.RerenderAppearanceResult:
        """Draw the bare buddy of this stage anew, after `appearance.status` became `failed` with `needs_rerender`.

        Worn items are taken off; equip them again once the appearance is `ready`.
        """
        return await self._call(
            routes.BUDDIES_RERENDER_APPEARANCE, models.RerenderAppearanceResult, buddy_id, options=options
        )

    async def purchase_item(
        self, buddy_id: str, item_id: str, /, **options: Unpack[WriteOptions]
    ) -> models.PurchasedItem:
        """Buy an item of the marketplace.

        Raises:
            InsufficientBalanceError: The buddy has too few coins.
            PlanFeatureLockedError: The plan has no marketplace.
        """
        return await self._call(routes.BUDDIES_PURCHASE_ITEM, models.PurchasedItem, buddy_id, item_id, options=options)

    async def get_purchased_items(
        self, buddy_id: str, /, **options: Unpack[RequestOptions]
    ) -> tuple[models.PurchasedItem, ...]:
        """Fetch the items that a buddy owns."""
        return await self._call(
            routes.BUDDIES_GET_PURCHASED_ITEMS, tuple[models.PurchasedItem, ...], buddy_id, options=options
        )

    async def get_evolution(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.EvolutionState:
        """Fetch how far a buddy is on the way to its next stage."""
        return await self._call(routes.BUDDIES_GET_EVOLUTION, models.EvolutionState, buddy_id, options=options)

    async def evolve(self, buddy_id: str, /, **options: Unpack[WriteOptions]) -> models.EvolveResult:
        """Begin to move a ready buddy to its next stage; wait for the answer's `operation_id`.

        For customers whose rules do not evolve by themselves, after `EventEffects.evolution_ready`.
        """
        return await self._call(routes.BUDDIES_EVOLVE, models.EvolveResult, buddy_id, options=options)

    async def get_progression(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.ProgressionSnapshot:
        """Fetch the counters of a buddy."""
        return await self._call(routes.BUDDIES_GET_PROGRESSION, models.ProgressionSnapshot, buddy_id, options=options)

    async def tokens(self, buddy_id: str, /, **options: Unpack[RequestOptions]) -> models.TokensSummary:
        """Fetch both token balances of a buddy."""
        return await self._call(routes.BUDDIES_TOKENS, models.TokensSummary, buddy_id, options=options)

    async def evolutions(
        self, buddy_id: str, /, *, page: int | None = None, limit: int | None = None, **options: Unpack[RequestOptions]
    ) -> models.EvolutionPage:
        """Fetch one page of a buddy's stage transitions. `page` counts from 1."""
        query = models.ListEvolutionsParams(page=page, limit=limit)
        return await self._call(routes.BUDDIES_EVOLUTIONS, models.EvolutionPage, buddy_id, query=query, options=options)

    def iter_evolutions(
        self, buddy_id: str, /, *, limit: int = 50, **options: Unpack[RequestOptions]
    ) -> AsyncGenerator[models.BuddyEvolutionRecord, None]:
        """Walk all stage transitions of a buddy, fetching `limit` at a time."""

        async def fetch(page: int) -> tuple[Sequence[models.BuddyEvolutionRecord], int]:
            found = await self.evolutions(buddy_id, page=page, limit=limit, **options)
            return found.data, found.pagination.total

        return numbered_pages(fetch, key=lambda record: record.id)

    async def get_user_summary(self, user_id: str, /, **options: Unpack[RequestOptions]) -> models.UserSummary:
        """Fetch what is known of one of your users."""
        return await self._call(routes.BUDDIES_GET_USER_SUMMARY, models.UserSummary, user_id, options=options)
