"""What importing the package loads, and what it does without the extras."""

import ast
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import distribution, packages_distributions, version
from pathlib import Path
from types import ModuleType

import pytest

import hatched
import hatched.models
from tests.packaging.check_wheel import NEEDS_AN_EXTRA


def run(code: str, *arguments: str) -> str:
    # Where coverage is measured in all processes, it imports things of its own.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(statement: str) -> set[str]:
    return set(json.loads(run(f"{statement}\nimport json, sys; print(json.dumps(list(sys.modules)))")))


def heads(modules: set[str], depth: int) -> set[str]:
    return {".".join(name.split(".")[:depth]) for name in modules}


def test_importing_the_package_loads_no_model_and_nothing_that_is_rarely_used() -> None:
    loaded = loaded_by("import hatched")
    rooms = heads({name for name in loaded if name.startswith("hatched.")}, 2)
    assert not rooms & {f"hatched.{room}" for room in ("sync", "emulator", "imports", "testing", "cli")}
    assert {name for name in loaded if name.startswith("hatched.models.")} <= {
        "hatched.models._base",
        "hatched.models._enums",
    }
    assert not heads(loaded, 1) & {"jwt", "uvicorn", "rich", "pytest", "trio", "click", "typer", "sqlite3"}


def test_a_resource_is_loaded_on_first_use() -> None:
    loaded = loaded_by("import hatched")
    assert "hatched.resources.paths" not in loaded


def test_the_async_client_does_not_load_the_sync_one() -> None:
    loaded = loaded_by("import hatched; hatched.AsyncHatchedClient(api_key='hatch_test_x').events")
    assert not {name for name in loaded if name.startswith("hatched.sync")}


ONLY_WHAT_IS_REQUIRED = """
import importlib, sys
allowed = set(sys.argv[1].split(","))
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
for name in sys.argv[2].split(","):
    importlib.import_module(name)
"""


def required_modules() -> set[str]:
    """Top-level modules of the package's requirements, and of theirs, without any extra."""
    todo, seen = ["hatched"], set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        for line in distribution(name).requires or []:
            requirement, _, marker = line.partition(";")
            if "extra" not in marker and "python_version" not in marker:
                todo.append(re.match(r"[\w.-]+", requirement)[0])  # type: ignore[index]
    seen.add("typing-extensions")
    return {
        module
        for module, names in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", name).lower() for name in names} & seen
    } | {"hatched"}


def test_every_module_imports_without_extras() -> None:
    names = [module.name for module in pkgutil.walk_packages(hatched.__path__, "hatched.")]
    plain = [name for name in names if name not in NEEDS_AN_EXTRA and not name.endswith("__main__")]
    assert "hatched.client" in plain
    run(ONLY_WHAT_IS_REQUIRED, ",".join(required_modules()), ",".join(plain))


def names_for_types(module: ModuleType) -> dict[str, str]:
    """Name → the module that the `TYPE_CHECKING` block imports it from."""
    tree = ast.parse(Path(module.__file__ or "").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name, f"{alias.name} is not re-exported: write `{alias.name} as {alias.name}`"
            found[alias.name] = str(node.module)
    return found


def test_the_lazy_names_of_the_package_are_those_that_type_checkers_see() -> None:
    assert names_for_types(hatched) == hatched._LATER


def test_the_lazy_names_of_the_models_are_those_that_type_checkers_see() -> None:
    assert {name: f"hatched.models.{home}" for name, home in hatched.models._HOME_OF.items()} == names_for_types(
        hatched.models
    )


@pytest.mark.parametrize("module", [hatched, hatched.models])
def test_every_lazy_name_is_there(module: ModuleType) -> None:
    for name, home in names_for_types(module).items():
        assert getattr(module, name) is getattr(importlib.import_module(home), name)
        assert name in dir(module)


def test_every_model_is_exported() -> None:
    for info in pkgutil.iter_modules(hatched.models.__path__, "hatched.models."):
        module = importlib.import_module(info.name)
        own = {name for name, value in vars(module).items() if getattr(value, "__module__", None) == info.name}
        public = {name for name in own if not name.startswith("_") and isinstance(getattr(module, name), type)}
        assert public <= hatched.models._HOME_OF.keys(), info.name


@pytest.mark.parametrize("module", [hatched, hatched.models])
def test_an_unknown_name_is_an_attribute_error(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Hatchling'"):
        module.Hatchling


def test_the_version_is_that_of_the_distribution() -> None:
    assert hatched.__version__ == version("hatched")
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.dev\d+)?", hatched.__version__)


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (Path(hatched.__file__).parent / "py.typed").exists()
