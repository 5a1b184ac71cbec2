"""Colours by what they are for, and the themes that give them (facts/product.md §4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from terminal.screens.screen import Tone

__all__ = ["THEMES", "TONES", "Colour", "Ink", "Theme"]

Colour = tuple[int, int, int]


class Ink(Enum):
    """What a mark on the screen is."""

    PAPER = auto()
    TEXT = auto()
    FAINT = auto()
    """Second in rank, yet readable: contrast at least 4.5 to 1 in every theme."""
    LINE = auto()
    BAR = auto()
    BAR_TEXT = auto()
    BAR_FAINT = auto()
    ALERT = auto()
    RED = auto()
    GREEN = auto()
    AMBER = auto()
    BLUE = auto()


@dataclass(frozen=True, slots=True)
class Theme:
    """A colour for every ink."""

    name: str
    colours: Mapping[Ink, Colour]

    def __getitem__(self, ink: Ink) -> Colour:
        return self.colours[ink]


TONES: dict[Tone, tuple[Ink, str]] = {
    Tone.NEUTRAL: (Ink.TEXT, ""),
    Tone.BUSY: (Ink.BLUE, "…"),
    Tone.GOOD: (Ink.GREEN, "✓"),
    Tone.BAD: (Ink.RED, "×"),
    Tone.WARNING: (Ink.AMBER, "!"),
}
"""Ink and sign of each tone: nothing is told by colour alone."""

_DAY = Theme(
    "day",
    {
        Ink.PAPER: (250, 250, 247),
        Ink.TEXT: (28, 32, 38),
        Ink.FAINT: (86, 94, 104),
        Ink.LINE: (214, 216, 220),
        Ink.BAR: (30, 41, 59),
        Ink.BAR_TEXT: (226, 232, 240),
        Ink.BAR_FAINT: (120, 128, 138),
        Ink.ALERT: (255, 205, 120),
        Ink.RED: (200, 40, 40),
        Ink.GREEN: (22, 130, 70),
        Ink.AMBER: (166, 88, 0),
        Ink.BLUE: (29, 92, 176),
    },
)
_CONTRAST = Theme(
    "contrast",
    {
        Ink.PAPER: (0, 0, 0),
        Ink.TEXT: (255, 255, 255),
        Ink.FAINT: (230, 230, 230),
        Ink.LINE: (255, 255, 255),
        Ink.BAR: (40, 40, 40),
        Ink.BAR_TEXT: (255, 255, 255),
        Ink.BAR_FAINT: (150, 150, 150),
        Ink.ALERT: (255, 221, 0),
        Ink.RED: (255, 130, 130),
        Ink.GREEN: (90, 255, 150),
        Ink.AMBER: (255, 200, 60),
        Ink.BLUE: (130, 200, 255),
    },
)
THEMES: dict[str, Theme] = {theme.name: theme for theme in (_DAY, _CONTRAST)}
