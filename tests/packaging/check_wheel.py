"""Run by `nox -s package` in an environment that holds the wheel and what it requires, and nothing else.

python -I check_wheel.py hatched-….whl
"""

import importlib
import pkgutil
import re
import sys
import zipfile

NEEDS_AN_EXTRA = {
    "hatched.cli.app",
    "hatched.cli.completion",
    "hatched.cli.connection",
    "hatched.cli.doctor",
    "hatched.cli.emulator",
    "hatched.cli.errors",
    "hatched.cli.import_",
    "hatched.cli.import_options",
    "hatched.cli.output",
    "hatched.cli.progress",
    "hatched.cli.resources",
    "hatched.cli.send",
    "hatched.imports.structs",
}


def check_content(wheel: str) -> None:
    """The package, its marker for type checkers, its metadata, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    strangers = [name for name in names if not name.startswith("hatched/") and ".dist-info/" not in name]
    assert not strangers, strangers
    assert "hatched/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".orig", ".rej"))]
    required = set(re.findall(r"(?m)^Requires-Dist: ([\w.-]+)(?!.*extra ==)", metadata))
    assert required == {"anyio", "attrs", "cattrs", "httpx"}, required
    assert "\nRequires-Python: >=3.11\n" in metadata


def check_imports() -> None:
    """Every module imports without the extras."""
    import hatched

    assert "site-packages" in (hatched.__file__ or ""), hatched.__file__
    names = [module.name for module in pkgutil.walk_packages(hatched.__path__, "hatched.", onerror=_fail)]
    assert len(names) > 50, names
    for name in names:
        if not name.endswith("__main__") and name not in NEEDS_AN_EXTRA:
            importlib.import_module(name)
    print(f"hatched {hatched.__version__}: {len(names)} modules import without extras")


def _fail(name: str) -> None:
    raise ImportError(name)


if __name__ == "__main__":
    check_content(sys.argv[1])
    check_imports()
