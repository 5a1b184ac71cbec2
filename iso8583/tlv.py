"""BER-TLV (element 55) and decimal tag-length-value (element 59), strict on every byte (EMV Book 3 Annex B)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iso8583.errors import Iso8583Error

__all__ = [
    "TlvError",
    "build_tlv",
    "pack_tagged",
    "parse_tagged",
    "parse_tlv",
]

DEPTH_MAX = 8
LENGTH_BYTES_MAX = 3


class TlvError(Iso8583Error):
    """Bytes that are no tag-length-value list."""


def parse_tlv(data: bytes) -> list[tuple[bytes, bytes]]:
    """Tags and values in order, of one level. Raises TlvError with the offset in ``data``."""
    found: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(data):
        if data[position] == 0:  # padding between objects is allowed
            position += 1
            continue
        start = position
        tag, position = _tag(data, position)
        length, position = _length(data, position)
        if position + length > len(data):
            raise TlvError(f"value of {length} bytes exceeds the {len(data) - position} that are there", None, start)
        found.append((tag, data[position : position + length]))
        position += length
    return found


def _tag(data: bytes, position: int) -> tuple[bytes, int]:
    start = position
    position += 1
    if data[start] & 0x1F == 0x1F:
        while True:
            if position >= len(data) or position - start > 3:
                raise TlvError("the tag does not end", None, start)
            position += 1
            if not data[position - 1] & 0x80:
                break
    return data[start:position], position


def _length(data: bytes, position: int) -> tuple[int, int]:
    if position >= len(data):
        raise TlvError("the length is missing", None, position)
    first = data[position]
    if first < 0x80:
        return first, position + 1
    count = first & 0x7F
    if not 1 <= count <= LENGTH_BYTES_MAX or position + 1 + count > len(data):
        raise TlvError("the length is not one of 1 to 3 further bytes", None, position)
    return int.from_bytes(data[position + 1 : position + 1 + count], "big"), position + 1 + count


def build_tlv(objects: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Bytes of tags and values; lengths in their shortest form."""
    out = bytearray()
    for tag, value in objects:
        size = len(value)
        if size < 0x80:
            length = bytes([size])
        else:
            digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
            length = bytes([0x80 | len(digits)]) + digits
        out += tag + length + value
    return bytes(out)


def parse_tagged(text: str, length_digits: int = 3, tag_characters: int = 2) -> dict[str, str]:
    """Values by tag of element 59: tag, decimal length, value. Raises TlvError."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        head = position + tag_characters
        tag, digits = text[position:head], text[head : head + length_digits]
        if len(digits) != length_digits or not (digits.isascii() and digits.isdecimal()):
            raise TlvError(f"expected a length of {length_digits} digits", None, head)
        start = head + length_digits
        if start + int(digits) > len(text):
            raise TlvError("the value is shorter than its length says", None, start)
        if tag in found:
            raise TlvError("a tag stands twice", None, position)
        found[tag] = text[start : start + int(digits)]
        position = start + int(digits)
    return found


def pack_tagged(values: Mapping[str, str], length_digits: int = 3) -> str:
    """Inverse of parse_tagged. Raises TlvError for a value that the length cannot say."""
    out = []
    for tag, value in values.items():
        if len(value) >= 10**length_digits:
            raise TlvError(f"a value exceeds a length of {length_digits} digits")
        out.append(f"{tag}{len(value):0{length_digits}d}{value}")
    return "".join(out)
