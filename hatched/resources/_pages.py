"""Walking lists to their end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def numbered_pages(
    fetch: Callable[[int], Awaitable[tuple[Sequence[T], int | None]]], *, key: Callable[[T], str]
) -> AsyncGenerator[T, None]:
    """Pages 1, 2, 3… with the total, if the server tells it, until all are walked.

    A page that brings nothing new ends the walk too, so that a server that ignores `page` cannot make it
    endless. An item that moves to the next page while we walk is not repeated.
    """
    before: set[str] = set()
    page = walked = 0
    while True:
        page += 1
        items, total = await fetch(page)
        keys = {key(item) for item in items}
        if keys <= before:
            return
        for item in items:
            if key(item) not in before:
                yield item
        walked += len(items)
        if total is not None and walked >= total:
            return
        before = keys


async def cursor_pages(
    fetch: Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]],
) -> AsyncGenerator[T, None]:
    """Follow the server's cursor until there is none, or until it stands still."""
    cursor: str | None = None
    while True:
        items, following = await fetch(cursor)
        for item in items:
            yield item
        if not following or following == cursor:
            return
        cursor = following
