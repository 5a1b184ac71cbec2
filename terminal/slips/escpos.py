"""Slips as ESC/POS bytes, made by python-escpos and collected, never sent, by it."""

from __future__ import annotations

import copy
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.cash_drawer import KICKS
from terminal.slips.layout import Line
from terminal.slips.profile import PrinterProfile

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["escpos_bytes", "keep_capabilities_in", "rest_of_a_picture"]

_INITIALISE = b"\x1b@"
_TEAR_LINES = 4
"""Where there is no knife, the slip comes out as far as the tear bar."""
_FRAGMENT_DOTS = 256
"""Height of one raster piece; a printer's buffer holds a few of them."""


def keep_capabilities_in(folder: Path) -> None:
    """Call it before the first slip: which printer table python-escpos reads, and where it leaves its copy.

    Its own table takes it seconds to read, so it keeps a copy, by default in a world-writable folder; and a copy
    that a power cut left half-written it cannot read at any later start. Ours is read in no time, and a copy
    of an earlier start is never used.
    """
    os.environ["ESCPOS_CAPABILITIES_FILE"] = str(Path(__file__).with_name("capabilities.json"))
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(folder)
    for copy_left in folder.glob("*.capabilities.pickle"):
        copy_left.unlink(missing_ok=True)


def escpos_bytes(lines: list[Line], profile: PrinterProfile, *, drawer: bool = False) -> bytes:
    """A slip: initialise, text or raster pieces, feed, cut and open the drawer as the profile says.

    Drawing libraries are loaded here, by the first slip, off the way to the idle screen. Raises LogoTrouble.
    """
    from terminal.slips.raster import raster

    if profile.text == "raster":
        body = _INITIALISE + _raster(raster(lines, profile.dots))
    else:
        from terminal.slips.text_mode import text_bytes

        body = text_bytes(lines, profile, lambda line: _raster(raster([line], profile.dots)))
    kick = KICKS[profile.drawer_pin] if drawer and profile.drawer_pin else b""
    return body + _end(profile.dots, profile.cut) + kick


@lru_cache(maxsize=4)
def _end(dots: int, cut: bool) -> bytes:
    """What every slip of a printer ends with."""
    end = _dummy(dots)
    end.ln(1)
    if cut:
        end.cut()
    else:
        end.print_and_feed(_TEAR_LINES)
    return bytes(end.output)


def rest_of_a_picture(profile: PrinterProfile) -> bytes:
    """What brings a printer back to its senses when a slip may have been cut off.

    It may wait for the rest of a picture, and would take the next slip for dots. White dots end the longest
    one we send; to a printer that waits for nothing, NULs are nothing.
    """
    return bytes(_FRAGMENT_DOTS * profile.dots // 8)


def _raster(picture: Image) -> bytes:
    printer = _dummy(picture.width)
    printer.image(picture, impl="bitImageRaster", fragment_height=_FRAGMENT_DOTS)
    return bytes(printer.output)


def _dummy(width: int) -> Any:
    from escpos.printer import Dummy

    printer = Dummy()
    # The default profile knows no width and says so on standard output for every piece.
    printer.profile.profile_data = copy.deepcopy(printer.profile.profile_data)
    printer.profile.profile_data["media"]["width"]["pixels"] = width
    return printer
