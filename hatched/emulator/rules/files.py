"""Rules from TOML files, and the presets, which are such files (the names of the presets are seen)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from hatched.emulator.plans import Plan
from hatched.emulator.rules.check import check
from hatched.emulator.rules.model import Rules
from hatched.emulator.rules.places import places
from hatched.emulator.validation import InvalidError, Problem, parse

PRESETS = ("language-learning", "fitness", "productivity", "custom")
DEFAULT = PRESETS[0]
_FOLDER = Path(__file__).parent.parent / "presets"


class RulesError(ValueError):
    """Rules that say what they must not, one problem per line of the message, with its place in the file."""


@cache
def preset(name: str) -> Rules:
    """The rules of that name. Raises `ValueError`."""
    if name not in PRESETS:
        raise ValueError(f"no such preset: {name!r} (there are {', '.join(PRESETS)})")
    return read(_FOLDER / f"{name}.toml")


def find(name: str | Path, plan: Plan | None = None) -> Rules:
    """A preset, or the rules of a file."""
    return preset(name) if isinstance(name, str) and name in PRESETS else read(Path(name), plan)


def read(path: Path, plan: Plan | None = None) -> Rules:
    """The rules of a file. Raises `RulesError`, also for rules that ask too much of the plan."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RulesError(f"there is no file {path}, and no preset of that name ({', '.join(PRESETS)})") from None
    except OSError as error:
        raise RulesError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        raise RulesError(f"{path}:{line}: not UTF-8: {error.reason}") from None
    return parse_text(text, str(path), plan)


def parse_text(text: str, name: str = "rules", plan: Plan | None = None) -> Rules:
    """Rules from TOML. Raises `RulesError`, each of whose lines names a line of the text."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RulesError(f"{name}: {error}") from None
    try:
        rules = parse(Rules, data)
        check(rules, plan)
    except InvalidError as invalid:
        lines = places(text)
        raise RulesError("\n".join(_located(name, lines, problem) for problem in invalid.problems)) from None
    return rules


def _located(name: str, lines: dict[str, int], problem: Problem) -> str:
    field = problem.field
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return f"{name}:{lines[field]}: {problem.message}" if field else f"{name}: {problem.message}"
