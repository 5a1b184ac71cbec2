"""What is said aloud of a screen: to the customer the amount and the question, to everybody the result.

Never what is typed, and nothing of a card: only title, amount and the one instruction are spoken.
"""

from __future__ import annotations

from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["spoken"]

_RESULTS = frozenset({Tone.GOOD, Tone.BAD, Tone.WARNING})


def spoken(screen: Screen, texts: Translator) -> str:
    """The words, or nothing where nobody has to listen."""
    if not screen.language and not (screen.tone in _RESULTS and screen.amount):
        return ""
    return ". ".join(part for part in (screen.title, _amount(screen.amount, texts), screen.instruction) if part)


def _amount(shown: str, texts: Translator) -> str:
    """The amount with the currency's name behind it, as people say it."""
    currency, _, number = shown.partition(" ")
    if not number:
        return shown
    key = f"currency.{currency}"
    return f"{number} {texts.text(key) if texts.has(key) else currency}"
