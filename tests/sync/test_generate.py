"""The check of the generated client, on a copy of the package: what it finds, and that it finds it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hatched

pytestmark = pytest.mark.skipif(shutil.which("ruff") is None, reason="needs ruff; `nox -s sync -- --check` has it")

PACKAGE = Path(hatched.__file__).parent

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    copy = tmp_path / "hatched"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "emulator"))
    shutil.copy(PACKAGE.parent / "pyproject.toml", tmp_path)
    return copy


@pytest.fixture
def generate(package: Path) -> Check:
    def run(*arguments: str) -> tuple[int, str]:
        # Run as a file, so that not even an import of the installed package can get in between.
        command = [sys.executable, str(package / "sync" / "_generate.py"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_generated_files_are_up_to_date(generate: Check) -> None:
    status, output = generate("--check")
    assert status == 0, output
    assert "up to date" in output


def test_the_check_writes_nothing(package: Path, generate: Check) -> None:
    (package / "sync/eggs.py").write_text("")
    generate("--check")
    assert (package / "sync/eggs.py").read_text() == ""


def test_drift_is_found(package: Path, generate: Check) -> None:
    replace(package / "resources/eggs.py", "egg_id: str", "egg: str")
    status, output = generate("--check")
    assert status == 1
    assert "egg: str" in output
    assert "eggs.py" in output


def test_a_hand_edit_is_found(package: Path, generate: Check) -> None:
    replace(package / "sync/client.py", '"""Ask whether', '"""See whether')
    status, output = generate("--check")
    assert status == 1
    assert '-        """See whether' in output


def test_a_missing_file_is_found(package: Path, generate: Check) -> None:
    (package / "sync/gates.py").unlink()
    status, output = generate("--check")
    assert status == 1
    assert "gates.py" in output


def test_an_orphan_is_found(package: Path, generate: Check) -> None:
    (package / "sync/quests.py").write_text("")
    status, output = generate("--check")
    assert status == 1
    assert "quests.py: nothing generates this file" in output


def test_a_word_that_nothing_uses_is_found(package: Path, generate: Check) -> None:
    replace(package / "sync/_generate.py", "WORDS = {", 'WORDS = {\n    "AsyncQuests": "Quests",')
    status, output = generate("--check")
    assert status == 1
    assert "words that nothing uses: ['AsyncQuests']" in output


def test_writing_repairs_all_of_it(package: Path, generate: Check) -> None:
    (package / "sync/quests.py").write_text("")
    (package / "sync/gates.py").unlink()
    replace(package / "sync/client.py", '"""Ask whether', '"""See whether')
    assert generate()[0] == 0
    assert generate("--check")[0] == 0
    for path in (PACKAGE / "sync").glob("*.py"):
        assert (package / "sync" / path.name).read_text() == path.read_text()
    assert not (package / "sync/quests.py").exists()


def test_an_edit_that_formatting_would_hide_is_still_an_edit(package: Path, generate: Check) -> None:
    with (package / "sync/eggs.py").open("a") as file:
        file.write("\n\n# a remark\n")
    assert generate("--check")[0] == 1
