"""The console at a ceremony: screens as text, and typing that nobody reads over a shoulder.

What is typed goes byte by byte into a buffer that can be wiped, never through ``input()``: Python's texts cannot be
wiped, and a terminal's own line editing keeps what it echoes.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keys import KeysError, Secret
from terminal.screens.screen import Screen, Tone

__all__ = ["Console", "Left", "OutOfTime"]

_CHARACTERS_MAX = 128
_TURN_S = 0.5
_ENTER, _BACK, _CLEAR, _STOP = b"\r\n", b"\x7f\x08", b"\x15", b"\x03\x04\x1b"
_MARKS = {Tone.GOOD: "✔ ", Tone.BAD: "✘ ", Tone.WARNING: "! ", Tone.BUSY: "… ", Tone.NEUTRAL: "  "}


class Left(Exception):
    """Somebody pressed Ctrl-C, Ctrl-D or Escape, or the input has ended."""


class OutOfTime(Exception):
    """Nobody typed in time."""


class Console:
    """Standard input and output; a keyboard with people, or a pipe in the lab."""

    def __init__(self, *, production: bool, descriptor: int = 0) -> None:
        """Raises KeysError in production without a keyboard: components are typed by people, never piped."""
        self._in = descriptor
        self._keyboard = os.isatty(descriptor)
        if production and not self._keyboard:
            raise KeysError("A ceremony needs a keyboard and people.", "Run it at the console, not in a script.")

    def show(self, screen: Screen) -> None:
        """A screen of the terminal, as lines."""
        rows = [f"{_MARKS[screen.tone]}{screen.title}: {screen.instruction or screen.amount}"]
        if screen.amount and screen.instruction:
            rows.append(f"    {screen.amount}")
        rows += [f"    {line}" for line in screen.lines]
        print("\n" + "\n".join(rows), flush=True)

    def secret(self, label: str, seconds: float, pressed: Callable[[], bool] = lambda: True) -> Secret:
        """Characters shown as dots. Raises Left and OutOfTime; ``pressed`` false means that time is up."""
        return Secret(self._typed(label, seconds, pressed, masked=True))

    def line(self, label: str, seconds: float, pressed: Callable[[], bool] = lambda: True) -> str:
        """Characters in the open: a number, an answer."""
        return self._typed(label, seconds, pressed, masked=False).decode("ascii", "replace").strip()

    def _typed(self, label: str, seconds: float, pressed: Callable[[], bool], *, masked: bool) -> bytearray:
        print(f"    {label}: ", end="", flush=True)
        typed = bytearray()
        try:
            with self._raw():
                while True:
                    if not self._waited(seconds):
                        raise OutOfTime
                    character = os.read(self._in, 1)
                    if not character or character in _STOP:
                        raise Left
                    if not pressed():
                        raise OutOfTime
                    if character in _ENTER:
                        return typed
                    self._edit(typed, character, masked=masked)
        except BaseException:
            typed[:] = bytes(len(typed))
            typed.clear()
            raise
        finally:
            print(flush=True)

    def _waited(self, seconds: float) -> bool:
        """Whether somebody typed in time. Looked at in turns: a signal may come just before a wait begins."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            if select.select([self._in], [], [], min(left, _TURN_S))[0]:
                return True
            if not left:
                return False

    def _edit(self, typed: bytearray, character: bytes, *, masked: bool) -> None:
        if character in _BACK:
            if typed:
                typed[-1] = 0
                del typed[-1]
                self._echo("\b \b")
        elif character in _CLEAR:
            self._echo("\b \b" * len(typed))
            typed[:] = bytes(len(typed))
            typed.clear()
        elif character != b" " and character >= b" " and len(typed) < _CHARACTERS_MAX:
            typed += character
            self._echo("●" if masked else character.decode("ascii", "replace"))

    def _echo(self, text: str) -> None:
        if self._keyboard:
            print(text, end="", flush=True)

    @contextmanager
    def _raw(self) -> Iterator[None]:
        """No echo and no line editing while something is typed; as before afterwards, whatever happens."""
        if not self._keyboard:
            yield
            return
        before = termios.tcgetattr(self._in)
        sys.stdout.flush()
        try:
            tty.setraw(self._in, termios.TCSAFLUSH)  # what was typed ahead is dropped, not taken for an answer
            mode = termios.tcgetattr(self._in)
            mode[1] |= termios.OPOST
            termios.tcsetattr(self._in, termios.TCSANOW, mode)
            yield
        finally:
            termios.tcsetattr(self._in, termios.TCSAFLUSH, before)
