"""`hatched emulator`."""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import sys

import click

from hatched.cli.errors import RefusedError
from hatched.emulator import fidelity
from hatched.emulator.clock import Clock, WallClock
from hatched.emulator.emulator import DEFAULT_KEY, Emulator
from hatched.emulator.plans import PLANS
from hatched.emulator.router import PREFIX
from hatched.emulator.rules.files import DEFAULT, PRESETS
from hatched.emulator.rules.schema import document
from hatched.emulator.server import origin

_PORT = 4280
_RULES = f"A TOML file, or a preset: {', '.join(PRESETS)}.  [default: what --db holds, else {DEFAULT}]"


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--db", default=":memory:", metavar="FILE", help="Keep everything in FILE, not in memory.")
@click.option("--rules", metavar="FILE", help=_RULES)
@click.option("--plan", default="growth", show_default=True, type=click.Choice(list(PLANS)), help="Limits, features.")
@click.option("--seed", default="0", show_default=True, help="The same seed and requests give the same ids.")
@click.option("--clock", metavar="TIME", help="Virtual time that starts at TIME, such as 2026-01-01T00:00:00Z.")
@click.option("--forward-webhooks", metavar="URL", help="Send the webhooks of all endpoints to URL.")
@click.option("--print-env", is_flag=True, help="Only print the variables that point an SDK at such a server.")
@click.pass_context
def emulator(
    ctx: click.Context,
    *,
    host: str,
    port: int,
    db: str,
    rules: str | None,
    plan: str,
    seed: str,
    clock: str | None,
    forward_webhooks: str | None,
    print_env: bool,
) -> None:
    """Hatched on this machine: all of its API, offline, until Ctrl-C.

    It prints the two variables that point an SDK at it, in Python or JavaScript.
    Below /_emulator it answers this machine: clock, faults, journal, export, and more.

    \b
      hatched emulator --db hatched.db
      eval "$(hatched emulator --print-env)" && python my_app.py
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    if ctx.invoked_subcommand is not None:
        return
    if print_env:
        if port == 0:
            raise click.UsageError("--print-env needs the --port that the server has")
        _print_variables(DEFAULT_KEY, origin(host, port) + PREFIX)
        return
    try:
        time = WallClock() if clock is None else _clock(clock)
        emulated = Emulator(rules=rules, plan=plan, store=db, seed=seed, clock=time)
        emulated.deliver_webhooks_to(forward_webhooks)
        server = emulated.serve(host, port)
    except (ValueError, ImportError) as error:
        raise RefusedError(str(error)) from None
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = f"{os.strerror(errno.EADDRINUSE)}; --port 0 takes a free one" if taken else error.strerror or error
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason}") from None
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    try:
        if emulated._replaced_rules:
            click.echo(f"# {rules} holds now, not the rules in {db}; the buddies and eggs in it keep those", err=True)
        _print_variables(emulated.api_key, server.base_url)
        click.echo(f"# {emulated!r}; Ctrl-C ends it", err=True)
        gc.freeze()  # what was imported stays for good: the collector need not look at it again
        server.run()
    finally:
        emulated.close()


def _clock(text: str) -> Clock:
    try:
        return Clock(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}; say 2026-01-01T00:00:00Z", param_hint="--clock") from None


def _print_variables(api_key: str, base_url: str) -> None:
    click.echo(f"export HATCHED_API_KEY={api_key}\nexport HATCHED_BASE_URL={base_url}")


@emulator.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def coverage(as_json: bool) -> None:
    """What is emulated, and whether the documentation states it or it is inferred."""
    rows = list(fidelity.page())
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    for row in rows:
        click.echo(f"{row.confidence:<9} {row.kind:<10} {row.name:<42} {row.what}")
    seen = sum(row.confidence == "seen" for row in rows)
    click.echo(f"\n{seen} of {len(rows)} are stated by the documentation, {len(rows) - seen} are inferred.")


@emulator.command()
def schema() -> None:
    """The JSON Schema of a rules file, for an editor that completes and checks TOML.

    \b
      hatched emulator schema > rules.schema.json
      and on the first line of the rules: #:schema ./rules.schema.json
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    click.echo(json.dumps(document(), indent=2))
