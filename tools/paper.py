"""ESC/POS bytes back to the paper they make: what a printer would have done with them.

Understands what the terminal sends (raster pieces, text in a character table, feeds, cuts, the drawer) and
refuses the rest by name, so that a stray control byte in a slip is found and not guessed at.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from terminal.screens.console import width_of
from terminal.screens.font import length_of, write
from terminal.slips.profile import CODE_PAGES, DOTS

__all__ = ["NotEscPos", "Paper", "Printing", "main", "paper_png", "print_on_paper"]

CELL_WIDTH, CELL_HEIGHT, LINE_DOTS = 12, 24, 30
"""Font A, and the feed of a line."""
MARGIN_DOTS = 12
ESC, GS, DLE, FS, LF, NUL = 0x1B, 0x1D, 0x10, 0x1C, 0x0A, 0x00
_TABLES = {number: name for name, number in CODE_PAGES.items()}
_WHITE = 1
_TO_ONE_BIT = [255 * (grey >= 150) for grey in range(256)]


class NotEscPos(Exception):
    """Bytes that are no command a slip may hold."""

    remedy = "Compare the bytes at this place with the printer's manual."

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"At byte {offset}: {what}.")
        self.offset = offset


@dataclass(slots=True)
class Paper:
    """What came out: strips from top to bottom, how often it was cut, how often the drawer opened."""

    width: int = DOTS[58]
    strips: list[Image.Image] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    cuts: int = 0
    drawer_kicks: int = 0

    def picture(self) -> Image.Image:
        """The whole paper with a margin, black on white."""
        width = max(self.width, *(strip.width for strip in self.strips)) if self.strips else self.width
        height = sum(strip.height for strip in self.strips)
        sheet = Image.new("L", (width + 2 * MARGIN_DOTS, height + 2 * MARGIN_DOTS), 255)
        y = MARGIN_DOTS
        for strip in self.strips:
            sheet.paste(strip, (MARGIN_DOTS, y))
            y += strip.height
        return sheet


def print_on_paper(data: bytes, width_mm: int = 58) -> Paper:
    """Interpret a slip's bytes. Raises NotEscPos with the offset of what is not understood."""
    printing = Printing(width_mm)
    printing.feed(data)
    printing.finish()
    return printing.paper


def paper_png(data: bytes) -> bytes:
    """The paper as a PNG file."""
    out = io.BytesIO()
    print_on_paper(data).picture().save(out, "PNG", optimize=True)
    return out.getvalue()


class _NotWhole(Exception):
    """The rest of a command has yet to come."""


