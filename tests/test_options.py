"""What every call takes besides its own parameters."""

from __future__ import annotations

from typing import Any

import pytest

from hatched.options import PollOptions, RequestOptions, WriteOptions, checked

GOOD: dict[str, Any] = {
    "timeout": 5,
    "deadline": 30.0,
    "headers": {"X-Team": "a"},
    "max_retries": 0,
    "request_id": "req-1",
    "on_response": print,
    "idempotency_key": "order-17",
}
KINDS: dict[type, set[str]] = {
    WriteOptions: {*GOOD},
    RequestOptions: {*GOOD} - {"idempotency_key"},
    PollOptions: {*GOOD} - {"idempotency_key", "timeout", "deadline"},
}


@pytest.mark.parametrize("kind", KINDS)
class TestEachKind:
    def test_takes_its_options(self, kind: type) -> None:
        options = {name: GOOD[name] for name in KINDS[kind]}

        assert checked(options, call="eggs.create", kind=kind).keys() == options.keys()

    def test_refuses_all_others(self, kind: type) -> None:
        for name in GOOD.keys() - KINDS[kind]:
            with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
                checked({name: GOOD[name]}, call="eggs.get", kind=kind)

    def test_keeps_out_what_was_not_given(self, kind: type) -> None:
        assert checked({}, call="eggs.get", kind=kind) == {}


@pytest.mark.parametrize(
    ("given", "close"),
    [
        ("time_out", "timeout"),
        ("idempotencyKey", "idempotency_key"),
        ("maxRetries", "max_retries"),
        ("header", "headers"),
    ],
)
def test_a_misspelt_option_names_the_call_and_the_right_one(given: str, close: str) -> None:
    with pytest.raises(TypeError, match=rf"eggs.create\(\) got .* '{given}'; did you mean '{close}'\?"):
        checked({given: 1}, call="eggs.create", kind=WriteOptions)


def test_an_option_like_no_other_gets_no_hint() -> None:
    with pytest.raises(TypeError, match=r"'zzz'$"):
        checked({"zzz": 1}, call="eggs.create", kind=WriteOptions)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timeout", None, None),
        ("timeout", 5, 5.0),
        ("deadline", None, None),
        ("headers", {"X-Team": "a"}, {"x-team": "a"}),
        ("headers", {}, {}),
        ("max_retries", 0, 0),
        ("request_id", "req-1", "req-1"),
    ],
)
def test_good_values_are_put_in_their_plain_form(name: str, value: Any, expected: Any) -> None:
    assert checked({name: value}, call="eggs.get", kind=RequestOptions) == {name: expected}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("timeout", "5", TypeError),
        ("timeout", True, TypeError),
        ("timeout", 0, ValueError),
        ("timeout", float("inf"), ValueError),
        ("deadline", -1, ValueError),
        ("deadline", float("nan"), ValueError),
        ("headers", [("a", "b")], TypeError),
        ("headers", None, TypeError),
        ("headers", {"a": 1}, TypeError),
        ("headers", {"Authorization": "Bearer x"}, ValueError),
        ("headers", {"a": "b\r\nc: d"}, ValueError),
        ("max_retries", -1, ValueError),
        ("max_retries", 1.5, TypeError),
        ("max_retries", None, TypeError),
        ("request_id", "a\r\nb", ValueError),
        ("request_id", "", ValueError),
        ("request_id", 7, TypeError),
        ("idempotency_key", "a\nb", ValueError),
        ("idempotency_key", "x" * 256, ValueError),
        ("idempotency_key", None, TypeError),
        ("on_response", "print", TypeError),
        ("on_response", None, TypeError),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="Authorization" if "Authorization" in str(value) else f"{name}|a must"):
        checked({name: value}, call="eggs.create", kind=WriteOptions)
