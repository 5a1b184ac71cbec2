"""A slip as a picture of one bit: any script on any printer (facts/product.md §4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from terminal.slips.layout import Line, Style

__all__ = ["DOTS", "FONT", "raster"]

FONT = Path(__file__).parent.parent / "fonts" / "wqy-microhei.ttc"
DOTS = {58: 384, 80: 576}
"""Printable dots at 203 dpi by paper width in millimetres."""
_SIZES = {Style.TITLE: 30, Style.PLAIN: 22, Style.SMALL: 18, Style.AMOUNT: 32, Style.MARK: 26, Style.RULE: 10}
_LEADING = 6
_MARGIN = 4
_CENTRED = frozenset({Style.TITLE, Style.MARK})


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


def raster(lines: Sequence[Line], width: int) -> Image.Image:
    """Black on white, ``width`` dots wide and as high as the slip needs."""
    rows = [row for line in lines for row in _wrapped(line, width)]
    height = sum(_height(row) for row in rows) + 2 * _MARGIN
    picture = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(picture)
    y = _MARGIN
    for row in rows:
        _set(draw, row, y, width)
        y += _height(row)
    return picture


def _height(line: Line) -> int:
    return _SIZES[line.style] + _LEADING


def _length(text: str, style: Style) -> int:
    return int(_font(_SIZES[style]).getlength(text) + 0.999)


def _wrapped(line: Line, width: int) -> list[Line]:
    """The line, or as many as its text needs; a right part that finds no room goes below."""
    room = width - 2 * _MARGIN
    left, right, style = line.left, line.right, line.style
    if style is Style.RULE:
        return [line]
    if right and _length(left, style) + _length(right, style) + 8 <= room:
        return [line]
    rows: list[Line] = []
    text = ""
    for character in left:
        if _length(text + character, style) > room:
            cut = text.rfind(" ") + 1 or len(text)
            rows.append(Line(text[:cut].rstrip(), style=style))
            text = text[cut:]
        text += character
    rows.append(Line(text, style=style))
    return [*rows, Line("", right, style)] if right else rows


def _set(draw: ImageDraw.ImageDraw, line: Line, y: int, width: int) -> None:
    size = _SIZES[line.style]
    if line.style is Style.RULE:
        middle = y + (size + _LEADING) // 2
        for x in range(_MARGIN, width - _MARGIN, 8):
            draw.line((x, middle, x + 4, middle), fill=0)
        return
    x = (width - _length(line.left, line.style)) // 2 if line.style in _CENTRED else _MARGIN
    ink = 0
    if line.style is Style.MARK:
        draw.rectangle((_MARGIN, y, width - _MARGIN - 1, y + size + 2), fill=0)
        ink = 1
    draw.text((x, y), line.left, font=_font(size), fill=ink)
    if line.right:
        end = width - _MARGIN - _length(line.right, line.style)
        draw.text((end, y), line.right, font=_font(size), fill=ink)
