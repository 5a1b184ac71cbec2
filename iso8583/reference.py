"""Every format as a construct: the declarative reference that the generated codecs must agree with.

For tests and for people who think in construct; a device never imports it.
"""

from __future__ import annotations

import io
from typing import Any

import construct as c

from iso8583.declaration import Declaration, Field, Wire
from iso8583.diagnose import CODECS, content_fault
from iso8583.elements import LEFT
from iso8583.errors import ContentError, Iso8583Error
from iso8583.message import Message

__all__ = ["ReferenceCodec", "element_construct", "message_construct"]


class _Digits(c.Adapter):
    """Packed digits: bytes on the wire, text in the message."""

    def __init__(self, subcon: Any, field: Field, wire: Wire) -> None:
        super().__init__(subcon)
        self._field = field
        self._separator = wire.separator
        self._pads = "0F" if wire.either_pad else wire.pad_nibble

    def _decode(self, obj: Any, context: Any, path: Any) -> str:
        units, raw = obj
        text = raw.hex().upper()
        if units % 2:
            pad, text = (text[0], text[1:]) if self._field.pad == LEFT else (text[-1], text[:-1])
            if pad not in self._pads:
                raise c.ConstructError("not a pad nibble", path=path)
        return text.replace("D", self._separator) if self._field.content == "z" else text

    def _encode(self, obj: str, context: Any, path: Any) -> tuple[int, bytes]:
        text = obj.replace("=", "D") if self._field.content == "z" else obj
        if len(text) % 2:
            pad = self._field.pad_nibble
            text = pad + text if self._field.pad == LEFT else text + pad
        return len(obj), bytes.fromhex(text)


class _Counted(c.Construct):
    """A length in front, in the units that the field counts, and the bytes that so many units take."""

    def __init__(self, prefix: Any, field: Field) -> None:
        super().__init__()
        self._prefix = prefix
        self._field = field

    def _parse(self, stream: Any, context: Any, path: Any) -> tuple[int, bytes]:
        units = self._prefix._parsereport(stream, context, path)
        if units > self._field.maximum:
            raise c.ConstructError("length exceeds the maximum", path=path)
        return units, c.stream_read(stream, self._field.wire_bytes(units), path)

    def _build(self, obj: tuple[int, bytes], stream: Any, context: Any, path: Any) -> Any:
        units, raw = obj
        if units > self._field.maximum:
            raise c.ConstructError("length exceeds the maximum", path=path)
        self._prefix._build(units, stream, context, path)
        c.stream_write(stream, raw, len(raw), path)
        return obj


