"""Webhooks: endpoints, what is told, signatures, attempts."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import anyio
import pytest
from attrs import evolve

from hatched.emulator import (
    Badge,
    CoinRule,
    Condition,
    Decay,
    Milestone,
    Rules,
    Skill,
    Stage,
    Streak,
    Token,
    WebhookRequest,
    delivery,
)
from hatched.emulator.rules.model import Evolution

from .support import Api


class Listening(Api):
    """With one endpoint for everything, which answers as told."""

    def __init__(self, answer: Callable[[WebhookRequest], int] | None = None, **options: Any) -> None:
        super().__init__(**options)
        names = self.ok("GET", "/webhook-configs/events")["events"]
        self.endpoint = self.ok("POST", "/webhook-configs", {"url": "https://app/hook", "events": names})
        self.received: list[tuple[float, WebhookRequest]] = []

        def receive(request: WebhookRequest) -> int:
            self.received.append((self.clock.now(), request))
            return answer(request) if answer else 200

        self.emulator.deliver_webhooks_to(receive)

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Names and bodies of all that came, and forgets them."""
        told = [(request.headers["X-Hatched-Event"], json.loads(request.body)) for _, request in self.received]
        self.received.clear()
        return told

    def deliveries(self, query: str = "") -> Any:
        return self.ok("GET", f"/webhook-configs/{self.endpoint['id']}/deliveries{query}")


def evolving(*stages: int, **options: Any) -> Rules:
    """A buddy is ready for each stage when it has so many coins."""
    conditions = [Stage(conditions=(Condition("coin", {"amount": amount}),)) for amount in stages]
    return Rules(event_types=("t",), evolution=Evolution(stages=tuple(conditions), **options))


def test_that_a_buddy_is_ready_is_told_once_however_it_came_about() -> None:
    api = Listening(rules=evolving(10))
    buddy = api.buddy()
    for amount in (5, 5, 5):
        api.ok("POST", f"/buddies/{buddy}/coins", {"amount": amount, "reason": "gift"})
    assert api.event("t")["evolution_ready"] is True
    assert [body for name, body in api.told() if name == "evolution.ready"] == [{"buddy_id": buddy}]


def test_a_buddy_that_is_no_longer_ready_is_told_of_again_when_it_is() -> None:
    api = Listening(rules=evolving(10))
    path = f"/buddies/{api.buddy()}/coins"
    api.ok("POST", path, {"amount": 10, "reason": "gift"})
    api.ok("POST", f"{path}/spend", {"amount": 1, "reason": "sweets"})
    api.ok("POST", path, {"amount": 1, "reason": "gift"})
    assert [name for name, _ in api.told()].count("evolution.ready") == 2


def test_each_stage_that_a_buddy_is_ready_for_is_told_of_also_when_it_evolves_by_itself() -> None:
    api = Listening(rules=evolving(10, 10, auto=True))
    path = f"/buddies/{api.buddy()}/coins"
    api.ok("POST", path, {"amount": 10, "reason": "gift"})
    api.event("t")
    api.event("t")
    api.event("t")
    told = [name for name, _ in api.told() if name in ("evolution.ready", "buddy.evolved")]
    assert told == ["evolution.ready", "buddy.evolved"] * 2


def test_an_endpoint_is_made_listed_without_its_secret_and_deleted() -> None:
    api = Api()
    created = api.ok("POST", "/webhook-configs", {"url": "https://app/hook", "events": ["badge.awarded"]})
    assert created.pop("secret").startswith("whsec_")
    assert {key: created[key] for key in ("url", "events", "active", "status")} == {
        "url": "https://app/hook",
        "events": ["badge.awarded"],
        "active": True,
        "status": "active",
    }
    assert api.ok("GET", "/webhook-configs") == [created]
    deleted = api.send("DELETE", f"/webhook-configs/{created['id']}")
    assert (deleted.status, deleted.body) == (204, b"")
    assert api.ok("GET", "/webhook-configs") == []
    for method, path in (("DELETE", ""), ("GET", "/deliveries"), ("POST", f"/deliveries/{uuid4()}/replay")):
        assert api.code(method, f"/webhook-configs/{created['id']}{path}") == (404, "resource_not_found")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"url": "app/hook", "events": ["badge.awarded"]}, "url must be a URL address"),
        ({"url": "https://app", "events": []}, "events must contain at least 1 elements"),
        ({"url": "https://app", "events": ["badge.lost"]}, "each value in events must be one of the following values"),
    ],
)
def test_a_bad_endpoint_is_refused(body: dict[str, Any], message: str) -> None:
    assert Api().message("POST", "/webhook-configs", body).startswith(message)


