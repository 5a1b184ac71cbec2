"""The code scanner on a serial line, real or over USB (CDC-ACM): the mode for codes that are not ASCII."""

from __future__ import annotations

import asyncio

from drivers.device import Emit
from drivers.events import MisScanReason
from drivers.line_device import LineDevice
from drivers.scan_text import TEXT_BYTES_MAX, ScanTeller, framing_of
from drivers.wiping import wipe

__all__ = ["ScanFramer", "SerialScanner"]

_FRAME_BYTES_MAX = 64
_LINE_ENDS = (b"\r", b"\n")


class ScanFramer:
    """Bytes in, codes out: cut at the suffix or at a line end; the rest ends by silence. Bounded."""

    def __init__(self, suffix: bytes = b"") -> None:
        self._ends = (suffix,) if suffix else _LINE_ENDS
        self._rest = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[bytearray | MisScanReason]:
        """Codes that are whole now, in order; TOO_LONG for one that exceeded the bound."""
        found: list[bytearray | MisScanReason] = []
        self._rest += data
        while (place := self._place()) is not None:
            start, length = place
            found += self._taken(self._rest[:start])
            wipe(self._rest[:start])
            del self._rest[: start + length]
        if len(self._rest) > TEXT_BYTES_MAX + _FRAME_BYTES_MAX:
            self.clear()
            self._overlong = True
        return found

    def silence(self) -> list[bytearray | MisScanReason]:
        """What silence ends."""
        found = self._taken(self._rest)
        self.clear()
        return found

    @property
    def waiting(self) -> bool:
        """Whether a code has begun."""
        return bool(self._rest) or self._overlong

    def clear(self) -> None:
        """Forget what has begun."""
        wipe(self._rest)
        self._rest = bytearray()
        self._overlong = False

    def _place(self) -> tuple[int, int] | None:
        places = [(self._rest.find(end), len(end)) for end in self._ends]
        return min((place for place in places if place[0] >= 0), default=None)

    def _taken(self, data: bytearray) -> list[bytearray | MisScanReason]:
        overlong, self._overlong = self._overlong, False
        if overlong or len(data) > TEXT_BYTES_MAX + _FRAME_BYTES_MAX:
            return [MisScanReason.TOO_LONG]
        return [bytearray(data)] if data else []


class SerialScanner(LineDevice):
    """A scanner that sends each code with a line end, its suffix, or nothing but silence."""

    interaction, used_count = "Scan a code.", "GoodScanCount"

    def __init__(
        self,
        name: str,
        address: str,
        *,
        prefix: str = "",
        suffix: str = "",
        charset: str = "auto",
        aim: bool = True,
        silence_ms: int = 200,
    ) -> None:
        super().__init__(name, address)
        framing = framing_of(prefix, suffix, charset, aim)
        self._framer = ScanFramer(framing.suffix)
        self._teller = ScanTeller(name, self.statistics, framing_of(prefix, "", charset, aim))
        self._silence_s = silence_ms / 1000
        self._timer: asyncio.TimerHandle | None = None

    def received(self, data: bytes, now: float) -> None:
        """One event for each code."""
        self._tell(self._framer.feed(data), now)
        self._stop()
        if self._framer.waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._silence_s, lambda: self._tell(self._framer.silence(), loop.time()))

    def lost(self, now: float, emit: Emit) -> None:
        """A code in progress is void."""
        self._stop()
        if self._framer.waiting:
            self._framer.clear()
            self._teller.void(MisScanReason.SCANNER_LOST, now, emit)

    def release(self) -> None:
        """Close it."""
        self._stop()
        super().release()

    def _tell(self, codes: list[bytearray | MisScanReason], now: float) -> None:
        for code in codes:
            if isinstance(code, MisScanReason):
                self._teller.void(code, now, self._emit)
            else:
                self._teller.tell(code, now, self._emit)
                wipe(code)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
