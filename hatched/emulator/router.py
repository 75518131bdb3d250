"""Finds the route of a request in the table that the SDK uses too, and among those beyond it."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import unquote

from hatched.emulator.beyond import ALL_ROUTES
from hatched.routes import Route

PREFIX = "/api/v1"  # seen; that `/health` stands below it too is inferred
_ANY, _ROUTE = object(), object()


class Match(NamedTuple):
    """A route and the decoded segments of its template."""

    route: Route
    args: dict[str, str]


def match(method: str, path: str) -> Match | None:
    """The route of a raw path; a literal segment wins over a placeholder."""
    if not path.startswith(PREFIX + "/"):
        return None
    segments = path[len(PREFIX) + 1 :].split("/")
    node: dict[Any, Any] = _TREE.get(method, {})
    values: list[str] = []
    for segment in segments:
        literal = node.get(segment)
        if literal is None:
            node = node.get(_ANY, {}) if segment else {}
            values.append(unquote(segment))
        else:
            node = literal
    found: tuple[Route, tuple[str, ...]] | None = node.get(_ROUTE)
    if found is None:
        return None
    route, names = found
    return Match(route, dict(zip(names, values, strict=True)))


def _tree() -> dict[str, Any]:
    tree: dict[Any, Any] = {}
    for route in ALL_ROUTES.values():
        node = tree.setdefault(route.method, {})
        segments = route.path[1:].split("/")
        for segment in segments:
            node = node.setdefault(_ANY if segment.startswith("{") else segment, {})
        node[_ROUTE] = route, tuple(segment[1:-1] for segment in segments if segment.startswith("{"))
    return tree


_TREE = _tree()
