"""Ids from a seed: the same seed and requests give the same ids."""

from __future__ import annotations

import hashlib

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


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
        return int.from_bytes(self._next().digest()) % below

    def _next(self) -> hashlib.blake2b:
        things, requests = self.given
        self.given = things + 1, requests
        return _digest(self._things, things)


def _digest(stream: hashlib.blake2b, number: int) -> hashlib.blake2b:
    one = stream.copy()
    one.update(b"%d" % number)
    return one


def _uuid(digest: hashlib.blake2b) -> str:
    """128 bits, of which six say version and variant; as text, for numbers of that size are slow."""
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"
