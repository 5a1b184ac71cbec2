"""The magnetic-stripe reader in HID mode, not as a keyboard: one report is one pass (UnifiedPOS MSR)."""

from __future__ import annotations

from drivers.events import MisSwipeReason, Tracks
from drivers.hid_device import HidDevice
from drivers.hid_reports import MAGTEK_REPORT_BYTES, read_stripe_report
from drivers.msr import SwipeTeller
from drivers.tracks import BadPass

__all__ = ["HidStripeReader"]


class HidStripeReader(HidDevice):
    """A reader of MagTek's report."""

    report_bytes = MAGTEK_REPORT_BYTES
    interaction, used_count = "Swipe a card.", "GoodReadCount"

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._teller = SwipeTeller(name, self.statistics)

    def report(self, data: bytes, now: float) -> None:
        """One event for a pass."""
        result = read_stripe_report(data)
        if isinstance(result, Tracks):
            self._teller.tell(result, now, self._emit)
        else:
            self._teller.void(result, now, self._emit)

    def overrun(self, now: float) -> None:
        """A pass was lost."""
        self.statistics["OverrunCount"] += 1
        self._teller.void(BadPass(MisSwipeReason.EVENTS_LOST), now, self._emit)
