"""Calls that both checkers must refuse: each line marked `E:`, and no other."""

# pyright: strict

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_never

import httpx

import hatched as package
from hatched import AsyncHatchedClient, HatchedClient, Request, Response, SendEventParams, models


async def misspelt(hatched: AsyncHatchedClient) -> None:
    await hatched.eggs.get("egg", time_out=1)  # E: the option is `timeout`
    await hatched.events.send(user_id="u", type="t", evnt_id="e")  # E: the parameter is `event_id`
    await hatched.buddies.earn_coin("b", amount=1, reason="r")  # E: the method is `earn_coins`
    hatched.with_options(retries=3)  # E: the option is `max_retries`
    AsyncHatchedClient(apikey="hatch_test_x")  # E: the parameter is `api_key`
    models.EventEffect  # E: the class is `EventEffects`
    package.HatchedCleint  # E: the class is `HatchedClient`


async def wrong_type(hatched: AsyncHatchedClient) -> None:
    await hatched.eggs.get(1)  # E: an id is a string
    await hatched.eggs.get("egg", timeout="5")  # E: seconds
    await hatched.eggs.get("egg", headers=["a"])  # E: a mapping
    await hatched.eggs.get("egg", on_response="log")  # E: a function
    await hatched.eggs.update_status("egg", status="hatched")  # E: only ready or cancelled
    await hatched.buddies.list(order="up")  # E: asc or desc
    await hatched.events.send(user_id="u", type="t", properties=["a"])  # E: a mapping
    await hatched.events.send(user_id="u", type="t", occurred_at=12.5)  # E: a datetime or text
    await hatched.events.send_batch("events")  # E: a list
    await hatched.events.send_batch(SendEventParams(user_id="u", type="t"))  # E: a list
    AsyncHatchedClient(http_client=httpx.Client())  # E: that is the blocking client
    HatchedClient(http_client=httpx.AsyncClient())  # E: that is the asynchronous client


async def positional(hatched: AsyncHatchedClient) -> None:
    await hatched.events.send("e", "u", "t")  # E: keywords only
    await hatched.eggs.create("user")  # E: keywords only
    await hatched.eggs.update_status("egg", "ready")  # E: ids by position, the rest by keyword
    await hatched.buddies.earn("b", 5, "r")  # E: keywords only
    AsyncHatchedClient("hatch_test_x")  # E: keywords only
    await hatched.eggs.get(egg_id="egg")  # E: positional only


async def missing(hatched: AsyncHatchedClient) -> None:
    await hatched.events.send(user_id="u")  # E: no type
    await hatched.buddies.spend("b", amount=5)  # E: no reason
    await hatched.eggs.hatch()  # E: no id
    SendEventParams(user_id="u")  # E: no type


async def not_for_this_call(hatched: AsyncHatchedClient) -> None:
    await hatched.eggs.get("egg", idempotency_key="k")  # E: a read
    await hatched.buddies.list(idempotency_key="k")  # E: a read
    await hatched.operations.wait("o", idempotency_key="k")  # E: reads
    await hatched.operations.wait("o", deadline=3)  # E: `timeout` is the bound of a wait
    hatched.with_options(api_key="hatch_test_x")  # E: a copy keeps its key


async def wrong_colour(hatched: AsyncHatchedClient, plain: HatchedClient) -> None:
    await plain.eggs.get("egg")  # E: there is nothing to await
    hatched.eggs.get("egg").egg_id  # E: not awaited
    with hatched:  # E: async with
        pass
    for _ in hatched.eggs.iter():  # E: async for
        pass
    hatched.close()  # E: aclose
    plain.aclose()  # E: close


async def async_middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    return await call_next(request)


def plain_middleware(request: Request, call_next: Callable[[Request], Response]) -> Response:
    return call_next(request)


HatchedClient(middleware=[async_middleware])  # E: a coroutine function
AsyncHatchedClient(middleware=[plain_middleware])  # E: a plain function
AsyncHatchedClient(middleware=async_middleware)  # E: a list of them


def answers(egg: models.Egg, effects: models.EventEffects, error: Exception) -> None:
    egg.status = models.EggStatus.READY  # E: frozen
    effects.coins += 1  # E: frozen
    effects.badges_awarded.append("first_lesson")  # E: a tuple
    egg.extra["a"] = 1  # E: read-only
    egg.buddy_id.upper()  # E: may be None
    egg.eggId  # E: snake_case
    models.Egg("egg")  # E: keywords only, and more of them
    error.code  # E: not every exception is a HatchedError


def errors(hatched: HatchedClient) -> str:
    from hatched import HatchedError, RateLimitError

    try:
        hatched.health()
    except RateLimitError as error:
        wait: int = error.retry_after  # E: a float
        return str(wait)
    except HatchedError as error:
        return error.request_id  # E: may be None
    return ""


def statuses(status: models.EggStatus) -> str:
    match status:
        case models.EggStatus.READY:
            return "ready"
        case _:
            assert_never(status)  # E: there are others
