"""Texts by key in the reader's language, from gettext catalogues. No text of a screen or slip is in code."""

from __future__ import annotations

import gettext
from pathlib import Path

__all__ = ["LANGUAGES", "TextMissing", "Translator"]

LANGUAGES = ("zh", "en", "fi")
_FOLDER = Path(__file__).parent.parent / "locale"
_RESPONSE = "response."


class TextMissing(KeyError):
    """A key that the catalogue does not have: a mistake in the code that asks."""


class Translator:
    """Texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = gettext.translation("countertop", str(_FOLDER), [language])

    @property
    def next(self) -> Translator:
        """The language after this one, in the order of LANGUAGES."""
        return Translator(LANGUAGES[(LANGUAGES.index(self.language) + 1) % len(LANGUAGES)])

    def has(self, key: str) -> bool:
        """Whether the catalogue has the key."""
        return self._catalogue.gettext(key) != key

    def text(self, key: str, **values: object) -> str:
        """The text of a key with its values filled in. Raises TextMissing.

        An answer code of the host that no catalogue knows is shown by its number.
        """
        found = self._catalogue.gettext(key)
        if found == key:
            if not key.startswith(_RESPONSE):
                raise TextMissing(key)
            found, values = self._catalogue.gettext("response.other"), {"code": key.removeprefix(_RESPONSE)}
        return found.format(**values) if values else found
