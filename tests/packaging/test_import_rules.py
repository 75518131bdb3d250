"""Nothing imports upward: the rules of the house, read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import hatched

PACKAGE = Path(hatched.__file__).parent

THE_CLIENT = {
    "client",
    "codec",
    "config",
    "errors",
    "io",
    "models",
    "options",
    "pipeline",
    "resources",
    "routes",
    "strict",
}

MAY_IMPORT = {
    "models": set(),
    "errors": set(),
    "routes": set(),
    "_version": set(),
    "strict": {"models"},
    "codec": {"models", "strict"},
    "config": {"errors"},
    "options": {"config"},
    "pipeline": {"errors", "routes"},
    "io": {"config", "errors", "pipeline"},
    "webhooks": {"codec", "errors", "models"},
    "resources": {"codec", "config", "errors", "io", "models", "options", "pipeline", "routes", "webhooks"},
    "client": {"_version", "codec", "config", "errors", "io", "models", "options", "pipeline", "resources", "routes"},
    "sync": THE_CLIENT | {"webhooks"},
    "emulator": {"_version", "codec", "models", "routes"},
    "emulator/doors": THE_CLIENT | {"emulator", "sync"},
    "imports": THE_CLIENT | {"sync"},
    "testing": THE_CLIENT | {"emulator", "sync", "webhooks"},
    "cli": THE_CLIENT | {"_version", "emulator", "imports", "sync", "webhooks"},
    "__init__": {"_version", "client", "codec", "errors", "models", "options", "pipeline", "sync"},
}
"""Which rooms a room may import when it is loaded; always also itself. Two modules of the emulator are rooms of
their own: they stand on the client, and the rest of the emulator does not."""

LATER = {
    ("errors", "codec"): "details become models only when somebody asks",
    ("errors", "models"): "details become models only when somebody asks",
    ("emulator", "emulator/doors"): "Emulator.client() is for its users",
    ("resources", "imports"): "client.events.import_all() is for its users",
    ("sync", "imports"): "the same",
}
"""What a room may also import inside a function, and why."""

FOR_TYPES = {
    ("errors", "models"): "errors hold models",
    ("options", "pipeline"): "on_response takes a ResponseInfo",
    ("pipeline", "io"): "the pipeline is given an IO and never makes one",
    ("resources", "imports"): "client.events.import_all() takes and answers what the importer has",
    ("sync", "imports"): "the same",
    ("emulator", "__init__"): "Emulator.client() answers a client",
    ("emulator", "emulator/doors"): "Emulator.client() takes what the doors take",
}
"""What may also be imported under TYPE_CHECKING, and why."""

EXCUSES = {"later": LATER, "types": FOR_TYPES}

WORLD = {"httpx", "httpcore", "anyio", "asyncio", "trio", "sniffio"}
DOORS = ("emulator/transport", "emulator/doors", "emulator/asgi", "emulator/server", "emulator/receivers")
TOUCHES_THE_WORLD = ("io/", "imports/", "cli/", "testing", *DOORS)
"""The only places that import httpx, anyio or an event loop when they run."""


class Import(NamedTuple):
    module: str  # path in the package, without .py
    line: int
    name: str  # what is imported, as a dotted name
    when: str  # "load", "later" or "types"

    @property
    def room(self) -> str:
        return self.module if self.module in MAY_IMPORT else self.module.partition("/")[0]

    @property
    def target(self) -> str | None:
        """The room that is imported, if it is one of ours."""
        head, *rest = self.name.split(".")
        if head != "hatched":
            return None
        if "/".join(rest[:2]) in MAY_IMPORT:
            return "/".join(rest[:2])
        return rest[0] if rest and rest[0] in MAY_IMPORT else "__init__"

    @property
    def upward(self) -> bool:
        return self.target not in {None, self.room, *MAY_IMPORT[self.room]}


def imports_of(path: Path) -> Iterator[Import]:
    module = path.relative_to(PACKAGE).with_suffix("").as_posix()

    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(module, node.lineno, alias.name, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            if node.module == "hatched":
                yield from (Import(module, node.lineno, f"hatched.{alias.name}", when) for alias in node.names)
            else:
                yield Import(module, node.lineno, node.module or "", when)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                yield from walk(child, "types")
            for child in node.orelse:
                yield from walk(child, when)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, "later" if inside and when == "load" else when)

    yield from walk(ast.parse(path.read_text()), "load")


ALL = [found for path in sorted(PACKAGE.rglob("*.py")) for found in imports_of(path)]
ROOMS = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_every_room_has_its_rule() -> None:
    assert MAY_IMPORT.keys() >= ROOMS


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_nothing_imports_upward(room: str) -> None:
    wrong = [
        f"{found.module}.py:{found.line} imports {found.name} ({found.when})"
        for found in ALL
        if found.room == room and found.upward and (room, found.target) not in EXCUSES.get(found.when, {})
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_seam_touches_the_world() -> None:
    wrong = [
        f"{found.module}.py:{found.line} imports {found.name}"
        for found in ALL
        if found.name.partition(".")[0] in WORLD
        and found.when != "types"
        and not found.module.startswith(TOUCHES_THE_WORLD)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("when", EXCUSES)
def test_every_excuse_is_needed(when: str) -> None:
    assert EXCUSES[when].keys() <= {(found.room, found.target) for found in ALL if found.upward and found.when == when}


def test_models_know_only_attrs_and_the_standard_library() -> None:
    wrong = {
        found.name
        for found in ALL
        if found.room in ("models", "errors", "routes")
        and (head := found.name.partition(".")[0]) not in sys.stdlib_module_names
        and head not in ("attrs", "hatched")
    }
    assert not wrong
