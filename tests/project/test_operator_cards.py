"""The card at the counter says what the terminal says: its words, its digits, on one page, in three languages."""

import re
from pathlib import Path

import pytest

from terminal.flows.menu import MAIN, Menu
from terminal.screens.texts import Translator

CARDS = Path(__file__).resolve().parents[2] / "docs" / "operator"
LANGUAGES = ("zh", "en", "fi")
PAGE_LINES = 50
WORDS = (
    *(f"outcome.{name}.title" for name in ("approved", "declined", "undoing", "not-charged")),
    "idle.not-signed-on",
)
KEYS = ("1", "2 1", "3 1", "3 2", "6 1", "6 2", "7 0", "7 1", "7 6")
"""Sale, void, refund by card and by code, reprints, what is open, sign-on, settlement."""


def card(language):
    return (CARDS / f"card-{language}.md").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_calls_results_what_the_screen_calls_them(language):
    texts = Translator(language)
    assert [key for key in WORDS if texts.text(key).lower() not in card(language).lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_of_a_card_leads_somewhere_in_the_menu(language):
    shown = re.findall(r"\*\*(\d(?: \d)*)\*\*", card(language))
    assert set(shown) == set(KEYS)
    for keys in shown:
        page = MAIN
        for digit in keys.split():
            assert isinstance(page, Menu)
            page = next(item.leads_to for item in page.items if item.digit == digit)
        assert not isinstance(page, Menu)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_fits_on_one_page_and_has_what_the_others_have(language):
    lines = card(language).splitlines()
    assert len(lines) <= PAGE_LINES
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == len([line for line in card("en").splitlines() if line.startswith("|")])
