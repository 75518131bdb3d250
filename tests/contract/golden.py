"""The golden vectors of tests/data/golden: facts that the documents state, each with its source."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Vector = dict[str, Any]

FOLDER = Path(__file__).parent.parent / "data" / "golden"
DOCUMENTS = ("hatched-api", "sdk-js-reference", "send-events-2026-05", "send-events-2026-06")
"""`hatched-api §3.3`, or `sdk-js-reference: Buddy` for a heading of one of the others."""


PAPERS = Path(os.environ.get("HATCHED_DOCUMENTS", FOLDER.parents[3] / "shared"))
"""The folder of the documents: `shared` beside this repository, unless the environment names another."""


def section(number: str) -> str:
    """A section of hatched-api.md."""
    document = PAPERS / "hatched-api.md"
    if not document.exists():
        pytest.skip("hatched-api.md is not here: HATCHED_DOCUMENTS names its folder")
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(number)} .*?(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, number
    return found[0]


GROUPS: dict[tuple[str, str], list[Vector]] = {
    (path.stem, group): vectors
    for path in sorted(FOLDER.glob("*.json"))
    for group, vectors in json.loads(path.read_text(encoding="utf-8")).items()
    if group != "about"
}
USED: set[tuple[str, str, str]] = set()
"""File, group and name of every vector that some test takes."""


def cases(
    file: str,
    group: str,
    *,
    where: Callable[[Vector], bool] = lambda _: True,
    deviations: Mapping[str, str] | None = None,
) -> list[Any]:
    """The vectors of a group as parameters; `deviations` names those that are known to fail, and says why."""
    chosen = [vector for vector in GROUPS[file, group] if where(vector)]
    reasons = deviations or {}
    assert chosen, (file, group)
    assert reasons.keys() <= {vector["name"] for vector in chosen}, reasons
    USED.update((file, group, vector["name"]) for vector in chosen)
    return [
        pytest.param(
            vector,
            id=vector["name"],
            marks=[pytest.mark.xfail(strict=True, reason=reasons[vector["name"]])] if vector["name"] in reasons else [],
        )
        for vector in chosen
    ]
