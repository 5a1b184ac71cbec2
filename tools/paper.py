"""ESC/POS bytes back to the paper they make: what a printer would have done with them.

Understands what the terminal sends (raster pieces, text, feeds, cuts, the drawer) and refuses the
rest by name, so that a stray control byte in a slip is found and not guessed at.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from terminal.screens.font import font

__all__ = ["NotEscPos", "Paper", "main", "paper_png", "print_on_paper"]

WIDTH_DOTS = 384
TEXT_DOTS, LINE_DOTS = 24, 30
MARGIN_DOTS = 12
ESC, GS, DLE, LF = 0x1B, 0x1D, 0x10, 0x0A


class NotEscPos(Exception):
    """Bytes that are no command a slip may hold."""

    remedy = "Compare the bytes at this place with the printer's manual."

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"At byte {offset}: {what}.")
        self.offset = offset


@dataclass(slots=True)
class Paper:
    """What came out: strips from top to bottom, how often it was cut, how often the drawer opened."""

    strips: list[Image.Image] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    cuts: int = 0
    drawer_kicks: int = 0

    def picture(self) -> Image.Image:
        """The whole paper with a margin, black on white."""
        width = max((strip.width for strip in self.strips), default=WIDTH_DOTS)
        height = sum(strip.height for strip in self.strips)
        sheet = Image.new("L", (width + 2 * MARGIN_DOTS, height + 2 * MARGIN_DOTS), 255)
        y = MARGIN_DOTS
        for strip in self.strips:
            sheet.paste(strip, (MARGIN_DOTS, y))
            y += strip.height
        return sheet


def print_on_paper(data: bytes) -> Paper:
    """Interpret a slip's bytes. Raises NotEscPos with the offset of what is not understood."""
    paper = Paper()
    text = bytearray()
    position = 0
    while position < len(data):
        code = data[position]
        if code in (ESC, GS, DLE):
            _flush(paper, text)
            position = _command(paper, data, position)
        elif code == LF:
            _flush(paper, text, feed=True)
            position += 1
        elif code >= 0x20:
            text.append(code)
            position += 1
        else:
            raise NotEscPos(position, "a control byte that a slip may not hold")
    _flush(paper, text)
    return paper


def paper_png(data: bytes) -> bytes:
    """The paper as a PNG file."""
    out = io.BytesIO()
    print_on_paper(data).picture().save(out, "PNG", optimize=True)
    return out.getvalue()


def _command(paper: Paper, data: bytes, start: int) -> int:
    """Do the command at ``start``; the position behind it."""
    head = data[start : start + 2]
    if head == b"\x1b@":
        return start + 2
    if head in (b"\x1bt", b"\x1ba", b"\x1bE", b"\x1b3", b"\x1d!"):
        return start + 3
    if head == b"\x1bd":
        _feed(paper, _byte(data, start + 2) * LINE_DOTS)
        return start + 3
    if head == b"\x1bJ":
        _feed(paper, _byte(data, start + 2))
        return start + 3
    if head == b"\x1bp":
        paper.drawer_kicks += 1
        return start + 5
    if head == b"\x1dV":
        paper.cuts += 1
        return start + (4 if _byte(data, start + 2) in (65, 66) else 3)
    if data[start : start + 3] == b"\x1dv0":
        return _raster(paper, data, start)
    if data[start : start + 2] == b"\x10\x04":
        return start + 3
    raise NotEscPos(start, "a command that slips do not use")


def _raster(paper: Paper, data: bytes, start: int) -> int:
    width_bytes = _byte(data, start + 4) | _byte(data, start + 5) << 8
    height = _byte(data, start + 6) | _byte(data, start + 7) << 8
    end = start + 8 + width_bytes * height
    if end > len(data):
        raise NotEscPos(start, "a raster piece that is cut off")
    piece = Image.frombytes("1", (width_bytes * 8, height), bytes(byte ^ 0xFF for byte in data[start + 8 : end]))
    paper.strips.append(piece)
    return end


def _flush(paper: Paper, text: bytearray, *, feed: bool = False) -> None:
    if text:
        line = text.decode("gb18030", "replace")
        strip = Image.new("1", (WIDTH_DOTS, LINE_DOTS), 1)
        ImageDraw.Draw(strip).text((0, 0), line, font=font(TEXT_DOTS), fill=0)
        paper.strips.append(strip)
        paper.lines.append(line)
        text.clear()
    elif feed:
        _feed(paper, LINE_DOTS)


def _feed(paper: Paper, dots: int) -> None:
    if dots:
        paper.strips.append(Image.new("1", (WIDTH_DOTS, dots), 1))


def _byte(data: bytes, position: int) -> int:
    if position >= len(data):
        raise NotEscPos(position, "a command that is cut off")
    return data[position]


def main(argv: list[str]) -> int:
    """``python -m tools.paper SLIP.bin SLIP.png``."""
    parser = argparse.ArgumentParser(description="Draw the paper that ESC/POS bytes make.")
    parser.add_argument("bytes", type=Path, help="file of ESC/POS bytes")
    parser.add_argument("png", type=Path, help="picture to write")
    arguments = parser.parse_args(argv)
    arguments.png.write_bytes(paper_png(arguments.bytes.read_bytes()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
