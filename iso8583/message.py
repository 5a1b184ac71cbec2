"""A message: its type and its elements."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from iso8583.describe import Description
    from iso8583.dialect import Dialect

    Value = str | bytes

__all__ = ["Message"]


class Message:
    """An MTI and a mapping of element number to value: ``str`` for n, an, ans and z, ``bytes`` for b and TLV.

    The mapping is kept, not copied. A repr names elements only: values may be card data.

    >>> message = Message("0200", {4: "000000012850", 11: "000001"})
    >>> message[4]
    '000000012850'
    >>> message
    Message(0200, elements 4 11)
    """

    __slots__ = ("elements", "mti")

    def __init__(self, mti: str, elements: Mapping[int, Value]) -> None:
        self.mti = mti
        self.elements = elements

    def __getitem__(self, element: int) -> Value:
        return self.elements[element]

    def __contains__(self, element: object) -> bool:
        return element in self.elements

    def __iter__(self) -> Iterator[int]:
        return iter(self.elements)

    def get(self, element: int) -> Value | None:
        """Value of an element, or None."""
        return self.elements.get(element)

    def describe(self, dialect: Dialect | None = None, *, reveal: bool = False) -> Description:
        """The message for people: names in English and Chinese, values masked unless ``reveal``."""
        description: Description = import_module("iso8583.describe").describe(self, dialect, reveal)
        return description

    def rows(self) -> list[tuple[int, str, str, str]]:
        """Element, its name in English and in Chinese, and its masked value."""
        return [(row.element, row.name, row.name_zh, row.shown) for row in self.describe().rows]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.mti == other.mti and self.elements == other.elements

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Message({_digits(self.mti)}, elements {' '.join(map(str, sorted(self.elements)))})"


def _digits(mti: object) -> str:
    """An MTI that is one; whatever else stands there is not repeated."""
    return mti if isinstance(mti, str) and len(mti) == 4 and mti.isdecimal() else "????"
