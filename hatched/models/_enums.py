"""Enums that stay open: a value this version does not know is kept as itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self
from weakref import WeakValueDictionary

_unknown: WeakValueDictionary[tuple[type, str], Any] = WeakValueDictionary()


class OpenEnum(StrEnum):
    """A string enum to which the server may add values.

    An unknown value becomes a member of its own that equals its string, keeps its identity while it
    is alive, copies and pickles. `is_known` tells the two apart.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member: Self | None = _unknown.get((cls, value))
        if member is None:
            member = str.__new__(cls, value)
            member._name_ = value
            member._value_ = value
            member = _unknown.setdefault((cls, value), member)
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the SDK has a name for the value."""
        return self.value in type(self)._value2member_map_

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.value!r}>"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.value,)
