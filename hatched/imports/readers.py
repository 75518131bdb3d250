"""Rows of files: JSON Lines, CSV and Parquet, plain or compressed, or standard input. Blocking.

A reader answers slices: lists of rows with the place where the first of them begins, so that reading can go on there.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

SLICE = 1_000
"""Rows of one slice, about."""
_BLOCK = 256 * 1024
_LONGEST = 8 * 1024 * 1024
"""Bytes of a line of JSON. A file without line breaks must not fill the memory."""


class Slice(NamedTuple):
    """Rows that follow each other.

    Attributes:
        position: Of the first row.
        offset: Of the first row in the file, in bytes, if reading can begin there; else 0.
        end: Of the last row in the file, in bytes, as far as it is known.
    """

    position: int
    rows: list[Any]
    offset: int = 0
    end: int = 0


class TooLong(NamedTuple):
    """Stands for a line that is longer than a reader takes."""

    start: bytes


class Start(NamedTuple):
    """Where reading begins: the row of this position lies at this offset."""

    position: int = 0
    offset: int = 0


def read(path: str, start: Start) -> Iterator[Slice]:
    """The slices of a file, `-` for standard input. It is opened when the first is asked for.

    Raises:
        ValueError: The name does not tell the format.
        ImportError: A library that the format needs is missing; when the first slice is asked for.
        OSError: The file cannot be read; also then.
    """
    kind, packed = format_of(path)
    if path != "-" and Path(path).exists() and not Path(path).is_file():
        raise ValueError(f"{path} is no regular file: let it be standard input, and give -")
    if kind == "parquet":
        return numbered(_parquet(path), start.position)
    if path == "-":
        return after(start.position, _lines(sys.stdin.buffer, Start()))
    return _slices(_UNPACK[packed], path, kind, start)


def _slices(unpack: Callable[[str], IO[bytes]], path: str, kind: str, start: Start) -> Iterator[Slice]:
    with unpack(path) as file, _told_by_name(path):
        if kind == "csv":
            yield from numbered(_csv(file), start.position)
        elif unpack is _open:
            file.seek(start.offset)
            yield from _lines(file, start)
        else:
            yield from after(start.position, _lines(file, Start()))


@contextmanager
def _told_by_name(path: str) -> Generator[None, None, None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(f"{path} is damaged: {error}") from None


def format_of(path: str) -> tuple[str, str]:
    """`jsonl`, `csv` or `parquet`, and the compression, by the name of a file. Standard input is JSON Lines."""
    if path == "-":
        return "jsonl", ""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in _UNPACK and suffixes[-1] else ""
    kind = _KINDS.get(suffixes[-1] if suffixes else "")
    if kind is None or (kind == "parquet" and packed):
        raise ValueError(
            f"{Path(path).name!r}: expected a name that ends with .jsonl, .ndjson, .csv or .parquet, "
            "the first three also followed by .gz or .zst"
        )
    return kind, packed


def fingerprint(path: str) -> str:
    """What tells whether a file is still the same: a digest of all of it, which takes a second for each GB, about."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(file: IO[bytes], start: Start) -> Iterator[Slice]:
    position, offset = start
    pending: list[bytes] = []
    size = 0  # of what is pending: a line without its end, or one that is too long already
    read = getattr(file, "read1", file.read)  # a pipe gives what it has
    while block := read(_BLOCK):
        head, newline, tail = block.rpartition(b"\n")
        if not newline:
            size += len(block)
            if size <= _LONGEST + len(block):
                pending.append(block)
            continue
        lines: list[Any] = b"".join([*pending, head]).split(b"\n")
        total = size + len(head) + 1
        if size > _LONGEST:
            lines[0] = TooLong(lines[0][:1000])
        if position == 0 and isinstance(lines[0], bytes):
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        yield Slice(position, lines, offset, offset + total)
        position += len(lines)
        offset += total
        pending, size = [tail], len(tail)
    last = b"".join(pending)
    if last:
        rows: list[Any] = [TooLong(last[:1000]) if size > _LONGEST else last]
        if position == 0 and size <= _LONGEST:
            rows = [last.removeprefix(b"\xef\xbb\xbf")]
        yield Slice(position, rows, offset, offset + size)


