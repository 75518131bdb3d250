"""The documented walk-throughs, in both colours, against the embedded emulator and in its time."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx
import pytest

import hatched
from hatched import models
from hatched.emulator import Emulator, Fault, Operations
from tests.client.conftest import Colour, FastClock

SECONDS = 30.0
"""How long hatching takes here; the documentation says 20 to 45."""


@pytest.fixture
def slow() -> Any:
    """A Hatched whose operations take their time."""
    emulator = Emulator(operations=Operations(after_seconds=SECONDS))
    yield emulator
    emulator.close()


async def make_hatching(colour: Colour, client: Any, user_id: str, **egg: Any) -> tuple[models.Egg, str]:
    """An egg that hatches, and its operation."""
    run = colour.run
    egg = await run(client.eggs.create(user_id=user_id, **egg))
    await run(client.eggs.update_status(egg.egg_id, status="ready"))
    return egg, (await run(client.eggs.hatch(egg.egg_id))).operation_id


async def active_buddies(colour: Colour, client: Any, user_id: str) -> list[str]:
    return [buddy.id for buddy in await colour.list(client.buddies.iter(user_id=user_id, status="active"))]


def routes(emulator: Emulator) -> list[str]:
    return [entry.route for entry in emulator.journal]


# --- the first user -----------------------------------------------------------------------------------


async def test_the_first_user_bootstrap_by_hand(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    assert (await run(client.buddies.list(user_id="user_42"))).data == ()
    egg = await run(client.eggs.create(user_id="user_42", ensure=True))
    assert egg.status is models.EggStatus.WAITING
    change = await run(client.eggs.update_status(egg.egg_id, status="ready"))
    assert (change.previous_status, change.status) == ("waiting", "ready")
    started = await run(client.eggs.hatch(egg.egg_id))
    finished = await run(client.operations.wait(started.operation_id))
    assert finished.status is models.OperationStatus.COMPLETED
    buddy = await run(client.buddies.get(finished.result["buddy_id"]))
    assert (buddy.user_id, buddy.status, buddy.evolution_stage) == ("user_42", "active", 1)
    assert (await run(client.eggs.get(egg.egg_id))).buddy_id == buddy.id


async def test_an_event_is_applied_once_however_often_it_is_sent(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    buddy = await run(client.buddies.ensure("user_42"))
    first = await run(client.events.send(event_id="e1", user_id="user_42", type="lesson_completed"))
    again = await run(client.events.send(event_id="e1", user_id="user_42", type="lesson_completed"))
    assert first == again
    assert (first.coins, first.badges_awarded) == (10, ("first_lesson",))
    assert (await run(client.buddies.get(buddy.id))).coins == 10


async def test_a_batch_answers_in_the_order_sent(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    await run(client.buddies.ensure("user_42"))
    batch = await run(
        client.events.send_batch(
            [
                models.SendEventParams(event_id="e1", user_id="user_42", type="quiz_passed"),
                {"eventId": "e2", "userId": "user_42", "type": "lesson_completed"},
                {"event_id": "e3", "user_id": "nobody", "type": "lesson_completed"},
            ]
        )
    )
    assert [(one.coins, one.debug_reason) for one in batch.results] == [
        (0, None),
        (10, None),
        (0, "no_active_buddies_for_user"),
    ]


async def test_a_refused_event_refuses_its_whole_batch(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    with pytest.raises(hatched.ValidationError) as caught:
        await run(
            client.events.send_batch(
                [{"user_id": "u", "type": "lesson_completed"}, {"user_id": "u", "type": "unheard"}]
            )
        )
    assert caught.value.code == hatched.ErrorCode.EVENT_TYPE_NOT_REGISTERED
    assert emulator.effects() == []


# --- buddies.ensure ------------------------------------------------------------------------------------


async def test_ensure_hatches_a_buddy_for_a_new_user(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    buddy = await run(client.buddies.ensure("user_42"))
    assert await active_buddies(colour, client, "user_42") == [buddy.id]


async def test_ensure_twice_answers_the_same_buddy_and_changes_nothing(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    first = await run(client.buddies.ensure("user_42"))
    slow.journal.clear()
    assert await run(client.buddies.ensure("user_42")) == first
    assert routes(slow) == ["buddies.list"]


@pytest.mark.parametrize("seconds", [0.0, SECONDS])
async def test_ensure_from_ten_places_at_once_hatches_one_buddy(colour: Any, seconds: float) -> None:
    emulator = Emulator(operations=Operations(after_seconds=seconds))
    client = colour.on(emulator)
    buddies = await colour.together(*[lambda: client.buddies.ensure("user_42")] * 10)
    assert {type(one) for one in buddies} == {models.Buddy}, buddies
    assert {one.id for one in buddies} == set(await active_buddies(colour, client, "user_42"))


async def test_ensure_waits_for_an_egg_that_hatches_already(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    egg, _ = await make_hatching(colour, client, "user_42")
    buddy = await run(client.buddies.ensure("user_42"))
    assert (await run(client.eggs.get(egg.egg_id))).buddy_id == buddy.id


@pytest.mark.parametrize("status", ["waiting", "ready"])
async def test_ensure_takes_an_egg_that_is_there(colour: Any, run: Any, slow: Any, status: str) -> None:
    client = colour.on(slow)
    egg = await run(client.eggs.create(user_id="user_42"))
    if status == "ready":
        await run(client.eggs.update_status(egg.egg_id, status="ready"))
    buddy = await run(client.buddies.ensure("user_42"))
    assert (await run(client.eggs.get(egg.egg_id))).buddy_id == buddy.id


async def test_ensure_does_not_count_an_archived_buddy(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    first = await run(client.buddies.ensure("user_42"))
    await run(client.buddies.archive(first.id))
    assert (await run(client.buddies.ensure("user_42"))).id != first.id


async def test_ensure_keeps_audiences_apart(colour: Any, run: Any) -> None:
    from hatched.emulator.rules.model import Rules

    emulator = Emulator(plan="pro", rules=Rules(event_types=("lesson_completed",), audiences=("student", "teacher")))
    client = colour.on(emulator)
    student = await run(client.buddies.ensure("user_42", "student"))
    teacher = await run(client.buddies.ensure("user_42", audience="teacher"))
    assert (student.audience, teacher.audience) == ("student", "teacher")
    assert await run(client.buddies.ensure("user_42", "student")) == student


async def test_ensure_raises_a_hatching_that_fails(colour: Any, run: Any, slow: Any) -> None:
    slow.fail_next("hatch", "art provider down")
    client = colour.on(slow)
    with pytest.raises(hatched.OperationFailedError, match="art provider down") as caught:
        await run(client.buddies.ensure("user_42"))
    assert caught.value.operation is not None
    assert caught.value.operation.status is models.OperationStatus.FAILED


async def test_ensure_works_again_after_a_hatching_that_failed(colour: Any, run: Any, slow: Any) -> None:
    slow.fail_next("hatch", "art provider down")
    client = colour.on(slow)
    with pytest.raises(hatched.OperationFailedError):
        await run(client.buddies.ensure("user_42"))
    assert (await run(client.buddies.ensure("user_42"))).status == "active"


async def test_ensure_raises_a_hatching_elsewhere_that_fails(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    slow.fail_next("hatch", "art provider down")
    await make_hatching(colour, client, "user_42")
    with pytest.raises(hatched.OperationFailedError):
        await run(client.buddies.ensure("user_42"))


async def test_ensure_times_out_with_an_error_that_is_a_timeout_error_too(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    with pytest.raises(hatched.OperationTimeoutError) as caught:
        await run(client.buddies.ensure("user_42", timeout=10))
    assert isinstance(caught.value, TimeoutError)


async def test_ensure_keeps_to_its_timeout(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    before = slow.clock.now()
    with pytest.raises(hatched.OperationTimeoutError):
        await run(client.buddies.ensure("user_42", timeout=10))
    assert 8 <= slow.clock.now() - before <= 10


async def test_ensure_may_be_called_again_after_a_timeout(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    with pytest.raises(hatched.OperationTimeoutError):
        await run(client.buddies.ensure("user_42", timeout=10))
    buddy = await run(client.buddies.ensure("user_42"))
    assert await active_buddies(colour, client, "user_42") == [buddy.id]


async def test_ensure_with_a_publishable_key_is_refused_before_any_io(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator, publishable_key=emulator.publishable_key)
    with pytest.raises(hatched.PublishableKeyScopeError):
        await run(client.buddies.ensure("user_42"))
    assert routes(emulator) == []


async def test_ensure_without_a_published_config_says_where_to_publish(colour: Any, run: Any, emulator: Any) -> None:
    emulator.unpublish()
    with pytest.raises(hatched.NoPublishedConfigError) as caught:
        await run(colour.on(emulator).buddies.ensure("user_42"))
    assert str(caught.value.publish_url).startswith("https://")


@pytest.mark.parametrize("nobody", ["", None, 7], ids=repr)
async def test_ensure_for_nobody_is_refused_and_never_answers_somebodys_buddy(
    colour: Any, run: Any, emulator: Any, nobody: Any
) -> None:
    client = colour.on(emulator)
    await run(client.buddies.ensure("somebody"))
    emulator.journal.clear()
    with pytest.raises((TypeError, ValueError)):
        await run(client.buddies.ensure(nobody))
    assert routes(emulator) == []


@pytest.mark.parametrize("did", ["hatched", "began", "began with an egg of its own", "created an egg"])
@pytest.mark.parametrize("before_request", range(9))
async def test_ensure_gets_along_with_another_caller_who_is_faster_at_any_point(
    colour: Any, run: Any, slow: Any, before_request: int, did: str
) -> None:
    other = hatched.HatchedClient(
        api_key=slow.api_key,
        base_url=slow.base_url,
        http_client=httpx.Client(transport=slow.sync_transport()),
        clock=FastClock(slow),
    )
    seen = 0

    def act() -> None:
        nonlocal seen
        seen += 1
        if seen != before_request + 1:
            return
        try:
            if did == "hatched":
                other.buddies.ensure("user_42")
                return
            egg = other.eggs.create(user_id="user_42", ensure=did == "began")
            if did != "created an egg":
                other.eggs.update_status(egg.egg_id, status="ready")
                other.eggs.hatch(egg.egg_id)
        except hatched.ConflictError:
            pass  # then the one under test was faster

    async def interleave(request: Any, call_next: Any) -> Any:
        act()
        return await call_next(request)

    def interleave_sync(request: Any, call_next: Any) -> Any:
        act()
        return call_next(request)

    client = colour.on(slow, middleware=[interleave if colour.is_async else interleave_sync])
    buddy = await run(client.buddies.ensure("user_42"))
    assert [one.id for one in other.buddies.iter(user_id="user_42", status="active")] == [buddy.id]


# --- operations.wait -----------------------------------------------------------------------------------


async def test_a_wait_that_runs_out_holds_the_operation_as_last_seen(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    _, operation_id = await make_hatching(colour, client, "user_42")
    with pytest.raises(hatched.OperationTimeoutError) as caught:
        await run(client.operations.wait(operation_id, timeout=20))
    operation = caught.value.operation
    assert operation is not None
    assert (operation.id, operation.status) == (operation_id, "processing")


async def test_the_default_timeout_is_long_enough_for_the_slowest_hatching(colour: Any, run: Any) -> None:
    emulator = Emulator(operations=Operations(after_seconds=45))
    client = colour.on(emulator)
    _, operation_id = await make_hatching(colour, client, "user_42")
    assert (await run(client.operations.wait(operation_id))).status == "completed"


async def test_a_failed_operation_is_returned(colour: Any, run: Any, slow: Any) -> None:
    slow.fail_next("hatch", "no art")
    client = colour.on(slow)
    _, operation_id = await make_hatching(colour, client, "user_42")
    finished = await run(client.operations.wait(operation_id))
    assert (finished.status, finished.error) == ("failed", "no art")


async def test_a_failed_operation_is_raised_if_asked_for(colour: Any, run: Any, slow: Any) -> None:
    slow.fail_next("hatch", "no art")
    client = colour.on(slow)
    _, operation_id = await make_hatching(colour, client, "user_42")
    with pytest.raises(hatched.OperationFailedError, match="no art") as caught:
        await run(client.operations.wait(operation_id, raise_on_failure=True))
    assert caught.value.operation is not None
    assert caught.value.operation.id == operation_id


async def test_looks_back_off_up_to_five_intervals(colour: Any, run: Any) -> None:
    emulator = Emulator(operations=Operations(after_polls=8))
    clock = FastClock(emulator)
    client = colour.on(emulator, clock=clock)
    _, operation_id = await make_hatching(colour, client, "user_42")
    await run(client.operations.wait(operation_id, timeout=1000, interval=2))
    assert clock.sleeps[:6] == [2.0, 3.0, 4.5, 6.75, 10.0, 10.0]


async def test_the_last_look_comes_at_the_end_of_the_time(colour: Any, run: Any, slow: Any) -> None:
    clock = FastClock(slow)
    client = colour.on(slow, clock=clock)
    _, operation_id = await make_hatching(colour, client, "user_42")
    with pytest.raises(hatched.OperationTimeoutError):
        await run(client.operations.wait(operation_id, timeout=20, interval=2))
    assert sum(clock.sleeps) == pytest.approx(19)


@pytest.mark.parametrize("max_retries", [0, 3])
async def test_a_wait_honours_retry_after(colour: Any, run: Any, slow: Any, max_retries: int) -> None:
    clock = FastClock(slow)
    client = colour.on(slow, clock=clock)
    _, operation_id = await make_hatching(colour, client, "user_42")
    slow.faults.script("operations.get", [Fault.status(429, retry_after=17)])
    await run(client.operations.wait(operation_id, max_retries=max_retries))
    assert clock.sleeps[0] == pytest.approx(17)
    slow.faults.assert_all_fired()


async def test_a_wait_gets_over_bad_weather(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow)
    _, operation_id = await make_hatching(colour, client, "user_42")
    slow.faults.script("operations.get", [Fault.status(503), Fault.drop(), None, Fault.stall(), Fault.truncate()])
    assert (await run(client.operations.wait(operation_id))).status == "completed"
    slow.faults.assert_all_fired()


async def test_a_stalled_look_ends_with_the_wait(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow, timeout=None)
    _, operation_id = await make_hatching(colour, client, "user_42")
    slow.faults.script("operations.get", [None, Fault.stall()])
    before = slow.clock.now()
    with pytest.raises(hatched.OperationTimeoutError):
        await run(client.operations.wait(operation_id, timeout=10))
    assert slow.clock.now() - before <= 10.01


async def test_waiting_for_an_operation_that_does_not_exist_is_not_found(colour: Any, run: Any, slow: Any) -> None:
    with pytest.raises(hatched.NotFoundError):
        await run(colour.on(slow).operations.wait("00000000-0000-4000-8000-000000000000"))


@pytest.mark.parametrize("given", [{"timeout": 0}, {"interval": 0}, {"timeout": -1}, {"interval": float("nan")}])
async def test_a_wait_without_sense_is_refused_before_any_io(
    colour: Any, run: Any, slow: Any, given: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        await run(colour.on(slow).operations.wait("x", **given))
    assert routes(slow) == []


# --- lists ------------------------------------------------------------------------------------------------


@pytest.fixture
async def many(colour: Any, run: Any, emulator: Any) -> Any:
    """A client of a Hatched with seven buddies."""
    client = colour.on(emulator)
    for number in range(7):
        await run(client.buddies.ensure(f"user_{number}"))
    emulator.journal.clear()
    return client


@pytest.mark.parametrize(("limit", "pages"), [(1, 7), (3, 3), (7, 1), (50, 1)])
async def test_an_iterator_walks_every_page_and_asks_for_no_more(
    colour: Any, many: Any, emulator: Any, limit: int, pages: int
) -> None:
    buddies = await colour.list(many.buddies.iter(limit=limit))
    assert [buddy.user_id for buddy in buddies] == [f"user_{number}" for number in range(7)]
    assert len(routes(emulator)) == pages


async def test_an_iterator_fetches_a_page_only_when_it_is_needed(colour: Any, many: Any, emulator: Any) -> None:
    items = many.buddies.iter(limit=2)
    assert routes(emulator) == []
    await anext(items) if colour.is_async else next(items)
    assert len(routes(emulator)) == 1
    if colour.is_async:
        await items.aclose()


async def test_an_iterator_applies_its_filters(colour: Any, many: Any) -> None:
    assert [buddy.user_id for buddy in await colour.list(many.buddies.iter(user_id="user_3"))] == ["user_3"]


async def test_a_list_without_a_total_ends_with_a_page_that_brings_nothing(
    colour: Any, many: Any, emulator: Any
) -> None:
    assert len(await colour.list(many.eggs.iter(limit=3))) == 7
    assert len(routes(emulator)) == 4


@pytest.mark.parametrize("total", [6, 100])
async def test_a_server_that_ignores_the_page_cannot_make_a_walk_endless(
    colour: Any, run: Any, many: Any, total: int
) -> None:
    page = await run(many.buddies.list(limit=2))
    again = {"data": [hatched.to_dict(one) for one in page.data], "meta": {"total": total, "page": 1, "limit": 2}}
    client = colour.answering(lambda request: httpx.Response(200, json=again))
    assert len(await colour.list(client.buddies.iter(limit=2))) == 2


async def test_deliveries_follow_the_cursor(colour: Any) -> None:
    delivery = {"id": "d", "event": "e", "event_type": "e", "status": "success", "attempt": 1, "attempts": 1}
    delivery |= {"created_at": "2026-01-01T00:00:00Z", "timestamp": "2026-01-01T00:00:00Z"}
    following = {None: "c1", "c1": "c2", "c2": None}
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor"))
        return httpx.Response(200, json={"data": [delivery] * 2, "next_cursor": following[asked[-1]]})

    client = colour.answering(answer)
    assert len(await colour.list(client.webhooks.iter_deliveries("w"))) == 6
    assert asked == [None, "c1", "c2"]


async def test_a_cursor_that_stands_still_ends_the_walk(colour: Any) -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor"))
        return httpx.Response(200, json={"data": [], "next_cursor": "a"})

    assert await colour.list(colour.answering(answer).webhooks.iter_deliveries("w")) == []
    assert asked == [None, "a"]


# --- replays ------------------------------------------------------------------------------------------------


async def test_the_same_idempotency_key_is_applied_once_and_says_so(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    buddy = await run(client.buddies.ensure("user_42"))
    seen: list[hatched.ResponseInfo] = []
    for _ in range(2):
        await run(client.buddies.earn(buddy.id, amount=5, reason="r", idempotency_key="k-1", on_response=seen.append))
    assert [(info.replayed, info.idempotency_key) for info in seen] == [(False, "k-1"), (True, "k-1")]
    assert (await run(client.buddies.get(buddy.id))).coins == 5


async def test_the_same_key_for_something_else_is_a_conflict(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    buddy = await run(client.buddies.ensure("user_42"))
    await run(client.buddies.earn(buddy.id, amount=5, reason="r", idempotency_key="k-1"))
    with pytest.raises(hatched.ConflictError) as caught:
        await run(client.buddies.earn(buddy.id, amount=6, reason="r", idempotency_key="k-1"))
    assert (caught.value.code, caught.value.idempotency_key) == ("idempotency_key_conflict", "k-1")


LOST = {
    "503 before commit": Fault.status(503),
    "503 after commit": Fault.status(503, after_commit=True),
    "429": Fault.status(429, retry_after=2),
    "dropped before commit": Fault.drop(),
    "dropped after commit": Fault.drop(after_commit=True),
    "reset after commit": Fault.drop(after_commit=True, reset=True),
    "stalled after commit": Fault.stall(after_commit=True),
    "cut off": Fault.truncate(),
    "refused": Fault.refuse(),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_write_whose_answer_was_lost_is_applied_once(
    colour: Any, run: Any, emulator: Any, fault: Fault
) -> None:
    client = colour.on(emulator)
    buddy = await run(client.buddies.ensure("user_42"))
    emulator.faults.script("buddies.earn", [fault, fault])
    entry = await run(client.buddies.earn(buddy.id, amount=5, reason="r"))
    assert entry.balance == 5
    assert (await run(client.buddies.get(buddy.id))).coins == 5
    emulator.faults.assert_all_fired()


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_an_error_after_all_retries_says_what_was_tried(
    colour: Any, run: Any, emulator: Any, fault: Fault
) -> None:
    client = colour.on(emulator, max_retries=2)
    emulator.faults.script("eggs.create", [fault] * 3)
    with pytest.raises(hatched.HatchedError) as caught:
        await run(client.eggs.create(user_id="u", idempotency_key="k", request_id="r"))
    error = caught.value
    assert (error.attempts, len(error.earlier), error.route) == (3, 2, "eggs.create")
    assert (error.idempotency_key, error.request_id) == ("k", "r")


async def test_no_retry_is_made_when_none_is_allowed(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    emulator.faults.script("eggs.create", [Fault.status(503), None])
    with pytest.raises(hatched.HatchedError):
        await run(client.eggs.create(user_id="u", max_retries=0))
    assert routes(emulator) == ["eggs.create"]


@pytest.mark.parametrize("credits", [0])
async def test_a_402_is_never_retried(colour: Any, run: Any, credits: int) -> None:
    emulator = Emulator(plan="enterprise", credits=credits)
    client = colour.on(emulator)
    for number in range(20):  # the welcome credits
        await run(client.buddies.ensure(f"u{number}"))
    emulator.journal.clear()
    with pytest.raises(hatched.CreditInsufficientError) as caught:
        await run(client.buddies.ensure("one_too_many"))
    assert (caught.value.required, caught.value.available) == (1, 0)
    assert routes(emulator).count("eggs.hatch") == 1


# --- limits, ids, keys -------------------------------------------------------------------------------------


async def test_nothing_is_known_of_limits_and_ids_before_the_first_call(colour: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    assert (client.get_rate_limit_info(), client.get_last_request_id()) == (None, None)


async def test_the_rate_limit_of_the_last_answer_is_kept(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    for left in (999, 998):
        await run(client.eggs.list())
        assert client.get_rate_limit_info() == hatched.RateLimitInfo(
            limit=1000, remaining=left, reset=int(emulator.clock.now()) + 60
        )


async def test_the_request_id_of_the_caller_is_the_one_of_the_answer(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    await run(client.eggs.list(request_id="mine-1"))
    assert client.get_last_request_id() == "mine-1"
    assert emulator.journal[-1].request_id == "mine-1"


async def test_an_error_carries_the_request_id(colour: Any, run: Any, emulator: Any) -> None:
    with pytest.raises(hatched.NotFoundError) as caught:
        await run(colour.on(emulator).eggs.get("00000000-0000-4000-8000-000000000000", request_id="mine-2"))
    assert caught.value.request_id == "mine-2"
    assert "mine-2" in str(caught.value)


async def test_a_used_up_minute_is_waited_for(colour: Any, run: Any) -> None:
    emulator = Emulator(plan="free")
    clock = FastClock(emulator)
    client = colour.on(emulator, clock=clock)
    for _ in range(101):
        await run(client.eggs.list())
    assert sum(clock.sleeps) == pytest.approx(60, abs=2)


async def test_a_used_up_day_is_raised_at_once_with_the_seconds_to_wait(colour: Any, run: Any, emulator: Any) -> None:
    clock = FastClock(emulator)
    emulator.faults.script("eggs.list", [Fault.status(429, retry_after=86400)])
    with pytest.raises(hatched.RateLimitError) as caught:
        await run(colour.on(emulator, clock=clock).eggs.list())
    assert (caught.value.retry_after, caught.value.attempts, clock.sleeps) == (86400, 1, [])


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda c: c.eggs.create(user_id="u"),
        lambda c: c.eggs.get("e"),
        lambda c: c.events.send(user_id="u", type="t"),
        lambda c: c.events.send_batch([{"user_id": "u", "type": "t"}]),
        lambda c: c.buddies.earn("b", amount=1, reason="r"),
        lambda c: c.buddies.archive("b"),
        lambda c: c.webhooks.list(),
        lambda c: c.widget_sessions.revoke("s"),
        lambda c: c.gates.list(),
        lambda c: c.paths.list(),
    ],
)
async def test_a_publishable_key_is_refused_before_any_io(colour: Any, run: Any, emulator: Any, forbidden: Any) -> None:
    client = colour.on(emulator, publishable_key=emulator.publishable_key)
    with pytest.raises(hatched.PublishableKeyScopeError, match="api_key"):
        await run(forbidden(client))
    assert routes(emulator) == []


async def test_a_publishable_key_may_do_what_its_scopes_say(colour: Any, run: Any, emulator: Any) -> None:
    _, operation_id = await make_hatching(colour, colour.on(emulator), "user_42")
    client = colour.on(emulator, publishable_key=emulator.publishable_key)
    assert (await run(client.operations.wait(operation_id))).status == "completed"


async def test_a_scope_that_the_server_refuses_is_the_same_error(colour: Any, run: Any, emulator: Any) -> None:
    buddy = await run(colour.on(emulator).buddies.ensure("user_42"))
    client = colour.on(emulator, publishable_key=emulator.publishable_key)
    with pytest.raises(hatched.PublishableKeyScopeError) as caught:
        await run(client.buddies.get(buddy.id))
    assert caught.value.status_code == 403


async def test_a_revoked_key_stops_working_at_once(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    await run(client.eggs.list())
    emulator.revoke_key(emulator.api_key)
    with pytest.raises(hatched.UnauthorizedError):
        await run(client.eggs.list())


# --- copies, and the clock -----------------------------------------------------------------------------------


async def test_a_copy_has_its_own_options_and_leaves_the_original_alone(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    emulator.faults.script("eggs.list", [Fault.status(503), None, Fault.status(503), None])
    copy = client.with_options(max_retries=0)
    with pytest.raises(hatched.HatchedError):
        await run(copy.eggs.list())
    await run(client.eggs.list())
    assert await run(client.eggs.list()) == ()


async def test_a_copy_shares_limits_and_ids(colour: Any, run: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    await run(client.with_options(timeout=3).eggs.list(request_id="of-the-copy"))
    assert client.get_last_request_id() == "of-the-copy"
    assert client.get_rate_limit_info().remaining == 999


async def test_a_copy_of_a_copy_keeps_what_is_not_changed(colour: Any, run: Any, emulator: Any) -> None:
    client = (
        colour.on(emulator)
        .with_options(headers={"x-a": "1"})
        .with_options(timeout=1)
        .with_options(headers={"x-b": "2"})
    )
    await run(client.eggs.list())
    headers = emulator.journal[-1].headers
    assert (headers["x-a"], headers["x-b"]) == ("1", "2")


async def test_the_clock_of_the_emulator_can_be_the_clock_of_the_client(colour: Any, run: Any, slow: Any) -> None:
    client = colour.on(slow, clock=slow.clock)
    assert (await run(client.buddies.ensure("user_42"))).status == "active"


# --- the log ---------------------------------------------------------------------------------------------------


async def test_each_call_is_one_line_of_the_log(colour: Any, run: Any, emulator: Any, caplog: Any) -> None:
    client = colour.on(emulator)
    emulator.faults.script("eggs.list", [Fault.status(503)])
    with caplog.at_level(logging.INFO, "hatched"):
        await run(client.eggs.list(request_id="r-1"))
    (line,) = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(r"eggs.list -> 200 attempts=2 ms=[\d.]+ request_id=r-1", line)


async def test_a_failed_call_is_one_line_too(colour: Any, run: Any, emulator: Any, caplog: Any) -> None:
    emulator.faults.script("eggs.list", [Fault.drop()])
    with caplog.at_level(logging.INFO, "hatched"), pytest.raises(hatched.TransportError):
        await run(colour.on(emulator).eggs.list(max_retries=0))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("eggs.list -> TransportError attempts=1 ")


async def test_the_log_shows_neither_keys_nor_bodies(colour: Any, run: Any, emulator: Any, caplog: Any) -> None:
    client = colour.on(emulator, headers={"x-private": "very-private"})
    with caplog.at_level(logging.DEBUG, "hatched"):
        await run(client.events.send(user_id="secret-user", type="lesson_completed", idempotency_key="secret-key"))
    text = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("hatched"))
    assert "events.send" in text
    assert not re.search("very-private|secret-user|secret-key|emulator", text)


async def test_debug_writes_the_line_to_stderr(colour: Any, run: Any, emulator: Any, capfd: Any) -> None:
    logger = logging.getLogger("hatched")
    try:
        await run(colour.on(emulator, debug=True).eggs.list(request_id="r-7"))
    finally:
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
    assert re.search(r"eggs.list -> 200 attempts=1 ms=\S+ request_id=r-7\n", capfd.readouterr().err)
