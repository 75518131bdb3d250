"""The emulator on a port: the same answers, real connections that really break, and the control routes."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

import hatched
from hatched.emulator import Emulator, Fault, Operations, Request, WallClock, control
from hatched.emulator.server import Server


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    with emulator.serve() as server:
        yield server


@pytest.fixture
def client(emulator: Emulator, server: Server) -> Iterator[hatched.HatchedClient]:
    with hatched.HatchedClient(api_key=emulator.api_key, base_url=server.base_url, timeout=10, max_retries=0) as client:
        yield client


def send(client: hatched.HatchedClient, timeout: float = 10) -> int:
    return client.events.send(event_id="e1", user_id="ada", type="lesson_completed", timeout=timeout).coins


def test_a_client_in_another_thread_of_the_world_uses_it_like_hatched(client: hatched.HatchedClient) -> None:
    buddy = client.buddies.ensure("ada")
    assert send(client) == 10
    assert client.buddies.get(buddy.id).coins == 10


def test_the_picture_of_a_buddy_can_be_fetched(client: hatched.HatchedClient) -> None:
    picture = httpx.get(client.buddies.ensure("ada").image_url or "")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert picture.text.startswith("<svg")


@pytest.mark.parametrize(
    ("fault", "error", "words", "applied"),
    [
        (Fault.drop(), hatched.TransportError, "Server disconnected", 0),
        (Fault.drop(after_commit=True), hatched.TransportError, "Server disconnected", 1),
        (Fault.drop(reset=True), hatched.TransportError, "Connection reset by peer", 0),
        (Fault.drop(reset=True, after_commit=True), hatched.TransportError, "Connection reset by peer", 1),
        (Fault.refuse(), hatched.TransportError, "Connection reset by peer", 0),
        (Fault.truncate(), hatched.TransportError, "without sending complete message body", 1),
        (Fault.stall(), hatched.RequestTimeoutError, "no complete answer", 0),
        (Fault.stall(after_commit=True), hatched.RequestTimeoutError, "no complete answer", 1),
        (Fault.latency(5), hatched.RequestTimeoutError, "no complete answer", 1),
        (Fault.status(502), hatched.HatchedError, "Scripted fault 502", 0),
        (Fault.status(502, after_commit=True), hatched.HatchedError, "Scripted fault 502", 1),
    ],
)
def test_faults_break_real_connections(
    emulator: Emulator, client: hatched.HatchedClient, fault: Fault, error: type[Exception], words: str, applied: int
) -> None:
    client.buddies.ensure("ada")
    emulator.faults.script("events.send", [fault])
    with pytest.raises(error, match=words):
        send(client, timeout=0.3 if fault.kind in {"stall", "latency"} else 10)
    emulator.faults.assert_all_fired()
    assert len(emulator.effects("ada")) == applied
    assert send(client) == 10
    assert len(emulator.effects("ada")) == 1


def test_the_server_of_a_stopped_emulator_is_gone(emulator: Emulator) -> None:
    with emulator.serve() as server:
        url = server.origin + "/api/v1/health"
        assert httpx.get(url).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with emulator.serve() as again:
        assert httpx.get(again.base_url + "/health").status_code == 200


def test_by_a_clock_that_runs_work_is_done_though_nobody_asks() -> None:
    done = threading.Event()
    emulator = Emulator(clock=WallClock(), operations=Operations(after_seconds=0.1))
    emulator.deliver_webhooks_to(lambda request: done.set() or 200)  # type: ignore[func-returns-value]
    client = emulator.sync_client()
    client.webhooks.create(url="http://ignored", events=["buddy.hatched"])
    egg = client.eggs.create(user_id="ada").egg_id
    client.eggs.update_status(egg, status="ready")
    with emulator.serve():
        client.eggs.hatch(egg)
        assert done.wait(60)


def test_time_goes_on_after_a_failure(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    again = threading.Event()
    calls: list[int] = []

    def run_due() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("boom")
        again.set()

    emulator = Emulator(clock=WallClock())
    monkeypatch.setattr(emulator, "run_due", run_due)
    with emulator.serve():
        assert again.wait(60)
    assert "boom" in caplog.text


# --- webhooks to applications and URLs ----------------------------------------------------------------------


class Hooks:
    """An ASGI application that notes what it is sent, and asks the emulator about it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.seen: list[tuple[str, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        event = hatched.webhooks.parse(body, headers, self.secret, now=self.emulator.clock.now)
        async with self.emulator.client() as client:
            buddy = await client.buddies.get(json.loads(body)["buddy_id"])
        self.seen.append((event.type, buddy.coins))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    secret = ""


def test_an_application_gets_signed_webhooks_and_may_call_back(emulator: Emulator) -> None:
    hooks = Hooks(emulator)
    emulator.deliver_webhooks_to(hooks)
    client = emulator.sync_client()
    hooks.secret = client.webhooks.create(url="http://shop.test/hooks", events=["coins.earned"]).secret or ""
    client.buddies.ensure("ada")
    send(client)
    assert hooks.seen == [("coins.earned", 10)]


async def test_the_same_within_a_running_loop(emulator: Emulator) -> None:
    hooks = Hooks(emulator)
    emulator.deliver_webhooks_to(hooks)
    async with emulator.client() as client:
        created = await client.webhooks.create(url="http://shop.test/hooks", events=["coins.earned"])
        hooks.secret = created.secret or ""
        await client.buddies.ensure("ada")
        await client.events.send(user_id="ada", type="lesson_completed")
    assert hooks.seen == [("coins.earned", 10)]


def test_a_url_gets_webhooks_and_may_call_back_the_server_that_sent_them(
    emulator: Emulator, server: Server, client: hatched.HatchedClient
) -> None:
    seen: list[tuple[str, int]] = []
    done = threading.Event()

    class Hooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = hatched.webhooks.parse(body, dict(self.headers.items()), secret, now=emulator.clock.now)
            seen.append((event.type, client.buddies.get(json.loads(body)["buddy_id"]).coins))
            self.send_response(204)
            self.end_headers()
            done.set()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Hooks) as shop:
        threading.Thread(target=shop.serve_forever, daemon=True).start()
        emulator.deliver_webhooks_to(f"http://127.0.0.1:{shop.server_port}/hooks")
        endpoint = client.webhooks.create(url="http://ignored.test", events=["coins.earned"])
        secret = endpoint.secret or ""
        client.buddies.ensure("ada")
        send(client)
        assert done.wait(60)
        shop.shutdown()
    assert seen == [("coins.earned", 10)]


def test_what_is_no_receiver_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="not a URL: 'localhost:8000'"):
        emulator.deliver_webhooks_to("localhost:8000")


