"""`Idempotency-Key` on writes (concepts/idempotency)."""

from __future__ import annotations

from typing import Any

from hatched.emulator import Response

from .support import Api


def earn(api: Api, buddy: str, key: str = "key", *, amount: int = 5, **options: Any) -> Response:
    body = {"amount": amount, "reason": "gift"}
    return api.send("POST", f"/buddies/{buddy}/coins", body, headers={"Idempotency-Key": key}, **options)


def coins(api: Api, buddy: str) -> int:
    amount: int = api.ok("GET", f"/buddies/{buddy}")["coins"]
    return amount


def test_a_repeated_write_happens_once_and_answers_the_same_bytes() -> None:
    api = Api()
    buddy = api.buddy()
    first, second = earn(api, buddy), earn(api, buddy)
    assert (second.status, second.body) == (first.status, first.body)
    assert first.header("Idempotency-Replayed") is None
    assert second.header("Idempotency-Replayed") == "true"
    assert second.header("X-Request-Id") != first.header("X-Request-Id")
    assert coins(api, buddy) == 5


def test_another_request_with_the_key_is_a_conflict() -> None:
    api = Api()
    buddy, other = api.buddy(), api.buddy("user_2")
    earn(api, buddy)
    assert earn(api, buddy, amount=6).json()["error"]["code"] == "idempotency_key_conflict"
    assert earn(api, other).status == 409
    assert coins(api, other) == 0


def test_a_key_is_kept_for_a_day() -> None:
    api = Api()
    buddy = api.buddy()
    earn(api, buddy)
    api.clock.advance(86_399)
    earn(api, buddy)
    assert coins(api, buddy) == 5
    api.clock.advance(1)
    earn(api, buddy)
    assert coins(api, buddy) == 10


def test_only_success_is_kept() -> None:
    api = Api()
    buddy = api.buddy()
    headers = {"Idempotency-Key": "key"}
    spend = {"amount": 5, "reason": "hat"}
    assert api.code("POST", f"/buddies/{buddy}/coins/spend", spend, headers=headers) == (400, "insufficient_balance")
    earn(api, buddy, "another")
    assert api.send("POST", f"/buddies/{buddy}/coins/spend", spend, headers=headers).status == 201


def test_customers_and_requests_without_a_key_are_apart() -> None:
    api = Api()
    api.emulator.add_key("hatch_test_other", customer="other")
    buddy = api.buddy()
    earn(api, buddy)
    assert earn(api, buddy, key="key", amount=5).header("Idempotency-Replayed") == "true"
    other = {"user_id": "u"}
    headers = {"Idempotency-Key": "key"}
    assert api.send("POST", "/eggs", other, key="hatch_test_other", headers=headers).status == 201
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 5, "reason": "gift"})
    api.ok("POST", f"/buddies/{buddy}/coins", {"amount": 5, "reason": "gift"})
    assert coins(api, buddy) == 15


def test_method_path_and_body_tell_requests_apart_and_the_query_does_not() -> None:
    api = Api()
    headers = {"Idempotency-Key": "key"}
    first = api.send("POST", "/eggs", {"user_id": "u"}, headers=headers)
    again = api.send("POST", "/eggs?ensure=true", {"user_id": "u"}, headers=headers)
    assert (again.status, again.body, again.header("Idempotency-Replayed")) == (201, first.body, "true")
