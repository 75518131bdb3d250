"""What a server, or whatever stands before it, can do to a client; and what a caller can do to a request.

Whatever happens, a caller sees an error of the SDK, or a `TypeError` or `ValueError` for what it passed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import anyio
import httpcore
import httpx
import pytest

import hatched
from tests.client.raw_server import Exchange, RawServer, answer, drip, hang_up, response, say, stall

EFFECTS = {"coins": 10}
EGG = {
    "egg_id": "e",
    "user_id": "u",
    "status": "waiting",
    "visual_variant": 1,
    "config_version_id": "c",
    "metadata": {},
    "created_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def connect(colour: Any, clock: Any) -> Callable[..., Any]:
    """`connect(server)`: a client of it, whose waits take no time."""
    return lambda server, **options: colour.client(base_url=server.base_url, clock=clock, **options)


async def send(colour: Any, client: Any, **options: Any) -> Any:
    return await colour.run(client.events.send(event_id="e1", user_id="u", type="t", **options))


class Addressed(NamedTuple):
    base_url: str


async def failure(colour: Any, client: Any, **options: Any) -> hatched.HatchedError:
    """The error of a call that must fail."""
    with pytest.raises(hatched.HatchedError) as caught:
        await send(colour, client, **options)
    return caught.value


# --- answers that are not the API's ------------------------------------------------------------------------

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1>nginx</body></html>"


async def test_an_html_page_of_a_gateway_is_quoted(colour: Any, serve: Any, connect: Any) -> None:
    error = await failure(colour, connect(serve(say(response(502, PAGE, "text/html")))))
    assert type(error) is hatched.HatchedError
    assert (error.status_code, error.code, error.attempts) == (502, None, 4)
    assert "text/html" in error.message
    assert "502 Bad Gateway" in error.message


async def test_the_request_id_of_a_gateway_page_is_the_one_we_sent(colour: Any, serve: Any, connect: Any) -> None:
    error = await failure(colour, connect(serve(say(response(502, PAGE, "text/html")))), request_id="r-1")
    assert error.request_id == "r-1"


UNREADABLE = {
    "empty": b"",
    "truncated JSON": b'{"coins": 1',
    "not JSON": b"OK",
    "HTML": PAGE,
    "null": b"null",
    "a number": b"7",
    "an array": b"[]",
    "a string": b'"ok"',
    "null where a number belongs": b'{"coins": null}',
    "text where a number belongs": b'{"coins": "10"}',
    "a fraction where an integer belongs": b'{"coins": 1.5}',
    "a boolean where a number belongs": b'{"coins": true}',
    "NaN": b'{"coins": NaN}',
    "infinity": b'{"coins": 1e999}',
    "text where a list belongs": b'{"badges_awarded": "abc"}',
    "null inside a list": b'{"badges_awarded": [null]}',
    "an object where a list belongs": b'{"badges_awarded": {}}',
    "a list where a boolean belongs": b'{"evolution_ready": []}',
    "half an item": b'{"streak_updates": [{"label": "x"}]}',
    "not UTF-8": b'{"debug_reason": "\xff"}',
    "too deep": b'{"coins":' + b"[" * 100_000,
    "too long a number": b'{"coins": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_200_of_another_shape_is_a_decode_error(colour: Any, serve: Any, connect: Any, body: bytes) -> None:
    error = await failure(colour, connect(serve(say(response(200, body, x_request_id="srv-1")))))
    assert type(error) is hatched.ResponseDecodeError
    assert (error.status_code, error.request_id, error.route) == (200, "srv-1", "events.send")
    assert error.problems


async def test_a_decode_error_is_not_retried_for_the_server_has_done_its_work(
    colour: Any, serve: Any, connect: Any
) -> None:
    server = serve(say(response(200, b"")))
    error = await failure(colour, connect(server))
    assert len(server.heard) == error.attempts == 1
    assert error.idempotency_key


async def test_a_decode_error_names_each_place(colour: Any, serve: Any, connect: Any) -> None:
    body = b'{"coins": "x", "streak_updates": [{"label": 7}]}'
    error = await failure(colour, connect(serve(say(response(200, body)))))
    assert isinstance(error, hatched.ResponseDecodeError)
    assert any("$.coins" in problem for problem in error.problems)
    assert any("streak_updates[0]" in problem for problem in error.problems)


async def test_a_decode_error_never_quotes_the_values(colour: Any, serve: Any, connect: Any) -> None:
    body = json.dumps({"coins": "private-thing", "tokens": ["private-thing", 1]}).encode()
    error = await failure(colour, connect(serve(say(response(200, body)))))
    assert "private" not in f"{error} {error!r}"


async def test_values_and_fields_of_tomorrow_are_no_error(colour: Any, serve: Any, connect: Any) -> None:
    body = {**EGG, "status": "frozen", "colour": {"r": 1}}
    egg = await colour.run(connect(serve(answer(200, body))).eggs.get("e"))
    assert (egg.status, egg.status.is_known, egg.extra["colour"]) == ("frozen", False, {"r": 1})


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_nothing_is_a_fine_answer_to_a_deletion(colour: Any, serve: Any, connect: Any, status: int) -> None:
    reply = b"HTTP/1.1 204 No\r\n\r\n" if status == 204 else response(status)
    assert await colour.run(connect(serve(say(reply))).webhooks.delete("w")) is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_an_empty_answer_that_claims_to_be_packed_is_empty(
    colour: Any, serve: Any, connect: Any, encoding: str
) -> None:
    head = f"HTTP/1.1 204 No\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    server = serve(say(head))
    assert await colour.run(connect(server).webhooks.delete("w")) is None
    assert len(server.heard) == 1


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity", "Identity", ""])
async def test_a_packed_answer_is_unpacked(colour: Any, serve: Any, connect: Any, encoding: str) -> None:
    body = b'{"coins": 3}'
    packed = body if encoding.lower() in {"identity", ""} else gzip.compress(body)
    client = connect(serve(say(response(200, packed, Content_Encoding=encoding))), max_retries=0)
    assert (await send(colour, client)).coins == 3


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "nonsense"])
async def test_an_error_whose_body_cannot_be_unpacked_is_still_known_by_its_status(
    colour: Any, serve: Any, connect: Any, encoding: str
) -> None:
    server = serve(say(response(401, b"\x8b\x00garbage", Content_Encoding=encoding)))
    error = await failure(colour, connect(server))
    assert type(error) is hatched.UnauthorizedError
    assert len(server.heard) == 1


async def test_a_packed_error_is_unpacked(colour: Any, serve: Any, connect: Any) -> None:
    body = gzip.compress(b'{"error": {"code": "conflict", "message": "no"}}')
    error = await failure(colour, connect(serve(say(response(409, body, Content_Encoding="gzip")))))
    assert (type(error), error.message) == (hatched.ConflictError, "no")


async def test_a_packed_answer_of_several_members_is_read_whole(colour: Any, serve: Any, connect: Any) -> None:
    packed = gzip.compress(b'{"coins"') + gzip.compress(b"") + gzip.compress(b": 3}")
    client = connect(serve(say(response(200, packed, Content_Encoding="gzip"))), max_retries=0)
    assert (await send(colour, client)).coins == 3


async def test_a_packed_answer_may_be_padded(colour: Any, serve: Any, connect: Any) -> None:
    body = gzip.compress(b'{"coins": 3}') + bytes(20)
    client = connect(serve(say(response(200, body, content_encoding="gzip"))))
    assert (await send(colour, client)).coins == 3


async def test_a_packed_error_of_several_members_is_read_whole(colour: Any, serve: Any, connect: Any) -> None:
    packed = gzip.compress(b'{"error": {"code": "conflict", ') + gzip.compress(b'"message": "no"}}') + b"garbage"
    error = await failure(colour, connect(serve(say(response(409, packed, Content_Encoding="gzip")))))
    assert (type(error), error.message) == (hatched.ConflictError, "no")


async def test_a_204_where_a_model_belongs_is_a_decode_error(colour: Any, serve: Any, connect: Any) -> None:
    error = await failure(colour, connect(serve(say(b"HTTP/1.1 204 No\r\n\r\n"))))
    assert type(error) is hatched.ResponseDecodeError


async def test_informational_answers_are_passed_over(colour: Any, serve: Any, connect: Any) -> None:
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    client = connect(serve(say(hints + response(200, b'{"coins": 3}'))))
    assert (await send(colour, client)).coins == 3


ENVELOPES = {
    "empty": b"",
    "null": b"null",
    "an array": b"[]",
    "error: null": b'{"error": null}',
    "error: text": b'{"error": "boom"}',
    "error: empty": b'{"error": {}}',
    "null everywhere": b'{"error": {"code": null, "message": null, "details": null, "requestId": null}}',
    "wrong types": b'{"error": {"code": 7, "message": ["x"], "details": "y", "requestId": {}}}',
    "too deep": b'{"error":' + b"[" * 100_000,
    "not UTF-8": b'{"error": {"message": "\xff"}}',
}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, hatched.HatchedError),
        (401, hatched.UnauthorizedError),
        (402, hatched.HatchedError),
        (403, hatched.ForbiddenError),
        (404, hatched.NotFoundError),
        (409, hatched.ConflictError),
        (418, hatched.HatchedError),
        (422, hatched.ValidationError),
        (429, hatched.RateLimitError),
        (500, hatched.HatchedError),
        (599, hatched.HatchedError),
    ],
)
@pytest.mark.parametrize("body", ENVELOPES.values(), ids=ENVELOPES)
async def test_an_error_without_a_proper_envelope_is_known_by_its_status(
    colour: Any, status: int, kind: type, body: bytes
) -> None:
    client = colour.answering(lambda _: httpx.Response(status, content=body), max_retries=0)
    error = await failure(colour, client)
    assert type(error) is kind
    assert (error.status_code, error.code, dict(error.details)) == (status, None, {})
    assert str(error)


DETAILS = {
    "active_egg_limit": ("max", "active"),
    "category_conflict": ("category", "conflicting_item_ids"),
    "credit_insufficient": ("required", "available", "top_up_url", "upgrade_url"),
    "event_quota_exceeded": ("used", "limit", "reset_at", "upgrade_url"),
    "insufficient_balance": ("required", "available"),
    "no_published_config": ("publish_url", "docs_url"),
    "plan_feature_locked": ("feature", "required_plan", "current_plan", "upgrade_url"),
    "too_many_items": ("max", "attempted"),
}


@pytest.mark.parametrize("value", [None, "x", [], {}, -1, [None], "2026-99-99"], ids=repr)
@pytest.mark.parametrize("code", DETAILS)
async def test_the_attributes_of_an_error_never_raise_whatever_the_details(colour: Any, code: str, value: Any) -> None:
    details = dict.fromkeys(DETAILS[code], value)
    client = colour.answering(lambda _: httpx.Response(400, json={"error": {"code": code, "details": details}}))
    error = await failure(colour, client)
    for name in DETAILS[code]:
        getattr(error, name)
    assert str(error)


# --- redirects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(
    colour: Any, serve: Any, connect: Any, status: int
) -> None:
    thief = serve(answer(200, EFFECTS))
    server = serve(say(response(status, Location=f"{thief.base_url}/steal")))
    error = await failure(colour, connect(server))
    assert (error.status_code, error.attempts) == (status, 1)
    assert "127.0.0.1" in error.message
    assert thief.heard == []


async def test_a_redirect_is_not_followed_by_a_client_of_the_callers_own_either(colour: Any, serve: Any) -> None:
    thief = serve(answer(200, EFFECTS))
    server = serve(say(response(307, Location=f"{thief.base_url}/steal")))
    client = colour.client(base_url=server.base_url, http_client=colour.http(follow_redirects=True))
    await failure(colour, client)
    assert thief.heard == []


@pytest.mark.parametrize("location", ["", "//", "http://[", "\x7f", "javascript:alert(1)", "http://a b/"])
async def test_a_redirect_to_nowhere_is_an_error_too(colour: Any, serve: Any, connect: Any, location: str) -> None:
    await failure(colour, connect(serve(say(response(302, Location=location)))))


async def test_a_cookie_of_the_server_is_not_sent_back(colour: Any, serve: Any, connect: Any) -> None:
    server = serve(say(response(200, b'{"coins": 1}', Set_Cookie="a=b; Path=/")))
    client = connect(server)
    for _ in range(2):
        await send(colour, client)
    assert "cookie" not in server.heard[1].headers


# --- sizes ---------------------------------------------------------------------------------------------------


def peak() -> int:
    return tracemalloc.get_traced_memory()[1]


@pytest.fixture
def memory() -> Any:
    """`memory()`: bytes that were in use at most since the start of the test."""
    tracemalloc.start()
    yield peak
    tracemalloc.stop()


def pour(head: bytes, block: bytes, times: int) -> Callable[[Exchange], None]:
    def turn(exchange: Exchange) -> None:
        exchange.say(head)
        for _ in range(times):
            exchange.say(block)

    return turn


MB = 1024 * 1024
BOMB = gzip.compress(bytes(30 * MB))
TEN = f"Content-Type: text/plain\r\nContent-Length: {10 * MB}\r\n\r\n".encode()


@pytest.mark.parametrize("status", [400, 500])
async def test_an_error_body_of_10_mb_is_cut_short(
    colour: Any, serve: Any, connect: Any, memory: Any, status: int
) -> None:
    client = connect(serve(pour(b"HTTP/1.1 %d X\r\n" % status + TEN, b"x" * 65536, 160)), max_retries=0)
    error = await failure(colour, client)
    assert len(error.message) < 500
    assert memory() < 3 * MB


async def test_a_redirect_with_a_body_of_10_mb_is_cut_short(colour: Any, serve: Any, connect: Any, memory: Any) -> None:
    client = connect(serve(pour(b"HTTP/1.1 302 X\r\nLocation: /x\r\n" + TEN, b"x" * 65536, 160)))
    await failure(colour, client)
    assert memory() < 3 * MB


async def test_an_error_body_that_unpacks_to_30_mb_is_cut_short(
    colour: Any, serve: Any, connect: Any, memory: Any
) -> None:
    client = connect(serve(say(response(400, BOMB, Content_Encoding="gzip"))))
    await failure(colour, client)
    assert memory() < 10 * MB


async def test_an_error_body_of_many_members_is_cut_short(colour: Any, serve: Any, connect: Any, memory: Any) -> None:
    packed = gzip.compress(bytes(60_000)) * 500
    client = connect(serve(say(response(400, packed, Content_Encoding="gzip"))))
    await failure(colour, client)
    assert memory() < 3 * MB


async def test_after_a_body_that_was_cut_short_the_client_works_on(colour: Any, serve: Any, connect: Any) -> None:
    server = serve(pour(b"HTTP/1.1 400 X\r\n" + TEN, b"x" * 65536, 160), answer(200, EFFECTS))
    client = connect(server)
    await failure(colour, client)
    assert (await send(colour, client)).coins == 10


async def test_a_long_answer_is_read_whole(colour: Any, serve: Any, connect: Any) -> None:
    badges = [f"badge_{number}" for number in range(100_000)]
    client = connect(serve(answer(200, {"badges_awarded": badges})))
    assert len((await send(colour, client)).badges_awarded) == 100_000


# --- slowness ------------------------------------------------------------------------------------------------

LONG = b'{"coins": 10}' + b" " * 600
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PACKED = gzip.compress(json.dumps({"tokens": [str(number) for number in range(1000)]}).encode())[:600]

DRIPS = {
    "body": drip(HEAD + b"Content-Length: %d\r\n\r\n" % len(LONG), LONG),
    "headers": drip(HEAD, b"X-Slow: " + b"a" * 600 + b"\r\n\r\n"),
    "status line": drip(b"", b"HTTP/1.1 200 " + b"O" * 600 + b"\r\n\r\n"),
    "chunked body": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 120),
    "chunk extension": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 600),
    "packed body": drip(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 600\r\n\r\n", PACKED),
    "informational answers": drip(b"", b"HTTP/1.1 103 E\r\n\r\n" * 40),
    "error body": drip(b"HTTP/1.1 400 No\r\nContent-Length: 600\r\n\r\n", b"x" * 600),
}


@pytest.mark.parametrize("what", DRIPS)
async def test_a_server_that_drips_is_left_when_the_attempt_has_lasted_its_timeout(
    colour: Any, serve: Any, connect: Any, what: str
) -> None:
    client = connect(serve(DRIPS[what]), timeout=0.15, max_retries=0)
    started = time.monotonic()
    error = await failure(colour, client)
    assert time.monotonic() - started < 8  # and not the 12 seconds of the shortest drip
    assert type(error) is hatched.RequestTimeoutError


async def test_the_addresses_of_a_host_share_the_timeout_of_an_attempt(
    colour: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as deaf, contextlib.ExitStack() as queue:  # a full queue: nobody else gets a connection
        deaf.bind(("0.0.0.0", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port)) for last in range(1, 100)]
        resolve = socket.getaddrinfo

        def getaddrinfo(host: str, *args: Any, **options: Any) -> Any:
            return found if host == "localhost" else resolve(host, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        client = connect(Addressed(f"http://localhost:{port}/api/v1"), timeout=0.2, max_retries=0)
        started = time.monotonic()
        error = await failure(colour, client)
    assert time.monotonic() - started < 10  # and not 0.2 seconds for each of the 99
    assert isinstance(error, hatched.RequestTimeoutError)


async def test_a_server_that_never_answers_is_left_after_the_timeout(colour: Any, serve: Any, connect: Any) -> None:
    error = await failure(colour, connect(serve(stall()), timeout=0.5, max_retries=0))
    assert isinstance(error, hatched.RequestTimeoutError)
    assert isinstance(error, TimeoutError)
    assert (error.phase, error.maybe_received) == ("read", True)


async def test_a_drip_that_is_fast_enough_is_read_to_its_end(colour: Any, serve: Any, connect: Any) -> None:
    slowly = b'{"coins": 10}'
    turn = drip(HEAD + b"Content-Length: %d\r\n\r\n" % len(slowly), slowly, pause=0.001)
    assert (await send(colour, connect(serve(turn), timeout=60))).coins == 10


# --- connections that break ------------------------------------------------------------------------------------

UNREADABLE_WHEN_CUT = {"tokens": [str(number) for number in range(100)]}

BREAKS = {
    "hang up": hang_up(),
    "reset": hang_up(reset=True),
    "half a status line": say(b"HTTP/1.1 2", hang_up=True),
    "half a header": say(b"HTTP/1.1 200 OK\r\nConte", hang_up=True),
    "headers only": say(HEAD + b"Content-Length: 10\r\n\r\n", hang_up=True),
    "half a body": say(HEAD + b"Content-Length: 10\r\n\r\n{", hang_up=True),
    "half a chunk": say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", hang_up=True),
    "not HTTP": say(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", hang_up=True),
    "not ASCII": say(b"\xff\xfe\x00" * 50 + b"\r\n\r\n", hang_up=True),
    "Content-Length: abc": say(HEAD + b"Content-Length: abc\r\n\r\n{}", hang_up=True),
    "Content-Length: -1": say(HEAD + b"Content-Length: -1\r\n\r\n{}", hang_up=True),
    "two Content-Lengths": say(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", hang_up=True),
    "Content-Length too large": say(HEAD + b"Content-Length: 99\r\n\r\n{}", hang_up=True),
    "bad chunk size": say(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", hang_up=True),
    "bad header name": say(b"HTTP/1.1 200 OK\r\nb@d name: x\r\n\r\n", hang_up=True),
    "header without end": say(HEAD + b"X: " + b"a" * 200_000, hang_up=True),
    "status 99": say(b"HTTP/1.1 99 Low\r\n\r\n", hang_up=True),
    "HTTP/0.9": say(b"<html>hello</html>\r\n\r\n", hang_up=True),
    "not gzip": say(response(200, b"garbage", Content_Encoding="gzip"), hang_up=True),
    "half of a gzip": say(
        response(200, gzip.compress(json.dumps(UNREADABLE_WHEN_CUT).encode())[:-30], Content_Encoding="gzip"),
        hang_up=True,
    ),
    "garbage behind a gzip": say(
        response(200, gzip.compress(b'{"coins": 3}') + b"garbage", Content_Encoding="gzip"), hang_up=True
    ),
    "not deflate": say(response(200, b"garbage", Content_Encoding="deflate"), hang_up=True),
}


@pytest.mark.parametrize("turn", BREAKS.values(), ids=BREAKS)
async def test_a_broken_answer_is_an_error_of_the_sdk(colour: Any, serve: Any, connect: Any, turn: Any) -> None:
    error = await failure(colour, connect(serve(turn), max_retries=0))
    assert isinstance(error, (hatched.TransportError, hatched.ResponseDecodeError))


RETRIED = {name: turn for name, turn in BREAKS.items() if name != "half of a gzip"}


@pytest.mark.parametrize("turn", RETRIED.values(), ids=RETRIED)
async def test_after_a_broken_answer_the_same_bytes_are_sent_again(
    colour: Any, serve: Any, connect: Any, turn: Any
) -> None:
    server = serve(turn, turn, answer(200, EFFECTS))
    # Enough retries for the connections that the server hangs up only after they were taken again.
    assert (await send(colour, connect(server, max_retries=10))).coins == 10
    first, *again = server.heard
    assert len(again) == 2
    for heard in again:
        assert heard.body == first.body
        assert heard.headers["idempotency-key"] == first.headers["idempotency-key"]
        assert heard.headers["x-request-id"] == first.headers["x-request-id"]


async def test_a_server_that_commits_and_hangs_up_sees_one_key(colour: Any, serve: Any, connect: Any) -> None:
    applied: set[tuple[str, bytes]] = set()

    def commit_then_hang_up(exchange: Exchange) -> None:
        applied.add((exchange.heard.headers["idempotency-key"], exchange.heard.body))
        exchange.hang_up(reset=True)

    def commit(exchange: Exchange) -> None:
        applied.add((exchange.heard.headers["idempotency-key"], exchange.heard.body))
        exchange.say(response(200, b'{"coins": 10}'))

    await send(colour, connect(serve(commit_then_hang_up, commit_then_hang_up, commit)))
    assert len(applied) == 1


async def test_a_connection_that_was_closed_while_idle_is_not_noticed_by_the_caller(
    colour: Any, serve: Any, connect: Any
) -> None:
    server = serve(say(response(200, b'{"coins": 1}'), hang_up=True))
    client = connect(server, max_retries=0)
    for _ in range(3):
        await send(colour, client)
        await asyncio.sleep(0.01)
    assert server.connections == 3


async def test_a_server_that_closes_after_each_answer_is_connected_to_again(
    colour: Any, serve: Any, connect: Any
) -> None:
    server = serve(say(response(200, b'{"coins": 1}', connection="close"), hang_up=True))
    client = connect(server, max_retries=0)
    for _ in range(3):
        await send(colour, client)
    assert server.connections == 3


async def test_what_comes_behind_an_answer_is_not_the_answer_of_the_next_call(
    colour: Any, serve: Any, connect: Any
) -> None:
    server = serve(say(response(200, b'{"coins": 1}') + response(200, b'{"coins": 666}')))
    client = connect(server, max_retries=0)
    assert [(await send(colour, client)).coins for _ in range(3)] == [1, 1, 1]


async def test_a_name_that_no_host_can_have_is_a_transport_error(colour: Any) -> None:
    client = colour.client(base_url=f"https://{'a' * 70}.example/api/v1", max_retries=0)
    with pytest.raises(hatched.TransportError) as caught:
        await send(colour, client)
    assert not caught.value.maybe_received


async def test_a_port_where_nobody_listens_is_a_transport_error_of_a_request_that_was_not_sent(
    colour: Any, serve: Any, connect: Any
) -> None:
    server = RawServer(stall())
    server.close()
    error = await failure(colour, connect(server, max_retries=1))
    assert isinstance(error, hatched.TransportError)
    assert (error.maybe_received, error.attempts) == (False, 2)


async def test_a_name_that_does_not_resolve_is_a_transport_error(colour: Any) -> None:
    client = colour.client(base_url="https://no-such-host.invalid/api/v1", max_retries=0, timeout=30)
    error = await failure(colour, client)
    assert isinstance(error, hatched.TransportError)
    assert error.maybe_received is False


async def test_a_server_without_tls_is_a_transport_error(colour: Any, serve: Any) -> None:
    server = serve(say(b"HTTP/1.1 400 Plain\r\n\r\n", hang_up=True))
    client = colour.client(base_url=f"https://127.0.0.1:{server.port}/api/v1", max_retries=0, timeout=30)
    assert isinstance(await failure(colour, client), hatched.TransportError)
    assert server.heard[0].line == "a TLS handshake"


# --- nothing of httpx gets out ----------------------------------------------------------------------------------


def exceptions_of(module: Any) -> list[type[Exception]]:
    found = {one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Exception)}
    return sorted(found, key=lambda one: one.__name__)


def make(kind: type[Exception]) -> Exception:
    request = httpx.Request("GET", "http://localhost")
    if kind is httpx.HTTPStatusError:
        return httpx.HTTPStatusError("boom", request=request, response=httpx.Response(500))
    if kind is json.JSONDecodeError:
        return json.JSONDecodeError("boom", "x", 0)
    for arguments in (("boom",), (), ("boom", "boom"), (b"boom", "boom", 1, "boom")):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(f"cannot make a {kind.__name__}")


FOREIGN = {
    **{f"httpx.{kind.__name__}": kind for kind in exceptions_of(httpx)},
    **{f"anyio.{name}": getattr(anyio, name) for name in ("BrokenResourceError", "ClosedResourceError")},
    **{
        kind.__name__: kind
        for kind in (OSError, ConnectionResetError, BrokenPipeError, TimeoutError, ssl.SSLError, ssl.SSLEOFError)
    },
}
STRANGE = {
    **{f"httpcore.{kind.__name__}": kind for kind in exceptions_of(httpcore)},
    **{f"anyio.{name}": getattr(anyio, name) for name in ("BusyResourceError", "EndOfStream")},
}


def through(colour: Any, error: Exception, *, midway: bool) -> Any:
    """A client whose transport raises, at once or in the middle of the body."""

    class Body(httpx.AsyncByteStream, httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield b"{"
            raise error

        async def __aiter__(self) -> Any:
            yield b"{"
            raise error

    def handler(request: httpx.Request) -> httpx.Response:
        if midway:
            return httpx.Response(200, stream=Body())
        raise error

    return colour.answering(handler, max_retries=0)


@pytest.mark.parametrize("midway", [False, True], ids=["at once", "midway"])
@pytest.mark.parametrize("kind", FOREIGN.values(), ids=FOREIGN)
async def test_what_httpx_raises_becomes_a_transport_error(colour: Any, kind: type[Exception], midway: bool) -> None:
    error = await failure(colour, through(colour, make(kind), midway=midway))
    assert isinstance(error, hatched.TransportError)
    assert (error.route, error.attempts) == ("events.send", 1)
    assert error.idempotency_key
    assert error.request_id


@pytest.mark.parametrize("kind", STRANGE.values(), ids=STRANGE)
async def test_what_the_layers_below_httpx_raise_does_not_get_out_either(colour: Any, kind: type[Exception]) -> None:
    error = await failure(colour, through(colour, make(kind), midway=False))
    assert isinstance(error, hatched.TransportError)


@pytest.mark.parametrize("inner", [httpx.ReadError("boom"), OSError("boom"), anyio.BrokenResourceError()], ids=repr)
async def test_no_exception_group_gets_out(colour: Any, inner: Exception) -> None:
    error = await failure(colour, through(colour, ExceptionGroup("several", [inner]), midway=False))
    assert isinstance(error, hatched.TransportError)


@pytest.mark.parametrize("kind", [httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout])
async def test_each_timeout_of_httpx_names_its_phase(colour: Any, kind: type[httpx.TimeoutException]) -> None:
    error = await failure(colour, through(colour, kind("boom"), midway=False))
    assert isinstance(error, hatched.RequestTimeoutError)
    assert error.phase == kind.__name__.removesuffix("Timeout").lower()


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
async def test_an_error_says_when_the_server_cannot_have_seen_the_request(
    colour: Any, kind: type[httpx.TransportError]
) -> None:
    error = await failure(colour, through(colour, kind("boom"), midway=False))
    assert isinstance(error, hatched.TransportError)
    assert error.maybe_received is False


async def test_a_mistake_in_a_transport_is_not_hidden(colour: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        await send(colour, through(colour, ZeroDivisionError(), midway=False))


# --- hostile ids -----------------------------------------------------------------------------------------------

QUOTED = {
    "a/b": "a%2Fb",
    "../admin": "..%2Fadmin",
    "a?b=c": "a%3Fb%3Dc",
    "a#b": "a%23b",
    "100%": "100%25",
    "%2e%2e": "%252e%252e",
    "%2F": "%252F",
    "a b": "a%20b",
    "...": "...",
    "a;b": "a%3Bb",
    "a\\b": "a%5Cb",
    "http://evil/": "http%3A%2F%2Fevil%2F",
    "@evil": "%40evil",
    "naïve": "na%C3%AFve",
    "日本": "%E6%97%A5%E6%9C%AC",
    "🐣": "%F0%9F%90%A3",
    "~-_.": "~-_.",
}


@pytest.mark.parametrize("hostile", QUOTED)
async def test_an_id_is_one_segment_of_the_path_whatever_it_holds(
    colour: Any, serve: Any, connect: Any, hostile: str
) -> None:
    server = serve(answer(200, EGG))
    await colour.run(connect(server).eggs.get(hostile))
    assert server.heard[0].line == f"GET /api/v1/eggs/{QUOTED[hostile]} HTTP/1.1"


REFUSED = ["", ".", "..", "\n", "a\nb", "a\r\nX-Evil: 1", "a\x00b", "\x7f", "\u2028", "\ud800", "\t", "\u202e"]
WITH_AN_ID: dict[str, Callable[[Any, str], Any]] = {
    "eggs.get": lambda client, value: client.eggs.get(value),
    "eggs.hatch": lambda client, value: client.eggs.hatch(value),
    "operations.wait": lambda client, value: client.operations.wait(value),
    "webhooks.replay": lambda client, value: client.webhooks.replay("w", value),
    "gates.unlock": lambda client, value: client.gates.unlock("b", value),
    "paths.complete_sub_step": lambda client, value: client.paths.complete_sub_step("b", "p", value),
    "buddies.get_user_summary": lambda client, value: client.buddies.get_user_summary(value),
}


@pytest.mark.parametrize("hostile", REFUSED, ids=ascii)
@pytest.mark.parametrize("method", WITH_AN_ID.values(), ids=WITH_AN_ID)
async def test_an_id_that_cannot_be_one_segment_is_refused_before_any_io(
    colour: Any, serve: Any, connect: Any, method: Any, hostile: str
) -> None:
    server = serve(answer(200, EGG))
    with pytest.raises(ValueError, match="must not be empty"):
        await colour.run(method(connect(server), hostile))
    assert server.connections == 0


IN_A_BODY: dict[str, Callable[[Any], Any]] = {
    "events.send": lambda client: client.events.send(user_id="", type="t"),
    "events.send_batch": lambda client: client.events.send_batch([{"user_id": "", "type": "t"}]),
    "eggs.create": lambda client: client.eggs.create(user_id=""),
    "eggs.list": lambda client: client.eggs.list(user_id=""),
    "buddies.list": lambda client: client.buddies.list(user_id=""),
}


@pytest.mark.parametrize("method", IN_A_BODY.values(), ids=IN_A_BODY)
async def test_an_empty_user_is_refused_before_any_io(colour: Any, serve: Any, connect: Any, method: Any) -> None:
    server = serve(answer(200, {"data": [], "meta": {"total": 0, "page": 1, "limit": 1}}))
    with pytest.raises(ValueError, match="user_id"):
        await colour.run(method(connect(server)))
    assert server.connections == 0


async def test_a_hostile_filter_stays_in_its_place_in_the_query(colour: Any, serve: Any, connect: Any) -> None:
    server = serve(answer(200, []))
    await colour.run(connect(server).eggs.list(user_id="a&status=ready#x y\r\nX-Evil: 1"))
    assert server.heard[0].line == ("GET /api/v1/eggs?user_id=a%26status%3Dready%23x+y%0D%0AX-Evil%3A+1 HTTP/1.1")


async def test_what_is_unicode_arrives_as_unicode(colour: Any, serve: Any, connect: Any) -> None:
    server = serve(answer(200, EFFECTS))
    client = connect(server)
    await colour.run(client.events.send(user_id="Zoë\r\n\x00", type="t", properties={"🐣": "日本\u2028"}))
    heard = json.loads(server.heard[0].body)
    assert (heard["user_id"], heard["properties"]) == ("Zoë\r\n\x00", {"🐣": "日本\u2028"})


# --- header injection ------------------------------------------------------------------------------------------

INJECTIONS = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb", "a\x00b", "\x7f", "ä", "\u2028", "🐣"]
INTO: dict[str, Callable[[str], dict[str, Any]]] = {
    "request_id": lambda value: {"request_id": value},
    "idempotency_key": lambda value: {"idempotency_key": value},
    "the value of a header": lambda value: {"headers": {"X-Tag": value}},
    "the name of a header": lambda value: {"headers": {value: "x"}},
}


@pytest.mark.parametrize("hostile", INJECTIONS, ids=ascii)
@pytest.mark.parametrize("into", INTO.values(), ids=INTO)
async def test_nothing_can_be_injected_into_the_headers(
    colour: Any, serve: Any, connect: Any, into: Any, hostile: str
) -> None:
    server = serve(answer(200, EFFECTS))
    with pytest.raises(ValueError, match=r"printable|header name|characters"):
        await send(colour, connect(server), **into(hostile))
    assert server.connections == 0


@pytest.mark.parametrize("hostile", INJECTIONS, ids=ascii)
async def test_nothing_can_be_injected_into_the_headers_of_a_client_or_a_copy(colour: Any, hostile: str) -> None:
    for headers in ({"x-tag": hostile}, {hostile: "x"}):
        with pytest.raises(ValueError, match=r"printable|header name"):
            colour.client(headers=headers)
        with pytest.raises(ValueError, match=r"printable|header name"):
            colour.client().with_options(headers=headers)


@pytest.mark.parametrize("hostile", ["\r\nX-Evil: 1", "\n", " ", "ä", "\x00"], ids=ascii)
async def test_nothing_can_be_injected_through_the_key(colour: Any, hostile: str) -> None:
    with pytest.raises(hatched.ConfigurationError) as caught:
        colour.client(api_key=f"hatch_test_abc{hostile}")
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "Transfer-Encoding", "X-Request-Id"],
)
async def test_the_headers_of_the_sdk_cannot_be_replaced(colour: Any, serve: Any, connect: Any, name: str) -> None:
    server = serve(answer(200, EFFECTS))
    with pytest.raises(ValueError, match=name):
        await send(colour, connect(server), headers={name: "x"})
    assert server.connections == 0


async def test_a_body_that_looks_like_a_request_is_only_a_body(colour: Any, serve: Any, connect: Any) -> None:
    server = serve(answer(200, EFFECTS))
    client = connect(server)
    for _ in range(2):
        await send(colour, client, headers={"x-tag": "1"})
    smuggled = "x\r\n\r\nGET /steal HTTP/1.1\r\nHost: x\r\n\r\n"
    await colour.run(client.events.send(user_id=smuggled, type="t"))
    assert [heard.line.split()[0] for heard in server.heard] == ["POST"] * 3


# --- Retry-After -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2026 07:28:07 GMT", 7.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
    ],
)
async def test_retry_after_is_waited_for(
    colour: Any, serve: Any, connect: Any, clock: Any, value: str, seconds: float
) -> None:
    busy = answer(503, Retry_After=value, Date="Wed, 21 Oct 2026 07:28:00 GMT")
    await send(colour, connect(serve(busy, answer(200, EFFECTS))))
    assert clock.sleeps == pytest.approx([seconds], abs=0.1)


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "inf", "1e999", "99:99", "7; x", "٣"])
async def test_a_retry_after_without_sense_is_as_good_as_none(
    colour: Any, serve: Any, connect: Any, clock: Any, value: str
) -> None:
    busy = say(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: " + value.encode() + b"\r\n\r\n")
    await send(colour, connect(serve(busy, answer(200, EFFECTS))))
    (slept,) = clock.sleeps
    assert 0 <= slept <= 0.5


@pytest.mark.parametrize("value", ["61", "86400", "1e300"])
async def test_a_retry_after_that_is_too_long_is_raised_at_once(
    colour: Any, serve: Any, connect: Any, clock: Any, value: str
) -> None:
    error = await failure(colour, connect(serve(answer(429, Retry_After=value))))
    assert isinstance(error, hatched.RateLimitError)
    assert (error.retry_after, error.attempts, clock.sleeps) == (float(value), 1, [])


@pytest.mark.parametrize("name", ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"])
@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "9" * 400, "٣"])
async def test_a_rate_limit_header_without_sense_is_no_error(
    colour: Any, serve: Any, connect: Any, clock: Any, name: str, value: str
) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + f"{name}: {value}\r\n\r\n{{}}".encode()
    client = connect(serve(say(reply)))
    for _ in range(2):
        await send(colour, client)
    assert clock.sleeps == []


def test_the_packed_drip_is_a_drip_that_unpacks_to_nothing_for_long() -> None:
    assert zlib.decompressobj(31).decompress(PACKED[:40]) == b""
