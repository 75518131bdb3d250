"""Which of several faults of a request is answered, and how every error looks."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hatched.emulator.beyond import ALL_ROUTES
from hatched.emulator.context import Call
from hatched.emulator.handlers import HANDLERS, Handler
from hatched.emulator.messages import Reply
from hatched.models.events import SendEventParams
from hatched.routes import ROUTES

from .support import KEY, Api

NOBODY = "00000000-0000-4000-8000-000000000000"
PUBLISHABLE = "hatch_pk_emulator"


def exhausted() -> Api:
    """An emulator whose key has no request left in this minute."""
    api = Api(plan="free")
    for _ in range(100):
        api.send("GET", "/buddies")
    return api


@pytest.mark.parametrize(
    ("method", "path", "body", "key", "expected"),
    [
        ("POST", "/nowhere", {"a": 1}, None, (404, "resource_not_found")),
        ("POST", "/eggs", {"bad": 1}, None, (401, "unauthorized")),
        ("POST", "/eggs", {"bad": 1}, "hatch_test_other", (401, "unauthorized")),
        ("POST", "/eggs", {"bad": 1}, PUBLISHABLE, (403, "publishable_key_scope")),
        ("POST", "/eggs", {"bad": 1}, KEY, (429, "rate_limited")),
        ("GET", f"/buddies/{NOBODY}", None, KEY, (429, "rate_limited")),
    ],
)
def test_route_then_key_then_rate_limit(method: str, path: str, body: Any, key: str, expected: tuple[int, str]) -> None:
    assert exhausted().code(method, path, body, key=key) == expected


def test_body_is_checked_before_the_thing_is_looked_up() -> None:
    api = Api()
    assert api.code("POST", f"/buddies/{NOBODY}/coins", {"amount": 1}) == (422, "validation_failed")
    assert api.code("POST", f"/buddies/{NOBODY}/coins", {"amount": 1, "reason": "x"}) == (404, "resource_not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"/buddies/{NOBODY}/skills", {"updates": [{"key": "s", "action": "set"}]}),
        ("GET", f"/webhook-configs/{NOBODY}/deliveries?cursor=abc", None),
        (
            "POST",
            f"/paths/{NOBODY}/steps",
            {"key": "s", "label": "S", "ordinal": 1, "completion_condition": {"type": "event_count", "config": {}}},
        ),
    ],
)
def test_what_only_the_handler_can_check_is_checked_before_the_thing_is_looked_up(
    method: str, path: str, body: Any
) -> None:
    assert Api(plan="pro").code(method, path, body) == (422, "validation_failed")


def test_a_stored_answer_is_given_before_the_body_is_checked() -> None:
    api = Api()
    headers = {"Idempotency-Key": "k"}
    api.send("POST", "/eggs", {"user_id": "u"}, headers=headers)
    assert api.code("POST", "/eggs", {"bad": 1}, headers=headers) == (409, "idempotency_key_conflict")


def test_a_refused_request_is_not_counted_against_the_limit() -> None:
    api = exhausted()
    for _ in range(50):
        api.clock.advance(1)
        assert api.code("GET", "/buddies") == (429, "rate_limited")
    api.clock.advance(10)
    assert api.send("GET", "/buddies").status == 200


def test_an_error_is_the_envelope_with_the_request_id() -> None:
    response = Api().send("GET", "/nowhere", headers={"X-Request-Id": "req_1"})
    assert response.json() == {
        "error": {"code": "resource_not_found", "message": "Cannot GET /api/v1/nowhere", "requestId": "req_1"}
    }
    assert response.header("x-request-id") == "req_1"


def test_a_request_id_is_minted_as_a_uuid_when_none_was_sent() -> None:
    api = Api()
    first, second = (api.send("GET", "/health").header("X-Request-Id") or "" for _ in range(2))
    assert uuid.UUID(first).version == uuid.UUID(second).version == 4
    assert first != second


@pytest.mark.parametrize("raw", [b"{", b'"text"', b"[1]", b"7", b"\xff", b"NaN", b"[" * 10_000, b'{"user_id": NaN}'])
def test_a_body_that_is_no_json_object_is_a_client_error(raw: bytes) -> None:
    assert Api().code("POST", "/eggs", raw=raw) in {(400, "bad_request"), (422, "validation_failed")}


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1E+400", "9" * 400 + ".0"])
def test_a_number_beyond_all_floats_is_none(number: str) -> None:
    body = f'{{"user_id": "u", "metadata": {{"n": [{number}]}}}}'.encode()
    assert Api().code("POST", "/eggs", raw=body) == (400, "bad_request")


@pytest.mark.parametrize("number", [1e308, 10**400, -1.5, 12345678901234567890])
def test_any_other_number_is_kept(number: float) -> None:
    assert Api().ok("POST", "/eggs", {"user_id": "u", "metadata": {"n": number}})["metadata"] == {"n": number}


def test_a_lone_surrogate_is_no_text() -> None:
    assert Api().code("POST", "/eggs", raw=b'{"user_id": "\\ud800"}') == (400, "bad_request")


def test_a_fault_of_the_emulator_itself_is_a_500_that_is_logged_and_undone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api = Api()

    def broken(call: Call, params: object) -> Reply:
        call.db.execute("UPDATE customers SET paid = 0")
        raise RuntimeError("a bug")

    monkeypatch.setitem(HANDLERS, "events.send", Handler(broken, SendEventParams))
    response = api.send("POST", "/events", {"user_id": "u", "type": "t"})
    assert (response.status, response.json()["error"]["code"]) == (500, "internal_error")
    assert response.header("X-Credits-Paid-Remaining") == "50"
    assert "a bug" in caplog.text
    assert api.ok("GET", "/buddies")["data"] == []


@pytest.mark.parametrize("plan", ["gold", "", "Growth"])
def test_an_unknown_plan_is_refused(plan: str) -> None:
    with pytest.raises(ValueError, match="no such plan"):
        Api(plan=plan)


def test_every_route_of_the_sdk_is_answered() -> None:
    assert set(HANDLERS) == set(ALL_ROUTES) > set(ROUTES)


def test_health_needs_no_key() -> None:
    assert Api().send("GET", "/health", key=None).json() == {"status": "ok"}


def test_every_answer_says_how_well_its_route_is_known() -> None:
    api = Api()
    assert api.send("GET", "/health").header("X-Hatched-Emulator-Fidelity") == "seen"
    assert api.send("GET", "/buddies").header("X-Hatched-Emulator-Fidelity") == "inferred"


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v2/eggs", "/eggs", "", "/api/v1/eggs/", "/api/v1//eggs"])
def test_a_path_outside_the_table_is_unknown(path: str) -> None:
    from hatched.emulator import Request

    assert Api().emulator.handle(Request("GET", path)).status == 404
