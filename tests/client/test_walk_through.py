"""One documented walk with every method of the SDK, in both colours, on the emulator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hatched import models, webhooks
from hatched.emulator import Emulator, WebhookRequest
from tests.client.conftest import Colour
from tests.client.test_surface import LIFECYCLE, RESOURCES, public_methods

USER = "user_42"


class Walker:
    """Calls methods of a client by their names, and remembers which."""

    def __init__(self, colour: Colour, client: Any) -> None:
        self.colour = colour
        self.client = client
        self.called: set[str] = set()

    def call(self, name: str, /, *args: Any, **options: Any) -> Any:
        """What the method answers, awaitable or not."""
        self.called.add(name)
        method = self.client
        for part in name.split("."):
            method = getattr(method, part)
        return method(*args, **options)

    async def __call__(self, name: str, /, *args: Any, **options: Any) -> Any:
        return await self.colour.run(self.call(name, *args, **options))

    async def list(self, name: str, /, *args: Any, **options: Any) -> list[Any]:
        return await self.colour.list(self.call(name, *args, **options))


def events(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"old_{number}",
            "user_id": USER,
            "type": "quiz_passed",
            "occurred_at": f"2025-12-{number:02}T12:00:00Z",
        }
        for number in range(first, first + count)
    ]


async def hatch(walk: Walker) -> str:
    assert (await walk("health")).status == "ok"
    assert walk.call("get_last_request_id")
    assert (await walk("buddies.list", user_id=USER)).data == ()
    egg = await walk("eggs.create", user_id=USER, ensure=True)
    assert (egg.user_id, egg.status, egg.buddy_id) == (USER, "waiting", None)
    assert (await walk("eggs.create", user_id=USER, ensure=True)) == egg
    assert await walk("eggs.list", user_id=USER) == (egg,)
    change = await walk("eggs.update_status", egg.egg_id, status="ready")
    assert (change.previous_status, change.status) == ("waiting", "ready")
    started = await walk("eggs.hatch", egg.egg_id)
    assert (await walk("operations.get", started.operation_id)).type == "hatch"
    finished = await walk("operations.wait", started.operation_id)
    assert finished.status is models.OperationStatus.COMPLETED
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert (await walk("operations.wait_for_completion", started.operation_id)) == finished
    hatched = await walk("eggs.get", egg.egg_id)
    assert (hatched.status, hatched.buddy_id) == ("hatched", finished.result["buddy_id"])
    assert await walk.list("eggs.iter", user_id=USER) == [hatched]
    buddy = await walk("buddies.get", hatched.buddy_id)
    assert (buddy.user_id, buddy.status, buddy.evolution_stage, buddy.coins) == (USER, "active", 1, 0)
    assert await walk("buddies.ensure", USER) == buddy
    assert await walk.list("buddies.iter", user_id=USER) == [buddy]
    assert (await walk("buddies.update_name", buddy.id, name="Rex")).name == "Rex"
    return str(buddy.id)


async def listen(walk: Walker, emulator: Emulator, received: list[models.WebhookEvent]) -> Any:
    endpoint = await walk("webhooks.create", url="https://shop.example/hooks", events=["coins.earned", "coins.spent"])
    assert endpoint.secret
    (listed,) = await walk("webhooks.list")
    assert (listed.id, listed.secret, listed.events) == (endpoint.id, None, ("coins.earned", "coins.spent"))

    def receive(request: WebhookRequest) -> int:
        genuine = walk.call(
            "webhooks.verify_signature",
            request.body,
            request.headers["X-Hatched-Signature"],
            endpoint.secret,
            timestamp=request.headers["X-Hatched-Timestamp"],
            now=emulator.clock.now,
        )
        received.append(webhooks.parse(request.body, request.headers, endpoint.secret, now=emulator.clock.now))
        return 200 if genuine else 400

    emulator.deliver_webhooks_to(receive)
    return endpoint


async def play(walk: Walker, buddy_id: str) -> None:
    effects = await walk("events.send", event_id="e1", user_id=USER, type="lesson_completed")
    assert (effects.coins, effects.badges_awarded) == (10, ("first_lesson",))
    assert await walk("events.send", event_id="e1", user_id=USER, type="lesson_completed") == effects
    batch = await walk(
        "events.send_batch",
        [
            {"event_id": "e2", "user_id": USER, "type": "daily_login"},
            models.SendEventParams(event_id="e3", user_id="nobody", type="daily_login"),
        ],
    )
    assert [one.streak_updates[0].current if one.streak_updates else None for one in batch.results] == [1, None]
    assert batch.results[1].debug_reason == "no_active_buddies_for_user"
    assert (await walk("buddies.earn", buddy_id, amount=60, reason="gift")).balance == 70
    assert (await walk("buddies.earn_coins", buddy_id, amount=50, reason="gift")).balance == 120
    spent = await walk("buddies.spend", buddy_id, amount=20, reason="hint")
    assert (spent.amount, spent.balance) == (20, 100)
    tokens = await walk("buddies.tokens", buddy_id)
    assert (tokens.primary.balance, tokens.primary.lifetime_earned, tokens.primary.lifetime_spent) == (100, 120, 20)
    skills = await walk("buddies.update_skills", buddy_id, updates=[{"key": "knowledge", "action": "set", "value": 45}])
    assert skills.skills["knowledge"] == 45
    badge = await walk("buddies.award_badge", buddy_id, "quiz_master", reason="by hand")
    assert (badge.badge_key, badge.status, badge.reason) == ("quiz_master", "awarded", "by hand")
    earned = {badge.badge_key for badge in await walk("buddies.get_badges", buddy_id)}
    assert earned == {"first_lesson", "quiz_master"}
    progression = await walk("buddies.get_progression", buddy_id)
    assert (progression.xp, progression.badge_count, progression.current_streak) == (2, 2, 1)


async def shop(walk: Walker, emulator: Emulator, buddy_id: str) -> None:
    before = (await walk("buddies.get", buddy_id)).coins
    hat = emulator.item_id("party_hat")
    item = await walk("buddies.purchase_item", buddy_id, hat)
    assert (item.item_id, item.price) == (hat, 30)
    assert [one.item_id for one in await walk("buddies.get_purchased_items", buddy_id)] == [hat]
    worn = await walk("buddies.equip", buddy_id, equip=[hat])
    assert (worn.accepted, worn.cached) == (True, False)
    assert (await walk("operations.wait", worn.operation_id)).status == "completed"
    buddy = await walk("buddies.get", buddy_id)
    assert (buddy.coins, buddy.appearance.status) == (before - 30, "ready")
    assert [one.item_id for one in buddy.equipped_items] == [hat]
    drawn = await walk("buddies.rerender_appearance", buddy_id)
    assert (await walk("operations.wait", drawn.operation_id)).type == "rerender"
    gates = (await walk("gates.list")).gates
    assert [(gate.gate_key, gate.cost) for gate in gates] == [("extra_lessons", 40)]
    opened = await walk("gates.unlock", buddy_id, "extra_lessons")
    assert (opened.already_unlocked, opened.balance_after) == (False, before - 70)
    assert (await walk("gates.unlock", buddy_id, "extra_lessons")).already_unlocked
    unlocks = (await walk("gates.unlocks", buddy_id)).unlocks
    assert [one.gate_key for one in unlocks] == ["extra_lessons"]


async def grow(walk: Walker, buddy_id: str) -> None:
    state = await walk("buddies.get_evolution", buddy_id)
    assert (state.evolution_stage, state.next_stage, state.evolution_ready) == (1, 2, True)
    evolving = await walk("buddies.evolve", buddy_id)
    assert (await walk("operations.wait", evolving.operation_id)).status == "completed"
    (record,) = (await walk("buddies.evolutions", buddy_id)).data
    assert (record.from_stage, record.to_stage) == (1, 2)
    assert await walk.list("buddies.iter_evolutions", buddy_id) == [record]
    (buddy,) = (await walk("buddies.get_user_summary", USER)).buddies
    assert (buddy.id, buddy.evolution_stage) == (buddy_id, 2)


async def follow_a_path(walk: Walker, buddy_id: str) -> None:
    path = await walk("paths.create", key="course", label="Course")
    assert await walk("paths.list") == (path,)
    assert (await walk("paths.update", path.id, label="The course")).label == "The course"
    assert not (await walk("paths.set_active", path.id, is_active=False)).is_active
    assert (await walk("paths.set_active", path.id, is_active=True)).is_active
    last = await walk("paths.add_step", path.id, key="last", label="Last", ordinal=1)
    first = await walk("paths.add_step", path.id, key="first", label="First", ordinal=2, reward_coins=5)
    places = [{"id": first.id, "ordinal": 1}, {"id": last.id, "ordinal": 2}]
    assert [one.key for one in await walk("paths.reorder_steps", path.id, ordering=places)] == ["first", "last"]
    assert (await walk("paths.update_step", path.id, first.id, label="One")).label == "One"
    needed = {"type": "event_count", "config": {"event_type": "lesson_completed", "count": 2}}
    done = await walk(
        "paths.add_sub_step", path.id, first.id, key="done", label="Done", ordinal=1, completion_condition=needed
    )
    read = await walk("paths.add_sub_step", path.id, first.id, key="read", label="Read", ordinal=2)
    places = [{"id": read.id, "ordinal": 1}, {"id": done.id, "ordinal": 2}]
    ordered = await walk("paths.reorder_sub_steps", path.id, first.id, ordering=places)
    assert [one.key for one in ordered] == ["read", "done"]
    updated = await walk("paths.update_sub_step", path.id, first.id, read.id, reward_coins=3)
    assert updated.reward_coins == 3
    tree = await walk("paths.get", path.id)
    assert [(step.key, [part.key for part in step.sub_steps]) for step in tree.steps] == [
        ("first", ["read", "done"]),
        ("last", []),
    ]
    seen = await walk("paths.get_for_buddy", buddy_id, "course")
    assert (seen.current_step_key, [part.status for part in seen.steps[0].sub_steps]) == (
        "first",
        ["available", "locked"],
    )
    by_hand = await walk("paths.complete_sub_step", buddy_id, "course", "read")
    assert (by_hand.already_completed, by_hand.step_completed, by_hand.reward_coins) == (False, False, 3)
    assert (await walk("paths.complete_sub_step", buddy_id, "course", "read")).already_completed
    effects = await walk("events.send", event_id="e4", user_id=USER, type="lesson_completed")
    (update,) = effects.path_updates
    assert (update.sub_step_completed.sub_step_key, update.step_completed.reward_coins) == ("done", 5)
    assert effects.coins == 15
    assert await walk("paths.delete_sub_step", path.id, first.id, done.id) is None
    assert await walk("paths.delete_step", path.id, last.id) is None
    assert [len(step.sub_steps) for step in (await walk("paths.get", path.id)).steps] == [1]
    assert await walk("paths.delete", path.id) is None
    assert await walk("paths.list") == ()


async def mint_tokens(walk: Walker, emulator: Emulator, buddy_id: str) -> None:
    session = await walk(
        "widget_sessions.create", buddy_id=buddy_id, user_id=USER, scopes=["read", "events:track"], ttl_seconds=600
    )
    assert session.scopes == ("read", "events:track")
    assert session.expires_at.timestamp() == emulator.clock.now() + 600
    assert emulator.verify_token(session.token)["buddy_id"] == buddy_id
    assert await walk("widget_sessions.revoke", session.session_id) is None
    with pytest.raises(ValueError):
        emulator.verify_token(session.token)
    embed = await walk("embed_tokens.create", buddy_id=buddy_id, user_id=USER)
    assert embed.mode == "read-only"
    assert embed.expires_at.timestamp() == emulator.clock.now() + timedelta(days=1).total_seconds()


async def import_history(walk: Walker) -> None:
    plan = await walk("events.plan", events(1, 3))
    assert (plan.read, plan.events, plan.requests, dict(plan.types)) == (3, 3, 1, {"quiz_passed": 3})
    report = await walk("events.import_all", events(1, 3))
    assert (report.read, report.accepted, report.rejected, report.stopped) == (3, 3, 0, None)
    stream = walk.call("events.import_stream", events(4, 2))
    if walk.colour.is_async:
        async with stream as results:
            told = [result async for result in results]
    else:
        with stream as results:
            told = list(results)
    assert [(one.event_id, one.effects.coins) for one in told] == [("old_4", 0), ("old_5", 0)]


async def look_at_the_deliveries(
    walk: Walker, emulator: Emulator, endpoint: Any, received: list[models.WebhookEvent]
) -> None:
    assert [(one.type, one.data.amount) for one in received[:4]] == [
        ("coins.earned", 10),
        ("coins.earned", 60),
        ("coins.earned", 50),
        ("coins.spent", 20),
    ]
    page = await walk("webhooks.deliveries", endpoint.id, limit=1)
    assert (page.data[0].status, page.data[0].attempts) == ("success", 1)
    everything = await walk.list("webhooks.iter_deliveries", endpoint.id, limit=2)
    assert {one.id for one in everything} == {one.delivery_id for one in received}
    oldest = everything[-1].id
    assert (await walk("webhooks.replay", endpoint.id, oldest)).delivery_id == oldest
    emulator.run_due()
    assert (received[-1].delivery_id, received[-1].data) == (oldest, received[0].data)
    again = await walk("webhooks.redeliver", endpoint.id, oldest)
    emulator.run_due()
    assert (received[-1].delivery_id, received[-1].data) == (again.delivery_id, received[0].data)
    assert again.delivery_id != oldest
    assert await walk("webhooks.delete", endpoint.id) is None
    assert await walk("webhooks.list") == ()


SWITCHES: dict[str, Any] = {
    "event_body": "flat",
    "batch_transaction": "event",
    "event_retention": "30d",
    "field_errors": "messages",
}


@pytest.mark.parametrize("switched", [(), *((name,) for name in SWITCHES), tuple(SWITCHES)], ids="+".join)
async def test_every_method_does_on_the_emulator_what_its_documentation_says(
    colour: Colour, switched: tuple[str, ...]
) -> None:
    emulator = Emulator(plan="pro", **{name: SWITCHES[name] for name in switched})
    walk = Walker(colour, colour.on(emulator))
    received: list[models.WebhookEvent] = []
    buddy_id = await hatch(walk)
    endpoint = await listen(walk, emulator, received)
    await play(walk, buddy_id)
    await shop(walk, emulator, buddy_id)
    await grow(walk, buddy_id)
    await follow_a_path(walk, buddy_id)
    await mint_tokens(walk, emulator, buddy_id)
    await import_history(walk)
    await look_at_the_deliveries(walk, emulator, endpoint, received)
    assert walk.call("get_rate_limit_info").limit == 5_000
    assert (await walk("buddies.archive", buddy_id)).status == "archived"
    public = {f"{one}.{name}".lstrip(".") for one in ("", *RESOURCES) for name in public_methods(colour.name, one)}
    assert public - LIFECYCLE == walk.called, "a method that nobody walks with"
    emulator.close()
