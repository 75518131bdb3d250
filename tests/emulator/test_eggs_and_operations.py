"""From egg to buddy (concepts/buddy-and-hatch)."""

from __future__ import annotations

import pytest

from hatched.emulator import Operations, Rules

from .support import Api


def test_an_egg_waits_gets_ready_and_hatches_into_a_buddy() -> None:
    api = Api()
    egg = api.ok("POST", "/eggs", {"user_id": "user_42", "metadata": {"team": "red"}})
    assert {key: egg[key] for key in ("user_id", "status", "buddy_id", "metadata", "created_at")} == {
        "user_id": "user_42",
        "status": "waiting",
        "buddy_id": None,
        "metadata": {"team": "red"},
        "created_at": "2026-01-01T00:00:00.000Z",
    }
    path = f"/eggs/{egg['egg_id']}"
    assert api.ok("PATCH", f"{path}/status", {"status": "ready"}) == {
        "egg_id": egg["egg_id"],
        "status": "ready",
        "previous_status": "waiting",
    }
    started = api.ok("POST", f"{path}/hatch")
    assert started["status"] == "pending"
    operation = api.ok("GET", f"/operations/{started['operation_id']}")
    assert operation["status"] == "completed"
    hatched = api.ok("GET", path)
    assert (hatched["status"], hatched["buddy_id"]) == ("hatched", operation["result"]["buddy_id"])
    buddy = api.ok("GET", f"/buddies/{hatched['buddy_id']}")
    assert (buddy["user_id"], buddy["audience"], buddy["status"]) == ("user_42", "default", "active")
    assert (buddy["coins"], buddy["evolution_stage"]) == (0, 1)
    assert buddy["config_version_id"] == egg["config_version_id"]


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("waiting", "ready", True),
        ("waiting", "cancelled", True),
        ("ready", "cancelled", True),
        ("ready", "ready", True),
        ("cancelled", "ready", False),
        ("cancelled", "cancelled", True),
        ("hatching", "cancelled", False),
        ("hatched", "cancelled", False),
        ("hatched", "ready", False),
    ],
)
def test_which_status_follows_which(before: str, after: str, allowed: bool) -> None:
    api = Api(operations=Operations(after_seconds=60))
    egg = api.egg(ready=before in ("ready", "hatching", "hatched"))
    if before == "cancelled":
        api.ok("PATCH", f"/eggs/{egg}/status", {"status": "cancelled"})
    if before in ("hatching", "hatched"):
        api.ok("POST", f"/eggs/{egg}/hatch")
    if before == "hatched":
        api.clock.advance(60)
    response = api.send("PATCH", f"/eggs/{egg}/status", {"status": after})
    assert response.status == (200 if allowed else 409)
    assert api.ok("GET", f"/eggs/{egg}")["status"] == (after if allowed else before)


@pytest.mark.parametrize("status", ["waiting", "hatching", "hatched", "new"])
def test_only_ready_and_cancelled_may_be_asked_for(status: str) -> None:
    api = Api()
    assert api.message("PATCH", f"/eggs/{api.egg()}/status", {"status": status}) == (
        "status must be one of the following values: ready, cancelled"
    )


def test_only_a_ready_egg_hatches() -> None:
    api = Api()
    assert api.code("POST", f"/eggs/{api.egg()}/hatch") == (409, "conflict")


def test_ensure_answers_the_latest_waiting_or_ready_egg() -> None:
    api = Api()
    first = api.send("POST", "/eggs?ensure=true", {"user_id": "u"})
    second = api.send("POST", "/eggs?ensure=true", {"user_id": "u"})
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body
    newer = api.egg("u", ready=True)
    assert api.ok("POST", "/eggs?ensure=true", {"user_id": "u"})["egg_id"] == newer
    assert api.ok("POST", "/eggs?ensure=true", {"user_id": "v"})["egg_id"] != newer
    api.ok("POST", f"/eggs/{newer}/hatch")
    assert api.ok("POST", "/eggs?ensure=true", {"user_id": "u"})["egg_id"] == first.json()["egg_id"]


def test_a_user_has_only_so_many_active_eggs() -> None:
    api = Api()
    eggs = [api.egg() for _ in range(3)]
    response = api.send("POST", "/eggs", {"user_id": "user_1"})
    error = response.json()["error"]
    assert (response.status, error["code"], error["message"]) == (
        409,
        "active_egg_limit",
        "User already has 3 active egg(s)",
    )
    assert error["details"]["max"] == 3
    assert [egg["egg_id"] for egg in error["details"]["active"]] == eggs
    assert api.send("POST", "/eggs", {"user_id": "user_2"}).status == 201
    api.ok("PATCH", f"/eggs/{eggs[0]}/status", {"status": "cancelled"})
    assert api.send("POST", "/eggs", {"user_id": "user_1"}).status == 201


def test_an_egg_needs_a_published_config() -> None:
    api = Api()
    api.emulator.unpublish()
    response = api.send("POST", "/eggs", {"user_id": "u"})
    error = response.json()["error"]
    assert (response.status, error["code"]) == (409, "no_published_config")
    assert set(error["details"]) == {"customer_id", "publish_url", "docs_url"}
    api.emulator.publish(Rules(event_types=("t",)))
    assert api.send("POST", "/eggs", {"user_id": "u"}).status == 201


def test_a_user_has_one_buddy_per_audience() -> None:
    api = Api(rules=Rules(audiences=("student", "teacher")))
    api.buddy(audience="student")
    api.buddy(audience="teacher")
    another = api.egg(ready=True, audience="student")
    assert api.code("POST", f"/eggs/{another}/hatch") == (409, "conflict")
    (buddy,) = [b for b in api.ok("GET", "/buddies")["data"] if b["audience"] == "student"]
    api.ok("POST", f"/buddies/{buddy['id']}/archive")
    assert api.send("POST", f"/eggs/{another}/hatch").status == 202


