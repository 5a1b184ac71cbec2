"""Framing of the ECR link: a message is a line of JSON in UTF-8, ended by LF; a line too long is dropped whole."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LINE_BYTES_MAX", "LineReader", "TooLong"]

LINE_BYTES_MAX = 4096
"""Of one message, its LF not counted. The longest message of either side is below 2 KiB."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line had more bytes than a message may have; nothing of it was kept."""


@dataclass(slots=True)
class LineReader:
    """Bytes in, lines out. It never holds more than one line."""

    _held: bytearray = field(default_factory=bytearray)
    _dropping: bool = False

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """Lines that end in ``data``, without their LF or CR LF; empty ones are left out (they keep a line alive)."""
        found: list[bytes | TooLong] = []
        *ended, rest = data.split(b"\n")
        for piece in ended:
            line = self._take(piece)
            if self._dropping:
                found.append(TooLong())
            elif line:
                found.append(line)
            self._held.clear()
            self._dropping = False
        self._take(rest)
        return found

    def _take(self, piece: bytes) -> bytes:
        """Add to the line that has begun; what it is so far, without a CR at its end."""
        if not self._dropping:
            self._held += piece
            # One byte more than the line: its CR.
            if len(self._held) > LINE_BYTES_MAX + 1 or len(self._held.removesuffix(b"\r")) > LINE_BYTES_MAX:
                self._dropping = True
                self._held.clear()
        return bytes(self._held.removesuffix(b"\r"))
