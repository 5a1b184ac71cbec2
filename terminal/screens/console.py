"""A screen as text in a box, for a character terminal."""

from __future__ import annotations

import unicodedata

from terminal.screens.screen import Screen, Tone

__all__ = ["WIDTH", "rows_of", "text_of", "width_of"]

WIDTH = 40
"""Columns inside the box."""
_COLOURS = {Tone.NEUTRAL: "0", Tone.BUSY: "36", Tone.GOOD: "32", Tone.BAD: "31", Tone.WARNING: "33"}
_MARKS = {Tone.NEUTRAL: " ", Tone.BUSY: "…", Tone.GOOD: "✔", Tone.BAD: "✘", Tone.WARNING: "!"}
"""The tone is also a sign, for who does not see the colour."""
_LINKS = {"up": "▲", "backup": "▲2", "down": "△", "unknown": "·"}
_NETWORKS = {"ethernet": " LAN", "wifi": " Wi-Fi", "mobile": " SIM"}


def text_of(screen: Screen, *, colour: bool = False) -> str:
    """The screen, one line of text a row."""
    status = screen.status
    open_items = f" ↺{status.reversals}" if status.reversals else ""
    open_items += f" ⇡{status.offline}" if status.offline else ""
    left = f"{_LINKS[status.link]}{_NETWORKS.get(status.network, '')}{open_items} {' '.join(status.alerts)}"
    rows = [_spread(left, f"{status.operator if status.signed_on else ''} {status.clock}"), ""]
    rows += _centred(f"{_MARKS[screen.tone]} {screen.title}".strip())
    rows += _centred(screen.amount)
    rows += _centred(screen.instruction)
    rows += _centred(f"[ {screen.typed} ] {screen.character_set}".rstrip()) if screen.entry is not None else []
    rows += [f"  {item.key}  {item.label}{item.signs}" for item in screen.menu]
    rows += [row for line in screen.lines for row in _centred(line)]
    seconds = f"{screen.countdown_s} s" if screen.countdown_s is not None else ""
    seconds = seconds or (f"# {screen.other_language}" if screen.other_language else "")
    red, green = screen.hints
    rows += ["", _spread(f"✕ {red}" if red else "", f"{seconds}   ○ {green}" if green else seconds)]
    body = [f"│{_fitted(row)}│" for row in rows]
    lines = ["┌" + "─" * WIDTH + "┐", *body, "└" + "─" * WIDTH + "┘"]
    if not colour:
        return "\n".join(lines)
    return "\n".join(f"\x1b[{_COLOURS[screen.tone]}m{line}\x1b[0m" for line in lines)


def width_of(text: str) -> int:
    """Columns a text takes; Chinese characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _fitted(text: str) -> str:
    while width_of(text) > WIDTH:
        text = text[:-1]
    return text + " " * (WIDTH - width_of(text))


def _centred(text: str) -> list[str]:
    return [" " * ((WIDTH - width_of(row)) // 2) + row for row in rows_of(text, WIDTH)]


def rows_of(text: str, width: int) -> list[str]:
    """Rows of at most ``width`` columns, broken at blanks and, in Chinese, at any character."""
    rows: list[str] = []
    row = ""
    for character in text:
        if width_of(row + character) > width:
            cut = row.rfind(" ") + 1 or len(row)
            rows.append(row[:cut].rstrip())
            row = row[cut:]
        row += character
    return [*rows, row] if row else rows


def _spread(left: str, right: str) -> str:
    return left + " " * max(WIDTH - width_of(left) - width_of(right), 1) + right
