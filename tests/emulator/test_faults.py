"""Bad weather: what is scripted happens once, what is random is repeatable."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

import hatched
from hatched.emulator import Emulator, Fault
from hatched.emulator.errors import CODES
from hatched.errors import ErrorCode

EVENT = {"user_id": "u", "type": "lesson_completed"}


def client(emulator: Emulator, timeout: float | None = 5.0) -> httpx.Client:
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    return httpx.Client(
        transport=emulator.sync_transport(), base_url=emulator.base_url, headers=headers, timeout=timeout
    )


def send(emulator: Emulator, event_id: str = "e", timeout: float | None = 5.0) -> httpx.Response:
    with client(emulator, timeout) as http:
        return http.post("/events", json={"event_id": event_id, **EVENT})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.drop(), httpx.RemoteProtocolError),
        (Fault.drop(reset=True), httpx.ReadError),
        (Fault.drop(after_commit=True), httpx.RemoteProtocolError),
        (Fault.drop(after_commit=True, reset=True), httpx.ReadError),
        (Fault.refuse(), httpx.ConnectError),
        (Fault.stall(), httpx.ReadTimeout),
        (Fault.stall(after_commit=True), httpx.ReadTimeout),
        (Fault.latency(6.0), httpx.ReadTimeout),
        (Fault.truncate(), httpx.RemoteProtocolError),
    ],
)
def test_a_broken_exchange_raises_what_httpx_raises(fault: Fault, error: type[httpx.RequestError]) -> None:
    emulator = Emulator()
    emulator.faults.script("events.send", [fault])
    with pytest.raises(error) as broken:
        send(emulator)
    assert broken.value.request.url.path == "/api/v1/events"
    assert len(emulator.effects()) == fault.reaches_the_server
    assert send(emulator).status_code == 201
    assert len(emulator.effects()) == 1
    emulator.faults.assert_all_fired()


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_status_comes_instead_of_the_answer(after_commit: bool) -> None:
    emulator = Emulator()
    faults = [Fault.status(503, after_commit=after_commit), Fault.status(429, retry_after=0.5)]
    emulator.faults.script("POST /events", faults)
    unavailable, limited = send(emulator), send(emulator)
    assert (unavailable.status_code, unavailable.json()["error"]["code"]) == (503, "service_unavailable")
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, "rate_limited")
    assert limited.headers["Retry-After"] == "0.5"
    assert "Retry-After" not in unavailable.headers
    assert len(emulator.effects()) == after_commit


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_status_has_the_request_id_that_the_journal_shows(after_commit: bool, served: bool) -> None:
    emulator = Emulator()
    emulator.faults.script("events.send", [Fault.status(503, after_commit=after_commit)] * 2)
    headers = {"Authorization": f"Bearer {emulator.api_key}"}

    def ask(http: httpx.Client, **more: str) -> str:
        answer = http.post("events", json=EVENT, headers=headers | more)
        assert answer.json()["error"]["requestId"] == answer.headers["X-Request-Id"]
        return answer.headers["X-Request-Id"]

    if served:
        with emulator.serve() as server, httpx.Client(base_url=server.base_url) as http:
            ids = [ask(http), ask(http, **{"X-Request-Id": "req_1"})]
    else:
        with client(emulator) as http:
            ids = [ask(http), ask(http, **{"X-Request-Id": "req_1"})]
    assert UUID(ids[0])
    assert ids == [entry.request_id for entry in emulator.journal] == [ids[0], "req_1"]


@pytest.mark.parametrize(
    ("fault", "timeout", "passed"),
    [
        (Fault.stall(), 5.0, 5.0),
        (Fault.latency(2.0), 5.0, 2.0),
        (Fault.latency(2.0), None, 2.0),
        (Fault.latency(9.0), 5.0, 5.0),
    ],
)
def test_waiting_moves_the_clock_instead_of_the_test(fault: Fault, timeout: float | None, passed: float) -> None:
    emulator = Emulator()
    start = emulator.clock.now()
    emulator.faults.script("events.send", [fault])
    try:
        assert send(emulator, timeout=timeout).status_code == 201
    except httpx.ReadTimeout:
        assert timeout == passed
    assert emulator.clock.now() == start + passed


def test_a_stall_without_a_timeout_is_told_at_once() -> None:
    emulator = Emulator()
    emulator.faults.script("events.send", [Fault.stall()])
    with pytest.raises(RuntimeError, match="no timeout"):
        send(emulator, timeout=None)


def test_none_in_a_script_lets_a_request_pass() -> None:
    emulator = Emulator()
    emulator.faults.script("events.send", [None, Fault.status(500)])
    assert [send(emulator).status_code for _ in range(3)] == [201, 500, 201]


def test_a_script_touches_its_own_route_only() -> None:
    emulator = Emulator()
    emulator.faults.script("events.send_batch", [Fault.refuse()])
    assert send(emulator).status_code == 201
    with pytest.raises(AssertionError, match=r"events\.send_batch"):
        emulator.faults.assert_all_fired()
    emulator.faults.clear()
    emulator.faults.assert_all_fired()


@pytest.mark.parametrize("route", ["events.sned", "GET /events", ""])
def test_a_script_for_a_route_that_does_not_exist_is_refused(route: str) -> None:
    with pytest.raises(ValueError, match="no such route"):
        Emulator().faults.script(route, [])


def outcomes(seed: int) -> list[int]:
    emulator = Emulator(plan="enterprise")
    emulator.faults.random(seed, {Fault.status(503): 0.2, Fault.status(502, after_commit=True): 0.1})
    return [send(emulator, str(number)).status_code for number in range(500)]


def test_chance_is_repeatable_and_keeps_its_proportions() -> None:
    assert outcomes(1) == outcomes(1) != outcomes(2)
    counts = Counter(outcomes(1))
    assert 70 <= counts[503] <= 130
    assert 30 <= counts[502] <= 70


def test_probabilities_add_up_to_one_at_most() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        Emulator().faults.random(0, {Fault.refuse(): 0.6, Fault.drop(): 0.5})


def test_the_journal_tells_what_came_and_what_became_of_it() -> None:
    emulator = Emulator()
    emulator.faults.script("events.send", [Fault.refuse(), Fault.drop(after_commit=True)])
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            send(emulator)
    send(emulator)
    with client(emulator) as http:
        http.get("/nowhere", headers={"X-Request-Id": "req_1", "Idempotency-Key": "k"})
    entries = list(emulator.journal)
    assert [(entry.route, entry.status, entry.fault) for entry in entries] == [
        ("events.send", None, Fault.refuse()),
        ("events.send", 201, Fault.drop(after_commit=True)),
        ("events.send", 201, None),
        ("GET /api/v1/nowhere", 404, None),
    ]
    assert entries[-1].request_id == "req_1"
    assert entries[-1].headers["idempotency-key"] == "k"
    assert not any("authorization" in entry.headers for entry in entries)


def test_handle_knows_no_faults() -> None:
    from .support import Api

    api = Api()
    api.emulator.faults.script("health", [Fault.refuse()])
    assert api.send("GET", "/health").status == 200


def test_what_is_no_fault_or_chance_is_refused() -> None:
    faults = Emulator().faults
    wrong: Any = "drop"
    with pytest.raises(TypeError, match="a script is of Fault and None, not of str"):
        faults.script("events.send", [wrong])
    with pytest.raises(ValueError, match="between 0 and 1"):
        faults.random(1, {Fault.drop(): float("nan")})


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("upstream_image_error", 502, hatched.UpstreamImageError),
        ("config_version_mismatch", 409, hatched.ConfigVersionMismatchError),
        ("forbidden", 403, hatched.ForbiddenError),
        ("capability_disabled", 403, hatched.ForbiddenError),
    ],
)
def test_a_status_can_name_a_code_of_the_api(code: str, status: int, error: type[hatched.HatchedError]) -> None:
    emulator = Emulator()
    emulator.faults.script("health", [Fault.status(status, error=code)])
    with emulator.sync_client(max_retries=0) as sdk, pytest.raises(error) as caught:
        sdk.health()
    assert (type(caught.value), caught.value.code, caught.value.status_code) == (error, code, status)


def test_the_codes_that_a_status_can_name_are_those_of_the_sdk() -> None:
    assert set(CODES) == set(ErrorCode)


@pytest.mark.parametrize(
    ("status", "code", "reason"), [(502, "upstream_error", "is no code"), (500, "upstream_image_error", "status 502")]
)
def test_a_code_that_the_api_does_not_send_with_a_status_is_refused(status: int, code: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Fault.status(status, error=code)


def test_a_pass_that_is_left_over_is_no_fault() -> None:
    faults = Emulator().faults
    faults.script("events.send", [None])
    faults.assert_all_fired()


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_that_holds_nothing_comes_with_nothing(code: int) -> None:
    emulator = Emulator()
    emulator.faults.script("health", [Fault.status(code)])
    with emulator.serve() as server, httpx.Client() as http:
        answer = http.get(f"{server.base_url}/health")
        assert (answer.status_code, answer.content) == (code, b"")
        assert http.get(f"{server.base_url}/health").status_code == 200
