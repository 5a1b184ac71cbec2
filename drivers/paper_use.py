"""How much paper a slip's bytes use: a count for maintenance, not a drawing of them.

Knows the commands that slips are made of (EPSON ESC/POS reference); any other costs a line at most.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PaperUse", "paper_use"]

DOTS_PER_MM = 8
LINE_DOTS, LETTER_DOTS = 30, 24
"""A line feed as a printer begins with it, and letters as they are; taller ones make the feed as tall as they are."""
_RASTER, _RASTER_HEAD = b"\x1dv0", 8
_CUT = b"\x1dV"
_LENGTHS = {
    b"\x1b@": 2, b"\x1b2": 2, b"\x1c&": 2, b"\x1c.": 2, b"\x1bd": 3, b"\x1bJ": 3, b"\x1b3": 3, b"\x1ba": 3, b"\x1bt": 3,
    b"\x1bE": 3, b"\x1bM": 3, b"\x1b!": 3, b"\x1d!": 3, b"\x1dB": 3, b"\x1da": 3, b"\x10\x04": 3, b"\x1bp": 5,
}  # fmt: skip
"""Bytes of each command with its own two."""


@dataclass(frozen=True, slots=True)
class PaperUse:
    """What came out."""

    millimetres: int
    cuts: int


def paper_use(data: bytes) -> PaperUse:
    """What a slip uses, to the nearest millimetre."""
    place, dots, cuts, line = 0, 0, 0, LINE_DOTS
    while place < len(data):
        head = data[place : place + 2]
        if data[place] == 0x0A:
            dots, place = dots + line, place + 1
        elif data[place] not in (0x10, 0x1B, 0x1C, 0x1D):
            place += 1
        elif data.startswith(_RASTER, place):
            sizes = data[place + 4 : place + _RASTER_HEAD].ljust(4, b"\0")
            width, height = int.from_bytes(sizes[:2], "little"), int.from_bytes(sizes[2:], "little")
            dots, place = dots + height, place + _RASTER_HEAD + width * height
        elif head == _CUT:
            feeds = data[place + 2 : place + 3] in (b"A", b"B")
            cuts, place = cuts + 1, place + (4 if feeds else 3)
        else:
            number = int.from_bytes(data[place + 2 : place + 3], "big")
            dots += {b"\x1bd": number * line, b"\x1bJ": number}.get(head, 0)
            if head == b"\x1d!":
                line = max(LINE_DOTS, LETTER_DOTS * ((number & 0x07) + 1))
            elif head in (b"\x1b@", b"\x1b2"):
                line = LINE_DOTS
            elif head == b"\x1b3":
                line = number
            place += _LENGTHS.get(head, 2)
    return PaperUse(round(dots / DOTS_PER_MM), cuts)
