"""`hatched completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that completes this command with the tab key.

    Bash (4.4 or newer), in ~/.bashrc:

    \b
      eval "$(hatched completion bash)"

    Zsh, in ~/.zshrc, below compinit:

    \b
      eval "$(hatched completion zsh)"

    Fish, once:

    \b
      hatched completion fish > ~/.config/fish/completions/hatched.fish
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "hatched", "_HATCHED_COMPLETE").source())
