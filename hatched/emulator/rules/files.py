"""Rules from TOML files, and the presets, which are such files (the names of the presets are seen)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hatched.emulator.rules.check import check
from hatched.emulator.rules.model import Rules
from hatched.emulator.validation import InvalidError, Problem, parse

PRESETS = ("language-learning", "fitness", "productivity", "custom")
DEFAULT = PRESETS[0]
_FOLDER = Path(__file__).parent.parent / "presets"

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+(?:\s*\.\s*[\w-]+)*)\s*=""")


class RulesError(ValueError):
    """Rules that say what they must not, one problem per line of the message, with its place in the file."""


@cache
def preset(name: str) -> Rules:
    """The rules of that name. Raises `ValueError`."""
    if name not in PRESETS:
        raise ValueError(f"no such preset: {name!r} (there are {', '.join(PRESETS)})")
    return read(_FOLDER / f"{name}.toml")


def find(name: str | Path) -> Rules:
    """A preset, or the rules of a file."""
    return preset(name) if isinstance(name, str) and name in PRESETS else read(Path(name))


def read(path: Path) -> Rules:
    """The rules of a file. Raises `RulesError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RulesError(f"there is no file {path}, and no preset of that name ({', '.join(PRESETS)})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: {error}") from None
    return parse_text(text, str(path))


def parse_text(text: str, name: str = "rules") -> Rules:
    """Rules from TOML. Raises `RulesError`, whose lines begin with `name` and a line number."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RulesError(f"{name}: {error}") from None
    try:
        rules = parse(Rules, data)
        check(rules)
    except InvalidError as invalid:
        lines = dict(_places(text))
        raise RulesError("\n".join(_located(name, lines, problem) for problem in invalid.problems)) from None
    return rules


def _located(name: str, lines: dict[str, int], problem: Problem) -> str:
    field = problem.field
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return f"{name}:{lines[field]}: {problem.message}" if field else f"{name}: {problem.message}"


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Each table and key with its line, as validation names them: `coin_rules.0.amount`."""
    last: dict[str, int] = {}  # by array of tables, the index of its last one
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            *above, name = _parts(found[2])
            table = _join(_within(above, last), name)
            if found[1] == "[[":
                if table not in last:
                    yield table, number
                last[table] = last.get(table, -1) + 1
            table = _within([table], last)
            yield table, number
        elif found := _KEY.match(line):
            yield _join(table, *_parts(found[1])), number


def _within(parts: list[str], last: dict[str, int]) -> str:
    path = ""
    for part in parts:
        path = _join(path, part)
        if path in last:
            path = f"{path}.{last[path]}"
    return path


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)
