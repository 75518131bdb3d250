"""Rules in TOML: the presets, and what is said of a file that is wrong."""

from __future__ import annotations

import json
import tomllib
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest

from hatched.emulator import Emulator, Rules
from hatched.emulator.rules import files, model, schema
from hatched.emulator.rules.model import CoinRule, Item, Streak, Token

from .support import Api

STREAK = '[[streaks]]\nkey = "s"\nevents = ["t"]\n[[streaks.milestones]]\nat = 7\n'


@pytest.mark.parametrize("name", files.PRESETS)
def test_a_buddy_lives_under_every_preset(name: str) -> None:
    rules = files.preset(name)
    api = Api(rules=name)
    api.buddy()
    for rule in rules.coin_rules:
        api.event(rule.event)
    assert api.ok("GET", "/buddies")["data"][0]["coins"] > 0


def test_a_file_means_what_its_python_twin_means(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[coin_rules]]\nevent = "t"\namount = 3\nmultiplier = { factor = 2.0, property = "premium" }\n')
    emulator = Emulator(rules=path)
    assert emulator.sync_client().buddies.ensure("u").coins == 0
    rule = CoinRule(event="t", amount=3, multiplier=files.read(path).coin_rules[0].multiplier)
    assert files.read(path) == Rules(coin_rules=(rule,))


EVERY_FIELD = """
[primary]
key = "gems"
label = "Gems"
icon = "gem"
[[items]]
key = "hat"
category = "head"
description = "A hat"
price = 3
token_key = "gems"
stage_image_urls = { "3" = "https://img/3.png" }
[[streaks]]
key = "daily"
events = ["t"]
display_mode = "row"
max_row_icons = 7
"""


