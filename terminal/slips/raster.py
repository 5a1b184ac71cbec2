"""A slip as a picture of one bit: any script on any printer (facts/product.md §4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from terminal.screens.font import length_of, write
from terminal.slips.graphics import barcode_picture, logo_picture, qr_picture
from terminal.slips.layout import Line, Style

__all__ = ["raster"]

_SIZES = {Style.TITLE: 30, Style.PLAIN: 22, Style.SMALL: 18, Style.AMOUNT: 32, Style.MARK: 26, Style.RULE: 10}
_LEADING = 6
_MARGIN = 4
_BLACK, _WHITE = 0, 255
_DARKEST_WHITE = 150
"""What is lighter is paper; a little above the middle, so that thin strokes stay whole."""
_TO_ONE_BIT = [255 * (grey >= _DARKEST_WHITE) for grey in range(256)]
_CENTRED = frozenset({Style.TITLE, Style.MARK})
_PICTURES = frozenset({Style.LOGO, Style.QR, Style.BARCODE})


def raster(lines: Sequence[Line], width: int) -> Image.Image:
    """Black on white, ``width`` dots wide and as high as the slip needs. Raises LogoTrouble."""
    rows = [row for line in lines for row in _wrapped(line, width)]
    pictures = {index: _picture(row, width) for index, row in enumerate(rows) if row.style in _PICTURES}
    heights = [
        pictures[index].height + 2 * _LEADING if index in pictures else _height(row) for index, row in enumerate(rows)
    ]
    height = sum(heights) + 2 * _MARGIN
    picture = Image.new("L", (width, height), _WHITE)
    draw = ImageDraw.Draw(picture)
    y = _MARGIN
    for index, row in enumerate(rows):
        if index in pictures:
            picture.paste(pictures[index].convert("L"), ((width - pictures[index].width) // 2, y + _LEADING))
        else:
            _set(draw, row, y, width)
        y += heights[index]
    # Drawn in grey and then cut to one bit: the font's own hinting for one bit closes small shapes such as ×.
    return picture.point(_TO_ONE_BIT, "1")


def _picture(line: Line, width: int) -> Image.Image:
    if line.style is Style.LOGO:
        return logo_picture(Path(line.left), width - 2 * _MARGIN)
    return qr_picture(line.left) if line.style is Style.QR else barcode_picture(line.left)


def _height(line: Line) -> int:
    return _SIZES[line.style] + _LEADING


def _length(text: str, style: Style) -> int:
    return int(length_of(text, _SIZES[style]) + 0.999)


def _wrapped(line: Line, width: int) -> list[Line]:
    """The line, or as many as its text needs; a right part that finds no room goes below."""
    room = width - 2 * _MARGIN
    left, right, style = line.left, line.right, line.style
    if style is Style.RULE or style in _PICTURES:
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
            draw.line((x, middle, x + 4, middle), fill=_BLACK)
        return
    x = (width - _length(line.left, line.style)) // 2 if line.style in _CENTRED else _MARGIN
    ink = _BLACK
    if line.style is Style.MARK:
        draw.rectangle((_MARGIN, y, width - _MARGIN - 1, y + size + 2), fill=_BLACK)
        ink = _WHITE
    write(draw, (x, y), line.left, size, ink)
    if line.right:
        end = width - _MARGIN - _length(line.right, line.style)
        write(draw, (end, y), line.right, size, ink)
