"""Walking lists to their end, whatever the server does to them meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hatched.resources._pages import cursor_pages, numbered_pages
from hatched.sync._step import step_each

LAW = settings(max_examples=60, deadline=None, database=None)


class Numbered:
    """A server with numbered pages; it tells the total, or not, and records what it was asked."""

    def __init__(self, *pages: str, total: int | None = None) -> None:
        self.pages, self.total = pages, total
        self.asked: list[int] = []

    async def fetch(self, page: int) -> tuple[Sequence[str], int | None]:
        self.asked.append(page)
        assert len(self.asked) < 100, "an endless walk"
        return self.pages[page - 1] if page <= len(self.pages) else "", self.total

    def walk(self) -> str:
        return "".join(step_each(numbered_pages(self.fetch, key=str)))


class TestNumberedPages:
    @pytest.mark.parametrize(
        ("pages", "total", "items", "asked"),
        [
            ([], None, "", [1]),
            ([], 0, "", [1]),
            (["abc"], 3, "abc", [1]),
            (["abc", "de"], 5, "abcde", [1, 2]),
            (["abc", "def"], 6, "abcdef", [1, 2]),
            (["abc", "def"], None, "abcdef", [1, 2, 3]),
            (["abc", "de"], None, "abcde", [1, 2, 3]),
        ],
        ids=str,
    )
    def test_are_walked_until_all_are_seen_or_one_brings_nothing(
        self, pages: list[str], total: int | None, items: str, asked: list[int]
    ) -> None:
        server = Numbered(*pages, total=total)

        assert (server.walk(), server.asked) == (items, asked)

    @pytest.mark.parametrize("total", [None, 9, 10**9])
    def test_of_a_server_that_ignores_the_page_are_walked_once(self, total: int | None) -> None:
        assert Numbered(*["abc"] * 100, total=total).walk() == "abc"

    def test_that_are_empty_before_the_total_end_the_walk(self) -> None:
        assert Numbered("abc", "", total=1000).walk() == "abc"

    def test_an_item_that_moves_to_the_next_page_is_not_repeated(self) -> None:
        assert Numbered("abc", "cd", total=5).walk() == "abcd"

    def test_a_total_that_is_too_small_ends_the_walk(self) -> None:
        assert Numbered("abc", "def", total=1).walk() == "abc"

    def test_are_fetched_only_as_far_as_one_walks(self) -> None:
        server = Numbered("abc", "def", total=6)
        walk = step_each(numbered_pages(server.fetch, key=str))
        for _ in range(3):
            next(walk)

        assert server.asked == [1]

    def test_two_walks_do_not_disturb_each_other(self) -> None:
        server = Numbered("ab", "cd", total=4)
        one, other = (step_each(numbered_pages(server.fetch, key=str)) for _ in range(2))

        assert ["".join(pair) for pair in zip(one, other, strict=True)] == ["aa", "bb", "cc", "dd"]

    def test_an_error_of_a_fetch_comes_through(self) -> None:
        async def fetch(page: int) -> Any:
            raise ConnectionError

        with pytest.raises(ConnectionError):
            next(step_each(numbered_pages(fetch, key=str)))

    @given(st.lists(st.integers(), unique=True, max_size=50), st.integers(1, 20), st.booleans())
    @LAW
    def test_of_a_list_that_keeps_still_bring_each_item_once_in_order(
        self, items: list[int], limit: int, told: bool
    ) -> None:
        async def fetch(page: int) -> tuple[Sequence[int], int | None]:
            return items[(page - 1) * limit : page * limit], len(items) if told else None

        assert [*step_each(numbered_pages(fetch, key=str))] == items

    @given(st.lists(st.text("abc", max_size=3), max_size=8), st.none() | st.integers(-5, 50))
    @LAW
    def test_always_end(self, pages: list[str], total: int | None) -> None:
        Numbered(*pages, total=total).walk()


class Cursors:
    """A server with cursors."""

    def __init__(self, pages: dict[str | None, tuple[str, str | None]]) -> None:
        self.pages = pages
        self.asked: list[str | None] = []

    async def fetch(self, cursor: str | None) -> tuple[Sequence[str], str | None]:
        self.asked.append(cursor)
        assert len(self.asked) < 100, "an endless walk"
        return self.pages[cursor]

    def walk(self) -> str:
        return "".join(step_each(cursor_pages(self.fetch)))


class TestCursorPages:
    @pytest.mark.parametrize(
        ("pages", "items", "asked"),
        [
            ({None: ("", None)}, "", [None]),
            ({None: ("ab", None)}, "ab", [None]),
            ({None: ("ab", "1"), "1": ("cd", "2"), "2": ("e", None)}, "abcde", [None, "1", "2"]),
            ({None: ("ab", "1"), "1": ("", "2"), "2": ("e", None)}, "abe", [None, "1", "2"]),
        ],
        ids=str,
    )
    def test_are_followed_until_there_is_none(self, pages: Any, items: str, asked: list[str | None]) -> None:
        server = Cursors(pages)

        assert (server.walk(), server.asked) == (items, asked)

    def test_that_stand_still_end_the_walk(self) -> None:
        assert Cursors({None: ("ab", "1"), "1": ("cd", "1")}).walk() == "abcd"

    def test_that_are_empty_text_end_the_walk(self) -> None:
        assert Cursors({None: ("ab", ""), "": ("ab", "")}).walk() == "ab"


async def test_both_are_asynchronous_iterators() -> None:
    async def numbered(page: int) -> tuple[Sequence[str], int]:
        return "ab", 2

    async def by_cursor(cursor: str | None) -> tuple[Sequence[str], None]:
        return "ab", None

    walks: list[AsyncIterator[str]] = [numbered_pages(numbered, key=str), cursor_pages(by_cursor)]

    assert [[item async for item in walk] for walk in walks] == [["a", "b"]] * 2
