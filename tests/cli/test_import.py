"""`hatched import`, against an emulator's server."""

from __future__ import annotations

import gzip
import json
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hatched.cli import import_ as module
from hatched.cli.app import hatched as command
from hatched.cli.progress import Progress, duration
from hatched.emulator import Emulator, Fault
from hatched.imports import ImportReport
from tests.cli.conftest import KEY
from tests.cli.terminal import on_a_terminal

Run = Callable[..., Result]
Write = Callable[..., str]
Start = Callable[..., subprocess.Popen[str]]
USERS = ("ada", "bob", "cyd")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Emulator, str]]:
    emulator = Emulator(plan="enterprise", api_key=KEY)
    with emulator.serve() as server:
        yield emulator, server.base_url
    emulator.close()


@pytest.fixture
def crowd(emulator: Emulator) -> Emulator:
    """The emulator, where all users have buddies."""
    with emulator.sync_client() as client:
        for user in USERS:
            client.buddies.ensure(user)
    return emulator


def event(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "user_id": USERS[number % len(USERS)],
        "type": "lesson_completed",
        "occurred_at": "2026-01-01T00:00:00Z",
        **changed,
    }


def lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """`write(300)` or `write([row, …], "b.jsonl")`: a file in the working directory, and its name."""
    monkeypatch.chdir(tmp_path)

    def write(rows: int | Iterable[Any], name: str = "a.jsonl") -> str:
        Path(name).write_text(lines(map(event, range(rows)) if isinstance(rows, int) else rows))
        return name

    return write


