"""What an import keeps to: its pace, its memory, and the fewest requests. Takes some minutes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from math import ceil, comb, log2
from pathlib import Path
from typing import Any

from attrs import evolve

from benchmarks import server
from benchmarks.emulating import KEY as HEADERS, _command
from benchmarks.importing import KEY, events
from benchmarks.measure import Row
from hatched import AsyncHatchedClient, Handler, Request, Response
from hatched.emulator import Emulator, Fault

SHARE, LIMIT, WINDOWS = 0.5, 1_000, 2
RATE = 0.25
BATCHES = 2_000
SPOILT = 20_000
FEW, MANY = 100_000, 5_000_000


def rows() -> Iterator[Row]:
    yield from _pace()
    yield _under_faults()
    yield from _with_bad_events()
    yield from _memory()


def _pace() -> list[Row]:
    """At a server that enforces the limits of its plan."""
    requests = int(SHARE * LIMIT * WINDOWS)
    key = HEADERS["authorization"].removeprefix("Bearer ")

    async def run(url: str) -> tuple[float, int]:
        async with AsyncHatchedClient(api_key=key, base_url=url) as hatched:
            report = await hatched.events.import_all(events(requests * 100), share=SHARE, inert_threshold=1)
        assert report.requests == requests, report
        return (requests - 1) / report.elapsed / (SHARE * LIMIT / 60), report.rate_limited

    with _command("growth") as url:
        efficiency, rate_limited = asyncio.run(run(url))
    return [
        Row(f"part of the pace set, over {WINDOWS} windows", efficiency, None, ">= 0.98", unit=""),
        Row("429s meanwhile", rate_limited, None, "<= 0", unit=""),
    ]


def _under_faults() -> Row:
    """Half of what is lost is lost after the server has done its work; answers in virtual time."""
    emulator = Emulator(plan="enterprise")
    faults = {Fault.status(503): RATE / 4, Fault.status(503, after_commit=True): RATE / 4}
    emulator.faults.random(1, {**faults, Fault.drop(): RATE / 4, Fault.drop(after_commit=True): RATE / 4})

    async def run() -> int:
        async with emulator.client() as hatched:
            report = await hatched.events.import_all(events(BATCHES * 100), inert_threshold=1)
        assert report.accepted == BATCHES * 100
        return report.requests

    figure = asyncio.run(run()) / BATCHES * (1 - RATE)
    return Row(f"requests at {RATE:.0%} faults; the minimum / (1 - p)", figure, None, "<= 1.05", unit="")


def _with_bad_events() -> Iterator[Row]:
    """50 of 20,000 events are refused, and the server does not say which.

    An answer is a yes or a no, so whoever knows nothing of the bad ones needs a request for each bit of which they are.
    """

    async def silent(request: Request, call_next: Handler) -> Response:
        response = await call_next(request)
        if response.status != 422:
            return response
        error = {**json.loads(response.body)["error"], "details": {}}
        return evolve(response, body=json.dumps({"error": error}).encode())

    batches, bits = ceil(SPOILT / 100), ceil(log2(comb(SPOILT, 50)))
    spoilers: list[tuple[str, int, Callable[[dict[str, Any], int], dict[str, Any]]]] = [
        (f"of a type of its own each; {batches} batches", batches, lambda event, n: event | {"type": f"no_type_{n}"}),
        (f"for what they hold; {bits} bits", bits, lambda event, _: event | {"user_id": "a\0b"}),
    ]
    for what, minimum, spoil in spoilers:
        emulator = Emulator(plan="enterprise")
        rows_ = [spoil(event, at) if at % 400 == 200 else event for at, event in enumerate(events(SPOILT))]

        async def run(emulator: Emulator = emulator, rows_: list[dict[str, Any]] = rows_) -> int:
            with tempfile.TemporaryDirectory() as folder:
                async with emulator.client() as client:
                    hatched = client.with_options(middleware=[silent])
                    report = await hatched.events.import_all(
                        rows_, dead_letter=Path(folder, "rejected.jsonl"), inert_threshold=1
                    )
            assert (report.accepted, report.rejected) == (SPOILT - 50, 50), report
            return report.requests

        yield Row(f"requests with 50 bad events of 20,000, {what}", asyncio.run(run()) / minimum, None, "<= 2", unit="")


_IMPORT = """
import asyncio, re, sys
from hatched import AsyncHatchedClient

def peak():
    return int(re.search("VmHWM:[^0-9]*([0-9]+) kB", open("/proc/self/status").read())[1]) / 1024

async def main(url, path):
    async with AsyncHatchedClient(api_key=sys.argv[3], base_url=url + "/api/v1") as hatched:
        await hatched.events.send(user_id="u", type="t")
        idle = peak()
        report = await hatched.events.import_all(path, checkpoint=path + ".checkpoint", share=1)
        assert report.stopped is None, report
        print(peak() - idle)

asyncio.run(main(*sys.argv[1:3]))
"""


def _memory() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, server.running() as url:
        grown = {}
        for count in (FEW, MANY):
            path = Path(folder, f"{count}.jsonl")
            with path.open("w") as file:
                file.writelines(json.dumps(event, separators=(",", ":")) + "\n" for event in events(count))
            command = [sys.executable, "-c", _IMPORT, url, str(path), KEY]
            grown[count] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            path.unlink()
    return [
        Row(f"MiB above an idle client, {MANY:,} events", grown[MANY], None, "<= 24", unit=""),
        Row(f"the same, less that of {FEW:,} events", grown[MANY] - grown[FEW], None, "<= 2", unit=""),
    ]