# --- /_emulator ----------------------------------------------------------------------------------------------


def ask(
    emulator: Emulator, method: str, path: str, body: Any = None, *, peer: str = "127.0.0.1", **headers: str
) -> tuple[int, Any]:
    target, _, query = path.partition("?")
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    response = control.answer(emulator, Request(method, f"/_emulator{target}", query, headers, content), peer)
    return response.status, response.json()


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_is_answered(emulator: Emulator, peer: str) -> None:
    assert ask(emulator, "GET", "", peer=peer, host="localhost:8000")[0] == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {}),
        ("", {}),
        ("127.0.0.1", {"host": "hatched.example"}),
        ("127.0.0.1", {"host": "localhost:8000", "origin": "https://evil.example"}),
        ("127.0.0.1", {"origin": "null"}),
    ],
)
def test_nobody_else_is(emulator: Emulator, peer: str, headers: dict[str, str]) -> None:
    assert ask(emulator, "POST", "/reset", peer=peer, **headers)[0] == 403


def test_the_control_routes_are_not_in_process(emulator: Emulator) -> None:
    with httpx.Client(transport=emulator.sync_transport()) as http:
        assert http.post("http://hatched.emulator.localhost/_emulator/reset").status_code == 404


def test_time_is_moved_from_outside(emulator: Emulator) -> None:
    assert ask(emulator, "POST", "/clock", {"advance": "25h"}) == (200, {"now": "2026-01-02T01:00:00.000Z"})
    assert ask(emulator, "POST", "/clock", {"advance": "soon"})[0] == 400
    assert ask(emulator, "POST", "/clock", {}) == (400, {"error": {"message": "'advance' is missing"}})


