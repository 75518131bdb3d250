"""The `hatched` command (extra `hatched[cli]`)."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command. Without its extra, one line says what to install."""
    try:
        import click  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        sys.exit("the hatched command needs its extra: pip install 'hatched[cli]'")

    # httpx looks for the requirements of a command of its own, which are ours too, and would load them each time.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

    from hatched.cli.app import hatched

    hatched()
