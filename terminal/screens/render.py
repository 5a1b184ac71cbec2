"""A screen as a picture (facts/product.md §4.2): status bar, title, one instruction, keys by colour and shape."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from terminal.screens.font import font as _font
from terminal.screens.screen import Screen, Tone

__all__ = ["SMALL", "WIDE", "Size", "draw", "png_bytes"]

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Size:
    """A display's pixels and the height of its body text."""

    width: int
    height: int
    text: int

    @property
    def bar(self) -> int:
        """Height of the status bar and of the key bar."""
        return self.text + self.text // 2


SMALL = Size(320, 240, 18)
WIDE = Size(800, 480, 36)

_PAPER: Colour = (250, 250, 247)
_INK: Colour = (28, 32, 38)
_FAINT: Colour = (86, 94, 104)
_BAR: Colour = (30, 41, 59)
_BAR_INK: Colour = (226, 232, 240)
_RED: Colour = (200, 40, 40)
_GREEN: Colour = (22, 130, 70)
_AMBER: Colour = (176, 96, 0)
_BLUE: Colour = (29, 92, 176)
_TONES: dict[Tone, tuple[Colour, str]] = {
    Tone.NEUTRAL: (_INK, ""),
    Tone.BUSY: (_BLUE, "…"),
    Tone.GOOD: (_GREEN, "✓"),
    Tone.BAD: (_RED, "×"),
    Tone.WARNING: (_AMBER, "!"),
}
"""Colour and sign of each tone: nothing is told by colour alone."""


def draw(screen: Screen, size: Size = SMALL) -> Image.Image:
    """The screen as an RGB picture of the display's size."""
    picture = Image.new("RGB", (size.width, size.height), _PAPER)
    pen = ImageDraw.Draw(picture)
    _status_bar(pen, screen, size)
    _key_bar(pen, screen, size)
    top, bottom = size.bar, size.height - size.bar
    if screen.menu:
        _menu(pen, screen, size, top, bottom)
    else:
        _body(pen, picture, screen, size, top, bottom)
    return picture


def png_bytes(screen: Screen, size: Size = SMALL) -> bytes:
    """The picture as a PNG file."""
    out = io.BytesIO()
    draw(screen, size).save(out, "PNG")
    return out.getvalue()


