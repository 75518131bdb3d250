"""`hatched health` and `hatched doctor`."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import click

from hatched._version import __version__
from hatched.cli.connection import base_url_option, timeout_option, with_client
from hatched.cli.errors import BAD_INPUT, TRY_LATER, exit_code, wrong_arguments
from hatched.cli.output import as_json as json_option, print_fields, print_json, printable
from hatched.config import KeyKind, resolve
from hatched.errors import ConfigurationError, ForbiddenError, HatchedError, TransportError
from hatched.pipeline.messages import RateLimitInfo, ResponseInfo
from hatched.pipeline.retry_policy import parse_http_date
from hatched.sync.client import HatchedClient

_LARGEST_SKEW = 60.0
"""Seconds."""
_EMULATED = "x-hatched-emulator-fidelity"
"""A header that only an emulator sends."""
_OLDEST_PYTHON = (3, 11)
_REQUIRED = ("httpx", "anyio", "attrs", "cattrs")
_EXTRAS = {"cli": ("click", "rich"), "emulator": ("pyjwt", "uvicorn")}
_SECRET_VARIABLES = ("HATCHED_API_KEY", "HATCHED_PUBLISHABLE_KEY")
_OTHER_VARIABLES = ("HATCHED_BASE_URL", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_KINDS = {
    KeyKind.TEST: "hatch_test_…, a test key, from HATCHED_API_KEY",
    KeyKind.LIVE: "hatch_live_…, a live key, from HATCHED_API_KEY",
    KeyKind.PUBLISHABLE: "hatch_pk_…, a publishable key, from HATCHED_PUBLISHABLE_KEY",
}


@click.command()
@json_option
@with_client
def health(client: HatchedClient, *, as_json: bool) -> None:
    """Ask whether the API is up.

    \b
      until hatched health; do sleep 5; done
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    with wrong_arguments():
        answer = client.health()
    (print_json if as_json else print_fields)(answer)


class _Report:
    """Says each finding in one line, and keeps the exit code."""

    def __init__(self) -> None:
        self.code = 0

    def ok(self, what: str, text: str) -> None:
        self._say("ok", what, text)

    def wrong(self, what: str, text: str, code: int = BAD_INPUT) -> None:
        # Bad configuration outweighs bad weather: trying again later does not mend it.
        self.code = code if self.code != BAD_INPUT else BAD_INPUT
        self._say("!!", what, text)

    @staticmethod
    def _say(mark: str, what: str, text: str) -> None:
        click.echo(f"{mark}  {what:<12} {printable(text)}")


@click.command()
@base_url_option
@timeout_option
@click.pass_context
def doctor(ctx: click.Context, *, base_url: str | None, timeout: float) -> None:
    """Look for what keeps this machine from using the API.

    One line for each thing: ok, or !! with what is wrong. Of a key, only its kind is shown. Two requests are sent, and
    nothing is changed.

    Exit codes: 0 all well, 2 something is configured badly (the clock of this machine, too), 75 the API cannot be
    reached or has no time now.
    """
    report = _Report()
    _look_at_packages(report)
    _look_at_environment(report)
    try:
        _, kind, url = resolve(base_url=base_url)
        report.ok("key", _KINDS[kind])
        report.ok("base URL", url)
        with wrong_arguments():
            client = HatchedClient(base_url=base_url, timeout=timeout, max_retries=0)
    except ConfigurationError as error:
        report.wrong("settings", f"{error.message} (the API was not asked)")
        ctx.exit(report.code)
    with client:
        if _is_reached(report, client):
            _look_at_key(report, client)
            _look_at_rate_limit(report, client.get_rate_limit_info())
    ctx.exit(report.code)


def _look_at_packages(report: _Report) -> None:
    python = f"{platform.python_implementation()} {platform.python_version()}, {sys.platform}"
    if sys.version_info >= _OLDEST_PYTHON:
        report.ok("Python", python)
    else:
        report.wrong("Python", f"{python}: needs {'.'.join(map(str, _OLDEST_PYTHON))} or newer")
    found = {name: _version(name) for name in _REQUIRED}
    text = ", ".join([f"hatched {__version__}", *(f"{name} {found[name] or 'is missing'}" for name in found)])
    (report.ok if all(found.values()) else report.wrong)("packages", text)
    extras = [
        f"{name} {'installed' if all(map(_version, parts)) else 'not installed'}" for name, parts in _EXTRAS.items()
    ]
    report.ok("extras", ", ".join(extras))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _look_at_environment(report: _Report) -> None:
    """Names only: the values of some are secret, and those of others may have a password in them."""
    names = [name for name in (*_SECRET_VARIABLES, *_OTHER_VARIABLES) if os.environ.get(name)]
    report.ok("environment", f"{', '.join(names)} set" if names else "no variable that matters is set")


def _is_reached(report: _Report, client: HatchedClient) -> bool:
    """Whether the API answers `GET /health`; its answer tells the time of the server, too."""
    seen: list[ResponseInfo] = []
    try:
        with wrong_arguments():
            client.health(on_response=seen.append)
    except ConfigurationError as error:
        report.wrong("API", f"not asked: {error.message}")
        return False
    except TransportError as error:
        report.wrong("API", f"not reached: {error.message}", TRY_LATER)
        return False
    except HatchedError as error:
        later = exit_code(error) == TRY_LATER
        report.wrong("API", f"reached, but not well: {error}", TRY_LATER if later else BAD_INPUT)
        return later
    (info,) = seen
    who = ", from an emulator" if _EMULATED in info.headers else ""
    report.ok("API", f"GET /health answered {info.status_code} within {info.elapsed * 1000:.0f} ms{who}")
    _look_at_clock(report, info)
    return True


def _look_at_clock(report: _Report, info: ResponseInfo) -> None:
    there = parse_http_date(info.headers.get("date", ""))
    if there is None:
        report.ok("clock", "not compared: the answer has no Date")
        return
    skew = time.time() - info.elapsed / 2 - there
    if abs(skew) <= _LARGEST_SKEW:
        report.ok("clock", f"within {max(abs(skew), 1):.0f} s of the server's")
        return
    way = "ahead of" if skew > 0 else "behind"
    if _EMULATED in info.headers:
        report.ok("clock", f"{abs(skew):.0f} s {way} the emulator's, whose time is its own")
        return
    report.wrong(
        "clock", f"{abs(skew):.0f} s {way} the server's: webhook signatures and occurred_at go by it; set it by NTP"
    )


def _look_at_key(report: _Report, client: HatchedClient) -> None:
    try:
        client.buddies.list(limit=1)
    except ForbiddenError as error:
        report.ok("access", f"the key is accepted, though not to list buddies: {error.message}")
    except HatchedError as error:
        later = exit_code(error) == TRY_LATER
        report.wrong("access", str(error), TRY_LATER if later else BAD_INPUT)
    else:
        report.ok("access", "the key is accepted")


def _look_at_rate_limit(report: _Report, info: RateLimitInfo | None) -> None:
    if info is None or info.limit is None:
        report.ok("rate limit", "not told by the server")
        return
    reset = "" if info.reset is None else f", until {time.strftime('%H:%M:%S', time.gmtime(info.reset))} UTC"
    report.ok("rate limit", f"{info.remaining} of {info.limit} requests left{reset}")
