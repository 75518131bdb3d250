"""The doors for httpx, on both event loops and from many threads."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import anyio
import httpx
import pytest

from hatched import AsyncHatchedClient
from hatched.emulator import Emulator, Fault, Request, WallClock

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


def session(paths: list[str]) -> list[Request]:
    """A walk with errors, replays and a batch."""
    key = {"authorization": "Bearer hatch_test_emulator", "idempotency-key": "k"}
    bodies = [b'{"user_id":"u"}', b'{"user_id":"u"}', b"{}", b'{"events":[{"user_id":"u","type":"quiz_passed"}]}', b""]
    return [
        Request("GET" if not body else "POST", "/api/v1" + path, "", key, body)
        for path, body in zip(paths, bodies, strict=True)
    ]


WALK = ["/eggs", "/eggs", "/eggs", "/events/batch", "/eggs"]


@backends
def test_every_door_gives_the_same_bytes(backend: str) -> None:
    def plain() -> list[Any]:
        emulator = Emulator(seed=3)
        return [(r.status, r.body, r.header("x-request-id")) for r in map(emulator.handle, session(WALK))]

    def blocking() -> list[Any]:
        emulator = Emulator(seed=3)
        with httpx.Client(transport=emulator.sync_transport()) as http:
            return [
                (r.status_code, r.content, r.headers["x-request-id"])
                for r in (
                    http.request(m.method, "http://x" + m.path, headers=dict(m.headers), content=m.body)
                    for m in session(WALK)
                )
            ]

    async def tasks() -> list[Any]:
        emulator, answers = Emulator(seed=3), []
        async with httpx.AsyncClient(transport=emulator.transport()) as http:
            for m in session(WALK):
                r = await http.request(m.method, "http://x" + m.path, headers=dict(m.headers), content=m.body)
                answers.append((r.status_code, r.content, r.headers["x-request-id"]))
        return answers

    assert plain() == blocking() == anyio.run(tasks, backend=backend)


def test_two_processes_with_one_seed_give_the_same_bytes() -> None:
    script = """
import hashlib, json
from hatched.emulator import Emulator, Request
emulator = Emulator(seed=5)
key = {"authorization": "Bearer hatch_test_emulator"}
def send(method, path, body=None):
    response = emulator.handle(Request(method, "/api/v1" + path, "", key, json.dumps(body).encode() if body else b""))
    digest.update(repr(response).encode())
    return json.loads(response.body)
digest = hashlib.sha256()
egg = send("POST", "/eggs", {"user_id": "u", "metadata": {"b": 1, "a": 2}})["egg_id"]
send("PATCH", f"/eggs/{egg}/status", {"status": "ready"})
send("POST", f"/eggs/{egg}/hatch")
send("GET", "/buddies")
send("POST", "/events/batch", {"events": [{"user_id": u, "type": "lesson_completed"} for u in "uvw"]})
send("POST", "/webhook-configs", {"url": "https://x", "events": ["badge.awarded", "coins.earned"]})
print(digest.hexdigest())
"""
    digests = set()
    for seed in ("0", "1", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(run.stdout)
    assert len(digests) == 1


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


@pytest.mark.parametrize("sent", ["é".encode(), "日本".encode(), "é".encode("latin-1")])
def test_a_request_id_comes_back_as_it_was_sent(sent: bytes) -> None:
    emulator = Emulator()
    with httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url) as http:
        answer = http.get("/health", headers={"X-Request-Id": sent})
    assert dict(answer.headers.raw)[b"X-Request-Id"] == sent


@backends
def test_an_answer_waits_for_receivers_no_longer_than_its_read_timeout(backend: str) -> None:
    taken = Event()

    async def main() -> None:
        emulator = Emulator()
        emulator.deliver_webhooks_to(lambda request: 200 if taken.wait(60) else 500)
        async with async_client(emulator, timeout=httpx.Timeout(60, read=0.05)) as http:
            await http.post("/webhook-configs", json={"url": "https://app/hook", "events": ["coins.earned"]})
            async with AsyncHatchedClient(
                api_key=emulator.api_key, base_url=emulator.base_url, http_client=http
            ) as client:
                buddy = await client.buddies.ensure("ada")
            response = await http.post(f"/buddies/{buddy.id}/coins", json={"amount": 1, "reason": "r"})
            assert response.status_code == 201
            taken.set()

    anyio.run(main, backend=backend)
