"""The doors for httpx, on both event loops and from many threads."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from hatched.emulator import Emulator, Fault, WallClock

backends = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def async_client(emulator: Emulator, **options: Any) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    return httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.base_url, headers=headers, **options)


@backends
def test_the_async_door_answers_what_the_core_answers(backend: str) -> None:
    async def main() -> None:
        emulator = Emulator()
        async with async_client(emulator) as http:
            response = await http.post("/eggs?ensure=true", json={"user_id": "ünï ✓"})
            egg = (await http.get(f"/eggs/{response.json()['egg_id']}")).json()
            found = (await http.get("/eggs", params={"user_id": "ünï ✓"})).json()
        assert response.status_code == 201
        assert response.headers["content-length"] == str(len(response.content))
        assert egg == response.json() == found[0]

    anyio.run(main, backend=backend)


@backends
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.drop(), httpx.RemoteProtocolError),
        (Fault.drop(reset=True), httpx.ReadError),
        (Fault.refuse(), httpx.ConnectError),
        (Fault.stall(after_commit=True), httpx.ReadTimeout),
        (Fault.truncate(), httpx.RemoteProtocolError),
    ],
)
def test_the_async_door_breaks_like_a_network(backend: str, fault: Fault, error: type[httpx.RequestError]) -> None:
    async def main() -> None:
        emulator = Emulator()
        emulator.faults.script("health", [fault])
        async with async_client(emulator) as http:
            with pytest.raises(error) as broken:
                await http.get("/health")
            assert broken.value.request.url.path == "/api/v1/health"
            assert (await http.get("/health")).status_code == 200

    anyio.run(main, backend=backend)


@backends
def test_a_truncated_body_arrives_in_part(backend: str) -> None:
    async def main() -> None:
        emulator = Emulator()
        emulator.faults.script("health", [Fault.truncate()])
        received = b""
        async with async_client(emulator) as http, http.stream("GET", "/health") as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):  # noqa: PT012
                async for chunk in response.aiter_bytes():
                    received += chunk
        assert b'{"status":"ok"}'.startswith(received)
        assert received

    anyio.run(main, backend=backend)


@backends
def test_tasks_take_turns_and_can_be_cancelled(backend: str) -> None:
    async def main() -> None:
        emulator = Emulator()
        order: list[str] = []

        async def call(http: httpx.AsyncClient, name: str) -> None:
            order.append(f"{name} starts")
            await http.get("/health")
            order.append(f"{name} ends")

        async with async_client(emulator) as http:
            async with anyio.create_task_group() as group:
                group.start_soon(call, http, "a")
                group.start_soon(call, http, "b")
            assert {entry[2:] for entry in order[:2]} == {"starts"}
            with anyio.CancelScope() as scope:
                scope.cancel()
                await http.get("/health")
            assert scope.cancelled_caught
            assert (await http.get("/health")).status_code == 200

    anyio.run(main, backend=backend)


@backends
def test_on_a_wall_clock_waiting_is_real(backend: str) -> None:
    async def main() -> None:
        emulator = Emulator(clock=WallClock())
        emulator.faults.script("health", [Fault.latency(0.001), Fault.stall()])
        async with async_client(emulator, timeout=0.002) as http:
            before = anyio.current_time()
            assert (await http.get("/health")).status_code == 200
            with pytest.raises(httpx.ReadTimeout):
                await http.get("/health")
            assert anyio.current_time() - before >= 0.0025

    anyio.run(main, backend=backend)


def test_the_blocking_door_waits_on_a_wall_clock_too() -> None:
    emulator = Emulator(clock=WallClock())
    emulator.faults.script("health", [Fault.stall()])
    with httpx.Client(transport=emulator.sync_transport(), timeout=0.002) as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"{emulator.base_url}/health")


def test_many_threads_share_one_emulator_and_lose_nothing() -> None:
    emulator = Emulator(plan="enterprise", rules=None)
    headers = {"Authorization": f"Bearer {emulator.api_key}"}

    def work(thread: int) -> None:
        with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url, headers=headers) as http:
            for number in range(50):
                event = {"event_id": f"{thread // 2}-{number}", "user_id": "u", "type": "quiz_passed"}
                assert http.post("/events", json=event).status_code == 201

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    ids = [event.event_id for event in emulator.effects()]
    assert len(ids) == len(set(ids)) == 8 * 50


def test_emulators_do_not_see_each_other() -> None:
    def work(number: int) -> list[str]:
        emulator = Emulator(seed=number)
        headers = {"Authorization": f"Bearer {emulator.api_key}"}
        with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url, headers=headers) as http:
            for event in range(10):
                http.post("/events", json={"event_id": str(event), "user_id": str(number), "type": "quiz_passed"})
        return [event.user_id for event in emulator.effects()]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(100))) == [[str(number)] * 10 for number in range(100)]


def test_importing_the_emulator_imports_no_server_and_no_event_loop_of_its_own() -> None:
    code = (
        "import sys, hatched; before = set(sys.modules);"
        "import hatched.emulator; hatched.emulator.Emulator();"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for name in ("asyncio", "trio", "uvicorn", "jwt", "hatched.emulator.transport"):
        assert f"'{name}'" not in out
