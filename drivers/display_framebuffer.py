"""A Linux framebuffer, ``/dev/fb0`` or a file of the same layout: pictures in, pixels in the panel's format out.

Geometry and format are asked of the kernel (linux/fb.h); of a file they are part of its address.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.health import Health, HealthLevel, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "DisplayTrouble", "Framebuffer", "Geometry", "geometry_of", "pixels"]

FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO = 0x4600, 0x4602
_VARIABLE = struct.Struct("=6I2I3I3I3I3I20I")
"""struct fb_var_screeninfo, 160 bytes: sizes, bits and greyscale, then offset, length and order of each colour."""
_FIXED = struct.Struct("@16sLIIIIHHHI")
"""struct fb_fix_screeninfo up to line_length; ``L`` is an address and as wide as this machine's."""
_FIXED_BYTES = 128
_MONO_LIGHT_IS_ONE = 1
"""FB_VISUAL_MONO10: a set bit is light."""
_FILE = re.compile(r"^file:(?P<path>.+)\?(?P<width>\d+)x(?P<height>\d+)x(?P<format>[A-Z0-9]+)$")
SIDE_MAX = 4096
STRIPE_ROWS = 8


class DisplayTrouble(Exception):
    """The display cannot be used. ``remedy`` is for the technician."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


FORMATS = {"RGB565": 16, "XRGB8888": 32, "XBGR8888": 32, "RGB888": 24, "MONO": 1}
"""Names as in linux/drm_fourcc.h, and bits of a pixel; MONO has its leftmost pixel in the lowest bit."""
_RED_OFFSETS = {(16, 11): "RGB565", (32, 16): "XRGB8888", (32, 0): "XBGR8888", (24, 16): "RGB888"}
_RAW = {"XRGB8888": "BGRX", "XBGR8888": "RGBX", "RGB888": "BGR"}


@dataclass(frozen=True, slots=True)
class Geometry:
    """Visible pixels, bytes from one line to the next, and the pixels' format."""

    width: int
    height: int
    stride: int
    format: str
    inverted: bool = False
    """MONO only: whether a set bit is dark."""


class Framebuffer:
    """Open for as long as the terminal runs; each picture is copied into the panel's memory."""

    def __init__(self, address: str) -> None:
        path = match["path"] if (match := _FILE.match(address)) else address
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if match else 0), 0o600)
        except OSError as error:
            raise DisplayTrouble(
                f"The display {path} cannot be opened: {error.strerror}.",
                "Check the address in [devices.display]; the terminal's user must be in the group video.",
            ) from None
        try:
            self.geometry = _named(match) if match else geometry_of(*_ask(self._descriptor))
            length = self.geometry.stride * self.geometry.height
            if match:
                os.ftruncate(self._descriptor, length)
            self._memory = mmap.mmap(self._descriptor, length)
        except OSError as error:
            os.close(self._descriptor)
            raise DisplayTrouble(
                f"{path} is no framebuffer: {error.strerror}.", "Give the panel's device, such as /dev/fb0."
            ) from None
        except DisplayTrouble:
            os.close(self._descriptor)
            raise

    def show(self, picture: Image) -> None:
        """Put up a picture of the panel's size."""
        self._memory[:] = pixels(picture, self.geometry)

    async def check_health(self, level: HealthLevel) -> Health:
        """Internal: its geometry. External and interactive: stripes for somebody to look at."""
        if level is not HealthLevel.INTERNAL:
            lines = (b"\xff" * self.geometry.stride, bytes(self.geometry.stride))
            stripes = b"".join(lines[row // STRIPE_ROWS % 2] for row in range(self.geometry.height))
            self._memory[:] = stripes
            if self._memory[:] == stripes:
                return Health(level, Verdict.UNKNOWN, "Stripes were drawn: look whether all of them are on the panel.")
            return Health(level, Verdict.BAD, "The panel's memory does not keep what is written.", "Change the panel.")
        return Health(level, Verdict.GOOD, f"The panel has {self.geometry.width} by {self.geometry.height} pixels.")

    def close(self) -> None:
        """Let the panel go; the last picture stays."""
        self._memory.close()
        os.close(self._descriptor)


def pixels(picture: Image, geometry: Geometry) -> bytes:
    """A picture in the panel's format, each line filled up to the stride.

    The picture has the geometry's size; anything else is a mistake of the caller.
    """
    assert picture.size == (geometry.width, geometry.height), "a picture is drawn in the panel's size"
    if geometry.format == "RGB565":
        packed = _rgb565(picture.convert("RGB"))
    elif geometry.format == "MONO":
        packed = picture.convert("1").tobytes("raw", "1;IR" if geometry.inverted else "1;R")
    else:
        packed = picture.convert("RGB").tobytes("raw", _RAW[geometry.format])
    line = -(-geometry.width * FORMATS[geometry.format] // 8)
    if line == geometry.stride:
        return packed
    gap = bytes(geometry.stride - line)
    return b"".join(packed[start : start + line] + gap for start in range(0, len(packed), line))


def geometry_of(variable: bytes, fixed: bytes) -> Geometry:
    """Geometry from what the kernel says of a framebuffer. Raises DisplayTrouble for formats we do not write."""
    fields = _VARIABLE.unpack_from(variable)
    width, height, bits, red = fields[0], fields[1], fields[6], fields[8]
    fixed_fields = _FIXED.unpack_from(fixed)
    visual, stride = fixed_fields[5], fixed_fields[9]
    format = "MONO" if bits == 1 else _RED_OFFSETS.get((bits, red))
    if format is None:
        raise DisplayTrouble(
            f"The panel has {bits} bits a pixel with red at bit {red}; this is not supported.",
            f"Set the panel to one of {', '.join(FORMATS)}, for example with fbset -depth 16.",
        )
    return Geometry(width, height, stride, format, inverted=bits == 1 and visual != _MONO_LIGHT_IS_ONE)


def _ask(descriptor: int) -> tuple[bytes, bytes]:
    return (
        fcntl.ioctl(descriptor, FBIOGET_VSCREENINFO, bytes(_VARIABLE.size)),
        fcntl.ioctl(descriptor, FBIOGET_FSCREENINFO, bytes(_FIXED_BYTES)),
    )


def _named(match: re.Match[str]) -> Geometry:
    width, height, format = int(match["width"]), int(match["height"]), match["format"]
    if format not in FORMATS or not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX):
        raise DisplayTrouble(
            "The address of the display names no size and format that can be drawn.",
            f"Write file:PATH?320x240xRGB565; the formats are {', '.join(FORMATS)}.",
        )
    return Geometry(width, height, -(-width * FORMATS[format] // 8), format)


def _rgb565(picture: Image) -> bytes:
    """Low byte ``gggbbbbb``, high byte ``rrrrrggg``, made of whole bands: no loop over pixels."""
    from PIL import Image, ImageChops

    red, green, blue = picture.split()
    high = ImageChops.add(red.point(_HIGH_RED), green.point(_HIGH_GREEN))
    low = ImageChops.add(green.point(_LOW_GREEN), blue.point(_LOW_BLUE))
    return Image.merge("LA", (low, high)).tobytes()


_HIGH_RED = [value & 0xF8 for value in range(256)]
_HIGH_GREEN = [value >> 5 for value in range(256)]
_LOW_GREEN = [(value & 0x1C) << 3 for value in range(256)]
_LOW_BLUE = [value >> 3 for value in range(256)]
