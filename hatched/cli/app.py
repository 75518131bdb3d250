"""The commands, each imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from hatched._version import __version__

_COMMANDS = {"emulator": "Hatched on this machine: all of its API, offline."}
"""Name and one-line help of each command; its code is `hatched.cli.NAME:NAME`."""


class _Lazy(click.Group):
    """Imports a command when it is called, so that `--help` and every other command stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"hatched.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hatched")
def hatched() -> None:
    """The Hatched gamification API, from a terminal."""
