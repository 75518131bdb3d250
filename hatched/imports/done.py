"""Which rows are dealt with: all below a watermark, and some above it."""

from __future__ import annotations

from collections.abc import Iterable


class Done:
    """A watermark and a set of bits above it, so that its size follows from how far the rows run apart.

    Attributes:
        watermark: Every position below is done.
    """

    def __init__(self, watermark: int = 0, above: bytes = b"") -> None:
        self.watermark = watermark
        self._bits = int.from_bytes(above, "little")

    @property
    def above(self) -> bytes:
        """The set above the watermark: bit n of byte m stands for position `watermark + 8 * m + n`."""
        return self._bits.to_bytes((self._bits.bit_length() + 7) // 8, "little")

    def add(self, positions: Iterable[int]) -> None:
        """These are done."""
        watermark, bits = self.watermark, self._bits
        for position in positions:
            if position >= watermark:
                bits |= 1 << (position - watermark)
        run = (bits ^ (bits + 1)).bit_length() - 1  # ones from the lowest bit on
        self.watermark, self._bits = watermark + run, bits >> run

    def __contains__(self, position: int) -> bool:
        return position < self.watermark or bool(self._bits >> (position - self.watermark) & 1)
