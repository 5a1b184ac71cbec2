"""A beeper behind evdev: ``EV_SND``/``SND_TONE``, as the kernel's pcspkr and pwm-beeper drivers have it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import suppress

from evdev import ecodes

from drivers.input_stream import pack_event

__all__ = ["Beeper"]

WAITING_MAX = 16
"""More tones than this nobody waits for."""


class Beeper:
    """Plays tones one after the other; a beeper that is not there is silence, never an error."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._descriptor: int | None = None
        self._waiting: deque[tuple[int, int]] = deque(maxlen=WAITING_MAX)
        self._next: asyncio.TimerHandle | None = None

    def play(self, tones: tuple[tuple[int, int], ...]) -> None:
        """Add tones, each as hertz and milliseconds."""
        self._waiting.extend(tones)
        if self._next is None:
            self._step()

    def close(self) -> None:
        """Be silent."""
        self._waiting.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None
            self._tone(0)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _step(self) -> None:
        if not self._waiting:
            self._next = None
            self._tone(0)
            return
        hertz, milliseconds = self._waiting.popleft()
        self._tone(hertz)
        self._next = asyncio.get_running_loop().call_later(milliseconds / 1000, self._step)

    def _tone(self, hertz: int) -> None:
        with suppress(OSError):
            if self._descriptor is None:
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
                self._descriptor = os.open(self._address.removeprefix("file:"), flags)
            os.write(self._descriptor, pack_event(ecodes.EV_SND, ecodes.SND_TONE, hertz))
