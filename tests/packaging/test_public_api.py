"""The public names, their signatures and attributes, as a text that a change must change with it.

After a change that is meant: HATCHED_WRITE_API=1 python -m pytest tests/packaging/test_public_api.py
"""

import ast
import difflib
import enum
import importlib
import inspect
import os
import textwrap
import typing
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

SNAPSHOT = Path(__file__).with_name("public_api.txt")
MODULES = [
    "hatched",
    "hatched.models",
    "hatched.webhooks",
    "hatched.emulator",
    "hatched.imports",
    "hatched.testing",
]
"""What users import from. Those that do not exist yet are left out."""


def public_api() -> str:
    lines = []
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        lines += sorted(_module(module))
    return "\n".join(lines) + "\n"


def _module(module: ModuleType) -> Iterator[str]:
    names = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("_")]
    classes = []
    for name in [*names, *(["__version__"] if module.__name__ == "hatched" else [])]:
        value = getattr(module, name)
        home = getattr(value, "__module__", "")
        if isinstance(value, ModuleType) or home in ("__future__", "typing", "importlib"):
            continue
        if inspect.isclass(value) and home.startswith("hatched.models.") and module.__name__ == "hatched":
            yield f"hatched.{name} is hatched.models.{name}"
        elif inspect.isclass(value):
            classes.append((f"{module.__name__}.{name}", value))
        elif inspect.isfunction(value):
            yield f"{module.__name__}.{name}{_signature(value)}"
        else:
            yield f"{module.__name__}.{name}"
    if module.__name__ == "hatched":
        classes += list(_resources(classes))
    public = {cls for _, cls in classes}
    for name, cls in classes:
        yield from _class(name, cls, public)


def _resources(classes: list[tuple[str, type]]) -> Iterator[tuple[str, type]]:
    """The classes behind `client.eggs` and its like."""
    for _, cls in classes:
        for value in vars(cls).values():
            if isinstance(value, cached_property):
                name = value.func.__annotations__["return"]
                room = "hatched.resources" if name.startswith("Async") else "hatched.sync"
                yield f"{room}.{name}", getattr(importlib.import_module(f"{room}.{value.attrname}"), name)


def _class(name: str, cls: type, public: set[type]) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    yield f"{name}({bases})"
    if issubclass(cls, enum.Enum):
        yield from (f"{name}.{member.name} = {member.value!r}" for member in cls)
        return
    if typing.is_typeddict(cls):
        yield from (f"{name}[{key}]: {_text(kind)}" for key, kind in cls.__annotations__.items())
        return
    fields = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else set[str]()
    if "__init__" in vars(cls) or "__new__" in vars(cls):
        yield f"{name}.__init__{_signature(cls)}"
        yield from (f"{name}.{attribute}" for attribute in _assigned(cls))
    for member in dir(cls):
        home = next((one for one in cls.__mro__ if member in vars(one)), cls)
        if member.startswith("_") or member in fields or not home.__module__.startswith("hatched"):
            continue
        if home is not cls and home in public:
            continue
        value = inspect.getattr_static(cls, member)
        value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if isinstance(value, property | cached_property):
            function = value.fget if isinstance(value, property) else value.func
            yield f"{name}.{member}: {_text(function.__annotations__.get('return'))}"
        elif inspect.isfunction(value):
            yield f"{name}.{member}{_signature(value)}"
        else:
            yield f"{name}.{member}"


def _assigned(cls: type) -> list[str]:
    """The public attributes that the methods of a class give its instances."""
    if attrs.has(cls):
        return []
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls))))
    stores = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return sorted({node.attr for node in stores if ast.unparse(node.value) == "self" and node.attr[0] != "_"})


def _signature(value: Any) -> str:
    prefix = " async " if inspect.iscoroutinefunction(value) else ""
    signature = inspect.signature(value)
    parameters = [
        parameter.replace(
            annotation=_Text(_text(parameter.annotation))
            if parameter.annotation is not parameter.empty
            else parameter.empty,
            default=_Text(_default(parameter.default)) if parameter.default is not parameter.empty else parameter.empty,
        )
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    returns = signature.return_annotation
    answer = "" if returns is signature.empty or inspect.isclass(value) else f" -> {_text(returns)}"
    return f"{inspect.Signature(parameters)}{answer}{prefix.rstrip()}"


class _Text(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _default(value: Any) -> str:
    return repr(value) if isinstance(value, str | int | float | tuple | None) else "..."


def _text(annotation: Any) -> str:
    if isinstance(annotation, typing.ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def test_the_public_api_is_as_written_down() -> None:
    now = public_api()
    if os.environ.get("HATCHED_WRITE_API"):
        SNAPSHOT.write_text(now)
    before = SNAPSHOT.read_text()
    changes = difflib.unified_diff(before.splitlines(), now.splitlines(), "public_api.txt", "now", lineterm="", n=0)
    assert now == before, "\n".join([*changes, "", "If this is meant, see the head of this file."])
