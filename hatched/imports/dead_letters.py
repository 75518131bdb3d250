"""The file of rejected events: one line of JSON each, with the reason.

{"event": {…as it would be sent…}, "code": …, "message": …, "request_id": …, "position": …}
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from hatched import codec
from hatched.imports.report import Rejection
from hatched.models.events import SendEventParams

_SHOWN = 10_000
"""Characters that are kept of a row that has no JSON."""
_PREFIX = b'{"event": '
_BLOCK = 64 * 1024


class DeadLetters:
    """A file that lines are appended to.

    Args:
        size: Bytes of it that are known to belong to what is done; what follows them was written by an import that
            did not live to say so, and comes again.

    Raises:
        ValueError: The file is shorter than it was.
        OSError: It cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], size: int | None) -> None:
        self.path: str = os.fsdecode(path)
        file = Path(self.path)
        found = file.stat().st_size if file.exists() else 0
        if size is not None and found < size:
            raise ValueError(f"{self.path} has lost rejected events: it was {size} bytes long, and now is {found}")
        self._file: FileIO | None = None
        self._torn = False
        self.size: int = found if size is None else size
        if found:
            opened = self._open()
            if size is None:
                self.size = _mend(opened, found)
            else:
                opened.truncate(size)
        elif not file.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
        elif not os.access(file.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self.path)

    def append(self, lines: Iterable[bytes]) -> int:
        """Write lines, and answer the size of the file when they are on the disk.

        Raises:
            OSError: They could not be written, or not all of them.
        """
        data = b"".join(lines)
        if data:
            file = self._open()
            if self._torn:
                file.truncate(self.size)
            self._torn = True
            self._write(data)
            os.fsync(file.fileno())
            self._torn = False
            self.size = file.seek(0, os.SEEK_END)
        return self.size

    def _open(self) -> FileIO:
        """With the first line: who rejects nothing leaves no file."""
        if self._file is None:
            self._file = FileIO(self.path, "a+")
        return self._file

    def take_back(self, size: int) -> None:
        """What was appended beyond this size comes again."""
        self.size = size
        self._torn = True

    def _write(self, data: bytes) -> None:
        # In one piece, as a rule: other imports without a checkpoint may append to the same file.
        file = self._open()
        while data:
            data = data[file.write(data) :]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _mend(file: FileIO, size: int) -> int:
    """End a file whose last line has no end, and answer its size. A line of ours that was cut short goes."""
    start, tail = size, b""
    while start and b"\n" not in tail:
        start = max(start - _BLOCK, 0)
        file.seek(start)
        tail = file.read(size - start)
    tail = tail.rpartition(b"\n")[2]
    if not tail:
        return size
    if tail.startswith(_PREFIX) or _PREFIX.startswith(tail):
        try:
            json.loads(tail)
        except ValueError:
            file.truncate(size - len(tail))
            return size - len(tail)
    file.write(b"\n")
    return size + 1


def line(position: int, event: Any, rejection: Rejection) -> bytes:
    """The line of a rejected event."""
    fields = {
        "event": None,
        "code": rejection.code,
        "message": rejection.message,
        "request_id": rejection.request_id,
        "position": position,
    }
    try:
        wired = codec.to_wire(event) if isinstance(event, SendEventParams) else event
        text = json.dumps({**fields, "event": wired}, default=str, allow_nan=False)
    except Exception:  # noqa: BLE001  a row that is no event may be anything, down to what has no text
        text = json.dumps({**fields, "event": _shown(event)})
    return text.encode() + b"\n"


def _shown(row: Any) -> str:
    try:
        return repr(row)[:_SHOWN]
    except Exception:  # noqa: BLE001  see above
        return f"a {type(row).__name__}"


def events(path: str | os.PathLike[str]) -> Iterator[Any]:
    """The events of such a file, to be sent again.

    Raises:
        ValueError: A line is something else.
    """
    with Path(path).open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                yield json.loads(text)["event"]
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{os.fsdecode(path)}, line {number}: not a line of a dead-letter file") from None
