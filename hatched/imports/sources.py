"""Where rows come from, made events slice by slice."""

from __future__ import annotations

import os
import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import anyio.lowlevel
import anyio.to_thread

from hatched.imports import readers
from hatched.imports.batch import Item
from hatched.imports.readers import Slice, Start, TooLong
from hatched.imports.report import Rejection
from hatched.imports.rows import Bad, Row, Rows, Skipped
from hatched.routes import MAX_BATCH

T = TypeVar("T")

Source = str | os.PathLike[str] | Iterable[Row] | Iterable[Any]
AsyncSource = Source | AsyncIterable[Row] | AsyncIterable[Any]

_AT_ONCE = 5 * MAX_BATCH
"""Rows that are made events in one go."""
_TURN = 0.002
"""Seconds of making events after which the other tasks of the event loop have their turn."""

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Calls a function somewhere, and answers what it answers."""


async def in_thread(function: Callable[[], T]) -> T:
    """Beside the event loop; whoever is cancelled does not wait for it."""
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True)


async def in_place(function: Callable[[], T]) -> T:
    """In the event loop, whose other tasks have their turn first."""
    await anyio.lowlevel.checkpoint()
    return function()


class Turns:
    """In the event loop, whose other tasks have their turn now and then."""

    def __init__(self) -> None:
        self._ends = 0.0

    async def __call__(self, function: Callable[[], T]) -> T:
        """Call it, after the others if they have waited for long enough."""
        if time.monotonic() >= self._ends:
            await anyio.lowlevel.checkpoint()
            self._ends = time.monotonic() + _TURN
        return function()


class Events(NamedTuple):
    """Rows that are events, or are known to be none.

    Attributes:
        position: Of the first.
        start: Where reading can begin to come by the first, if it can.
        end: Bytes of the source up to the last, as far as that is known, to a row or so.
    """

    position: int
    outcomes: Sequence[Item | Bad | Skipped]
    start: Start | None
    end: int


class Reading:
    """One pass over a source, from a position on.

    Args:
        files: Where files are read.
        iterables: Where iterables are asked for rows.
        callables: Where the caller's functions are called, with rows.
    """

    def __init__(
        self,
        source: AsyncSource,
        rows: Rows,
        start: Start,
        *,
        files: Run = in_thread,
        iterables: Run = in_place,
        callables: Run = in_place,
    ) -> None:
        self._rows = rows
        self._run = files
        # Beside the event loop, making events would take turns with it, by the interpreter's slow clock.
        self._make: Run = callables if rows.calls else Turns()
        self._slices: Iterator[Slice] | None = None
        self._async_rows: AsyncIterator[Any] | None = None
        self._slice = Slice(start.position, [])
        self._taken = 0  # of its rows
        self._skip = start.position
        self._looked_at: list[Any] = []
        path = path_of(source)
        self._file = None if path in (None, "-") else path
        self._size = 0 if self._file is None else Path(self._file).stat().st_size
        if self._file is not None:
            self._slices = readers.read(self._file, start)
        elif path is not None:
            self._slices = readers.read(path, Start())
        elif isinstance(source, AsyncIterable):
            self._async_rows = aiter(source)
            self._position = 0
        elif isinstance(source, Iterable) and not isinstance(source, bytes | Mapping):
            self._iterator = iter(source)
            self._run = iterables
        else:
            raise TypeError(f"source must be a path or an (async) iterable of events, not {type(source).__name__}")

    async def fingerprint(self) -> str | None:
        """What tells the source from another: all of a file, of others the first row. To be asked first."""
        if self._file is not None:
            file = self._file
            of_file: str = await self._run(lambda: readers.fingerprint(file))
            return of_file
        if self._slices is not None:
            found = await self._next_slice()
            if found is None:
                return None
            self._slices = readers.after(self._skip, chain([found], self._slices))
            return sha256(found.rows[0] if type(found.rows[0]) is bytes else b"").hexdigest()
        if self._async_rows is not None:
            row = await anext(self._async_rows, _END)
        else:
            row = await self._run(lambda: next(self._iterator, _END))
        if row is _END:
            return None
        self._looked_at = [row]
        (outcome,) = await self._make(lambda: self._outcomes(0, [row]))
        return sha256(outcome.body).hexdigest() if isinstance(outcome, Item) else None

    def check_whole(self) -> None:
        """To be asked at the end.

        Raises:
            ValueError: The file has become another meanwhile.
        """
        if self._file is not None and Path(self._file).stat().st_size != self._size:
            raise ValueError(f"{self._file} has changed while it was read")

    @property
    def size(self) -> int | None:
        """Of the source in bytes, if a part of it can be told from that."""
        plain = self._file is not None and readers.format_of(self._file) == ("jsonl", "")
        return self._size if plain else None

    async def next(self) -> Events | None:
        """The next events, or `None` at the end."""
        start = None
        if self._taken >= len(self._slice.rows):
            found = await self._next_slice()
            if found is None:
                return None
            self._slice, self._taken = found, 0
            start = Start(found.position, found.offset)
        position = self._slice.position + self._taken
        rows = self._slice.rows[self._taken : self._taken + _AT_ONCE - position % _AT_ONCE]
        self._taken += len(rows)
        outcomes = await self._make(lambda: self._outcomes(position, rows))
        offset, end = self._slice.offset, self._slice.end
        return Events(position, outcomes, start, offset + (end - offset) * self._taken // len(self._slice.rows))

    def close(self) -> None:
        """Close the file of a source that is one."""
        if isinstance(self._slices, Generator):
            with suppress(ValueError):  # a thread that nobody waits for still reads
                self._slices.close()

    async def _next_slice(self) -> Slice | None:
        if self._async_rows is None:
            if self._slices is None:
                self._slices = readers.numbered(chain(self._looked_at, self._iterator), self._skip, MAX_BATCH)
            slices = self._slices
            found: Slice | None = await self._run(lambda: next(slices, None))
            return found
        while (row := await self._next_row(self._async_rows)) is not _END:
            self._position += 1
            if self._position > self._skip:
                # One at a time: whoever waits for more must not keep back what is there.
                return Slice(self._position - 1, [row])
        if self._position < self._skip:
            raise readers.ended_early(self._position, self._skip)
        return None

    async def _next_row(self, rows: AsyncIterator[Any]) -> Any:
        return self._looked_at.pop() if self._looked_at else await anext(rows, _END)

    def _outcomes(self, position: int, rows: list[Any]) -> Sequence[Item | Bad | Skipped]:
        if {*map(type, rows)} == {bytes}:
            return self._rows.of_lines(position, rows)
        return [self._outcome(at, row) for at, row in enumerate(rows, position)]

    def _outcome(self, position: int, row: Any) -> Item | Bad | Skipped:
        if type(row) is bytes:
            return self._rows.of_lines(position, [row])[0]
        if type(row) is TooLong:
            return Bad(position, row.start.decode(errors="replace"), _TOO_LONG)
        if row is None:
            return Skipped(position)
        return self._rows.of_row(position, row)


_END = object()
_TOO_LONG = Rejection(code="bad_row", message="a line of more than 8 MiB")


def path_of(source: AsyncSource) -> str | None:
    """The path that a source is, if it is one; `-` is standard input."""
    return os.fsdecode(source) if isinstance(source, str | os.PathLike) else None