RULES = Rules(
    event_types=("quiet",),
    coin_rules=(CoinRule(event="t", amount=10), CoinRule(event="t", amount=1, slot="progression")),
    badges=(
        Badge(key="auto", condition=Condition("event_count", {"event_type": "t", "count": 1})),
        Badge(key="ask", condition=Condition("event_count", {"event_type": "t", "count": 2}), auto_award=False),
    ),
    streaks=(Streak(key="daily", events=("t",), milestones=(Milestone(at=1),)),),
    skills=(Skill(key="reading"),),
    decays=(Decay(skill_key="reading", cadence="daily", amount=25),),
    evolution=Evolution(stages=(Stage(conditions=(Condition("coin", {"amount": 20}),)),)),
)


def test_everything_that_happens_is_told() -> None:
    api = Listening(rules=RULES)
    egg = api.egg(ready=True)
    api.ok("POST", f"/eggs/{egg}/hatch")
    buddy = api.ok("GET", f"/eggs/{egg}")["buddy_id"]
    picture = api.ok("GET", f"/buddies/{buddy}")["image_url"]
    assert api.told() == [
        (
            "buddy.hatched",
            {
                "buddy_id": buddy,
                "egg_id": egg,
                "user_id": "user_1",
                "name": "Buddy",
                "image_url": picture,
                "thumb_url": picture,
                "evolution_stage": 1,
            },
        )
    ]
    api.event("t", event_id="e1")
    told = dict(api.told())
    coins = told.pop("coins.earned")
    assert set(coins) == {"buddy_id", "amount", "balance", "reason", "reference_id", "ledger_id", "is_lucky"}
    assert (coins["amount"], coins["balance"], coins["reason"], coins["reference_id"]) == (10, 10, "t", "e1")
    assert told.pop("token.earned")["token_type"] == "progression"
    assert told == {
        "badge.awarded": {"buddy_id": buddy, "badge_key": "auto", "awarded_at": "2026-01-01T00:00:00.000Z"},
        "streak.milestone": {"buddy_id": buddy, "streak_key": "daily", "count": 1},
    }
    api.event("t")
    told = dict(api.told())
    assert told["badge.ready"] == {"buddy_id": buddy, "badge_key": "ask"}
    assert told["evolution.ready"] == {"buddy_id": buddy}
    api.event("quiet")
    assert api.told() == []
    api.ok("POST", f"/buddies/{buddy}/badges", {"badge_key": "ask"})
    assert [name for name, _ in api.told()] == ["badge.awarded"]
    api.ok("POST", f"/buddies/{buddy}/evolve")
    api.ok("GET", "/buddies")
    ((name, evolved),) = api.told()
    assert (name, evolved["previous_stage"], evolved["new_stage"]) == ("buddy.evolved", 1, 2)
    spent = api.ok("POST", f"/buddies/{buddy}/coins/spend", {"amount": 3, "reason": "hat"})
    assert api.told() == [("coins.spent", spent)]


def test_only_what_an_endpoint_asked_for_is_sent() -> None:
    api = Listening(rules=RULES)
    one = api.ok("POST", "/webhook-configs", {"url": "https://one", "events": ["badge.awarded"]})
    api.buddy()
    api.event("t")
    assert {request.headers["X-Hatched-Event"] for _, request in api.received if request.url == one["url"]} == {
        "badge.awarded"
    }