def _status_bar(pen: ImageDraw.ImageDraw, screen: Screen, size: Size) -> None:
    pen.rectangle((0, 0, size.width, size.bar - 1), fill=_BAR)
    status, unit = screen.status, size.text
    font = _font(unit * 3 // 4)
    middle = size.bar // 2
    x = unit // 3
    for step in range(4):
        height = (step + 1) * unit // 5
        left = x + step * unit // 4
        lit = status.link == "up" or (status.link == "unknown" and step == 0)
        pen.rectangle(
            (left, middle + unit // 2 - height, left + unit // 6, middle + unit // 2),
            fill=_BAR_INK if lit else _FAINT,
        )
    x += unit + unit // 3
    if status.link == "down":
        pen.text((x - unit // 3, middle), "×", font=font, fill=(255, 140, 140), anchor="lm")
    words = list(status.alerts)
    if status.reversals:
        words.insert(0, f"↺{status.reversals}")
    if status.offline:
        words.insert(0, f"⇡{status.offline}")
    pen.text((x + unit // 3, middle), " ".join(words), font=font, fill=(255, 205, 120), anchor="lm")
    right = " ".join(word for word in (status.operator if status.signed_on else "", status.clock) if word)
    pen.text((size.width - unit // 3, middle), right, font=font, fill=_BAR_INK, anchor="rm")


def _key_bar(pen: ImageDraw.ImageDraw, screen: Screen, size: Size) -> None:
    """Red with a cross at the left, green with a ring at the right, as the keys are marked."""
    red, green = screen.hints
    unit, middle = size.text, size.height - size.bar // 2
    font = _font(unit * 4 // 5)
    radius = unit // 3
    pen.line((0, size.height - size.bar, size.width, size.height - size.bar), fill=(214, 216, 220))
    if red:
        x = unit // 2 + radius
        pen.line((x - radius, middle - radius, x + radius, middle + radius), fill=_RED, width=max(unit // 7, 2))
        pen.line((x - radius, middle + radius, x + radius, middle - radius), fill=_RED, width=max(unit // 7, 2))
        pen.text((x + radius * 2, middle), red, font=font, fill=_INK, anchor="lm")
    if green:
        x = size.width - unit // 2 - radius
        box = (x - radius, middle - radius, x + radius, middle + radius)
        pen.ellipse(box, outline=_GREEN, width=max(unit // 7, 2))
        pen.text((x - radius * 2, middle), green, font=font, fill=_INK, anchor="rm")
    if screen.countdown_s is not None:
        pen.text((size.width // 2, middle), f"{screen.countdown_s} s", font=font, fill=_AMBER, anchor="mm")


def _menu(pen: ImageDraw.ImageDraw, screen: Screen, size: Size, top: int, bottom: int) -> None:
    unit = size.text
    pen.text((size.width // 2, top + unit), screen.title, font=_font(unit), fill=_INK, anchor="mm")
    y = top + unit * 2
    columns = 2 if len(screen.menu) > 6 else 1
    rows = -(-len(screen.menu) // columns)
    step = min((bottom - y) // max(rows, 1), unit * 8 // 5)
    for index, item in enumerate(screen.menu):
        x = unit + (index // rows) * size.width // columns
        middle = y + (index % rows) * step + step // 2
        pen.rounded_rectangle(
            (x, middle - unit * 3 // 5, x + unit * 6 // 5, middle + unit * 3 // 5), unit // 5, fill=_BAR
        )
        pen.text((x + unit * 3 // 5, middle), item.key, font=_font(unit * 4 // 5), fill=_BAR_INK, anchor="mm")
        pen.text((x + unit * 9 // 5, middle), item.label, font=_font(unit), fill=_INK, anchor="lm")


def _body(pen: ImageDraw.ImageDraw, picture: Image.Image, screen: Screen, size: Size, top: int, bottom: int) -> None:
    colour, sign = _TONES[screen.tone]
    unit, room = size.text, size.width - size.text
    rows: list[tuple[str, int, Colour]] = []
    title = f"{sign} {screen.title}" if sign else screen.title
    rows += [(row, unit * 6 // 5, colour) for row in _wrapped(title, unit * 6 // 5, room)]
    if screen.amount:
        rows.append((screen.amount, _fitting(screen.amount, unit * 2, room), _INK))
    rows += [(row, unit, _INK) for row in _wrapped(screen.instruction, unit, room)]
    if screen.entry is not None:
        rows.append((screen.entry or " ", unit * 3 // 2, _BLUE))
    rows += [(row, unit * 4 // 5, _FAINT) for line in screen.lines for row in _wrapped(line, unit * 4 // 5, room)]
    code = _code_picture(screen.qr, bottom - top - unit * 4) if screen.qr else None
    gap = unit // 3
    height = sum(text_size + gap for _, text_size, _ in rows) + (code.height + gap if code else 0)
    y = top + max((bottom - top - height) // 2, gap)
    for text, text_size, ink in rows:
        pen.text((size.width // 2, y + text_size // 2), text, font=_font(text_size), fill=ink, anchor="mm")
        if ink == _BLUE and screen.entry is not None and text == (screen.entry or " "):
            line = y + text_size + gap // 2
            pen.line((size.width // 4, line, size.width * 3 // 4, line), fill=_FAINT)
        y += text_size + gap
    if code is not None:
        picture.paste(code, ((size.width - code.width) // 2, y))


def _wrapped(text: str, text_size: int, room: int) -> list[str]:
    """Rows of a text, broken at blanks and, in Chinese, at any character."""
    font = _font(text_size)
    rows: list[str] = []
    row = ""
    for character in text:
        if row and font.getlength(row + character) > room:
            cut = row.rfind(" ") + 1 or len(row)
            rows.append(row[:cut].rstrip())
            row = row[cut:]
        row += character
    return [*rows, row] if row else rows


def _fitting(text: str, text_size: int, room: int) -> int:
    while text_size > 8 and _font(text_size).getlength(text) > room:
        text_size -= 1
    return text_size


def _code_picture(text: str, room: int) -> Image.Image:
    import segno  # only screens with a code need it

    rows = [list(row) for row in segno.make(text, error="m").matrix]
    scale = max(room // (len(rows) + 4), 1)
    picture = Image.new("RGB", (len(rows[0]) + 4, len(rows) + 4), (255, 255, 255))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                picture.putpixel((x + 2, y + 2), (0, 0, 0))
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
