"""Writes the synchronous client: signature, docstring and one delegating line for each public method.

    python -m hatched.sync._generate [--check]

`--check` writes nothing and fails on drift, hand edits, orphans, and words that nothing uses.
"""

from __future__ import annotations

import ast
import difflib
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
TARGET = PACKAGE / "sync"

WORDS = {
    "class AsyncHatchedClient": "class HatchedClient(BlockingClient)",
    "AsyncHatchedClient": "HatchedClient",
    "httpx.AsyncClient": "httpx.Client",
    "Sequence[Middleware]": "Sequence[SyncMiddleware]",
    "async with": "with",
    "`aclose`": "`close`",
    "`await middleware(": "`middleware(",
    "for asyncio and trio": "for scripts, notebooks and threads: no event loop, and no thread of its own",
    "any number of tasks": "any number of threads",
    "With several tasks at once": "With several threads at once",
    "AsyncSource": "Source",
    "AsyncImportStream": "ImportStream",
    "hatched.imports.calls": "hatched.imports.blocking",
    "an iterable or async iterable of `SendEventParams`": "an iterable of `SendEventParams`",
    "is asked in the event loop": "is asked in the calling thread",
    "async for": "for",
}
BY_HAND = {"aclose", "with_options"}
"""In `_base.py`."""
IMPORTS = "hatched.imports.calls"
"""What truly needs concurrency is not stepped; `hatched.imports.blocking` has the same names."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def generate() -> dict[Path, str]:
    """The text of every generated file."""
    unused = set(WORDS)
    files = {}
    for source in [*sorted((PACKAGE / "resources").glob("[!_]*.py")), PACKAGE / "client.py"]:
        text = _twin(source)
        text = re.sub(r"AsyncGenerator\[(.+?), None\]", r"Iterator[\1]", text)
        text = text.replace("import AsyncGenerator,", "import Iterator,")
        for word, replacement in WORDS.items():
            if word in text:
                unused.discard(word)
                text = text.replace(word, replacement)
        files[TARGET / source.name] = _formatted(text)
    if unused:
        raise SystemExit(f"words that nothing uses: {sorted(unused)}")
    return files


def _twin(source: Path) -> str:
    tree = ast.parse(source.read_text())
    cls = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Async"))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for_types = [node for node in tree.body if isinstance(node, ast.If)]
    name = cls.name.removeprefix("Async")
    if source.name == "client.py":
        head = '"""The synchronous client."""'
        bases = ""
        ours = ["from hatched.sync._base import BlockingClient, SyncMiddleware", "if TYPE_CHECKING:"]
        ours += [
            f"    {line}" for line in ["import httpx", "from hatched.io.base import Clock", *_property_imports(cls)]
        ]
    else:
        head = f'"""{ast.get_docstring(tree)}"""'
        bases = f"(Resource[{cls.name}])"
        ours = ["from hatched.sync._base import Resource", f"from hatched.resources.{source.stem} import {cls.name}"]
        ours += map(ast.unparse, for_types)
    body = [twin for node in cls.body if (twin := _member(node)) is not None]
    text = ast.unparse(
        ast.fix_missing_locations(ast.ClassDef(f"{name if bases else cls.name}{bases}", [], [], body, []))
    )
    header = (
        f"# Generated from hatched/{source.relative_to(PACKAGE)} by _generate.py: edit that, then run `nox -s sync`."
    )
    future, *others = imports
    return "\n".join(
        [
            header,
            head,
            ast.unparse(future),
            *map(ast.unparse, others),
            "from hatched.sync._step import step, step_each",
            *ours,
            text,
        ]
    )


def _member(node: ast.stmt) -> ast.stmt | None:
    if not isinstance(node, Function):
        return node  # the docstring, or an alias
    if node.name in BY_HAND or (node.name.startswith("_") and node.name != "__init__"):
        return None
    if [ast.unparse(one) for one in node.decorator_list] == ["staticmethod"]:
        return node
    doc = node.body[:1] if ast.get_docstring(node) else []
    names = [argument.arg for argument in node.args.kwonlyargs]
    call = f"self._async.{node.name}"
    body = []
    if node.name == "__init__":
        line = f"super().__init__({', '.join(f'{name}={name}' for name in names)})"
    elif node.decorator_list:
        kind = ast.unparse(node.returns).removeprefix("Async") if node.returns else ""
        body = [ast.parse(f"from hatched.sync.{node.name} import {kind}").body[0]]
        node.returns = ast.Name(kind)
        line = f"return {kind}({call})"
    elif IMPORTS in ast.unparse(node):
        body = [node.body[-2]]
        line = ast.unparse(node.body[-1]).replace("await ", "").replace("self._call", "self._async._call")
    else:
        passed = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args] if argument.arg != "self"]
        passed += [f"{name}={name}" for name in names]
        passed += [f"**{node.args.kwarg.arg}"] if node.args.kwarg else []
        call += f"({', '.join(passed)})"
        if isinstance(node, ast.AsyncFunctionDef):
            call = f"step({call})"
        elif node.returns and "AsyncGenerator" in ast.unparse(node.returns):
            call = f"step_each({call})"
        line = f"return {call}"
    body.append(ast.parse(line).body[0])
    return ast.FunctionDef(node.name, node.args, [*doc, *body], node.decorator_list, node.returns)


def _property_imports(cls: ast.ClassDef) -> list[str]:
    found = [node for node in cls.body if isinstance(node, ast.FunctionDef) and node.decorator_list and node.returns]
    return [f"from hatched.sync.{node.name} import {ast.unparse(node.returns)[5:]}" for node in found if node.returns]


def _formatted(text: str) -> str:
    """Lay out, and drop the imports that only the source needs."""
    layout = ["ruff", "format", "--quiet", "--stdin-filename", str(TARGET / "_.py"), "-"]
    imports = ["ruff", "check", "--quiet", "--fix-only", "--stdin-filename", str(TARGET / "_.py"), "-"]
    for command in (imports, layout):
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    files = generate()
    orphans = set(TARGET.glob("[!_]*.py")) - set(files)
    if "--check" not in arguments:
        for path in orphans:
            path.unlink()
        for path, text in files.items():
            path.write_text(text)
        return 0
    failed = [f"{path.name}: nothing generates this file" for path in sorted(orphans)]
    for path, text in files.items():
        found = path.read_text() if path.exists() else ""
        failed += difflib.unified_diff(found.splitlines(), text.splitlines(), str(path.name), "generated", lineterm="")
    print("\n".join(failed) or f"{len(files)} files are up to date")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
