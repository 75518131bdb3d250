"""Writes down what is dealt with: the rejected events in their file, and then in the checkpoint that they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from attrs import evolve

from hatched.imports import dead_letters
from hatched.imports.checkpoint import Checkpoint, State
from hatched.imports.dead_letters import DeadLetters
from hatched.imports.report import Rejection, StopReason
from hatched.imports.stopping import Stop

_SAVING = 0.1
"""Seconds between two writings of the checkpoint. What was accepted meanwhile is sent again after a crash, in vain."""


class Keeper:
    """Keeps the two files, beside the event loop.

    Args:
        state: Where the import stands, with its reason if it has ended.
        written: Is called when that is written down.

    Attributes:
        watermark: The one that is written down.
        waiting: Bytes of rejected events that are not written yet.
    """

    def __init__(self, state: Callable[[str | None], State], written: Callable[[], None], stop: Stop) -> None:
        self._state = state
        self._written = written
        self._stop = stop
        self.checkpoint: Checkpoint | None = None
        self.letters: DeadLetters | None = None
        self.watermark: int = 0
        self.waiting: int = 0
        self._lines: list[bytes] = []
        self._dirty = False
        self._bell: anyio.Event | None = None  # rings when something has changed

    def begin(self) -> None:
        """From here on, whatever follows in the dead-letter file is known to be this import's."""
        if self.checkpoint is not None:
            self._write(self._state(None), [])

    def reject(self, position: int, event: Any, rejection: Rejection) -> None:
        """Have a rejected event written, if there is a file for it."""
        if self.letters is not None:
            line = dead_letters.line(position, event, rejection)
            self._lines.append(line)
            self.waiting += len(line)

    def changed(self) -> None:
        """Something is dealt with."""
        self._dirty = True
        if self._bell is not None:
            self._bell.set()

    async def keep(self) -> None:
        """Write whenever something has changed, until cancelled."""
        while True:
            if not self._dirty:
                self._bell = anyio.Event()
                await self._bell.wait()
            await self.save()
            await anyio.sleep(_SAVING)

    async def save(self, ended: str | None = None) -> None:
        """Write; when it answers, all is on the disk. Stops the import if that fails."""
        self._dirty = False
        lines, self._lines = self._lines, []
        state = self._state(ended)
        try:
            if self.checkpoint is not None or lines:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._write, state, lines)
            self.watermark = state.watermark
            self.waiting -= sum(map(len, lines))
            self._written()
        except OSError as error:
            self._lines = lines + self._lines
            self._stop(StopReason.STORAGE, str(error))

    def _write(self, state: State, lines: list[bytes]) -> None:
        # The file first: lines that the checkpoint does not know of are cut off and come again.
        before = 0 if self.letters is None else self.letters.size
        size = None if self.letters is None else self.letters.append(lines)
        if self.checkpoint is not None:
            try:
                self.checkpoint.save(evolve(state, dead_letters=size))
            except BaseException:
                if self.letters is not None:
                    self.letters.take_back(before)
                raise

    def close(self) -> None:
        """Close the files."""
        if self.checkpoint is not None:
            self.checkpoint.close()
        if self.letters is not None:
            self.letters.close()
