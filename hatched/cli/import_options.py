"""The options of `hatched import`, and what the library is given for them."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import click

from hatched.cli.connection import base_url_option
from hatched.cli.errors import RefusedError
from hatched.imports.file_limiter import FileLimiter
from hatched.imports.limiter import Limiter
from hatched.imports.options import ImportOptions
from hatched.imports.redis_limiter import RedisLimiter, _is_secret
from hatched.imports.schedule import Order

FILE = click.Path(exists=True, dir_okay=False, readable=True)


def _limiter_name(text: str) -> str:
    kind, colon, rest = text.partition(":")
    if kind != "file" and _is_secret(text):
        raise click.BadParameter("others would see its password: put the URL into HATCHED_REDIS_URL, and say redis")
    if text != "redis" and not (kind in ("file", "redis", "rediss", "unix") and colon and rest):
        raise click.BadParameter(f"{text!r} is neither file:PATH nor a redis:// URL, nor redis for HATCHED_REDIS_URL")
    if kind == "file" and not Path(rest).absolute().parent.is_dir():
        raise click.BadParameter(f"the directory of {rest} is not there")
    return text


def _concurrency(text: str) -> str:
    if text != "auto" and not text.isdecimal():
        raise click.BadParameter(f"{text!r} is neither a number nor auto")
    return text


_OPTIONS = (
    click.option("--resume", is_flag=True, help="Go on where the checkpoint says; without one, from the beginning."),
    click.option("--share", type=float, metavar="X", help="Share of the rate limit to use.  [default: 0.5]"),
    click.option("--map", type=FILE, metavar="FILE.py", help="Python with map(row): an event, or None to skip."),
    click.option("--concurrency", type=_concurrency, metavar="N|auto", help="Requests at once.  [default: auto]"),
    click.option(
        "--order", type=click.Choice(get_args(Order)), help="What stays in order: each user's events, none, or all."
    ),
    click.option("--event-id", type=click.Choice(("column", "content")), help="The row's own ids, or made of content."),
    click.option(
        "--occurred-at", type=click.Choice(("required", "optional")), help="If optional, rows without it happen now."
    ),
    click.option(
        "--checkpoint",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="[default: that of the input + .checkpoint]",
    ),
    click.option("--dead-letter", type=click.Path(dir_okay=False), metavar="FILE", help="Where rejected events go."),
    click.option("--requests-per-minute", type=int, metavar="N", help="The rate limit, if the server does not tell."),
    click.option("--give-up-after", type=float, metavar="SECONDS", help="Of no progress at all.  [default: 900]"),
    click.option("--on-day-limit", type=click.Choice(("stop", "wait")), help="When the day's requests are used up."),
    click.option("--on-quota", type=click.Choice(("stop", "wait")), help="When the month's events are used up."),
    click.option("--inert-threshold", type=float, metavar="X", help="Largest share without a buddy.  [default: 0.2]"),
    click.option(
        "--limiter", type=_limiter_name, metavar="file:PATH|redis://...", help="Pace several imports together."
    ),
    click.option("--timeout", type=float, metavar="SECONDS", help="For one attempt of a request.  [default: 60]"),
    base_url_option,
    click.option("--json", "as_json", is_flag=True, help="The report as one JSON object."),
)


def import_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command the options of an import."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def for_library(given: Mapping[str, Any]) -> ImportOptions:
    """What the library takes of the options that were given."""
    options = {name: value for name, value in given.items() if name != "base_url"}
    if "map" in options:
        options["map"] = _map_of(options["map"])
    if "limiter" in options:
        options["limiter"] = _limiter(options["limiter"])
    if options.get("concurrency", "auto") != "auto":
        options["concurrency"] = int(options["concurrency"])
    return cast("ImportOptions", options)


class MapError(Exception):
    """The function of `--map` failed with something that says nothing of the row."""


def _map_of(path: str) -> Callable[[Any], Any]:
    try:
        function = runpy.run_path(path).get("map")
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is the user's code
        raise RefusedError(f"{path} cannot be run: {_named(error)}") from None
    if not callable(function):
        raise RefusedError(f"{path} defines no function map(row)", "it answers an event, or None to skip the row")

    def mapped(row: Any) -> Any:
        try:
            return function(row)
        except (TypeError, ValueError):  # the row's fault: it is rejected
            raise
        except (Exception, SystemExit) as error:  # which else ends the command without a word
            raise MapError(f"map of {path} failed: {_named(error)}") from error

    return mapped


def _named(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _limiter(text: str) -> Limiter:
    kind, _, rest = text.partition(":")
    if kind == "file":
        return FileLimiter(rest)
    try:
        return RedisLimiter(None if text == "redis" else text)
    except (ImportError, ValueError) as error:
        raise RefusedError(str(error)) from None
