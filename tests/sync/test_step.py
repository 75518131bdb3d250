"""Running coroutines that never suspend, without an event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hatched.sync._step import step, step_each


class Suspends:
    """Something that waits for an event loop."""

    def __await__(self) -> Any:
        yield


async def answer(value: Any) -> Any:
    return value


async def fail(error: BaseException) -> None:
    raise error


class TestStep:
    @pytest.mark.parametrize("value", [None, 0, "text", (1, 2), StopIteration("a value")], ids=repr)
    def test_the_result_is_that_of_the_coroutine(self, value: Any) -> None:
        assert step(answer(value)) is value

    def test_coroutines_that_await_each_other_are_one_step(self) -> None:
        async def deep(levels: int) -> int:
            return 0 if levels == 0 else 1 + await deep(levels - 1)

        assert step(deep(100)) == 100

    @pytest.mark.parametrize(
        "error", [ValueError("x"), KeyError("x"), KeyboardInterrupt(), StopAsyncIteration(), SystemExit(3)]
    )
    def test_an_error_comes_through_as_itself(self, error: BaseException) -> None:
        with pytest.raises(type(error)) as caught:
            step(fail(error))

        assert caught.value is error

    def test_a_stop_iteration_that_is_raised_is_not_taken_for_a_result(self) -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            step(fail(StopIteration("not a result")))

    def test_a_coroutine_that_suspends_is_an_error_that_says_what_to_do(self) -> None:
        async def wait() -> None:
            await Suspends()

        with pytest.raises(RuntimeError, match="tried to wait for an event loop: use plain functions only"):
            step(wait())

    def test_a_coroutine_that_suspends_is_cleaned_up(self) -> None:
        cleaned = []

        async def wait() -> None:
            try:
                await Suspends()
            finally:
                cleaned.append(True)

        coroutine = wait()  # kept, so that it is not the garbage collection that cleans up
        with pytest.raises(RuntimeError):
            step(coroutine)

        assert cleaned == [True]

    def test_a_coroutine_that_waits_for_asyncio_is_the_same_error(self) -> None:
        with pytest.raises(RuntimeError):
            step(asyncio.sleep(0.001))

    def test_nothing_is_left_unawaited(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            step(answer(1))
            with pytest.raises(ValueError):
                step(fail(ValueError()))
            gc.collect()

    async def test_works_inside_a_running_loop(self) -> None:
        assert step(answer(1)) == 1

    def test_works_in_any_thread(self) -> None:
        results = []
        threads = [threading.Thread(target=lambda: results.append(step(answer(1)))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert results == [1] * 4

    def test_needs_no_event_loop_and_makes_none(self) -> None:
        async def loop() -> object:
            return asyncio.get_running_loop()

        with pytest.raises(RuntimeError, match="no running event loop"):
            step(loop())


async def count(to: int, closed: list[bool] | None = None) -> AsyncIterator[int]:
    try:
        for number in range(to):
            yield await answer(number)
    finally:
        if closed is not None:
            closed.append(True)


class TestStepEach:
    @pytest.mark.parametrize("to", [0, 1, 5])
    def test_items_come_in_order(self, to: int) -> None:
        assert [*step_each(count(to))] == [*range(to)]

    def test_items_come_one_at_a_time(self) -> None:
        seen = []

        async def watched() -> AsyncIterator[int]:
            for number in range(3):
                seen.append(number)
                yield number

        next(step_each(watched()))

        assert seen == [0]

    def test_an_error_comes_through_after_the_items_before_it(self) -> None:
        async def broken() -> AsyncIterator[int]:
            yield 1
            raise ValueError

        items = step_each(broken())

        assert next(items) == 1
        with pytest.raises(ValueError):
            next(items)

    def test_an_iterator_that_suspends_is_an_error(self) -> None:
        async def waiting() -> AsyncIterator[int]:
            await Suspends()
            yield 1

        with pytest.raises(RuntimeError, match="event loop"):
            next(step_each(waiting()))

    def test_the_end_is_the_end(self) -> None:
        items = step_each(count(1))

        assert [*items] == [0]
        assert [*items] == []

    def test_a_walk_that_is_given_up_is_cleaned_up(self) -> None:
        closed: list[bool] = []
        items = step_each(count(5, closed))
        next(items)
        items.close()  # type: ignore[attr-defined]

        assert closed == [True]
