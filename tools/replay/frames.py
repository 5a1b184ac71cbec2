"""Screens of a replay as pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path

from terminal.screens.screen import Screen

__all__ = ["Frames", "frame_of"]

WIDTH, HEIGHT = 320, 240


def frame_of(screen: Screen) -> bytes:
    """Pixels of a screen, RGB, as the panel of the bench shows it."""
    from terminal.screens.displays import size_for
    from terminal.screens.render import Size, draw

    return draw(screen, Size(*size_for(WIDTH, HEIGHT))).convert("RGB").tobytes()


class Frames:
    """A folder of numbered pictures, and a list of them with times and digests."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._count = 0
        self._list = folder / "frames.txt"
        self._list.write_text("", "utf-8")

    def shows(self, at_us: int, screen: Screen) -> None:
        """Draw one."""
        from PIL import Image

        pixels = frame_of(screen)
        self._count += 1
        name = f"{self._count:05d}-{screen.name}.png"
        Image.frombytes("RGB", (WIDTH, HEIGHT), pixels).save(self._folder / name)
        with self._list.open("a", encoding="utf-8") as file:
            file.write(f"{at_us / 1_000_000:.6f} {hashlib.sha256(pixels).hexdigest()[:16]} {name}\n")
