"""Hatched in two minutes, offline: an egg, a buddy, an event and its effects, in both colours.

    python examples/demo.py

Everything happens in this process: the emulator is Hatched, small enough to embed. It opens no socket and
needs no account. Against the real service, only the line that makes the client differs.
"""

from __future__ import annotations

import asyncio

from hatched import AsyncHatchedClient, HatchedClient, ResponseInfo, SendEventParams
from hatched.emulator import Emulator, Operations

LESSON = {"lesson_id": "lesson_17", "duration_ms": 300_000, "score": 0.92}


def tell(line: str) -> None:
    print(f"  {line}")


def tell_about(info: ResponseInfo) -> None:
    """An `on_response` callback: it sees every answer, the model and the error alike."""
    left = info.rate_limit.remaining if info.rate_limit else "?"
    tell(f"   ({info.route}: {info.status_code}, request {info.request_id}, {left} requests left this minute)")


async def in_async_code(hatched: AsyncHatchedClient) -> None:
    print("With await:")
    egg = await hatched.eggs.create(user_id="user_42", on_response=tell_about)
    tell(f"user_42 has an egg, and it is {egg.status}")

    await hatched.eggs.update_status(egg.egg_id, status="ready")
    hatching = await hatched.eggs.hatch(egg.egg_id)
    operation = await hatched.operations.wait(hatching.operation_id)
    buddy = await hatched.buddies.get(operation.result["buddy_id"])
    tell(f"it hatched: {buddy.name!r}, stage {buddy.evolution_stage}, {buddy.coins} coins")

    effects = await hatched.events.send(
        event_id="lesson_17_user_42", user_id="user_42", type="lesson_completed", properties=LESSON
    )
    tell(f"a lesson was completed: +{effects.coins} coins, badges {list(effects.badges_awarded)}")

    again = await hatched.events.send(
        event_id="lesson_17_user_42", user_id="user_42", type="lesson_completed", properties=LESSON
    )
    buddy = await hatched.buddies.get(buddy.id)
    tell(f"the same event again: the same answer ({again == effects}), and still {buddy.coins} coins")

    batch = await hatched.events.send_batch(
        [
            SendEventParams(user_id="user_42", type="lesson_completed"),
            {"user_id": "user_42", "type": "quiz_passed"},
            {"userId": "nobody", "type": "quiz_passed"},
        ]
    )
    tell(f"a batch of three: {[(one.coins, one.debug_reason and str(one.debug_reason)) for one in batch.results]}")

    tell(f"last request: {hatched.get_last_request_id()}")
    tell(f"rate limit:   {hatched.get_rate_limit_info()}")


def in_plain_code(hatched: HatchedClient) -> None:
    print("Without:")
    buddy = hatched.buddies.ensure("user_43")
    tell(f"user_43 has {buddy.name!r}; ensure() did egg, ready, hatch and wait")

    effects = hatched.events.send(event_id="lesson_17_user_43", user_id="user_43", type="lesson_completed")
    again = hatched.events.send(event_id="lesson_17_user_43", user_id="user_43", type="lesson_completed")
    buddy = hatched.buddies.get(buddy.id)
    tell(f"+{effects.coins} coins once, not twice ({again == effects}): {buddy.coins} coins")

    batch = hatched.events.send_batch([{"user_id": "user_43", "type": "lesson_completed"} for _ in range(5)])
    tell(f"five more lessons, under the daily cap of 50 coins: {[one.coins for one in batch.results]}")
    tell(f"buddies so far: {[one.user_id for one in hatched.buddies.iter()]}")
    tell(f"last request: {hatched.get_last_request_id()}")
    tell(f"rate limit:   {hatched.get_rate_limit_info()}")


async def main() -> None:
    emulator = Emulator(operations=Operations(after_seconds=30))  # thirty seconds of its own clock, not of yours
    async with emulator.client() as hatched:
        await in_async_code(hatched)
    with emulator.sync_client() as hatched:  # works here too, inside a running event loop
        in_plain_code(hatched)
    applied = emulator.effects()
    print(f"The emulator applied {len(applied)} events, each once: {len({one.event_id for one in applied})} ids.")


if __name__ == "__main__":
    asyncio.run(main())
