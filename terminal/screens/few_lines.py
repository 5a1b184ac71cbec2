"""A screen where there is little room: 128×64 dots, or two lines of twenty characters for the customer."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from terminal.screens.console import rows_of, width_of
from terminal.screens.font import length_of, write
from terminal.screens.place import wrapped
from terminal.screens.screen import Screen
from terminal.screens.theme import TONES

__all__ = ["customer_rows", "draw_few_lines"]

LETTERS_MAX, LETTERS_MIN = 13, 9
HINTS = 10
_DARK, _LIGHT = 0, 255
_MORE = "…"


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    letters: int
    inverse: bool = False

    @property
    def height(self) -> int:
        return self.letters + 1


def draw_few_lines(screen: Screen, width: int = 128, height: int = 64) -> Image.Image:
    """The screen in light on dark, one bit: title in a bar, amount, the one instruction, keys at the bottom.

    Letters shrink before anything is left out; what is left out are the last lines, and three dots say so.
    """
    picture = Image.new("1", (width, height), _DARK)
    pen = ImageDraw.Draw(picture)
    bottom = height - (HINTS + 1 if any(screen.hints) or screen.countdown_s is not None else 0)
    if screen.menu:
        _menu(pen, screen, width, bottom)
    else:
        y = 0
        for row in _chosen(screen, width, bottom):
            if row.inverse:
                pen.rectangle((0, y, width - 1, y + row.height - 1), fill=_LIGHT)
            ink = _DARK if row.inverse else _LIGHT
            write(pen, (width // 2, y + row.height // 2), row.text, row.letters, ink, "mm")
            y += row.height
    _key_bar(pen, screen, width, bottom)
    return picture


def customer_rows(screen: Screen, columns: int = 20) -> tuple[str, str] | None:
    """What the customer's line display says; None where the screen is not the customer's business."""
    if screen.amount:
        return _fitted(screen.title, columns), screen.amount.rjust(columns)[-columns:]
    if screen.name == "idle":
        return _fitted(screen.title, columns), ""
    return None


def _key_bar(pen: ImageDraw.ImageDraw, screen: Screen, width: int, top: int) -> None:
    red, green = screen.hints
    seconds = f"{screen.countdown_s} s" if screen.countdown_s is not None else ""
    seconds = seconds or (f"#{screen.other_language}" if screen.other_language else "")
    for anchor, x, words in (
        ("lm", 0, red and f"×{red}"),
        ("mm", width // 2, seconds),
        ("rm", width - 1, green and f"{green}○"),
    ):
        write(pen, (x, top + HINTS // 2), words, HINTS, _LIGHT, anchor)


def _chosen(screen: Screen, width: int, room: int) -> list[_Row]:
    for letters in range(LETTERS_MAX, LETTERS_MIN - 1, -1):
        rows = _rows(screen, letters, width)
        if sum(row.height for row in rows) <= room:
            return rows
    while len(rows) > 1 and sum(row.height for row in rows) > room:
        rows = rows[:-1]
        rows[-1] = _Row(rows[-1].text.removesuffix(_MORE) + _MORE, rows[-1].letters, rows[-1].inverse)
    return rows


def _rows(screen: Screen, letters: int, width: int) -> list[_Row]:
    _, sign = TONES[screen.tone]
    title = f"{sign} {screen.title}" if sign else screen.title
    rows = [_Row(row, letters, inverse=True) for row in wrapped(title, letters, width - 2)]
    rows += [_Row(row, letters + 3) for row in wrapped(screen.amount, letters + 3, width)]
    rows += [_Row(row, letters) for row in wrapped(screen.instruction, letters, width)]
    if screen.entry is not None:
        rows.append(_Row(f"[{screen.typed}]{screen.character_set}", letters))
    return rows + [_Row(row, LETTERS_MIN) for line in screen.lines for row in wrapped(line, LETTERS_MIN, width)]


def _menu(pen: ImageDraw.ImageDraw, screen: Screen, width: int, room: int) -> None:
    rows = room // (LETTERS_MIN + 1)
    columns = 1 if len(screen.menu) <= rows else 2
    step = min(room // -(-len(screen.menu) // columns), LETTERS_MAX)
    for index, item in enumerate(screen.menu):
        column, row = divmod(index, -(-len(screen.menu) // columns))
        words = f"{item.key} {item.label}{item.signs}"
        letters = min(step - 1, LETTERS_MAX - 1)
        while length_of(words, letters) > width // columns - 2:
            words = words.removesuffix(_MORE)[:-1] + _MORE
        write(pen, (column * width // columns, row * step + step // 2), words, letters, _LIGHT, "lm")


def _fitted(text: str, columns: int) -> str:
    row = next(iter(rows_of(text, columns)), "")
    return row + " " * (columns - width_of(row))
