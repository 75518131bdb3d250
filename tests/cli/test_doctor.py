"""`hatched doctor` and `hatched health`."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from click.testing import Result

from hatched.emulator import Emulator, Fault
from hatched.emulator.clock import Clock, WallClock
from hatched.io import environment

Run = Callable[..., Result]


@pytest.fixture
def punctual(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A server whose clock is ours."""
    with Emulator(api_key="hatch_test_punctual-key", clock=WallClock()) as emulator, emulator.serve() as server:
        monkeypatch.setenv("HATCHED_API_KEY", emulator.api_key)
        monkeypatch.setenv("HATCHED_BASE_URL", server.base_url)
        yield emulator


def our_clock_is_off(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the command, not that of the server, which is in the same process and passes for no emulator."""
    monkeypatch.setattr("hatched.cli.doctor._EMULATED", "x-not-sent")
    ours = SimpleNamespace(time=lambda: time.time() + seconds, strftime=time.strftime, gmtime=time.gmtime)
    monkeypatch.setattr("hatched.cli.doctor.time", ours)


def findings(result: Result) -> dict[str, tuple[str, str]]:
    """By what was looked at: ok or !!, and the text."""
    assert "punctual-key" not in result.output
    assert result.stderr == ""
    return {line[4:16].strip(): (line[:2], line[17:]) for line in result.stdout.splitlines()}


def test_all_is_well(run: Run, punctual: Emulator) -> None:
    result = run("doctor")
    found = findings(result)
    assert result.exit_code == 0
    assert {mark for mark, _ in found.values()} == {"ok"}
    assert list(found) == [
        "Python", "packages", "extras", "environment", "key", "base URL", "API", "clock", "access", "rate limit",
    ]  # fmt: skip
    assert "hatched " in found["packages"][1]
    assert "httpx " in found["packages"][1]
    assert found["extras"][1] == "cli installed, emulator installed"
    assert "HATCHED_API_KEY" in found["environment"][1]
    assert found["key"][1] == "hatch_test_…, a test key, from HATCHED_API_KEY"
    assert found["base URL"][1].startswith("http://127.0.0.1:")
    assert "answered 200 within" in found["API"][1]
    assert found["clock"][1] == "within 1 s of the server's"
    assert found["access"][1] == "the key is accepted"
    assert " of 1000 requests left, until " in found["rate limit"][1]


def test_it_changes_nothing(run: Run, punctual: Emulator) -> None:
    run("doctor")
    assert [entry.route for entry in punctual.journal] == ["health", "buddies.list"]


@pytest.mark.parametrize(("seconds", "words"), [(3600, "behind the server's"), (-3600, "ahead of the server's")])
def test_a_clock_that_is_wrong(
    seconds: float, words: str, run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    our_clock_is_off(-seconds, monkeypatch)
    result = run("doctor")
    assert result.exit_code == 2
    mark, text = findings(result)["clock"]
    assert (mark, words in text) == ("!!", True)


@pytest.mark.parametrize(("start", "way"), [("2020-01-01", "ahead of"), ("2090-01-01", "behind")])
def test_an_emulator_has_a_time_of_its_own(start: str, way: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(clock=Clock(start)) as emulator, emulator.serve() as server:
        monkeypatch.setenv("HATCHED_API_KEY", emulator.api_key)
        monkeypatch.setenv("HATCHED_BASE_URL", server.base_url)
        result = run("doctor")
    found = findings(result)
    assert result.exit_code == 0
    assert found["API"][1].endswith("from an emulator")
    assert (found["clock"][0], f"{way} the emulator's" in found["clock"][1]) == ("ok", True)


def test_a_minute_of_skew_is_borne(run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    our_clock_is_off(-55, monkeypatch)
    assert run("doctor").exit_code == 0


@pytest.mark.parametrize(
    ("key", "words"),
    [("", "No API key"), ("hatch_tset_abcdef", "malformed"), ("hatch_test_abc def", "white space")],
)
def test_a_key_that_is_none(
    key: str, words: str, run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATCHED_API_KEY", key)
    result = run("doctor")
    assert result.exit_code == 2
    mark, text = findings(result)["settings"]
    assert (mark, words in text) == ("!!", True)
    assert "abc" not in result.output
    assert not punctual.journal


def test_a_key_that_is_not_accepted(run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATCHED_API_KEY", "hatch_live_q7x")
    result = run("doctor")
    assert result.exit_code == 2
    found = findings(result)
    assert found["key"][1] == "hatch_live_…, a live key, from HATCHED_API_KEY"
    assert found["access"][0] == "!!"
    assert "unauthorized" in found["access"][1]
    assert "q7x" not in result.output


def test_a_publishable_key(run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HATCHED_API_KEY")
    monkeypatch.setenv("HATCHED_PUBLISHABLE_KEY", punctual.publishable_key)
    result = run("doctor")
    assert result.exit_code == 0
    assert findings(result)["key"][1] == "hatch_pk_…, a publishable key, from HATCHED_PUBLISHABLE_KEY"
    assert punctual.publishable_key not in result.output


def test_a_base_url_with_a_password_is_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATCHED_BASE_URL", "https://me:password@example.com")
    result = run("doctor")
    assert result.exit_code == 2
    assert "password" not in result.output


@pytest.mark.parametrize(
    ("name", "value", "words", "hint"),
    [
        (
            "SSL_CERT_FILE",
            "/nowhere.pem",
            "TLS cannot be set up with SSL_CERT_FILE=/nowhere.pem: ",
            "certificates in PEM",
        ),
        (
            "HTTPS_PROXY",
            "nonsense://me:pw@proxy",
            "no proxy that can be used: HTTPS_PROXY=nonsense://***@proxy",
            "a URL",
        ),
    ],
)
def test_a_setting_of_the_connection_that_is_wrong(
    name: str, value: str, words: str, hint: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.tls.cache_clear()
    monkeypatch.setenv(name, value)
    result = run("health", "--base-url", "https://127.0.0.1:9")
    assert result.exit_code == 2
    said, advice = result.stderr.splitlines()
    assert words in said
    assert advice.startswith("hint: ")
    assert hint in advice
    assert "HATCHED_API_KEY" not in result.stderr
    result = run("doctor", "--base-url", "https://127.0.0.1:9")
    assert result.exit_code == 2
    assert findings(result)["API"][1].startswith(f"not asked: {words}")


def test_a_server_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = run("doctor", "--base-url", f"http://127.0.0.1:{port}/api/v1")
    assert result.exit_code == 75
    found = findings(result)
    assert found["API"][0] == "!!"
    assert "access" not in found


@pytest.mark.parametrize(
    ("route", "fault", "code", "what"),
    [
        ("health", Fault.status(503), 75, "API"),
        ("health", Fault.status(404), 2, "API"),
        ("health", Fault.stall(), 75, "API"),
        ("buddies.list", Fault.status(429, retry_after=1), 75, "access"),
        ("buddies.list", Fault.drop(), 75, "access"),
        ("buddies.list", Fault.status(403), 0, ""),
    ],
)
def test_what_goes_wrong_on_the_way(
    route: str, fault: Fault, code: int, what: str, run: Run, punctual: Emulator
) -> None:
    punctual.faults.script(route, [fault])
    result = run("doctor", "--timeout", "0.5")
    assert result.exit_code == code
    assert [name for name, (mark, _) in findings(result).items() if mark == "!!"] == ([what] if what else [])
    punctual.faults.assert_all_fired()


def test_bad_configuration_outweighs_bad_weather(run: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.faults.script("buddies.list", [Fault.status(503)])
    our_clock_is_off(0, monkeypatch)  # whose server's stands at 2026-01-01
    assert run("doctor").exit_code == 2


def test_a_package_that_is_missing(run: Run, punctual: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from hatched.cli import doctor

    monkeypatch.setattr(doctor, "_REQUIRED", ("httpx", "no-such-package"))
    monkeypatch.setattr(doctor, "_EXTRAS", {"cli": ("no-such-package",)})
    result = run("doctor")
    assert result.exit_code == 2
    found = findings(result)
    assert found["packages"][0] == "!!"
    assert "no-such-package is missing" in found["packages"][1]
    assert found["extras"] == ("ok", "cli not installed")


def test_health(run: Run, emulator: Emulator) -> None:
    assert json.loads(run("health", "--json").stdout) == {"status": "ok", "version": None}
    assert run("health").stdout == "status\tok\nversion\t\n"
    emulator.faults.script("health", [Fault.status(503, retry_after=3600)])
    assert run("health").exit_code == 75
