"""The life of a client: opening, copying, closing, loops, threads, forks, middleware, and what it keeps to itself."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import gzip
import logging
import pickle
import re
import socket
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import hatched
from hatched.emulator import Emulator
from tests.client.conftest import KEY, Colour
from tests.client.raw_server import Exchange, answer, hang_up, response, say, stall

OK = {"status": "ok"}
EFFECTS = {"coins": 10}


# --- closing -----------------------------------------------------------------------------------------------


async def test_a_closed_client_says_so(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url)
    await run(client.health())
    await colour.close(client)
    with pytest.raises(hatched.ClientClosedError, match=r"closed.*Create a new client"):
        await run(client.health())


async def test_a_client_that_was_never_used_can_be_closed(colour: Any) -> None:
    await colour.close(colour.client())


async def test_closing_twice_is_fine(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(200, OK)).base_url)
    await run(client.health())
    await colour.close(client)
    await colour.close(client)


async def test_a_closed_client_says_so_to_every_kind_of_call(colour: Any, run: Any) -> None:
    client = colour.client()
    await colour.close(client)
    for call in (
        lambda: client.events.send(user_id="u", type="t"),
        lambda: client.operations.wait("o"),
        lambda: client.buddies.ensure("u"),
    ):
        with pytest.raises(hatched.ClientClosedError):
            await run(call())
    with pytest.raises(hatched.ClientClosedError):
        await colour.list(client.buddies.iter())


async def test_leaving_the_block_closes(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(200, OK)).base_url)
    if colour.is_async:
        async with client as inside:
            await inside.health()
    else:
        with client as inside:
            inside.health()
    assert inside is client
    with pytest.raises(hatched.ClientClosedError):
        await run(client.health())


async def test_an_error_in_the_block_closes_and_goes_on(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(200, OK)).base_url)

    async def fail() -> None:
        if colour.is_async:
            async with client:
                raise ZeroDivisionError
        with client:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(hatched.ClientClosedError):
        await run(client.health())


async def test_closing_lets_go_of_the_connections(colour: Any, run: Any, serve: Any) -> None:
    gone = threading.Event()

    def watch(exchange: Any) -> None:
        exchange.say(response(200, b'{"status": "ok"}'))
        if not exchange.connection.recv(1):
            gone.set()

    client = colour.client(base_url=serve(watch).base_url)
    await run(client.health())
    await colour.close(client)
    assert await asyncio.to_thread(gone.wait, 1)


async def test_connections_are_used_again(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url)
    for _ in range(5):
        await run(client.health())
    assert server.connections == 1


# --- copies --------------------------------------------------------------------------------------------------


async def test_a_copy_uses_the_same_connections(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url)
    await run(client.health())
    await run(client.with_options(timeout=30).health())
    assert server.connections == 1


async def test_closing_a_copy_closes_nothing(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(200, OK)).base_url)
    await colour.close(client.with_options(timeout=30))
    assert (await run(client.health())).status == "ok"


async def test_leaving_the_block_of_a_copy_closes_nothing(colour: Any, run: Any, serve: Any) -> None:
    client = colour.client(base_url=serve(answer(200, OK)).base_url)
    if colour.is_async:
        async with client.with_options(timeout=30) as inside:
            await inside.health()
    else:
        with client.with_options(timeout=30) as inside:
            inside.health()
    assert (await run(inside.health())).status == "ok"


async def test_closing_the_original_closes_its_copies(colour: Any, run: Any) -> None:
    client = colour.client()
    inside = client.with_options(timeout=30)
    await colour.close(client)
    with pytest.raises(hatched.ClientClosedError):
        await run(inside.health())


async def test_ten_thousand_copies_leave_nothing_behind(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url)

    async def copies(count: int) -> None:
        for number in range(count):
            inside = client.with_options(timeout=60 + number, headers={"x-number": str(number)})
            _ = inside.events
            if number % 100 == 0:
                await run(inside.health())

    await copies(100)
    gc.collect()
    before = len(gc.get_objects())
    await copies(10_000)
    gc.collect()
    assert len(gc.get_objects()) - before < 200
    assert server.connections < 10  # of 100 calls; one that is idle for five seconds is closed


# --- the caller's own httpx client ----------------------------------------------------------------------------


async def test_the_callers_own_http_client_is_never_closed(colour: Any, run: Any, serve: Any) -> None:
    http = colour.http()
    client = colour.client(base_url=serve(answer(200, OK)).base_url, http_client=http)
    await run(client.health())
    await colour.close(client)
    assert not http.is_closed


async def test_a_client_whose_own_http_client_was_closed_says_so(colour: Any, run: Any, serve: Any) -> None:
    http = colour.http()
    client = colour.client(base_url=serve(answer(200, OK)).base_url, http_client=http)
    await colour.close(http)
    with pytest.raises(hatched.ClientClosedError):
        await run(client.health())


async def test_headers_of_the_callers_own_http_client_are_sent(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url, http_client=colour.http(headers={"x-mine": "1"}))
    await run(client.health())
    assert server.heard[0].headers["x-mine"] == "1"


async def test_auth_of_the_callers_own_http_client_replaces_the_key(colour: Any, run: Any, serve: Any) -> None:
    server = serve(answer(200, OK))
    client = colour.client(base_url=server.base_url, http_client=colour.http(auth=("me", "pass")))
    await run(client.health())
    assert server.heard[0].headers["authorization"].startswith("Basic ")


async def test_hooks_of_the_callers_own_http_client_may_read_the_answer(colour: Any, run: Any, serve: Any) -> None:
    seen: list[bytes] = []

    async def asynchronous(response: httpx.Response) -> None:
        seen.append(await response.aread())

    def blocking(response: httpx.Response) -> None:
        seen.append(response.read())

    http = colour.http(event_hooks={"response": [asynchronous if colour.is_async else blocking]})
    packed = gzip.compress(b'{"status": "ok"}')
    server = serve(say(response(200, packed, Content_Encoding="gzip")))
    assert (await run(colour.client(base_url=server.base_url, http_client=http).health())).status == "ok"
    assert seen == [b'{"status": "ok"}']


async def test_an_http_client_of_the_other_colour_is_refused(colour: Any, run: Any, serve: Any) -> None:
    other = httpx.Client() if colour.is_async else httpx.AsyncClient()
    try:
        with pytest.raises((TypeError, hatched.ConfigurationError), match="httpx"):
            await run(colour.client(http_client=other, base_url=serve(answer(200, OK)).base_url).health())
    finally:
        if colour.is_async:
            other.close()
        else:
            await other.aclose()


# --- loops, threads, processes --------------------------------------------------------------------------------


def python(script: str, *flags: str) -> str:
    """What a script writes; it must write nothing to stderr."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *flags, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_client_works_in_a_second_event_loop_and_can_be_closed_in_a_third(serve: Any) -> None:
    server = serve(answer(200, OK))
    script = f"""
import asyncio, hatched
client = hatched.AsyncHatchedClient(api_key={KEY!r}, base_url={server.base_url!r})
async def several(): return {{one.status for one in await asyncio.gather(*(client.health() for _ in range(10)))}}
print([asyncio.run(several()) for _ in range(2)])
asyncio.run(client.aclose())
"""
    assert python(script, "-W", "ignore::ResourceWarning") == "[{'ok'}, {'ok'}]\n"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the sockets of a loop that is over close by themselves
