"""A picture in half blocks: two pixels a character, for a console over SSH."""

from __future__ import annotations

from PIL import Image

__all__ = ["blocks_of"]

_PAIRS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def blocks_of(picture: Image.Image) -> str:
    """Rows of characters, each two lines of a one-bit picture."""
    width, height = picture.size
    dots = picture.convert("1").tobytes("raw", "L")
    lines = [dots[start : start + width] for start in range(0, width * height, width)]
    lines += [bytes(width)] if height % 2 else []
    return "\n".join(
        "".join(_PAIRS[bool(upper), bool(lower)] for upper, lower in zip(top, bottom, strict=True))
        for top, bottom in zip(lines[::2], lines[1::2], strict=True)
    )
