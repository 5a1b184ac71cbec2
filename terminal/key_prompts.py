"""Questions of a key ceremony: a component that nobody reads over a shoulder, and a value to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Generic, NoReturn, TypeVar

from drivers.events import Event, Key, KeyPress
from keys import Secret
from terminal.prompts import Answer, Cancelled, Prompt
from terminal.screens.screen import MenuItem, Screen
from terminal.screens.texts import Translator

__all__ = ["Attended", "Check", "CheckPrompt", "ChoosePrompt", "HexPrompt"]

A = TypeVar("A")
_MASK = "●"
_GROUP = 4
_LETTERS = dict(zip("123456", "ABCDEF", strict=True))
_DIGITS = frozenset("0123456789")


@dataclass(slots=True, repr=False)
class HexPrompt:
    """Hexadecimal digits on twelve keys: ``*`` and 1 to 6 give A to F. The answer is a Secret that the caller wipes.

    A component shows dots; an expected check value, which is no secret, shows itself.
    """

    asked: Screen
    """Name, title, instruction and lines."""
    lengths: tuple[int, ...]
    """How many digits an answer may have; 0 for none at all."""
    masked: bool = True
    _typed: bytearray = field(default_factory=bytearray)
    _letter: bool = False

    def screen(self, texts: Translator) -> Screen:
        """Dots in groups of four, how many there are, and how letters are typed."""
        typed = _MASK * len(self._typed) if self.masked else self._typed.decode("ascii")
        groups = " ".join(typed[start : start + _GROUP] for start in range(0, len(typed), _GROUP))
        help_ = texts.text("ceremony.letter-next" if self._letter else "ceremony.letters")
        count = texts.text("ceremony.typed", count=len(self._typed), total=self.lengths[-1])
        return replace(
            self.asked,
            lines=(*self.asked.lines, help_, count) if self.masked else (*self.asked.lines, help_),
            entry=groups,
            hints=(texts.text("key.cancel"), texts.text("key.enter")),
            secret=self.masked,
        )

    def take(self, event: Event) -> Answer[Secret] | None:
        """Digits; ``*`` and a digit for a letter; yellow takes the last one back; green when the length is right."""
        if not isinstance(event, KeyPress):
            return None
        letter, self._letter = self._letter, False
        if event.key is Key.CANCEL:
            self.wipe()
            raise Cancelled
        if event.key is Key.STAR:
            self._letter = not letter
        elif event.key is Key.CLEAR:
            if not letter and self._typed:
                self._typed[-1] = 0
                del self._typed[-1]
        elif event.key is Key.ENTER:
            if len(self._typed) in self.lengths:
                return Answer(Secret(self._handed_over()))
        elif event.key in _DIGITS and len(self._typed) < self.lengths[-1]:
            character = _LETTERS.get(str(event.key), "") if letter else str(event.key)
            self._typed += character.encode("ascii")
        return None

    def wipe(self) -> None:
        """Forget what was typed."""
        self._typed[:] = bytes(len(self._typed))
        self._typed.clear()

    def _handed_over(self) -> bytearray:
        typed, self._typed = self._typed, bytearray()
        return typed


class Check(Enum):
    """What somebody says to a check value."""

    RIGHT = "right"
    AGAIN = "again"
    """Not that of the form: type it again."""


@dataclass(slots=True)
class CheckPrompt:
    """A value to compare: green agrees, yellow goes one step back where that is possible, red leaves."""

    shown: Screen
    again: bool = False

    def screen(self, texts: Translator) -> Screen:
        """What is compared."""
        lines = (*self.shown.lines, texts.text("ceremony.retype-hint")) if self.again else self.shown.lines
        return replace(self.shown, lines=lines, hints=(texts.text("key.cancel"), texts.text("key.enter")))

    def take(self, event: Event) -> Answer[Check] | None:
        """Green, yellow or red."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        if event.key is Key.ENTER:
            return Answer(Check.RIGHT)
        return Answer(Check.AGAIN) if event.key is Key.CLEAR and self.again else None


@dataclass(slots=True)
class ChoosePrompt:
    """One of up to nine things that have names of their own, such as slots."""

    name: str
    title: str
    items: tuple[str, ...]

    def screen(self, texts: Translator) -> Screen:
        """The items with their digits."""
        menu = tuple(MenuItem(str(place), item) for place, item in enumerate(self.items[:9], 1))
        return Screen(self.name, texts.text(self.title), menu=menu, hints=(texts.text("key.cancel"), ""))

    def take(self, event: Event) -> Answer[str] | None:
        """The digit of an item that is there."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        if event.key in _DIGITS and 1 <= int(event.key) <= min(9, len(self.items)):
            return Answer(self.items[int(event.key) - 1])
        return None


@dataclass(slots=True)
class Attended(Generic[A]):
    """A question within a ceremony: each key that is pressed tells the ceremony that somebody is there."""

    prompt: Prompt[A]
    pressed: Callable[[], bool]
    """Notes the key; false when the ceremony is over, whatever was pressed."""
    over: Callable[[], bool]
    """Whether it has ended without any key: the device that was to deliver is gone."""
    also: Screen | None = None
    """What stands beside the question: what was wrong before, what the ceremony will do."""

    def screen(self, texts: Translator) -> Screen:
        """The question's own, and what stands beside it. Raises Cancelled when there is nothing to ask any more."""
        if self.over():
            self._leave()
        shown = self.prompt.screen(texts)
        if self.also is None:
            return shown
        return replace(shown, lines=(*shown.lines, *self.also.lines), tone=self.also.tone)

    def take(self, event: Event) -> Answer[A] | None:
        """The question's own answer. Raises Cancelled when the ceremony is over."""
        if isinstance(event, KeyPress) and not self.pressed():
            self._leave()
        return self.prompt.take(event)

    def _leave(self) -> NoReturn:
        wipe = getattr(self.prompt, "wipe", None)
        if wipe is not None:
            wipe()
        raise Cancelled
