"""The bench's printer: a real roll that comes out at a real speed, ends, and lies under a cover."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from drivers.simulated import SimulatedPrinter
from tools.paper import NotEscPos, Printing

__all__ = ["BenchPrinter"]

PIECE_BYTES = 1024
BYTES_S = 80_000
"""What a USB printer takes; a slip is on the paper in half a second."""
HALF_A_SLIP_DOTS = 300


class BenchPrinter(SimulatedPrinter):
    """Tells of every strip as it leaves the head; status requests are answered as bytes are taken."""

    def __init__(self, path: Path, strip: Callable[[Image.Image], None], cut: Callable[[], None]) -> None:
        super().__init__(path)
        self._strip = strip
        self._cut = cut
        self.dots_left: int | None = None
        """How much paper there still is; None for a full roll."""
        self.faults = 0
        """Bytes that no printer understands: a fault of the terminal, shown on the page."""

    def end_soon(self) -> None:
        """The roll ends in the middle of the next slip."""
        self.dots_left = HALF_A_SLIP_DOTS

    def new_roll(self) -> None:
        """Put in a new roll."""
        self.dots_left, self.paper = None, True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        printing = Printing(asked=lambda which: writer.write(bytes([self._status(which)])))
        cuts = 0
        while data := await reader.read(PIECE_BYTES):
            try:
                printing.feed(data)
            except NotEscPos:
                self.faults += 1
                printing = Printing(asked=lambda which: writer.write(bytes([self._status(which)])))
                cuts = 0
                continue
            for strip in printing.paper.strips:
                self._out(strip)
            printing.paper.strips.clear()
            printing.paper.lines.clear()
            if printing.paper.cuts > cuts:
                cuts = printing.paper.cuts
                if self.paper:
                    self._cut()
            if len(data) == PIECE_BYTES:
                await asyncio.sleep(PIECE_BYTES / BYTES_S)

    def _out(self, strip: Image.Image) -> None:
        if not (self.paper and self.cover_closed):
            return  # the head prints on nothing
        if self.dots_left is not None:
            if strip.height >= self.dots_left:
                strip, self.paper = strip.crop((0, 0, strip.width, self.dots_left)), False
            self.dots_left -= strip.height
        if strip.height:
            self._strip(strip)
