"""The emulator: how soon it is there, how many events it takes, and moto's server beside it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measure import Row, in_turns
from hatched import AsyncHatchedClient, HatchedClient
from hatched.emulator import Emulator, Request

USERS = 100
EVENTS = 20_000
TYPES = ("lesson_completed", "quiz_passed", "daily_login")
ROUNDS = 5
TASKS = 8
KEY = {"authorization": "Bearer hatch_test_emulator"}
MOTOS = {"authorization": "AWS4-HMAC-SHA256 Credential=mock/20260101/us-east-1/s3/aws4_request"}


def rows() -> Iterator[Row]:
    yield from _being_there()
    yield Row("hatched emulator, first answer, cold", min(_cold() for _ in range(ROUNDS)), None, "<= 700", unit="ms")
    yield Row(f"events in process, batches of 100, {USERS} users", _in_process(), None, ">= 30000", unit="/s")
    yield Row("the same through the server, by the SDK", _through_the_server(), None, ">= 15000", unit="/s")
    yield from _beside_other_servers()


def _being_there() -> list[Row]:
    emulator = Emulator()
    ready, reset = in_turns(Emulator, emulator.reset, rounds=50)
    return [
        Row("Emulator()", ready, None, "<= 5", unit="ms"),
        Row("emulator.reset()", reset, None, "<= 1", unit="ms"),
    ]


def _cold() -> float:
    start = time.perf_counter()
    with _command() as url:
        with urllib.request.urlopen(f"{url}/health") as response:  # ready at once, unlike httpx
            response.read()
        return time.perf_counter() - start


@contextmanager
def _command(plan: str = "enterprise") -> Iterator[str]:
    """`hatched emulator` in a process of its own, with its compiled code kept as for whoever has installed it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    arguments = [sys.executable, "-m", "hatched.cli", "emulator", "--port", "0", "--plan", plan]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=kept)
    try:
        assert process.stdout is not None
        yield [process.stdout.readline() for _ in range(2)][1].strip().partition("=")[2]
    finally:
        process.terminate()
        process.wait()


def _batches(seed: str) -> list[list[dict[str, object]]]:
    """Events of many users, of the three types that the rules of `language-learning` look at."""
    chosen = random.Random(0)
    return [
        [
            {
                "event_id": f"{seed}_{batch}_{place}",
                "user_id": f"user_{chosen.randrange(USERS)}",
                "type": chosen.choice(TYPES),
                "properties": {"lesson_id": f"lesson_{place}", "score": chosen.random()},
                "occurred_at": f"2026-01-{1 + batch * 28 * 100 // EVENTS:02}T10:00:00Z",
            }
            for place in range(100)
        ]
        for batch in range(EVENTS // 100)
    ]


def _hatch(client: HatchedClient) -> None:
    for number in range(USERS):
        client.buddies.ensure(f"user_{number}")


def _in_process() -> float:
    """Seconds of processor time for one event."""
    times: list[float] = []
    for number in range(ROUNDS):
        emulator = Emulator(plan="enterprise", rules="language-learning")
        _hatch(emulator.sync_client())
        requests = [
            Request("POST", "/api/v1/events/batch", "", KEY, json.dumps({"events": batch}).encode())
            for batch in _batches(str(number))
        ]
        start = time.process_time()
        for request in requests:
            assert emulator.handle(request).status == 201
        times.append((time.process_time() - start) / EVENTS)
    return min(times)


def _through_the_server() -> float:
    """Seconds for one event, end to end, with several batches under way."""
    with _command() as url:
        key = KEY["authorization"].removeprefix("Bearer ")
        with HatchedClient(api_key=key, base_url=url) as client:
            _hatch(client)
        return asyncio.run(_send(url, key))


async def _send(url: str, key: str) -> float:
    times: list[float] = []
    async with AsyncHatchedClient(api_key=key, base_url=url) as client:
        for number in range(ROUNDS):
            waiting = iter(_batches(str(number)))

            async def work(batches: Iterator[list[dict[str, object]]] = waiting) -> None:
                for batch in batches:
                    await client.events.send_batch(batch)

            start = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for _ in range(TASKS):
                    tasks.create_task(work())
            times.append((time.perf_counter() - start) / EVENTS)
    return min(times)


def _beside_other_servers() -> list[Row]:
    """Creating an object and reading it: an egg here, an object of a bucket there, by one httpx client."""
    with _command() as ours, _moto() as theirs, httpx.Client() as http:
        http.put(f"{theirs}/bucket", headers=MOTOS).raise_for_status()
        count = iter(range(10**9))

        def egg() -> None:
            made = http.post(f"{ours}/eggs", json={"user_id": f"user_{next(count)}"}, headers=KEY).json()
            assert http.get(f"{ours}/eggs/{made['egg_id']}", headers=KEY).json() == made

        def thing() -> None:
            name, body = f"{theirs}/bucket/{next(count)}", b'{"user_id":"user_42"}'
            http.put(name, content=body, headers=MOTOS).raise_for_status()
            assert http.get(name, headers=MOTOS).content == body

        mine, others = in_turns(egg, thing, rounds=100, times=3)
        rows = [Row("create and read an object on a server; moto's", mine, others)]
        if shutil.which("npm"):
            with _json_server() as files:

                def entry() -> None:
                    made = http.post(f"{files}/eggs", json={"user_id": "user_42"}).json()
                    assert http.get(f"{files}/eggs/{made['id']}").json() == made

                mine, others = in_turns(egg, entry, rounds=100, times=3)
                rows.append(Row("the same; json-server's", mine, others))
    return rows


@contextmanager
def _json_server() -> Iterator[str]:
    """The one of npm, where there is npm."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        Path(folder, "db.json").write_text('{"eggs": []}')
        install = ["npm", "install", "--silent", "--no-audit", "--prefix", folder, "json-server@0.17.4"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        free.close()
        program = f"{folder}/node_modules/.bin/json-server"
        with subprocess.Popen([program, "--quiet", "--port", str(port), f"{folder}/db.json"]) as process:
            try:
                url = f"http://127.0.0.1:{port}"
                with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as patient:
                    patient.get(url)
                yield url
            finally:
                process.kill()


@contextmanager
def _moto() -> Iterator[str]:
    """In a process of its own, as ours is."""
    program = (
        "import sys\nfrom moto.server import ThreadedMotoServer\n"
        "server = ThreadedMotoServer(port=0, verbose=False)\nserver.start()\n"
        "print('http://127.0.0.1:%s' % server.get_host_and_port()[1], flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()
