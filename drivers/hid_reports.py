"""Reports of HID devices that are no keyboards, declared with construct; bytes in, tracks or text out.

Layouts are the makers'; a model is added after a look into its manual, as a declaration beside these.
"""

from __future__ import annotations

from construct import Array, Byte, Bytes, ConstructError, Struct

from drivers.events import MisScanReason, MisSwipeReason, Tracks
from drivers.scan_text import SYMBOLOGIES, TEXT_BYTES_MAX
from drivers.tracks import BadPass, split_tracks
from drivers.wiping import wipe

__all__ = [
    "MAGTEK_REPORT",
    "MAGTEK_REPORT_BYTES",
    "POS_REPORT",
    "POS_REPORT_BYTES",
    "PosReports",
    "read_stripe_report",
]

_TRACK_BYTES = 110
MAGTEK_REPORT = Struct(
    "status" / Array(3, Byte),  # of each track; bit 0: it could not be decoded
    "lengths" / Array(3, Byte),
    "encode_type" / Byte,  # 0 ISO/ABA, 1 AAMVA, 3 other, 4 undetermined or blank
    "tracks" / Array(3, Bytes(_TRACK_BYTES)),  # ASCII with sentinels
)
"""One pass of a MagTek reader in HID mode (vendor 0801, product 0002; usage page FF00)."""
MAGTEK_REPORT_BYTES = MAGTEK_REPORT.sizeof()
_DECODE_ERROR = 0x01
_BLANK = 4
_ERROR_TRACKS = (b"%E?", b";E?", b"+E?")

_POS_DATA_BYTES = 56
POS_REPORT = Struct(
    "report_id" / Byte,
    "length" / Byte,
    "aim" / Bytes(3),  # AIM identifier, ]Q1
    "data" / Bytes(_POS_DATA_BYTES),
    "reserved" / Bytes(2),
    "more" / Byte,  # bit 0: the code goes on in the next report
)
"""One report of a scanner in HID POS mode (USB HID Usage Tables, page 8C, as Honeywell and others lay it out)."""
POS_REPORT_BYTES = POS_REPORT.sizeof()
_POS_REPORT_ID = 2
_MORE = 0x01


def read_stripe_report(report: bytes) -> Tracks | BadPass:
    """Tracks of one pass, or why there are none."""
    if len(report) != MAGTEK_REPORT_BYTES:
        return BadPass(MisSwipeReason.BAD_READ, "a report of another length")
    try:
        parsed = MAGTEK_REPORT.parse(report)
    except ConstructError:
        return BadPass(MisSwipeReason.BAD_READ, "a report of another form")
    if max(parsed.lengths) > _TRACK_BYTES:
        return BadPass(MisSwipeReason.BAD_READ, "a track longer than its field")
    if parsed.encode_type == _BLANK and not any(parsed.lengths):
        return BadPass(MisSwipeReason.BAD_READ, "a blank stripe")
    typed = bytearray()
    for status, length, track, error in zip(parsed.status, parsed.lengths, parsed.tracks, _ERROR_TRACKS, strict=True):
        typed += error if status & _DECODE_ERROR else track[:length]
    result = split_tracks(typed)
    wipe(typed)
    return result


class PosReports:
    """Reports in, whole codes out: long codes come in several reports."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._aim = b""
        self._overlong = False

    @property
    def waiting(self) -> bool:
        """Whether a code has begun and goes on."""
        return bool(self._data) or self._overlong

    def feed(self, report: bytes) -> tuple[bytearray, str] | MisScanReason | None:
        """Text and symbology of a code that is whole now; None while it goes on."""
        try:
            parsed = POS_REPORT.parse(report)
        except ConstructError:
            parsed = None
        if parsed is None or len(report) != POS_REPORT_BYTES or parsed.report_id != _POS_REPORT_ID:
            self.clear()
            return MisScanReason.BAD_TEXT
        if parsed.length > _POS_DATA_BYTES:
            self.clear()
            return MisScanReason.BAD_TEXT
        self._aim = self._aim or parsed.aim
        self._overlong = self._overlong or len(self._data) + parsed.length > TEXT_BYTES_MAX
        if not self._overlong:
            self._data += parsed.data[: parsed.length]
        if parsed.more & _MORE:
            return None
        whole, aim, overlong = bytearray(self._data), self._aim, self._overlong
        self.clear()
        if overlong:
            wipe(whole)
            return MisScanReason.TOO_LONG
        return whole, _symbology(aim)

    def clear(self) -> None:
        """Forget what has begun."""
        wipe(self._data)
        self._data, self._aim, self._overlong = bytearray(), b"", False


def _symbology(aim: bytes) -> str:
    return SYMBOLOGIES.get(chr(aim[1]), "other") if aim[:1] == b"]" else ""
