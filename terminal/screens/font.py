"""The bundled font: the same pictures of screens and slips on every machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

__all__ = ["FONT", "font"]

FONT = Path(__file__).parent.parent / "fonts" / "wqy-microhei.ttc"
SIZES_KEPT = 32


@lru_cache(maxsize=SIZES_KEPT)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font at a height in pixels.

    Laid out by FreeType alone: with the other engine a picture would depend on libraries that a machine may lack.
    """
    return ImageFont.truetype(str(FONT), size, layout_engine=ImageFont.Layout.BASIC)
