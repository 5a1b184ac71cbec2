"""The bench's printer: a real roll that comes out at a real speed, ends, and lies under a cover."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from drivers.simulated import SimulatedPrinter
from tools.paper import NotEscPos, Printing

__all__ = ["BenchPrinter"]

PIECE_BYTES = 512
BYTES_S = 80_000
"""What a USB printer takes; a slip is on the paper in half a second."""
HALF_A_SLIP_DOTS = 300


class BenchPrinter(SimulatedPrinter):
    """Tells of every strip as it leaves the head, and of every cut."""

    def __init__(self, path: Path, strip: Callable[[Image.Image], None], cut: Callable[[], None]) -> None:
        super().__init__(path)
        self._strip = strip
        self._cut = cut
        self._head = Printing()
        self._cuts = 0
        self.dots_left: int | None = None
        """How much paper there still is; None for a full roll."""
        self.faults = 0
        """Bytes that no printer understands: a fault of the terminal."""

    def end_soon(self) -> None:
        """The roll ends in the middle of the next slip."""
        self.dots_left = HALF_A_SLIP_DOTS

    def new_roll(self) -> None:
        """Put in a new roll."""
        self.dots_left, self.paper = None, True

    def change(self, name: str, value: bool) -> None:
        """Change the printer's state; what has waited for that is printed."""
        super().change(name, value)
        self._print()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A new wire: what the last one left half said is forgotten, as when a USB device is opened.
        self.path_of_paper.forget()
        self._head, self._cuts = Printing(), 0
        while data := await reader.read(PIECE_BYTES):
            self.path_of_paper.feed(data)
            self._print()
            if len(data) == PIECE_BYTES:
                await asyncio.sleep(PIECE_BYTES / BYTES_S)
            if self.path_of_paper.full:
                self._ready.clear()
                await self._ready.wait()

    def _print(self) -> None:
        data = bytes(self.output)
        self.output.clear()
        try:
            self._head.feed(data)
        except NotEscPos:
            self.faults += 1
            self._head, self._cuts = Printing(), 0
            return
        paper = self._head.paper
        for strip in paper.strips:
            self._out(strip)
        paper.strips.clear()
        paper.lines.clear()
        if paper.cuts > self._cuts:
            self._cuts = paper.cuts
            if self.paper:
                self._cut()

    def _out(self, strip: Image.Image) -> None:
        if not self.paper:
            return  # the head prints on nothing
        if self.dots_left is not None:
            over = strip.height >= self.dots_left
            strip = strip.crop((0, 0, strip.width, min(strip.height, self.dots_left)))
            self.dots_left -= strip.height
            if over:
                self.path_of_paper.set("paper", False)
        if strip.height:
            self._strip(strip)
