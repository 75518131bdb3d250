"""The command, in an environment that points at an emulator's server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from hatched.cli.app import hatched as command
from hatched.emulator import Emulator

KEY = "hatch_test_a-key-that-nobody-may-see"

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Emulator, str]]:
    emulator = Emulator(plan="pro", api_key=KEY)
    with emulator.serve() as server:
        yield emulator, server.base_url
    emulator.close()


@pytest.fixture
def emulator(served: tuple[Emulator, str]) -> Iterator[Emulator]:
    """One server for all tests, empty at the start of each."""
    served[0].reset()
    yield served[0]
    served[0].faults.assert_all_fired()


@pytest.fixture
def run(emulator: Emulator, served: tuple[Emulator, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("buddies", "list", input=…)`: what the command answered. Whatever it was, it shows no key."""
    monkeypatch.setenv("HATCHED_API_KEY", KEY)
    monkeypatch.setenv("HATCHED_BASE_URL", served[1])
    monkeypatch.delenv("HATCHED_PUBLISHABLE_KEY", raising=False)

    def run(*arguments: str, input: str | None = None) -> Result:
        result = CliRunner().invoke(command, list(arguments), input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert KEY.removeprefix("hatch_test_") not in result.output
        assert "\x1b" not in result.output
        return result

    return run
