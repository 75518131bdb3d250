"""`hatched buddies`, `eggs`, …: every command says what the SDK answers."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.testing import Result

import hatched
from hatched import HatchedClient
from hatched.cli import resources
from hatched.emulator import Emulator

Run = Callable[..., Result]
Ids = dict[str, str]
GROUPS = {name: getattr(resources, name) for name in ("buddies", "eggs", "gates", "operations", "paths", "webhooks")}
NOT_COMMANDS = {
    "buddies.earn_coins",  # the same as earn
    "buddies.iter",  # --all
    "buddies.iter_evolutions",
    "eggs.iter",
    "operations.wait_for_completion",  # deprecated
    "webhooks.iter_deliveries",
    "webhooks.verify_signature",  # asks no server
}


def scene(emulator: Emulator) -> Ids:
    """Something of everything; the same ids in every emulator."""
    with emulator.sync_client() as client:
        buddy = client.buddies.ensure("ada").id
        client.buddies.ensure("bob")
        client.buddies.update_skills(buddy, updates=[{"key": "knowledge", "action": "set", "value": 80}])
        client.buddies.earn(buddy, amount=500, reason="r")
        endpoint = client.webhooks.create(url="https://shop.example/hooks", events=["badge.awarded"]).id
        emulator.deliver_webhooks_to(lambda request: 500)
        client.events.send(event_id="e1", user_id="ada", type="lesson_completed")
        delivery = client.webhooks.deliveries(endpoint).data[0].id
        client.buddies.purchase_item(buddy, emulator.item_id("scarf"))
        client.gates.unlock(buddy, "extra_lessons")
        waiting = client.eggs.create(user_id="cleo").egg_id
        ready = client.eggs.create(user_id="dan").egg_id
        client.eggs.update_status(ready, status="ready")
        started = client.eggs.create(user_id="eve").egg_id
        client.eggs.update_status(started, status="ready")
        path = client.paths.create(key="intro", label="Intro", is_active=True).id
        step = client.paths.add_step(path, key="hello", label="Hello", ordinal=0).id
        return {
            "buddy": buddy,
            "endpoint": endpoint,
            "delivery": delivery,
            "hat": emulator.item_id("party_hat"),
            "scarf": emulator.item_id("scarf"),
            "waiting": waiting,
            "ready": ready,
            "operation": client.eggs.hatch(started).operation_id,
            "path": path,
            "step": step,
            "part": client.paths.add_sub_step(path, step, key="hi", label="Hi", ordinal=0).id,
        }


@pytest.fixture
def ids(emulator: Emulator) -> Ids:
    return scene(emulator)


@pytest.fixture
def twin(emulator: Emulator) -> Iterator[HatchedClient]:
    """The SDK on an emulator that has seen the same."""
    other = Emulator(plan="pro")
    other.origin = emulator.origin
    scene(other)
    with other.sync_client() as client:
        yield client
    other.close()


Sdk = Callable[[HatchedClient, Ids], Any]
SKILLS = [{"key": "knowledge", "action": "decrease", "amount": 3}]
CONDITION = {"type": "event_count", "config": {"event_type": "daily_login", "count": 9}}

SAME: dict[str, Sdk] = {
    "buddies ensure ada --wait 30": lambda c, i: c.buddies.ensure("ada", timeout=30),
    "buddies ensure ada --audience default": lambda c, i: c.buddies.ensure("ada", "default"),
    "buddies get {buddy}": lambda c, i: c.buddies.get(i["buddy"]),
    "buddies list": lambda c, i: c.buddies.list(),
    "buddies list --user-id ada --status active --evolution-stage 1 --page 1 --limit 5 --sort name --order desc": (
        lambda c, i: c.buddies.list(
            user_id="ada", status="active", evolution_stage=1, page=1, limit=5, sort="name", order="desc"
        )
    ),
    "buddies list --all --limit 1": lambda c, i: tuple(c.buddies.iter(limit=1)),
    "buddies update-name {buddy} --name Pip": lambda c, i: c.buddies.update_name(i["buddy"], name="Pip"),
    "buddies archive {buddy} --yes": lambda c, i: c.buddies.archive(i["buddy"]),
    f"buddies update-skills {{buddy}} --updates {shlex.quote(json.dumps(SKILLS))}": (
        lambda c, i: c.buddies.update_skills(i["buddy"], updates=SKILLS)
    ),
    "buddies earn {buddy} --amount 5 --reason r --reference-id x --token coins": (
        lambda c, i: c.buddies.earn(i["buddy"], amount=5, reason="r", reference_id="x", token="coins")
    ),
    "buddies spend {buddy} --amount 7 --reason r --item-id y": (
        lambda c, i: c.buddies.spend(i["buddy"], amount=7, reason="r", item_id="y")
    ),
    "buddies award-badge {buddy} quiz_master --reason r": (
        lambda c, i: c.buddies.award_badge(i["buddy"], "quiz_master", reason="r")
    ),
    "buddies get-badges {buddy}": lambda c, i: c.buddies.get_badges(i["buddy"]),
    "buddies equip {buddy} --equip {scarf}": lambda c, i: c.buddies.equip(i["buddy"], equip=[i["scarf"]]),
    "buddies rerender-appearance {buddy}": lambda c, i: c.buddies.rerender_appearance(i["buddy"]),
    "buddies purchase-item {buddy} {hat}": lambda c, i: c.buddies.purchase_item(i["buddy"], i["hat"]),
    "buddies get-purchased-items {buddy}": lambda c, i: c.buddies.get_purchased_items(i["buddy"]),
    "buddies get-evolution {buddy}": lambda c, i: c.buddies.get_evolution(i["buddy"]),
    "buddies evolve {buddy}": lambda c, i: c.buddies.evolve(i["buddy"]),
    "buddies get-progression {buddy}": lambda c, i: c.buddies.get_progression(i["buddy"]),
    "buddies tokens {buddy}": lambda c, i: c.buddies.tokens(i["buddy"]),
    "buddies evolutions {buddy} --page 1 --limit 3": lambda c, i: c.buddies.evolutions(i["buddy"], page=1, limit=3),
    "buddies evolutions {buddy} --all": lambda c, i: tuple(c.buddies.iter_evolutions(i["buddy"])),
    "buddies get-user-summary ada": lambda c, i: c.buddies.get_user_summary("ada"),
    "eggs create --user-id zoe": lambda c, i: c.eggs.create(user_id="zoe"),
    """eggs create --user-id cleo --ensure --audience default --metadata '{"a": 1}'""": (
        lambda c, i: c.eggs.create(user_id="cleo", ensure=True, audience="default", metadata={"a": 1})
    ),
    "eggs get {waiting}": lambda c, i: c.eggs.get(i["waiting"]),
    "eggs list --user-id ada --status hatched --page 1 --limit 9": (
        lambda c, i: c.eggs.list(user_id="ada", status="hatched", page=1, limit=9)
    ),
    "eggs list --all --limit 2": lambda c, i: tuple(c.eggs.iter(limit=2)),
    "eggs update-status {waiting} --status cancelled": (
        lambda c, i: c.eggs.update_status(i["waiting"], status="cancelled")
    ),
    "eggs hatch {ready}": lambda c, i: c.eggs.hatch(i["ready"]),
    "operations get {operation}": lambda c, i: c.operations.get(i["operation"]),
    "operations wait {operation} --interval 0.01": lambda c, i: c.operations.wait(i["operation"]),
    "paths list": lambda c, i: c.paths.list(),
    "paths list --audience default": lambda c, i: c.paths.list(audience="default"),
    "paths get {path}": lambda c, i: c.paths.get(i["path"]),
    "paths create --key two --label Two --icon star --accent-color #fff --display-mode zigzag --no-active": (
        lambda c, i: c.paths.create(
            key="two", label="Two", icon="star", accent_color="#fff", display_mode="zigzag", is_active=False
        )
    ),
    "paths update {path} --label Start --description d": (
        lambda c, i: c.paths.update(i["path"], label="Start", description="d")
    ),
    "paths delete {path} --yes": lambda c, i: c.paths.delete(i["path"]),
    "paths set-active {path} --no-active": lambda c, i: c.paths.set_active(i["path"], is_active=False),
    f"paths add-step {{path}} --key b --label B --ordinal 1 --unlock-condition {shlex.quote(json.dumps(CONDITION))}": (
        lambda c, i: c.paths.add_step(i["path"], key="b", label="B", ordinal=1, unlock_condition=CONDITION)
    ),
    "paths update-step {path} {step} --reward-coins 3": (
        lambda c, i: c.paths.update_step(i["path"], i["step"], reward_coins=3)
    ),
    "paths delete-step {path} {step} --yes": lambda c, i: c.paths.delete_step(i["path"], i["step"]),
    """paths reorder-steps {path} --ordering '[{"id": "{step}", "ordinal": 4}]'""": (
        lambda c, i: c.paths.reorder_steps(i["path"], ordering=[{"id": i["step"], "ordinal": 4}])
    ),
    f"paths add-sub-step {{path}} {{step}} --key c --label C --ordinal 1 --no-allow-manual-complete "
    f"--completion-condition {shlex.quote(json.dumps(CONDITION))}": (
        lambda c, i: c.paths.add_sub_step(
            i["path"],
            i["step"],
            key="c",
            label="C",
            ordinal=1,
            allow_manual_complete=False,
            completion_condition=CONDITION,
        )
    ),
    "paths update-sub-step {path} {step} {part} --content-url u --cta-label c": (
        lambda c, i: c.paths.update_sub_step(i["path"], i["step"], i["part"], content_url="u", cta_label="c")
    ),
    "paths delete-sub-step {path} {step} {part} --yes": (
        lambda c, i: c.paths.delete_sub_step(i["path"], i["step"], i["part"])
    ),
    """paths reorder-sub-steps {path} {step} --ordering '[{"id": "{part}", "ordinal": 4}]'""": (
        lambda c, i: c.paths.reorder_sub_steps(i["path"], i["step"], ordering=[{"id": i["part"], "ordinal": 4}])
    ),
    "paths get-for-buddy {buddy} intro": lambda c, i: c.paths.get_for_buddy(i["buddy"], "intro"),
    "paths complete-sub-step {buddy} intro hi": lambda c, i: c.paths.complete_sub_step(i["buddy"], "intro", "hi"),
    "gates list": lambda c, i: c.gates.list(),
    "gates unlock {buddy} extra_lessons": lambda c, i: c.gates.unlock(i["buddy"], "extra_lessons"),
    "gates unlocks {buddy}": lambda c, i: c.gates.unlocks(i["buddy"]),
    "webhooks list": lambda c, i: c.webhooks.list(),
    "webhooks create --url https://b.example --events coins.earned --events badge.awarded --description d": (
        lambda c, i: c.webhooks.create(
            url="https://b.example", events=["coins.earned", "badge.awarded"], description="d"
        )
    ),
    "webhooks delete {endpoint} --yes": lambda c, i: c.webhooks.delete(i["endpoint"]),
    "webhooks deliveries {endpoint} --status failed --limit 3": (
        lambda c, i: c.webhooks.deliveries(i["endpoint"], status="failed", limit=3)
    ),
    "webhooks deliveries {endpoint} --all": lambda c, i: tuple(c.webhooks.iter_deliveries(i["endpoint"])),
    "webhooks replay {endpoint} {delivery}": lambda c, i: c.webhooks.replay(i["endpoint"], i["delivery"]),
    "webhooks redeliver {endpoint} {delivery}": lambda c, i: c.webhooks.redeliver(i["endpoint"], i["delivery"]),
}


def plain(answer: Any) -> Any:
    if answer is None:
        return None
    return [hatched.to_dict(one) for one in answer] if isinstance(answer, tuple) else hatched.to_dict(answer)


def said(line: str, ids: Ids) -> list[str]:
    return shlex.split(re.sub(r"{(\w+)}", lambda name: ids[name[1]], line))


@pytest.mark.parametrize("line", SAME)
def test_json_is_what_the_sdk_answers(line: str, ids: Ids, run: Run, twin: HatchedClient) -> None:
    result = run(*said(line, ids), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == plain(SAME[line](twin, ids))


@pytest.mark.parametrize("line", SAME)
def test_in_a_pipe_every_line_has_the_same_columns(line: str, ids: Ids, run: Run) -> None:
    result = run(*said(line, ids))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines
    assert len({one.count("\t") for one in lines}) == 1
    assert lines == ["done"] or lines[0].count("\t") > 0


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(click.Command("x"))
    for group, commands in GROUPS.items():
        for name in commands.list_commands(context):
            yield f"{group} {name}", commands.get_command(context, name)


def test_every_method_is_a_command_that_is_tried_here() -> None:
    names = {name for name, _ in commands()}
    with HatchedClient(api_key="hatch_test_x") as client:
        methods = {
            f"{group}.{name}"
            for group in GROUPS
            for name, _ in inspect.getmembers(type(getattr(client, group)), inspect.isfunction)
            if not name.startswith("_")
        }
    assert names == {name.replace(".", " ").replace("_", "-") for name in methods - NOT_COMMANDS}
    assert names == {" ".join(line.split()[:2]) for line in SAME}
    assert methods >= NOT_COMMANDS


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_help_explains_everything(name: str, command: click.Command, run: Run) -> None:
    assert command.help
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name  # type: ignore[attr-defined]
    page = run(*name.split(), "--help").stdout
    assert "Raises" not in page
    assert "Args:" not in page


def test_help_comes_from_the_docstring_of_the_method(run: Run) -> None:
    page = " ".join(run("eggs", "create", "--help").stdout.split())
    assert "Create an egg in status `waiting`" in page
    assert "Answer the user's latest `waiting` or `ready` egg if there is one, instead of a new one." in page
    assert "hatched eggs create --user-id user_42 --ensure" in page


def examples() -> Iterator[str]:
    for name, group in GROUPS.items():
        for row in group._table.values():
            yield from (f"{name} {line}" for line in row.examples)


@pytest.mark.parametrize("line", list(examples()))
def test_examples_parse(line: str) -> None:
    group, name, *arguments = shlex.split(line.partition(" && ")[0].replace("…, ", '"x", ').replace("…}", "{}}"))
    context = click.Context(click.Command("x"))
    GROUPS[group].get_command(context, name).make_context(name, arguments)


def test_a_list_is_a_table_of_the_fields_that_matter(ids: Ids, run: Run) -> None:
    lines = run("buddies", "list", "--user-id", "ada").stdout.splitlines()
    assert [line.split("\t") for line in lines] == [
        ["id", "user_id", "audience", "name", "evolution_stage", "coins", "status"],
        [ids["buddy"], "ada", "default", "Buddy", "1", "450", "active"],
    ]


def test_one_object_is_a_line_for_each_field(ids: Ids, run: Run) -> None:
    fields = dict(line.split("\t") for line in run("buddies", "get", ids["buddy"]).stdout.splitlines())
    assert fields["user_id"] == "ada"
    assert fields["skills"] == '{"knowledge": 80}'
    assert fields["equipped_items"] == ""


def test_a_page_that_is_not_all_says_so_on_stderr(ids: Ids, run: Run) -> None:
    result = run("buddies", "list", "--limit", "1")
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == "1 of 3: --all shows every one\n"
    everyone = run("buddies", "list", "--limit", "1", "--all")
    assert (len(everyone.stdout.splitlines()), everyone.stderr) == (4, "")


def test_a_cursor_leads_on(ids: Ids, run: Run, emulator: Emulator) -> None:
    with emulator.sync_client() as client:
        client.buddies.award_badge(ids["buddy"], "quiz_master")
    result = run("webhooks", "deliveries", ids["endpoint"], "--limit", "1")
    assert result.stderr.startswith("there is more: --all, or --cursor ")
    cursor = result.stderr.split()[-1]
    following = run("webhooks", "deliveries", ids["endpoint"], "--limit", "1", "--cursor", cursor)
    assert following.stdout.splitlines()[1] != result.stdout.splitlines()[1]


@pytest.mark.parametrize("line", ["buddies list --all --page 2", "webhooks deliveries {endpoint} --all --cursor x"])
def test_all_and_a_page_exclude_each_other(line: str, ids: Ids, run: Run) -> None:
    result = run(*said(line, ids))
    assert result.exit_code == 2
    assert "--all takes no --" in result.stderr


DESTRUCTIVE = [line for line in SAME if line.endswith("--yes")]


@pytest.mark.parametrize("line", DESTRUCTIVE)
@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("", 2)])
def test_nothing_is_destroyed_without_a_yes(
    line: str, answer: str, code: int, ids: Ids, run: Run, emulator: Emulator
) -> None:
    before = len(emulator.journal)
    result = run(*said(line.removesuffix(" --yes"), ids), input=answer)
    assert result.exit_code == code
    assert result.stdout == ""
    assert "[y/N]" in result.stderr
    assert len(emulator.journal) == before


@pytest.mark.parametrize("line", DESTRUCTIVE)
def test_a_yes_is_enough(line: str, ids: Ids, run: Run) -> None:
    assert run(*said(line.removesuffix(" --yes"), ids), input="y\n").exit_code == 0


@pytest.mark.parametrize("amount", ["5", "2.5"])
def test_a_number_is_sent_as_it_is_written(amount: str, ids: Ids, run: Run, emulator: Emulator) -> None:
    assert run("buddies", "earn", ids["buddy"], "--amount", amount, "--reason", "r").exit_code in {0, 2}
    assert str(json.loads(emulator.journal[-1].body)["amount"]) == amount


def test_an_idempotency_key_makes_a_repetition_harmless(ids: Ids, run: Run, emulator: Emulator) -> None:
    for _ in range(2):
        earned = run("buddies", "earn", ids["buddy"], "--amount", "5", "--reason", "r", "--idempotency-key", "k1")
        assert earned.exit_code == 0
    with emulator.sync_client() as client:
        assert client.buddies.get(ids["buddy"]).coins == 455


def test_waiting_for_an_operation_that_fails_is_a_failure(ids: Ids, run: Run, emulator: Emulator) -> None:
    emulator.fail_next("hatch", "no paint")
    with emulator.sync_client() as client:
        operation = client.eggs.hatch(ids["ready"]).operation_id
    result = run("operations", "wait", operation, "--interval", "0.01")
    assert result.exit_code == 1
    assert "no paint" in result.stderr
