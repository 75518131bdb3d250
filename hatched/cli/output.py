"""What a command prints: a table for a person, tab-separated lines for a pipe, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import click

from hatched.codec import to_dict
from hatched.models._base import Model

FC = TypeVar("FC", bound="Callable[..., Any] | click.Command")


class Option(Protocol):
    """What adds an option to a command."""

    def __call__(self, command: FC, /) -> FC:
        """The command with the option."""
        ...


as_json: Option = click.option("--json", "as_json", is_flag=True, help="One JSON document, with the names of the API.")


def printable(text: str) -> str:
    r"""The text on one line, with the escapes of JSON for what a terminal would obey or cannot show."""
    return "".join(letter if _is_shown(letter) else json.dumps(letter)[1:-1] for letter in text)


def _is_shown(letter: str) -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return letter.isprintable() and (letter.isascii() or encoding.lower().replace("-", "") == "utf8")


def print_json(value: Any) -> None:
    """A model, a sequence of models, or nothing, as JSON."""
    print_document(_data(value))


def print_document(data: Any) -> None:
    """Plain data as JSON."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    click.echo("\n".join(map(printable, text.split("\n"))))


def _data(value: Any) -> Any:
    if value is None:
        return None
    return to_dict(value) if isinstance(value, Model) else [to_dict(one) for one in value]


def print_rows(rows: Iterable[Model], columns: Sequence[str]) -> None:
    """Some fields of each model. In a pipe a model is a line as soon as it is there, and no width cuts it."""
    lines = ([_cell(row.get(column)) for column in columns] for row in map(to_dict, rows))
    if sys.stdout.isatty():
        _draw(lines, columns)
        return
    click.echo("\t".join(columns))
    for line in lines:
        click.echo("\t".join(line))


def print_fields(model: Model) -> None:
    """All fields of one model, a line each."""
    print_pairs(to_dict(model))


def print_pairs(values: Mapping[str, Any]) -> None:
    """Names and values, a line each."""
    lines = ([name, _cell(value)] for name, value in values.items())
    if sys.stdout.isatty():
        _draw(lines)
        return
    for line in lines:
        click.echo("\t".join(line))


def _draw(lines: Iterable[Sequence[str]], columns: Sequence[str] | None = None) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    names = ("", "") if columns is None else columns
    drawn = [Column(name, overflow="fold", no_wrap=place == 0) for place, name in enumerate(names)]  # ids stay whole
    table = Table(*drawn, box=None, pad_edge=False, show_header=columns is not None)
    for line in lines:
        table.add_row(*map(Text, line))  # Text, for what users call their buddies is no markup
    Console(highlight=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
