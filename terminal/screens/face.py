"""Where screens go: the configured display and whoever watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from terminal.screens.console import text_of
from terminal.screens.screen import Screen

__all__ = ["Face", "console_display"]

Show = Callable[[Screen], None]
_CLEAR = "\x1b[H\x1b[2J"


class Face:
    """Hands each screen to every display; a screen that says nothing new is not drawn again."""

    def __init__(self, displays: Sequence[Show]) -> None:
        self._displays = tuple(displays)
        self._shown: Screen | None = None

    def show(self, screen: Screen) -> None:
        """Draw a screen everywhere."""
        if screen != self._shown:
            self._shown = screen
            for display in self._displays:
                display(screen)


def console_display(out: TextIO = sys.stdout) -> Show:
    """A display of characters; in colour when a person looks at it."""
    live = out.isatty()

    def show(screen: Screen) -> None:
        print((_CLEAR if live else "") + text_of(screen, colour=live), file=out, flush=True)

    return show
