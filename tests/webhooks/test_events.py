"""Reading a delivery: what is verified, what becomes a model, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from hatched import WebhookVerificationError, models, webhooks

SECRET = "whsec_of_the_endpoint"
NOW = 1_776_853_800


def delivered(body: object, event: str = "badge.awarded", **changes: str) -> tuple[bytes, dict[str, str]]:
    """A delivery as the newer documentation has it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "X-Hatched-Event": event,
        "X-Hatched-Delivery": "d-1",
        "X-Hatched-Timestamp": str(NOW),
        "X-Hatched-Signature": f"sha256={webhooks.sign(raw, SECRET, NOW)}",
    }
    return raw, headers | changes


def older(body: object, **changes: str) -> tuple[bytes, dict[str, str]]:
    """A delivery as the older documentation has it: an envelope, and camelCase in it."""
    raw = json.dumps(body).encode()
    return raw, {"Hatched-Signature": f"t={NOW},v1={webhooks.sign(raw, SECRET, NOW)}"} | changes


def parse(raw: Any, headers: Mapping[str, str], secret: Any = SECRET) -> models.WebhookEvent:
    return webhooks.parse(raw, headers, secret, now=lambda: NOW)


@pytest.mark.parametrize(
    ("event", "body", "data"),
    [
        (
            "buddy.hatched",
            {"buddy_id": "b", "egg_id": "e", "evolution_stage": 1},
            models.BuddyHatched(buddy_id="b", egg_id="e", evolution_stage=1),
        ),
        ("buddy.evolved", {"buddy_id": "b", "new_stage": 2}, models.BuddyEvolved(buddy_id="b", new_stage=2)),
        ("coins.earned", {"buddy_id": "b", "amount": 10}, models.CoinsChanged(buddy_id="b", amount=10)),
        ("coins.spent", {"buddy_id": "b", "amount": 3}, models.CoinsChanged(buddy_id="b", amount=3)),
        ("token.earned", {"buddy_id": "b", "token_type": "gems"}, models.TokenChanged(buddy_id="b", token_type="gems")),
        ("token.spent", {"buddy_id": "b", "amount": 1}, models.TokenChanged(buddy_id="b", amount=1)),
        ("skill.decayed", {"buddy_id": "b", "skill_key": "go"}, models.SkillDecayed(buddy_id="b", skill_key="go")),
        ("badge.awarded", {"badge_key": "scholar"}, {"badge_key": "scholar"}),
        ("event.of_tomorrow", {"a": [1]}, {"a": [1]}),
        ("coins.earned", {"buddy_id": 7}, {"buddy_id": 7}),
    ],
)
def test_the_body_becomes_the_model_of_its_event_or_stays_as_it_is(event: str, body: object, data: object) -> None:
    parsed = parse(*delivered(body, event))

    assert (parsed.type, parsed.delivery_id, parsed.timestamp.timestamp()) == (event, "d-1", NOW)
    assert parsed.data == data


def test_unknown_fields_are_kept() -> None:
    parsed = parse(*delivered({"buddy_id": "b", "amount": 1, "new_field": 2}, "coins.earned"))

    assert isinstance(parsed.data, models.CoinsChanged)
    assert dict(parsed.data.extra) == {"new_field": 2}


def test_the_older_envelope_is_opened() -> None:
    body = {"deliveryId": "d-2", "type": "buddy.hatched", "data": {"buddyId": "b", "userId": "u"}}
    parsed = parse(*older(body))

    assert (parsed.type, parsed.delivery_id) == ("buddy.hatched", "d-2")
    assert parsed.data == models.BuddyHatched(buddy_id="b", user_id="u")


def test_the_headers_of_the_older_form_win_over_its_envelope() -> None:
    headers = {"Hatched-Event-Type": "coins.spent", "Hatched-Delivery-Id": "d-3"}
    parsed = parse(*older({"type": "?", "data": {"buddyId": "b", "amount": 1}}, **headers))

    assert (parsed.type, parsed.delivery_id) == ("coins.spent", "d-3")


def test_a_delivery_that_names_no_event_is_read_all_the_same() -> None:
    parsed = parse(*older({"a": 1}))

    assert (parsed.type, parsed.delivery_id, parsed.data) == ("", None, {"a": 1})


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_header_names_are_found_in_any_case(case: Any) -> None:
    raw, headers = delivered({"a": 1})

    assert parse(raw, {case(name): value for name, value in headers.items()}).type == "badge.awarded"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
def test_the_body_may_be_any_kind_of_bytes_or_text(kind: Any) -> None:
    raw, headers = delivered({"a": 1})

    assert parse(kind(raw), headers).data == {"a": 1}


def test_any_secret_of_a_rotation_will_do() -> None:
    assert parse(*delivered({"a": 1}), secret=["whsec_old", SECRET]).data == {"a": 1}


@pytest.mark.parametrize(
    ("delivery", "secret", "reason"),
    [
        ((b"{}", {}), SECRET, "missing_header"),
        (delivered({"a": 1}), "", "missing_secret"),
        (delivered({"a": 1}), [], "missing_secret"),
        ((b"", delivered({})[1]), SECRET, "missing_body"),
        ((b'{"a": 2}', delivered({"a": 1})[1]), SECRET, "invalid_signature"),
        (delivered({"a": 1}), "whsec_other", "invalid_signature"),
        (delivered({"a": 1}, **{"X-Hatched-Timestamp": str(NOW - 301)}), SECRET, "invalid_signature"),
        (delivered(b"not json"), SECRET, "invalid_json"),
        (delivered(b"[1]"), SECRET, "invalid_json"),
    ],
)
def test_what_must_not_be_trusted_is_refused_with_its_reason(delivery: Any, secret: Any, reason: str) -> None:
    with pytest.raises(WebhookVerificationError) as caught:
        parse(*delivery, secret=secret)

    assert caught.value.reason == reason
    assert "whsec" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"a": 1}, None, []])
def test_a_parsed_body_is_a_type_error(body: Any) -> None:
    with pytest.raises(TypeError, match="raw_body must be the bytes"):
        parse(body, delivered({"a": 1})[1])