def test_the_current_signature_is_over_timestamp_and_body() -> None:
    api = Listening(rules=RULES)
    api.buddy()
    _, request = api.received[0]
    timestamp = request.headers["X-Hatched-Timestamp"]
    assert timestamp == str(int(api.clock.now()))
    secret = api.endpoint["secret"].encode()
    signed = hmac.new(secret, f"{timestamp}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers == {
        "Content-Type": "application/json",
        "X-Hatched-Event": "buddy.hatched",
        "X-Hatched-Delivery": api.deliveries()["data"][0]["id"],
        "X-Hatched-Timestamp": timestamp,
        "X-Hatched-Signature": f"sha256={signed}",
    }


def test_the_legacy_scheme_wraps_the_body_and_signs_in_one_header() -> None:
    api = Listening(rules=RULES, webhook_scheme="legacy")
    buddy = api.buddy()
    _, request = api.received[0]
    body = json.loads(request.body)
    assert set(body) == {"deliveryId", "eventId", "type", "customerId", "createdAt", "data"}
    assert (body["type"], body["data"]["buddyId"]) == ("buddy.hatched", buddy)
    timestamp = int(api.clock.now())
    secret = api.endpoint["secret"].encode()
    signed = hmac.new(secret, f"{timestamp}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["Hatched-Signature"] == f"t={timestamp},v1={signed}"
    assert request.headers["Hatched-Event-Type"] == "buddy.hatched"
    assert request.headers["Hatched-Delivery-Id"] == body["deliveryId"]


def legacy_told(api: Listening) -> dict[str, Any]:
    """Names and data of all that came, and forgets them."""
    bodies = [json.loads(request.body) for _, request in api.received]
    api.received.clear()
    return {body["type"]: body["data"] for body in bodies}


def test_the_legacy_scheme_tells_what_happens_in_the_names_and_fields_of_its_time() -> None:
    api = Listening(rules=RULES, webhook_scheme="legacy")
    buddy = api.buddy()
    api.received.clear()
    source = {"type": "event", "eventType": "t"}
    api.event("t")
    assert legacy_told(api) == {
        "coin.earned": {"buddyId": buddy, "amount": 10, "balanceAfter": 10, "source": source},
        "token.earned": {"buddyId": buddy, "tokenKey": "xp", "amount": 1, "balanceAfter": 1, "source": source},
        "badge.awarded": {"buddyId": buddy, "badgeId": "auto", "awardedAt": "2026-01-01T00:00:00.000Z"},
        "streak.milestone": {"buddyId": buddy, "streakKey": "daily", "count": 1, "milestone": 1},
    }
    api.event("t")
    told = legacy_told(api)
    assert told["badge.ready"] == {"buddyId": buddy, "badgeId": "ask", "awardedAt": None}
    assert told["evolution.ready"] == {"buddyId": buddy}
    api.ok("POST", f"/buddies/{buddy}/coins/spend", {"amount": 3, "reason": "hat"})
    assert legacy_told(api) == {
        "coin.spent": {
            "buddyId": buddy,
            "amount": 3,
            "balanceAfter": 17,
            "source": {"type": "manual", "eventType": None},
        }
    }
    api.ok("PATCH", f"/buddies/{buddy}/skills", {"updates": [{"key": "reading", "action": "set", "value": 60}]})
    api.clock.advance("2d")
    assert {"buddy_id", "skill_key"} < legacy_told(api)["skill.decayed"].keys()  # which never was camelCase


def test_the_legacy_scheme_has_one_event_id_for_all_deliveries_of_an_event() -> None:
    api = Listening(rules=RULES, webhook_scheme="legacy")
    api.ok("POST", "/webhook-configs", {"url": "https://other", "events": ["buddy.hatched"]})
    api.buddy()
    (delivery,) = api.deliveries()["data"]
    api.ok("POST", f"/webhook-configs/{api.endpoint['id']}/deliveries/{delivery['id']}/redeliver")
    bodies = [json.loads(request.body) for _, request in api.received]
    assert len({body["deliveryId"] for body in bodies}) == 3
    (event_id,) = {body["eventId"] for body in bodies}
    assert event_id not in {body["deliveryId"] for body in bodies}


def test_an_endpoint_asks_for_the_names_of_its_scheme() -> None:
    for scheme, known, unknown in (("current", "coins.spent", "coin.spent"), ("legacy", "coin.spent", "coins.spent")):
        api = Api(webhook_scheme=scheme)
        api.ok("POST", "/webhook-configs", {"url": "https://app", "events": [known]})
        body = {"url": "https://app", "events": [unknown]}
        assert api.code("POST", "/webhook-configs", body) == (422, "validation_failed")


def failing(*statuses: int) -> Callable[[WebhookRequest], int]:
    """Answers these one after the other; 0 is nobody at home."""
    left = list(statuses)

    def answer(request: WebhookRequest) -> int:
        status = left.pop(0)
        if not status:
            raise ConnectionRefusedError("nobody at home")
        return status

    return answer


@pytest.mark.parametrize(
    ("statuses", "offsets", "status", "code", "error"),
    [
        ((200,), [0], "success", 200, None),
        ((204,), [0], "success", 204, None),
        ((500, 503, 200), [0, 5, 35], "success", 200, None),
        ((500, 500, 500, 502), [0, 5, 35, 335], "failed", 502, "HTTP 502"),
        ((0, 0, 0, 0), [0, 5, 35, 335], "failed", None, "ConnectionRefusedError: nobody at home"),
        ((500, 410), [0, 5], "failed", 410, "HTTP 410"),
        ((400,), [0], "failed", 400, "HTTP 400"),
        ((499,), [0], "failed", 499, "HTTP 499"),
        ((399, 299), [0, 5], "success", 299, None),
        ((300, 199, 200), [0, 5, 35], "success", 200, None),
        ((301, 200), [0, 5], "success", 200, None),
    ],
)
@pytest.mark.parametrize("steps", [[400.0], [1.0] * 400])
def test_a_delivery_is_tried_four_times_at_most(
    statuses: tuple[int, ...],
    offsets: list[int],
    status: str,
    code: int | None,
    error: str | None,
    steps: list[float],
) -> None:
    api = Listening(failing(*statuses), rules=RULES)
    start = int(api.clock.now())
    api.buddy()
    for step in steps:
        api.clock.advance(step)
    assert [int(request.headers["X-Hatched-Timestamp"]) - start for _, request in api.received] == offsets
    (delivery,) = api.deliveries()["data"]
    assert (delivery["status"], delivery["response_code"], delivery["error_message"]) == (status, code, error)
    assert delivery["attempts"] == delivery["attempt"] == len(offsets)
    assert len({request.headers["X-Hatched-Delivery"] for _, request in api.received}) == 1


def test_without_a_receiver_nobody_listens() -> None:
    api = Listening(rules=RULES)
    api.emulator.deliver_webhooks_to(None)
    api.buddy()
    api.clock.advance("1h")
    (delivery,) = api.deliveries("?status=failed")["data"]
    assert (delivery["attempts"], delivery["event"], delivery["event_type"]) == (4, "buddy.hatched", "buddy.hatched")


def test_deliveries_are_paged_by_cursor() -> None:
    api = Listening(rules=RULES)
    for number in range(5):
        api.buddy(f"u{number}")
    newest_first = [delivery["id"] for delivery in api.deliveries()["data"]]
    assert len(newest_first) == 5
    seen, cursor = [], ""
    for _ in range(3):
        page = api.deliveries(f"?limit=2{cursor}")
        seen += [delivery["id"] for delivery in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == newest_first
    assert page["next_cursor"] is None
    assert api.code("GET", f"/webhook-configs/{api.endpoint['id']}/deliveries?cursor=x") == (422, "validation_failed")


def test_a_replay_tries_the_same_delivery_and_a_redelivery_is_a_new_one() -> None:
    api = Listening(failing(410, 200, 200), rules=RULES)
    api.buddy()
    (delivery,) = api.deliveries()["data"]
    path = f"/webhook-configs/{api.endpoint['id']}/deliveries/{delivery['id']}"
    assert api.ok("POST", f"{path}/replay") == {"delivery_id": delivery["id"], "status": "pending"}
    assert api.deliveries()["data"][0]["status"] == "success"
    again = api.ok("POST", f"{path}/redeliver")["delivery_id"]
    assert again != delivery["id"]
    bodies = [request.body for _, request in api.received]
    assert bodies[0] == bodies[1] == bodies[2]
    assert [request.headers["X-Hatched-Delivery"] for _, request in api.received] == [
        delivery["id"],
        delivery["id"],
        again,
    ]
    assert api.code("POST", f"{path[:-36]}{uuid4()}/replay") == (404, "resource_not_found")


def replay(api: Listening) -> None:
    (delivery,) = api.deliveries()["data"]
    api.ok("POST", f"/webhook-configs/{api.endpoint['id']}/deliveries/{delivery['id']}/replay")


@pytest.mark.parametrize(
    ("after", "offsets"), [(1, [0, 1, 31, 331]), (20, [0, 5, 20, 320]), (400, [0, 5, 35, 335, 400])]
)
def test_a_replay_is_one_attempt_more_at_once_and_all_attempts_are_shown(after: int, offsets: list[int]) -> None:
    api = Listening(lambda request: 500, rules=RULES)
    start = api.clock.now()
    api.buddy()
    api.clock.advance(after)
    replay(api)
    api.clock.advance("1h")
    (delivery,) = api.deliveries()["data"]
    assert [at - start for at, _ in api.received] == offsets
    assert (delivery["status"], delivery["attempts"]) == ("failed", len(offsets))


def test_a_replay_that_is_asked_for_during_an_attempt_is_made() -> None:
    def answer(request: WebhookRequest) -> int:
        if len(api.received) == 1:
            replay(api)
        return 200

    api = Listening(answer, rules=RULES)
    api.buddy()
    (delivery,) = api.deliveries()["data"]
    assert (len(api.received), delivery["status"], delivery["attempts"]) == (2, "success", 2)


def test_a_receiver_may_call_the_emulator() -> None:
    api = Listening(rules=RULES)
    seen: list[str] = []

    def receive(request: WebhookRequest) -> int:
        seen.append(api.ok("GET", f"/buddies/{json.loads(request.body)['buddy_id']}")["name"])
        return 200

    api.emulator.deliver_webhooks_to(receive)
    api.buddy()
    assert seen == ["Buddy"]


def test_what_was_rolled_back_is_not_told() -> None:
    api = Listening(rules=evolve(RULES, event_types=()))
    api.buddy()
    api.told()
    bad = {"events": [{"user_id": "user_1", "type": "t"}, {"user_id": "user_1", "type": "unknown"}]}
    assert api.send("POST", "/events/batch", bad).status == 422
    api.clock.advance("1h")
    assert api.told() == []


def test_four_fifths_of_the_quota_are_told_once() -> None:
    api = Listening(plan="free")
    api.buddy()
    api.told()
    for batch in range(90):
        events = [{"event_id": f"{batch}-{n}", "user_id": "x", "type": "quiz_passed"} for n in range(100)]
        api.ok("POST", "/events/batch", {"events": events})
        api.clock.advance(1)
    assert api.told() == [
        (
            "usage.threshold_reached",
            {"used": 8_000, "limit": 10_000, "threshold": 80, "reset_at": "2026-02-01T00:00:00.000Z"},
        )
    ]


# --- receivers that call back, and answers that come late ----------------------------------------------------


def test_a_receiver_that_calls_back_gets_every_delivery_once() -> None:
    api = Api()
    api.buddy("ada")
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})
    seen: list[str] = []

    def receiver(request: WebhookRequest) -> int:
        seen.append(request.headers["X-Hatched-Delivery"])
        api.ok("GET", "/buddies")
        return 200

    api.emulator.deliver_webhooks_to(receiver)
    buddy = api.ok("GET", "/buddies")["data"][0]["id"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.emulator._courier, "deliver", lambda: None)
        for _ in range(300):
            api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 1, "reason": "r"})
    api.emulator.run_due()
    assert len(seen) == len(set(seen)) == 300


