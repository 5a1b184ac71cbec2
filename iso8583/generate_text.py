"""Pieces of source that both kinds of straight-line functions are made of."""

from __future__ import annotations

from iso8583.declaration import Field

__all__ = [
    "LENGTH_ONLY",
    "PAD_LEFT",
    "PAD_RIGHT",
    "PLAIN",
    "RAISE",
    "Cuts",
    "in_brackets",
    "joined",
    "merged",
    "not_alphanumeric",
    "unpack",
]

RAISE = "raise ValueError"
LENGTH_ONLY, PAD_LEFT, PAD_RIGHT, PLAIN = 0, 1, 2, 3
"""What the template helper of a generated codec does for a value: only its length is tested; a nibble goes
before or after an odd number of digits; the value stands as it is."""


def unpack(shape: list[Field]) -> str:
    return f"({', '.join(f'f{item.number}' for item in shape)},) = m.values()"


def joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else " + ".join(names)


def merged(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Adjoining pieces as one."""
    found: list[tuple[int, int]] = []
    for first, last in pieces:
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def in_brackets(names: list[str]) -> str:
    """A sum that a method can be called on."""
    return names[0] if len(names) == 1 else f"({joined(names)})"


def not_alphanumeric(text: str) -> str:
    """Test for anything but letters, digits and blanks; blanks are rare, and cost only where there are some."""
    return f"not ((a := {text}).isalnum() or a.replace(' ', '').isalnum())"


class Cuts:
    """Adjoining elements of fixed length: cut out of the message once, then by constants.

    Places that are sums with a variable are paid for at every one of them; two elements are not worth a cut.
    """

    WORTH = 3

    def __init__(self, source: str, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        self._start = ""
        self._size = 0
        self._pieces: list[tuple[int, int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def name(self) -> str:
        """Variable that holds the whole cut: named for its first element."""
        return f"{self._prefix}{self._pieces[0][0]}"

    @property
    def whole(self) -> tuple[int, int]:
        """Bounds of the cut in itself."""
        return 0, self._size

    def add(self, number: int, start: str, size: int, first: int, last: int) -> None:
        """An element of ``size`` units at ``start``, whose value is ``first`` to ``last`` of them."""
        if not self._pieces:
            self._start = start
        self._pieces.append((number, self._size + first, self._size + last))
        self._size += size

    def close(self, entries: list[str]) -> None:
        """Entries by constants in the cut, which somebody else assigns."""
        entries += [f"{number}: {self.name}[{first}:{last}]" for number, first, last in self._pieces]
        self._pieces = []
        self._size = 0

    def flush(self, entries: list[str], end: str) -> list[str]:
        """Entries, and the line that cuts where that is worth it."""
        if not self._pieces:
            return []
        if self._start.isdecimal():
            place = int(self._start)
            entries += [f"{n}: {self._source}[{place + first}:{place + last}]" for n, first, last in self._pieces]
            lines: list[str] = []
        elif len(self._pieces) < self.WORTH:
            entries += [
                f"{n}: {self._source}[{_sum(self._start, first)}:{_sum(self._start, last)}]"
                for n, first, last in self._pieces
            ]
            lines = []
        else:
            lines = [f"    {self.name} = {self._source}[{self._start}:{end}]"]
            entries += [f"{number}: {self.name}[{first}:{last}]" for number, first, last in self._pieces]
        self._pieces = []
        self._size = 0
        return lines


def _sum(place: str, extra: int) -> str:
    """A place and a constant, the constants added up."""
    variable, _, constant = place.rpartition(" + ")
    if variable and constant.isdecimal():
        return f"{variable} + {int(constant) + extra}"
    return f"{place} + {extra}" if extra else place
