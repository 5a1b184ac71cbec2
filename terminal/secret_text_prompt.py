"""A password of letters, such as a Wi-Fi network's: dots, and the last letter until the next key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.events import Event, Key, KeyPress
from keys import Secret
from terminal.prompts import Answer, Cancelled
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator
from terminal.text_prompt import TextEntry

__all__ = ["SecretTextPrompt"]

_MASK = "●"


@dataclass(slots=True, repr=False)
class SecretTextPrompt:
    """Letters on twelve keys. Nobody can type blindly: the display shows the last one, the monitor does not."""

    name: str
    title: str
    instruction: str
    """Catalogue keys."""
    length_min: int
    length_max: int
    notice: str = ""
    """Catalogue key of what was wrong with the last try."""
    too_short: str = ""
    """Catalogue key of what is said when green comes too early."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What fills the gaps of the instruction."""
    _entry: TextEntry | None = None
    _peek: bool = False

    def screen(self, texts: Translator) -> Screen:
        """Dots, the last letter typed, and the active set at the right."""
        typed = self._typing.text
        return Screen(
            self.name,
            texts.text(self.title),
            texts.text(self.instruction, **self.values),
            lines=(texts.text(self.notice),) if self.notice else (),
            entry=_MASK * len(typed),
            peek=typed[-1:] if self._peek else "",
            character_set=self._typing.active,
            hints=(texts.text("key.cancel"), texts.text("key.enter")),
            tone=Tone.WARNING if self.notice else Tone.NEUTRAL,
            secret=True,
        )

    def take(self, event: Event) -> Answer[Secret] | None:
        """A key; ``*`` takes the next set, yellow the last letter back, green answers."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            self._entry = None
            raise Cancelled
        if event.key is Key.ENTER:
            self._peek = False
            if len(self._typing.text) < self.length_min:
                self.notice = self.too_short
                return None
            secret = Secret(self._typing.text.encode("ascii"))
            self._entry = None
            return Answer(secret)
        before = self._typing.text
        self._typing.press(event.key, event.at)
        self._peek = self._typing.text != before and event.key is not Key.CLEAR
        self.notice = ""
        return None

    @property
    def _typing(self) -> TextEntry:
        if self._entry is None:
            self._entry = TextEntry(self.length_max)
        return self._entry
