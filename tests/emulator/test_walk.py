"""One walk over every route, with the status that each answers (all but the shape of errors is inferred)."""

from __future__ import annotations

from hatched.emulator.catalogue import item_id
from hatched.routes import ROUTES

from .support import Api

ASYNCHRONOUS = {
    "buddies.equip",
    "buddies.evolve",
    "buddies.rerender_appearance",
    "eggs.hatch",
    "webhooks.redeliver",
    "webhooks.replay",
}


def test_every_route_answers_the_status_of_its_kind() -> None:
    api = Api(plan="pro")
    api.ok("GET", "/health")
    egg = api.egg(ready=True)
    operation = api.ok("POST", f"/eggs/{egg}/hatch")["operation_id"]
    buddy = api.ok("GET", f"/operations/{operation}")["result"]["buddy_id"]
    path = f"/buddies/{buddy}"
    api.ok("GET", f"/eggs/{egg}")
    api.ok("GET", "/eggs")
    api.ok("GET", path)
    api.ok("GET", "/buddies")
    api.ok("PATCH", path, {"name": "Ada"})
    updates = [{"key": "knowledge", "action": "set", "value": 80}]
    api.ok("PATCH", f"{path}/skills", {"updates": updates})
    api.ok("POST", f"{path}/coins", {"amount": 200, "reason": "r"})
    api.ok("POST", f"{path}/coins/spend", {"amount": 1, "reason": "r"})
    api.ok("POST", f"{path}/badges", {"badge_key": "first_lesson"})
    api.ok("GET", f"{path}/badges")
    hat = item_id(api.emulator.customer_id, "party_hat")
    api.ok("POST", f"{path}/items/{hat}/purchase")
    api.ok("GET", f"{path}/items")
    api.ok("POST", f"{path}/equip", {"equip": [hat]})
    api.ok("POST", f"{path}/appearance/rerender")
    api.ok("GET", f"{path}/evolution")
    api.ok("POST", f"{path}/evolve")
    api.ok("GET", f"{path}/evolutions")
    api.ok("GET", f"{path}/progression")
    api.ok("GET", f"{path}/tokens")
    api.ok("GET", "/users/user_1/summary")
    api.ok("POST", "/events", {"user_id": "user_1", "type": "lesson_completed"})
    api.ok("POST", "/events/batch", {"events": [{"user_id": "user_1", "type": "lesson_completed"}]})
    api.ok("GET", "/gates")
    api.ok("POST", f"{path}/gates/extra_lessons/unlock")
    api.ok("GET", f"{path}/unlocks")
    _paths(api, path)
    _browsers_and_webhooks(api, buddy)
    api.ok("POST", f"{path}/archive")

    seen = {entry.route: entry.status for entry in api.emulator.journal}
    deletes = {route.id for route in ROUTES.values() if route.method == "DELETE"}
    posts = {route.id for route in ROUTES.values() if route.method == "POST"} - ASYNCHRONOUS
    assert seen == {
        **dict.fromkeys(ROUTES, 200),
        **dict.fromkeys(posts, 201),
        **dict.fromkeys(ASYNCHRONOUS, 202),
        **dict.fromkeys(deletes, 204),
    }


def _paths(api: Api, buddy_path: str) -> None:
    path = f"/paths/{api.ok('POST', '/paths', {'key': 'p', 'label': 'P'})['id']}"
    part = {"key": "k", "label": "K", "ordinal": 1}
    step_id = api.ok("POST", f"{path}/steps", part)["id"]
    step = f"{path}/steps/{step_id}"
    sub_step_id = api.ok("POST", f"{step}/sub-steps", part)["id"]
    api.ok("GET", "/paths")
    api.ok("GET", path)
    api.ok("GET", f"{buddy_path}/paths/p")
    api.ok("POST", f"{buddy_path}/paths/p/sub-steps/k/complete")
    api.ok("PATCH", path, {"label": "Q"})
    api.ok("PATCH", f"{path}/active", {"is_active": True})
    api.ok("PATCH", f"{path}/steps/reorder", {"ordering": [{"id": step_id, "ordinal": 2}]})
    api.ok("PATCH", f"{step}/sub-steps/reorder", {"ordering": [{"id": sub_step_id, "ordinal": 2}]})
    api.ok("PATCH", step, {"label": "Q"})
    api.ok("PATCH", f"{step}/sub-steps/{sub_step_id}", {"label": "Q"})
    for target in (f"{step}/sub-steps/{sub_step_id}", step, path):
        assert api.send("DELETE", target).status == 204


def _browsers_and_webhooks(api: Api, buddy: str) -> None:
    who = {"buddy_id": buddy, "user_id": "user_1"}
    session = api.ok("POST", "/widget-sessions", {**who, "scopes": ["read"]})["session_id"]
    api.send("DELETE", f"/widget-sessions/{session}")
    api.ok("POST", "/embed-tokens", who)
    hook = api.ok("POST", "/webhook-configs", {"url": "https://x", "events": ["coins.earned"]})
    endpoint = f"/webhook-configs/{hook['id']}"
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 1, "reason": "r"})
    (delivery,) = api.ok("GET", f"{endpoint}/deliveries")["data"]
    api.ok("POST", f"{endpoint}/deliveries/{delivery['id']}/replay")
    api.ok("POST", f"{endpoint}/deliveries/{delivery['id']}/redeliver")
    api.ok("GET", "/webhook-configs")
    api.send("DELETE", endpoint)
