"""The code scanner in HID POS mode, usage page 8C (UnifiedPOS Scanner): the kind of code comes with it."""

from __future__ import annotations

import asyncio

from drivers.device import Emit
from drivers.events import MisScanReason
from drivers.hid_device import HidDevice
from drivers.hid_reports import POS_REPORT_BYTES, PosReports
from drivers.scan_text import ScanTeller, framing_of
from drivers.wiping import wipe

__all__ = ["HidScanner"]

CONTINUED_S = 1.0
"""The next report of a long code comes within this, or the code is void."""


class HidScanner(HidDevice):
    """A scanner of the HID POS report."""

    report_bytes = POS_REPORT_BYTES
    interaction, used_count = "Scan a code.", "GoodScanCount"

    def __init__(
        self, name: str, address: str, *, prefix: str = "", suffix: str = "", charset: str = "auto", aim: bool = True
    ) -> None:
        super().__init__(name, address)
        self._teller = ScanTeller(name, self.statistics, framing_of(prefix, suffix, charset, aim))
        self._reports = PosReports()
        self._timer: asyncio.TimerHandle | None = None

    def report(self, data: bytes, now: float) -> None:
        """One event for a code, however many reports it takes."""
        self._stop()
        code = self._reports.feed(data)
        if isinstance(code, MisScanReason):
            self._teller.void(code, now, self._emit)
        elif code is not None:
            self._teller.tell(code[0], now, self._emit, code[1])
            wipe(code[0])
        elif self._reports.waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(CONTINUED_S, lambda: self._void(MisScanReason.PARTIAL, loop.time()))

    def overrun(self, now: float) -> None:
        """Reports were lost: the code of which they were a part is void."""
        self.statistics["OverrunCount"] += 1
        self._void(MisScanReason.EVENTS_LOST, now)

    def lost(self, now: float, emit: Emit) -> None:
        """A code in progress is void."""
        if self._reports.waiting:
            self._void(MisScanReason.SCANNER_LOST, now)

    def release(self) -> None:
        """Close it."""
        self._stop()
        super().release()

    def _void(self, reason: MisScanReason, now: float) -> None:
        self._stop()
        self._reports.clear()
        self._teller.void(reason, now, self._emit)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
