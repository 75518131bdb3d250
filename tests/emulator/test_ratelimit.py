"""The plan table, two windows, and what the headers say (reference/rate-limits)."""

from __future__ import annotations

from hashlib import sha256

import pytest

from hatched.emulator.auth import Principal
from hatched.emulator.errors import ApiError
from hatched.emulator.plans import find
from hatched.emulator.ratelimit import RateLimiter
from hatched.routes import BUDDIES_GET, EMBED_TOKENS_CREATE, HEALTH, WIDGET_SESSIONS_CREATE, Route

from .support import Api

SECRET = Principal("secret", "c", None)
PUBLISHABLE = Principal("public", "c", frozenset())


def count(limiter: RateLimiter, principal: Principal | None, route: Route, now: float = 0.0) -> int:
    """How many requests one instant allows."""
    for done in range(200_000):
        try:
            limiter.admit(principal, route, now)
        except ApiError:
            return done
    raise AssertionError("there is no limit")


@pytest.mark.parametrize(
    ("plan", "principal", "route", "expected"),
    [
        ("starter", SECRET, BUDDIES_GET, 100),
        ("free", SECRET, BUDDIES_GET, 100),
        ("growth", SECRET, BUDDIES_GET, 1_000),
        ("pro", SECRET, BUDDIES_GET, 5_000),
        ("enterprise", SECRET, BUDDIES_GET, 50_000),
        ("growth", SECRET, EMBED_TOKENS_CREATE, 3_000),
        ("growth", SECRET, WIDGET_SESSIONS_CREATE, 3_000),
        ("growth", PUBLISHABLE, BUDDIES_GET, 200),
        ("enterprise", PUBLISHABLE, EMBED_TOKENS_CREATE, 200),
        ("growth", None, HEALTH, 20),
    ],
)
def test_requests_per_minute(plan: str, principal: Principal | None, route: Route, expected: int) -> None:
    assert count(RateLimiter(find(plan)), principal, route) == expected


def test_windows_are_named_by_the_hash_of_a_key_and_never_by_the_key() -> None:
    limiter = RateLimiter(find("growth"))
    limiter.admit(SECRET, BUDDIES_GET, 0.0)
    limiter.admit(None, HEALTH, 0.0)
    assert [name for name, *_ in limiter.dump()] == [sha256(b"secret").hexdigest(), ""]


@pytest.mark.parametrize(("plan", "expected"), [("free", 5_000), ("growth", 50_000)])
def test_requests_per_day(plan: str, expected: int) -> None:
    limiter, done, now = RateLimiter(find(plan)), 0, 0.0
    while admitted := count(limiter, SECRET, BUDDIES_GET, now):
        done += admitted
        now += 60
    assert done == expected
    with pytest.raises(ApiError) as refused:
        limiter.admit(SECRET, BUDDIES_GET, now)
    assert (refused.value.status, refused.value.code, refused.value.details) == (429, "rate_limited", None)
    assert dict(refused.value.headers)["Retry-After"] == "86400"
    assert count(limiter, SECRET, BUDDIES_GET, 86_400.0) == expected // 50


def test_enterprise_has_no_day_limit() -> None:
    limiter = RateLimiter(find("enterprise"))
    assert sum(count(limiter, SECRET, BUDDIES_GET, 60.0 * minute) for minute in range(6)) == 300_000


def test_the_window_slides() -> None:
    limiter = RateLimiter(find("free"))
    for second in range(50):
        limiter.admit(SECRET, BUDDIES_GET, float(second))
    assert count(limiter, SECRET, BUDDIES_GET, 59.0) == 50
    assert count(limiter, SECRET, BUDDIES_GET, 60.0) == 1
    assert count(limiter, SECRET, BUDDIES_GET, 69.0) == 9


def test_the_routes_of_widgets_have_a_bucket_of_their_own() -> None:
    limiter = RateLimiter(find("free"))
    count(limiter, SECRET, BUDDIES_GET)
    assert count(limiter, SECRET, EMBED_TOKENS_CREATE) == 300
    assert count(limiter, SECRET, WIDGET_SESSIONS_CREATE) == 0


def test_keys_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(find("free"))
    count(limiter, SECRET, BUDDIES_GET)
    assert count(limiter, Principal("second", "c", None), BUDDIES_GET) == 100


def test_headers_count_down_and_a_refusal_names_the_whole_window() -> None:
    api = Api(plan="free")
    now = int(api.clock.now())
    for left in range(99, -1, -1):
        response = api.send("GET", "/buddies")
        assert [response.header(f"X-RateLimit-{name}") for name in ("Limit", "Remaining", "Reset")] == [
            "100",
            str(left),
            str(now + 60),
        ]
    refused = api.send("GET", "/buddies")
    assert refused.status == 429
    assert refused.header("Retry-After") == "60"
    assert refused.header("X-RateLimit-Remaining") == "0"
    assert refused.json()["error"]["message"] == "Rate limit exceeded. Please retry after 60 seconds."
    assert "details" not in refused.json()["error"]
    api.clock.advance("60s")
    assert api.send("GET", "/buddies").status == 200


def test_a_publishable_key_has_one_bucket() -> None:
    limiter = RateLimiter(find("pro"))
    assert count(limiter, PUBLISHABLE, BUDDIES_GET) == 200
    assert count(limiter, PUBLISHABLE, EMBED_TOKENS_CREATE) == 0
