"""The panel under the terminal's framebuffer: what its memory holds, as a picture."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageChops

__all__ = ["PANELS", "Panel", "png_of", "size_of"]

PANELS = ("320x240", "800x480", "128x64")
_FORMATS = {"128x64": "MONO"}
_USUAL_FORMAT = "RGB565"
_FIVE_BITS = [round((value >> 3) * 255 / 31) for value in range(256)]
_SIX_BITS = [round((value >> 2) * 255 / 63) for value in range(256)]


class Panel:
    """A panel of one of the usual sizes, whose memory is a file."""

    def __init__(self, folder: Path, size: str) -> None:
        self.width, self.height = size_of(size)
        self._format = _FORMATS.get(size, _USUAL_FORMAT)
        self._path = folder / "panel.fb"

    @property
    def address(self) -> str:
        """What the terminal's configuration says."""
        return f"file:{self._path}?{self.width}x{self.height}x{self._format}"

    def picture(self) -> Image.Image | None:
        """What is on the panel; None before the terminal has drawn anything."""
        try:
            memory = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if self._format == "MONO":
            return Image.frombytes("1", (self.width, self.height), memory, "raw", "1;R")
        low, high = Image.frombytes("LA", (self.width, self.height), memory).split()
        red = high.point(_FIVE_BITS)
        blue = low.point([_FIVE_BITS[value << 3 & 0xF8] for value in range(256)])
        green = _joined(high, low).point(_SIX_BITS)
        return Image.merge("RGB", (red, green, blue))


def size_of(panel: str) -> tuple[int, int]:
    """Width and height of a panel of the table."""
    assert panel in PANELS, "a size of the table"
    width, _, height = panel.partition("x")
    return int(width), int(height)


def _joined(high: Image.Image, low: Image.Image) -> Image.Image:
    """Green's six bits, three of them in each byte, in the upper bits of one."""
    upper = high.point([(value & 0x07) << 5 for value in range(256)])
    return ImageChops.add(upper, low.point([(value & 0xE0) >> 3 for value in range(256)]))


def png_of(picture: Image.Image) -> bytes:
    """A picture as a PNG file; quick rather than small, for it goes no further than this machine."""
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()
