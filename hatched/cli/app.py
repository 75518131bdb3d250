"""The commands, each imported when it is called."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from hatched._version import __version__
from hatched.cli.errors import INTERRUPTED, TRY_LATER, in_one_line, report
from hatched.errors import HatchedError

_COMMANDS = {
    "buddies": ("resources:buddies", "Read buddies, and change what they own."),
    "completion": ("completion:completion", "Print the script that completes this command with the tab key."),
    "doctor": ("doctor:doctor", "Look for what keeps this machine from using the API."),
    "eggs": ("resources:eggs", "Create eggs and hatch them."),
    "emulator": ("emulator:emulator", "Hatched on this machine: all of its API, offline."),
    "gates": ("resources:gates", "Things that a buddy unlocks once, for tokens."),
    "health": ("doctor:health", "Ask whether the API is up."),
    "import": ("import_:import_", "Import a file of events: paced, resumable, each of them applied once."),
    "operations": ("resources:operations", "Follow what the server does in the background."),
    "paths": ("resources:paths", "Guided journeys: a path has steps, a step has sub-steps."),
    "send": ("send:send", "Send one event and print what it changed."),
    "webhooks": ("resources:webhooks", "Have events delivered to your server."),
}
"""Where the code of each command is, as MODULE:NAME in hatched.cli, and its one-line help."""


class _Lazy(click.Group):
    """Imports a command when it is called, so that `--help` and every other command stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"hatched.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = sorted(name for name in _COMMANDS if name.startswith(incomplete))
        items = [CompletionItem(name, help=_COMMANDS[name][1]) for name in found]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(self, *args: Any, **named: Any) -> Any:
        try:
            return super().main(*args, **named)
        except OSError as error:  # a full disk behind standard output; click knows of closed pipes only
            # What is left in the buffer must not fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            click.echo(f"Error: the output cannot be written: {os.strerror(error.errno or errno.EIO)}", err=True)
            sys.exit(TRY_LATER)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with in_one_line():
                return super().invoke(ctx)
        except HatchedError as error:
            ctx.exit(report(error))
        except (click.Abort, KeyboardInterrupt):
            click.echo(err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hatched")
def hatched() -> None:
    """The Hatched gamification API, from a terminal.

    The key comes from the environment, never from an option: there, other users of the machine and the history
    of the shell would see it.

    \b
      export HATCHED_API_KEY=hatch_test_…       hatch_test_ is staging, hatch_live_ production
      hatched doctor                            is everything in place?
      hatched buddies ensure user_42            the user's buddy, hatched if need be
      hatched send lesson_completed --user user_42 --property score=0.92
      hatched buddies list --status active --all --json
      hatched import events.jsonl               any number of events, each applied once

    In a pipe, tables are tab-separated lines.

    Exit codes: 0 done, 2 bad input or configuration, 3 quota or credits are used up, 75 try again later,
    130 Ctrl-C, 1 any other error; of an import, 1 is done with rejects.
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
