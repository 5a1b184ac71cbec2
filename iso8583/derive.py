"""A dialect from another and a few lines: how an acquirer's file says where it differs (facts/unionpay.md §13).

Each line names an element, or one of the ``Wire`` settings, and says what it is there:

    49 = "n3"                    digits where the base has text
    59 = "ans...999 tagged-2"    a length of three digits; tags inside with lengths of two
    22 = "n3 left"               the pad nibble on the left
    48 = "absent"
    pad_nibble = "F"

A format is written as the standard writes it: content (n, x, an, ans, z, b, tlv), a dot for each digit of a variable
length, the length; then, if they differ from the dialect's wire, the coding, the side of the pad nibble, and ``bytes``
when the length counts bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace

from iso8583.declaration import Declaration, Wire
from iso8583.dialect import Dialect
from iso8583.elements import LEFT, RIGHT, BerTlv, Element, Format, Inside, Tagged, Variable
from iso8583.errors import DialectError

__all__ = ["ABSENT", "changed", "derived_dialect", "format_of"]

ABSENT = "absent"
_FORMAT = re.compile(r"(n|x|an|ans|z|b|tlv)(\.{0,6})([1-9][0-9]{0,5})", re.ASCII)
_TAGGED = re.compile(r"tagged-([1-4])", re.ASCII)
_CODINGS = ("bcd", "ascii", "ebcdic", "latin-1", "raw", "hex")
_CHOICES: dict[str, tuple[str, ...]] = {
    "digits": ("bcd", "ascii", "ebcdic"),
    "text": ("ascii", "ebcdic"),
    "binary": ("raw", "hex"),
    "bitmap": ("raw", "hex", "hex-lower"),
    "lengths": ("bcd", "ascii", "ebcdic", "binary"),
    "fixed_pad": (LEFT, RIGHT),
    "separator": ("=", "D"),
    "bitmaps_max": ("1", "2", "3"),
    "pad_nibble": ("0", "F"),
    "either_pad": ("true", "false"),
}
assert set(_CHOICES) == {field.name for field in fields(Wire)}, "every setting can be changed"


def derived_dialect(name: str, base: str, changes: Mapping[str, str]) -> Dialect:
    """A dialect that differs from a known one. Raises DialectError for a line that says nothing sensible.

    The generated codec of the base is of no use to it: the table-driven one does the work, some 20 to 25
    microseconds a message. Without changes the base itself is what you get.
    """
    from iso8583 import dialect

    if not changes:
        return dialect(base)
    declaration = changed(dialect(base).declaration, name, changes)
    declaration.fields()  # every question is answered now, not at the first sale
    return Dialect(name, None, declaration)


def changed(declaration: Declaration, name: str, changes: Mapping[str, str]) -> Declaration:
    """The declaration with these changes. Raises DialectError."""
    elements: dict[int, Element | None] = {}
    wire: dict[str, object] = {}
    for key, text in changes.items():
        if key in _CHOICES:
            wire[key] = _setting(key, text)
        elif key.isascii() and key.isdecimal() and len(key) <= 3:
            number = int(key)
            elements[number] = None if text == ABSENT else _element(number, text, declaration.elements.get(number))
        else:
            raise DialectError(f"{key!r} is neither an element's number nor one of {', '.join(_CHOICES)}")
    return declaration.derive(name, elements, **wire)


def _setting(key: str, text: str) -> object:
    if text not in _CHOICES[key]:
        raise DialectError(f"{key} is one of {', '.join(_CHOICES[key])}")
    return int(text) if key == "bitmaps_max" else text == "true" if key == "either_pad" else text


def _element(number: int, text: str, base: Element | None) -> Element:
    words = [word for word in text.split(" ") if not _TAGGED.fullmatch(word)]
    tagged = [found for word in text.split(" ") if (found := _TAGGED.fullmatch(word))]
    format = format_of(number, " ".join(words))
    base = base or Element(f"Element {number}", f"域{number}", format, "hidden")
    same_kind = (format.content in ("b", "tlv")) == (base.format.content in ("b", "tlv"))
    inside: tuple[Inside, ...] = base.inside if same_kind else ()
    if format.content == "tlv":
        inside = (BerTlv(),)
    if tagged:
        known = next((one.tags for one in base.inside if isinstance(one, Tagged)), {})
        inside = (Tagged(known, int(tagged[0].group(1))),)
    return replace(base, format=format, inside=inside)


def format_of(number: int, text: str) -> Format:
    """A format in the standard's notation. Raises DialectError."""
    notation, *words = text.split(" ")
    found = _FORMAT.fullmatch(notation)
    if found is None:
        raise DialectError(f'element {number}: expected a format such as "n6", "n..19" or "ans...999"')
    content, dots, digits = found.groups()
    length = Variable(len(dots), int(digits)) if dots else int(digits)
    if content in ("z", "tlv") and not dots:
        raise DialectError(f"element {number}: {content} has a variable length, written with dots")
    different: dict[str, str] = {}
    for word in words:
        name = "coding" if word in _CODINGS else "pad" if word in (LEFT, RIGHT) else "counts" if word == "bytes" else ""
        if not name or name in different:
            raise DialectError(
                f"element {number}: after the format come a coding ({', '.join(_CODINGS)}), left or right, bytes"
            )
        different[name] = word
    return Format(content, length, **different)