class _Fixed(c.Construct):
    """A fixed number of units."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field

    def _parse(self, stream: Any, context: Any, path: Any) -> tuple[int, bytes]:
        return self._field.maximum, c.stream_read(stream, self._field.wire_bytes(self._field.maximum), path)

    def _build(self, obj: tuple[int, bytes], stream: Any, context: Any, path: Any) -> Any:
        units, raw = obj
        if units != self._field.maximum:
            raise c.ConstructError("not the fixed length", path=path)
        c.stream_write(stream, raw, len(raw), path)
        return obj


def _prefix(field: Field) -> Any:
    size = field.prefix_bytes
    if field.prefix_coding == "binary":
        return c.BytesInteger(size)
    if field.prefix_coding == "bcd":
        return c.ExprAdapter(
            c.Bytes(size), lambda obj, _: _number(obj.hex()), lambda obj, _: bytes.fromhex(f"{obj:0{2 * size}d}")
        )
    codec = CODECS[field.prefix_coding]
    return c.ExprAdapter(
        c.Bytes(size), lambda obj, _: _number(obj.decode(codec)), lambda obj, _: f"{obj:0{size}d}".encode(codec)
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise c.ConstructError("not a length")
    return int(text)


def _checked(field: Field, text: str) -> str:
    if content_fault(field.content, field.coding, text):
        raise c.ConstructError("not the content of this element")
    return text


def element_construct(field: Field, wire: Wire) -> Any:
    """The construct of one element: parses to its value and builds from it."""
    raw = _Counted(_prefix(field), field) if field.prefix_digits else _Fixed(field)
    if field.content in ("b", "tlv"):
        if field.coding == "raw":
            return c.ExprAdapter(raw, lambda obj, _: obj[1], lambda obj, _: (len(obj), obj))
        codec = CODECS[field.coding]
        return c.ExprAdapter(
            raw,
            lambda obj, _: bytes.fromhex(obj[1].decode(codec)),
            lambda obj, _: (len(obj), obj.hex().upper().encode(codec)),
        )
    if field.coding == "bcd" and field.content == "x":
        return c.ExprAdapter(
            raw,
            lambda obj, _: _checked(field, obj[1][:1].decode("ascii") + obj[1][1:].hex()),
            lambda obj, _: (len(obj), obj[:1].encode() + bytes.fromhex(_checked(field, obj)[1:])),
        )
    if field.coding == "bcd":
        digits = _Digits(raw, field, wire)
        return c.ExprAdapter(digits, lambda obj, _: _checked(field, obj), lambda obj, _: _checked(field, obj))
    codec = CODECS[field.coding]
    return c.ExprAdapter(
        raw,
        lambda obj, _: _checked(field, obj[1].decode(codec)),
        lambda obj, _: (len(obj), _checked(field, obj).encode(codec)),
    )


def message_construct(declaration: Declaration, numbers: list[int]) -> Any:
    """The construct of the elements of a message with these numbers, in their order."""
    fields = declaration.fields()
    return c.Struct(*(str(n) / element_construct(fields[n], declaration.wire) for n in sorted(numbers)))


class ReferenceCodec:
    """Encodes and decodes by construct; MTI and bitmaps are small constructs of their own."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        wire = declaration.wire
        text = CODECS[wire.text]
        digits = CODECS.get(wire.digits, "")
        self._mti = (
            c.ExprAdapter(c.Bytes(2), lambda obj, _: obj.hex(), lambda obj, _: bytes.fromhex(obj))
            if wire.digits == "bcd"
            else c.ExprAdapter(c.Bytes(4), lambda obj, _: obj.decode(digits), lambda obj, _: obj.encode(digits))
        )
        self._bitmap = (
            c.BytesInteger(8)
            if wire.bitmap == "raw"
            else c.ExprAdapter(
                c.Bytes(16),
                lambda obj, _: int.from_bytes(bytes.fromhex(obj.decode(text)), "big"),
                lambda obj, _: f"{obj:016X}".encode(text),
            )
        )

    def encode(self, message: Message) -> bytes:
        """Bytes of a message. Raises Iso8583Error."""
        try:
            return self._encode(message)
        except (c.ConstructError, ValueError, TypeError, AttributeError, KeyError):
            # construct's own text would repeat the value
            raise ContentError("construct does not build this message") from None

    def decode(self, data: bytes) -> Message:
        """Message of bytes. Raises Iso8583Error."""
        try:
            return self._decode(data)
        except (c.ConstructError, ValueError, KeyError):
            raise ContentError("construct does not parse these bytes") from None

    def _encode(self, message: Message) -> bytes:
        numbers = sorted(message.elements)
        count = max((numbers[-1] - 1) // 64 + 1, 1) if numbers else 1
        bits = [1 << 63 if index + 1 < count else 0 for index in range(count)]
        for number in numbers:
            bits[(number - 1) // 64] |= 1 << (63 - (number - 1) % 64)
        head = self._mti.build(message.mti) + b"".join(self._bitmap.build(one) for one in bits)
        values = {str(number): message.elements[number] for number in numbers}
        return bytes(head + message_construct(self._declaration, numbers).build(values))

    def _decode(self, data: bytes) -> Message:
        stream = io.BytesIO(data)
        mti = self._mti.parse_stream(stream)
        numbers: list[int] = []
        for index in range(self._declaration.wire.bitmaps_max):
            bits = self._bitmap.parse_stream(stream)
            numbers += [64 * index + bit + 1 for bit in range(1, 64) if bits >> (63 - bit) & 1]
            if not bits >> 63:
                break
        else:
            raise Iso8583Error("too many bitmaps")
        parsed = message_construct(self._declaration, numbers).parse_stream(stream)
        if stream.read(1):
            raise c.ConstructError("trailing bytes")
        return Message(mti, {number: parsed[str(number)] for number in numbers})
