"""What every model shares: frozen, slotted, keyword-only, and `extra` for the fields of tomorrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from attrs import field, frozen


class Extra(Mapping[str, Any]):
    """A read-only mapping that copies and pickles (`types.MappingProxyType` does neither)."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any] | None = None) -> None:
        self._fields = dict(fields or {})

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return Extra, (self._fields,)

    def __repr__(self) -> str:
        return f"Extra({self._fields!r})"


NO_EXTRA = Extra()


@frozen(kw_only=True)
class Model:
    """Base of everything that the API answers.

    Attributes:
        extra: Fields of the answer that this version of the SDK does not know, by their wire name.
            Read-only, and left out of comparison and `repr`.
    """

    envelope: ClassVar[str] = ""
    """Key under which the raw answer may hold the fields, beside others that belong to the model too."""

    twins: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of fields that say the same; the raw answer may have but one of them."""

    aliases: ClassVar[tuple[str, ...]] = ()
    """Properties that are fields in the JavaScript SDK."""

    extra: Mapping[str, Any] = field(default=NO_EXTRA, eq=False, repr=False)


@frozen(kw_only=True)
class Params:
    """Base of everything that is sent. A field that is `None` is not sent."""


NOT_IN_BODY = {"in_body": False}
"""Marks a field that travels in the path or the query, not in the body."""
