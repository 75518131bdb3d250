"""The client that a command uses, and the options for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from hatched.cli.errors import may_be_done, wrong_arguments
from hatched.cli.output import Option
from hatched.errors import HatchedError
from hatched.sync.client import HatchedClient

_LONGEST_WAIT = 10.0
"""Seconds. A person at a terminal rather hears that the rate limit is reached than waits a minute for it."""

base_url_option: Option = click.option(
    "--base-url", metavar="URL", help="Where the API is.  [default: HATCHED_BASE_URL, else what the key says]"
)
timeout_option: Option = click.option(
    "--timeout", default=15.0, show_default=True, metavar="SECONDS", help="Seconds for one attempt of a request."
)
idempotency_key_option: Option = click.option(
    "--idempotency-key",
    metavar="KEY",
    help="Sent twice with one key within 24 hours, it is done once.  [default: a new key]",
)


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command an open client as its first argument, and the options of one."""

    @base_url_option
    @timeout_option
    @wraps(command)
    def run(*, base_url: str | None, timeout: float, **given: Any) -> None:
        with wrong_arguments():
            client = HatchedClient(base_url=base_url, timeout=timeout, max_retry_wait=_LONGEST_WAIT)
        with client:
            try:
                command(client, **given)
            except HatchedError as error:
                if "idempotency_key" in given and error.idempotency_key and may_be_done(error):
                    error.add_note(
                        f"it may have been done: repeat it with --idempotency-key {error.idempotency_key}, "
                        "and it is done once"
                    )
                raise

    return run
