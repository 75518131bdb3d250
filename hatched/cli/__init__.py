"""The `hatched` command (extra `hatched[cli]`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Runs the command. Without its extra, one line says what to install."""
    try:
        import click  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        sys.exit("the hatched command needs its extra: pip install 'hatched[cli]'")

    # httpx looks for the requirements of a command of its own, which are ours too, and would load them each time.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

    from hatched.cli.app import hatched

    _open_closed_streams()
    hatched()


def _open_closed_streams() -> None:
    """Streams that the caller has closed, as in `hatched … 2>&-`, lead nowhere, and nothing need look for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
