"""What the customer sees and everybody hears: the other ends of the line display and of the beeper."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from evdev import ecodes

from drivers.display_line import COLUMNS, ROWS
from drivers.input_stream import EVENT_BYTES, unpack_event
from drivers.simulated import SimulatedSocket

__all__ = ["BeeperPipe", "SimulatedLineDisplay"]

_INITIALISE, _CLEAR = b"\x1b@", b"\x0c"
_WIDE_TEXT = "gb18030"
READ_BYTES = 4096


class SimulatedLineDisplay(SimulatedSocket):
    """Two lines of twenty characters; ``shown`` is called with them whenever they change."""

    def __init__(self, path: Path, shown: Callable[[list[str]], None]) -> None:
        super().__init__(path)
        self._shown = shown

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b""
        while data := await reader.read(READ_BYTES):
            said = (said + data).replace(_INITIALISE, _CLEAR).rpartition(_CLEAR)[2]
            self._shown(_rows(said))


def _rows(said: bytes) -> list[str]:
    """Cells row by row; a Chinese character takes two of them, and two bytes."""
    return [
        said[start : start + COLUMNS].decode(_WIDE_TEXT, "replace").rstrip()
        for start in range(0, ROWS * COLUMNS, COLUMNS)
    ]


class BeeperPipe:
    """A beeper's device node; ``heard`` is called with each tone in hertz, 0 for silence."""

    def __init__(self, path: Path, heard: Callable[[int], None]) -> None:
        self.path = path
        self._heard = heard
        self._descriptor: int | None = None

    def start(self) -> None:
        """Be there."""
        os.mkfifo(self.path, 0o600)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read, self._descriptor)

    def close(self) -> None:
        """Be silent."""
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _read(self, descriptor: int) -> None:
        # Events are written whole and are far shorter than a pipe's atomic write.
        with suppress(BlockingIOError):
            data = os.read(descriptor, EVENT_BYTES * 64)
            for start in range(0, len(data), EVENT_BYTES):
                kind, code, value = unpack_event(data[start : start + EVENT_BYTES])
                if (kind, code) == (ecodes.EV_SND, ecodes.SND_TONE):
                    self._heard(value)
