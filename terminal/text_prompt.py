"""Typing words on twelve keys: ``*`` goes through 123, abc, ABC and symbols, a key through its letters.

The letters stand as on every telephone (ITU-T E.161); facts/product.md §4.1 has the order of the sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.events import Event, Key, KeyPress
from terminal.prompts import Answer, Cancelled
from terminal.screens.screen import Screen
from terminal.screens.texts import Translator

__all__ = ["SETS", "TextEntry", "TextPrompt"]

TAP_S = 1.2
"""The same key again within this time takes the next letter of the key instead of a new one."""
_LETTERS = ("", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
_SYMBOLS = ("0 ", ".,-_", "@/:\\", "+*#~", "()[]{}", "=&|", "!?^", "'\"`", "%$", ";<>")
SETS: dict[str, tuple[str, ...]] = {
    "123": tuple("0123456789"),
    "abc": (" 0", "1", *(f"{letters}{digit}" for digit, letters in enumerate(_LETTERS) if digit >= 2)),
    "ABC": (" 0", "1", *(f"{letters.upper()}{digit}" for digit, letters in enumerate(_LETTERS) if digit >= 2)),
    ".@#": _SYMBOLS,
}
"""Name of each set as the screen shows it, and what each digit key types in it."""
_ORDER = tuple(SETS)


@dataclass(slots=True)
class TextEntry:
    """What has been typed so far; it may be a password, so no repr has it."""

    length_max: int
    text: str = field(default="", repr=False)
    active: str = _ORDER[0]
    _last: Key | None = None
    _last_at: float = field(default=0.0)
    _turn: int = 0

    def press(self, key: Key, at: float) -> None:
        """Use a key: digits type, ``*`` takes the next set, ``#`` is a blank, yellow takes the last letter back."""
        if key is Key.STAR:
            self.active = _ORDER[(_ORDER.index(self.active) + 1) % len(_ORDER)]
        elif key is Key.CLEAR:
            self.text = self.text[:-1]
        elif key is Key.HASH:
            self._type(" ")
        elif str(key).isdecimal() and len(key) == 1:
            self._digit(key, at)
            return
        self._last = None

    def _digit(self, key: Key, at: float) -> None:
        letters = SETS[self.active][int(key)]
        again = key is self._last and at - self._last_at <= TAP_S and len(letters) > 1
        if again:
            self._turn = (self._turn + 1) % len(letters)
            self.text = self.text[:-1] + letters[self._turn]
        else:
            self._turn = 0
            if not self._type(letters[0]):
                return
        self._last, self._last_at = key, at

    def _type(self, letter: str) -> bool:
        if len(self.text) >= self.length_max:
            return False
        self.text += letter
        return True


@dataclass(slots=True)
class TextPrompt:
    """A word, such as a name or an address; green answers when something is typed."""

    name: str
    title: str
    instruction: str
    """Catalogue keys."""
    entry: TextEntry

    def screen(self, texts: Translator) -> Screen:
        """The word so far, and the active set in the corner."""
        return Screen(
            self.name,
            texts.text(self.title),
            texts.text(self.instruction),
            entry=self.entry.text,
            character_set=self.entry.active,
            hints=(texts.text("key.cancel"), texts.text("key.enter")),
        )

    def take(self, event: Event) -> Answer[str] | None:
        """A key; a scan or a swipe types nothing."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        if event.key is Key.ENTER:
            return Answer(self.entry.text.strip()) if self.entry.text.strip() else None
        self.entry.press(event.key, event.at)
        return None
