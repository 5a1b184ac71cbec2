"""Keeps what a story shows: each step's screen and each slip as PNG, all of it as one moving GIF."""

from __future__ import annotations

import base64
import io
import shutil
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from terminal.screens.font import length_of, write
from terminal.screens.place import wrapped
from tools.counter.counter import Counter
from tools.counter.story import Step
from tools.rig.lines import Line

__all__ = ["Recorder"]

FRAMES_MAX = 600
ROLL_STRIPS = 24
"""What can be seen of the paper: the newest."""
STEP_MS, KEY_MS, LAST_MS = 1400, 180, 4000
GAP, CAPTION, CAPTION_ROWS = 16, 18, 2
PAPER_WIDTH = 216
_DESK, _INK, _PAPER, _DARK = (226, 229, 234), (40, 46, 54), (255, 255, 255), (11, 14, 18)
_RGB = "RGB"


class Recorder:
    """Give ``hear`` to the counter and ``step`` to the story; then ``finish``."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self._folder = folder
        self._size = size
        """Pixels of the panel."""
        self._caption = ""
        self._screen: Image.Image | None = None
        self._roll: deque[Image.Image] = deque(maxlen=ROLL_STRIPS)
        self._slip: list[Image.Image] = []
        self._frames: list[tuple[Image.Image, int]] = []
        self.screens = self.slips = 0

    def prepare(self) -> None:
        """Empty folders for this run."""
        for name in ("screens", "slips"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
            (self._folder / name).mkdir(parents=True)

    def say(self, caption: str) -> None:
        """The sentence below the screen."""
        self._caption = caption

    def hear(self, line: Line) -> None:
        """A line of the counter."""
        match line["type"]:
            case "frame":
                self._screen = _picture(line)
                self._frame(KEY_MS)
            case "dark":
                self._screen = None
                self._frame(KEY_MS)
            case "strip":
                self._roll.append(_picture(line))
                self._slip.append(self._roll[-1])
            case "cut":
                self._keep_slip()

    async def step(self, counter: Counter, step: Step) -> None:
        """A step has come to its end: its screen is kept as the panel shows it now."""
        dark = counter.screen.get("type") == "dark"
        self._screen = None if dark else counter.panel.picture()
        self._frame(STEP_MS if step.say else KEY_MS * 2)
        if step.wait and self._screen is not None:
            self.screens += 1
            self._screen.save(self._folder / "screens" / f"{self.screens:02d}-{step.wait.replace('.', '-')}.png")

    def finish(self) -> None:
        """Write what is left: a slip without its end, and the film."""
        if self._slip:
            self._keep_slip()
        if not self._frames:
            return
        self._frame(LAST_MS)
        pictures, lengths = zip(*self._frames, strict=True)
        first, *rest = pictures
        first.save(
            self._folder / "story.gif", save_all=True, append_images=rest, duration=list(lengths), loop=0, optimize=True
        )

    def _keep_slip(self) -> None:
        self.slips += 1
        _stacked(self._slip).save(self._folder / "slips" / f"{self.slips:02d}.png")
        self._slip = []

    def _frame(self, milliseconds: int) -> None:
        if len(self._frames) < FRAMES_MAX:
            self._frames.append((self._drawn(), milliseconds))

    def _drawn(self) -> Image.Image:
        """The panel at the left with the caption below, the paper at the right, its newest line at the bottom."""
        screen = self._screen or Image.new(_RGB, self._size, _DARK)
        height = screen.height + CAPTION_ROWS * (CAPTION + 6) + 3 * GAP
        sheet = Image.new(_RGB, (screen.width + PAPER_WIDTH + 3 * GAP, height), _DESK)
        sheet.paste(screen, (GAP, GAP))
        pen = ImageDraw.Draw(sheet)
        for row, words in enumerate(wrapped(self._caption, CAPTION, screen.width)[:CAPTION_ROWS]):
            x = GAP + (screen.width - length_of(words, CAPTION)) / 2
            write(pen, (int(x), screen.height + 2 * GAP + row * (CAPTION + 6)), words, CAPTION, _INK)
        if self._roll:
            paper = _stacked(self._roll)
            paper = paper.resize((PAPER_WIDTH, max(paper.height * PAPER_WIDTH // paper.width, 1)))
            paper = paper.crop((0, max(paper.height - height, 0), PAPER_WIDTH, paper.height))
            sheet.paste(paper, (screen.width + 2 * GAP, height - paper.height))
        return sheet.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _picture(line: Line) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(line["png"]))).convert(_RGB)


def _stacked(strips: Sequence[Image.Image]) -> Image.Image:
    """Strips of paper as one piece."""
    sheet = Image.new(_RGB, (max(strip.width for strip in strips), sum(strip.height for strip in strips)), _PAPER)
    y = 0
    for strip in strips:
        sheet.paste(strip, (0, y))
        y += strip.height
    return sheet
