"""Events on their way, and several of them in columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload


class Item(NamedTuple):
    """An event on its way.

    Attributes:
        key: Events that share it stay in order: its user, unless another order is asked for.
        body: The bytes that are sent.
    """

    position: int
    key: Hashable
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event as it is sent."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Batch(Sequence[Item]):
    """Events in columns, which are never changed. An object for each would keep the garbage collector busy."""

    __slots__ = ("bodies", "keys", "positions")

    def __init__(
        self, positions: Sequence[int] = (), keys: Sequence[Hashable] = (), bodies: Sequence[bytes] = ()
    ) -> None:
        self.positions: Sequence[int] = positions
        self.keys: Sequence[Hashable] = keys
        self.bodies: Sequence[bytes] = bodies

    @classmethod
    def of(cls, items: Iterable[tuple[int, Hashable, bytes]]) -> Batch:
        """These events, items or as good as such."""
        return cls(*map(list, zip(*items, strict=True)))

    @property
    def size(self) -> int:
        """Bytes."""
        return sum([*map(len, self.bodies)])

    def where(self, wanted: Callable[[Item], bool]) -> Batch:
        """Those of these events."""
        return Batch.of([item for item in self if wanted(item)])

    def __len__(self) -> int:
        return len(self.bodies)

    def __iter__(self) -> Iterator[Item]:
        return map(Item, self.positions, self.keys, self.bodies)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> Batch: ...

    def __getitem__(self, place: int | slice) -> Item | Batch:
        if isinstance(place, slice):
            return Batch(self.positions[place], self.keys[place], self.bodies[place])
        return Item(self.positions[place], self.keys[place], self.bodies[place])

    def __add__(self, other: Batch) -> Batch:
        if not self:
            return other
        return Batch([*self.positions, *other.positions], [*self.keys, *other.keys], [*self.bodies, *other.bodies])

    def __repr__(self) -> str:
        return f"Batch({list(self)!r})"