def _csv(file: IO[bytes]) -> Iterator[Any]:
    """Rows by the names of the first line. `properties` holds JSON, `properties.x` text; an empty cell is none.

    Bytes that are no UTF-8 become characters that no event may have, so they cost their own row only.
    """
    with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        names = next(reader, [])
        if len(set(names)) < len(names):
            raise ValueError(f"two columns of the same name: {', '.join(names)}")
        try:
            for cells in reader:
                yield _of_cells(names, cells) if cells else None
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num} is not CSV: {error}") from None


def _of_cells(names: list[str], cells: list[str]) -> Any:
    if len(cells) != len(names):
        return cells  # no event, which is told where rows are made events
    row: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if not cell:
            continue
        if name == "properties":
            row[name] = _parsed(cell)
        elif name.startswith("properties."):
            properties[name.removeprefix("properties.")] = cell
        else:
            row[name] = cell
    if properties:
        given = row.get("properties", {})
        row["properties"] = {**given, **properties} if isinstance(given, dict) else given
    return row


def _parquet(path: str) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException, parquet  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ImportError('Parquet files need pyarrow: pip install "hatched[parquet]"') from None
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=SLICE):
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    if isinstance(row.get("properties"), str):
                        row["properties"] = _parsed(row["properties"])
                    yield {name: value for name, value in row.items() if value is not None}
    except ArrowException as error:
        raise OSError(f"{path} is damaged, or no Parquet file: {error}") from None


def _parsed(text: str) -> Any:
    """What JSON text stands for; other text as it is, which is refused where rows are made events."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def numbered(rows: Iterable[Any], position: int, count: int = SLICE) -> Iterator[Slice]:
    """Slices of so many rows that can only be reached by reading those before.

    Raises:
        ValueError: The rows end before this position.
    """
    remaining = iter(rows)
    passed = sum(1 for _ in islice(remaining, position))
    if passed < position:
        raise ended_early(passed, position)
    while batch := list(islice(remaining, count)):
        yield Slice(position, batch)
        position += len(batch)


def after(position: int, slices: Iterable[Slice]) -> Iterator[Slice]:
    """The same, of slices."""
    end = 0
    for each in slices:
        end = each.position + len(each.rows)
        past = position - each.position
        if past <= 0:
            yield each._replace(offset=0, end=0)
        elif past < len(each.rows):
            yield Slice(position, each.rows[past:])
    if end < position:
        raise ended_early(end, position)


def ended_early(rows: int, before: int) -> ValueError:
    """The error of a source that has fewer rows than were dealt with in an earlier run."""
    return ValueError(
        f"the source ended after {rows} rows, and {before} were dealt with before: "
        "it is not what the checkpoint was made for, or has changed"
    )


def _open(path: str) -> IO[bytes]:
    return Path(path).open("rb", buffering=_BLOCK)


def _gzip(path: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _zstd(path: str) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raise ImportError('.zst files need zstandard: pip install "hatched[zstd]"') from None
    return io.BufferedReader(_Frames(Path(path).open("rb"), zstandard.ZstdDecompressor), _BLOCK)


class _Frames(io.RawIOBase):
    """What frames of Zstandard hold. The library's own reader takes a file that is cut short for a whole one."""

    def __init__(self, file: IO[bytes], decompressor: Callable[[], Any]) -> None:
        self._file = file
        self._decompressor = decompressor
        self._frame: Any = None
        self._packed = b""
        self._plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain:
            self._packed = self._packed or self._file.read(_BLOCK)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("it ends in the middle")
                return 0
            self._unpack()
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _unpack(self) -> None:
        if self._frame is None:
            self._frame = self._decompressor().decompressobj()
        try:
            self._plain = self._frame.decompress(self._packed)
        except Exception as error:  # noqa: BLE001  the library's own
            raise EOFError(str(error)) from None
        self._packed = b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = None

    def close(self) -> None:
        self._file.close()
        super().close()


_UNPACK: dict[str, Callable[[str], Any]] = {"": _open, ".gz": _gzip, ".zst": _zstd}
_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
