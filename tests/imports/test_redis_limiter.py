"""What only the limiter on Redis does, against a real server and mostly on its clock."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Iterator
from math import inf
from typing import Any
from uuid import uuid4

import pytest
import redis

from hatched.imports.limiter import Budget, Limiter
from hatched.imports.redis_limiter import RedisLimiter
from tests.imports.clock import Clock

SLOW = Budget(per_minute=1)


@pytest.fixture
def name() -> str:
    return uuid4().hex


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def scripts(client: redis.Redis) -> int:
    info: Any = client.info("commandstats")
    return sum(info.get(f"cmdstat_{command}", {}).get("calls", 0) for command in ("evalsha", "eval"))


def key(client: redis.Redis, name: str) -> bytes:
    found: Any = client.keys(f"*{name}*")
    assert len(found) == 1
    return bytes(found[0])


def test_the_clock_is_that_of_the_server(redis_url: str, name: str) -> None:
    limiter = RedisLimiter(redis_url, name)
    limiter.learn(Budget(per_minute=600))
    began = time.monotonic()
    waits = [limiter.reserve(inf) for _ in range(3)]
    took = time.monotonic() - began
    assert waits[0] == 0.0
    assert 0.2 - took <= waits[2] <= 0.2
    time.sleep(0.35)
    assert limiter.reserve(0) == 0.0
    limiter.close()


def test_limiters_of_one_name_share_turns_pauses_and_the_budget(client: redis.Redis, name: str) -> None:
    clock = Clock()
    first, second = RedisLimiter(client, name, clock), RedisLimiter(client, name, clock)
    first.learn(Budget(per_minute=60, per_day=4))
    assert [first.reserve(inf), second.reserve(inf), first.reserve(inf)] == [0.0, 1.0, 2.0]
    second.pause(60)
    assert first.reserve(inf) == 60.0
    assert second.reserve(inf) >= 86_400


def test_limiters_of_two_names_share_nothing(client: redis.Redis, name: str) -> None:
    first, second = RedisLimiter(client, name), RedisLimiter(client, f"{name} too")
    first.learn(SLOW)
    first.reserve(0)
    second.pause(100)
    assert first.reserve(0) <= 60
    assert second.reserve(0) > 60


def test_a_turn_costs_one_call_and_what_is_known_is_not_told_again(client: redis.Redis, name: str) -> None:
    limiter = RedisLimiter(client, name)
    limiter.learn(Budget(per_minute=60))
    before = scripts(client)
    for _ in range(50):
        limiter.reserve(inf)
        limiter.learn(Budget(per_minute=60))
    assert scripts(client) - before == 50


def test_a_server_that_lost_its_data_gets_the_budget_with_the_next_call(client: redis.Redis, name: str) -> None:
    clock = Clock()
    limiter, other = RedisLimiter(client, name, clock), RedisLimiter(client, name, clock)
    limiter.learn(Budget(per_minute=60))
    client.flushall()
    client.script_flush()
    assert [limiter.reserve(inf), limiter.reserve(inf), other.reserve(inf)] == [0.0, 1.0, 2.0]


def test_the_budget_of_whoever_has_learnt_last_holds(client: redis.Redis, name: str) -> None:
    clock = Clock()
    first, second = RedisLimiter(client, name, clock), RedisLimiter(client, name, clock)
    first.learn(Budget(per_minute=60))
    second.learn(Budget(per_minute=6))
    assert [first.reserve(inf), first.reserve(inf)] == [0.0, 10.0]
    first.learn(Budget(per_minute=60))
    assert second.reserve(inf) == 11.0


def test_all_lies_under_one_hash_tag_and_expires_after_more_than_a_day(client: redis.Redis, name: str) -> None:
    limiter = RedisLimiter(client, name)
    limiter.reserve(0)
    assert key(client, name).decode() == f"{{hatched:{name}}}:turns"
    ttl: Any = client.ttl(key(client, name))
    assert 86_400 < ttl <= 3 * 86_400
    limiter.pause(10 * 86_400)
    ttl = client.ttl(key(client, name))
    assert 11 * 86_400 < ttl <= 13 * 86_400


def test_a_client_that_decodes_is_as_good(redis_url: str, name: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        limiter = RedisLimiter(client, name)
        limiter.learn(SLOW)
        assert limiter.reserve(0) == 0.0
        assert 59 < limiter.reserve(0) <= 60


def test_it_pickles_as_its_url(redis_url: str, name: str) -> None:
    limiter = RedisLimiter(redis_url, name)
    limiter.learn(SLOW)
    limiter.reserve(0)
    copy: RedisLimiter = pickle.loads(pickle.dumps(limiter))
    assert copy.reserve(0) > 50
    limiter.close()
    copy.close()


def test_from_the_environment_it_pickles_without_the_url(
    redis_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATCHED_REDIS_URL", f"{redis_url}?client_name=hush")
    limiter = RedisLimiter(name=name)
    pickled = pickle.dumps(limiter)
    assert b"hush" not in pickled
    copy: RedisLimiter = pickle.loads(pickled)
    assert copy.reserve(0) == 0.0
    copy.close()
    monkeypatch.delenv("HATCHED_REDIS_URL")
    with pytest.raises(ValueError, match="HATCHED_REDIS_URL"):
        pickle.loads(pickled)


SECRET = [
    "redis://:hush@localhost/0",
    "redis://user:hush@localhost",
    "redis://localhost?password=hush",
    "unix:///socket?username=u&password=hush",
    "rediss://localhost?%70assword=hush",
]


@pytest.mark.parametrize("url", SECRET)
def test_a_password_is_neither_pickled_nor_shown(url: str) -> None:
    limiter = RedisLimiter(url, "imports")
    assert repr(limiter) == "RedisLimiter(name='imports')"
    assert "hush" not in str(vars(limiter))
    with pytest.raises(TypeError, match="set HATCHED_REDIS_URL in the environment") as caught:
        pickle.dumps(limiter)
    assert "hush" not in str(caught.value)


def test_one_made_from_a_client_is_not_pickled(client: redis.Redis) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(RedisLimiter(client))


def test_closing_leaves_the_client_of_others_alone(client: redis.Redis, name: str) -> None:
    limiter: Any = RedisLimiter(client, name)
    limiter.close()
    assert limiter.reserve(0) == 0.0


def test_errors_of_redis_are_raised_as_they_are(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = redis.Redis(unix_socket_path="/nowhere/socket", retry=None)
    limiter: Limiter = RedisLimiter(nowhere)
    for call in (lambda: limiter.reserve(0), lambda: limiter.learn(SLOW), lambda: limiter.pause(1)):
        with pytest.raises(redis.ConnectionError):
            call()


def test_a_lesson_that_did_not_arrive_is_told_again(client: redis.Redis, name: str) -> None:
    limiter = RedisLimiter(client, name)
    key = f"{{hatched:{name}}}:turns"
    client.set(key, "in the way")
    with pytest.raises(redis.ResponseError):
        limiter.learn(SLOW)
    client.delete(key)
    limiter.learn(SLOW)
    assert RedisLimiter(client, name).reserve(0) == 0.0
    assert RedisLimiter(client, name).reserve(0) > 50


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"pip install 'hatched\[redis\]'"):
        RedisLimiter("redis://localhost")
