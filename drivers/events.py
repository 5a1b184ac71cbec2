"""What drivers tell: one typed event or one reason, never raw bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.pin_pad_messages import PinAnswer
from drivers.wiping import wipe

__all__ = [
    "BAD_READS",
    "DeviceChanged",
    "DeviceState",
    "DriverEvent",
    "Event",
    "Key",
    "KeyPress",
    "MisScan",
    "MisScanReason",
    "MisSwipe",
    "MisSwipeReason",
    "PrinterChanged",
    "Scan",
    "ScanText",
    "Swipe",
    "Tracks",
]


class Key(StrEnum):
    """Keys of a terminal by their meaning; digits are their own names."""

    D0 = "0"
    D1 = "1"
    D2 = "2"
    D3 = "3"
    D4 = "4"
    D5 = "5"
    D6 = "6"
    D7 = "7"
    D8 = "8"
    D9 = "9"
    D00 = "00"
    STAR = "star"
    HASH = "hash"
    CANCEL = "cancel"
    CLEAR = "clear"
    ENTER = "enter"
    UP = "up"
    DOWN = "down"
    F1 = "f1"
    F2 = "f2"


class MisSwipeReason(StrEnum):
    """Why a pass through the reader gave no card."""

    BAD_READ = "bad-read"
    """Sentinels, separators, characters or LRC are not those of a card."""
    TOO_LONG = "too-long"
    PARTIAL = "partial"
    """The pass began and did not end."""
    EVENTS_LOST = "events-lost"
    """The kernel dropped events while the card was read."""
    READER_LOST = "reader-lost"
    LAYOUT = "layout"
    """The reader is set to another keyboard's country than the configuration says."""
    ENCRYPTED = "encrypted"
    """The reader enciphers its tracks for a host; this terminal cannot use them."""
    REPLAYED = "replayed"
    """An enciphered pass whose key serial number is malformed or was seen before."""
    BY_HAND = "by-hand"
    """A person typed what looks like a card."""


BAD_READS = frozenset({MisSwipeReason.BAD_READ, MisSwipeReason.TOO_LONG, MisSwipeReason.PARTIAL})
"""Reasons that a card at fault or a hand too quick can have: the card is swiped again."""


class MisScanReason(StrEnum):
    """Why a scan gave no text."""

    TOO_LONG = "too-long"
    EVENTS_LOST = "events-lost"
    SCANNER_LOST = "scanner-lost"
    BAD_TEXT = "bad-text"
    """Its bytes are no text of the charset that was agreed."""
    PARTIAL = "partial"
    """The code began and did not end."""
    UNFRAMED = "unframed"
    """It lacks the prefix or suffix that was agreed."""
    BY_HAND = "by-hand"
    """A person typed it."""


class DeviceState(StrEnum):
    """Where a device stands."""

    OPEN = "open"
    LOST = "lost"
    ABSENT = "absent"
    REFUSED = "refused"
    """It is there, and this user may not open it."""


class _Wiped:
    """Base of values that hold card data in bytearrays: silent when printed, wiped when done."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class Tracks(_Wiped):
    """Tracks of one pass without sentinels and LRC; None where a track is absent or unreadable."""

    __slots__ = ("notes", "track1", "track2", "track3")

    def __init__(
        self,
        track1: bytearray | None = None,
        track2: bytearray | None = None,
        track3: bytearray | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.track1 = track1
        self.track2 = track2
        self.track3 = track3
        self.notes = notes
        """``track1-error`` and the like: what the reader itself reported."""

    def wipe(self) -> None:
        """Overwrite every track."""
        for track in (self.track1, self.track2, self.track3):
            if track is not None:
                wipe(track)
        self.track1 = self.track2 = self.track3 = None


class ScanText(_Wiped):
    """What a scanner read, as bytes."""

    __slots__ = ("data",)

    def __init__(self, data: bytearray) -> None:
        self.data = data

    def wipe(self) -> None:
        """Overwrite the text."""
        wipe(self.data)
        self.data = bytearray()


@dataclass(frozen=True, slots=True, repr=False)
class KeyPress:
    """A key of the terminal. Its repr does not say which: it may be a digit of a PIN."""

    key: Key
    at: float

    def __repr__(self) -> str:
        return "KeyPress(***)"


@dataclass(frozen=True, slots=True)
class Swipe:
    """A whole pass of a card."""

    device: str
    tracks: Tracks
    at: float


@dataclass(frozen=True, slots=True)
class MisSwipe:
    """A pass that gave no card."""

    device: str
    reason: MisSwipeReason
    at: float
    detail: str = ""
    """For the technician: which track, which layout; nothing of the card."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole code."""

    device: str
    text: ScanText
    symbology: str
    at: float


@dataclass(frozen=True, slots=True)
class MisScan:
    """A scan that gave no text."""

    device: str
    reason: MisScanReason
    at: float


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device has come, gone or been refused; with what to do about it."""

    device: str
    state: DeviceState
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """The printer prints no longer, or again, or its roll is nearly at its end."""

    device: str
    trouble: str | None
    """``paper``, ``cover``, ``error``, ``offline`` or ``stalled``; None when it prints or does not say."""
    paper_low: bool


@dataclass(frozen=True, slots=True)
class PinPadAnswer:
    """An entry at the PIN pad has ended."""

    device: str
    reference: int
    """Which entry: the number that began it."""
    answer: PinAnswer
    at: float


Event = KeyPress | Swipe | MisSwipe | Scan | MisScan | PinPadAnswer
DriverEvent = Event | DeviceChanged | PrinterChanged
