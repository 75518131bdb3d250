"""Ids from a seed: the same seed and requests give the same ids."""

from __future__ import annotations

import hashlib

_VERSION, _VARIANT = 0x4 << 76, 0x8 << 60
_MASK = ~((0xF << 76) | (0xC << 60))


class Ids:
    """A stream of UUIDs (version 4 in form).

    Args:
        generation: How often the store has been opened, so that a reopened one never repeats an id.

    Attributes:
        given: How many things have been given an id, and how many requests. They have streams of their own: how many
            requests made a thing must not change its id.
    """

    def __init__(self, seed: int | str, generation: int = 0) -> None:
        self._things = hashlib.blake2b(f"{seed}/{generation}/things/".encode(), digest_size=16)
        self._requests = hashlib.blake2b(f"{seed}/{generation}/requests/".encode(), digest_size=16)
        self.given: tuple[int, int] = (0, 0)

    def new(self) -> str:
        """The id of the next thing."""
        return _uuid(self._next())

    def request(self) -> str:
        """The id of a request that brought none."""
        things, requests = self.given
        self.given = things, requests + 1
        return _uuid(_digest(self._requests, requests))

    def choice(self, below: int) -> int:
        """A whole number from 0 to `below` - 1."""
        return self._next() % below

    def _next(self) -> int:
        things, requests = self.given
        self.given = things + 1, requests
        return _digest(self._things, things)


def _digest(stream: hashlib.blake2b, number: int) -> int:
    one = stream.copy()
    one.update(b"%d" % number)
    return int.from_bytes(one.digest())


def _uuid(bits: int) -> str:
    text = f"{bits & _MASK | _VERSION | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
