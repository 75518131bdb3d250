"""`hatched send`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from hatched.cli.connection import idempotency_key_option, with_client
from hatched.cli.errors import wrong_arguments
from hatched.cli.output import as_json as json_option, print_fields, print_json
from hatched.options import WriteOptions
from hatched.sync.client import HatchedClient


@click.command()
@click.argument("type")
@click.option("--user", required=True, metavar="ID", help="The user in your system.")
@click.option("--id", "event_id", metavar="ID", help="Your own stable id: sent twice, applied once.")
@click.option("--audience", metavar="KEY", help="Needed by customers with two or more audiences.")
@click.option("--at", metavar="TIME", help="When it happened, such as 2026-01-01T09:00:00Z.  [default: now]")
@click.option(
    "--property",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="One of your properties; repeat it for more. A VALUE that is JSON is sent as such, any other as text.",
)
@click.option("--properties", metavar="JSON", help="Your properties as one JSON object.")
@idempotency_key_option
@json_option
@with_client
def send(
    client: HatchedClient,
    *,
    type: str,
    user: str,
    event_id: str | None,
    audience: str | None,
    at: str | None,
    pairs: tuple[str, ...],
    properties: str | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Send one event and print what it changed.

    TYPE is a registered event type, such as lesson_completed. An event with an --id is applied once, however often
    it is sent: give one wherever a script may run twice.

    \b
      hatched send lesson_completed --user user_42 --id lesson_17_user_42
      hatched send lesson_completed --user user_42 --property score=0.92 --property 'code="007"'
      hatched send workout_completed --user user_42 --properties '{"minutes": 30}' --json
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    given = _properties(properties, pairs)
    options: WriteOptions = {} if idempotency_key is None else {"idempotency_key": idempotency_key}
    with wrong_arguments():
        effects = client.events.send(
            user_id=user,
            type=type,
            event_id=event_id,
            audience=audience,
            occurred_at=at,
            properties=given or None,
            **options,
        )
    (print_json if as_json else print_fields)(effects)


def _properties(text: str | None, pairs: tuple[str, ...]) -> Mapping[str, Any]:
    try:
        given = {} if text is None else json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--properties") from None
    if not isinstance(given, dict):
        raise click.BadParameter("must be a JSON object, such as '{\"score\": 0.92}'", param_hint="--properties")
    return {**given, **dict(map(_pair, pairs))}


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--property")
    try:
        return key, json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return key, value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
