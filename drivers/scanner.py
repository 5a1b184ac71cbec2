"""The code scanner that types what it reads (UnifiedPOS Scanner). One code gives one Scan or one MisScan."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.device import Emit
from drivers.events import MisScanReason
from drivers.layouts import LAYOUTS, with_overrides
from drivers.scan_text import TEXT_BYTES_MAX, Framing, ScanTeller, framing_of
from drivers.typed import Missing, Typed, TypingDevice

__all__ = ["Scanner"]

_FRAME_BYTES_MAX = 64
_REASONS = {Missing.EVENTS: MisScanReason.EVENTS_LOST, Missing.DEVICE: MisScanReason.SCANNER_LOST}


class Scanner(TypingDevice):
    """A scanner in keyboard mode; a code ends with Enter, with its suffix, or with silence."""

    bytes_max = TEXT_BYTES_MAX + _FRAME_BYTES_MAX
    interaction, used_count = "Scan a code.", "GoodScanCount"

    def __init__(
        self,
        name: str,
        address: str,
        *,
        layout: str = "us",
        keys: Sequence[str] = (),
        prefix: str = "",
        suffix: str = "",
        charset: str = "auto",
        aim: bool = True,
        silence_ms: int = 200,
    ) -> None:
        framing = framing_of(prefix, suffix, charset, aim)
        super().__init__(
            name,
            address,
            layout=with_overrides(LAYOUTS[layout], keys),
            silence_s=silence_ms / 1000,
            ends=framing.suffix if framing.suffix == b"\t" else b"",
        )
        if self._ends:
            framing = Framing(framing.prefix, b"", charset, aim)
        self._teller = ScanTeller(name, self.statistics, framing)

    def read(self, typed: Typed, now: float, emit: Emit) -> None:
        """One event for a code; digits that somebody types on the same keyboard are no code."""
        if typed.typed_by_hand():
            self._teller.void(MisScanReason.BY_HAND, now, emit)
        elif typed.overlong:
            self._teller.void(MisScanReason.TOO_LONG, now, emit)
        else:
            self._teller.tell(typed.data, now, emit)

    def missing(self, what: Missing, now: float, emit: Emit) -> None:
        """A code of which something is lost is no code."""
        self._teller.void(_REASONS[what], now, emit)
