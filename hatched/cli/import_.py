"""`hatched import`."""

from __future__ import annotations

import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click
from attrs import asdict, evolve, frozen
from click.shell_completion import CompletionItem

from hatched.cli.errors import BAD_INPUT, INTERRUPTED, TRY_LATER, USED_UP, RefusedError, exit_code, report as say
from hatched.cli.import_options import FILE, MapError, for_library, import_options
from hatched.cli.output import print_document, print_pairs, printable
from hatched.cli.progress import Progress, duration
from hatched.config import checked_url
from hatched.errors import HatchedError, redact
from hatched.imports import dead_letters
from hatched.imports.blocking import plan as make_plan
from hatched.imports.checkpoint import Checkpoint, State, peek
from hatched.imports.files import check_apart
from hatched.imports.options import ImportOptions, PlanOptions, checked
from hatched.imports.planning import ImportPlan
from hatched.imports.report import ImportReport, StopReason
from hatched.imports.sources import Source
from hatched.sync.client import HatchedClient

_CODES = {
    StopReason.QUOTA: USED_UP,
    StopReason.DAY_LIMIT: TRY_LATER,
    StopReason.NO_PROGRESS: TRY_LATER,
    StopReason.STORAGE: TRY_LATER,
    StopReason.INERT: BAD_INPUT,
    StopReason.REJECTED: BAD_INPUT,
    StopReason.REFUSED: BAD_INPUT,
    StopReason.INTERRUPTED: INTERRUPTED,
}
_WITH_REJECTS = 1
_TYPES = 20
"""Types that a dry run counts one by one."""

_IN_OPTIONS = (
    (r'\bevent_id="(\w+)"', r"--event-id \1"),
    (r'\boccurred_at="(\w+)"', r"--occurred-at \1"),
    (r"\bcheckpoint=", "--checkpoint"),
    (r"\bdead_letter=", "--dead-letter"),
    (r"\binert_threshold\b", "--inert-threshold"),
)
"""What the library's messages call an option, and what the command calls it."""

_OF_ITS_OWN = "give this one a --checkpoint of its own"
_FILE_OR_STDIN = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)


