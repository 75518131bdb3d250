"""Which rows are dealt with: all below a watermark, and some above it."""

from __future__ import annotations

from collections.abc import Iterable


class Done:
    """A watermark, and the positions above it; how many those can be follows from how far the rows run apart.

    Attributes:
        watermark: Every position below is done.
    """

    def __init__(self, watermark: int = 0, above: bytes = b"") -> None:
        self.watermark: int = watermark
        bits = int.from_bytes(above, "little")
        self._above = {watermark + place for place in range(bits.bit_length()) if bits >> place & 1}

    @property
    def above(self) -> bytes:
        """The positions above the watermark: bit n of byte m stands for `watermark + 8 * m + n`."""
        if not self._above:
            return b""
        bits = bytearray((max(self._above) - self.watermark) // 8 + 1)
        for position in self._above:
            place = position - self.watermark
            bits[place >> 3] |= 1 << (place & 7)
        return bytes(bits)

    def add(self, positions: Iterable[int]) -> None:
        """These are done."""
        watermark, above = self.watermark, self._above
        if isinstance(positions, range) and positions.start <= watermark <= positions.stop:
            watermark = positions.stop
        else:
            above.update([position for position in positions if position >= watermark])
        while watermark in above:
            watermark += 1
        above.difference_update(range(self.watermark, watermark) if above else ())
        self.watermark = watermark

    def __contains__(self, position: int) -> bool:
        return position < self.watermark or position in self._above
