"""Straight-line functions for declared shapes: the fast path of the generated codecs.

What makes it fast (facts/iso8583-peers.md §3): one unpacking of all values, a template cached by
the values' lengths, one conversion for a whole run of digits, constant offsets between
variable elements, one digit test a run, one length test at the end.
"""

from __future__ import annotations

from iso8583.declaration import Declaration, Field
from iso8583.errors import DialectError
from iso8583.generate_packed import packed_decoder, packed_encoder
from iso8583.generate_plain import plain_decoder, plain_encoder

__all__ = ["shape_source"]

_HELPERS = """\
# Templates by a message's MTI and the lengths of its values; a terminal knows few, and the number is bounded.
_TEMPLATES_MAX = 256


class _Templates(dict):
    __slots__ = ('bitmap', 'runs')

    def __init__(self, bitmap, runs):
        self.bitmap = bitmap
        self.runs = runs

    def __missing__(self, key):
        mti, *lengths = key
        if len(mti) != 4 or not mti.isdecimal():
            raise ValueError
        found = [HEAD]
        for run in self.runs:
            text = ''
            for index, prefix, maximum, kind in run:
                n = lengths[index]
                if maximum is not None and (n > maximum or not prefix and n != maximum):
                    raise ValueError
                if prefix:
                    text += f'{n:0{prefix}d}'
                if kind == 1:
                    text += '0%s' if n & 1 else '%s'
                elif kind == 2:
                    text += '%s0' if n & 1 else '%s'
                elif kind == 3:
                    text += '%s'
            found.append(text)
        found = tuple(found)
        if len(self) < _TEMPLATES_MAX:
            self[key] = found
        return found
"""
_HEADS = {"packed": "unhexlify(mti) + self.bitmap", "plain": "unhexlify(mti) and mti + self.bitmap"}
"""The constant start of a message; unhexlify takes no digits of other scripts."""


def shape_source(declaration: Declaration) -> list[str]:
    """Functions and dispatch tables; without shapes only the plain entry points."""
    wire = declaration.wire
    packed = wire.digits == "bcd" and wire.lengths == "bcd" and wire.bitmap == "raw"
    plain = wire.digits == "ascii" and wire.lengths == "ascii" and wire.text == "ascii" and wire.bitmap == "hex"
    if not declaration.shapes or not (packed or plain):
        return ["TO = {}", "FROM = {}", "BITMAP = slice(0, 0)"]
    fields = declaration.fields()
    helpers = _HELPERS.replace("HEAD", _HEADS["packed" if packed else "plain"])
    lines = [*helpers.splitlines(), "", ""]
    encoders, decoders = [], []
    for index, numbers in enumerate(declaration.shapes):
        shape = [fields[number] for number in numbers]
        if not all(_is_usual(item, packed) for item in shape) or list(numbers) != sorted(set(numbers)):
            raise DialectError(f"shape {index} of {declaration.name} has an element that no straight line can take")
        bitmap = sum(1 << (64 - number) for number in numbers)
        if packed:
            lines += packed_encoder(index, shape, bitmap, wire.separator) + packed_decoder(index, shape, declaration)
            decoders.append(f"    {bitmap.to_bytes(8, 'big')!r}: _from_{index},")
        else:
            lines += plain_encoder(index, shape, bitmap) + plain_decoder(index, shape)
            decoders.append(f"    {f'{bitmap:016X}'.encode()!r}: _from_{index},")
        encoders.append(f"    {numbers!r}: _to_{index},")
    return [
        *lines,
        "# Straight-line functions by the elements in their order, and by the bitmap as it stands in the bytes.",
        "TO = {",
        *encoders,
        "}",
        "FROM = {",
        *decoders,
        "}",
        f"BITMAP = slice({'2, 10' if packed else '4, 20'})",
    ]


def _is_usual(item: Field, packed: bool) -> bool:
    """Whether an element is written as most of its dialect are; others are left to the functions by element."""
    if item.number > 64 or item.content == "x" or item.counts_bytes:
        return False
    if item.content in ("n", "z"):
        return item.coding == ("bcd" if packed else "ascii")
    if item.content in ("b", "tlv"):
        return item.coding == ("raw" if packed else "hex")
    return item.coding == "ascii" or (packed and item.coding == "latin-1" and item.prefix_digits > 0)