def test_a_client_that_outlives_many_loops_keeps_connections_of_none_of_them(serve: Any) -> None:
    client = hatched.AsyncHatchedClient(api_key=KEY, base_url=serve(answer(200, OK)).base_url)
    for _ in range(20):
        asyncio.run(client.health())
    left = len(client._shared.io._pools)
    del client
    gc.collect()
    assert left == 1


async def test_a_close_that_is_cancelled_closes_all_the_same(serve: Any) -> None:
    server = serve(answer(200, OK))
    client = hatched.AsyncHatchedClient(api_key=KEY, base_url=server.base_url)
    await asyncio.gather(*(client.health() for _ in range(20)))
    (pool,) = client._shared.io._pools.values()
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert len(pool.clients.all) == 20
    assert all(one.is_closed for one in pool.clients.all)


def test_a_client_left_open_at_exit_is_no_error(serve: Any) -> None:
    server = serve(answer(200, OK))
    script = f"""
import hatched
client = hatched.HatchedClient(api_key={KEY!r}, base_url={server.base_url!r})
print(client.health().status)
"""
    assert python(script, "-W", "ignore::ResourceWarning") == "ok\n"


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_client_works_after_all_tasks_were_cancelled_at_once(serve: Any, times: int) -> None:
    server = serve(answer(200, OK), stall(), answer(200, OK))
    script = f"""
import asyncio, hatched

async def main():
    async with hatched.AsyncHatchedClient(api_key={KEY!r}, base_url={server.base_url!r}, max_retries=0) as client:
        await client.health()
        task = asyncio.create_task(client.health())
        await asyncio.sleep(0.1)
        for _ in range({times}):
            for one in asyncio.all_tasks() - {{asyncio.current_task()}}:
                one.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(task, return_exceptions=True)
        print(task.cancelled(), [(await client.health(timeout=5)).status for _ in range(3)])

asyncio.run(main())
"""
    assert python(script, "-W", "ignore::ResourceWarning") == "True ['ok', 'ok', 'ok']\n"


