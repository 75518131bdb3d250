"""The command as a whole: help, start, completion, and what is printed where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import Result

from hatched.cli.app import _COMMANDS, hatched as command
from hatched.emulator import Emulator
from tests.cli.terminal import on_a_terminal

Run = Callable[..., Result]


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_says_what_each_says_itself(name: str) -> None:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    assert (found.get_short_help_str(200) + ".").startswith(_COMMANDS[name][1].removesuffix(".")[:40])


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_help(name: str, run: Run) -> None:
    assert run(name, "-h").stdout.startswith(f"Usage: hatched {name}")


def test_help_tells_where_the_key_comes_from(run: Run) -> None:
    page = run("--help").stdout
    assert "The key comes from the environment, never from an option" in page
    assert "export HATCHED_API_KEY=hatch_test_…" in page
    assert "75 try again later" in " ".join(page.split())


def test_help_loads_no_command() -> None:
    code = (
        "import sys; sys.argv = ['hatched', '--help']\n"
        "from hatched.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'httpx', 'rich', 'sqlite3', 'hatched.sync.client'} & {*sys.modules}))"
    )
    # Where coverage is measured in all processes, it imports things of its own.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=alone)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_in_a_pipe_does_not_load_what_draws_tables(run: Run) -> None:
    code = (
        "import sys; sys.argv = ['hatched', 'buddies', 'list']\n"
        "from hatched.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, run: Run) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_HATCHED_COMPLETE={shell}_complete" in result.stdout
    page = run("completion", "--help").stdout
    assert "~/.bashrc" in page
    assert "~/.zshrc" in page
    assert "~/.config/fish/completions/hatched.fish" in page


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("hatched em", ["emulator"]),
        ("hatched --v", ["--version"]),
        ("hatched buddies get-p", ["get-progression", "get-purchased-items"]),
        ("hatched buddies list --or", ["--order"]),
        ("hatched buddies list --order a", ["asc"]),
        ("hatched completion f", ["fish"]),
        ("hatched import st", ["st", "status"]),  # a file that begins so, or the command
    ],
)
def test_the_tab_key_completes(words: str, expected: list[str]) -> None:
    environment = {
        **os.environ,
        "_HATCHED_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "import sys; sys.argv = ['hatched']; from hatched.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


def test_on_a_terminal_a_list_is_drawn_and_ids_stay_whole(run: Run, emulator: Emulator) -> None:
    with emulator.sync_client() as client:
        buddy = client.buddies.ensure("ada")
        client.buddies.update_name(buddy.id, name="[red]Pip\x1b[2J Çınar")
    drawn = on_a_terminal("buddies", "list", width=160).drawn
    assert "\t" not in drawn
    assert buddy.id in drawn
    assert r"[red]Pip\u001b[2J Çınar" in drawn
    assert "\x1b[2J" not in drawn
    assert buddy.id in on_a_terminal("buddies", "list", width=80).drawn
    assert buddy.id in on_a_terminal("buddies", "get", buddy.id, width=60).drawn


def test_what_users_call_their_buddies_cannot_break_a_line(run: Run, emulator: Emulator) -> None:
    with emulator.sync_client() as client:
        buddy = client.buddies.ensure("ada")
        client.buddies.update_name(buddy.id, name="a\tb\nc\x1b[2J名")
    table = run("buddies", "list").stdout.splitlines()
    assert len(table) == 2
    assert table[1].split("\t")[3] == r"a\tb\nc\u001b[2J名"
    document = run("buddies", "get", buddy.id, "--json").stdout
    assert "名" in document
    assert json.loads(document)["name"] == "a\tb\nc\x1b[2J名"


@pytest.mark.parametrize("arguments", [["buddies", "list"], ["buddies", "list", "--json"]])
def test_an_encoding_that_lacks_a_letter_is_no_reason_to_fail(
    arguments: list[str], run: Run, emulator: Emulator
) -> None:
    with emulator.sync_client() as client:
        client.buddies.update_name(client.buddies.ensure("ada").id, name="名")
    done = subprocess.run(
        [sys.executable, "-m", "hatched.cli", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert rb"\u540d" in done.stdout
