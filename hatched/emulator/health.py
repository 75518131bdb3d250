"""Whether the server is there. Needs no key (inferred)."""

from __future__ import annotations

from hatched.emulator.context import Call
from hatched.emulator.messages import Reply


def get(call: Call) -> Reply:
    """The body is inferred."""
    return Reply({"status": "ok"})
