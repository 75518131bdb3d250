"""Runs imports that are killed. A program: each line of its input is a job, in JSON, and so is each answer.

Every job runs in a fork of its own, so that none waits for Python to start. It ends with a report, or is killed: after
some seconds, or when a function is called for the nth time, before, within or after the call.

{"options": {…of the import…}, "source": …, "url": …, "key": …, "colour": …,
 "seconds": …, "point": "Checkpoint.save", "place": "before", "nth": 3, "settings": {"_SAVING": 0},
 "largest": …, "interrupts": [seconds, …], "first": {another job}}
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from typing import Any, NoReturn

import anyio

import hatched
from hatched.imports import keeping
from hatched.imports.checkpoint import Checkpoint
from hatched.imports.dead_letters import DeadLetters
from hatched.imports.importer import Importer
from hatched.imports.sending import Sender

POINTS: dict[str, tuple[Any, str]] = {
    "Checkpoint.save": (Checkpoint, "save"),
    "DeadLetters.append": (DeadLetters, "append"),
    "DeadLetters._write": (DeadLetters, "_write"),
    "Sender._attempt": (Sender, "_attempt"),
    "Importer._finish": (Importer, "_finish"),
    "Importer._open": (Importer, "_open"),
}


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def arm(point: str, place: str, nth: int) -> None:
    """Have this process killed at the nth call of a function."""
    owner, name = POINTS[point]
    original = getattr(owner, name)
    calls = 0

    def due() -> bool:
        nonlocal calls
        calls += 1
        return calls == nth

    def around(self: Any, *arguments: Any, **named: Any) -> Any:
        dies = due()
        if dies and place == "before":
            die()
        if dies and place == "within":  # of the bytes to be written, some
            data = b"".join(arguments[0])
            os.write(self._open().fileno(), data[: len(data) // 2])
            die()
        answer = original(self, *arguments, **named)
        if dies:
            die()
        return answer

    async def around_async(self: Any, *arguments: Any, **named: Any) -> Any:
        dies = due()
        if dies and place == "before":
            die()
        answer = await original(self, *arguments, **named)
        if dies:
            die()
        return answer

    setattr(owner, name, around_async if owner is Sender else around)


def run(job: dict[str, Any]) -> Any:
    for name, value in job.get("settings", {}).items():
        setattr(keeping, name, value)
    if "largest" in job:  # bytes of a file that is written
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"], job["largest"]))
    if "point" in job:
        arm(job["point"], job["place"], job["nth"])
    if "first" in job:  # in this process, then the job itself in a fork of it
        run(job["first"])
        return fork({name: value for name, value in job.items() if name != "first"})
    for seconds in job.get("interrupts", ()):
        timer = threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT])
        timer.daemon = True
        timer.start()
    options = {"api_key": job["key"], "base_url": job["url"]}
    if job.get("colour") == "sync":
        with hatched.HatchedClient(**options) as client:
            report = client.events.import_all(job["source"], **job["options"])
    else:

        async def main() -> Any:
            async with hatched.AsyncHatchedClient(**options) as client:
                return await client.events.import_all(job["source"], **job["options"])

        report = anyio.run(main, backend=job.get("colour", "asyncio"))
    return {name: getattr(report, name) for name in ("stopped", "error", "accepted", "rejected", "watermark")}


def fork(job: dict[str, Any]) -> Any:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            try:
                answer = run(job)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupts that come too late
        except BaseException as error:
            answer = {"raised": repr(error)}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    if "seconds" in job:
        time.sleep(job["seconds"])
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"killed": killed, **json.loads(said or b"{}")}


if __name__ == "__main__":
    for text in sys.stdin:
        print(json.dumps(fork(json.loads(text))), flush=True)
