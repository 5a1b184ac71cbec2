"""Declarations: a table of elements and the way they become bytes. Codecs are generated from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iso8583.elements import RIGHT, Element, Format, Variable
from iso8583.errors import DialectError

__all__ = ["Declaration", "Field", "Wire", "resolved"]


@dataclass(frozen=True, slots=True)
class Wire:
    """How a dialect writes things; an element's format may differ."""

    digits: str
    """Digits as ``bcd``, ``ascii`` or ``ebcdic``."""
    text: str
    """Text as ``ascii`` or ``ebcdic``; ``latin-1`` where other bytes may occur."""
    binary: str
    """Bytes as they are (``raw``) or as ``hex`` characters in the text's coding."""
    bitmap: str
    """Bitmaps ``raw``, ``hex`` or ``hex-lower``; either case is taken when reading."""
    lengths: str
    """Length prefixes as ``bcd``, ``ascii``, ``ebcdic`` or ``binary``."""
    fixed_pad: str = "left"
    """Side of the pad nibble in an odd number of digits of fixed length; right for variable length."""
    separator: str = "="
    """How a track separator is shown where it is written as nibble D; both are taken when writing."""
    bitmaps_max: int = 2
    """1, 2 or 3 bitmaps: elements up to 64, 128 or 192."""
    pad_nibble: str = "0"
    """What is written as the pad nibble: ``0`` or ``F``."""
    either_pad: bool = True
    """Leniency: 0 and F are both taken as the pad nibble when reading; without it only ``pad_nibble``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One element of one dialect with every question answered; what codecs are made from."""

    number: int
    content: str
    prefix_digits: int
    """0: fixed length."""
    maximum: int
    """Units: digits, characters or bytes."""
    coding: str
    prefix_coding: str
    pad: str
    counts_bytes: bool
    """Whether the prefix counts bytes on the wire, not units."""
    pad_nibble: str = "0"
    """What is written as the pad nibble."""

    @property
    def prefix_bytes(self) -> int:
        """Bytes of the prefix on the wire."""
        if not self.prefix_digits:
            return 0
        if self.prefix_coding == "bcd":
            return (self.prefix_digits + 1) // 2
        if self.prefix_coding == "binary":
            return 1 if self.prefix_digits <= 2 else 2
        return self.prefix_digits

    def wire_bytes(self, units: int) -> int:
        """Bytes that so many units take."""
        if self.coding == "bcd":
            return units // 2 + 1 if self.content == "x" else (units + 1) // 2
        return units * 2 if self.coding.startswith("hex") else units


@dataclass(frozen=True)
class Declaration:
    """What a dialect is declared as: the table that people read."""

    name: str
    wire: Wire
    elements: Mapping[int, Element]
    shapes: tuple[tuple[int, ...], ...] = ()
    """Sets of elements for which straight-line code is generated."""
    title: str = ""

    def derive(self, name: str, elements: Mapping[int, Element | None] | None = None, **wire: Any) -> Declaration:
        """An acquirer's deviations: elements changed, added or (None) taken out, and wire settings."""
        table: dict[int, Element] = dict(self.elements)
        for number, element in (elements or {}).items():
            if element is None:
                table.pop(number, None)
            else:
                table[number] = element
        shapes = tuple(shape for shape in self.shapes if all(number in table for number in shape))
        return replace(self, name=name, elements=table, wire=replace(self.wire, **wire), shapes=shapes)

    def fields(self) -> dict[int, Field]:
        """Every element with every question answered. Raises DialectError."""
        for number in self.elements:
            if not 2 <= number <= 64 * self.wire.bitmaps_max or number == 65:
                raise DialectError(f"element {number} has no bit in {self.wire.bitmaps_max} bitmaps")
        return {
            number: resolved(number, element.format, self.wire) for number, element in sorted(self.elements.items())
        }


_PREFIXES = {"n": "digits", "x": "digits", "z": "digits", "an": "text", "ans": "text", "b": "binary", "tlv": "binary"}


_CODINGS = {
    "digits": ("bcd", "ascii", "ebcdic"),
    "text": ("ascii", "ebcdic", "latin-1"),
    "binary": ("raw", "hex", "hex-ebcdic"),
}


def resolved(number: int, format: Format, wire: Wire) -> Field:
    """A format with every question answered by the wire. Raises DialectError."""
    kind = _PREFIXES.get(format.content)
    if kind is None:
        raise DialectError(f"element {number} has an unknown content")
    coding = format.coding or getattr(wire, kind)
    if coding == "hex" and wire.text == "ebcdic":
        coding = "hex-ebcdic"
    if coding not in _CODINGS[kind]:
        raise DialectError(f"element {number}: {format.content} is written as {', '.join(_CODINGS[kind])}")
    variable = format.length if isinstance(format.length, Variable) else None
    maximum = variable.maximum if variable else format.length
    assert isinstance(maximum, int)
    if variable and maximum >= 10**variable.digits:
        raise DialectError(f"element {number} allows more than a length of {variable.digits} digits can say")
    return Field(
        number,
        format.content,
        variable.digits if variable else 0,
        maximum,
        coding,
        wire.lengths,
        format.pad or (RIGHT if variable else wire.fixed_pad),
        format.counts == "bytes",
        wire.pad_nibble,
    )
