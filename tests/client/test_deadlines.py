"""Time: `timeout` bounds an attempt, `deadline` a call, and cancellation is the caller's."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import anyio
import httpx
import pytest
import trio

import hatched
from hatched.io import wire
from tests.client.conftest import KEY
from tests.client.raw_server import answer, hang_up, stall

OK = {"status": "ok"}
SLACK = 15.0
"""Seconds that a busy machine may add; what these tests find out takes far longer, or for ever."""
ARRIVES = 0.5
"""Seconds within which a request has reached the server on a busy machine, too."""


class Timer:
    """`with Timer() as timer`: how long the block took."""

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._started


# --- timeout: one attempt -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["client", "copy", "call"])
async def test_the_timeout_bounds_an_attempt_wherever_it_is_given(
    colour: Any, run: Any, serve: Any, where: str
) -> None:
    server = serve(stall())
    client = colour.client(base_url=server.base_url, max_retries=0, timeout=0.05 if where == "client" else 60)
    if where == "copy":
        client = client.with_options(timeout=0.05)
    with Timer() as timer, pytest.raises(hatched.RequestTimeoutError, match=r"within 0\.05 s"):
        await run(client.health(**({"timeout": 0.05} if where == "call" else {})))
    assert timer.seconds < 0.05 + SLACK


async def test_each_attempt_has_the_whole_timeout(colour: Any, run: Any, serve: Any, clock: Any) -> None:
    server = serve(stall())
    client = colour.client(base_url=server.base_url, clock=clock, max_retries=2, timeout=0.05)
    with Timer() as timer, pytest.raises(hatched.RequestTimeoutError) as caught:
        await run(client.health())
    assert caught.value.attempts == 3
    assert 0.15 <= timer.seconds + 0.01 < 0.15 + SLACK


async def test_no_timeout_means_no_bound(colour: Any, run: Any, serve: Any) -> None:
    def late(exchange: Any) -> None:
        exchange.wait(0.1)
        answer(200, OK)(exchange)

    client = colour.client(base_url=serve(late).base_url, timeout=0.05, max_retries=0)
    assert (await run(client.health(timeout=None))).status == "ok"


async def test_no_timeout_means_no_bound_with_the_callers_own_http_client_too(
    colour: Any, run: Any, serve: Any
) -> None:
    def late(exchange: Any) -> None:
        exchange.wait(0.1)
        answer(200, OK)(exchange)

    client = colour.client(base_url=serve(late).base_url, max_retries=0, http_client=colour.http(timeout=0.05))
    assert (await run(client.health(timeout=None))).status == "ok"


async def test_the_timeout_of_the_call_wins_over_that_of_the_callers_own_http_client(
    colour: Any, run: Any, serve: Any
) -> None:
    client = colour.client(base_url=serve(stall()).base_url, max_retries=0, http_client=colour.http(timeout=60))
    with Timer() as timer, pytest.raises(hatched.RequestTimeoutError):
        await run(client.health(timeout=0.05))
    assert timer.seconds < 0.05 + SLACK


async def test_a_late_answer_of_a_free_connection_does_not_reach_the_next_call(
    colour: Any, run: Any, serve: Any
) -> None:
    def late(exchange: Any) -> None:
        exchange.wait(ARRIVES + 0.1)
        answer(200, {"status": "late"})(exchange)

    client = colour.client(base_url=serve(late, answer(200, OK)).base_url, max_retries=0)
    with pytest.raises(hatched.RequestTimeoutError):
        await run(client.health(timeout=ARRIVES))
    await asyncio.sleep(0.2)
    assert (await run(client.health())).status == "ok"


async def test_waiting_for_a_free_connection_counts_towards_timeout_and_deadline(
    colour: Any, run: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatched.io.wire.CONNECTIONS", 4)
    client = colour.client(base_url=serve(stall()).base_url, max_retries=0)
    busy = [lambda: client.health(timeout=1.4)] * 4

    async def later(**bound: float) -> float:
        await asyncio.sleep(0.1)
        with Timer() as timer, pytest.raises(hatched.RequestTimeoutError):
            await (client.health(**bound) if colour.is_async else asyncio.to_thread(client.health, **bound))
        return timer.seconds

    for _ in range(5):  # a busy machine takes longer now and then, a bound that begins anew each time
        _, *seconds = await asyncio.gather(colour.together(*busy), later(timeout=1.5), later(deadline=1.5))
        if max(seconds) < 2.7:
            return
    raise AssertionError("the 1.3 seconds of the wait are not counted")


async def test_no_free_connection_is_a_timeout_of_a_request_that_was_not_sent(
    colour: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatched.io.wire.CONNECTIONS", 4)
    client = colour.client(base_url=serve(stall()).base_url, max_retries=0)
    calls = [lambda: client.health(timeout=1.0)] * 4 + [lambda: (time.sleep(0.1), client.health(timeout=0.05))[1]] * 2
    outcomes = await colour.together(*calls)
    assert [(one.phase, one.maybe_received) for one in outcomes[4:]] == [("pool", False)] * 2


# --- deadline: the whole call -----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["client", "copy", "call"])
async def test_the_deadline_bounds_a_call_with_its_retries(colour: Any, run: Any, serve: Any, where: str) -> None:
    server = serve(stall())
    client = colour.client(
        base_url=server.base_url, max_retries=50, timeout=0.03, deadline=0.2 if where == "client" else None
    )
    if where == "copy":
        client = client.with_options(deadline=0.2)
    with Timer() as timer, pytest.raises(hatched.HatchedError):
        await run(client.health(**({"deadline": 0.2} if where == "call" else {})))
    assert timer.seconds < 0.2 + SLACK


async def test_the_deadline_shrinks_the_timeout_of_the_last_attempt(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(stall()).base_url, timeout=60, max_retries=5)
    with Timer() as timer, pytest.raises(hatched.RequestTimeoutError):
        await run(client.health(deadline=0.1))
    assert timer.seconds < 0.1 + SLACK


async def test_a_wait_that_would_pass_the_deadline_is_not_begun(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(503, Retry_After="30")).base_url)
    with Timer() as timer, pytest.raises(hatched.HatchedError) as caught:
        await run(client.health(deadline=25))
    assert timer.seconds < SLACK
    assert (caught.value.status_code, caught.value.attempts) == (503, 1)


async def test_a_rate_limit_that_frees_up_after_the_deadline_is_an_error_at_once(
    colour: Any, run: Any, serve: Any
) -> None:
    server = serve(answer(429, Retry_After="30"), answer(200, OK))
    client = colour.client(base_url=server.base_url)
    with pytest.raises(hatched.RateLimitError):
        await run(client.health(max_retries=0))
    with Timer() as timer, pytest.raises(hatched.RequestTimeoutError, match="rate limit") as caught:
        await run(client.health(deadline=25))
    assert timer.seconds < SLACK
    assert (caught.value.phase, caught.value.maybe_received) == ("deadline", False)
    assert len(server.heard) == 1


async def test_the_deadline_is_measured_on_the_clock_of_the_client(
    colour: Any, run: Any, serve: Any, clock: Any
) -> None:
    server = serve(answer(503, Retry_After="10"))
    client = colour.client(base_url=server.base_url, clock=clock, max_retries=100)
    with pytest.raises(hatched.HatchedError) as caught:
        await run(client.health(deadline=35))
    assert (caught.value.attempts, clock.sleeps) == (4, pytest.approx([10.0] * 3, abs=0.1))


async def test_the_deadline_of_the_client_bounds_each_look_of_a_wait_not_the_wait(
    colour: Any, run: Any, emulator: Any
) -> None:
    from hatched.emulator import Emulator, Operations

    slow = Emulator(operations=Operations(after_seconds=30))
    client = colour.on(slow, deadline=5)
    assert (await run(client.buddies.ensure("u"))).status == "active"


async def test_a_copy_that_waits_less_raises_where_the_client_would_wait(
    colour: Any, run: Any, serve: Any, clock: Any
) -> None:
    client = colour.client(base_url=serve(answer(429, Retry_After="30")).base_url, clock=clock)
    impatient = client.with_options(max_retry_wait=5)
    for _ in range(2):
        with pytest.raises(hatched.RateLimitError) as caught:
            await run(impatient.health())
        assert caught.value.retry_after == pytest.approx(30, abs=1)
    assert clock.sleeps == []


async def test_an_error_that_asks_to_wait_too_long_says_how_long(colour: Any, run: Any, serve: Any, clock: Any) -> None:
    client = colour.client(base_url=serve(answer(503, Retry_After="120")).base_url, clock=clock)
    with pytest.raises(hatched.HatchedError) as caught:
        await run(client.health())
    assert (caught.value.status_code, caught.value.retry_after, clock.sleeps) == (503, 120, [])


async def test_a_call_cut_by_its_deadline_says_so(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(stall()).base_url, timeout=60)
    with pytest.raises(hatched.RequestTimeoutError) as caught:
        await run(client.health(deadline=ARRIVES))
    assert (caught.value.phase, caught.value.maybe_received) == ("deadline", True)


async def test_a_deadline_that_has_passed_is_not_retried(colour: Any, run: Any, serve: Any, clock: Any) -> None:
    server = serve(answer(429, Retry_After="30"), answer(200, OK))
    client = colour.client(base_url=server.base_url, clock=clock)
    with pytest.raises(hatched.RateLimitError):
        await run(client.health(max_retries=0))
    with pytest.raises(hatched.RequestTimeoutError):
        await run(client.health(deadline=5))
    assert clock.sleeps == []


async def test_calls_that_never_left_are_no_sign_of_an_outage(colour: Any, run: Any, serve: Any, clock: Any) -> None:
    server = serve(answer(429, Retry_After="30"), answer(503), answer(200, OK))
    client = colour.client(base_url=server.base_url, clock=clock)
    with pytest.raises(hatched.RateLimitError):
        await run(client.health(max_retries=0))
    for _ in range(70):
        with pytest.raises(hatched.RequestTimeoutError):
            await run(client.health(deadline=5))
    clock.sleep(60)
    assert (await run(client.health())).status == "ok"


# --- cancellation -------------------------------------------------------------------------------------------------


STUCK = {"headers": {"x-stuck": "1"}}
"""Options of a call that `obeying` never answers."""


def obeying(exchange: Any) -> None:
    """Answer, unless asked not to."""
    (stall() if "x-stuck" in exchange.heard.headers else answer(200, OK))(exchange)


def stuck(client: Any) -> Any:
    """A call that is never answered."""
    return client.health(**STUCK)


@pytest.fixture
async def client(serve: Any) -> Any:
    """An asynchronous client, which must work after whatever a test has done to it."""
    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=serve(obeying).base_url) as client:
        yield client
        assert (await client.health()).status == "ok"
        await nothing_is_lost(client)


async def nothing_is_lost(client: hatched.AsyncHatchedClient) -> None:
    """No slot taken, no request counted, no connection in use, no task left."""
    io: Any = client._shared.io
    (pool,) = io._pools.values()
    assert pool.slots.value == wire.CONNECTIONS
    assert len(pool.clients._idle) == len(pool.clients.all)
    for one in pool.clients.all:
        connection = one._transport._pool.connection
        assert connection is None or connection.is_idle()
    assert client._shared.pacer._in_flight == 0


async def test_a_cancelled_task_stops_its_call(client: Any) -> None:
    task = asyncio.create_task(stuck(client))
    await asyncio.sleep(0.02)
    task.cancel("enough")
    with Timer() as timer, pytest.raises(asyncio.CancelledError):
        await task
    assert timer.seconds < SLACK
    assert task.cancelled()


async def test_a_task_that_is_cancelled_before_it_starts_opens_nothing(client: Any) -> None:
    task = asyncio.create_task(stuck(client))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client._shared.io._pools == {}


async def test_a_task_that_is_cancelled_twice_stops_once(client: Any) -> None:
    task = asyncio.create_task(stuck(client))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_asyncio_timeout_is_a_timeout_error(client: Any) -> None:
    with Timer() as timer, pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.03):
            await stuck(client)
    assert timer.seconds < 0.03 + SLACK
    assert not isinstance(caught.value, hatched.HatchedError)


async def test_asyncio_wait_for_is_a_timeout_error(client: Any) -> None:
    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(stuck(client), 0.03)
    assert not isinstance(caught.value, hatched.HatchedError)


async def test_a_timeout_leaves_the_task_as_it_was(client: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await stuck(client)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_anyio_move_on_after_moves_on(client: Any) -> None:
    with anyio.move_on_after(0.03) as scope:
        await stuck(client)
    assert scope.cancelled_caught


async def test_anyio_fail_after_is_a_timeout_error(client: Any) -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.03):
            await stuck(client)


async def test_a_cancelled_task_group_stops_its_calls(client: Any) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(stuck, client)
        await asyncio.sleep(0.02)
        group.cancel_scope.cancel()


async def test_a_failing_sibling_stops_a_call(client: Any) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.02)
        raise ZeroDivisionError

    async def family() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stuck(client))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        await family()
    assert caught.group_contains(ZeroDivisionError)
    assert not caught.group_contains(hatched.HatchedError)


async def test_a_call_goes_on_inside_a_shield(serve: Any) -> None:
    def late(exchange: Any) -> None:
        exchange.wait(0.05)
        answer(200, OK)(exchange)

    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=serve(late).base_url) as client:
        with anyio.move_on_after(0.01):
            with anyio.CancelScope(shield=True):
                assert (await client.health()).status == "ok"


async def test_cancelling_one_of_many_calls_leaves_the_others_alone(serve: Any) -> None:
    def late(exchange: Any) -> None:
        exchange.wait(0.03)
        answer(200, OK)(exchange)

    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=serve(late).base_url) as client:
        tasks = [asyncio.create_task(client.health()) for _ in range(10)]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one).__name__ for one in outcomes] == ["CancelledError", "Health"] * 5
        await nothing_is_lost(client)


async def test_a_cancelled_wait_between_retries_stops_at_once(serve: Any) -> None:
    async with hatched.AsyncHatchedClient(
        api_key=KEY, base_url=serve(answer(503, Retry_After="30"), answer(200, OK)).base_url
    ) as client:
        with Timer() as timer, anyio.move_on_after(0.05):
            await client.health()
        assert timer.seconds < 0.05 + SLACK
        assert (await client.health()).status == "ok"


async def test_a_cancelled_wait_for_the_rate_limit_gives_its_turn_back(serve: Any) -> None:
    server = serve(answer(429, Retry_After="1"), answer(200, OK))
    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url) as client:
        with pytest.raises(hatched.RateLimitError):
            await client.health(max_retries=0)
        with anyio.move_on_after(0.02):
            await client.health()
        assert client._shared.pacer._in_flight == 0


async def test_a_cancelled_wait_for_a_free_connection_gives_nothing_away(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatched.io.wire.CONNECTIONS", 4)
    server = serve(*[stall(0.1)] * 4, answer(200, OK))
    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
        busy = [asyncio.create_task(client.health()) for _ in range(4)]
        await asyncio.sleep(0.03)
        waiting = [asyncio.create_task(client.health()) for _ in range(8)]
        await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*busy, *waiting, return_exceptions=True)
        assert {one.status for one in await asyncio.gather(*(client.health() for _ in range(8)))} == {"ok"}
        await nothing_is_lost(client)


async def test_a_cancelled_operations_wait_stops_at_once(emulator: Any) -> None:
    from hatched.emulator import Emulator, Operations

    slow = Emulator(operations=Operations(after_seconds=30))
    http = httpx.AsyncClient(transport=slow.transport())
    client = hatched.AsyncHatchedClient(api_key=slow.api_key, base_url=slow.base_url, http_client=http)
    egg = await client.eggs.create(user_id="u")
    await client.eggs.update_status(egg.egg_id, status="ready")
    started = await client.eggs.hatch(egg.egg_id)
    with Timer() as timer, anyio.move_on_after(0.05):
        await client.operations.wait(started.operation_id)
    assert timer.seconds < 0.05 + SLACK
    await http.aclose()


async def test_closing_while_a_call_is_under_way_ends_it_without_a_retry(serve: Any, clock: Any) -> None:
    server = serve(stall())
    client = hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url, clock=clock)
    task = asyncio.create_task(client.health())
    for _ in range(1000):
        if server.heard:
            break
        await asyncio.sleep(0.01)
    await client.aclose()
    with pytest.raises(hatched.ClientClosedError):
        await asyncio.wait_for(task, 10)
    assert clock.sleeps == []


def test_closing_the_synchronous_client_while_a_thread_calls_ends_the_call_with_an_error_of_the_sdk(serve: Any) -> None:
    client = hatched.HatchedClient(api_key=KEY, base_url=serve(stall(0.5)).base_url, timeout=2)
    outcome: list[BaseException] = []

    def call() -> None:
        try:
            client.health()
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.2)
    client.close()
    thread.join()
    assert [isinstance(one, hatched.HatchedError) for one in outcome] == [True], outcome


# --- trio ---------------------------------------------------------------------------------------------------------


def in_trio(serve: Any, abandon: Callable[[Any], Any]) -> None:
    server = serve(obeying)

    async def main() -> None:
        async with hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url) as client:
            with Timer() as timer:
                await abandon(client)
            assert timer.seconds < SLACK
            assert (await client.health()).status == "ok"
            await nothing_is_lost(client)

    trio.run(main)


def test_a_call_that_is_stopped_anywhere_on_trio_leaves_nothing_for_the_garbage_collector(serve: Any) -> None:
    async def abandon(client: Any) -> None:
        for place in range(150):
            with trio.move_on_after(place * 0.00004):
                await client.events.send(user_id="u", type="t", max_retries=0, **STUCK)
        gc.collect()

    in_trio(serve, abandon)


def test_a_trio_scope_stops_a_call(serve: Any) -> None:
    async def abandon(client: Any) -> None:
        with trio.move_on_after(0.03) as scope:
            await stuck(client)
        assert scope.cancelled_caught

    in_trio(serve, abandon)


def test_a_cancelled_trio_nursery_stops_its_calls(serve: Any) -> None:
    async def abandon(client: Any) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stuck, client)
            await trio.sleep(0.02)
            nursery.cancel_scope.cancel()

    in_trio(serve, abandon)


def test_the_timeout_on_trio_is_an_error_of_the_sdk(serve: Any) -> None:
    async def abandon(client: Any) -> None:
        with pytest.raises(hatched.RequestTimeoutError):
            await client.health(timeout=0.03, max_retries=0, **STUCK)

    in_trio(serve, abandon)


async def test_a_hung_up_connection_is_not_mistaken_for_a_cancellation(serve: Any) -> None:
    server = serve(hang_up(), answer(200, OK))
    async with hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url) as client:
        async with asyncio.timeout(5):
            with pytest.raises(hatched.TransportError):
                await client.health(max_retries=0)