class Printing:
    """A printer's head: takes bytes as they come, in pieces of any length, and keeps its state between them."""

    def __init__(self, width_mm: int = 58, asked: Callable[[int], None] | None = None) -> None:
        self.paper = Paper(DOTS[width_mm])
        self._asked = asked
        """Called with n for each status request ``DLE EOT n``."""
        self._data = b""
        self._position = 0
        self._gone = 0
        """Bytes of earlier pieces that are wholly done."""
        self._text = bytearray()
        self._initialise()

    def _initialise(self) -> None:
        self._encoding = "gb18030"
        self._scale = (1, 1)
        self._centred = self._inverse = False

    def feed(self, data: bytes) -> None:
        """Print what can be printed; a command that is not whole yet waits for the rest. Raises NotEscPos."""
        self._data = self._data[self._position :] + data
        self._gone += self._position
        self._position = 0
        while self._position < len(self._data):
            code = self._data[self._position]
            if code in (ESC, GS, DLE, FS):
                try:
                    self._command()
                except _NotWhole:
                    return
            elif code == LF:
                self._flush(feed=True)
                self._position += 1
            elif code == NUL:
                self._position += 1  # nothing to a printer; ends a picture that was cut off
            elif code >= 0x20:
                self._text.append(code)
                self._position += 1
            else:
                raise NotEscPos(self._gone + self._position, "a control byte that a slip may not hold")

    def finish(self) -> None:
        """Nothing more comes. Raises NotEscPos when a command is cut off."""
        if self._position < len(self._data):
            raise NotEscPos(self._gone + self._position, "a command that is cut off")
        self._flush()

    def _byte(self, ahead: int) -> int:
        position = self._position + ahead
        if position >= len(self._data):
            raise _NotWhole
        return self._data[position]

    def _command(self) -> None:
        """Do the command at the present position and go behind it; nothing is done before all of it is here."""
        self._byte(1)
        head = self._data[self._position : self._position + 2]
        if head != b"\x10\x04":
            self._flush()
        match head:
            case b"\x1b@":
                self._initialise()
                length = 2
            case b"\x1c.":
                length = 2
            case b"\x1c&":
                self._encoding, length = "gb18030", 2
            case b"\x1bt":
                self._encoding, length = self._table(self._byte(2)), 3
            case b"\x1ba":
                self._centred, length = self._byte(2) in (1, 49), 3
            case b"\x1d!":
                self._scale, length = ((self._byte(2) >> 4) + 1, (self._byte(2) & 0x0F) + 1), 3
            case b"\x1dB":
                self._inverse, length = bool(self._byte(2) & 1), 3
            case b"\x1bE" | b"\x1b3":
                self._byte(2)
                length = 3
            case b"\x1bd":
                self._feed(self._byte(2) * LINE_DOTS)
                length = 3
            case b"\x1bJ":
                self._feed(self._byte(2))
                length = 3
            case b"\x1bp":
                self._byte(4)
                self.paper.drawer_kicks += 1
                length = 5
            case b"\x1dV":
                length = 4 if self._byte(2) in (65, 66) else 3
                self._byte(length - 1)
                self.paper.cuts += 1
            case b"\x1dv" if self._byte(2) == ord("0"):
                length = self._raster()
            case b"\x10\x04":
                which, length = self._byte(2), 3
                if self._asked is not None:
                    self._asked(which)
            case _:
                raise NotEscPos(self._gone + self._position, "a command that slips do not use")
        self._position += length

    def _table(self, number: int) -> str:
        if number not in _TABLES:
            raise NotEscPos(self._gone + self._position, f"character table {number}, which slips do not use")
        return _TABLES[number]

    def _raster(self) -> int:
        width = (self._byte(4) | self._byte(5) << 8) * 8
        height = self._byte(6) | self._byte(7) << 8
        start = self._position + 8
        end = start + width // 8 * height
        if end > len(self._data):
            raise _NotWhole
        dots = bytes(byte ^ 0xFF for byte in self._data[start:end])
        self.paper.strips.append(Image.frombytes("1", (width, height), dots))
        return end - self._position

    def _flush(self, *, feed: bool = False) -> None:
        if self._text:
            line = self._text.decode(self._encoding, "replace")
            self._text.clear()
            self.paper.lines.append(line)
            self.paper.strips.append(self._set(line))
        elif feed:
            self._feed(LINE_DOTS)

    def _set(self, line: str) -> Image.Image:
        """A line in cells of one width, Chinese in two of them, as the printer's own font stands."""
        across, down = self._scale
        text = Image.new("L", (max(width_of(line), 1) * CELL_WIDTH, CELL_HEIGHT), 255)
        x = 0
        for character in line:
            width = width_of(character) * CELL_WIDTH
            if character.strip():
                text.paste(_glyph(character, width), (x, 0))
            x += width
        text = (ImageChops.invert(text) if self._inverse else text).point(_TO_ONE_BIT, "1")
        text = text.resize((text.width * across, text.height * down), Image.Resampling.NEAREST)
        strip = Image.new("1", (self.paper.width, LINE_DOTS * down), _WHITE)
        left = (strip.width - text.width) // 2 if self._centred else 0
        strip.paste(text, (left, (strip.height - text.height) // 2))
        return strip

    def _feed(self, dots: int) -> None:
        if dots:
            self.paper.strips.append(Image.new("1", (self.paper.width, dots), _WHITE))


@lru_cache(maxsize=1024)
def _glyph(character: str, width: int) -> Image.Image:
    """A character in its cell; a wide one is squeezed, as a font of one width has it."""
    size = CELL_HEIGHT - 2 if width > CELL_WIDTH else CELL_HEIGHT - 4
    natural = max(round(length_of(character, size)), width)
    cell = Image.new("L", (natural, CELL_HEIGHT), 255)
    write(ImageDraw.Draw(cell), (natural // 2, CELL_HEIGHT // 2), character, size, 0, "mm")
    return cell.resize((width, CELL_HEIGHT), Image.Resampling.BOX)


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
