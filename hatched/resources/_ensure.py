"""The first-user bootstrap: the buddy of a user, hatched if need be (guides/first-user-bootstrap)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hatched import models, routes
from hatched.errors import ConflictError, OperationFailedError, OperationTimeoutError
from hatched.resources._call import Caller
from hatched.resources._polling import poll, wait_for_operation
from hatched.resources.buddies import AsyncBuddies
from hatched.resources.eggs import AsyncEggs


async def ensure_buddy(
    call: Caller,
    user_id: str,
    audience: str | None,
    *,
    timeout: float,
    interval: float,
    options: Mapping[str, Any],
) -> models.Buddy:
    """See `AsyncBuddies.ensure`.

    Several callers may run this at once, so an egg that hatches already, whoever began it, is waited for.
    Eggs are looked at before buddies: one that stops hatching in between has become a buddy by then.
    """
    buddies, eggs = AsyncBuddies(call), AsyncEggs(call)
    ends = call.io.now() + timeout

    async def hatching() -> models.Egg | None:
        found = await eggs.list(user_id=user_id, status=models.EggStatus.HATCHING, **options)
        return next(
            (egg for egg in found if audience is None or egg.metadata.get("audience", audience) == audience), None
        )

    async def alive() -> models.Buddy | None:
        async for buddy in buddies.iter(user_id=user_id, status=models.BuddyStatus.ACTIVE, **options):
            if audience is None or buddy.audience == audience:
                return buddy
        return None

    if (buddy := await alive()) is not None:
        return buddy
    if (egg := await hatching()) is None:
        if (buddy := await alive()) is not None:
            return buddy
        mine = await eggs.create(user_id=user_id, ensure=True, audience=audience, **options)
        # Between the last look and `create` another caller may have begun to hatch the egg that
        # `ensure` would have answered; then ours is left waiting, for a later `ensure` to use.
        if (egg := await hatching()) is None:
            if (buddy := await alive()) is not None:
                return buddy
            egg = mine
            await _hatch(
                call, eggs, egg, timeout=max(ends - call.io.now(), interval), interval=interval, options=options
            )
    buddy_id = await _hatched(
        call, eggs, egg, timeout=max(ends - call.io.now(), interval), interval=interval, options=options
    )
    return await buddies.get(buddy_id, **options)


async def _hatch(
    call: Caller, eggs: AsyncEggs, egg: models.Egg, *, timeout: float, interval: float, options: Mapping[str, Any]
) -> None:
    try:
        if egg.status is models.EggStatus.WAITING:
            await eggs.update_status(egg.egg_id, "ready", **options)
        started = await eggs.hatch(egg.egg_id, **options)
    except ConflictError:
        return  # another caller was faster
    await wait_for_operation(
        call, started.operation_id, timeout=timeout, interval=interval, raise_on_failure=True, options=options
    )


async def _hatched(
    call: Caller, eggs: AsyncEggs, egg: models.Egg, *, timeout: float, interval: float, options: Mapping[str, Any]
) -> str:
    async def look(time_left: float) -> str | None:
        seen = await call(routes.EGGS_GET, models.Egg, egg.egg_id, options={**options, "deadline": time_left})
        if seen.buddy_id is None and seen.status not in (models.EggStatus.HATCHING, models.EggStatus.HATCHED):
            raise OperationFailedError(
                f"egg {egg.egg_id} stopped hatching and is {seen.status}", operation=None, route=routes.EGGS_HATCH.id
            )
        return seen.buddy_id

    buddy_id = await poll(call, look, timeout=timeout, interval=interval)
    if buddy_id is None:
        raise OperationTimeoutError(
            f"egg {egg.egg_id} has not hatched in time; call again", operation=None, route=routes.EGGS_HATCH.id
        )
    return buddy_id