def test_two_eggs_of_a_user_do_not_hatch_at_once() -> None:
    api = Api(operations=Operations(after_seconds=60))
    first, second = api.egg(ready=True), api.egg(ready=True)
    api.ok("POST", f"/eggs/{first}/hatch")
    assert api.code("POST", f"/eggs/{second}/hatch") == (409, "conflict")


def test_an_audience_that_is_not_configured_is_refused() -> None:
    body = {"user_id": "u", "metadata": {"audience": "pirate"}}
    assert Api().code("POST", "/eggs", body) == (400, "unknown_audience")


def test_eggs_are_listed_by_user_and_status_page_by_page() -> None:
    api = Api()
    eggs = [api.egg(f"u{number % 2}", ready=number > 3) for number in range(6)]
    assert [egg["egg_id"] for egg in api.ok("GET", "/eggs")] == eggs
    assert [egg["egg_id"] for egg in api.ok("GET", "/eggs?user_id=u1")] == eggs[1::2]
    assert [egg["egg_id"] for egg in api.ok("GET", "/eggs?status=ready")] == eggs[4:]
    assert [egg["egg_id"] for egg in api.ok("GET", "/eggs?page=2&limit=4")] == eggs[4:]


def test_an_operation_takes_its_time() -> None:
    api = Api(operations=Operations(after_seconds=30))
    egg = api.egg(ready=True)
    path = f"/operations/{api.ok('POST', f'/eggs/{egg}/hatch')['operation_id']}"
    seen = []
    for step in (10, 5, 5, 10, 0):
        operation = api.ok("GET", path)
        seen.append((operation["status"], api.ok("GET", f"/eggs/{egg}")["status"], operation["updated_at"][17:19]))
        api.clock.advance(step)
    assert seen == [
        ("pending", "hatching", "00"),
        ("pending", "hatching", "00"),
        ("processing", "hatching", "15"),
        ("processing", "hatching", "15"),
        ("completed", "hatched", "30"),
    ]
    assert api.ok("GET", "/buddies")["data"][0]["created_at"] == "2026-01-01T00:00:30.000Z"


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        (0, ["completed"]),
        (1, ["processing", "completed"]),
        (2, ["pending", "processing", "completed"]),
        (3, ["pending", "processing", "processing", "completed", "completed"]),
        (4, ["pending", "pending", "processing", "processing", "completed"]),
    ],
)
def test_an_operation_can_be_counted_in_polls(polls: int, expected: list[str]) -> None:
    api = Api(operations=Operations(after_polls=polls))
    operation = api.ok("POST", f"/eggs/{api.egg(ready=True)}/hatch")["operation_id"]
    api.clock.advance("1d")
    assert [api.ok("GET", f"/operations/{operation}")["status"] for _ in expected] == expected


def test_a_failed_hatch_gives_the_egg_and_the_credit_back() -> None:
    api = Api()
    api.emulator.fail_next("hatch", "art provider is on holiday")
    egg = api.egg(ready=True)
    before = api.send("GET", "/eggs").header("X-Credits-Remaining")
    started = api.send("POST", f"/eggs/{egg}/hatch")
    assert started.header("X-Credits-Remaining") == str(int(before or 0) - 1)
    operation = api.send("GET", f"/operations/{started.json()['operation_id']}")
    assert (operation.json()["status"], operation.json()["error"]) == ("failed", "art provider is on holiday")
    assert "result" not in operation.json()
    assert operation.header("X-Credits-Remaining") == before
    assert api.ok("GET", f"/eggs/{egg}")["status"] == "ready"
    operation_id = api.ok("POST", f"/eggs/{egg}/hatch")["operation_id"]
    assert api.ok("GET", f"/operations/{operation_id}")["status"] == "completed"


def test_hatching_costs_a_credit_of_the_first_pool_that_has_one() -> None:
    api = Api(plan="free", credits=1)
    pools = []
    for number in range(21):
        api.buddy(f"u{number}")
        api.clock.advance("1m")
        response = api.send("GET", "/health")
        names = ("Welcome-", "Paid-", "Promo-", "")
        pools.append(tuple(int(response.header(f"X-Credits-{name}Remaining") or -1) for name in names))
    assert pools[0] == (19, 1, 0, 20)
    assert pools[19] == (0, 1, 0, 1)
    assert pools[20] == (0, 0, 0, 0)
    refused = api.send("POST", f"/eggs/{api.egg(ready=True)}/hatch")
    error = refused.json()["error"]
    assert (refused.status, error["code"]) == (402, "credit_insufficient")
    assert error["message"] == "Not enough credits for this AI job (need 1, have 0)."
    assert {key: error["details"][key] for key in ("required", "available", "welcome", "paid", "promo")} == {
        "required": 1,
        "available": 0,
        "welcome": 0,
        "paid": 0,
        "promo": 0,
    }
    assert {"upgrade_url", "top_up_url"} <= set(error["details"])


def test_advancing_in_one_step_or_in_many_gives_the_same() -> None:
    states = []
    for steps in ([3600.0], [600.0] * 6, [1.0] * 3600):
        api = Api(operations=Operations(after_seconds=30))
        for user in ("u1", "u2"):
            api.ok("POST", f"/eggs/{api.egg(user, ready=True)}/hatch")
            api.clock.advance(5)
        for step in steps:
            api.clock.advance(step)
        states.append((api.ok("GET", "/buddies"), api.ok("GET", "/eggs")))
    assert states[0] == states[1] == states[2]
