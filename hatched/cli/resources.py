"""`hatched buddies`, `eggs`, `operations`, `paths`, `gates` and `webhooks`.

A command is a row of a table; its arguments, options and help are those of the client's method.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from types import UnionType
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

import click
from attrs import field, frozen

from hatched.cli.connection import idempotency_key_option, with_client
from hatched.cli.errors import wrong_arguments
from hatched.cli.output import as_json as json_option, print_fields, print_json, print_rows
from hatched.models._base import Model
from hatched.models._enums import OpenEnum
from hatched.options import WriteOptions
from hatched.sync.client import HatchedClient


@frozen
class Row:
    """One command.

    Attributes:
        method: Of the resource.
        columns: What a table of its answer shows; without any, the fields of the answer are shown.
        rows: The field of the answer that holds the rows, if they are not the answer itself.
        walk: The method that walks all pages, for `--all`.
        ask: What is asked before, because it cannot be undone.
        fixed: Arguments that have no option.
        examples: Command lines, without `hatched RESOURCE`.
    """

    method: str
    columns: str = field(default="", kw_only=True)
    rows: str = field(default="", kw_only=True)
    walk: str = field(default="", kw_only=True)
    ask: str = field(default="", kw_only=True)
    fixed: Mapping[str, Any] = field(factory=dict, kw_only=True)
    examples: Sequence[str] = field(default=(), kw_only=True)

    @property
    def name(self) -> str:
        """The name of the command."""
        return self.method.replace("_", "-")


_BUDDIES = (
    Row("ensure", examples=["ensure user_42", "ensure user_42 --audience learners --wait 60"]),
    Row("get", examples=["get 6f1c… --json"]),
    Row(
        "list",
        columns="id user_id audience name evolution_stage coins status",
        rows="data",
        walk="iter",
        examples=["list --user-id user_42", "list --status active --all --json"],
    ),
    Row("update_name", examples=["update-name 6f1c… --name Pip"]),
    Row("archive", ask="Archive buddy {buddy_id}?"),
    Row(
        "update_skills",
        examples=["""update-skills 6f1c… --updates '[{"key": "focus", "action": "increase", "amount": 2}]'"""],
    ),
    Row("earn", examples=["earn 6f1c… --amount 50 --reason 'spring campaign'"]),
    Row("spend", examples=["spend 6f1c… --amount 20 --reason 'extra life'"]),
    Row("award_badge", examples=["award-badge 6f1c… first_lesson"]),
    Row("get_badges", columns="badge_key label status awarded_at"),
    Row("equip", examples=["equip 6f1c… --equip item_1 --equip item_2 --unequip item_3"]),
    Row("rerender_appearance"),
    Row("purchase_item", examples=["purchase-item 6f1c… item_1"]),
    Row("get_purchased_items", columns="item_id name category price equipped purchased_at"),
    Row("get_evolution"),
    Row("evolve"),
    Row("get_progression"),
    Row("tokens"),
    Row("evolutions", columns="id from_stage to_stage source occurred_at", rows="data", walk="iter_evolutions"),
    Row("get_user_summary", examples=["get-user-summary user_42"]),
)
_EGGS = (
    Row("create", examples=["create --user-id user_42 --ensure"]),
    Row("get"),
    Row(
        "list",
        columns="egg_id user_id status buddy_id created_at",
        walk="iter",
        examples=["list --user-id user_42", "list --status waiting --all"],
    ),
    Row("update_status", examples=["update-status 9b2e… --status ready"]),
    Row("hatch", examples=["hatch 9b2e…"]),
)
_OPERATIONS = (
    Row("get"),
    Row("wait", fixed={"raise_on_failure": True}, examples=["wait 41d0… --wait 120 && echo hatched"]),
)
_PATHS = (
    Row("list", columns="id audience key label display_mode is_active"),
    Row("get", examples=["get 3c7a… --json"]),
    Row("create", examples=["create --key onboarding --label Onboarding --icon star"]),
    Row("update", examples=["update 3c7a… --label 'First steps'"]),
    Row("delete", ask="Delete path {definition_id}?"),
    Row("set_active", examples=["set-active 3c7a… --active"]),
    Row(
        "add_step",
        examples=[
            "add-step 3c7a… --key hello --label Hello --ordinal 0",
            """add-step 3c7a… --key more --label More --ordinal 1 --completion-condition '{"type": …, "config": …}'""",
        ],
    ),
    Row("update_step"),
    Row("delete_step", ask="Delete step {step_id} with its sub-steps?"),
    Row(
        "reorder_steps",
        columns="id ordinal key label is_active",
        examples=["""reorder-steps 3c7a… --ordering '[{"id": "a1…", "ordinal": 1}, {"id": "b2…", "ordinal": 0}]'"""],
    ),
    Row("add_sub_step", examples=["add-sub-step 3c7a… a1… --key hi --label 'Say hi' --ordinal 0 --reward-coins 5"]),
    Row("update_sub_step"),
    Row("delete_sub_step", ask="Delete sub-step {sub_step_id}?"),
    Row("reorder_sub_steps", columns="id ordinal key label is_active"),
    Row("get_for_buddy", examples=["get-for-buddy 6f1c… onboarding"]),
    Row("complete_sub_step", examples=["complete-sub-step 6f1c… onboarding hi"]),
)
_GATES = (
    Row("list", columns="gate_key label token_key cost is_active", rows="gates"),
    Row("unlock", examples=["unlock 6f1c… secret_garden"]),
    Row("unlocks", columns="gate_key unlocked_at", rows="unlocks"),
)
_WEBHOOKS = (
    Row("list", columns="id url events status masked_secret"),
    Row("create", examples=["create --url https://example.com/hooks --events badge.awarded --events buddy.evolved"]),
    Row("delete", ask="Delete endpoint {endpoint_id}?"),
    Row(
        "deliveries",
        columns="id event status attempt response_code created_at",
        rows="data",
        walk="iter_deliveries",
        examples=["deliveries 7e55… --status failed --all"],
    ),
    Row("replay"),
    Row("redeliver"),
)

_WORDS = {
    "accent_color": "Such as #ff8800.",
    "allow_manual_complete": "Whether it can be completed by hand.",
    "allow_skip_ahead": "Whether it can be completed before those in front of it.",
    "amount": "How much.",
    "audience": "Which audience, for customers with several.",
    "completion_condition": "What completes it: an object with type and config.",
    "content_url": "Where the content is.",
    "cta_label": "What the button says.",
    "cursor": "Where the page begins: the next_cursor of the page before.",
    "description": "A line for people.",
    "display_mode": "How the widget draws it.",
    "equip": "Id of an item to put on; repeat it for more.",
    "events": "An event to deliver, such as badge.awarded; repeat it for more.",
    "evolution_stage": "Only buddies at this stage.",
    "icon": "What the widget shows beside it.",
    "interval": "Seconds between the first looks.",
    "is_active": "Whether buddies see it.",
    "item_id": "The item that it pays for.",
    "key": "Its stable name in your code.",
    "label": "What players see.",
    "limit": "How many in one page.",
    "name": "The new name.",
    "order": "Ascending or descending.",
    "ordering": "An array of objects with id and ordinal.",
    "ordinal": "Its place; the smallest is first.",
    "page": "Which page; the first is 1.",
    "reason": "Kept with the entry.",
    "reference_id": "Your own id of what it is for.",
    "reward_badge_key": "Badge that completing it awards.",
    "reward_coins": "Coins that completing it earns.",
    "sort": "What to sort by.",
    "status": "Which status.",
    "token": "Key of the token, instead of coins.",
    "unequip": "Id of an item to take off; repeat it for more.",
    "unlock_condition": "What opens it: an object.",
    "updates": "An array of objects: key, action (increase, decrease or set), and amount or value.",
    "url": "Where deliveries are sent.",
    "user_id": "Only those of this user of yours.",
}
"""Help of the options that the docstring of no method explains."""

_RENAMED = {"timeout": "wait"}
"""Parameters whose option has another name: `--timeout` is for one attempt, in every command."""


class _Resource(click.Group):
    """The commands of one resource, each made when it is looked at."""

    def __init__(self, name: str, table: Iterable[Row]) -> None:
        self._source: type = getattr(import_module(f"hatched.sync.{name}"), name.capitalize())
        self._table = {row.name: row for row in table}
        super().__init__(name, help=inspect.getdoc(self._source), no_args_is_help=True)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        row = self._table.get(cmd_name)
        return None if row is None else _command(self.name or "", getattr(self._source, row.method), row)


def _command(resource: str, method: Callable[..., Any], row: Row) -> click.Command:
    text, words = _explained(method)
    summary = " ".join(text.partition("\n\n")[0].split())
    if row.examples:
        text += "\n\n\b\n" + "\n".join(f"  hatched {resource} {line}" for line in row.examples)
    kinds = get_type_hints(method)
    ids: list[str] = []
    parameters: list[click.Parameter] = []
    run = _runner(resource, row, ids)
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind is parameter.POSITIONAL_ONLY:
            ids.append(parameter.name)
            parameters.append(click.Argument([parameter.name]))
        elif parameter.kind is parameter.VAR_KEYWORD:
            if get_args(kinds[parameter.name]) == (WriteOptions,):
                run = idempotency_key_option(run)
        elif parameter.name not in row.fixed:
            words_of_it = words.get(parameter.name) or _WORDS[parameter.name]
            parameters.append(_option(parameter, kinds[parameter.name], words_of_it))
    if row.walk:
        parameters.append(click.Option(["--all", "everything"], is_flag=True, help="All pages, one after another."))
    if row.ask:
        parameters.append(click.Option(["--yes"], is_flag=True, help="Do not ask."))
    return click.Command(
        row.name, callback=run, params=[*parameters, *_params_of(json_option(run))], help=text, short_help=summary
    )


def _params_of(function: Any) -> list[click.Parameter]:
    """What decorators of click have left on a function, in the order of their lines."""
    return list(reversed(function.__click_params__))


def _runner(resource: str, row: Row, ids: Sequence[str]) -> Callable[..., None]:
    @with_client
    def run(client: HatchedClient, *, as_json: bool, everything: bool = False, yes: bool = False, **given: Any) -> None:
        positional = [given.pop(name) for name in ids]
        chosen = {name: value for name, value in given.items() if value not in (None, ())}
        for name, option in _RENAMED.items():
            if option in chosen:
                chosen[name] = chosen.pop(option)
        if row.ask and not yes:
            _confirm(row.ask.format(**dict(zip(ids, positional, strict=True))))
        method = getattr(getattr(client, resource), row.walk if everything else row.method)
        if strangers := chosen.keys() - inspect.signature(method).parameters.keys() - {"idempotency_key"}:
            raise click.UsageError(f"--all takes no --{min(strangers)}")
        with wrong_arguments():
            answer = method(*positional, **chosen, **row.fixed)
        if as_json:
            print_json(list(_each(answer)) if everything else answer)
        elif row.columns:
            rows = _each(answer if everything or not row.rows else getattr(answer, row.rows))
            print_rows(rows, row.columns.split())
            if not everything:
                _tell_of_more(answer)
        elif answer is None:
            click.echo("done")
        else:
            print_fields(answer)

    return run


def _each(models: Iterable[Model]) -> Iterator[Model]:
    """Walking sends requests, too."""
    with wrong_arguments():
        yield from models


def _confirm(question: str) -> None:
    try:
        sure = click.confirm(question, err=True)
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            click.echo(err=True)
            raise click.UsageError("nobody is there to answer; --yes does it unasked") from None
        raise
    if not sure:
        click.echo("nothing was done", err=True)
        click.get_current_context().exit(1)


def _tell_of_more(page: Any) -> None:
    """On stderr, so that nobody takes a page for the whole."""
    meta = getattr(page, "meta", None) or getattr(page, "pagination", None)
    if getattr(page, "next_cursor", None):
        click.echo(f"there is more: --all, or --cursor {page.next_cursor}", err=True)
    elif meta is not None and len(page.data) < meta.total:
        click.echo(f"{len(page.data)} of {meta.total}: --all shows every one", err=True)


def _explained(method: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The docstring without its sections, and what its `Args` say of each parameter."""
    text, *sections = re.split(r"^(Args|Raises):\n", inspect.getdoc(method) or "", flags=re.MULTILINE)
    arguments = dict(zip(sections[::2], sections[1::2], strict=True)).get("Args", "")
    found = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", arguments, re.MULTILINE)
    return text.strip(), {name: " ".join(said.split()) for name, said in found}