def test_a_loop_per_thread_on_one_client(serve: Any) -> None:
    client = hatched.AsyncHatchedClient(api_key=KEY, base_url=serve(answer(200, OK)).base_url)
    barrier = threading.Barrier(4)

    async def several() -> list[str | None]:
        try:
            return [one.status for one in await asyncio.gather(*(client.health() for _ in range(5)))]
        finally:
            pool = client._shared.io._pool()
            for one in pool.clients.all:
                await one.aclose()

    def loop() -> list[str | None]:
        barrier.wait()
        return asyncio.run(several())

    with ThreadPoolExecutor(4) as threads:
        assert [one.result() for one in [threads.submit(loop) for _ in range(4)]] == [["ok"] * 5] * 4


async def test_the_synchronous_client_works_inside_a_running_loop(serve: Any) -> None:
    with hatched.HatchedClient(api_key=KEY, base_url=serve(answer(200, OK)).base_url) as client:
        assert client.health().status == "ok"


async def test_an_iterator_of_the_synchronous_client_may_be_left_inside_a_running_loop(emulator: Any) -> None:
    client = Colour("sync").on(emulator)
    client.buddies.ensure("a")
    client.buddies.ensure("b")
    for _ in client.buddies.iter(limit=1):
        break
    gc.collect()
    await asyncio.sleep(0.001)
    assert len(asyncio.all_tasks()) == 1


def test_the_synchronous_client_starts_neither_thread_nor_loop(serve: Any) -> None:
    before = threading.active_count()
    server = serve(answer(200, OK))
    with hatched.HatchedClient(api_key=KEY, base_url=server.base_url) as client:
        client.health()
        ours = [thread.name for thread in threading.enumerate() if "raw server" not in thread.name]
    assert len(ours) == before


def test_sixteen_threads_share_one_synchronous_client(serve: Any) -> None:
    server = serve(answer(200, EFFECTS))
    barrier = threading.Barrier(16)
    with hatched.HatchedClient(api_key=KEY, base_url=server.base_url) as client, ThreadPoolExecutor(16) as threads:

        def work(number: int) -> list[int]:
            barrier.wait()
            return [
                client.events.send(user_id=f"user_{number}", type="t", request_id=f"r-{number}-{turn}").coins
                for turn in range(20)
            ]

        assert list(threads.map(work, range(16))) == [[10] * 20] * 16
    ids = {heard.headers["x-request-id"] for heard in server.heard}
    assert len(server.heard) == len(ids) == 320
    assert server.connections <= 16


