"""The code scanner that types what it reads (UnifiedPOS Scanner)."""

from __future__ import annotations

import asyncio

from drivers.device import Emit
from drivers.evdev_device import EvdevDevice
from drivers.events import MisScan, MisScanReason, Scan, ScanText
from drivers.input_stream import Dropped, KeyEvent
from drivers.wedge import RETURN, WedgeDecoder

__all__ = ["Scanner"]

TEXT_CHARACTERS_MAX = 2953
"""The largest QR code holds 2953 bytes."""
SILENCE_S = 0.200
SAME_CODE_S = 2.0
"""The same code again within this time is the same scan."""


class Scanner(EvdevDevice):
    """A scanner in keyboard mode; a code ends with Enter or with silence."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._decoder = WedgeDecoder()
        self._typed = bytearray()
        self._overlong = False
        self._voided = False
        """Something of this code is lost: its rest, up to Enter or silence, is no code."""
        self._timer: asyncio.TimerHandle | None = None

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Collect characters until Enter or silence."""
        for event in events:
            if isinstance(event, Dropped):
                self._decoder.reset()
                self._clear()
                if not self._voided:
                    emit(MisScan(self.name, MisScanReason.EVENTS_LOST, now))
                self._voided = True
                continue
            character = self._decoder.character(event.code, event.down)
            if character == RETURN:
                self._end(now, emit)
            elif character is not None and not self._voided:
                self._overlong = self._overlong or len(self._typed) >= TEXT_CHARACTERS_MAX
                if not self._overlong:
                    self._typed += character.encode("ascii")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._typed or self._voided:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SILENCE_S, lambda: self._end(loop.time(), emit))

    def lost(self, now: float, emit: Emit) -> None:
        """A code in progress is void."""
        self._decoder.reset()
        self._voided = False
        if self._typed:
            self._clear()
            emit(MisScan(self.name, MisScanReason.SCANNER_LOST, now))

    def _end(self, now: float, emit: Emit) -> None:
        self._voided = False
        if not self._typed:
            return
        text, overlong = ScanText(bytearray(self._typed)), self._overlong
        self._clear()
        if overlong:
            text.wipe()
            emit(MisScan(self.name, MisScanReason.TOO_LONG, now))
        else:
            self.statistics["scans"] += 1
            emit(Scan(self.name, text, "", now))

    def _clear(self) -> None:
        for index in range(len(self._typed)):
            self._typed[index] = 0
        self._typed = bytearray()
        self._overlong = False
