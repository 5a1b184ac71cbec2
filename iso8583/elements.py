"""The vocabulary of data elements: a format says what may stand in an element, apart from how it is written.

``N(6)`` is six digits, ``N(LL(19))`` up to nineteen after a length of two digits. How digits, text,
binary data and lengths become bytes is the dialect's ``Wire``; an element may differ from it.
Each format has a construct of its own in ``iso8583.reference``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "AN",
    "ANS",
    "LEFT",
    "LL",
    "LLL",
    "LLLL",
    "LLLLLL",
    "RIGHT",
    "TLV",
    "B",
    "BerTlv",
    "Bitmapped",
    "Element",
    "Format",
    "Inside",
    "L",
    "N",
    "Positional",
    "Tagged",
    "Variable",
    "X",
    "Z",
]

LEFT, RIGHT = "left", "right"
"""Side on which an odd number of digits gets its pad nibble."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A length of so many digits in front, and the largest one allowed."""

    digits: int
    maximum: int


def L(maximum: int) -> Variable:
    """Length of one digit."""
    return Variable(1, maximum)


def LL(maximum: int) -> Variable:
    """Length of two digits."""
    return Variable(2, maximum)


def LLL(maximum: int) -> Variable:
    """Length of three digits."""
    return Variable(3, maximum)


def LLLL(maximum: int) -> Variable:
    """Length of four digits."""
    return Variable(4, maximum)


def LLLLLL(maximum: int) -> Variable:
    """Length of six digits."""
    return Variable(6, maximum)


@dataclass(frozen=True, slots=True)
class Format:
    """Content, length and whatever differs from the dialect's wire."""

    content: str
    """``n`` digits, ``x`` a sign C or D and digits, ``an`` letters, digits and blanks, ``ans`` printable
    characters, ``z`` track digits with a separator, ``b`` bytes, ``tlv`` bytes that hold BER-TLV."""
    length: int | Variable
    """Exact length, or a prefix and its maximum; in digits, characters or bytes."""
    pad: str | None = None
    """LEFT or RIGHT: side of the pad nibble; by the wire when None."""
    coding: str | None = None
    """When it is not the wire's: ``bcd``, ``ascii``, ``ebcdic``, ``raw``, ``hex`` or ``latin-1``."""
    counts: str | None = None
    """What the prefix counts: ``units`` (digits, characters, bytes) or ``bytes`` on the wire."""


def N(length: int | Variable, **different: str) -> Format:
    """Digits."""
    return Format("n", length, **different)


def X(length: int) -> Format:
    """A sign, C for credit or D for debit (some hosts send a digit), and digits; the length counts both."""
    return Format("x", length)


def AN(length: int | Variable, **different: str) -> Format:
    """Letters, digits and blanks."""
    return Format("an", length, **different)


def ANS(length: int | Variable, **different: str) -> Format:
    """Printable characters."""
    return Format("ans", length, **different)


def Z(length: Variable, **different: str) -> Format:
    """Track data without sentinels."""
    return Format("z", length, **different)


def B(length: int | Variable, **different: str) -> Format:
    """Bytes."""
    return Format("b", length, **different)


def TLV(length: Variable, **different: str) -> Format:
    """Bytes that hold BER-TLV; see ``iso8583.tlv``."""
    return Format("tlv", length, **different)


@dataclass(frozen=True, slots=True)
class Element:
    """A data element, or a part of one: its name in the standard and in Chinese, its format, its mask, its parts."""

    name: str
    name_zh: str
    format: Format
    mask: str = ""
    """``pan``, ``track``, ``hidden``, ``tlv``, ``digits`` or empty; see ``iso8583.masking``."""
    inside: tuple[Inside, ...] = ()
    """What the value holds; of several the first that its length fits. See ``iso8583.subfields``."""


@dataclass(frozen=True, slots=True)
class Positional:
    """Parts of fixed length, one after the other; then ``repeated`` parts any number of times."""

    parts: tuple[Element, ...] = ()
    repeated: tuple[Element, ...] = ()
    least: int | None = None
    """The value may end after so many parts; None: all of them must be there."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag, a decimal length and a value, any number of times."""

    tags: Mapping[str, Element] = field(default_factory=dict)
    """Known tags; others are taken, and shown masked."""
    length_digits: int = 3
    tag_characters: int = 2


@dataclass(frozen=True, slots=True)
class BerTlv:
    """BER-TLV objects (EMV Book 3 Annex B)."""


@dataclass(frozen=True, slots=True)
class Bitmapped:
    """A bitmap and the parts whose bits are set, written as a message's elements are.

    ``wire`` is a ``Wire``. All bits count from 1; none stands for a further bitmap.
    """

    parts: Mapping[int, Element]
    wire: object
    bitmap_bytes: int = 8


Inside = Positional | Tagged | BerTlv | Bitmapped
