"""Everything that is run on this repository: `python -m pip install nox && python -m nox -l` lists it.

Only CPython >= 3.11 and a package index are needed; each session installs the rest into an environment of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

HERE = Path(__file__).parent
PROJECT = nox.project.load_toml(HERE / "pyproject.toml")
SUPPORTED = nox.project.python_versions(PROJECT)

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"


def working_pythons() -> dict[str, str]:
    """Version → interpreter, for each supported version and the one that runs nox.

    They are found by running them: what lies on PATH may be a pyenv shim that only says that no version is chosen.
    """
    names = [name for version in SUPPORTED if (name := shutil.which(f"python{version}"))]
    managers = {
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions"): "{}.*/bin/python",
        Path(
            os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python")
        ): "cpython-{}.*/bin/python",
    }
    for root, pattern in managers.items():
        names += [str(path) for version in SUPPORTED for path in sorted(root.glob(pattern.format(version)))]
    found: dict[str, str] = {}
    for name in [sys.executable, *names]:
        ask = [name, "-c", "import sys, ensurepip; print('{}.{}'.format(*sys.version_info), sys.implementation.name)"]
        try:
            answer = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=True).stdout.split()
        except (OSError, subprocess.SubprocessError):
            continue
        if answer[1:] == ["cpython"] and (answer[0] in SUPPORTED or name == sys.executable):
            found.setdefault(answer[0], name)
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


FOUND = working_pythons()
# nox looks interpreters up by name on PATH; its own it knows.
ELSEWHERE = [str(Path(path).parent) for path in FOUND.values() if path != sys.executable]
os.environ["PATH"] = os.pathsep.join([*ELSEWHERE, os.environ["PATH"]])


def install(session: nox.Session, *groups: str, package: str = "-e.[cli,emulator,redis]") -> None:
    """The package with what its extras bring, and groups of development tools."""
    session.install(package, *nox.project.dependency_groups(PROJECT, *groups))


@nox.session
def demo(session: nox.Session) -> None:
    """The main job, offline: hatch a buddy in the embedded emulator, and send it events."""
    install(session)
    session.run("python", "examples/demo.py", *session.posargs)


SPREAD = ("-n", "auto", "--dist", "loadfile")
"""On all processors; a file's tests stay together, for some share what is dear to make."""


OLDEST = ("chaos", "contract", "sync", "typing")
NEWEST = ("cli", "emulator", "typing")
BETWEEN = ("chaos", "cli", "contract", "emulator", "imports", "typing")
"""Directories of tests that are left to another Python (those of types to `nox -s types`), when there are several."""


def share(version: str) -> list[str]:
    """Options of pytest: all tests if there is one Python; each test at least once if there are several."""
    if len(FOUND) == 1:
        return []
    oldest, newest = next(iter(FOUND)), next(reversed(FOUND))
    left_out = OLDEST if version == oldest else NEWEST if version == newest else BETWEEN
    return [f"--ignore=tests/{directory}" for directory in left_out]


@nox.session(python=list(FOUND) or False)
def tests(session: nox.Session) -> None:
    """The tests, shared out among the Pythons found; the oldest measures coverage. With `-- tests`, all on each."""
    if not FOUND:
        session.error(f"no working CPython of {', '.join(SUPPORTED)} was found")
    for version in SUPPORTED:
        if version not in FOUND:
            session.warn(f"skipped: no working Python {version} was found")
    install(session, "tests")
    if session.posargs:
        session.run("pytest", *session.posargs)
    elif session.python == next(iter(FOUND)):
        session.run("coverage", "erase")
        session.run("coverage", "run", "-m", "pytest", *SPREAD, *share(session.python))
    else:
        session.run("pytest", *SPREAD, *share(session.python))


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage of the last `tests` run: at least 95 %."""
    session.install(*nox.project.dependency_groups(PROJECT, "coverage"))
    if any(HERE.glob(".coverage.*")):
        session.run("coverage", "combine", "--quiet")
    elif not (HERE / ".coverage").exists():
        session.error("nothing was measured yet: run `nox -s tests` first")
    session.run("coverage", "report")
    session.run("coverage", "json", "--quiet", "-o", str(Path(session.create_tmp(), "coverage.json")))
    totals = json.loads(Path(session.create_tmp(), "coverage.json").read_text())["totals"]
    percent = 100 * totals["covered_branches"] / totals["num_branches"]
    session.log(f"branches covered: {percent:.1f} %")
    if percent < 95:
        session.error("fewer than 95 % of the branches are covered")


@nox.session
def lint(session: nox.Session) -> None:
    """Layout and lint."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")


@nox.session
def sync(session: nox.Session) -> None:
    """Write the synchronous client from the asynchronous one; with `-- --check`, only compare."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("python", "hatched/sync/_generate.py", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy and pyright: the package, the completeness of its types, and the programs in tests/typing."""
    # `--verifytypes` looks at installed packages only, and not through editable installations.
    install(session, "types", package=".[cli,emulator,redis]")
    session.run("mypy", "hatched")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "hatched", "--ignoreexternal")
    session.run("pytest", "--noconftest", "tests/typing")  # which has what this session does not install


@nox.session
def package(session: nox.Session) -> None:
    """Build the wheel from the source distribution, look into it, and import it where nothing else is installed."""
    session.install("build")
    dist = Path(session.create_tmp(), "dist")
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    (wheel,) = dist.glob("*.whl")
    bare = Path(session.create_tmp(), "bare")
    session.run("python", "-m", "venv", "--clear", str(bare))
    python = str(next(path for path in (bare / "bin/python", bare / "Scripts/python.exe") if path.exists()))
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.run(python, "-I", "tests/packaging/check_wheel.py", str(wheel), external=True)


FUZZED = ("tests/contract/test_fuzz.py", "tests/emulator/test_openapi.py", "tests/emulator/test_rules_files.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Requests that schemathesis makes up from the emulator's OpenAPI document; `-- full` makes up 10,000."""
    install(session, "fuzz")
    full = {"HATCHED_CHAOS": "full"} if "full" in session.posargs else {}
    session.run("pytest", *FUZZED, "-s", env=full)


@nox.session
def chaos(session: nox.Session) -> None:
    """The storms of tests/chaos, and limiters shared by processes, in full size; takes minutes."""
    install(session, "tests")
    session.run(
        "pytest", "-m", "chaos", "tests/chaos", "tests/imports", *session.posargs, env={"HATCHED_CHAOS": "full"}
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Speed, measured side by side in one run; `-- emulating` and the like measure one group."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)
