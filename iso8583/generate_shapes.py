"""Straight-line functions for declared shapes: the fast path of the generated codecs.

What makes it fast (facts/iso8583-peers.md §3, docs/decisions/0016): one look at the lengths chooses a plan or a
template that was made before; values are cut or put together in a handful of calls; all digits are tested in one
call and all text in another; one comparison at the end finds what is missing and what is too much.
"""

from __future__ import annotations

from iso8583.declaration import Declaration, Field
from iso8583.errors import DialectError
from iso8583.generate_decode import PLANS, shape_decoder
from iso8583.generate_encode import LINE_TEMPLATES, line_encoder
from iso8583.generate_pack import PACKED_TEMPLATES, packed_encoder

__all__ = ["is_usual", "shape_source"]


def shape_source(declaration: Declaration) -> list[str]:
    """Functions and dispatch tables; without shapes only the empty tables."""
    if not declaration.shapes:
        return ["TO = {}", "FROM = {}", "BITMAP = slice(0, 0)"]
    wire = declaration.wire
    fields = declaration.fields()
    mti = 2 if wire.digits == "bcd" else 4
    head = mti + (8 if wire.bitmap == "raw" else 16)
    codec = "cp037" if wire.text == "ebcdic" else "ascii"
    templates = PACKED_TEMPLATES if wire.digits == "bcd" else LINE_TEMPLATES
    encoder = packed_encoder if wire.digits == "bcd" else line_encoder
    templates = templates.replace("HEAD", f"mti.encode('{codec}') + self.bitmap").replace("PAD", wire.pad_nibble)
    plans = PLANS.replace("BCD", "_BCD[raw]" if wire.lengths == "bcd" else "raw")
    helpers = f"{templates}\n\n{plans}"
    lines = [*helpers.splitlines(), "", ""]
    encoders, decoders = [], []
    for index, numbers in enumerate(declaration.shapes):
        shape = [fields[number] for number in numbers]
        if not all(is_usual(item, declaration) for item in shape) or list(numbers) != sorted(set(numbers)):
            raise DialectError(f"shape {index} of {declaration.name} has an element that no straight line can take")
        bits = sum(1 << (64 - number) for number in numbers).to_bytes(8, "big")
        bitmap = bits if wire.bitmap == "raw" else bits.hex().upper().encode(codec)
        lines += encoder(index, shape, declaration) + shape_decoder(index, shape, declaration, head)
        decoders.append(f"    {bitmap!r}: _from_{index},")
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
        f"BITMAP = slice({mti}, {head})",
    ]


def is_usual(item: Field, declaration: Declaration) -> bool:
    """Whether an element is written as most of its dialect are; others are left to the functions by element."""
    wire = declaration.wire
    if item.number > 64 or item.content == "x" or item.counts_bytes or item.prefix_coding == "binary":
        return False
    if item.content in ("n", "z"):
        return item.coding == wire.digits
    return item.content in ("b", "tlv") or item.coding == "latin-1" or item.coding == wire.text
