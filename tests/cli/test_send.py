"""`hatched send`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

import hatched
from hatched.emulator import Emulator, Fault

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def buddy(emulator: Emulator) -> None:
    with emulator.sync_client() as client:
        client.buddies.ensure("ada")


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    """The bodies that reached the server."""
    return [json.loads(entry.body) for entry in emulator.journal if entry.route == "events.send"]


def test_it_prints_the_effects(run: Run) -> None:
    result = run("send", "lesson_completed", "--user", "ada")
    assert result.exit_code == 0
    fields = dict(line.split("\t") for line in result.stdout.splitlines())
    assert (fields["coins"], fields["badges_awarded"], fields["debug_reason"]) == ("10", "first_lesson", "")


def test_json_is_what_the_sdk_answers(run: Run) -> None:
    with Emulator(plan="pro") as twin, twin.sync_client() as client:
        client.buddies.ensure("ada")
        effects = client.events.send(user_id="ada", type="lesson_completed", event_id="e1")
    result = run("send", "lesson_completed", "--user", "ada", "--id", "e1", "--json")
    assert json.loads(result.stdout) == hatched.to_dict(effects)


def test_one_id_is_applied_once(run: Run, emulator: Emulator) -> None:
    first, second = (run("send", "lesson_completed", "--user", "ada", "--id", "e1", "--json") for _ in range(2))
    assert first.stdout == second.stdout
    assert len(emulator.effects("ada")) == 1


def test_options_reach_the_server(run: Run, emulator: Emulator) -> None:
    options = ["--id", "e1", "--audience", "default", "--at", "2025-12-31T09:00:00+01:00", "--property", "a=1"]
    assert run("send", "lesson_completed", "--user", "ada", *options).exit_code == 0
    (applied,) = emulator.effects("ada")
    assert (applied.event_id, applied.occurred_at) == ("e1", 1767168000.0)
    assert [body["audience"] for body in sent(emulator)] == ["default"]


@pytest.mark.parametrize(
    ("options", "properties"),
    [
        ([], None),
        (["--property", "score=0.92"], {"score": 0.92}),
        (
            ["--property", "n=12", "--property", "ok=true", "--property", "none=null"],
            {"n": 12, "ok": True, "none": None},
        ),
        (["--property", "lesson=intro"], {"lesson": "intro"}),
        (["--property", "code=007"], {"code": "007"}),
        (["--property", 'code="12"'], {"code": "12"}),
        (["--property", "empty="], {"empty": ""}),
        (["--property", "formula=a=b"], {"formula": "a=b"}),
        (["--property", "odd=NaN"], {"odd": "NaN"}),
        (["--property", "aB.c_d=1"], {"aB.c_d": 1}),
        (["--property", "tags=[1, 2]"], {"tags": [1, 2]}),
        (["--properties", '{"a": {"b": 1}, "c": 2}', "--property", "c=3"], {"a": {"b": 1}, "c": 3}),
    ],
)
def test_properties(options: list[str], properties: Any, run: Run, emulator: Emulator) -> None:
    assert run("send", "lesson_completed", "--user", "ada", *options).exit_code == 0
    assert [body.get("properties") for body in sent(emulator)] == [properties]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--property", "score"], "'score' is not KEY=VALUE"),
        (["--property", "=1"], "'=1' is not KEY=VALUE"),
        (["--properties", "{"], "not JSON"),
        (["--properties", "[1]"], "must be a JSON object"),
        (["--properties", '{"a": NaN}'], "NaN is no JSON"),
        (["--properties", '{"a": 1e999}'], "not JSON compliant"),
        (["--at", "noon"], "expected an ISO 8601 time"),
        (["--at", "2026-01-01T00:00:00"], "occurred_at"),
        (["--idempotency-key", " "], "idempotency_key must have 1 to 255 characters"),
    ],
)
def test_bad_input_is_told_and_nothing_is_sent(options: list[str], words: str, run: Run, emulator: Emulator) -> None:
    result = run("send", "lesson_completed", "--user", "ada", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not sent(emulator)


def test_what_may_have_been_done_can_be_repeated_by_the_key_that_the_hint_names(run: Run, emulator: Emulator) -> None:
    emulator.faults.script("events.send", [Fault.status(503, after_commit=True, retry_after=0)] * 4)
    failed = run("send", "lesson_completed", "--user", "ada")
    assert failed.exit_code == 75
    (hint,) = [line for line in failed.stderr.splitlines() if line.startswith("hint: ")]
    assert hint.startswith("hint: it may have been done: repeat it with --idempotency-key ")
    key = hint.split("--idempotency-key ")[1].split(",")[0]
    assert run("send", "lesson_completed", "--user", "ada", "--idempotency-key", key).exit_code == 0
    assert len(emulator.effects("ada")) == 1
