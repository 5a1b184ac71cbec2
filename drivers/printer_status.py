"""What a printer says of itself: bytes to a state in which "unknown" is a value.

Three languages, told apart by their fixed bits (EPSON ESC/POS reference): the answer to ``DLE EOT n``, the four bytes
of automatic status back (``GS a``), and the process id response (``GS ( H``). A fourth, the port status byte of
the USB printer class (1.1, §4.2.2), comes over the control endpoint and not in this stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = [
    "AutomaticStatus",
    "PrinterError",
    "PrinterStatus",
    "PrinterTrouble",
    "PrinterTroubleReason",
    "ProcessId",
    "RealTime",
    "StatusStream",
    "with_port_status",
    "with_realtime",
]


class PrinterTroubleReason(StrEnum):
    """Why nothing more comes out."""

    ABSENT = "absent"
    PAPER = "paper"
    COVER = "cover"
    ERROR = "error"
    OFFLINE = "offline"
    STALLED = "stalled"


_REMEDIES = {
    PrinterTroubleReason.ABSENT: "Check the printer's cable and power; the slip is kept and printed then.",
    PrinterTroubleReason.PAPER: "Put in a new roll; the slip is printed again.",
    PrinterTroubleReason.COVER: "Close the printer's cover; the slip is printed then.",
    PrinterTroubleReason.ERROR: "Clear the knife and the paper's way, then switch the printer off and on.",
    PrinterTroubleReason.OFFLINE: "Switch the printer on line; the slip is printed then.",
    PrinterTroubleReason.STALLED: "The printer takes nothing and does not say why: look at paper, cover and lights.",
}


class PrinterTrouble(Exception):
    """The slip is not wholly on paper. ``remedy`` is for the merchant."""

    def __init__(self, reason: PrinterTroubleReason, remedy: str = "") -> None:
        super().__init__(f"The printer does not print: {reason}.")
        self.reason = reason
        self.remedy = remedy or _REMEDIES[reason]


class PrinterError(StrEnum):
    """What the printer's mechanism suffers from."""

    NONE = "none"
    RECOVERS = "recovers"
    """The head is hot, or the like: it goes on by itself."""
    CUTTER = "cutter"
    RECOVERABLE = "recoverable"
    """Somebody has to help, and then it goes on."""
    UNRECOVERABLE = "unrecoverable"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself; None where it does not say."""

    online: bool | None = None
    paper: bool | None = None
    cover_closed: bool | None = None
    paper_low: bool | None = None
    error: PrinterError | None = None
    drawer_high: bool | None = None
    """Level of pin 3 of the drawer's connector; what it means depends on the drawer."""

    @property
    def known(self) -> bool:
        """Whether it says anything at all."""
        return self != PrinterStatus()

    @property
    def trouble(self) -> PrinterTroubleReason | None:
        """Why it does not print, most telling reason first; None when it prints or does not say."""
        if self.paper is False:
            return PrinterTroubleReason.PAPER
        if self.cover_closed is False:
            return PrinterTroubleReason.COVER
        if self.error not in (None, PrinterError.NONE, PrinterError.RECOVERS):
            return PrinterTroubleReason.ERROR
        if self.online is False:
            return PrinterTroubleReason.OFFLINE
        return None


@dataclass(frozen=True, slots=True)
class RealTime:
    """An answer to ``DLE EOT n``; which n it answers is known only to whoever asked."""

    value: int


@dataclass(frozen=True, slots=True)
class AutomaticStatus:
    """Four bytes that came by themselves, on a change."""

    data: bytes

    @property
    def status(self) -> PrinterStatus:
        """All that they say."""
        info, error, sensors, _ = self.data
        return PrinterStatus(
            online=not info & 0x08,
            paper=not sensors & 0x0C,
            cover_closed=not info & 0x20,
            paper_low=bool(sensors & 0x03),
            error=_error(error),
            drawer_high=bool(info & 0x04),
        )


@dataclass(frozen=True, slots=True)
class ProcessId:
    """Everything up to the mark of this name is printed."""

    name: bytes


Told = RealTime | AutomaticStatus | ProcessId
AUTOMATIC_BYTES, PROCESS_ID_BYTES = 4, 7
_PROCESS_ID_HEAD = b"\x37\x22"
UNFINISHED_MAX = 64


class StatusStream:
    """Bytes from a printer, in pieces of any length, to what they say; anything else is counted and left out."""

    def __init__(self) -> None:
        self._rest = b""
        self.strange = 0
        """Bytes that belong to none of the three languages."""

    def feed(self, data: bytes) -> Iterator[Told]:
        """Take what was read; yields what is whole, in order."""
        self._rest += data
        while self._rest:
            told, length = _first(self._rest)
            if length == 0:
                return  # the rest of it has yet to come
            if told is None:
                self.strange += length
            self._rest = self._rest[length:]
            if told is not None:
                yield told


def _first(data: bytes) -> tuple[Told | None, int]:
    """What stands at the beginning and its length; 0 where more must come first."""
    head = data[0]
    if head & 0x93 == 0x12:
        return RealTime(head), 1
    if head & 0x93 == 0x10:
        block = data[:AUTOMATIC_BYTES]
        if any(byte & 0x90 for byte in block[1:]):
            return None, 1
        return (AutomaticStatus(block), AUTOMATIC_BYTES) if len(block) == AUTOMATIC_BYTES else (None, 0)
    if head == _PROCESS_ID_HEAD[0]:
        block = data[:PROCESS_ID_BYTES]
        if len(block) > 1 and block[:2] != _PROCESS_ID_HEAD:
            return None, 1
        if len(block) < PROCESS_ID_BYTES:
            return None, 0
        return (ProcessId(block[2:6]), PROCESS_ID_BYTES) if block[6] == 0 else (None, 1)
    return None, 1


def with_realtime(status: PrinterStatus, which: int, value: int) -> PrinterStatus:
    """A status completed by the answer to ``DLE EOT which``."""
    match which:
        case 1:
            return replace(status, online=not value & 0x08, drawer_high=bool(value & 0x04))
        case 2:
            told = replace(status, cover_closed=not value & 0x04)
            return replace(told, paper=False) if value & 0x20 else told
        case 3:
            # The same bits as the second byte of the automatic status, with two more that are fixed.
            return replace(status, error=_error(value & ~0x12))
        case 4:
            return replace(status, paper=not value & 0x60, paper_low=bool(value & 0x0C))
        case _:
            return status


def with_port_status(status: PrinterStatus, value: int) -> PrinterStatus:
    """A status completed by the USB class's port status, which many cheap printers answer with a constant.

    Bad news is believed, good news is not: a printer that always says 0x18 stays unknown. Nor is nonsense: other bits
    than the three of the class, or neither selected nor without error.
    """
    if value & ~0x38 or not value & 0x18:
        return status
    if value & 0x20:
        status = replace(status, paper=False)
    if not value & 0x10:
        status = replace(status, online=False)
    return status


def _error(value: int) -> PrinterError:
    for bit, error in (
        (0x20, PrinterError.UNRECOVERABLE),
        (0x08, PrinterError.CUTTER),
        (0x04, PrinterError.RECOVERABLE),
        (0x40, PrinterError.RECOVERS),
    ):
        if value & bit:
            return error
    return PrinterError.NONE
