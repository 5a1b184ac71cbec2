"""Where everything of a screen goes: marks with their places, before a pixel is drawn.

Status bar, title, one instruction, keys by colour and shape (facts/product.md §4.2). A text that does
not fit is broken, then set smaller; that none is cut off is a test over all screens and languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terminal.screens.font import box_of, length_of
from terminal.screens.screen import Screen, Status
from terminal.screens.theme import TONES, Ink

__all__ = ["LARGE_TYPE", "SMALL", "WIDE", "Box", "Code", "Mark", "Shape", "Size", "Text", "placed", "wrapped"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
TEXT_MIN = 9
"""Smaller letters nobody reads."""
BARS = 4
"""Of a signal."""
ROWS_ONE_COLUMN = 6
"""A menu with more items stands in two columns."""


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
LARGE_TYPE = Size(320, 240, 24)
"""The small display with larger letters."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``anchor`` is l, m or r, and the middle of its height."""

    x: int
    y: int
    anchor: str
    text: str
    size: int
    ink: Ink

    @property
    def box(self) -> Box:
        """What its letters cover."""
        left, top, right, bottom = box_of(self.text, self.size, f"{self.anchor}m")
        return left + self.x, top + self.y, right + self.x, bottom + self.y


@dataclass(frozen=True, slots=True)
class Shape:
    """A box, a key's cross or ring, or a line."""

    kind: str
    box: Box
    ink: Ink
    weight: int = 1
    """Thickness of a stroke, or the radius of a box's corners."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code in a square."""

    x: int
    y: int
    side: int
    text: str


Mark = Text | Shape | Code


def placed(screen: Screen, size: Size) -> list[Mark]:
    """All marks of a screen, in the order in which they are drawn."""
    top, bottom = size.bar, size.height - size.bar
    body = _menu if screen.menu else _body
    return [*_status_bar(screen.status, size), *_key_bar(screen, size), *body(screen, size, top, bottom)]


def wrapped(text: str, text_size: int, room: float) -> list[str]:
    """Rows of a text, broken at blanks and, in Chinese, at any character."""
    rows: list[str] = []
    row = ""
    for character in text:
        if row and length_of(row + character, text_size) > room:
            cut = row.rfind(" ") + 1 or len(row)
            rows.append(row[:cut].rstrip())
            row = row[cut:]
        row += character
    return [*rows, row] if row else rows


def _fitting(text: str, text_size: int, room: float) -> int:
    """The size, or the largest smaller one at which the text fits into the room."""
    while text_size > TEXT_MIN and length_of(text, text_size) > room:
        text_size -= 1
    return text_size


_LINK_SIGNS = {"down": "×", "backup": "2"}
"""Beside the bars of the link; with a backup host it is up, and somebody should know."""


