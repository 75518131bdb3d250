"""The command on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import NamedTuple


class Shown(NamedTuple):
    """What the terminal was sent, and what went into the pipe."""

    drawn: str
    piped: str


def on_a_terminal(*arguments: str, width: int = 100, pipe: bool = False) -> Shown:
    """Runs the command, which must succeed; with `pipe`, its standard output is none of the terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hatched.cli", *arguments],
        stdout=subprocess.PIPE if pipe else follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(width), "NO_COLOR": "1"},
        text=True,
    )
    os.close(follower)
    drawn = b""
    while piece := _read(leader):
        drawn += piece
    os.close(leader)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return Shown(drawn.decode(), output or "")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux says so when the other side is closed
        return b""
