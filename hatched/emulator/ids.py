"""Ids from a seed: the same seed and requests give the same ids."""

from __future__ import annotations

from random import Random

_VERSION, _VARIANT = 0x4 << 76, 0x8 << 60
_MASK = ~((0xF << 76) | (0xC << 60))


class Ids:
    """A stream of UUIDs (version 4 in form).

    Args:
        generation: How often the store has been opened, so that a reopened one never repeats an id.
    """

    def __init__(self, seed: int | str, generation: int = 0) -> None:
        self._things = Random(f"{seed}/{generation}")
        # Request ids have a stream of their own: how many requests made a thing must not change its id.
        self._requests = Random(f"{seed}/{generation}/requests")

    def new(self) -> str:
        """The id of the next thing."""
        return _uuid(self._things.getrandbits(128))

    def request(self) -> str:
        """The id of a request that brought none."""
        return _uuid(self._requests.getrandbits(128))

    def choice(self, below: int) -> int:
        """A whole number from 0 to `below` - 1."""
        return self._things.randrange(below)


def _uuid(bits: int) -> str:
    text = f"{bits & _MASK | _VERSION | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
