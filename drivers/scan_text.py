"""What a scanner sent, as text: prefix and suffix off, AIM identifier read, charset decided. Pure.

Scanners send the bytes of a code as they stand in it; a QR code holds UTF-8 or, in China, GB 18030, and does not say
which. UTF-8 is so rarely right by accident that it is tried first.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from drivers.device import Emit
from drivers.events import MisScan, MisScanReason, Scan, ScanText
from drivers.once import Once

__all__ = ["CHARSETS", "SYMBOLOGIES", "TEXT_BYTES_MAX", "Framing", "ScanTeller", "framing_of", "read_scan"]

TEXT_BYTES_MAX = 2953
"""The largest QR code (version 40, low error correction, bytes) holds this many."""
CHARSETS = ("auto", "utf-8", "gb18030", "latin-1")
_BOM = b"\xef\xbb\xbf"
_AIM = re.compile(rb"^\]([A-Za-z])([0-9A-Za-z])")
SYMBOLOGIES = {
    "A": "code39", "C": "code128", "d": "datamatrix", "E": "ean", "e": "gs1-databar", "F": "codabar", "G": "code93",
    "h": "hanxin", "I": "itf", "L": "pdf417", "Q": "qr", "z": "aztec",
}  # fmt: skip
"""By the code character of an AIM identifier (ISO/IEC 15424)."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a scanner is set: what it sends before and after a code."""

    prefix: bytes = b""
    suffix: bytes = b""
    charset: str = "auto"
    aim: bool = True
    """Whether ``]Q1`` and the like in front are an identifier and no part of the code."""


def framing_of(prefix: str, suffix: str, charset: str, aim: bool) -> Framing:
    """Framing from a configuration's texts, in which ``\\t`` and ``\\x02`` stand for control characters."""
    before, after = (text.encode("ascii").decode("unicode_escape").encode("latin-1") for text in (prefix, suffix))
    return Framing(before, after, charset, aim)


def read_scan(data: bytes | bytearray, framing: Framing) -> tuple[bytearray, str] | MisScanReason:
    """Text in UTF-8 and name of the symbology (empty when unknown), or why there is none."""
    text = bytes(data).rstrip(b"\r\n")
    if not text.startswith(framing.prefix) or not text.endswith(framing.suffix.rstrip(b"\r\n")):
        return MisScanReason.UNFRAMED
    text = text[len(framing.prefix) : len(text) - len(framing.suffix.rstrip(b"\r\n"))]
    symbology = ""
    if framing.aim and (match := _AIM.match(text)):
        symbology = SYMBOLOGIES.get(match[1].decode("ascii"), "other")
        text = text[match.end() :]
    text = text.removeprefix(_BOM).rstrip(b" \t\r\n\x00")
    if len(text) > TEXT_BYTES_MAX:
        return MisScanReason.TOO_LONG
    decoded = _decoded(text, framing.charset)
    return MisScanReason.BAD_TEXT if decoded is None else (bytearray(decoded.encode("utf-8")), symbology)


def _decoded(text: bytes, charset: str) -> str | None:
    for name in ("utf-8", "gb18030") if charset == "auto" else (charset,):
        try:
            decoded = text.decode(name)
            decoded.encode("utf-8")  # GB 18030 can spell half of a surrogate pair
            return decoded
        except UnicodeError:
            continue
    return None


class ScanTeller:
    """Tells scans and mis-scans of one scanner, counts them, and leaves out a code that comes twice."""

    def __init__(self, name: str, statistics: Counter[str], framing: Framing) -> None:
        self._name = name
        self._statistics = statistics
        self._framing = framing
        self._once = Once()

    def void(self, reason: MisScanReason, now: float, emit: Emit) -> None:
        """A scan that gave no text."""
        self._statistics["FailedScanCount"] += 1
        self._statistics[f"FailedScanCount {reason}"] += 1
        emit(MisScan(self._name, reason, now))

    def tell(self, data: bytes | bytearray, now: float, emit: Emit, symbology: str = "") -> None:
        """A whole scan; an empty one is nothing."""
        read = read_scan(data, self._framing)
        if isinstance(read, MisScanReason):
            self.void(read, now, emit)
            return
        text, named = ScanText(read[0]), read[1] or symbology
        if not text.data:
            return
        if self._once.again(text.data, now):
            text.wipe()
            self._statistics["DoubleScanCount"] += 1
            return
        self._statistics["GoodScanCount"] += 1
        emit(Scan(self._name, text, named, now))
