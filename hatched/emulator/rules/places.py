"""Where things stand in a text of TOML: the readers of TOML for Python keep no positions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<nothing>[ \t\r]+|\#[^\n]*)"""
    r"""|\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'"""
    r"""|[^\s\[\]{},=."'\#]+|.""",
    re.DOTALL,
)


def places(text: str) -> dict[str, int]:
    """Each table, key and element with its line, as validation names them: `coin_rules.0.amount`.

    The text must be one that `tomllib` reads.
    """
    return _Walk(text).lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[str, int] = {}
        self._last: dict[str, int] = {}  # by array of tables, the index of its last one
        self._tokens = _tokens(text)
        self._ahead, self._line = next(self._tokens)
        table = ""
        while self._ahead:
            if self._ahead == "\n":
                self._step()
            elif self._ahead == "[":
                table = self._header()
            else:
                self._pair(table)

    def _step(self) -> tuple[str, int]:
        passed = self._ahead, self._line
        self._ahead, self._line = next(self._tokens)
        return passed

    def _header(self) -> str:
        self._step()
        if several := self._ahead == "[":
            self._step()
        line = self._line
        *above, name = self._key()
        path = self._down("", above, line)
        if several:
            array = _join(path, name)
            self.lines.setdefault(array, line)
            self._last[array] = self._last.get(array, -1) + 1
        while self._ahead == "]":
            self._step()
        return self._down(path, [name], line)

    def _pair(self, table: str) -> None:
        line = self._line
        path = self._down(table, self._key(), line)
        self._step()  # over the `=`
        self._value(path)

    def _value(self, path: str) -> None:
        opening, _ = self._step()
        if opening not in {"[", "{"}:
            while self._ahead not in {"\n", ",", "]", "}", ""}:
                self._step()
            return
        index = 0
        while self._ahead not in {"]", "}"}:
            if self._ahead in {"\n", ","}:
                self._step()
            elif opening == "{":
                self._pair(path)
            else:
                self._value(self._down(path, [str(index)], self._line))
                index += 1
        self._step()

    def _key(self) -> list[str]:
        parts = [_name(self._step()[0])]
        while self._ahead == ".":
            self._step()
            parts.append(_name(self._step()[0]))
        return parts

    def _down(self, path: str, parts: list[str], line: int) -> str:
        """The path of what is below another one; whatever is met for the first time stands on this line."""
        for part in parts:
            path = _join(path, part)
            self.lines.setdefault(path, line)
            if path in self._last:
                path = f"{path}.{self._last[path]}"
                self.lines.setdefault(path, line)
        return path


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """What is neither blank nor comment, with its line; in the end, emptiness."""
    line = 1
    for found in _TOKEN.finditer(text):
        if not found["nothing"]:
            yield found[0], line
        line += found[0].count("\n")
    while True:
        yield "", line


def _name(token: str) -> str:
    name: str = tomllib.loads(f"name = {token}")["name"] if token[0] in "\"'" else token
    return name


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part
