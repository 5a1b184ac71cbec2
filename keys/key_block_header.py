"""Headers and optional blocks of X9.143 (TR-31) key blocks, as text; nothing here knows a key (facts/keys.md §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keys.algorithms import Algorithm, by_letter
from keys.errors import KeysError

__all__ = [
    "BLOCK_MAX",
    "FIXED",
    "Header",
    "KeyBlockRefused",
    "OptionalBlock",
    "read_attributes",
    "read_header",
    "write_header",
]

FIXED = 16
"""Characters of a header without optional blocks."""
BLOCK_MAX = 9999
"""Characters of a key block: the length has four digits."""
_OPTIONAL_MAX = 99
_SHORT_MAX = 0xFF
_LENGTH_DIGITS = 4
_LENGTHS_OF_LENGTH = frozenset({"04", "02"})
"""How many digits the extended length has (X9.143, in digits; others count them in bytes). Written is the first."""
_PADDING = "PB"
_ID = re.compile(r"[A-Z0-9]{2}")
_HEX = re.compile(r"[0-9A-F]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_FIELDS = re.compile(r"([A-Z])(\d{4})([A-Z0-9]{2})([A-Z0-9])([A-Z0-9])([A-Za-z0-9]{2})([A-Z0-9])(\d{2})([0-2])0")


class KeyBlockRefused(KeysError):
    """A key block that is damaged, forged, or meant for another key.

    One text for all of them when a key is involved: what exactly was wrong would help a forger.
    """

    remedy = (
        "Compare the check value of the key block protection key with its sender's (version D wants AES, B wants TDES),"
        " then have the key wrapped anew."
    )


@dataclass(frozen=True, slots=True)
class OptionalBlock:
    """Something that travels with a key and is authenticated with it. No secret."""

    id: str
    """Two characters, such as ``KS`` (serial number), ``KC`` (check value), ``LB`` (label)."""
    data: str
    """Printable ASCII."""


@dataclass(frozen=True, slots=True)
class Header:
    """Attributes of a key, in the letters of X9.143."""

    version: str
    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    """``00`` when not used; ``c`` and a digit for a component."""
    exportability: str = "N"
    context: str = "0"
    optional: tuple[OptionalBlock, ...] = ()

    def option(self, id: str) -> str | None:
        """Data of an optional block."""
        return next((block.data for block in self.optional if block.id == id), None)

    @property
    def cipher(self) -> Algorithm | None:
        """The algorithm by its letter; None for one not known here."""
        return by_letter(self.algorithm)


def read_header(text: str) -> tuple[Header, int]:
    """Header and optional blocks of a key block as it lies there, and the length of both; not authenticated.

    Good for telling a technician what a file claims to be. Raises KeyBlockRefused, naming the place.
    """
    found = _FIELDS.match(text)
    if found is None:
        raise KeyBlockRefused("The first 16 characters are not the header of a key block.")
    if int(found[2]) != len(text):
        raise KeyBlockRefused(f"The key block says that it has {int(found[2])} characters; it has {len(text)}.")
    return _attributes(text, found)


def read_attributes(text: str) -> Header:
    """A header that stands alone, as TR-34 carries it beside a key; its length field means nothing there.

    Raises KeyBlockRefused, naming the place.
    """
    found = _FIELDS.match(text)
    header, end = _attributes(text, found) if found else (None, 0)
    if header is None or end != len(text):
        raise KeyBlockRefused("This is not the header of a key block.")
    return header


def _attributes(text: str, found: re.Match[str]) -> tuple[Header, int]:
    version, _, usage, algorithm, mode, key_version, exportability, count, context = found.groups()
    optional, at = [], FIXED
    for _ in range(int(count)):
        block, at = _read_optional(text, at)
        optional.append(block)
    ids = [block.id for block in optional]
    if len(set(ids)) != len(ids):
        raise KeyBlockRefused("An optional block occurs twice.")
    if _PADDING in ids[:-1]:
        raise KeyBlockRefused("Padding stands before another optional block.")
    kept = tuple(block for block in optional if block.id != _PADDING)
    return Header(version, usage, algorithm, mode, key_version, exportability, context, kept), at


def _read_optional(text: str, at: int) -> tuple[OptionalBlock, int]:
    id, digits, start = text[at : at + 2], text[at + 2 : at + 4], at + 4
    if digits == "00":  # longer than two digits can say: how many digits, then the length
        size = text[at + 4 : at + 6]
        if size not in _LENGTHS_OF_LENGTH:
            raise KeyBlockRefused(f"The optional block at character {at + 1} has a length of its own kind.")
        digits, start = text[at + 6 : at + 10], at + 10
    if not _ID.fullmatch(id) or not _HEX.fullmatch(digits):
        raise KeyBlockRefused(f"There is no optional block at character {at + 1}.")
    end = at + int(digits, 16)
    if not start <= end <= len(text) or not _PRINTABLE.fullmatch(text, start, end):
        raise KeyBlockRefused(f"The optional block at character {at + 1} has not the length that it says.")
    return OptionalBlock(id, text[start:end]), end


def write_header(header: Header, block: int, payload: int) -> str:
    """The characters in front of ``payload`` others; optional blocks filled up to whole ``block``s by a PB block.

    Raises KeyBlockRefused for optional blocks that cannot be written.
    """
    parts = [_write_optional(option) for option in header.optional]
    rest = -sum(map(len, parts)) % block
    if rest:
        rest += block if rest < _LENGTH_DIGITS else 0
        parts.append(_write_optional(OptionalBlock(_PADDING, "0" * (rest - 4))))
    optional = "".join(parts)
    total = FIXED + len(optional) + payload
    if total > BLOCK_MAX or len(parts) > _OPTIONAL_MAX:
        raise KeyBlockRefused("The optional blocks are too long for a key block.", "Leave some out.")
    text = (
        f"{header.version}{total:04}{header.usage}{header.algorithm}{header.mode}{header.key_version}"
        f"{header.exportability}{len(parts):02}{header.context}0{optional}"
    )
    if read_header(text + "0" * payload)[0] != header:
        raise KeyBlockRefused("The attributes cannot be written into a header.", "Compare them with X9.143.")
    return text


def _write_optional(option: OptionalBlock) -> str:
    length = 4 + len(option.data)
    if length <= _SHORT_MAX:
        return f"{option.id}{length:02X}{option.data}"
    return f"{option.id}00{_LENGTH_DIGITS:02X}{length + 2 + _LENGTH_DIGITS:04X}{option.data}"


def options(values: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[OptionalBlock, ...]:
    """Optional blocks by identifier, in the order given."""
    pairs = values.items() if isinstance(values, Mapping) else values
    return tuple(OptionalBlock(id, data) for id, data in pairs)
