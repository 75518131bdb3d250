"""Widget sessions and embed tokens (concepts/auth-model)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import jwt
import pytest

from hatched.emulator import Clock

from .support import Api


def body(buddy: str, **fields: Any) -> dict[str, Any]:
    return {"buddy_id": buddy, "user_id": "user_1", **fields}


def test_a_session_is_a_signed_token_of_an_hour() -> None:
    api = Api()
    buddy = api.buddy()
    answer = api.ok("POST", "/widget-sessions", body(buddy, scopes=["read", "events:track"]))
    assert (answer["expires_at"], answer["scopes"]) == ("2026-01-01T01:00:00.000Z", ["read", "events:track"])
    now = int(api.clock.now())
    assert api.emulator.verify_token(answer["token"]) == {
        "sub": "user_1",
        "buddy_id": buddy,
        "customer_id": api.emulator.customer_id,
        "iat": now,
        "exp": now + 3600,
        "jti": answer["session_id"],
        "mode": "interactive",
        "scopes": ["read", "events:track"],
    }
    api.clock.advance(3599)
    api.emulator.verify_token(answer["token"])
    api.clock.advance(1)
    with pytest.raises(ValueError, match="expired"):
        api.emulator.verify_token(answer["token"])


def test_a_session_is_revoked() -> None:
    api = Api()
    answer = api.ok("POST", "/widget-sessions", body(api.buddy(), scopes=["read"], ttl_seconds=60))
    assert answer["expires_at"] == "2026-01-01T00:01:00.000Z"
    for _ in range(2):
        revoked = api.send("DELETE", f"/widget-sessions/{answer['session_id']}")
        assert (revoked.status, revoked.body) == (204, b"")
        assert revoked.header("Content-Type") is None
    with pytest.raises(ValueError, match="revoked"):
        api.emulator.verify_token(answer["token"])
    assert api.code("DELETE", f"/widget-sessions/{uuid4()}") == (404, "resource_not_found")


def test_an_embed_token_is_read_only_and_lasts_a_day() -> None:
    api = Api()
    answer = api.send("POST", "/embed-tokens", body(api.buddy()), key="hatch_pk_emulator").json()
    assert (answer["mode"], answer["expires_at"]) == ("read-only", "2026-01-02T00:00:00.000Z")
    claims = api.emulator.verify_token(answer["token"])
    assert claims["mode"] == "read-only"
    assert not {"scopes", "jti"} & set(claims)


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("/embed-tokens", {"scopes": ["read"]}, "property scopes should not exist"),
        ("/embed-tokens", {"ttl_seconds": 86_401}, "ttl_seconds must not be greater than 86400"),
        ("/embed-tokens", {"ttl_seconds": 0}, "ttl_seconds must not be less than 1"),
        ("/embed-tokens", {"buddy_id": "bdy_abc"}, "buddy_id must be a UUID"),
        ("/widget-sessions", {}, "scopes should not be empty"),
        ("/widget-sessions", {"scopes": []}, "scopes must contain at least 1 elements"),
        ("/widget-sessions", {"scopes": ["read"], "ttl_seconds": 3601}, "ttl_seconds must not be greater than 3600"),
    ],
)
def test_what_a_token_may_not_be_asked_for(path: str, fields: dict[str, Any], message: str) -> None:
    api = Api()
    assert api.message("POST", path, body(api.buddy(), **fields)) == message


def test_an_unknown_scope_is_refused() -> None:
    api = Api()
    message = api.message("POST", "/widget-sessions", body(api.buddy(), scopes=["read", "fly"]))
    assert message.startswith("each value in scopes must be one of the following values: read, ")


def test_a_token_is_for_a_buddy_of_that_user() -> None:
    api = Api()
    buddy = api.buddy()
    assert api.code("POST", "/embed-tokens", body(str(uuid4()))) == (404, "resource_not_found")
    assert api.code("POST", "/embed-tokens", {"buddy_id": buddy, "user_id": "thief"}) == (404, "resource_not_found")
    assert api.send("POST", "/embed-tokens", body(buddy.upper())).status == 201


def test_a_token_of_another_emulator_is_no_good() -> None:
    one, two = Api(seed=1), Api(seed=2)
    token = one.ok("POST", "/embed-tokens", body(one.buddy()))["token"]
    for bad in (token, token[:-2], "nonsense", jwt.encode({"exp": 2**40}, "x" * 32, algorithm="HS256")):
        with pytest.raises(ValueError, match="not a token"):
            two.emulator.verify_token(bad)


def test_tokens_are_judged_by_the_emulators_clock() -> None:
    api = Api(clock=Clock("1999-01-01T00:00:00Z"))
    token = api.ok("POST", "/embed-tokens", body(api.buddy()))["token"]
    assert api.emulator.verify_token(token)["sub"] == "user_1"
