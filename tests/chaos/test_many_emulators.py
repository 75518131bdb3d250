"""A hundred emulators in one process, worked by threads and by tasks: none sees anything of another."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from random import Random

import httpx
import pytest

from hatched.emulator import Emulator
from tests.emulator.sessions import Answer, direct, plan, transcript

pytestmark = pytest.mark.chaos

EMULATORS = 100
RUNS = 1_000 if os.environ.get("HATCHED_CHAOS") == "full" else 40
SEEDS = 5


def alone(seed: int) -> list[Answer]:
    """What a session is answered when nothing else is there."""
    emulator = Emulator(seed=seed, plan="pro")
    return transcript(seed, emulator, direct(emulator))


class Crowd:
    """The emulators, and what each seed must be answered."""

    def __init__(self) -> None:
        self.expected = [alone(seed) for seed in range(SEEDS)]
        self.emulators = {
            seed: [Emulator(seed=seed, plan="pro") for _ in range(EMULATORS // SEEDS)] for seed in range(SEEDS)
        }

    def take(self, chosen: Random) -> tuple[int, Emulator]:
        """One that nobody works with."""
        seed = chosen.choice([seed for seed, free in self.emulators.items() if free])
        return seed, self.emulators[seed].pop(chosen.randrange(len(self.emulators[seed])))

    def give(self, seed: int, emulator: Emulator) -> None:
        emulator.reset()
        self.emulators[seed].append(emulator)


async def by_tasks(seed: int, emulator: Emulator) -> list[Answer]:
    """The session through the asynchronous door, which gives way to other tasks at every request."""
    answers: list[Answer] = []
    async with httpx.AsyncClient(transport=emulator.transport(), base_url=emulator.origin) as http:
        for step in plan(seed):
            if step.request is None:
                emulator.clock.advance(step.seconds)
                continue
            await asyncio.sleep(0)
            answers.append(direct(emulator)(step.request))
            await http.get("/api/v1/health", headers={"x-request-id": "between"})
    return answers


async def test_no_emulator_sees_anything_of_another() -> None:
    crowd, chosen = Crowd(), Random(1)
    done = 0
    with ThreadPoolExecutor(8) as threads:
        loop = asyncio.get_running_loop()
        while done < RUNS:
            taken = [crowd.take(chosen) for _ in range(min(20, RUNS - done))]
            answers = await asyncio.gather(
                *(
                    loop.run_in_executor(threads, transcript, seed, emulator, direct(emulator))
                    if place % 2
                    else by_tasks(seed, emulator)
                    for place, (seed, emulator) in enumerate(taken)
                )
            )
            for (seed, emulator), got in zip(taken, answers, strict=True):
                assert [(status, body) for status, _, body in got] == [
                    (status, body) for status, _, body in crowd.expected[seed]
                ]
                crowd.give(seed, emulator)
            done += len(taken)
