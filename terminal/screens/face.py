"""Where screens go: the configured displays and whoever watches; and what is heard of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from terminal.screens.displays import Show, console_display
from terminal.screens.screen import Screen, Tone
from terminal.screens.sound import Sound

__all__ = ["Face", "console_display"]

_HEARD = {Tone.GOOD: Sound.GOOD, Tone.BAD: Sound.BAD, Tone.WARNING: Sound.BAD}


class Face:
    """Hands each screen to every display; a screen that says nothing new is not drawn again."""

    def __init__(self, displays: Sequence[Show], play: Callable[[Sound], None] | None = None) -> None:
        self._displays = tuple(displays)
        self._play = play
        self._shown: Screen | None = None

    def show(self, screen: Screen) -> None:
        """Draw a screen everywhere; a result is also heard, once."""
        before = self._shown
        if screen == before:
            return
        self._shown = screen
        for display in self._displays:
            display(screen)
        again = before is not None and (before.name, before.tone) == (screen.name, screen.tone)
        if self._play is not None and screen.tone in _HEARD and not again:
            self._play(_HEARD[screen.tone])

    def pressed(self) -> None:
        """A key went down: the same short tone for every key, so that nobody hears a PIN."""
        if self._play is not None:
            self._play(Sound.KEY)
