"""A dialect as one declares it in construct alone: a Struct of optional elements, compiled by construct."""

from __future__ import annotations

from typing import Any

import construct as c

from iso8583.declaration import Declaration, Field
from iso8583.elements import LEFT

__all__ = ["compiled_construct"]

_CODEC = {"ascii": "ascii", "latin-1": "latin-1", "ebcdic": "cp037", "hex": "ascii", "hex-ebcdic": "cp037"}


def compiled_construct(declaration: Declaration) -> Any:
    """Struct of ``mti``, ``bits``, ``second`` where the dialect has one, and ``e2`` … ``e128``; compiled."""
    wire = declaration.wire
    bitmap = c.BytesInteger(8) if wire.bitmap == "raw" else _integer(16, 16, _CODEC[wire.text])
    parts = ["mti" / _mti(wire.digits), "bits" / bitmap]
    if wire.bitmaps_max > 1:
        parts.append("second" / c.IfThenElse(c.this.bits >> 63 == 1, bitmap, c.Computed(0)))
    for number, field in declaration.fields().items():
        bits, last = (c.this.bits, 64) if number <= 64 else (c.this.second, 128)
        present = (bits & (1 << (last - number))) != 0
        parts.append(f"e{number}" / c.If(present, _element(field, wire.separator)))
    return c.Struct(*parts).compile()


def _mti(coding: str) -> Any:
    if coding == "bcd":
        return c.ExprAdapter(c.Bytes(2), lambda obj, _: obj.hex(), lambda obj, _: bytes.fromhex(obj))
    return c.PaddedString(4, _CODEC[coding]) if coding == "ascii" else _text(c.Bytes(4), _CODEC[coding])


def _text(subcon: Any, codec: str) -> Any:
    return c.ExprAdapter(subcon, lambda obj, _: obj.decode(codec), lambda obj, _: obj.encode(codec))


def _integer(size: int, base: int, codec: str) -> Any:
    form = f"0{size}X" if base == 16 else f"0{size}d"
    return c.ExprAdapter(
        c.Bytes(size), lambda obj, _: int(obj.decode(codec), base), lambda obj, _: format(obj, form).encode(codec)
    )


def _length(field: Field) -> Any:
    size = field.prefix_bytes
    if field.prefix_coding == "binary":
        return c.BytesInteger(size)
    if field.prefix_coding == "bcd":
        return c.ExprAdapter(
            c.Bytes(size), lambda obj, _: int(obj.hex()), lambda obj, _: bytes.fromhex(f"{obj:0{2 * size}d}")
        )
    return _integer(size, 10, _CODEC[field.prefix_coding])


def _element(field: Field, separator: str) -> Any:
    if field.coding == "bcd" and field.content != "x":
        return _packed(field, separator)
    scale = 2 if field.coding.startswith("hex") else 1
    if field.prefix_digits:
        length = _length(field)
        if scale == 2:
            length = c.ExprAdapter(length, lambda obj, _: 2 * obj, lambda obj, _: obj // 2)
        raw = c.Prefixed(length, c.GreedyBytes)
    else:
        raw = c.Bytes(field.wire_bytes(field.maximum))
    if field.content in ("b", "tlv"):
        if field.coding == "raw":
            return raw
        codec = _CODEC[field.coding]
        return c.ExprAdapter(
            raw, lambda obj, _: bytes.fromhex(obj.decode(codec)), lambda obj, _: obj.hex().upper().encode(codec)
        )
    return _text(raw, _CODEC.get(field.coding, "latin-1"))


def _packed(field: Field, separator: str) -> Any:
    left, track = field.pad == LEFT, field.content == "z"

    def digits(raw: bytes, count: int) -> str:
        text = raw.hex().upper() if track else raw.hex()
        text = text[-count:] if left and count else text[:count]
        return text.replace("D", separator) if track else text

    def packed(text: str) -> bytes:
        if track:
            text = text.replace("=", "D")
        if len(text) % 2:
            text = "0" + text if left else text + "0"
        return bytes.fromhex(text)

    if not field.prefix_digits:
        count = field.maximum
        return c.ExprAdapter(c.Bytes((count + 1) // 2), lambda obj, _: digits(obj, count), lambda obj, _: packed(obj))
    counted = c.Struct("n" / _length(field), "v" / c.Bytes((c.this.n + 1) // 2))
    return c.ExprAdapter(counted, lambda obj, _: digits(obj.v, obj.n), lambda obj, _: {"n": len(obj), "v": packed(obj)})
