"""Run a coroutine that never suspends: no event loop, no thread.

On a blocking io every `await` of the SDK comes back at once, so one step is the whole run.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def step(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a call of the synchronous client tried to wait for an event loop: use plain functions only")


def step_each(items: AsyncGenerator[T, None]) -> Iterator[T]:
    """The items of an asynchronous generator that never suspends."""
    while True:
        try:
            item = step(_next(items))
        except StopAsyncIteration:
            return
        try:
            yield item
        except GeneratorExit:
            step(_close(items))
            raise


async def _next(items: AsyncGenerator[T, None]) -> T:
    return await anext(items)


async def _close(items: AsyncGenerator[T, None]) -> None:
    await items.aclose()