def _status_bar(status: Status, size: Size) -> Iterator[Mark]:
    """Bars of the link (cross: down, 2: the backup host), what is open or needs a hand; operator and clock."""
    yield Shape("box", (0, 0, size.width - 1, size.bar - 1), Ink.BAR, 0)
    unit, middle, left = size.text, size.bar // 2, size.text // 3
    yield from _symbol(status, unit, middle + unit // 2, left)
    left += unit + unit // 3
    letters = unit * 3 // 4
    sign = "×" if status.network == "none" else _LINK_SIGNS.get(status.link, "")
    if sign:
        yield Text(left, middle, "l", sign, letters, Ink.ALERT)
        left += unit * 2 // 3
    right = " ".join(word for word in (status.operator if status.signed_on else "", status.clock) if word)
    yield Text(size.width - unit // 3, middle, "r", right, letters, Ink.BAR_TEXT)
    words = " ".join(
        [
            *([f"⇡{status.offline}"] if status.offline else []),
            *([f"↺{status.reversals}"] if status.reversals else []),
            *status.alerts,
        ]
    )
    if words:
        room = size.width - unit - left - length_of(right, letters)
        yield Text(left, middle, "l", words, _fitting(words, letters, room), Ink.ALERT)


def _symbol(status: Status, unit: int, base: int, left: int) -> Iterator[Mark]:
    """What the host is reached over: plug, fan, or bars; without a network in sight, bars of the host alone."""
    if status.network == "ethernet":
        ink, half = Ink.BAR_TEXT, unit // 2
        yield Shape("box", (left, base - half, left + unit, base), ink, unit // 8)
        yield Shape("box", (left + unit // 4, base - unit * 4 // 5, left + unit * 3 // 4, base - half), ink, 0)
        return
    if status.network == "wifi":
        yield from _fan(left + unit // 2, base, unit, status.bars, (Ink.BAR_TEXT, Ink.BAR_FAINT))
        return
    most = status.bars if status.network else {"up": BARS, "backup": BARS, "unknown": 1}.get(status.link, 0)
    yield from _bars(left, base, unit, most, (Ink.BAR_TEXT, Ink.BAR_FAINT))


def _bars(left: int, base: int, unit: int, most: int, inks: tuple[Ink, Ink]) -> Iterator[Mark]:
    """Four bars, ``most`` of them lit."""
    for step in range(BARS):
        x, height = left + step * unit // 4, (step + 1) * unit // 5
        yield Shape("box", (x, base - height, x + unit // 6, base), inks[step >= most], 0)


def _fan(middle: int, base: int, unit: int, most: int, inks: tuple[Ink, Ink]) -> Iterator[Mark]:
    """A dot and three arcs above it."""
    dot = max(unit // 8, 1)
    yield Shape("box", (middle - dot, base - 2 * dot, middle + dot, base), inks[most < 1], dot)
    for step in range(1, BARS):
        radius = dot + step * unit // 4
        box = (middle - radius, base - dot - radius, middle + radius, base - dot + radius)
        yield Shape("fan", box, inks[step >= most], max(unit // 9, 1))


def _lock(left: int, middle: int, unit: int, ink: Ink) -> Iterator[Mark]:
    """A closed padlock."""
    width, top = unit // 2, middle - unit // 12
    yield Shape("box", (left, top, left + width, middle + unit // 3), ink, max(unit // 12, 1))
    arch = (left + width // 6, top - width // 2, left + width - width // 6, top + width // 2)
    yield Shape("arch", arch, ink, max(unit // 10, 1))


def _key_bar(screen: Screen, size: Size) -> Iterator[Mark]:
    """Red with a cross at the left, green with a ring at the right, as the keys are marked."""
    red, green = screen.hints
    unit, middle, radius = size.text, size.height - size.bar // 2, size.text // 3
    weight, letters = max(unit // 7, 2), unit * 4 // 5
    top = size.height - size.bar
    yield Shape("line", (0, top, size.width, top), Ink.LINE)
    middle_words = f"# {screen.other_language}" if screen.other_language else ""
    words = _fitting(red + green + middle_words, letters, size.width - (8 if middle_words else 6) * unit)
    for word, x, kind, anchor, ink in (
        (red, unit // 2 + radius, "cross", "l", Ink.RED),
        (green, size.width - unit // 2 - radius, "ring", "r", Ink.GREEN),
    ):
        if word:
            yield Shape(kind, (x - radius, middle - radius, x + radius, middle + radius), ink, weight)
            yield Text(x + (radius * 2 if anchor == "l" else -radius * 2), middle, anchor, word, words, Ink.TEXT)
    if screen.countdown_s is not None:
        yield Text(size.width // 2, middle, "m", f"{screen.countdown_s} s", letters, Ink.AMBER)
    elif middle_words:
        yield Text(size.width // 2, middle, "m", middle_words, words, Ink.FAINT)


def _menu(screen: Screen, size: Size, top: int, bottom: int) -> Iterator[Mark]:
    """Items with their digits on key caps."""
    unit = size.text
    title = _fitting(screen.title, unit, size.width - unit)
    yield Text(size.width // 2, top + unit, "m", screen.title, title, Ink.TEXT)
    y = top + unit * 2
    columns = 2 if len(screen.menu) > ROWS_ONE_COLUMN else 1
    rows = -(-len(screen.menu) // columns)
    step = min((bottom - y) // rows, unit * 8 // 5)
    margin = unit if columns == 1 else unit // 2
    cap = min(unit * 6 // 5, step - 2)
    signs = unit * 5 // 2 if any(item.bars is not None for item in screen.menu) else 0
    room = size.width // columns - margin - cap * 3 // 2 - signs
    letters = min(_fitting(item.label, min(unit, step - 2), room) for item in screen.menu)
    for index, item in enumerate(screen.menu):
        x, middle = margin + (index // rows) * size.width // columns, y + (index % rows) * step + step // 2
        yield Shape("box", (x, middle - cap // 2, x + cap, middle + cap // 2), Ink.BAR, unit // 5)
        yield Text(x + cap // 2, middle, "m", item.key, cap * 2 // 3, Ink.BAR_TEXT)
        yield Text(x + cap * 3 // 2, middle, "l", item.label, letters, Ink.TEXT)
        if item.bars is not None:
            right = (index // rows + 1) * size.width // columns - signs
            if item.locked:
                yield from _lock(right, middle, unit, Ink.FAINT)
            yield from _bars(right + unit, middle + unit * 2 // 5, unit, item.bars, (Ink.TEXT, Ink.LINE))


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    size: int
    ink: Ink
    underlined: bool = False


def _body(screen: Screen, size: Size, top: int, bottom: int) -> Iterator[Mark]:
    """Rows in the middle of the room; in smaller letters when there are too many."""
    code_room = bottom - top - size.text * 4 if screen.qr else 0
    for unit in range(size.text, TEXT_MIN, -1):
        rows, gap = _rows(screen, unit, size.width - size.text), unit // 3
        height = sum(row.size + gap for row in rows) + (code_room + gap if code_room else 0)
        if height <= bottom - top - gap:
            break
    if code_room and (over := height - (bottom - top - gap)) > 0:
        code_room, height = code_room - over, height - over  # long words leave a smaller code
    y = top + max((bottom - top - height) // 2, gap)
    for row in rows:
        yield Text(size.width // 2, y + row.size // 2, "m", row.text, row.size, row.ink)
        if row.underlined:
            line = y + row.size + gap // 2
            yield Shape("line", (size.width // 4, line, size.width * 3 // 4, line), Ink.FAINT)
            if screen.character_set:
                edge = size.width - size.text // 3
                yield Text(edge, y + row.size // 2, "r", screen.character_set, unit * 3 // 4, Ink.FAINT)
        y += row.size + gap
    if code_room:
        yield Code((size.width - code_room) // 2, y, code_room, screen.qr)


def _rows(screen: Screen, unit: int, room: int) -> list[_Row]:
    ink, sign = TONES[screen.tone]
    head, small = unit * 6 // 5, max(unit * 4 // 5, TEXT_MIN)
    title = f"{sign} {screen.title}" if sign else screen.title
    rows = [_Row(row, head, ink) for row in wrapped(title, head, room)]
    if screen.amount:
        rows.append(_Row(screen.amount, _fitting(screen.amount, unit * 2, room), Ink.TEXT))
    rows += [_Row(row, unit, Ink.TEXT) for row in wrapped(screen.instruction, unit, room)]
    if screen.entry is not None:
        shown = screen.typed or " "
        # The set of characters has its place at the right of what is typed.
        width = room - 4 * unit if screen.character_set else room
        rows.append(_Row(shown, _fitting(shown, unit * 3 // 2, width), Ink.BLUE, underlined=True))
    return rows + [_Row(row, small, Ink.FAINT) for line in screen.lines for row in wrapped(line, small, room)]