def test_a_delivery_of_a_world_that_was_restored_meanwhile_is_not_noted_in_it() -> None:
    api = Api()
    api.buddy("ada")
    endpoint = api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})["id"]
    api.event("lesson_completed", "ada")
    snapshot = api.emulator.snapshot()

    def receiver(request: WebhookRequest) -> int:
        api.emulator.restore(snapshot)
        api.emulator.deliver_webhooks_to(None)
        return 200

    api.emulator.deliver_webhooks_to(receiver)
    api.clock.advance("5s")
    deliveries = api.ok("GET", f"/webhook-configs/{endpoint}/deliveries")["data"]
    assert [delivery["status"] for delivery in deliveries] != ["success"]


def test_a_late_answer_does_not_undo_that_of_a_later_attempt() -> None:
    api = Api()
    api.buddy("ada")
    endpoint = api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})["id"]
    api.event("lesson_completed", "ada")
    world = api.emulator._world
    api.clock.advance("4s")
    early = delivery.next_attempt(world, api.clock.now() + 5)
    late = delivery.next_attempt(world, api.clock.now() + 60)
    assert early is not None
    assert late is not None
    delivery.record(world, late, 200, None)
    delivery.record(world, early, 500, None)
    (shown,) = api.ok("GET", f"/webhook-configs/{endpoint}/deliveries")["data"]
    assert (shown["status"], shown["response_code"]) == ("success", 200)


