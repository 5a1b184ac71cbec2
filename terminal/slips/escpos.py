"""Slips as ESC/POS bytes, made by python-escpos and collected, never sent, by it."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["escpos_bytes", "keep_capabilities_in"]

_FRAGMENT_DOTS = 256
"""Height of one raster piece; a printer's buffer holds a few of them."""


def keep_capabilities_in(folder: Path) -> None:
    """Where python-escpos may cache its printer table; its default is a world-writable folder,
    and the cache is a pickle. Call it before the first slip."""
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(folder)


def escpos_bytes(picture: Image) -> bytes:
    """Initialise, the picture in raster pieces, feed and cut."""
    from escpos.printer import Dummy  # slow to load: off the way to the idle screen

    printer = Dummy()
    # The default profile knows no width and says so on standard output for every piece.
    printer.profile.profile_data = copy.deepcopy(printer.profile.profile_data)
    printer.profile.profile_data["media"]["width"]["pixels"] = picture.width
    printer.hw("INIT")
    printer.image(picture, impl="bitImageRaster", fragment_height=_FRAGMENT_DOTS)
    printer.ln(1)
    printer.cut()
    return bytes(printer.output)
