"""Mypy and pyright on programs: the right ones (ok_*) pass, of the wrong ones (bad_*) exactly the marked lines fail.

Runs where both are installed: once, in `nox -s types`.
"""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted([*HERE.glob("ok_*.py"), *HERE.glob("bad_*.py")])

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("mypy", "pyright")), reason="runs in `nox -s types`"
)

Found = set[tuple[str, int]]


def marked() -> Found:
    return {
        (path.name, number)
        for path in PROGRAMS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# E:" in line
    }


def run(*command: str) -> str:
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False).stdout


def mypy() -> Found:
    output = run("mypy", "--strict", "--no-pretty", "--no-error-summary", *map(str, PROGRAMS))
    errors = re.findall(r"(?m)^(?:.*[/\\])?(\w+\.py):(\d+)(?::\d+)?: error: ", output)
    assert len(errors) == output.count(": error: ")
    return {(name, int(line)) for name, line in errors}


def pyright() -> Found:
    report = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, PROGRAMS)))
    assert report["summary"]["filesAnalyzed"] >= len(PROGRAMS)
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        for one in report["generalDiagnostics"]
        if one["severity"] == "error"
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_exactly_the_marked_lines_are_refused(checker: Callable[[], Found]) -> None:
    found, expected = checker(), marked()
    assert len(expected) > 40
    lines = [f"{name}:{line} must not be refused" for name, line in sorted(found - expected)]
    lines += [f"{name}:{line} is not refused" for name, line in sorted(expected - found)]
    assert not lines, "\n".join(lines)
