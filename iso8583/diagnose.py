"""The table-driven codec: slow, and able to say what is wrong and where.

It defines what a dialect takes; the generated codecs and construct must agree with it.
"""

from __future__ import annotations

from binascii import hexlify

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT
from iso8583.errors import (
    BitmapError,
    ContentError,
    LengthError,
    TrailingBytesError,
    TruncatedError,
    UndefinedElementError,
)
from iso8583.message import Message

__all__ = ["CODECS", "Reader", "TableCodec", "content_fault"]

CODECS = {"ascii": "ascii", "latin-1": "latin-1", "ebcdic": "cp037", "hex": "ascii", "hex-ebcdic": "cp037"}
"""Python codec of each coding that is text on the wire."""
_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")
_HEX_UPPER = frozenset("0123456789ABCDEF")
_TRACK = _HEX_UPPER | frozenset(":;<=>?")
"""Characters of tracks 2 and 3 as text: the 16 of ISO/IEC 7811, and letters where they were packed before."""
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ")
BITMAP_BYTES = 8
MTI_DIGITS = 4


def content_fault(content: str, coding: str, text: str) -> str | None:
    """What is wrong with a text of a content, in words without the text; None when nothing is."""
    if content == "n":
        return None if _DIGITS.issuperset(text) else f"expected digits, found {_kinds(text)}"
    if content == "x":
        if text[:1] in ("C", "D", *_DIGITS) and text[:1] and _DIGITS.issuperset(text[1:]):
            return None
        return "expected a sign C or D (or a digit) and digits"
    if content == "z" and coding == "bcd":
        if _HEX_UPPER.issuperset(text.replace("=", "D")):
            return None
        return f"expected track digits, found {_kinds(text)}"
    if content == "z":
        return None if _TRACK.issuperset(text) else f"expected track characters, found {_kinds(text)}"
    if content == "an":
        return None if _ALPHANUMERIC.issuperset(text) else f"expected letters, digits or blanks, found {_kinds(text)}"
    if coding == "latin-1":
        return None if all(ord(c) < 256 for c in text) else "expected characters of one byte"
    if coding == "ebcdic":
        allowed = all(c.isprintable() and ord(c) < 256 for c in text)
    else:
        allowed = all(" " <= c <= "~" for c in text)
    return None if allowed else f"expected printable characters, found {_kinds(text)}"


def _kinds(text: str) -> str:
    """Kinds of characters in a text, never the characters."""
    kinds = {
        "digits": any(c in _DIGITS for c in text),
        "letters": any(c.isalpha() and c.isascii() for c in text),
        "digits of other scripts": any(c.isdecimal() and not c.isascii() for c in text),
        "blanks": " " in text,
        "control characters": any(not c.isprintable() for c in text),
        "other characters": any(
            not (c.isalnum() and c.isascii()) and not c.isdecimal() and c != " " and c.isprintable() for c in text
        ),
    }
    return " and ".join(kind for kind, there in kinds.items() if there) or "nothing"


