"""A screen as a picture: the marks of ``place`` in the colours of a theme."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from terminal.screens.font import write
from terminal.screens.place import LARGE_TYPE, SMALL, WIDE, Code, Shape, Size, Text, placed
from terminal.screens.screen import Screen
from terminal.screens.theme import THEMES, Ink, Theme

__all__ = ["LARGE_TYPE", "SMALL", "WIDE", "Size", "code_picture", "draw", "png_bytes"]

_DAY = THEMES["day"]
_QUIET_MODULES = 2
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def draw(screen: Screen, size: Size = SMALL, theme: Theme = _DAY) -> Image.Image:
    """The screen as an RGB picture of the display's size."""
    picture = Image.new("RGB", (size.width, size.height), theme[Ink.PAPER])
    pen = ImageDraw.Draw(picture)
    for mark in placed(screen, size):
        if isinstance(mark, Text):
            write(pen, (mark.x, mark.y), mark.text, mark.size, theme[mark.ink], f"{mark.anchor}m")
        elif isinstance(mark, Code):
            code = code_picture(mark.text, mark.side)
            edge = (mark.side - code.width) // 2
            picture.paste(code, (mark.x + edge, mark.y + edge))
        else:
            _shape(pen, mark, theme)
    return picture


def png_bytes(screen: Screen, size: Size = SMALL, theme: Theme = _DAY) -> bytes:
    """The picture as a PNG file."""
    out = io.BytesIO()
    draw(screen, size, theme).save(out, "PNG")
    return out.getvalue()


def code_picture(text: str, side: int) -> Image.Image:
    """A QR code, dark on light whatever the theme, at most ``side`` pixels in each direction."""
    import segno  # only screens with a code need it

    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    modules = len(rows) + 2 * _QUIET_MODULES
    picture = Image.new("RGB", (modules, modules), _WHITE)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                picture.putpixel((x + _QUIET_MODULES, y + _QUIET_MODULES), _BLACK)
    scale = max(side // modules, 1)
    return picture.resize((modules * scale, modules * scale), Image.Resampling.NEAREST)


def _shape(pen: ImageDraw.ImageDraw, shape: Shape, theme: Theme) -> None:
    left, top, right, bottom = shape.box
    ink = theme[shape.ink]
    match shape.kind:
        case "box" if shape.weight:
            pen.rounded_rectangle(shape.box, shape.weight, fill=ink)
        case "box":
            pen.rectangle(shape.box, fill=ink)
        case "cross":
            pen.line((left, top, right, bottom), fill=ink, width=shape.weight)
            pen.line((left, bottom, right, top), fill=ink, width=shape.weight)
        case "ring":
            pen.ellipse(shape.box, outline=ink, width=shape.weight)
        case "fan":
            pen.arc(shape.box, 225, 315, fill=ink, width=shape.weight)
        case "arch":
            pen.arc(shape.box, 180, 360, fill=ink, width=shape.weight)
        case _:
            pen.line(shape.box, fill=ink)