@pytest.fixture
def start(run: Run) -> Iterator[Start]:
    """`start(*arguments)`: the command as a process of its own."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hatched.cli", "import", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def slow(crowd: Emulator) -> Iterator[Emulator]:
    """The emulator, which takes its time for each answer."""
    crowd.faults.random(0, {Fault.latency(0.04): 1.0})
    yield crowd
    crowd.faults.clear()


def applied(emulator: Emulator) -> list[str]:
    return sorted(effect.event_id for effect in emulator.effects())


def wait_for(emulator: Emulator, events: int) -> None:
    until = time.monotonic() + 20
    while len(emulator.effects()) < events:
        assert time.monotonic() < until
        time.sleep(0.01)


def fields(result: Result) -> dict[str, str]:
    return dict(line.split("\t") for line in result.stdout.splitlines())


# --- importing


def test_every_event_of_a_file_is_applied(run: Run, crowd: Emulator, write: Write) -> None:
    result = run("import", write(250))
    assert result.exit_code == 0
    assert applied(crowd) == sorted(f"e{number}" for number in range(250))
    told = fields(result)
    assert (told["read"], told["accepted"], told["rejected"], told["state"]) == ("250", "250", "0", "done")
    assert result.stderr.splitlines() == [result.stderr.strip()]
    assert result.stderr.startswith("100.0 %; 250 accepted; ")
    assert "requests/min; 0 x 429" in result.stderr


def test_rejected_events_are_kept_and_sent_again(run: Run, crowd: Emulator, write: Write) -> None:
    rows = [event(0), event(1, type="no type"), event(2), event(3, type="no type"), "no event"]
    result = run("import", write(rows))
    assert result.exit_code == 1
    assert applied(crowd) == ["e0", "e2"]
    assert "3 rejected: see a.jsonl.rejected.jsonl" in result.stderr
    assert "`hatched import retry a.jsonl.rejected.jsonl`" in result.stderr
    rejected = Path("a.jsonl.rejected.jsonl").read_bytes()

    Path("mend.py").write_text(
        "def map(row):\n"
        "    if isinstance(row, str): return None\n"
        "    return {**row, 'type': 'lesson_completed'} if row['event_id'] == 'e1' else row\n"
    )
    result = run("import", "retry", "a.jsonl.rejected.jsonl", "--map", "mend.py")
    assert result.exit_code == 1
    assert (fields(result)["accepted"], fields(result)["rejected"], fields(result)["skipped"]) == ("1", "1", "1")
    assert applied(crowd) == ["e0", "e1", "e2"]
    assert Path("a.jsonl.rejected.jsonl").read_bytes() == rejected
    (kept,) = Path("a.jsonl.rejected.again.jsonl").read_text().splitlines()
    assert json.loads(kept)["event"]["event_id"] == "e3"

    assert run("import", "retry", "a.jsonl.rejected.jsonl").exit_code == 2
    assert "is already imported" in run("import", "retry", "a.jsonl.rejected.jsonl").stderr
    told = fields(run("import", "status", "a.jsonl.rejected.jsonl"))
    assert (told["source"], told["state"]) == ("a.jsonl.rejected.jsonl", "done")


def test_a_retry_sends_what_it_can_whatever_comes_first(run: Run, emulator: Emulator, write: Write) -> None:
    result = run("import", "retry", write([{"event": "no event"}, {"event": event(1)}], "r.jsonl"))
    assert result.exit_code == 1
    assert "its --map can mend them" in result.stderr
    assert [one.event_id for one in emulator.effects()] == ["e1"]
    assert json.loads(Path("r.again.jsonl").read_text())["event"] == "no event"
    result = run("import", "retry", write([{"x": 1}], "q.jsonl"))
    assert result.exit_code == 2
    assert "Error: q.jsonl, line 1: not a line of a dead-letter file" in result.stderr


def test_a_map_makes_events_of_rows(run: Run, crowd: Emulator, write: Write) -> None:
    Path("shape.py").write_text(
        "BASE = {'type': 'lesson_completed', 'occurred_at': '2026-01-01T00:00:00Z'}\n"
        "def map(row):\n"
        "    if row['n'] == 1: return None\n"
        "    if row['n'] == 2: raise ValueError('two is bad')\n"
        "    return {'event_id': f'm{row[\"n\"]}', 'user_id': 'ada', **BASE}\n"
    )
    result = run("import", write([{"n": n} for n in range(4)]), "--map", "shape.py")
    assert result.exit_code == 1
    assert applied(crowd) == ["m0", "m3"]
    assert fields(result)["skipped"] == "1"
    assert "two is bad" in Path("a.jsonl.rejected.jsonl").read_text()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1", "m.py defines no function map(row)"),
        ("def map(:", "m.py cannot be run: SyntaxError: "),
        ("raise SystemExit(3)", "m.py cannot be run: SystemExit: 3"),
        ("def map(row): raise SystemExit(4)", "map of m.py failed: SystemExit: 4"),
        ("def map(row): return row['\\x1b[1m']", "map of m.py failed: KeyError: '"),
    ],
)
def test_a_broken_map_is_told_in_one_line(code: str, words: str, run: Run, emulator: Emulator, write: Write) -> None:
    name = write(3)
    Path("m.py").write_text(code)
    result = run("import", name, "--map", "m.py")
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_standard_input_is_a_source(run: Run, crowd: Emulator, write: Write) -> None:
    write(0)
    result = run("import", "-", input=lines(map(event, range(5))))
    assert result.exit_code == 0
    assert len(applied(crowd)) == 5
    assert [*map(str, Path().iterdir())] == ["a.jsonl"]

    result = run("import", "-", input=lines([event(7), "no event", event(8)]))
    assert result.exit_code == 2
    assert "give --dead-letter a file" in result.stderr
    assert "with --checkpoint, it could go on" in result.stderr
    assert run("import", "-", "--dead-letter", "bad.jsonl", input=lines([event(7), "no event"])).exit_code == 1
    assert len(Path("bad.jsonl").read_text().splitlines()) == 1


def test_a_file_with_the_name_of_a_command(run: Run, crowd: Emulator, write: Write) -> None:
    write(1, "status.jsonl")
    Path("status.jsonl").rename("status")
    assert "expected a name that ends with .jsonl" in run("import", "./status").stderr
    assert run("import", "status").exit_code == 2
    assert run("import", "--", write(1, "-x.jsonl")).exit_code == 0


def test_options_may_stand_before_the_file(run: Run, crowd: Emulator, write: Write) -> None:
    write([{key: value for key, value in event(1).items() if key not in ("event_id", "occurred_at")}])
    result = run("import", "--event-id", "content", "--occurred-at", "optional", "--share", "1", "--order", "none",
                 "--concurrency", "3", "--limiter", "file:turns.db", "--on-quota", "wait", "a.jsonl")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert applied(crowd)[0].startswith("content_")
    assert Path("turns.db").exists()


def test_the_report_as_json(run: Run, crowd: Emulator, write: Write) -> None:
    crowd.faults.script("events.send_batch", [None, Fault.status(402)])
    result = run("import", write(150), "--order", "total", "--json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert (report["accepted"], report["stopped"], report["watermark"]) == (100, "quota", 100)
    assert report["resume"] == "hatched import a.jsonl --resume --order total --json"


# --- how it ends


@pytest.mark.parametrize(
    ("faults", "options", "code", "reason"),
    [
        ([Fault.status(402)], (), 3, "quota"),
        ([Fault.status(429, retry_after=7200)], (), 75, "day_limit"),
        ([Fault.status(503), Fault.status(503)], ("--give-up-after", "0"), 75, "no_progress"),
        ([Fault.status(401)], (), 2, "refused"),
        ([Fault.status(403)], (), 2, "refused"),
    ],
)
def test_exit_codes(
    faults: list[Fault], options: tuple[str, ...], code: int, reason: str, run: Run, crowd: Emulator, write: Write
) -> None:
    crowd.faults.script("events.send_batch", [None, *faults])
    name = write(150, "an import.jsonl")
    result = run("import", name, "--order", "total", *options)
    crowd.faults.clear()
    assert result.exit_code == code, result.output
    assert fields(result)["state"] == f"stopped: {reason}"
    *_, why, how = result.stderr.splitlines()
    assert why.startswith(f"Stopped ({reason}): ")
    words = shlex.split(how.removeprefix("go on with: "))
    assert words == ["hatched", "import", name, "--resume", "--order", "total", *options]

    told = fields(run("import", "status", name))
    assert (told["state"], told["watermark"], told["accepted"]) == (f"stopped: {reason}", "100", "100")
    assert shlex.split(told["resume"]) == words
    assert told == fields(run("import", "status", f"{name}.checkpoint"))

    again = run("import", name)
    assert again.exit_code == 2
    assert "has begun and is not done" in again.stderr
    assert "--resume" in again.stderr
    assert run(*words[1:]).exit_code == 0
    assert applied(crowd) == sorted(f"e{number}" for number in range(150))
    again = run("import", name)
    assert again.exit_code == 2
    assert "is already imported" in again.stderr
    assert "hint: delete an import.jsonl.checkpoint to import it again" in again.stderr
    assert run("import", name, "--resume").exit_code == 0
    assert json.loads(run("import", "status", name, "--json").stdout)["state"] == "done"


def test_without_buddies_it_stops_before_it_uses_up_the_ids(run: Run, emulator: Emulator, write: Write) -> None:
    result = run("import", write(1500), "--concurrency", "1")
    assert result.exit_code == 2
    assert "Stopped (inert): " in result.stderr
    assert "or raise --inert-threshold" in result.stderr
    assert len(emulator.effects()) <= 200
    assert run("import", "a.jsonl", "--resume", "--inert-threshold", "1").exit_code == 0


def test_a_dead_letter_file_that_takes_nothing(run: Run, crowd: Emulator, write: Write) -> None:
    result = run("import", write([event(0), "no event"]), "--dead-letter", "/dev/full")
    assert result.exit_code == 75
    assert "Stopped (storage): " in result.stderr
    assert "go on with: hatched import a.jsonl --resume --dead-letter /dev/full" in result.stderr


WRONG = [  # whether or not anything is to be sent
    (("nosuch.jsonl",), "does not exist"),
    (("a.txt",), "expected a name that ends with .jsonl"),
    (("a.jsonl", "--share", "2"), "share must be between 0.001 and 1"),
    (("a.jsonl", "--concurrency", "many"), "'many' is neither a number nor auto"),
    (("a.jsonl", "--concurrency", "33"), "concurrency must be between 1 and 32"),
    (("a.jsonl", "--requests-per-minute", "0"), "requests_per_minute must be between 1 and 1e+09"),
    (("a.jsonl", "--timeout", "0"), "timeout must be between 0.001 and"),
    (("a.jsonl", "--give-up-after", "-1"), "give_up_after must be between 0 and"),
    (("a.jsonl", "--inert-threshold", "2"), "--inert-threshold must be between 0 and 1"),
    (("a.jsonl", "--order", "users"), "'users' is not one of"),
    (("a.jsonl", "--on-quota", "go"), "'go' is not one of"),
    (("a.jsonl", "--base-url", "http://hatched.test"), "base_url must use https"),
    (("a.jsonl", "--checkpoint", "."), "'.' is a directory"),
    (("a.jsonl", "--dead-letter", "."), "'.' is a directory"),
    (("a.jsonl", "--checkpoint", "nowhere/c"), "nowhere/c: there is no such directory"),
    (("a.jsonl", "--checkpoint", "a.txt"), "a.txt is no checkpoint of an import"),
    (("a.jsonl", "--dead-letter", "nowhere/d"), "nowhere/d: there is no such directory"),
    (
        ("a.jsonl", "--dead-letter", "./a.jsonl"),
        "./a.jsonl cannot be --dead-letter: it is what the events are read from",
    ),
    (
        ("a.jsonl", "--dead-letter", "a.jsonl.checkpoint"),
        "a.jsonl.checkpoint cannot be --dead-letter: it is --checkpoint",
    ),
    (("a.jsonl", "--limiter", "turns.db"), "is neither file:PATH nor a redis:// URL"),
    (("a.jsonl", "--limiter", "file:nowhere/turns.db"), "the directory of nowhere/turns.db is not there"),
    (("a.jsonl", "--limiter", "redis"), "HATCHED_REDIS_URL"),
    (("a.jsonl", "--map", "nosuch.py"), "does not exist"),
]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        *WRONG,
        (("a.jsonl", "--limiter", "file:a.txt"), "a.txt is no file of a limiter: give the limiter a file of its own"),
        (("bad.jsonl",), "the first row is no event, so nothing was sent"),
        (("status", "a.jsonl"), "there is no checkpoint a.jsonl.checkpoint"),
        (("retry", "nosuch.jsonl"), "does not exist"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    arguments: tuple[str, ...], words: str, run: Run, emulator: Emulator, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HATCHED_REDIS_URL", raising=False)
    write(3)
    write(["no event"], "bad.jsonl")
    Path("a.txt").write_text("some text that is no database\n" * 100)
    result = run("import", *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert result.stdout == ""
    assert not emulator.effects()
    if arguments in [wrong for wrong, _ in WRONG]:
        dry = run("import", *arguments, "--dry-run")
        assert (dry.exit_code, dry.stderr, dry.stdout) == (2, result.stderr, "")


def test_a_checkpoint_in_which_nothing_is_yet(run: Run, crowd: Emulator, write: Write) -> None:
    name = write(2)
    Path("a.jsonl.checkpoint").touch()
    assert "nothing is done yet" in run("import", "status", name).stdout
    assert run("import", name).exit_code == 0


def test_how_to_go_on_with_another_file_is_not_what_a_checkpoint_says(run: Run, crowd: Emulator, write: Write) -> None:
    crowd.faults.script("events.send_batch", [None, Fault.status(402)])
    assert run("import", write(150), "--order", "total", "--map", mapping()).exit_code == 3
    resume = "hatched import a.jsonl --resume --order total --map same.py"
    assert fields(run("import", "status", "a.jsonl"))["resume"] == resume
    write([event(7)], "b.jsonl")
    other = run("import", "b.jsonl", "--checkpoint", "a.jsonl.checkpoint", "--resume", "--map", mapping())
    assert other.exit_code == 2
    assert fields(run("import", "status", "a.jsonl"))["resume"] == resume


def test_the_checkpoint_of_another_file_does_not_say_that_this_one_is_imported(
    run: Run, crowd: Emulator, write: Write
) -> None:
    assert run("import", write(2)).exit_code == 0
    other = run("import", write(2, "b.jsonl"), "--checkpoint", "a.jsonl.checkpoint")
    assert (other.exit_code, other.stderr.splitlines()) == (
        2,
        [
            "Error: a.jsonl.checkpoint is that of an import of a.jsonl",
            "hint: give this one a --checkpoint of its own",
        ],
    )


def mapping() -> str:
    Path("same.py").write_text("def map(row): return row")
    return "same.py"


def test_an_import_from_python_goes_on_in_python(run: Run, crowd: Emulator, write: Write) -> None:
    crowd.faults.script("events.send_batch", [Fault.status(402)])
    with crowd.sync_client() as client:
        report = client.events.import_all(write(1), checkpoint="a.jsonl.checkpoint")
    assert report.stopped == "quota"
    assert "events.import_all" in fields(run("import", "status", "a.jsonl"))["resume"]


def test_a_file_whose_first_row_is_mended_is_imported(run: Run, crowd: Emulator, write: Write) -> None:
    assert run("import", write(["no event", event(1)])).exit_code == 2
    assert run("import", write(2)).exit_code == 0
    assert len(applied(crowd)) == 2


def test_the_password_of_a_limiter_is_not_for_the_command_line(run: Run, emulator: Emulator, write: Write) -> None:
    for url in ("redis://:hunter2@localhost/0", "http://x:hunter2@localhost"):
        result = run("import", write(1), "--limiter", url)
        assert result.exit_code == 2
        assert "put the URL into HATCHED_REDIS_URL" in result.stderr
        assert "hunter2" not in result.output


def test_without_a_key_a_hint_says_what_to_do(
    run: Run, emulator: Emulator, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HATCHED_API_KEY")
    result = run("import", write(1))
    assert result.exit_code == 2
    assert "hint: export HATCHED_API_KEY=hatch_test_" in result.stderr
    assert [*map(str, Path().iterdir())] == ["a.jsonl"]


# --- killed and interrupted


def test_killed_midway_and_resumed_every_event_is_applied_once(start: Start, slow: Emulator, write: Write) -> None:
    name = write(4000)
    for events in (300, 2000):
        process = start(name, "--resume", "--concurrency", "2", "--order", "user", "--share", "0.9")
        wait_for(slow, events)
        if events == 300:
            told = CliRunner().invoke(command, ["import", "status", name])
            assert told.stdout == f"checkpoint\t{name}.checkpoint\nstate\tin use by a running import\n"
            assert CliRunner().invoke(command, ["import", name]).exit_code == 2
        process.kill()
        process.communicate()
        told = CliRunner().invoke(command, ["import", "status", name])
        assert "state\tkilled before it ended" in told.stdout
        words = "hatched import a.jsonl --resume --concurrency 2 --order user --share 0.9"
        assert fields(told)["resume"] == words
        assert 0 < int(fields(told)["watermark"]) < 4000
    process = start(name, "--resume", "--json")
    report = json.loads(process.communicate(timeout=30)[0])
    assert process.returncode == 0
    assert (report["read"], report["accepted"], report["stopped"]) == (4000, 4000, None)
    assert Counter(applied(slow)) == Counter(f"e{number}" for number in range(4000))
    with slow.sync_client() as client:
        for user in USERS:
            (buddy,) = client.buddies.list(user_id=user).data
            assert buddy.coins == sum(effect.effects["coins"] for effect in slow.effects(user))


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_finishes_what_is_under_way(start: Start, slow: Emulator, write: Write, as_json: bool) -> None:
    name = write(6000)
    options = ["--concurrency", "2", *(["--json"] if as_json else [])]
    process = start(name, *options)
    wait_for(slow, 300)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-2] == "Stopped (interrupted): interrupted by KeyboardInterrupt"
    resume = shlex.join(["hatched", "import", name, "--resume", *options])
    assert errors.splitlines()[-1] == f"go on with: {resume}"
    done = len(slow.effects())
    accepted = (
        json.loads(output)["accepted"] if as_json else int(dict(map(str.split, output.splitlines()[:5]))["accepted"])
    )
    assert accepted == done < 6000
    slow.faults.clear()
    process = start(*shlex.split(resume)[2:])
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(slow.effects()) == 6000


# --- a dry run


def test_a_dry_run_needs_neither_key_nor_network(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HATCHED_API_KEY", "HATCHED_PUBLISHABLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HATCHED_BASE_URL", "http://127.0.0.1:9/")
    rows = [event(n, type="logged_in" if n % 3 else "lesson_completed") for n in range(250)]
    rows[7:7] = [{**event(999), "user_id": ""}, "no event"]
    result = CliRunner().invoke(command, ["import", write(rows), "--dry-run"])
    assert result.exit_code == 1
    told = fields(result)
    assert (told["rows"], told["events"], told["rejected"], told["requests"]) == ("252", "250", "2", "3")
    assert (told["type logged_in"], told["type lesson_completed"]) == ("166", "84")
    assert told["time"] == "4 s at 0.5 of 100 requests/min, which is assumed"
    assert (told["days"], told["quota"]) == ("1", "10,000 events a month")
    assert "expected an event, got str" in told["position 8"]
    assert "position 7" in told
    assert "rules and fires webhooks for historic events" in result.stderr
    assert "rows without occurred_at are rejected" in result.stderr
    assert [*map(str, Path().iterdir())] == ["a.jsonl"]

    options = ["--dry-run", "--requests-per-minute", "50000", "--occurred-at", "optional", "--json"]
    result = CliRunner().invoke(command, ["import", "a.jsonl", *options])
    assert json.loads(result.stdout)["limit"] == 50_000
    assert "warning: rows without occurred_at happen now" in result.stderr


def test_a_dry_run_shows_the_first_ten_rejected_rows_and_counts_the_others(write: Write) -> None:
    result = CliRunner().invoke(command, ["import", "--dry-run", write([event(1), *["no event"] * 12])])
    told = fields(result)
    assert [name for name in told if name.startswith("position ")] == [f"position {at}" for at in range(1, 11)]
    assert told["more"] == "2 rejected rows"


def test_a_dry_run_says_what_would_be_refused(write: Write) -> None:
    result = CliRunner().invoke(command, ["import", "--dry-run", write(["no event"])])
    assert result.exit_code == 2
    assert "the first row is no event" in result.stderr
    result = CliRunner().invoke(command, ["import", "--dry-run", write(1, "a.txt")])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: 'a.txt': expected a name")
    Path("a.jsonl.gz").write_bytes(gzip.compress(lines([event(1)]).encode()))
    assert CliRunner().invoke(command, ["import", "--dry-run", "a.jsonl.gz"]).exit_code == 0
    assert CliRunner().invoke(command, ["import", "-", "--dry-run"], input=lines([event(1)])).exit_code == 0


# --- progress


def test_in_a_pipe_there_are_plain_lines_and_no_escapes(start: Start, slow: Emulator, write: Write) -> None:
    output, errors = start(write(300)).communicate(timeout=20)
    assert "\x1b" not in output + errors
    assert "\r" not in output + errors
    assert errors.startswith("100.0 %; 300 accepted")


def test_a_log_gets_a_line_from_time_to_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=0.05) as progress:
        progress(ImportReport(accepted=12_345, fraction=0.25, per_minute=2_000.0, rate_limited=3))
        time.sleep(0.3)
    told = capsys.readouterr().err.splitlines()
    assert len(told) >= 3
    assert told[-1] == "25.0 %; 12,345 accepted; 0/s; 0 rejected; 0 inert; 2,000 requests/min; 3 x 429"


def test_the_rate_is_that_of_the_last_seconds_and_tells_what_is_left() -> None:
    now = 0.0
    progress = Progress(lambda: now)
    assert progress.counts() == ["nothing is sent yet"]
    for second in range(60):
        now = float(second)
        progress(ImportReport(accepted=10_000 + 10 * second, fraction=second / 100))
    assert progress.counts()[1] == "10/s"
    assert progress.left() == "41 s left"
    now += 15
    assert progress.counts()[1] == "5/s"  # nothing has come for as long as it is measured


def test_it_can_be_drawn_while_it_is_told() -> None:
    progress = Progress(count().__next__)  # a second goes by whenever it asks
    over = Event()

    def tell() -> None:
        for number in count():
            progress(ImportReport(accepted=number, fraction=0.5))
            if over.is_set():
                break

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    telling = Thread(target=tell)
    telling.start()
    try:
        for _ in range(100_000):
            progress.left()
    finally:
        over.set()
        telling.join()
        sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (7200, "2 h"), (90_000, "1 d 1 h")]
)
def test_durations_are_for_people(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_on_a_terminal_a_bar_is_drawn(run: Run, slow: Emulator, write: Write) -> None:
    drawn, output = on_a_terminal("import", write(1500), "--concurrency", "1", width=80, pipe=True)
    assert "\x1b" not in output
    assert "accepted\t1500" in output
    assert "━" in drawn
    assert "1,500 accepted" in drawn
    assert drawn.endswith("\x1b[?25h")


def test_a_closed_pipe_is_quiet(run: Run, crowd: Emulator, write: Write) -> None:
    line = f"{shlex.quote(sys.executable)} -m hatched.cli import {write(200)} 2>errors | true"
    subprocess.run(["sh", "-c", line], check=True, timeout=20)
    assert "Traceback" not in Path("errors").read_text()
    assert "Exception ignored" not in Path("errors").read_text()
    assert len(applied(crowd)) == 200


def test_every_reason_to_stop_has_a_code() -> None:
    from hatched.imports import StopReason

    assert module._CODES.keys() == set(StopReason)
