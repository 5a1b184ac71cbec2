"""From the display's section in the configuration to something that shows screens: one row a driver."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from config.devices import CustomerDisplay, Devices, Display
from drivers.speech import Voice
from terminal.screens.console import text_of
from terminal.screens.screen import Screen
from terminal.screens.sound import Sound
from terminal.screens.spoken import spoken
from terminal.screens.texts import Translator

__all__ = [
    "DISPLAYS",
    "Show",
    "blocks_display",
    "console_display",
    "displays_of",
    "player_of",
    "size_for",
    "voice_display",
]

Show = Callable[[Screen], None]
_CLEAR = "\x1b[H\x1b[2J"
FEW_LINES_HEIGHT = 120
"""Displays with fewer pixels get the few lines that matter."""
_TEXT_HEIGHT = {"normal": (13, 17), "large": (10, 13)}
"""How many body letters stand above each other, and how many (square) beside each other."""


def displays_of(settings: Devices, language: str = "en") -> list[Show]:
    """What the configuration names, a voice among it. Raises DisplayTrouble when it is not there."""
    make = DISPLAYS[settings.display.driver]
    shows = [make(settings.display)] if make is not None else []
    shows += [voice_display(Voice(), language)] if settings.display.speech else []
    return [*shows, _line(settings.customer_display)] if settings.customer_display else shows


def voice_display(voice: Voice, language: str) -> Show:
    """What blind customers hear; ``language`` is the merchant's. A question is said once, not at every digit."""
    said = ""

    def show(screen: Screen) -> None:
        nonlocal said
        words = spoken(screen, Translator(screen.language or language))
        if words and words != said:
            voice.say(words, screen.language or language)
        said = words

    return show


def player_of(settings: Display) -> Callable[[Sound], None] | None:
    """What makes sounds heard, or None where the terminal is silent."""
    if settings.beeper is None:
        return None
    from drivers.beeper import Beeper

    beeper = Beeper(settings.beeper)
    return lambda sound: beeper.play(sound.tones)


def size_for(width: int, height: int, text: str = "normal") -> tuple[int, int, int]:
    """Pixels and letter height for a display that nobody has drawn for by hand."""
    rows, columns = _TEXT_HEIGHT[text]
    return width, height, max(min(height // rows, width // columns), 9)


def _console(settings: Display) -> Show:
    return console_display()


def console_display(out: TextIO | None = None) -> Show:
    """A display of characters; in colour when a person looks at it."""
    stream = sys.stdout if out is None else out
    live = stream.isatty()

    def show(screen: Screen) -> None:
        print((_CLEAR if live else "") + text_of(screen, colour=live), file=stream, flush=True)

    return show


def _blocks(settings: Display) -> Show:
    return blocks_display()


def blocks_display(out: TextIO | None = None) -> Show:
    """The picture of a small panel in half blocks, 128 columns wide."""
    from terminal.screens.blocks import blocks_of
    from terminal.screens.few_lines import draw_few_lines

    stream = sys.stdout if out is None else out
    live = stream.isatty()

    def show(screen: Screen) -> None:
        print((_CLEAR if live else "") + blocks_of(draw_few_lines(screen)), file=stream, flush=True)

    return show


def _framebuffer(settings: Display) -> Show:
    """Pictures in the panel's own size; a panel of few dots gets few lines."""
    from drivers.display_framebuffer import Framebuffer
    from terminal.screens.few_lines import draw_few_lines
    from terminal.screens.render import Size, draw
    from terminal.screens.theme import THEMES

    panel = Framebuffer(settings.address or "/dev/fb0")
    geometry, theme = panel.geometry, THEMES[settings.theme]
    if geometry.height < FEW_LINES_HEIGHT:
        return lambda screen: panel.show(draw_few_lines(screen, geometry.width, geometry.height))
    size = Size(*size_for(geometry.width, geometry.height, settings.text))
    return lambda screen: panel.show(draw(screen, size, theme))


def _line(settings: CustomerDisplay) -> Show:
    from drivers.display_line import COLUMNS, LineDisplay
    from terminal.screens.few_lines import customer_rows

    line = LineDisplay(settings.address)

    def show(screen: Screen) -> None:
        rows = customer_rows(screen, COLUMNS)
        if rows is not None:
            line.show(rows)

    return show


DISPLAYS: dict[str, Callable[[Display], Show] | None] = {
    "none": None,
    "console": _console,
    "blocks": _blocks,
    "framebuffer": _framebuffer,
}
"""Names as in [devices.display]; drawing libraries are loaded only by the drivers that draw."""
