"""`hatched emulator`, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

import hatched
from hatched import emulator
from hatched.cli.app import hatched as command

Started = tuple[subprocess.Popen[str], dict[str, str]]


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """`start(*options)`: a running server, and the variables that it printed."""
    running: list[subprocess.Popen[str]] = []

    def run(*options: str) -> Started:
        arguments = [sys.executable, "-m", "hatched.cli", "emulator", "--port", "0", *options]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ").strip() for _ in range(2)]
        return process, dict(line.split("=", 1) for line in lines)

    yield run
    for process in running:
        process.kill()
        process.communicate()


def told(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments))
    return result.exit_code, result.output


def test_the_printed_variables_point_a_client_at_it(
    start: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, variables = start()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with hatched.HatchedClient() as client:
        client.buddies.ensure("ada")
        assert client.events.send(user_id="ada", type="lesson_completed").coins == 10


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(start: Callable[..., Started], stop: signal.Signals) -> None:
    process, _ = start()
    process.send_signal(stop)
    _, errors = process.communicate(timeout=10)
    assert process.returncode in {0, 130, -stop}
    assert "Traceback" not in errors


def test_a_file_outlives_the_process(start: Callable[..., Started], tmp_path: Path) -> None:
    db = str(tmp_path / "hatched.db")
    for coins in (10, 20):
        process, variables = start("--db", db, "--clock", "2026-01-01T00:00:00Z")
        client = hatched.HatchedClient(api_key=variables["HATCHED_API_KEY"], base_url=variables["HATCHED_BASE_URL"])
        with client:
            buddy = client.buddies.ensure("ada")
            client.events.send(user_id="ada", type="lesson_completed")
            assert client.buddies.get(buddy.id).coins == coins
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def test_options_reach_the_emulator(start: Callable[..., Started], tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[coin_rules]]\nevent = "ping"\namount = 3\n')
    _, variables = start("--rules", str(rules), "--plan", "free", "--clock", "2030-05-05T00:00:00Z", "--seed", "7")
    origin = variables["HATCHED_BASE_URL"].removesuffix("/api/v1")
    assert httpx.get(f"{origin}/_emulator").json()["now"] == "2030-05-05T00:00:00.000Z"
    with hatched.HatchedClient(api_key=variables["HATCHED_API_KEY"], base_url=variables["HATCHED_BASE_URL"]) as client:
        client.buddies.ensure("ada")
        assert client.events.send(user_id="ada", type="ping").coins == 3
        info = client.get_rate_limit_info()
        assert info is not None
        assert info.limit == 100


def test_rules_that_replace_those_of_a_file_are_told(start: Callable[..., Started], tmp_path: Path) -> None:
    db, notes = str(tmp_path / "hatched.db"), []
    for rules in ("fitness", "fitness", "productivity"):
        process, _ = start("--db", db, "--rules", rules)
        process.send_signal(signal.SIGINT)
        notes.append(f"productivity holds now, not the rules in {db}" in process.communicate(timeout=10)[1])
    assert notes == [False, False, True]


def test_print_env_starts_nothing() -> None:
    expected = "export HATCHED_API_KEY=hatch_test_emulator\nexport HATCHED_BASE_URL=http://127.0.0.1:4321/api/v1\n"
    assert told("emulator", "--port", "4321", "--print-env") == (0, expected)


def test_the_coverage_page_tells_stated_from_inferred() -> None:
    code, page = told("emulator", "coverage")
    assert code == 0
    assert "seen      route      events.send " in page
    assert "inferred  route      buddies.list " in page
    rows = json.loads(told("emulator", "coverage", "--json")[1])
    assert {row["confidence"] for row in rows} == {"seen", "inferred"}


def test_the_schema_of_rules_is_printed_as_it_is_published() -> None:
    code, page = told("emulator", "schema")
    assert (code, page) == (0, (Path(emulator.__file__).parent / "presets" / "rules.schema.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rules", "fitnes"), "there is no file fitnes, and no preset of that name"),
        (("--clock", "noon"), "say 2026-01-01T00:00:00Z"),
        (("--forward-webhooks", "localhost"), "say http://localhost:8000/hooks"),
        (("--plan", "huge"), "'huge' is not one of"),
        (("--print-env", "--port", "0"), "--print-env needs the --port"),
        (("--port", "70000"), "70000 is not in the range"),
        (("--db", "/nowhere/hatched.db"), "cannot open /nowhere/hatched.db"),
    ],
)
def test_what_is_wrong_is_one_line_and_no_traceback(arguments: tuple[str, ...], words: str) -> None:
    code, output = told("emulator", *arguments)
    assert code == 2
    assert words in output
    assert len(output.splitlines()) <= 2


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = told("emulator", "--port", str(port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; --port 0 takes a free one" in output


def test_help_is_given() -> None:
    assert "Hatched on this machine" in told("--help")[1]
    assert "--forward-webhooks URL" in told("emulator", "-h")[1]
    assert told("--version")[1] == f"hatched, version {hatched.__version__}\n"


def test_without_its_extra_one_line_says_what_to_install() -> None:
    program = "import sys; sys.modules['click'] = None; from hatched.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "the hatched command needs its extra: pip install 'hatched[cli]'\n")
