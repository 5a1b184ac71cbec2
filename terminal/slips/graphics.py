"""Pictures on a slip: logo, QR code, bar code. Drawn here, so that any printer prints them alike."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from terminal.screens.render import code_picture
from terminal.slips.profile import LogoTrouble

__all__ = ["barcode_picture", "logo_picture", "qr_picture"]

QR_DOTS = 200
BAR_DOTS, BAR_HEIGHT = 2, 64
"""Narrowest bar and height: 0.25 mm and 8 mm at 203 dpi, read by every scanner."""
_QUIET_BARS = 10
LOGO_HEIGHT_MAX = 240
_WHITE = 255


def logo_picture(path: Path, width: int) -> Image.Image:
    """The merchant's logo in one bit, no wider than the paper; transparent is white. Raises LogoTrouble."""
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
    except OSError as error:
        raise LogoTrouble(f"The logo {path.name} cannot be read: {error.strerror or type(error).__name__}.") from None
    sheet = Image.new("RGBA", picture.size, "white")
    sheet.alpha_composite(picture)
    grey = sheet.convert("L")
    grey.thumbnail((width, LOGO_HEIGHT_MAX))
    return grey.convert("1")


def qr_picture(text: str) -> Image.Image:
    """A QR code with its quiet zone."""
    return code_picture(text, QR_DOTS).convert("1", dither=Image.Dither.NONE)


def barcode_picture(text: str) -> Image.Image:
    """A Code 128 bar code (ISO/IEC 15417) with its quiet zones."""
    import barcode  # comes with the printer's language; loaded only where a slip has one

    modules = barcode.get("code128", text).build()[0]
    picture = Image.new("1", (len(modules) + 2 * _QUIET_BARS, 1), _WHITE)
    for place, module in enumerate(modules):
        if module == "1":
            picture.putpixel((place + _QUIET_BARS, 0), 0)
    return picture.resize((picture.width * BAR_DOTS, BAR_HEIGHT), Image.Resampling.NEAREST)