def test_faults_are_scripted_and_accounted_for_from_outside(emulator: Emulator) -> None:
    unavailable = {"kind": "status", "code": 503}
    status, told = ask(emulator, "POST", "/faults", {"script": {"events.send": [unavailable, None]}})
    assert (status, [fault and fault["code"] for fault in told["pending"]["events.send"]]) == (200, [503, None])
    with pytest.raises(hatched.HatchedError):
        send(emulator.sync_client(max_retries=0))
    assert ask(emulator, "GET", "/faults")[1]["pending"] == {"events.send": [None]}
    assert ask(emulator, "DELETE", "/faults") == (200, {})
    assert ask(emulator, "GET", "/faults")[1]["pending"] == {}


@pytest.mark.parametrize(
    ("path", "known"), [("/effects", "user_id"), ("/journal", "route"), ("/coverage", "no query"), ("", "no query")]
)
@pytest.mark.parametrize("value", ["ada", ""])
def test_a_query_that_means_nothing_is_refused_with_those_that_do(
    emulator: Emulator, path: str, known: str, value: str
) -> None:
    status, told = ask(emulator, "GET", f"{path}?userId={value}")
    assert (status, told) == (400, {"error": {"message": f"userId means nothing here, which takes {known}"}})


def test_random_faults_are_shown_until_they_are_cleared(emulator: Emulator) -> None:
    lost = {"kind": "status", "code": 502, "error": "upstream_image_error", "probability": 0.2}
    ask(emulator, "POST", "/faults", {"random": {"seed": 1, "faults": [lost]}})
    (shown,) = ask(emulator, "GET", "/faults")[1]["random"]
    assert {name: shown[name] for name in lost} == lost
    ask(emulator, "DELETE", "/faults")
    assert ask(emulator, "GET", "/faults")[1]["random"] == []


@pytest.mark.parametrize("code", ["upstream_error", "forbidden", 7, []])
def test_a_fault_with_a_code_that_the_api_does_not_send_is_refused(emulator: Emulator, code: Any) -> None:
    script = {"events.send": [{"kind": "status", "code": 502, "error": code}]}
    assert ask(emulator, "POST", "/faults", {"script": script})[0] == 400
    assert emulator.faults.pending() == {}


def test_a_script_with_a_mistake_changes_nothing(emulator: Emulator) -> None:
    script = {"events.send": [{"kind": "drop"}], "no.route": []}
    assert ask(emulator, "POST", "/faults", {"script": script})[0] == 400
    assert emulator.faults.pending() == {}


@pytest.mark.parametrize("fault", [{"kind": "latency", "seconds": 0.0}, {"kind": "truncate"}])
def test_an_answer_that_is_late_or_cut_short_was_made(emulator: Emulator, fault: dict[str, Any]) -> None:
    assert ask(emulator, "POST", "/faults", {"script": {"eggs.create": [fault]}})[0] == 200
    emulator.sync_client().eggs.create(user_id="ada")
    assert len(emulator.sync_client().eggs.list()) == 1


def test_equal_chances_add_up(emulator: Emulator) -> None:
    half = {"kind": "drop", "probability": 0.5}
    ask(emulator, "POST", "/faults", {"random": {"faults": [half, half]}})
    for _ in range(20):
        with pytest.raises(hatched.TransportError):
            emulator.sync_client(max_retries=0).health()


def test_a_snapshot_is_taken_and_restored_from_outside(emulator: Emulator) -> None:
    client = emulator.sync_client()
    taken = ask(emulator, "POST", "/snapshots")
    assert taken == (200, {"snapshot": "1"})
    client.eggs.create(user_id="ada")
    for _ in range(2):
        assert ask(emulator, "POST", "/restore", taken[1]) == (200, {})
        assert client.eggs.list() == ()
    assert ask(emulator, "POST", "/restore", {"snapshot": "7"})[0] == 400
    assert ask(emulator, "POST", "/restore", {"snapshot": []})[0] == 400