class TableCodec:
    """Encodes and decodes by walking the declaration."""

    def __init__(self, declaration: Declaration) -> None:
        self._wire = declaration.wire
        self._fields = declaration.fields()
        self._text = CODECS[self._wire.text]

    # --- writing ---------------------------------------------------------------------------

    def encode(self, message: Message) -> bytes:
        """Bytes of a message. Raises Iso8583Error."""
        elements = self._checked_numbers(message)
        parts = [self._mti_bytes(message.mti), b""]
        highest = max(elements, default=0)
        bitmaps = 1 if highest <= 64 else 2 if highest <= 128 else 3
        bits = [0, 0, 0]
        for number in elements:
            bits[(number - 1) // 64] |= 1 << (63 - (number - 1) % 64)
        if bitmaps > 1:
            bits[0] |= 1 << 63
        if bitmaps > 2:
            bits[1] |= 1 << 63
        parts[1] = b"".join(self._bitmap_bytes(bits[index]) for index in range(bitmaps))
        parts.extend(self.element_bytes(self._fields[n], message.elements[n]) for n in sorted(elements))
        return b"".join(parts)

    def _checked_numbers(self, message: Message) -> list[int]:
        try:
            numbers = list(message.elements)
        except TypeError:
            raise ContentError("the elements are not a mapping") from None
        for number in numbers:
            if not isinstance(number, int) or isinstance(number, bool):
                raise UndefinedElementError("an element's number is not an integer")
            if number not in self._fields:
                raise UndefinedElementError("not in this dialect", number)
        return numbers

    def _mti_bytes(self, mti: object) -> bytes:
        if not isinstance(mti, str) or len(mti) != MTI_DIGITS or not _DIGITS.issuperset(mti):
            raise ContentError("expected 4 digits", 0)
        return bytes.fromhex(mti) if self._wire.digits == "bcd" else mti.encode(CODECS[self._wire.digits])

    def _bitmap_bytes(self, bits: int) -> bytes:
        raw = bits.to_bytes(BITMAP_BYTES, "big")
        if self._wire.bitmap == "raw":
            return raw
        text = raw.hex()
        return (text.upper() if self._wire.bitmap == "hex" else text).encode(self._text)

    def element_bytes(self, field: Field, value: object) -> bytes:
        """Bytes of an element, with its length. Raises Iso8583Error."""
        if field.content in ("b", "tlv"):
            if not isinstance(value, bytes):
                raise ContentError(f"expected bytes, found {type(value).__name__}", field.number)
            units, wire = len(value), value
            if field.coding != "raw":
                wire = value.hex().upper().encode(CODECS[field.coding])
        else:
            if not isinstance(value, str):
                raise ContentError(f"expected text, found {type(value).__name__}", field.number)
            fault = content_fault(field.content, field.coding, value)
            if fault:
                raise ContentError(fault, field.number)
            units, wire = len(value), _text_bytes(field, value)
        if not field.prefix_digits:
            if units != field.maximum:
                raise LengthError(f"expected {field.maximum} {_units(field)}, found {units}", field.number)
            return wire
        if units > field.maximum:
            raise LengthError(f"length {units} exceeds {field.maximum} {_units(field)}", field.number)
        return self._prefix_bytes(field, len(wire) if field.counts_bytes else units) + wire

    def _prefix_bytes(self, field: Field, length: int) -> bytes:
        if field.prefix_coding == "binary":
            return length.to_bytes(field.prefix_bytes, "big")
        digits = f"{length:0{field.prefix_digits}d}"
        if field.prefix_coding == "bcd":
            return bytes.fromhex(digits.rjust(2 * field.prefix_bytes, "0"))
        return digits.encode(CODECS[field.prefix_coding])

    # --- reading ---------------------------------------------------------------------------

    def decode(self, data: object) -> Message:
        """Message of bytes. Raises Iso8583Error."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise ContentError(f"expected bytes, found {type(data).__name__}")
        reader = Reader(bytes(data))
        mti = self._read_mti(reader)
        numbers = self._read_bitmaps(reader)
        elements: dict[int, str | bytes] = {}
        for number in numbers:
            field = self._fields.get(number)
            if field is None:
                raise UndefinedElementError("its bit is set, and the dialect does not have it", number, reader.offset)
            elements[number] = self.read_element(reader, field)
        if reader.left:
            raise TrailingBytesError(f"{reader.left} bytes are left after the last element", None, reader.offset)
        return Message(mti, elements)

    def _read_mti(self, reader: Reader) -> str:
        if self._wire.digits == "bcd":
            text = reader.take(2, 0).hex()
        else:
            text = _decoded(reader.take(MTI_DIGITS, 0), CODECS[self._wire.digits])
        if not _DIGITS.issuperset(text):
            raise ContentError(f"expected 4 digits, found {_kinds(text)}", 0, 0)
        return text

    def _read_bitmaps(self, reader: Reader) -> list[int]:
        numbers: list[int] = []
        for index in range(self._wire.bitmaps_max + 1):
            offset = reader.offset
            if index == self._wire.bitmaps_max:
                raise BitmapError(f"the bit for a further bitmap is set, and the dialect has {index}", None, offset)
            bits = self._read_bitmap(reader)
            numbers += [64 * index + bit + 1 for bit in range(1, 64) if bits >> (63 - bit) & 1]
            if not bits >> 63:
                break
        return numbers

    def _read_bitmap(self, reader: Reader) -> int:
        offset = reader.offset
        if self._wire.bitmap == "raw":
            return int.from_bytes(reader.take(BITMAP_BYTES, 1), "big")
        text = _decoded(reader.take(2 * BITMAP_BYTES, 1), self._text)
        if not _HEX.issuperset(text):
            raise BitmapError(f"expected 16 hexadecimal characters, found {_kinds(text)}", 1, offset)
        return int(text, 16)

    def read_element(self, reader: Reader, field: Field) -> str | bytes:
        """Value of an element, with its length. Raises Iso8583Error."""
        units = self._read_length(reader, field) if field.prefix_digits else field.maximum
        offset = reader.offset
        wire = reader.take(field.wire_bytes(units), field.number)
        value: str | bytes
        if field.content in ("b", "tlv"):
            return _bytes_of(field, wire, offset)
        if field.coding == "bcd":
            value = self._unpacked(field, wire, units, offset)
        else:
            value = _decoded(wire, CODECS[field.coding])
        fault = content_fault(field.content, field.coding, value)
        if fault:
            raise ContentError(fault, field.number, offset)
        if field.content == "z" and field.coding == "bcd":
            value = value.replace("D", self._wire.separator)
        return value

    def _read_length(self, reader: Reader, field: Field) -> int:
        offset = reader.offset
        raw = reader.take(field.prefix_bytes, field.number)
        if field.prefix_coding == "binary":
            length = int.from_bytes(raw, "big")
        else:
            text = raw.hex() if field.prefix_coding == "bcd" else _decoded(raw, CODECS[field.prefix_coding])
            if not _DIGITS.issuperset(text):
                raise LengthError(f"expected a length in digits, found {_kinds(text)}", field.number, offset)
            length = int(text)
        units = length
        if field.counts_bytes:
            units = length * 2 if field.coding == "bcd" else length // 2 if field.coding.startswith("hex") else length
        if units > field.maximum + (field.counts_bytes and field.coding == "bcd" and field.maximum % 2):
            raise LengthError(f"length {units} exceeds {field.maximum} {_units(field)}", field.number, offset)
        return units

    def _unpacked(self, field: Field, wire: bytes, units: int, offset: int) -> str:
        if field.content == "x":
            return _decoded(wire[:1], self._text) + wire[1:].hex().upper()
        text = hexlify(wire).decode("ascii").upper()
        if units % 2 and not field.counts_bytes:
            pad, text = (text[0], text[1:]) if field.pad == LEFT else (text[-1], text[:-1])
            taken = "0F" if self._wire.either_pad else self._wire.pad_nibble
            if pad not in taken:
                raise ContentError(f"the pad nibble is not {' or '.join(taken)}", field.number, offset)
        return text


class Reader:
    """Bytes and how far they have been read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.offset

    def take(self, count: int, element: int) -> bytes:
        """The next ``count`` bytes. Raises TruncatedError."""
        if count > self.left:
            raise TruncatedError(f"{count} bytes are expected, {self.left} are there", element, self.offset)
        piece = self._data[self.offset : self.offset + count]
        self.offset += count
        return piece


def _units(field: Field) -> str:
    return {"n": "digits", "z": "digits", "b": "bytes", "tlv": "bytes"}.get(field.content, "characters")


def _decoded(raw: bytes, codec: str) -> str:
    """Text of bytes; what the codec does not have becomes a sign that no content allows."""
    return raw.decode(codec, "replace")


def _bytes_of(field: Field, wire: bytes, offset: int) -> bytes:
    if field.coding == "raw":
        return wire
    text = _decoded(wire, CODECS[field.coding])
    if not _HEX.issuperset(text):
        raise ContentError(f"expected hexadecimal characters, found {_kinds(text)}", field.number, offset)
    return bytes.fromhex(text)


def _text_bytes(field: Field, value: str) -> bytes:
    if field.coding != "bcd":
        return value.encode(CODECS[field.coding])
    if field.content == "x":
        return value[:1].encode("ascii") + bytes.fromhex(value[1:].rjust((len(value) // 2) * 2, "0"))
    if field.content == "z":
        value = value.replace("=", "D")
    if len(value) % 2:
        value = field.pad_nibble + value if field.pad == LEFT else value + field.pad_nibble
    return bytes.fromhex(value)
