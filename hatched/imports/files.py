"""Which files of an import are the same."""

from __future__ import annotations

import os
from pathlib import Path


def check_apart(source: str | None, **written: str | os.PathLike[str] | None) -> None:
    """See that nothing is written into what is read, nor two things into one file; names are those of options.

    Raises:
        ValueError: It would be.
        OSError: There is no such source.
    """
    taken: dict[object, str] = {}
    if source is not None and source != "-":
        Path(source).stat()
        taken[_identity(source)] = "what the events are read from"
    for name, path in written.items():
        if path is None:
            continue
        other = taken.setdefault(_identity(os.fsdecode(path)), f"{name}=")
        if other != f"{name}=":
            raise ValueError(f"{os.fsdecode(path)} cannot be {name}=: it is {other}")


def _identity(path: str) -> object:
    try:
        status = Path(path).stat()
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino
