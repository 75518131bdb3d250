"""What a command that failed says, and the code that it exits with."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from hatched.cli.output import printable
from hatched.errors import (
    ActiveEggLimitError,
    ConfigurationError,
    CreditInsufficientError,
    ErrorCode,
    EventQuotaExceededError,
    HatchedError,
    NotFoundError,
    OperationTimeoutError,
    PlanFeatureLockedError,
    PublishableKeyScopeError,
    RateLimitError,
    ResponseDecodeError,
    TransportError,
    UnauthorizedError,
    ValidationError,
    redact,
)

BAD_INPUT = 2
USED_UP = 3
TRY_LATER = 75
INTERRUPTED = 130

_BY_CLASS: tuple[tuple[type[HatchedError], int], ...] = (
    (ConfigurationError, BAD_INPUT),
    (UnauthorizedError, BAD_INPUT),
    (PublishableKeyScopeError, BAD_INPUT),
    (NotFoundError, BAD_INPUT),
    (ValidationError, BAD_INPUT),
    (CreditInsufficientError, USED_UP),
    (EventQuotaExceededError, USED_UP),
    (OperationTimeoutError, TRY_LATER),
    (RateLimitError, TRY_LATER),
    (TransportError, TRY_LATER),
)
_BY_STATUS = {400: BAD_INPUT, 402: USED_UP, 404: BAD_INPUT, 408: TRY_LATER, 422: BAD_INPUT, 429: TRY_LATER}

_HINTS: tuple[tuple[type[HatchedError], str], ...] = (
    (
        ConfigurationError,
        "export HATCHED_API_KEY=hatch_test_… (and HATCHED_BASE_URL, if need be); see `hatched doctor`",
    ),
    (PublishableKeyScopeError, "set HATCHED_API_KEY to a secret key for this"),
    (ActiveEggLimitError, "hatch or cancel one, or create with --ensure to reuse it"),
    (NotFoundError, "see which there are with `list`; an archived one is not found either"),
    (OperationTimeoutError, "it goes on: wait again, or longer with --wait"),
    (TransportError, "`hatched doctor` looks at the connection"),
)
"""For those whose own hint is missing, or speaks of Python."""

_HINTS_BY_CODE: Mapping[str | None, str] = {
    ErrorCode.EVENT_TYPE_NOT_REGISTERED: (
        "check the spelling, or register the type in the dashboard, or in the rules of an emulator"
    ),
    ErrorCode.MISSING_AUDIENCE: "say which with --audience",
    ErrorCode.PROGRESSION_NOT_SPENDABLE: "only primary tokens can be spent; see `hatched buddies tokens`",
    ErrorCode.UNKNOWN_AUDIENCE: "check the spelling of --audience",
}


def exit_code(error: HatchedError) -> int:
    """2 for bad input, 3 for quota or credits, 75 for what may work later, 1 for anything else."""
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    status = error.status_code or 0
    return TRY_LATER if status >= 500 else _BY_STATUS.get(status, 1)


def report(error: HatchedError) -> int:
    """Say on stderr what went wrong, in one line, and what to do about it. Returns the exit code."""
    text = str(error)
    click.echo(f"Error: {printable(text.removesuffix(f'. {error.hint}') if error.hint else text)}", err=True)
    for hint in _hints(error):
        click.echo(f"hint: {printable(hint)}", err=True)
    return exit_code(error)


def _hints(error: HatchedError) -> Iterator[str]:
    """Those of the command (its notes), those of the answer, or else that of the code or the class."""
    found: list[str] = [*getattr(error, "__notes__", ()), *_in_the_answer(error)]
    if not found and error.code in _HINTS_BY_CODE:
        found = [_HINTS_BY_CODE[error.code]]
    if not found:
        found = [next((hint for kind, hint in _HINTS if isinstance(error, kind)), error.hint)]
    yield from filter(None, found)


def _in_the_answer(error: HatchedError) -> Iterator[str]:
    if isinstance(error, RateLimitError):
        yield f"try again in {error.retry_after:g} s"
    elif isinstance(error, EventQuotaExceededError):
        yield _sentence(("events are counted anew at", error.reset_at), ("more are at", error.upgrade_url))
    elif isinstance(error, CreditInsufficientError):
        yield _sentence(("buy credits at", error.top_up_url), ("change the plan at", error.upgrade_url))
    elif isinstance(error, PlanFeatureLockedError):
        yield _sentence(("it takes the plan", error.required_plan), ("change the plan at", error.upgrade_url))
    fields = error.details.get("fields")
    if isinstance(fields, list):
        said = [str(one.get("message", one) if isinstance(one, dict) else one) for one in fields]
        yield "; ".join(one for one in said if one not in error.message)


def _sentence(*parts: tuple[str, object]) -> str:
    said = [f"{words} {value}" for words, value in parts if value is not None]
    return ", ".join(said) or "the dashboard shows plan and usage"


def may_be_done(error: HatchedError) -> bool:
    """Whether the server may have done what it was asked for although the call failed."""
    if isinstance(error, TransportError):
        return error.maybe_received
    return isinstance(error, ResponseDecodeError) or (error.status_code or 0) >= 500


class RefusedError(click.ClickException):
    """Bad input: one line, and a hint."""

    exit_code = BAD_INPUT

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(printable(redact(message)))
        self._hint = hint

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """On stderr."""
        click.echo(f"Error: {self.message}", err=True)
        if self._hint:
            click.echo(f"hint: {printable(redact(self._hint))}", err=True)


@contextmanager
def wrong_arguments() -> Generator[None]:
    """What the SDK says of a wrong argument is a usage error."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise click.UsageError(printable(redact(str(error)))) from None


@contextmanager
def in_one_line() -> Generator[None]:
    """Has a usage error told in one line, too, with a hint of where the help is."""
    try:
        yield
    except click.UsageError as error:
        if type(error).show is not click.UsageError.show:  # no arguments at all: it shows the help
            raise
        hint = f"see `{error.ctx.command_path} --help`" if error.ctx else None
        raise RefusedError(" ".join(error.format_message().split()), hint) from None
