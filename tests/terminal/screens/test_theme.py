"""Who sees little, or no colours, reads the same."""

import pytest

from terminal.screens.render import SMALL, draw
from terminal.screens.screen import Screen, Tone
from terminal.screens.theme import THEMES, TONES, Ink


def luminance(colour):
    """Relative luminance (WCAG 2.1, "relative luminance")."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


READ_ON = [
    *((ink, Ink.PAPER) for ink in (Ink.TEXT, Ink.FAINT, Ink.RED, Ink.GREEN, Ink.AMBER, Ink.BLUE)),
    (Ink.BAR_TEXT, Ink.BAR),
    (Ink.ALERT, Ink.BAR),
]


@pytest.mark.parametrize(("theme", "least"), [("day", 4.5), ("contrast", 7.0)])
def test_every_text_stands_out_from_its_ground(theme, least):
    colours = THEMES[theme]
    weak = {ink.name: round(contrast(colours[ink], colours[ground]), 1) for ink, ground in READ_ON}
    assert {name: ratio for name, ratio in weak.items() if ratio < least} == {}


def test_every_theme_has_a_colour_for_everything():
    assert {name: set(Ink) - set(theme.colours) for name, theme in THEMES.items()} == {name: set() for name in THEMES}


def test_results_differ_without_any_colour():
    signs = [sign for tone, (_, sign) in TONES.items() if tone is not Tone.NEUTRAL]
    assert len(set(signs)) == len(signs) and all(signs)
    grey = {tone: draw(Screen("x", "Words", tone=tone), SMALL).convert("1").tobytes() for tone in Tone}
    assert len(set(grey.values())) == len(Tone)