class _Rejected:
    """A dead-letter file as a source. A checkpoint of it has the name of this class for the name of its source."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Any]:
        return dead_letters.events(self._path)


@frozen(kw_only=True)
class _Job:
    """One import as it was asked for.

    Attributes:
        words: The command up to the file.
        file: As it was given.
        given: The options that were given, by name.
    """

    words: tuple[str, ...]
    file: str
    source: Source
    checkpoint: str | None
    dead_letter: str | None
    given: Mapping[str, Any]
    as_json: bool

    @property
    def resume(self) -> str:
        """The command that goes on."""
        words = [*self.words, _plain(self.file), "--resume"]
        for name, value in self.given.items():
            words += [f"--{name.replace('_', '-')}", _text(value)]
        return shlex.join([*words, "--json"] if self.as_json else words)


class _Import(click.Command):
    """`hatched import FILE`, or one of the commands below it, if the first argument is its name."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in _BELOW:
            return _BELOW[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Commands (a file of that name is ./NAME)"):
            formatter.write_dl([(name, command.get_short_help_str(80)) for name, command in _BELOW.items()])


def _files_and_commands(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the tab key offers for FILE. Files first: the script for bash forgets what comes before them."""
    names = [name for name in _BELOW if name.startswith(incomplete)]
    return [*parameter.type.shell_complete(ctx, parameter, incomplete), *map(CompletionItem, names)]


@click.command(cls=_Import)
@click.argument("file", type=_FILE_OR_STDIN, metavar="FILE", shell_complete=_files_and_commands)
@click.option("--dry-run", is_flag=True, help="Only read and check: offline, without a key.")
@import_options
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    *,
    file: str,
    dry_run: bool,
    resume: bool,
    base_url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Import a file of events: paced, resumable, each of them applied once.

    FILE is JSON Lines, CSV or Parquet (.jsonl, .csv, .parquet, the first two also .gz or .zst); - is JSON Lines on
    standard input. Events that the server refuses go to FILE.rejected.jsonl, and the rest goes on. Whatever ends it,
    --resume goes on from FILE.checkpoint.

    \b
      hatched import events.jsonl --dry-run     what it would take
      hatched import events.jsonl
      hatched import events.jsonl --resume

    Exit codes: 0 done, 1 done with rejects, 2 bad input, 3 the month's events are used up, 75 try again later,
    130 Ctrl-C.
    """  # noqa: D301  \b is click's mark for a paragraph that is not to be filled
    given = {name: value for name, value in options.items() if value is not None}
    piped = file == "-"
    job = _Job(
        words=("hatched", "import"),
        file=file,
        source=file,
        checkpoint=options["checkpoint"] or (None if piped else f"{file}.checkpoint"),
        dead_letter=options["dead_letter"] or (None if piped else f"{file}.rejected.jsonl"),
        given=given if base_url is None else {**given, "base_url": base_url},
        as_json=as_json,
    )
    ctx.exit(_dry_run(job) if dry_run else _import(job, resume, base_url))


@click.command()
@click.argument("file", type=FILE, metavar="REJECTED.jsonl")
@import_options
@click.pass_context
def retry(
    ctx: click.Context, /, *, file: str, resume: bool, base_url: str | None, as_json: bool, **options: Any
) -> None:
    """Import the events of a file of rejected ones again.

    What is refused again goes to another file: that of REJECTED.jsonl is REJECTED.again.jsonl. With --map, they can be
    mended first: map is given the event as it is in the file.
    """
    given = {name: value for name, value in options.items() if value is not None}
    job = _Job(
        words=("hatched", "import", "retry"),
        file=file,
        source=_Rejected(file),
        checkpoint=options["checkpoint"] or f"{file}.checkpoint",
        dead_letter=options["dead_letter"] or f"{file.removesuffix('.jsonl')}.again.jsonl",
        given=given if base_url is None else {**given, "base_url": base_url},
        as_json=as_json,
    )
    ctx.exit(_import(job, resume, base_url))


@click.command()
@click.argument("file", type=click.Path(), metavar="FILE|CHECKPOINT")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(*, file: str, as_json: bool) -> None:
    """Show how far an import came, from its checkpoint.

    One that runs has its checkpoint to itself: of it, nothing but that is known here.
    """
    path = f"{file}.checkpoint" if Path(f"{file}.checkpoint").exists() else file
    try:
        state = peek(path)
    except (ValueError, OSError) as error:
        if not _in_use(error):
            why = f"there is no checkpoint {file}.checkpoint" if path == file else str(error)
            raise RefusedError(why, "say FILE as `hatched import` was told it, or the checkpoint itself") from None
        values: dict[str, Any] = {"checkpoint": path, "state": "in use by a running import"}
    else:
        values = {"checkpoint": path, **_told(state, path)}
    (print_document if as_json else print_pairs)(values)


_BELOW: dict[str, click.Command] = {"retry": retry, "status": status}


def _told(state: State | None, path: str) -> dict[str, Any]:
    if state is None:
        return {"state": "nothing is done yet"}
    ended = {"done": "done", None: "killed before it ended"}.get(state.ended, f"stopped: {state.ended}")
    again = state.source == _Rejected.__name__ and path.endswith(".checkpoint")
    source = path.removesuffix(".checkpoint") if again else state.source
    values = {"source": source, "state": ended, "watermark": state.watermark, **state.counts}
    values["elapsed"] = round(state.counts["elapsed"], 1)
    if state.ended != "done":
        values["resume"] = state.command or "call events.import_all again with the same source, options and checkpoint"
    return values


def _text(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _plain(file: str) -> str:
    """A name that no parser takes for an option."""
    return f"./{file}" if file.startswith("-") and file != "-" else file


def _in_use(error: Exception) -> bool:
    return "in use by another import" in str(error)


# --- importing ----------------------------------------------------------------------------------------------


def _import(job: _Job, resume: bool, base_url: str | None) -> int:
    fresh = _check_checkpoint(job, resume)
    options = _options(job)
    progress = Progress()
    report: ImportReport | None
    error: Exception | None = None
    try:
        with HatchedClient(base_url=base_url) as client, progress:
            if fresh:
                _note(job)
            options["on_progress"] = progress
            report = client.events.import_all(job.source, **options)
    except KeyboardInterrupt:
        report = progress.last
        if report is None or report.stopped is None:
            raise
    except Exception as raised:
        report = progress.last
        error = raised
        if _code_of(error) is None:
            raise
    if report is None:
        assert error is not None
        return _told_of(error)
    return _summed_up(job, report, error)


def _options(job: _Job) -> ImportOptions:
    """What the library is given; values that it would refuse are refused here, whether or not anything is sent."""
    _check_files(job)
    options = for_library(job.given)
    for name in ("checkpoint", "dead_letter"):
        if (path := getattr(job, name)) is not None:
            options[name] = path
    try:
        checked("events.import_all", options, ImportOptions)
    except ValueError as error:
        raise RefusedError(_in_options(str(error))) from None
    return options


def _check_files(job: _Job) -> None:
    """Nothing of ours is written into what is read, nor two things into one file."""
    try:
        check_apart(job.file, checkpoint=job.checkpoint, dead_letter=job.dead_letter)
    except ValueError as error:
        raise RefusedError(_in_options(str(error))) from None
    for path in (job.checkpoint, job.dead_letter):
        if path is not None and not Path(path).parent.is_dir():
            raise RefusedError(f"{path}: there is no such directory")


def _check_checkpoint(job: _Job, resume: bool) -> bool:
    """Whether nothing is in it yet."""
    if job.checkpoint is None or not Path(job.checkpoint).exists():
        return True
    try:
        state = peek(job.checkpoint)
    except (ValueError, OSError) as error:
        if _in_use(error):
            raise RefusedError(str(error), f"wait for it, or {_OF_ITS_OWN}") from None
        raise RefusedError(str(error), _OF_ITS_OWN) from None
    if state is None or state.untouched:
        return True
    if resume:
        return False
    if not isinstance(job.source, _Rejected) and Path(state.source).name != Path(job.file).name:
        raise RefusedError(f"{job.checkpoint} is that of an import of {state.source}", _OF_ITS_OWN)
    if state.ended == "done":
        raise RefusedError(
            f"{job.file} is already imported: {job.checkpoint} says so", f"delete {job.checkpoint} to import it again"
        )
    raise RefusedError(
        f"an import of {job.file} has begun and is not done ({job.checkpoint})",
        f"`{job.resume}` goes on; or delete {job.checkpoint} to begin again",
    )


def _note(job: _Job) -> None:
    """Keep the command for `status`, which would know nothing else of one that is killed."""
    if job.checkpoint is not None:
        with closing(Checkpoint(job.checkpoint)) as checkpoint:
            checkpoint.note(job.resume)


# --- what is said at the end --------------------------------------------------------------------------------


def _code_of(error: Exception) -> int | None:
    """`None` for a mistake of ours."""
    if isinstance(error, HatchedError):
        return exit_code(error)
    if isinstance(error, sqlite3.Error) or type(error).__module__.partition(".")[0] == "redis":
        return TRY_LATER  # a limiter that is away
    known = (ValueError, TypeError, OSError, ImportError, MapError)
    return BAD_INPUT if isinstance(error, known) else None


def _told_of(error: Exception) -> int:
    if isinstance(error, HatchedError):
        return say(error)
    code = _code_of(error)
    assert code is not None
    click.echo(f"Error: {_words(str(error) or type(error).__name__)}", err=True)
    return code


def _summed_up(job: _Job, report: ImportReport, error: Exception | None) -> int:
    if error is not None and not report.accepted + report.rejected + report.skipped:
        return _told_of(error)
    if report.stopped is not None:
        resume = None if job.checkpoint is None else job.resume
        report = evolve(report, error=redact(_in_options(report.error or "")), resume=resume)
        with suppress(OSError, ValueError):  # what it says here is the same
            _note(job)
    if job.as_json:
        print_document(asdict(report))
    else:
        print_pairs(_summary(report))
    sys.stdout.flush()
    if report.rejected and job.dead_letter is not None and report.stopped is not StopReason.STORAGE:
        click.echo(f"{report.rejected} rejected: see {printable(job.dead_letter)}", err=True)
        again = shlex.join(["hatched", "import", "retry", _plain(job.dead_letter)])
        how = f"`{printable(again)}` sends them again; its --map can mend them"
        click.echo(f"hint: when they are mended, {how}", err=True)
    if report.stopped is None:
        return _WITH_REJECTS if report.rejected else 0
    if error is not None:
        code = _told_of(error)
    else:
        code = _CODES[report.stopped]
        click.echo(f"Stopped ({report.stopped}): {_words(report.error or '')}", err=True)
    if report.resume is None:
        click.echo(
            f"the first {report.watermark} rows are dealt with; with --checkpoint, it could go on there", err=True
        )
    else:
        click.echo(f"go on with: {printable(redact(report.resume))}", err=True)
    return code


def _summary(report: ImportReport) -> dict[str, Any]:
    values = asdict(report)
    shown = {name: values[name] for name in values if name not in _IN_LINES}
    shown["elapsed"] = round(report.elapsed, 1)
    if report.elapsed:
        shown["events_per_second"] = round(report.accepted / report.elapsed)
    return {**shown, "state": "done" if report.stopped is None else f"stopped: {report.stopped}"}


_IN_LINES = ("fraction", "per_minute", "dry_run", "stopped", "error", "resume")
"""Of the report, what the summary has in other words, or not at all."""


def _words(text: str) -> str:
    return printable(redact(_in_options(text)))


def _in_options(text: str) -> str:
    for pattern, option in _IN_OPTIONS:
        text = re.sub(pattern, option, text)
    return text


# --- a dry run ----------------------------------------------------------------------------------------------


def _dry_run(job: _Job) -> int:
    given = job.given
    if "checkpoint" in given:
        _check_checkpoint(job, resume=True)
    options = _options(job)
    try:
        if "base_url" in given:
            checked_url(given["base_url"])
        known = {name: value for name, value in options.items() if name in PlanOptions.__optional_keys__}
        plan = make_plan(None, job.file, known)
    except Exception as error:
        if _code_of(error) is None:
            raise
        return _told_of(error)
    if job.as_json:
        print_document(asdict(plan))
    else:
        _print_plan(plan, given)
    _warn(given)
    if 0 in plan.problems:
        click.echo("Error: the first row is no event, so an import would send nothing", err=True)
        return BAD_INPUT
    return _WITH_REJECTS if plan.rejected else 0


def _print_plan(plan: ImportPlan, given: Mapping[str, Any]) -> None:
    limit = f"{plan.limit:,} requests/min" + ("" if "requests_per_minute" in given else ", which is assumed")
    types = sorted(plan.types.items(), key=lambda pair: -pair[1])
    values: dict[str, Any] = {
        "rows": plan.read,
        "events": plan.events,
        "rejected": plan.rejected,
        "skipped": plan.skipped,
        **{f"type {name}": count for name, count in types[:_TYPES]},
        **({"other types": sum(count for _, count in types[_TYPES:])} if types[_TYPES:] else {}),
        "requests": plan.requests,
        "time": f"{duration(plan.seconds)} at {given.get('share', 0.5):g} of {limit}",
        "days": plan.days,
        "quota": "none known" if plan.quota is None else f"{plan.quota:,} events a month",
        **{f"position {position}": _in_options(bad.message) for position, bad in plan.problems.items()},
    }
    if plan.rejected > len(plan.problems):
        values["more"] = f"{plan.rejected - len(plan.problems)} rejected rows"
    print_pairs({printable(name): value for name, value in values.items()})


def _warn(given: Mapping[str, Any]) -> None:
    sys.stdout.flush()
    click.echo("warning: an import runs rules and fires webhooks for historic events, too", err=True)
    now = given.get("occurred_at") == "optional"
    fate = "happen now" if now else "are rejected; with --occurred-at optional they happen now"
    click.echo(f"warning: rows without occurred_at {fate}", err=True)
