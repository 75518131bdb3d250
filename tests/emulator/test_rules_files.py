"""Rules in TOML: the presets, and what is said of a file that is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import pytest

from hatched.emulator import Emulator, Rules
from hatched.emulator.rules import files, model, schema
from hatched.emulator.rules.check import LEAST
from hatched.emulator.rules.model import CoinRule, Item, Streak, Token
from hatched.emulator.rules.places import places

from .support import Api

PRESETS = Path(files.__file__).parent.parent / "presets"
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
        ('audiences = [\n  "a",\n  "B",\n]', "r.toml:3: an audience is snake_case"),
        ('skills = [\n  { key = "s" },\n  { key = "t", max = "9" },\n]', "r.toml:3: skills.1.max must be a number"),
        (
            "[[badges]]\nkey = 'b'\n[badges.condition]\ntype = 'coin'\n[badges.condition.config]\namount = '1'",
            "r.toml:6:",
        ),
        ("[[badges]]\nkey = 'b'\n[badges.condition]\ntype = 'coin'\n[badges.condition.config]\namunt = 1", "r.toml:5:"),
        ('event_types = ["""\n[[coin_rules]]\n""", 3]', "r.toml:3: event_types.1 must be a string"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text(text, "r.toml")
    assert str(caught.value).startswith(message)


NASTY = """\
# The number of a line stands wherever a value may.
at_once = 2
text = \'\'\'
[[tables]]
key = "no key"\'\'\'\'\'
quoted = { "\\u0061 = [" = 6, 'b"]' = [6, 6] } # "
list = [ # [
  8, [8, # ]
    9], 2026-01-01 10:00:00,
  { of = 10, tables.deep = 10 }
  ,
]

