"""Paths: how they are defined, and how buddies walk them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hatched.emulator import Badge, CoinRule, Condition, Rules

from .support import Api

RULES = Rules(
    audiences=("student", "teacher"),
    event_types=("module_finished", "quiz_passed", "other"),
    coin_rules=(CoinRule(event="lesson", amount=1),),
    badges=(Badge(key="walker", condition=Condition("evolution", {"stage": 5}), coin_reward=2),),
)


class Walk(Api):
    """A student, and ways to define paths."""

    def __init__(self, **options: Any) -> None:
        super().__init__(rules=RULES, plan="pro", **options)
        self.buddy_path = f"/buddies/{self.buddy(audience='student')}"

    def define(self, key: str = "course", **fields: Any) -> str:
        path_id: str = self.ok("POST", "/paths", {"key": key, "label": key.title(), "audience": "student", **fields})[
            "id"
        ]
        return path_id

    def step(self, path_id: str, key: str, ordinal: int = 1, **fields: Any) -> str:
        body = {"key": key, "label": key, "ordinal": ordinal, **fields}
        step_id: str = self.ok("POST", f"/paths/{path_id}/steps", body)["id"]
        return step_id

    def part(self, path_id: str, step_id: str, key: str, ordinal: int = 1, **fields: Any) -> str:
        body = {"key": key, "label": key, "ordinal": ordinal, **fields}
        part_id: str = self.ok("POST", f"/paths/{path_id}/steps/{step_id}/sub-steps", body)["id"]
        return part_id

    def course(self, **fields: Any) -> str:
        """Two steps of two sub-steps each, every one by hand."""
        path_id = self.define()
        for number, name in enumerate("ab", start=1):
            step_id = self.step(path_id, name, number, reward_coins=10 * number)
            for place in (1, 2):
                self.part(path_id, step_id, f"{name}{place}", place, reward_coins=place, **fields)
        return path_id

    def lose_what_was_left(self) -> None:
        """A path of two steps; the first is done but for a sub-step that is removed."""
        path_id = self.define()
        first = self.step(path_id, "a", 1, reward_coins=7)
        self.part(path_id, first, "a1", 1)
        left = self.part(path_id, first, "a2", 2)
        self.part(path_id, self.step(path_id, "b", 2), "b1")
        self.complete("a1")
        assert self.send("DELETE", f"/paths/{path_id}/steps/{first}/sub-steps/{left}").status == 204

    def event_as_student(self, type: str = "module_finished", **fields: Any) -> Any:
        return self.event(type, audience="student", **fields)

    def seen(self, key: str = "course") -> Any:
        return self.ok("GET", f"{self.buddy_path}/paths/{key}")

    def statuses(self) -> dict[str, str]:
        return {part["key"]: part["status"] for step in self.seen()["steps"] for part in step["sub_steps"]}

    def complete(self, key: str) -> Any:
        return self.ok("POST", f"{self.buddy_path}/paths/course/sub-steps/{key}/complete")


def test_null_empties_what_may_be_null_and_leaves_the_rest() -> None:
    api = Walk()
    condition = {"type": "coin", "config": {"amount": 1}}
    path = api.define(description="d", accent_color="#fff", icon="leaf")
    step = api.step(
        path, "a", icon="x", reward_badge_key="b", unlock_condition=condition, completion_condition=condition
    )
    part = api.part(path, step, "a1", content_url="u", cta_label="c", completion_condition=condition)
    steps = f"/paths/{path}/steps/{step}"
    for target, emptied, kept in (
        (f"/paths/{path}", ("description", "accent_color"), ("icon", "label", "is_active")),
        (steps, ("icon", "reward_badge_key", "unlock_condition", "completion_condition"), ("key", "ordinal")),
        (f"{steps}/sub-steps/{part}", ("content_url", "cta_label", "completion_condition"), ("label", "reward_coins")),
    ):
        before = api.ok("PATCH", target, {})
        after = api.ok("PATCH", target, dict.fromkeys((*emptied, *kept)))
        assert after == before | dict.fromkeys(emptied)


def test_a_path_is_defined_read_changed_and_deleted() -> None:
    api = Walk()
    created = api.ok("POST", "/paths", {"key": "course", "label": "Course", "audience": "teacher", "icon": "leaf"})
    assert {key: value for key, value in created.items() if key != "id"} == {
        "customer_id": api.emulator.customer_id,
        "audience": "teacher",
        "key": "course",
        "label": "Course",
        "description": None,
        "icon": "leaf",
        "accent_color": None,
        "display_mode": "straight",
        "is_active": True,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
    }
    path = f"/paths/{created['id']}"
    api.clock.advance(1)
    changed = api.ok("PATCH", path, {"label": "New", "display_mode": "zigzag"})
    assert changed == {
        **created,
        "label": "New",
        "display_mode": "zigzag",
        "updated_at": "2026-01-01T00:00:01.000Z",
    }
    assert api.ok("GET", path) == {**changed, "steps": []}
    assert api.ok("GET", "/paths") == [changed]
    assert api.ok("GET", "/paths?audience=student") == []
    deleted = api.send("DELETE", path)
    assert (deleted.status, deleted.body) == (204, b"")
    assert api.code("GET", path) == (404, "resource_not_found")


def test_steps_and_sub_steps_are_defined_ordered_changed_and_deleted() -> None:
    api = Walk()
    path_id = api.define()
    condition = {"type": "event_count", "config": {"event_type": "module_finished", "count": 1}}
    step = api.ok(
        "POST",
        f"/paths/{path_id}/steps",
        {"key": "a", "label": "A", "ordinal": 2, "completion_condition": condition, "reward_badge_key": "walker"},
    )
    assert {key: value for key, value in step.items() if key not in ("id", "created_at", "updated_at")} == {
        "path_definition_id": path_id,
        "key": "a",
        "label": "A",
        "description": None,
        "icon": None,
        "ordinal": 2,
        "unlock_condition": None,
        "completion_condition": condition,
        "reward_coins": 0,
        "reward_badge_key": "walker",
        "is_active": True,
    }
    other = api.step(path_id, "b", 1)
    part = api.ok("POST", f"/paths/{path_id}/steps/{other}/sub-steps", {"key": "b1", "label": "B1", "ordinal": 1})
    assert {key: value for key, value in part.items() if key not in ("id", "created_at", "updated_at")} == {
        "path_step_id": other,
        "key": "b1",
        "label": "B1",
        "description": None,
        "ordinal": 1,
        "completion_condition": None,
        "allow_manual_complete": True,
        "allow_skip_ahead": False,
        "reward_coins": 0,
        "reward_badge_key": None,
        "content_url": None,
        "cta_label": None,
        "is_active": True,
    }
    second = api.part(path_id, other, "b2", 2)

    def order() -> Any:
        steps = api.ok("GET", f"/paths/{path_id}")["steps"]
        return [(each["key"], [part["key"] for part in each["sub_steps"]]) for each in steps]

    assert order() == [("b", ["b1", "b2"]), ("a", [])]
    steps, parts = f"/paths/{path_id}/steps", f"/paths/{path_id}/steps/{other}/sub-steps"
    reordered = api.ok("PATCH", f"{steps}/reorder", {"ordering": [{"id": other, "ordinal": 3}]})
    assert [each["key"] for each in reordered] == ["a", "b"]
    body = {"ordering": [{"id": second, "ordinal": 1}, {"id": part["id"], "ordinal": 2}]}
    assert [each["key"] for each in api.ok("PATCH", f"{parts}/reorder", body)] == ["b2", "b1"]
    assert order() == [("a", []), ("b", ["b2", "b1"])]
    assert api.ok("PATCH", f"{steps}/{other}", {"label": "Bee"})["label"] == "Bee"
    assert api.ok("PATCH", f"{parts}/{second}", {"cta_label": "Go", "allow_skip_ahead": True})["cta_label"] == "Go"
    assert api.send("DELETE", f"{parts}/{second}").status == 204
    assert order() == [("a", []), ("b", ["b1"])]
    assert api.send("DELETE", f"{steps}/{other}").status == 204
    assert order() == [("a", [])]


def test_what_is_not_there_cannot_be_changed() -> None:
    api = Walk()
    path_id, nobody = api.define(), str(uuid4())
    step_id = api.step(path_id, "a")
    for method, path, body in (
        ("GET", f"/paths/{nobody}", None),
        ("PATCH", f"/paths/{nobody}", {}),
        ("DELETE", f"/paths/{nobody}", None),
        ("PATCH", f"/paths/{nobody}/active", {"is_active": True}),
        ("POST", f"/paths/{nobody}/steps", {"key": "k", "label": "l", "ordinal": 1}),
        ("PATCH", f"/paths/{path_id}/steps/{nobody}", {}),
        ("DELETE", f"/paths/{path_id}/steps/{nobody}", None),
        ("PATCH", f"/paths/{path_id}/steps/reorder", {"ordering": [{"id": nobody, "ordinal": 1}]}),
        ("POST", f"/paths/{path_id}/steps/{nobody}/sub-steps", {"key": "k", "label": "l", "ordinal": 1}),
        ("PATCH", f"/paths/{path_id}/steps/{step_id}/sub-steps/{nobody}", {}),
        ("DELETE", f"/paths/{path_id}/steps/{step_id}/sub-steps/{nobody}", None),
    ):
        assert api.code(method, path, body) == (404, "resource_not_found"), (method, path)
    api.emulator.add_key("hatch_test_other", customer="other")
    assert api.code("GET", f"/paths/{path_id}", key="hatch_test_other") == (404, "resource_not_found")


def test_keys_are_taken_once() -> None:
    api = Walk()
    path_id = api.define()
    step_id = api.step(path_id, "a")
    api.part(path_id, step_id, "a1")
    assert api.code("POST", "/paths", {"key": "course", "label": "l", "audience": "student"}) == (409, "conflict")
    assert api.send("POST", "/paths", {"key": "course", "label": "l", "audience": "teacher"}).status == 201
    body = {"key": "a", "label": "l", "ordinal": 1}
    assert api.code("POST", f"/paths/{path_id}/steps", body) == (409, "conflict")
    body["key"] = "a1"
    assert api.code("POST", f"/paths/{path_id}/steps/{step_id}/sub-steps", body) == (409, "conflict")
    other = api.step(path_id, "b")
    assert api.code("PATCH", f"/paths/{path_id}/steps/{other}", {"key": "a"}) == (409, "conflict")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            {"type": "event_count", "config": {}},
            "completion_condition: a condition of type event_count needs event_type (str)",
        ),
        ({"type": "xp", "config": {"amount": 1}}, "completion_condition.type must be one of the following values"),
        ({"type": "coin"}, "completion_condition.config should not be empty"),
    ],
)
def test_conditions_are_checked(condition: Any, message: str) -> None:
    api = Walk()
    body = {"key": "k", "label": "l", "ordinal": 1, "completion_condition": condition}
    assert api.message("POST", f"/paths/{api.define()}/steps", body).startswith(message)


def test_an_unlock_condition_is_checked_too() -> None:
    api = Walk()
    body = {"key": "k", "label": "l", "ordinal": 1, "unlock_condition": {"when": "later"}}
    response = api.send("POST", f"/paths/{api.define()}/steps", body)
    fields = [problem["field"] for problem in response.json()["error"]["details"]["fields"]]
    assert fields == ["unlock_condition.when", "unlock_condition.type", "unlock_condition.config"]


def test_an_audience_has_one_active_path() -> None:
    api = Walk()

    def active() -> list[str]:
        return [path["key"] for path in api.ok("GET", "/paths") if path["is_active"]]

    one, two = api.define("one"), api.define("two")
    api.define("else", audience="teacher")
    assert active() == ["one", "else"]
    assert api.ok("PATCH", f"/paths/{two}/active", {"is_active": True})["is_active"] is True
    assert active() == ["two", "else"]
    api.define("three", is_active=True)
    assert active() == ["else", "three"]
    api.ok("PATCH", f"/paths/{one}", {"is_active": True})
    assert active() == ["one", "else"]
    api.ok("PATCH", f"/paths/{one}", {"label": "still"})
    assert active() == ["one", "else"]
    api.ok("PATCH", f"/paths/{one}/active", {"is_active": False})
    assert active() == ["else"]
    api.define("four", is_active=False)
    assert active() == ["else"]


def test_paths_need_the_pro_plan_and_a_known_audience() -> None:
    api = Api(plan="growth")
    assert api.code("GET", "/paths") == (403, "plan_feature_locked")
    assert api.code("POST", "/paths", {"key": "k", "label": "l"}) == (403, "plan_feature_locked")
    assert api.code("GET", f"/paths/{uuid4()}") == (403, "plan_feature_locked")
    assert api.code("GET", f"/buddies/{api.buddy()}/paths/x") == (403, "plan_feature_locked")
    walk = Walk()
    assert walk.code("POST", "/paths", {"key": "k", "label": "l", "audience": "x"}) == (400, "unknown_audience")


def test_a_path_is_walked_by_hand_in_order() -> None:
    api = Walk()
    api.course()
    assert api.statuses() == {"a1": "available", "a2": "locked", "b1": "locked", "b2": "locked"}
    assert (api.seen()["current_step_key"], api.seen()["completed"]) == ("a", False)
    assert api.code("POST", f"{api.buddy_path}/paths/course/sub-steps/a2/complete") == (409, "conflict")
    assert api.code("POST", f"{api.buddy_path}/paths/course/sub-steps/b1/complete") == (409, "conflict")
    assert api.complete("a1") == {
        "already_completed": False,
        "sub_step_key": "a1",
        "step_key": "a",
        "step_completed": False,
        "path_completed": False,
        "reward_coins": 1,
        "reward_badge_key": None,
    }
    api.clock.advance(60)
    assert api.complete("a1") == {
        "already_completed": True,
        "sub_step_key": "a1",
        "step_key": "a",
        "step_completed": False,
        "path_completed": False,
        "reward_coins": 0,
        "reward_badge_key": None,
    }
    assert api.statuses() == {"a1": "completed", "a2": "available", "b1": "locked", "b2": "locked"}
    assert api.complete("a2")["step_completed"] is True
    assert api.seen()["current_step_key"] == "b"
    assert api.ok("GET", api.buddy_path)["coins"] == 1 + 2 + 10
    api.complete("b1")
    last = api.complete("b2")
    assert (last["step_completed"], last["path_completed"]) == (True, True)
    assert api.ok("GET", api.buddy_path)["coins"] == 13 + 1 + 2 + 20
    done = api.seen()
    assert (done["completed"], done["completed_at"], done["current_step_key"]) == (
        True,
        "2026-01-01T00:01:00.000Z",
        None,
    )


def test_the_badge_of_a_sub_step_is_told_and_given_once() -> None:
    api = Walk()
    path_id = api.define()
    api.part(path_id, api.step(path_id, "a"), "a1", reward_badge_key="walker")
    assert api.complete("a1")["reward_badge_key"] == "walker"
    again = api.send("POST", f"{api.buddy_path}/paths/course/sub-steps/a1/complete")
    assert (again.status, again.json()["reward_badge_key"]) == (200, None)
    assert [badge["badge_key"] for badge in api.ok("GET", f"{api.buddy_path}/badges")] == ["walker"]
    assert api.ok("GET", api.buddy_path)["coins"] == 2


def test_a_runtime_payload_looks_as_documented() -> None:
    api = Walk()
    api.course()
    api.complete("a1")
    seen = api.seen()
    assert seen["definition"] == {
        "key": "course",
        "label": "Course",
        "description": None,
        "icon": "path",
        "accent_color": None,
        "display_mode": "straight",
    }
    step = seen["steps"][0]
    part = step.pop("sub_steps")[0]
    assert {key: value for key, value in step.items() if key != "id"} == {
        "key": "a",
        "label": "a",
        "description": None,
        "icon": None,
        "ordinal": 1,
        "reward_coins": 10,
        "reward_badge_key": None,
        "is_active": True,
        "unlocked": True,
        "completed": False,
    }
    assert {key: value for key, value in part.items() if key != "id"} == {
        "key": "a1",
        "label": "a1",
        "description": None,
        "ordinal": 1,
        "reward_coins": 1,
        "reward_badge_key": None,
        "content_url": None,
        "cta_label": None,
        "allow_manual_complete": True,
        "allow_skip_ahead": False,
        "is_active": True,
        "status": "completed",
        "completed_at": "2026-01-01T00:00:00.000Z",
    }


def test_skipping_ahead_reaches_what_is_locked() -> None:
    api = Walk()
    api.course(allow_skip_ahead=True)
    assert api.statuses() == {"a1": "available", "a2": "available", "b1": "locked", "b2": "locked"}
    assert api.complete("b2")["already_completed"] is False
    assert api.statuses()["b2"] == "completed"


def test_what_may_not_be_done_by_hand_is_refused() -> None:
    api = Walk()
    api.course(allow_manual_complete=False)
    assert api.code("POST", f"{api.buddy_path}/paths/course/sub-steps/a1/complete") == (409, "conflict")
    assert api.code("POST", f"{api.buddy_path}/paths/course/sub-steps/nope/complete") == (404, "resource_not_found")
    assert api.code("POST", f"{api.buddy_path}/paths/nope/sub-steps/a1/complete") == (404, "resource_not_found")
    assert api.code("GET", f"{api.buddy_path}/paths/nope") == (404, "resource_not_found")


def finished(count: int) -> dict[str, Any]:
    return {"type": "event_count", "config": {"event_type": "module_finished", "count": count}}


def test_events_complete_what_their_conditions_say() -> None:
    api = Walk()
    path_id = api.define()
    step_id = api.step(path_id, "a", reward_coins=5, reward_badge_key="walker")
    api.part(path_id, step_id, "a1", 1, completion_condition=finished(1), reward_coins=1)
    api.part(path_id, step_id, "a2", 2, completion_condition=finished(2), reward_badge_key="unknown")
    first = api.event_as_student()
    assert first["path_updates"] == [
        {
            "path_key": "course",
            "sub_step_completed": {
                "path_key": "course",
                "step_key": "a",
                "sub_step_key": "a1",
                "reward_coins": 1,
                "reward_badge_key": None,
            },
        }
    ]
    assert (first["coins"], first["badges_awarded"]) == (1, [])
    second = api.event_as_student()
    assert second["path_updates"] == [
        {
            "path_key": "course",
            "sub_step_completed": {
                "path_key": "course",
                "step_key": "a",
                "sub_step_key": "a2",
                "reward_coins": 0,
                "reward_badge_key": "unknown",
            },
            "step_completed": {
                "path_key": "course",
                "step_key": "a",
                "reward_coins": 5,
                "reward_badge_key": "walker",
            },
            "path_completed": {"path_key": "course"},
        }
    ]
    assert (second["coins"], second["badges_awarded"]) == (7, ["walker"])
    assert api.event_as_student()["path_updates"] == []


def test_events_complete_nothing_that_is_locked() -> None:
    api = Walk()
    path_id = api.define()
    first = api.step(path_id, "a", 1)
    api.part(path_id, first, "a1", 1)
    api.part(path_id, first, "a2", 2, completion_condition=finished(1))
    api.part(path_id, api.step(path_id, "b", 2, completion_condition=finished(1)), "b1", 1)
    assert api.event_as_student()["path_updates"] == []
    api.complete("a1")
    (a2, b1) = api.event_as_student()["path_updates"]
    assert (a2["sub_step_completed"]["sub_step_key"], b1["sub_step_completed"]["sub_step_key"]) == ("a2", "b1")


def test_a_step_condition_closes_all_that_is_left_and_opens_the_next_step_in_the_same_event() -> None:
    api = Walk()
    path_id = api.define()
    first = api.step(path_id, "a", 1, completion_condition=finished(1))
    api.part(path_id, first, "a1", 1, reward_coins=1)
    api.part(path_id, first, "a2", 2, reward_coins=1)
    second = api.step(path_id, "b", 2)
    api.part(path_id, second, "b1", 1, completion_condition=finished(1))
    api.step(path_id, "c", 3, completion_condition=finished(2), reward_coins=100)
    api.complete("a1")
    effects = api.event_as_student()
    assert [update.get("sub_step_completed", {}).get("sub_step_key") for update in effects["path_updates"]] == [
        "a2",
        "b1",
    ]
    assert effects["coins"] == 1
    last = api.event_as_student()
    assert last["path_updates"] == [
        {
            "path_key": "course",
            "step_completed": {"path_key": "course", "step_key": "c", "reward_coins": 100, "reward_badge_key": None},
            "path_completed": {"path_key": "course"},
        }
    ]


def test_an_unlock_condition_opens_a_step_out_of_turn() -> None:
    api = Walk()
    path_id = api.define()
    api.part(path_id, api.step(path_id, "a", 1), "a1")
    api.part(path_id, api.step(path_id, "b", 2, unlock_condition=finished(1)), "b1")
    assert api.statuses() == {"a1": "available", "b1": "locked"}
    api.event_as_student()
    assert api.statuses() == {"a1": "available", "b1": "available"}
    assert api.complete("b1")["step_completed"] is True
    assert api.seen()["completed"] is False


def test_only_the_active_path_moves_and_only_its_active_parts() -> None:
    api = Walk()
    path_id = api.define("resting")
    api.part(path_id, api.step(path_id, "r"), "r1", completion_condition=finished(1))
    course = api.define()
    step_id = api.step(course, "a")
    api.part(course, step_id, "a1", completion_condition=finished(1), is_active=False)
    api.part(course, step_id, "a2", completion_condition=finished(1))
    api.step(course, "off", 0, is_active=False)
    api.ok("PATCH", f"/paths/{course}/active", {"is_active": True})
    assert list(api.statuses()) == ["a2"]
    (update,) = api.event_as_student()["path_updates"]
    assert update["path_completed"] == {"path_key": "course"}
    assert api.seen("resting")["steps"][0]["completed"] is False


def test_a_change_of_the_definition_takes_effect_at_once() -> None:
    api = Walk()
    path_id = api.define()
    step_id = api.step(path_id, "a")
    part = api.part(path_id, step_id, "a1", completion_condition=finished(5))
    assert api.event_as_student()["path_updates"] == []
    api.ok("PATCH", f"/paths/{path_id}/steps/{step_id}/sub-steps/{part}", {"completion_condition": finished(2)})
    assert len(api.event_as_student()["path_updates"]) == 1


def test_the_teacher_does_not_walk_the_path_of_the_student() -> None:
    api = Walk()
    api.course()
    teacher = api.buddy("t", audience="teacher")
    assert api.code("GET", f"/buddies/{teacher}/paths/course") == (404, "resource_not_found")


def test_a_key_that_two_steps_have_closes_the_first_that_is_left() -> None:
    walk = Walk()
    path_id = walk.define()
    for number, name in enumerate("ab", start=1):
        walk.part(path_id, walk.step(path_id, name, number), "quiz")
    assert [walk.complete("quiz")["step_key"] for _ in range(3)] == ["a", "b", "a"]
    assert walk.seen()["completed"]


def test_a_step_of_which_only_what_is_removed_was_left_is_done() -> None:
    walk = Walk()
    walk.lose_what_was_left()
    assert walk.complete("a1")["step_completed"]
    assert walk.complete("b1")["path_completed"]


def test_the_next_event_pays_for_a_step_of_which_only_what_is_removed_was_left() -> None:
    walk = Walk()
    walk.lose_what_was_left()
    assert walk.event_as_student("other")["coins"] == 7
    assert walk.event_as_student("other")["coins"] == 0


def test_an_event_type_that_only_the_path_looks_at_is_registered() -> None:
    walk = Walk()
    event = {"user_id": "user_1", "type": "boss_beaten", "audience": "student"}
    assert walk.code("POST", "/events", event) == (422, "event_type_not_registered")
    path_id = walk.define()
    twice = {"type": "event_count", "config": {"event_type": "boss_beaten", "count": 2}}
    walk.part(path_id, walk.step(path_id, "a"), "a1", completion_condition=twice)
    assert "debug_reason" not in walk.ok("POST", "/events", event)
    assert walk.ok("POST", "/events", event)["effects"]["path_updates"] != []


def test_a_path_of_one_of_several_audiences_says_which() -> None:
    body = {"key": "course", "label": "Course"}
    api = Api(plan="pro", rules=Rules(audiences=("student", "teacher"), event_types=("t",)))
    assert api.code("POST", "/paths", body) == (400, "missing_audience")
    assert api.code("POST", "/paths", body | {"audience": "pupil"}) == (400, "unknown_audience")
    assert api.ok("POST", "/paths", body | {"audience": "teacher"})["audience"] == "teacher"
    assert Api(plan="pro").ok("POST", "/paths", body)["audience"] == "default"
