"""One core behind every door: the same session gives the same bytes, wherever it comes in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.from_thread
import httpx
import pytest

from hatched.emulator import Emulator, Request

from .sessions import Answer, Door, digest, direct, named, plan, transcript

SEEDS = range(4)


def read(response: httpx.Response) -> Answer:
    return response.status_code, named(response.headers.items()), response.content


def target(base: str, request: Request) -> str:
    return base + request.path + (f"?{request.query}" if request.query else "")


@contextmanager
def blocking(emulator: Emulator) -> Iterator[Door]:
    with httpx.Client(transport=emulator.sync_transport()) as http:
        yield lambda request: read(
            http.request(
                request.method, target(emulator.origin, request), headers=request.headers, content=request.body
            )
        )


@contextmanager
def through(transport: httpx.AsyncBaseTransport) -> Iterator[Door]:
    with anyio.from_thread.start_blocking_portal() as portal:

        async def ask(request: Request) -> Answer:
            async with httpx.AsyncClient(transport=transport) as http:
                url = target("http://hatched.emulator.localhost", request)
                return read(await http.request(request.method, url, headers=request.headers, content=request.body))

        yield lambda request: portal.call(ask, request)


@contextmanager
def awaited(emulator: Emulator) -> Iterator[Door]:
    with through(emulator.transport()) as door:
        yield door


@contextmanager
def mounted(emulator: Emulator) -> Iterator[Door]:
    with through(httpx.ASGITransport(emulator.asgi)) as door:
        yield door


@contextmanager
def served(emulator: Emulator) -> Iterator[Door]:
    origin = emulator.origin
    with emulator.serve() as server, httpx.Client() as http:
        emulator.origin = origin  # pictures lie at the same address as behind the other doors
        yield lambda request: read(
            http.request(request.method, target(server.origin, request), headers=request.headers, content=request.body)
        )


@pytest.mark.parametrize("door", [blocking, awaited, mounted, served])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_gives_the_same_bytes_through_every_door(seed: int, door: object) -> None:
    emulator, reference = Emulator(seed=seed, plan="pro"), Emulator(seed=seed, plan="pro")
    with door(emulator) as enter:  # type: ignore[operator]
        answers = transcript(seed, emulator, enter)
    assert answers == transcript(seed, reference, direct(reference))
    assert emulator.export() == reference.export()


def test_a_request_id_beyond_ascii_is_the_same_through_every_door() -> None:
    headers = {"X-Request-Id": "é".encode()}

    async def awaited_body(transport: httpx.AsyncBaseTransport) -> bytes:
        async with httpx.AsyncClient(transport=transport) as http:
            return (await http.get("http://localhost/nowhere", headers=headers)).content

    emulator = Emulator()
    with emulator.serve() as server, httpx.Client(transport=emulator.sync_transport()) as http:
        bodies = {
            anyio.run(awaited_body, emulator.transport()),
            anyio.run(awaited_body, httpx.ASGITransport(emulator.asgi)),
            http.get("http://localhost/nowhere", headers=headers).content,
            httpx.get(f"{server.origin}/nowhere", headers=headers).content,
        }
    assert len(bodies) == 1


def test_the_sessions_reach_what_they_are_about() -> None:
    """Else the laws above would hold of nothing."""
    emulators = [Emulator(seed=seed, plan="pro") for seed in range(20)]
    statuses = [
        answer[0] for seed, emulator in enumerate(emulators) for answer in transcript(seed, emulator, direct(emulator))
    ]
    assert {200, 201, 202, 404, 409, 422} <= set(statuses)
    assert sum(len(emulator.effects()) for emulator in emulators) > 50
    assert any(
        emulator.export()["tables"]["evolutions"] or emulator.export()["tables"]["ledger"] for emulator in emulators
    )


def test_two_runs_with_one_seed_give_the_same_bytes_in_two_processes() -> None:
    program = "from tests.emulator.sessions import digest; print(digest(range(6)))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone},
        ).stdout.strip()
        for hash_seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert digests == {digest(range(6))}


@pytest.mark.parametrize("seed", SEEDS)
def test_one_step_of_the_clock_equals_many(seed: int) -> None:
    one, many = Emulator(seed=seed, plan="pro"), Emulator(seed=seed, plan="pro")
    for emulator, parts in ((one, 1), (many, 16)):
        enter = direct(emulator)
        for step in plan(seed):
            if step.request is not None:
                enter(step.request)
            else:
                for _ in range(parts):
                    emulator.clock.advance(step.seconds / parts)
    assert one.export() == many.export()


@pytest.mark.parametrize("seed", SEEDS)
def test_export_and_import_is_the_identity_at_any_moment(seed: int) -> None:
    straight, carried = Emulator(seed=seed, plan="pro"), Emulator(seed=seed, plan="pro")
    reference = transcript(seed, straight, direct(straight))
    answers: list[Answer] = []
    for step in plan(seed):
        moved, exported = Emulator(seed=seed, plan="pro"), carried.export()
        moved.import_(exported)
        assert moved.export() == exported
        carried = moved
        if step.request is None:
            carried.clock.advance(step.seconds)
        else:
            answers.append(direct(carried)(step.request))
    assert answers == reference