def test_earning_nothing_is_not_told() -> None:
    api = Api(rules=Rules(primary=Token(key="coins", label="Coins", max_balance=5)))
    buddy = api.buddy("ada")
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned", "coins.spent"]})
    told: list[str] = []
    api.emulator.deliver_webhooks_to(lambda request: told.append(request.headers["X-Hatched-Event"]) or 200)  # type: ignore[func-returns-value]
    for _ in range(2):
        api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 5, "reason": "r"})
    assert told == ["coins.earned"]


@pytest.mark.parametrize("answer", ["200", None, 10**30, True, 99])
def test_a_receiver_that_answers_no_status_has_failed(answer: Any) -> None:
    api = Api()
    buddy = api.buddy("ada")
    endpoint = api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})["id"]
    api.emulator.deliver_webhooks_to(lambda request: answer)
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 1, "reason": "r"})
    (shown,) = api.ok("GET", f"/webhook-configs/{endpoint}/deliveries")["data"]
    assert (shown["status"], shown["attempts"]) == ("pending", 1)
    assert "is no status" in shown["error_message"]


def test_a_coroutine_function_is_awaited() -> None:
    api = Api()
    buddy = api.buddy("ada")
    endpoint = api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["coins.earned"]})["id"]

    async def receive(request: WebhookRequest) -> int:
        return 204

    api.emulator.deliver_webhooks_to(receive)
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 1, "reason": "r"})
    (shown,) = api.ok("GET", f"/webhook-configs/{endpoint}/deliveries")["data"]
    assert (shown["status"], shown["response_code"]) == ("success", 204)


@pytest.mark.parametrize("receiver", [5, {}, lambda: 200, lambda one, two: 200])
def test_what_cannot_receive_is_refused(receiver: Any) -> None:
    with pytest.raises(TypeError, match=r"webhooks go to|takes a WebhookRequest"):
        Api().emulator.deliver_webhooks_to(receiver)


def test_a_coroutine_that_does_not_come_back_is_an_attempt_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatched.emulator.receivers.TIMEOUT", 0.05)
    api = Api()
    api.ok("POST", "/webhook-configs", {"url": "http://shop.test", "events": ["buddy.hatched"]})
    called: list[WebhookRequest] = []

    async def receive(request: WebhookRequest) -> int:
        called.append(request)
        await anyio.sleep_forever()
        return 200

    api.emulator.deliver_webhooks_to(receive)
    api.buddy()
    (endpoint,) = api.ok("GET", "/webhook-configs")
    (delivery,) = api.ok("GET", f"/webhook-configs/{endpoint['id']}/deliveries")["data"]
    assert (len(called), delivery["status"], delivery["attempts"]) == (1, "pending", 1)
