"""The requests that an emulator has seen."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hatched.emulator.faults import Fault


class Entry(NamedTuple):
    """One request, and what became of it.

    Attributes:
        route: The route's id, or method and path of an unknown one.
        status: What the server answered; `None` if it never saw the request.
        fault: What happened on the way.
        headers: What the client sent, names in lower case, without `authorization`.
        body: As sent.
    """

    route: str
    status: int | None
    request_id: str | None
    fault: Fault | None
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)