def test_threads_wait_for_a_free_connection_and_none_is_lost(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatched.io.wire.CONNECTIONS", 4)
    server = serve(answer(200, OK))
    with hatched.HatchedClient(api_key=KEY, base_url=server.base_url) as client, ThreadPoolExecutor(16) as threads:
        assert {one.status for one in threads.map(lambda _: client.health(), range(100))} == {"ok"}
    assert server.connections <= 4


async def test_a_call_that_waits_for_a_connection_when_the_client_is_closed_is_not_sent(
    colour: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hatched.io.wire.CONNECTIONS", 1)

    def slow(exchange: Exchange) -> None:
        exchange.wait(0.3)
        exchange.say(response(200, b'{"status": "ok"}'))

    server = serve(slow)
    client = colour.client(base_url=server.base_url, max_retries=0)

    async def close_in_between() -> None:
        while not server.heard:  # noqa: ASYNC110  the server is a thread
            await asyncio.sleep(0.01)
        await colour.close(client)

    together = colour.together(client.health, client.health)
    outcomes, _ = await asyncio.gather(together, close_in_between())
    assert hatched.ClientClosedError in {type(outcome) for outcome in outcomes}
    assert len(server.heard) == 1


def test_threads_that_use_a_client_first_at_once_build_one_resource_each_and_no_more_than_they_need(
    serve: Any,
) -> None:
    server = serve(answer(200, OK))
    for _ in range(20):
        barrier = threading.Barrier(8)

        def first(client: hatched.HatchedClient, barrier: threading.Barrier = barrier) -> str | None:
            barrier.wait()
            return client.health().status

        with hatched.HatchedClient(api_key=KEY, base_url=server.base_url) as client, ThreadPoolExecutor(8) as threads:
            assert set(threads.map(first, [client] * 8)) == {"ok"}


FORK_SYNC = """
import os, sys, hatched
client = hatched.HatchedClient(api_key=KEY, base_url=URL)
print("before", client.health().status, flush=True)
child = os.fork()
for _ in range(3):
    assert client.health().status == "ok"
if child == 0:
    client.close()
    os._exit(0)
_, status = os.waitpid(child, 0)
assert client.health().status == "ok"
print("child", os.waitstatus_to_exitcode(status))
client.close()
"""
FORK_ASYNC = """
import asyncio, os, sys, hatched
client = hatched.AsyncHatchedClient(api_key=KEY, base_url=URL)
async def several(close=False):
    for _ in range(3):
        assert (await client.health()).status == "ok"
    if close:
        await client.aclose()
async def main():
    await several()
    print("before ok", flush=True)
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(several(close=True))
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    await several()
    _, status = os.waitpid(child, 0)
    await several(close=True)
    print("child", os.waitstatus_to_exitcode(status))
asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.parametrize("script", [FORK_SYNC, FORK_ASYNC], ids=["sync", "async"])
def test_parent_and_child_work_on_after_a_fork_with_a_live_client(serve: Any, script: str) -> None:
    server = serve(answer(200, OK))
    out = python(
        script.replace("KEY", repr(KEY)).replace("URL", repr(server.base_url)), "-W", "ignore::DeprecationWarning"
    )
    assert out == "before ok\nchild 0\n"
    assert server.connections == 2


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_fork_while_other_threads_are_calling_leaves_the_child_able_to_call(serve: Any) -> None:
    server = serve(answer(200, OK))
    script = f"""
import os, threading, hatched
client = hatched.HatchedClient(api_key={KEY!r}, base_url={server.base_url!r})
client.health()  # what is imported late is imported now: a fork in the middle of an import hangs in CPython itself
stop = threading.Event()
def work():
    while not stop.is_set():
        client.health()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
codes = []
for _ in range(10):
    child = os.fork()
    if child == 0:
        os._exit(0 if client.health().status == "ok" else 1)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads: thread.join()
client.close()
print(codes)
"""
    assert python(script, "-W", "ignore::DeprecationWarning") == f"{[0] * 10}\n"


# --- middleware -----------------------------------------------------------------------------------------------


def tagging(colour: Any, tag: str, seen: list[str]) -> Any:
    """A middleware that writes down when it is passed, on the way in and on the way out."""

    async def asynchronous(request: Any, call_next: Any) -> Any:
        seen.append(f"{tag} {request.attempt}")
        answered = await call_next(request.with_header("x-tag", tag))
        seen.append(f"{tag} {answered.status}")
        return answered

    def blocking(request: Any, call_next: Any) -> Any:
        seen.append(f"{tag} {request.attempt}")
        answered = call_next(request.with_header("x-tag", tag))
        seen.append(f"{tag} {answered.status}")
        return answered

    return asynchronous if colour.is_async else blocking


async def test_middleware_runs_once_per_attempt_the_first_outermost(
    colour: Any, run: Any, serve: Any, clock: Any
) -> None:
    seen: list[str] = []
    server = serve(answer(503), answer(200, OK))
    client = colour.client(
        base_url=server.base_url, clock=clock, middleware=[tagging(colour, "a", seen), tagging(colour, "b", seen)]
    )
    await run(client.health())
    assert seen == ["a 1", "b 1", "b 503", "a 503", "a 2", "b 2", "b 200", "a 200"]
    assert server.heard[0].headers["x-tag"] == "b"


async def test_middleware_of_a_copy_replaces_that_of_the_client(colour: Any, run: Any, serve: Any) -> None:
    seen: list[str] = []
    client = colour.client(base_url=serve(answer(200, OK)).base_url, middleware=[tagging(colour, "a", seen)])
    await run(client.with_options(middleware=[tagging(colour, "b", seen)]).health())
    await run(client.health())
    assert seen == ["b 1", "b 200", "a 1", "a 200"]


async def test_middleware_may_answer_by_itself(colour: Any, run: Any) -> None:
    def made_up(request: Any) -> Any:
        return hatched.Response(request=request, status=200, headers={}, body=b'{"status": "made up"}')

    async def asynchronous(request: Any, call_next: Any) -> Any:
        return made_up(request)

    client = colour.client(middleware=[asynchronous if colour.is_async else lambda request, _: made_up(request)])
    assert (await run(client.health())).status == "made up"


async def test_middleware_never_sees_the_key(colour: Any, run: Any, serve: Any) -> None:
    seen: list[Any] = []

    async def asynchronous(request: Any, call_next: Any) -> Any:
        seen.append(request)
        return await call_next(request)

    def blocking(request: Any, call_next: Any) -> Any:
        seen.append(request)
        return call_next(request)

    client = colour.client(
        base_url=serve(answer(200, OK)).base_url, middleware=[asynchronous if colour.is_async else blocking]
    )
    await run(client.health())
    (request,) = seen
    assert "authorization" not in request.headers
    assert KEY not in repr(request) + repr(dict(request.headers))


async def test_an_error_in_middleware_is_the_callers(colour: Any, run: Any) -> None:
    async def asynchronous(request: Any, call_next: Any) -> Any:
        raise ZeroDivisionError

    def blocking(request: Any, call_next: Any) -> Any:
        raise ZeroDivisionError

    client = colour.client(middleware=[asynchronous if colour.is_async else blocking])
    with pytest.raises(ZeroDivisionError):
        await run(client.health())


async def coroutine(request: Any, call_next: Any) -> Any:
    return await call_next(request)


class Callable_:
    async def __call__(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


COROUTINES = {"a function": coroutine, "an object": Callable_(), "a partial": functools.partial(coroutine)}


@pytest.mark.parametrize("middleware", COROUTINES.values(), ids=COROUTINES)
def test_the_synchronous_client_refuses_asynchronous_middleware_at_once(middleware: Any) -> None:
    with pytest.raises(TypeError, match="plain functions"):
        hatched.HatchedClient(api_key=KEY, middleware=[middleware])
    with pytest.raises(TypeError, match="plain functions"):
        hatched.HatchedClient(api_key=KEY).with_options(middleware=[middleware])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_the_synchronous_client_names_a_middleware_that_hides_a_coroutine() -> None:
    client = hatched.HatchedClient(api_key=KEY, middleware=[lambda request, call_next: coroutine(request, call_next)])
    with pytest.raises(TypeError, match=r"middleware.*(Response|plain)"):
        client.health()
    gc.collect()


async def test_the_asynchronous_client_names_a_middleware_that_is_not_async() -> None:
    def plain(request: Any, call_next: Any) -> Any:
        return hatched.Response(request=request, status=200, headers={})

    with pytest.raises(TypeError, match=r"middleware must be async.*plain"):
        await hatched.AsyncHatchedClient(api_key=KEY, middleware=[plain]).health()


@pytest.mark.parametrize("nonsense", [None, 7, "x", {}], ids=repr)
async def test_a_middleware_that_answers_nonsense_is_named(colour: Any, run: Any, nonsense: Any) -> None:
    async def asynchronous(request: Any, call_next: Any) -> Any:
        return nonsense

    def blocking(request: Any, call_next: Any) -> Any:
        return nonsense

    client = colour.client(middleware=[asynchronous if colour.is_async else blocking])
    with pytest.raises(TypeError, match=r"middleware .*must return the Response"):
        await run(client.health())


def test_a_synchronous_call_that_would_wait_for_a_loop_says_so() -> None:
    from hatched.sync._step import step

    async def waits() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="synchronous client tried to wait"):
        step(waits())


# --- what a client keeps to itself --------------------------------------------------------------------------------

SECRET = "hatch_live_SECRETSECRETSECRET"
BODY_SECRET = "whsec_ABCDEFGHIJ"


async def test_a_client_shows_no_key(colour: Any) -> None:
    client = colour.client(api_key=SECRET)
    shown = [repr(client), str(client), repr(client.events), repr(client.with_options(timeout=1))]
    inner = client if colour.is_async else client._async
    shown += [repr(inner._config), repr(vars(inner)), repr(vars(inner._shared)), repr(vars(inner._call))]
    assert "SECRETSECRET" not in " ".join(shown)


@pytest.mark.parametrize("how", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
async def test_a_client_does_not_travel(colour: Any, how: Any) -> None:
    with pytest.raises(TypeError):
        how(colour.client(api_key=SECRET))


def told(error: BaseException) -> str:
    """Everything that a crash reporter would see of an error below the frames of the test itself."""
    story = traceback.TracebackException.from_exception(error, capture_locals=True)
    links = [story]
    for link in links:
        links += [one for one in (link.__cause__, link.__context__) if one is not None]
    frames = [
        f"{frame.filename} {frame.locals}" for link in links for frame in link.stack if "tests" not in frame.filename
    ]
    assert len(frames) > 1
    return f"{frames} {error!r} {error} {vars(error)}"


TROUBLE = {
    "refused": None,
    "hung up": hang_up(),
    "reset": hang_up(reset=True),
    "stalled": stall(),
    "half an answer": say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", hang_up=True),
    "not HTTP": say(b"nonsense\r\n\r\n", hang_up=True),
    "not gzip": say(response(200, b"x", Content_Encoding="gzip")),
    "not JSON": say(response(200, b"x")),
    "wrong shape": answer(200, {"coins": "x"}),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
async def test_no_error_shows_the_key_not_even_in_the_locals_of_its_traceback(
    colour: Any, run: Any, serve: Any, trouble: Any
) -> None:
    server = serve(trouble or stall())
    if trouble is None:
        server.close()
    client = colour.client(api_key=SECRET, base_url=server.base_url, max_retries=0, timeout=0.1)
    with pytest.raises(hatched.HatchedError) as caught:
        await run(client.events.send(user_id="u", type="t"))
    assert "SECRETSECRET" not in told(caught.value)


ECHOES = {
    "in the message": answer(422, {"error": {"code": "validation_failed", "message": f"key {SECRET} is bad"}}),
    "in the details": answer(400, {"error": {"code": "x", "details": {SECRET: SECRET, "h": [{"y": SECRET}]}}}),
    "in the code": answer(400, {"error": {"code": f"x {SECRET}", "message": "m"}}),
    "in a page": say(response(502, f"Bearer {SECRET}".encode(), "text/plain")),
    "in a redirect": say(response(302, Location=f"http://{SECRET}@{SECRET}/{SECRET}")),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
async def test_a_key_that_the_server_echoes_is_blanked_out(colour: Any, run: Any, serve: Any, echo: Any) -> None:
    client = colour.client(api_key=SECRET, base_url=serve(echo).base_url, max_retries=0)
    with pytest.raises(hatched.HatchedError) as caught:
        await run(client.events.send(user_id="u", type="t"))
    error = caught.value
    assert "secretsecret" not in f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r}".lower()


async def test_an_error_while_sending_shows_no_key_either(colour: Any, run: Any) -> None:
    size = 8_000_000
    listener = socket.create_server(("127.0.0.1", 0))
    client = colour.client(
        api_key=SECRET, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1", max_retries=0, timeout=0.3
    )
    try:
        with pytest.raises(hatched.RequestTimeoutError) as caught:
            await run(client.events.send(user_id="u", type="t", properties={"x": "y" * size}))
    finally:
        listener.close()
    assert "SECRETSECRET" not in told(caught.value)


async def test_the_error_of_a_foreign_transport_shows_no_key(colour: Any, run: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("boom", request=request)

    client = colour.answering(handler, api_key=SECRET, max_retries=0)
    with pytest.raises(hatched.TransportError) as caught:
        await run(client.events.send(user_id="u", type="t"))
    assert "SECRETSECRET" not in told(caught.value)


async def test_a_refused_option_shows_no_key(colour: Any, run: Any) -> None:
    client = colour.client(api_key=SECRET)
    with pytest.raises(TypeError) as caught:
        await run(client.events.send(user_id="u", type="t", tiemout=3))
    assert "SECRETSECRET" not in told(caught.value)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f" {SECRET}", f"x{SECRET}", f"{SECRET}é", SECRET.encode()], ids=ascii)
async def test_a_malformed_key_is_not_quoted(colour: Any, key: Any) -> None:
    with pytest.raises(hatched.ConfigurationError) as caught:
        colour.client(api_key=key)
    assert "SECRETSECRET" not in str(caught.value) + repr(caught.value) + repr(vars(caught.value))


async def test_no_log_record_holds_the_key(colour: Any, run: Any, serve: Any, caplog: Any, clock: Any) -> None:
    server = serve(hang_up(), answer(503, {"error": {"message": SECRET}}), answer(200, OK))
    client = colour.client(api_key=SECRET, base_url=server.base_url, clock=clock)
    with caplog.at_level(logging.DEBUG):
        await run(client.health(headers={"x-password": "hidden-value"}))
    ours = [record for record in caplog.records if record.name.startswith("hatched")]
    assert ours
    assert not re.search(
        "SECRETSECRET|hidden-value", " ".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    )


async def test_tokens_and_webhook_secrets_are_hidden_in_reprs(colour: Any, run: Any) -> None:
    bodies = {
        "/widget-sessions": {
            "token": "eyJhid.den",
            "session_id": "s",
            "expires_at": "2026-01-01T00:00:00Z",
            "scopes": [],
        },
        "/embed-tokens": {"token": "eyJhid.den", "expires_at": "2026-01-01T00:00:00Z", "mode": "read-only"},
        "/webhook-configs": {
            "id": "w",
            "url": "https://example.com",
            "events": [],
            "active": True,
            "status": "active",
            "secret": "whsec_hidden",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        },
    }
    client = colour.answering(
        lambda request: httpx.Response(201, json=bodies[request.url.path.removeprefix("/api/v1")])
    )
    answers = [
        await run(client.widget_sessions.create(buddy_id="b", user_id="u", scopes=["read"])),
        await run(client.embed_tokens.create(buddy_id="b", user_id="u")),
        await run(client.webhooks.create(url="https://example.com", events=["x"])),
    ]
    assert "hid" not in " ".join(map(repr, answers))


async def test_errors_pickle_and_copy_with_all_they_know(colour: Any, run: Any) -> None:
    emulator = Emulator()
    client = colour.on(emulator)
    with pytest.raises(hatched.NotFoundError) as caught:
        await run(client.eggs.get("00000000-0000-4000-8000-000000000000"))
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):
        assert type(again) is hatched.NotFoundError
        assert (str(again), vars(again)) == (str(caught.value), vars(caught.value))
