"""A message: its type and its elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["Message", "Value"]

Value = str | bytes


class Message:
    """An MTI and a mapping of element number to value: ``str`` for n, an, ans and z, ``bytes`` for b and TLV."""

    __slots__ = ("elements", "mti")

    def __init__(self, mti: str, elements: Mapping[int, Value]) -> None:
        self.mti = mti
        self.elements = dict(elements)

    def __getitem__(self, element: int) -> Value:
        return self.elements[element]

    def __contains__(self, element: object) -> bool:
        return element in self.elements

    def __iter__(self) -> Iterator[int]:
        return iter(self.elements)

    def get(self, element: int) -> Value | None:
        """Value of an element, or None."""
        return self.elements.get(element)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.mti == other.mti and self.elements == other.elements

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Message({self.mti}, elements {sorted(self.elements)})"

    def rows(self) -> list[tuple[int, str, str, str]]:
        """Element, names and masked value of each element."""
        return [(n, f"Element {n}", "", _masked(n, v)) for n, v in sorted(self.elements.items())]


_HIDDEN = frozenset({2, 14, 35, 36, 45, 52, 55, 59, 62})


def _masked(element: int, value: Value) -> str:
    if element in _HIDDEN:
        return "*" * len(value)
    return value if isinstance(value, str) else value.hex().upper()
