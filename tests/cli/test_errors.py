"""What a command that fails says, and what it exits with."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from hatched import errors
from hatched.cli.errors import exit_code, report
from hatched.emulator import Emulator, Fault
from hatched.emulator.plans import PLANS

Run = Callable[..., Result]
NO_BUDDY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("fault", "code", "hint"),
    [
        (Fault.status(400), 2, ""),
        (Fault.status(401), 2, "Check the API key; a rotated key stops working at once."),
        (Fault.status(402), 3, ""),
        (Fault.status(403), 1, ""),
        (Fault.status(404), 2, "see which there are with `list`; an archived one is not found either"),
        (Fault.status(408, retry_after=3600), 75, ""),
        (Fault.status(409), 1, ""),
        (Fault.status(422), 2, ""),
        (Fault.status(429, retry_after=3600), 75, "try again in 3600 s"),
        (Fault.status(500, retry_after=3600), 75, ""),
        (Fault.status(503, retry_after=3600), 75, ""),
    ],
    ids=lambda value: str(value.code) if isinstance(value, Fault) else None,
)
def test_each_answer_has_its_exit_code(fault: Fault, code: int, hint: str, run: Run, emulator: Emulator) -> None:
    emulator.faults.script("buddies.list", [fault])
    result = run("buddies", "list")
    assert (result.exit_code, result.stdout) == (code, "")
    line, *hints = result.stderr.splitlines()
    assert line.startswith(f"Error: buddies.list: {fault.code} ")
    assert hints == ([f"hint: {hint}"] if hint else [])


@pytest.mark.parametrize("fault", [Fault.drop(), Fault.refuse(), Fault.truncate()], ids=lambda fault: fault.kind)
def test_a_lost_connection_may_work_later(fault: Fault, run: Run, emulator: Emulator, no_wait: None) -> None:
    emulator.faults.script("buddies.list", [fault] * 4)
    result = run("buddies", "list")
    assert result.exit_code == 75
    assert result.stderr.splitlines()[-1] == "hint: `hatched doctor` looks at the connection"


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hatched.io.blocking.BlockingIO.sleep", _at_once)


async def _at_once(self: object, seconds: float) -> None: ...


def test_a_timeout_may_work_later(run: Run, emulator: Emulator, no_wait: None) -> None:
    emulator.faults.script("buddies.list", [Fault.stall()] * 4)
    result = run("buddies", "list", "--timeout", "0.05")
    assert result.exit_code == 75
    assert "no complete answer within 0.05 s" in result.stderr


def test_a_passing_fault_is_not_seen(run: Run, emulator: Emulator, no_wait: None) -> None:
    emulator.faults.script("buddies.list", [Fault.status(503), Fault.drop()])
    assert run("buddies", "list").exit_code == 0


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (Fault.drop(after_commit=True), "it may have been done: repeat it with --idempotency-key "),
        (Fault.status(429, retry_after=3600), "try again in 3600 s"),
    ],
    ids=["drop", "429"],
)
def test_only_what_may_have_been_done_asks_for_its_key(
    fault: Fault, hint: str, run: Run, emulator: Emulator, no_wait: None
) -> None:
    with emulator.sync_client() as client:
        buddy = client.buddies.ensure("ada").id
    emulator.faults.script("buddies.earn", [fault] * (4 if fault.kind == "drop" else 1))
    result = run("buddies", "earn", buddy, "--amount", "5", "--reason", "r")
    assert result.exit_code == 75
    assert result.stderr.splitlines()[1].startswith(f"hint: {hint}")


def test_what_was_never_sent_asks_for_no_key(run: Run, no_wait: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = run("send", "daily_login", "--user", "ada", "--base-url", f"http://127.0.0.1:{port}")
    assert result.exit_code == 75
    assert "--idempotency-key" not in result.stderr


def test_a_hint_does_not_repeat_the_error(run: Run) -> None:
    assert len(run("buddies", "get", "ada").stderr.splitlines()) == 1


def test_quota_that_is_used_up_says_when_it_returns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(plan="free", api_key="hatch_test_q") as emulator, emulator.serve() as server:
        monkeypatch.setenv("HATCHED_API_KEY", emulator.api_key)
        with emulator.sync_client() as client:
            for number in range(0, PLANS["free"].events or 0, 100):
                client.events.send_batch(
                    [{"event_id": f"{number}-{i}", "user_id": "ada", "type": "daily_login"} for i in range(100)]
                )
        emulator.clock.advance("2m")  # beyond the rate limit
        result = run("send", "daily_login", "--user", "ada", "--base-url", server.base_url)
    assert result.exit_code == 3
    assert "event_quota_exceeded" in result.stderr
    assert "hint: events are counted anew at 2026-02-01" in result.stderr


def test_credits_that_are_used_up_say_where_there_are_more(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(credits=0, api_key="hatch_test_q") as emulator, emulator.serve() as server:
        monkeypatch.setenv("HATCHED_API_KEY", emulator.api_key)
        with emulator.sync_client() as client:
            for number in range(PLANS["growth"].welcome):
                client.buddies.ensure(f"user_{number}")
        emulator.clock.advance("2m")
        result = run("buddies", "ensure", "ada", "--base-url", server.base_url)
    assert result.exit_code == 3
    assert "hint: buy credits at " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["buddies", "get", NO_BUDDY], "resource_not_found"),
        (["buddies", "get", "ada"], "buddy_id must be a UUID"),
        (["buddies", "get", ".."], "must not be empty"),
        (["buddies", "get", ""], "must not be empty"),
        (["buddies", "get", "a\nb"], "control characters"),
        (["buddies", "get", "\udc80"], "control characters"),
        (["buddies", "list", "--sort", "\udc80"], "surrogates not allowed"),
        (["buddies", "get"], "Missing argument 'BUDDY_ID'"),
        (["buddies", "fetch"], "No such command 'fetch'"),
        (["buddy"], "No such command 'buddy'"),
        (["buddies", "list", "--order", "up"], "'up' is not one of 'asc', 'desc'"),
        (["buddies", "list", "--page", "x"], "'x' is not a valid integer"),
        (["buddies", "list", "--timeout", "0"], "timeout must be positive"),
        (["buddies", "list", "--timeout", "nan"], "timeout must be positive"),
        (["buddies", "list", "--base-url", "http://example.com"], "must use https"),
        (["buddies", "list", "--base-url", "nonsense"], "must be an absolute http(s) URL"),
        (["buddies", "list", "--api-key", "hatch_test_x"], "No such option '--api-key'"),
        (["buddies", "update-skills", NO_BUDDY, "--updates", "{"], "--updates"),
        (["buddies", "update-skills", NO_BUDDY, "--updates", '{"key": "a"}'], "expected"),
        (["buddies", "earn", NO_BUDDY, "--amount", "lots", "--reason", "r"], "--amount"),
        (["buddies", "earn", NO_BUDDY, "--amount", "nan", "--reason", "r"], "not JSON compliant"),
        (["send", "no_such_type", "--user", "ada"], "hint: check the spelling, or register the type in the dashboard"),
        (["send", "daily_login", "--user", "ada", "--audience", "staff"], "unknown_audience"),
    ],
)
def test_bad_input_exits_with_2(arguments: list[str], words: str, run: Run) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    error, *hints = result.stderr.splitlines()
    assert error.startswith("Error: ")
    assert words in result.stderr
    assert all(hint.startswith("hint: ") and hint != "hint: " for hint in hints)


@pytest.mark.parametrize("key", ["", "secret", "hatch_live_", "hatch_test_q7x z", "hatch_pk_q7x"])
def test_an_unusable_key_is_bad_configuration_and_not_repeated(
    key: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATCHED_API_KEY", key)
    result = run("buddies", "list")
    assert result.exit_code == 2
    assert "hint: export HATCHED_API_KEY=hatch_test_…" in result.stderr
    assert "secret" not in result.stderr
    assert "q7x" not in result.stderr


def test_a_publishable_key_is_told_what_it_may_not_do(
    run: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HATCHED_API_KEY")
    monkeypatch.setenv("HATCHED_PUBLISHABLE_KEY", emulator.publishable_key)
    result = run("webhooks", "list")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "hint: set HATCHED_API_KEY to a secret key for this"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), 2),
        (errors.OperationTimeoutError("x", operation=None), 75),
        (errors.OperationFailedError("x", operation=None), 1),
        (errors.ResponseDecodeError("x", status_code=200), 1),
        (errors.InsufficientBalanceError("x", status_code=400), 2),
        (errors.UpstreamImageError("x", status_code=502), 75),
        (errors.HatchedError("x", status_code=302), 1),
        (errors.HatchedError("x"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_other_errors(error: errors.HatchedError, code: int) -> None:
    assert exit_code(error) == code


def test_what_a_server_says_can_neither_steer_the_terminal_nor_show_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    fields = [{"field": "a", "message": "\x1b[2J hatch_live_abc\nError: forged"}]
    report(errors.ValidationError("no \x1b]0;x\x07", status_code=422, details={"fields": fields}))
    told = capsys.readouterr().err
    assert told.splitlines() == [
        r"Error: 422: no \u001b]0;x\u0007",
        r"hint: \u001b[2J hatch_live_***\nError: forged",
    ]


def test_ctrl_c_exits_with_130_and_no_traceback(run: Run, emulator: Emulator) -> None:
    emulator.faults.script("buddies.list", [Fault.stall()])
    command = [sys.executable, "-m", "hatched.cli", "buddies", "list"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not emulator.journal:  # until it waits for the answer
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=20)
    assert (process.returncode, told) == (130, ("", "\n"))


def test_ctrl_c_at_a_question_exits_with_130(run: Run) -> None:
    command = [sys.executable, "-m", "hatched.cli", "webhooks", "delete", NO_BUDDY]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stderr is not None
    assert process.stderr.read(6) == b"Delete"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_closed_pipe_is_quiet(run: Run, emulator: Emulator) -> None:
    with emulator.sync_client() as client:
        client.buddies.ensure("ada")
    for arguments in (["buddies", "list", "--all"], ["buddies", "list", "--json"], ["--help"]):
        command = [sys.executable, "-m", "hatched.cli", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stderr.close()
        process.wait(timeout=20)


def test_a_usage_error_says_where_the_help_is(run: Run) -> None:
    assert run("buddies", "list", "--frob").stderr.splitlines() == [
        "Error: No such option '--frob'.",
        "hint: see `hatched buddies list --help`",
    ]
    assert run("--frob").stderr.splitlines()[1:] == ["hint: see `hatched --help`"]
    assert run("buddies").stderr.startswith("Usage: hatched buddies")  # who asks for nothing gets the help


@pytest.mark.parametrize("command", ["buddies list", "buddies list --json", "--help", "emulator schema"])
def test_output_that_cannot_be_written_is_told_in_one_line(command: str, run: Run) -> None:
    line = f"{shlex.quote(sys.executable)} -m hatched.cli {command} >/dev/full"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (75, "Error: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("line", "code"),
    [("health >&-", 0), ("health 2>&-", 0), ("import - <&-", 0), (f"buddies archive {NO_BUDDY} <&-", 2)],
)
def test_a_stream_that_is_closed_leads_nowhere(line: str, code: int, run: Run) -> None:
    command = f"{shlex.quote(sys.executable)} -m hatched.cli {line}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