[[tables]]
more = [""\"
\\""\" ""\""", 16]
[tables . "inner"]
x = 18
  [[tables.inner.y]]
  z = 20
  [[tables.inner.y]]
  z.z = 22
[[tables]]
w = 24
[[ tables . inner.y ]]
z = 26\r
[after]
last = 28"""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All that is in a document, with its place."""
    if path:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from leaves(one, f"{path}.{key}" if path else str(key))


def test_every_place_of_a_text_has_its_line() -> None:
    lines, found = places(NASTY), dict(leaves(tomllib.loads(NASTY)))
    assert lines.keys() == found.keys()
    numbers = {path: value for path, value in found.items() if isinstance(value, int)}
    assert {path: lines[path] for path in numbers} == numbers
    assert (lines["tables"], lines["tables.1"], lines["tables.1.inner.y"], lines["list.3"]) == (14, 23, 25, 10)


@pytest.mark.parametrize("name", files.PRESETS)
def test_every_place_of_a_preset_has_a_line(name: str) -> None:
    text = (PRESETS / f"{name}.toml").read_text()
    assert places(text).keys() == dict(leaves(tomllib.loads(text))).keys()


def test_a_byte_that_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xef\xbb\xbf# One\r\n# Two\r\n# \xe9\r\n")
    with pytest.raises(files.RulesError) as caught:
        files.read(path)
    assert str(caught.value) == f"{path}:3: not UTF-8: invalid continuation byte"


def test_an_audience_too_many_for_the_plan_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("audiences = [\n'a',\n'b',\n]\n")
    Emulator(rules=path, plan="pro")
    with pytest.raises(files.RulesError) as caught:
        Emulator(rules=path, plan="free")
    assert str(caught.value) == f"{path}:3: the free plan has at most 1 audience(s), these rules have more"
    with pytest.raises(files.RulesError, match=rf"^{re.escape(str(path))}:3: "):
        Emulator(plan="free").publish(path)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text('[[gates]]\nkey = "g"\ncost = 0\n[[gates]]\nkey = "g"\ncost = -1', "r.toml")
    assert str(caught.value).splitlines() == [
        "r.toml:5: every one of gates needs a key of its own: g comes twice",
        "r.toml:3: cost must not be less than 1",
        "r.toml:6: cost must not be less than 1",
    ]


def test_an_unknown_preset_is_told_with_those_that_exist() -> None:
    with pytest.raises(files.RulesError, match=r"there is no file fitnes, and no preset of that name .*fitness"):
        Emulator(rules="fitnes")


# --- the schema -----------------------------------------------------------------------------------------------

PUBLISHED = json.loads((PRESETS / "rules.schema.json").read_text())


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


def test_every_least_number_is_that_of_the_schema() -> None:
    least = {
        (name, field): value["minimum"]
        for name, described in PUBLISHED["$defs"].items()
        for field, value in described["properties"].items()
        if "minimum" in value
    }
    assert least == {(cls.__name__, field): number for cls, of in LEAST.items() for field, number in of.items()}
    assert PUBLISHED["$defs"]["Evolution"]["properties"]["stages"]["maxItems"] == 4


needs_validator = pytest.mark.skipif(
    find_spec("jsonschema_rs") is None, reason="jsonschema_rs comes with schemathesis: the group `fuzz`"
)


@needs_validator
@pytest.mark.parametrize("name", files.PRESETS)
def test_the_schema_takes_the_presets(name: str) -> None:
    assert accepted(tomllib.loads((PRESETS / f"{name}.toml").read_text()))


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
        "[[badges]]\nkey = 'b'\ncondition = { type = 'event_count', config = { event_type = '', count = 1 } }",
        "[[coin_rules]]\nevent = 't'\namount = -1",
        "[[coin_rules]]\nevent = ''\namount = 1",
        "[[coin_rules]]\nevent = 't'\namount = 1\nmultiplier = { factor = -1.0 }",
        "[primary]\nkey = 'k'\nlabel = 'K'\nmax_balance = -1",
        "[[skills]]\nkey = 's'\nlevel_every = 0",
        "[[skills]]\nkey = 's'\n[[skill_rules]]\nskill = 's'\namount = 1\nevent = ''",
        "[[gates]]\nkey = 'g'\ncost = 0",
        "[[evolution.stages]]\nconditions = []\n" * 5,
        STREAK.replace("7", "0"),
        STREAK.replace('"t"', '""'),
        "event_types = ['']",
        "audiences = []",
        "audiences = ['a', 'a']",
        "audiences = ['Teacher']",
    ],
)
def test_the_schema_refuses_what_the_emulator_refuses(text: str) -> None:
    assert not accepted(tomllib.loads(text))
    with pytest.raises(files.RulesError):
        files.parse_text(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[gates]]\nkey = 'g'\ncost = 1\ntoken_key = 'gems'",
            "r.toml:4: gate g takes the primary token only, not gems",
        ),
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
        (
            "[[gates]]\nkey = 'g'\ncost = 1\ntoken_key = 'xp'",
            "r.toml:4: gate g takes the primary token only, not xp",
        ),
        (
            "[[badges]]\nkey = 'b'\n[badges.condition]\ntype = 'badge_earned'\nconfig = { badge_key = 'b' }",
            "r.toml:5: badge b waits for itself",
        ),
        ("event_types = [\n'']", "r.toml:2: an event type should not be empty"),
        ("[[coin_rules]]\namount = 1\nevent = ''", "r.toml:3: an event type should not be empty"),
        (
            "[[skills]]\nkey = 's'\n[[skill_rules]]\nskill = 's'\namount = 1\nevent = ''",
            "r.toml:6: an event type should not be empty",
        ),
        (STREAK.replace('"t"', '"t", ""'), "r.toml:3: an event type should not be empty"),
        (
            "[[badges]]\nkey = 'b'\ncondition.type = 'custom'\n[badges.condition.config]\nproperty='p'\nevent_type=''",
            "r.toml:6: badge b: event_type should not be empty",
        ),
        (STREAK.replace("7", "0"), "r.toml:5: at must not be less than 1"),
        ("audiences = ['Teacher']", "r.toml:1: an audience is snake_case of at most 32 characters, unlike 'Teacher'"),
    ],
)
def test_names_of_things_that_there_are_not_are_told(text: str, message: str) -> None:
    with pytest.raises(files.RulesError) as caught:
        files.parse_text(text, "r.toml")
    assert str(caught.value) == message