def _option(parameter: inspect.Parameter, kind: Any, words: str) -> click.Option:
    """The option that says what a parameter of this type takes."""
    name = _RENAMED.get(parameter.name, parameter.name)
    flag = f"--{name.removeprefix('is_').replace('_', '-')}"
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    facts: dict[str, Any] = {"help": words, "required": required, "default": default}
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    match kinds[0]:
        case one if one is bool and default is False:
            return click.Option([flag, name], is_flag=True, help=words)
        case one if one is bool:
            return click.Option([f"{flag}/--no-{flag[2:]}", name], **facts)
        case one if one is str:
            return click.Option([flag, name], **facts, metavar="TEXT")
        case one if one is int or one is float:
            show = default is not None
            return click.Option(
                [flag, name], **facts, type=int if one is int else _number, metavar="NUMBER", show_default=show
            )
        case one if get_origin(one) is Literal:
            return click.Option([flag, name], **facts, type=click.Choice(get_args(one)))
        case one if inspect.isclass(one) and issubclass(one, OpenEnum):
            return click.Option([flag, name], **facts, metavar=f"[{'|'.join(one)}]")  # no choice: servers may know more
        case one if one == Sequence[str]:
            facts["default"] = ()
            return click.Option([flag, name], **facts, multiple=True, metavar="TEXT")
        case _:
            return click.Option([flag, name], **facts, type=_json, metavar="JSON")


def _number(text: str) -> float:
    """An integer if it is written as one: the API may not take 5.0 for 5."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


buddies: click.Group = _Resource("buddies", _BUDDIES)
eggs: click.Group = _Resource("eggs", _EGGS)
operations: click.Group = _Resource("operations", _OPERATIONS)
paths: click.Group = _Resource("paths", _PATHS)
gates: click.Group = _Resource("gates", _GATES)
webhooks: click.Group = _Resource("webhooks", _WEBHOOKS)
