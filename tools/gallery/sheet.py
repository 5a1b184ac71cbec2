"""Many pictures on one, each with its name below."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from terminal.screens.font import write

__all__ = ["contact_sheet", "row_of"]

CAPTION, GAP = 14, 12
_DESK = (214, 217, 222)
_INK = (60, 66, 74)


def contact_sheet(pictures: Sequence[tuple[str, Image.Image]], columns: int) -> Image.Image:
    """Rows of pictures of one width; a row is as high as its highest."""
    width = max(picture.width for _, picture in pictures)
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    heights = [max(picture.height for _, picture in row) + CAPTION + 2 * GAP for row in rows]
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, sum(heights) + GAP), _DESK)
    pen = ImageDraw.Draw(sheet)
    y = GAP
    for row, height in zip(rows, heights, strict=True):
        for index, (name, picture) in enumerate(row):
            x = GAP + index * (width + GAP)
            sheet.paste(picture, (x, y))
            write(pen, (x + width // 2, y + picture.height + CAPTION), name, CAPTION, _INK, "mm")
        y += height
    return _few_colours(sheet)


def row_of(pictures: Sequence[Image.Image], gap: int = 2 * GAP) -> Image.Image:
    """Pictures side by side, for a page that shows a few."""
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, max(picture.height for picture in pictures) + 2 * gap), _DESK)
    x = gap
    for picture in pictures:
        sheet.paste(picture, (x, gap))
        x += picture.width + gap
    return _few_colours(sheet)


def _few_colours(picture: Image.Image) -> Image.Image:
    """At most 256 colours: a third of the bytes, and nobody sees the difference."""
    return picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