def test_a_file_may_say_what_no_answer_shows() -> None:
    images = {"3": "https://img/3.png"}
    item = Item(key="hat", category="head", description="A hat", price=3, token_key="gems", stage_image_urls=images)
    assert files.parse_text(EVERY_FIELD) == Rules(
        primary=Token(key="gems", label="Gems", icon="gem"),
        items=(item,),
        streaks=(Streak(key="daily", events=("t",), display_mode="row", max_row_icons=7),),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event_types = [", "r.toml: Invalid value (at end of document)"),
        ("even_types = []", "r.toml:1: property even_types should not exist"),
        ('\n[[coin_rules]]\nevent = "t"\namount = "3"', "r.toml:4: coin_rules.0.amount must be an integer number"),
        ('[[coin_rules]]\nevent = "t"\namount = 3\n\n[[coin_rules]]\nevent = "u"', "r.toml:5: coin_rules.1.amount"),
        ('[[skill_rules]]\nevent = "t"\nskill = "s"\namount = 1', "r.toml:3: there is no skill s"),
        (
            '[[badges]]\nkey = "b"\ncondition = { type = "coin", config = {} }',
            "r.toml:3: badge b: a condition of type coin needs amount (int)",
        ),
        (
            '[[streaks]]\nkey = "s"\nevents = ["t"]\n[[streaks.milestones]]\nat = "7"',
            "r.toml:5: streaks.0.milestones.0.at must be an integer number",
        ),
        (
            STREAK + STREAK.replace('"s"', '"r"') + 'badge = "b"',
            "r.toml:11: streak r: there is no badge b",
        ),
        ('[evolution]\nmode = "manual"', "r.toml:2: evolution.mode must be one of the following values"),
        ('[[items]]\nkey = "i"\ncategory = "tail"', "r.toml:3: items.0.category must be one of"),
        (
            '[[items]]\nkey = "i"\ncategory = "head"\nstage_image_urls = { "6" = "u" }',
            "r.toml:4: item i: a stage is one of 1, 2, 3, 4, 5, not '6'",
        ),
        (
            '[[streaks]]\nkey = "s"\nevents = ["t"]\nmax_row_icons = 0',
            "r.toml:4: max_row_icons must not be less than 1",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text(text, "r.toml")
    assert str(caught.value).startswith(message)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text('[[gates]]\nkey = "g"\ncost = 0\n[[gates]]\nkey = "g"\ncost = -1', "r.toml")
    assert str(caught.value).splitlines() == [
        "r.toml:5: every one of gates needs a key of its own: g comes twice",
        "r.toml:3: gate g must cost something",
        "r.toml:6: gate g must cost something",
    ]


def test_an_unknown_preset_is_told_with_those_that_exist() -> None:
    with pytest.raises(files.RulesError, match=r"there is no file fitnes, and no preset of that name .*fitness"):
        Emulator(rules="fitnes")


# --- the schema -----------------------------------------------------------------------------------------------

PUBLISHED = json.loads((Path(files.__file__).parent.parent / "presets" / "rules.schema.json").read_text())


def test_the_published_schema_is_that_of_the_rules() -> None:
    assert schema.document() == PUBLISHED


def test_every_field_of_every_kind_of_rule_is_in_the_schema() -> None:
    for name, described in {**PUBLISHED["$defs"], "Rules": PUBLISHED}.items():
        cls = getattr(model, name)
        assert list(described["properties"]) == [field.name for field in attrs.fields(cls)], name
        assert described["description"]


def accepted(data: object) -> bool:
    """Whether an independent validator takes it."""
    import jsonschema_rs

    return not list(jsonschema_rs.validator_for(PUBLISHED).iter_errors(data))


needs_validator = pytest.mark.skipif(
    find_spec("jsonschema_rs") is None, reason="jsonschema_rs comes with schemathesis: the group `fuzz`"
)


@needs_validator
@pytest.mark.parametrize("name", files.PRESETS)
def test_the_schema_takes_the_presets(name: str) -> None:
    path = Path(files.__file__).parent.parent / "presets" / f"{name}.toml"
    assert accepted(tomllib.loads(path.read_text()))


@needs_validator
@pytest.mark.parametrize(
    "text",
    [
        "even_types = []",
        "[[coin_rules]]\nevent = 't'",
        "[[coin_rules]]\nevent = 't'\namount = '3'",
        "[[items]]\nkey = 'i'\ncategory = 'tail'",
        "[[streaks]]\nkey = 's'\nevents = ['t']\ndisplay_mode = 'huge'",
        "[[badges]]\nkey = 'b'\ncondition = { type = 'coin', config = {} }",
        "[[badges]]\nkey = 'b'\ncondition = { type = 'streak', config = { streak_key = 3, count = 1 } }",
    ],
)
def test_the_schema_refuses_what_the_emulator_refuses(text: str) -> None:
    assert not accepted(tomllib.loads(text))
    with pytest.raises(files.RulesError):
        files.parse_text(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[gates]]\nkey = 'g'\ncost = 1\ntoken_key = 'gems'", "r.toml:4: there is no token gems"),
        ("[[items]]\nkey = 'i'\ncategory = 'head'\ntoken_key = 'gems'", "r.toml:4: there is no token gems"),
        (
            "[[coin_rules]]\nevent = 't'\namount = 1\nmultiplier = { factor = 2.0, streak = 's' }",
            "r.toml:4: there is no streak s",
        ),
        (
            "audiences = ['a']\n[[skills]]\nkey = 's'\n[[decays]]\nskill_key = 's'\ncadence = 'daily'\namount = 1",
            "r.toml:4: there is no audience default",
        ),
        ("[[coin_rulez]]\nevent = 't'", "r.toml:1: property coin_rulez should not exist"),
        ("audiences = ['a', 'a']", "r.toml:1: audience a comes twice"),
        (
            "[primary]\nkey = 'x'\nlabel = 'X'\n[progression]\nkey = 'x'\nlabel = 'X'",
            "r.toml:5: both tokens have the key x",
        ),
        (
            "[[badges]]\nkey = 'b'\ncondition = { type = 'coin', config = { amount = 1, amuont = 2 } }",
            "r.toml:3: badge b: a condition of type coin knows no amuont",
        ),
        (
            "[[gates]]\nkey = 'g'\ncost = 1\nmetadata = { when = 2026-01-01 }",
            "r.toml:4: gates.0.metadata must be a JSON value",
        ),
        ("audiences = ['Teacher']", "r.toml:1: an audience is snake_case of at most 32 characters, unlike 'Teacher'"),
    ],
)
def test_names_of_things_that_there_are_not_are_told(text: str, message: str) -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text(text, "r.toml")
    assert str(caught.value) == message
