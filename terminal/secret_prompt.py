"""A number that must not be seen: an operator's password, a card's number. The customer's PIN has its own prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.events import Event, Key, KeyPress
from keys import Secret
from terminal.prompts import Answer, Cancelled
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["SecretPrompt"]

_MASK = "●"
_DIGITS = frozenset("0123456789")


@dataclass(slots=True, repr=False)
class SecretPrompt:
    """Digits shown as dots. The answer is a Secret that the caller wipes."""

    name: str
    title: str
    instruction: str
    """Catalogue keys."""
    digits_min: int = 4
    digits_max: int = 12
    notice: str = ""
    """Catalogue key of what was wrong with the last try."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What fills the gaps of the instruction."""
    amount: str = ""
    group: int = 0
    """Dots that stand together, so that they can be counted; 0: all of them."""
    _typed: bytearray = field(default_factory=bytearray)

    def screen(self, texts: Translator) -> Screen:
        """Dots, one for each digit."""
        return Screen(
            self.name,
            texts.text(self.title),
            texts.text(self.instruction, **self.values),
            lines=(texts.text(self.notice),) if self.notice else (),
            amount=self.amount,
            entry=self._dots(),
            hints=(texts.text("key.cancel"), texts.text("key.enter")),
            tone=Tone.WARNING if self.notice else Tone.NEUTRAL,
            secret=True,
        )

    def _dots(self) -> str:
        count, group = len(self._typed), self.group or self.digits_max
        return " ".join(_MASK * min(group, count - start) for start in range(0, count, group))

    def take(self, event: Event) -> Answer[Secret] | None:
        """Digits, yellow to clear, green when there are enough."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            self.wipe()
            raise Cancelled
        if event.key is Key.CLEAR:
            self.wipe()
        elif event.key is Key.ENTER and len(self._typed) >= self.digits_min:
            secret = Secret(self._typed)
            self._typed = bytearray()
            return Answer(secret)
        elif event.key in _DIGITS and len(self._typed) < self.digits_max:
            self._typed += str(event.key).encode("ascii")
        return None

    def push(self, digit: str) -> None:
        """A digit that was typed before the question was up."""
        self._typed += digit.encode("ascii")

    def wipe(self) -> None:
        """Forget the digits."""
        for index in range(len(self._typed)):
            self._typed[index] = 0
        self._typed.clear()