def test_chance_is_set_from_outside(emulator: Emulator) -> None:
    chances = {"seed": 1, "faults": [{"kind": "drop", "reset": True, "probability": 1.0}]}
    assert ask(emulator, "POST", "/faults", {"random": chances})[0] == 200
    with pytest.raises(hatched.TransportError, match="reset by peer"):
        emulator.sync_client(max_retries=0).health()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/faults", {"script": {"no.route": []}}, 400, "no such route"),
        ("POST", "/faults", {"script": {"events.send": [{"kind": "rain"}]}}, 400, "a fault is one of status, drop"),
        ("POST", "/faults", {"script": {"events.send": [{"kind": "drop", "x": 1}]}}, 400, "unexpected keyword"),
        ("POST", "/rules", {}, 400, "the body must be rules"),
        ("POST", "/rules", {"audiences": ["default"]}, 400, "an empty draft"),
        ("POST", "/rules?customer=nobody", {"event_types": ["t"]}, 400, "there is no customer 'nobody'"),
        ("POST", "/rules", {"badge": []}, 400, "property badge should not exist"),
        ("POST", "/keys", {}, 400, "'key' is missing"),
        ("DELETE", "/keys", {"key": "nobody"}, 400, "there is no such key"),
        ("POST", "/import", {"format": 7}, 400, "no export of the emulator"),
        ("POST", "/clock", b"{", 400, "Expecting"),
        ("POST", "/clock", b'{"advance": NaN}', 400, "NaN is no number"),
        ("POST", "/clock", {"advance": 1e300}, 400, "time goes on by 0 to"),
        ("POST", "/clock", {"advance": 2e11}, 400, "time goes on by 0 to"),
        ("POST", "/clock", {"advance": -1}, 400, "time goes on by 0 to"),
        ("POST", "/faults", {"script": {"events.send": [{"kind": "status", "code": "503"}]}}, 400, "code"),
        ("POST", "/faults", {"script": {"events.send": [{"kind": "latency", "seconds": "1"}]}}, 400, "seconds"),
        ("POST", "/failures", {"operation": "hatching", "reason": "r"}, 400, "no such operation"),
        ("POST", "/credits", {"count": -5}, 400, "whole number"),
        ("POST", "/credits", {"count": 1.5}, 400, "whole number"),
        ("POST", "/credits", {"count": 1, "pool": ["promo"]}, 400, "no such pool of credits"),
        ("POST", "/credits", {"count": 1, "customer": "nobody"}, 400, "there is no customer 'nobody'"),
        ("POST", "/reset", {"adavnce": 1}, 400, "adavnce means nothing here, which takes no body"),
        ("POST", "/faults", {"scirpt": {}}, 400, "scirpt means nothing here, which takes random, script"),
        ("POST", "/keys", {"key": None}, 400, "key must be a string"),
        ("POST", "/keys", {"key": "k", "scopes": "read"}, 400, "scopes a list"),
        ("POST", "/rules", b'{"\\ud800": 1}', 400, "surrogates"),
        ("POST", "/clock", [1], 400, "must be a JSON object"),
        ("GET", "/nothing", None, 404, "there is no GET /_emulator/nothing; there are DELETE /_emulator/faults"),
    ],
)
def test_what_is_wrong_is_told(emulator: Emulator, method: str, path: str, body: Any, status: int, words: str) -> None:
    answered, told = ask(emulator, method, path, body)
    assert answered == status
    assert re.search(words, told["error"]["message"])
    assert emulator.clock.now() == Emulator().clock.now()


def test_everything_else_can_be_done_from_outside_too(emulator: Emulator) -> None:
    client = emulator.sync_client()
    client.buddies.ensure("ada")
    send(client)
    assert [event["event_id"] for event in ask(emulator, "GET", "/effects?user_id=ada")[1]["effects"]] == ["e1"]
    assert ask(emulator, "GET", "/effects?user_id=bob")[1] == {"effects": []}
    assert [each["status"] for each in ask(emulator, "GET", "/journal?route=events.send")[1]["requests"]] == [201]
    exported = ask(emulator, "GET", "/export")[1]
    assert ask(emulator, "POST", "/reset") == (200, {})
    assert ask(emulator, "GET", "")[1]["events"] == 0
    assert ask(emulator, "POST", "/import", exported) == (200, {})
    assert ask(emulator, "GET", "")[1]["events"] == 1
    other = ask(emulator, "POST", "/keys", {"key": "hatch_test_other", "customer": "other"})[1]["customer_id"]
    assert other != emulator.customer_id
    assert ask(emulator, "DELETE", "/keys", {"key": "hatch_test_other"}) == (200, {})
    assert ask(emulator, "POST", "/credits", {"count": 3, "pool": "promo"}) == (200, {})
    assert ask(emulator, "POST", "/failures", {"operation": "hatch", "reason": "no paint"}) == (200, {})
    with pytest.raises(hatched.HatchedError, match="no paint"):
        client.buddies.ensure("bob")
    assert ask(emulator, "POST", "/webhooks", {"url": "http://127.0.0.1:9/hooks"}) == (200, {})
    assert "config_version_id" in ask(emulator, "POST", "/rules", {"event_types": ["t"]})[1]


def test_another_customer_is_served_from_outside_too(emulator: Emulator) -> None:
    other = emulator.add_key("hatch_test_other", customer="other")
    version = ask(emulator, "POST", "/rules?customer=other", {"event_types": ["t"]})[1]["config_version_id"]
    owners = {row["id"]: row["customer_id"] for row in emulator.export()["tables"]["config_versions"]}
    assert owners[version] == other
    before = emulator.export()["tables"]["customers"]
    assert ask(emulator, "POST", "/credits", {"count": 3, "customer": "other"}) == (200, {})
    after = emulator.export()["tables"]["customers"]
    assert {b["name"]: b["paid"] - a["paid"] for a, b in zip(before, after, strict=True)} == {"default": 0, "other": 3}


# --- under other servers -------------------------------------------------------------------------------------


async def test_any_asgi_server_can_carry_it_below_any_path(emulator: Emulator) -> None:
    transport = httpx.ASGITransport(emulator.asgi, root_path="/hatched")
    key = {"authorization": f"Bearer {emulator.api_key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=key) as http:
        assert (await http.get("/hatched/api/v1/buddies")).json()["data"] == []
        assert (await http.get("/hatched/_emulator")).status_code == 200


async def test_a_connection_that_cannot_be_cut_raises(emulator: Emulator) -> None:
    emulator.faults.script("health", [Fault.drop()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.asgi), base_url="http://localhost") as http:
        with pytest.raises(ConnectionError, match="only its own server can do"):
            await http.get("/api/v1/health")


async def test_a_body_without_end_is_refused(emulator: Emulator) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"x" * 2**20, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/events", "query_string": b"", "headers": []}
    await emulator.asgi(scope, receive, send)
    assert sent[0]["status"] == 413
    error = json.loads(sent[1]["body"])["error"]
    assert error["code"] == "bad_request"
    assert dict(sent[0]["headers"])[b"x-request-id"].decode() == error["requestId"] != ""


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("10.0.0.7", 413)])
async def test_this_machine_may_import_what_is_too_large_for_a_call(emulator: Emulator, peer: str, status: int) -> None:
    large = json.dumps(emulator.export()).encode() + b" " * (11 * 2**20)
    transport = httpx.ASGITransport(emulator.asgi, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.post("/_emulator/import", content=large)).status_code == status
        assert (await http.post("/api/v1/events", content=large)).status_code == 413


async def test_a_client_that_hangs_up_before_the_end_of_its_request_has_not_asked(emulator: Emulator) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    key = [(b"authorization", f"Bearer {emulator.api_key}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/eggs", "query_string": b"", "headers": key}
    await emulator.asgi(scope, receive, send)
    assert not emulator.journal


async def test_the_lifespan_of_a_server_is_followed(emulator: Emulator) -> None:
    sent: list[str] = []
    told = asyncio.Queue[Any]()
    for event in ("startup", "shutdown"):
        told.put_nowait({"type": f"lifespan.{event}"})

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await emulator.asgi({"type": "lifespan"}, told.get, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_faults_of_which_one_is_wrong_are_not_set_at_all(emulator: Emulator) -> None:
    faults = {
        "script": {"events.send": [{"kind": "status", "code": 503}]},
        "random": {"faults": [{"kind": "drop", "probability": 2}]},
    }
    with emulator.serve() as server:
        assert httpx.post(f"{server.origin}/_emulator/faults", json=faults).status_code == 400
    assert emulator.faults.pending() == {}
