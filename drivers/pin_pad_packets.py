"""Packets of the VISA/1000SE family of PIN pads: STX, text, ETX, LRC; ACK, NAK and EOT between them. Pure.

The LRC is the XOR of everything after STX, ETX included. Text is ASCII without control characters, except FS between
fields. Whatever the line brings, the reader gives packets, controls or a damaged packet, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from drivers.wiping import wipe

__all__ = ["FS", "TEXT_BYTES_MAX", "Control", "Damaged", "Packet", "PacketReader", "pack"]

STX, ETX, FS = 0x02, 0x03, 0x1C
TEXT_BYTES_MAX = 512
"""Of one packet; what is longer is damaged."""
_PRINTABLE = frozenset([FS, *range(0x20, 0x7F)])


class Control(IntEnum):
    """A byte that stands alone."""

    EOT = 0x04
    """The session is over."""
    ACK = 0x06
    NAK = 0x15


@dataclass(frozen=True, slots=True, repr=False)
class Packet:
    """The text of a whole packet. Its repr does not show it: it may be a card number or a PIN block."""

    text: str

    def __repr__(self) -> str:
        return f"Packet({len(self.text)} characters)"


class Damaged:
    """A packet whose LRC is wrong, that is too long, or that holds what no text holds."""


Item = Packet | Control | Damaged


def pack(text: str) -> bytes:
    """The bytes of a packet. Raises ValueError for what no packet can hold."""
    data = text.encode("ascii", "replace")
    if not text or len(data) > TEXT_BYTES_MAX or not _PRINTABLE.issuperset(data) or not text.isascii():
        raise ValueError("a packet holds 1 to 512 printable ASCII characters and field separators")
    body = data + bytes([ETX])
    return bytes([STX]) + body + bytes([_lrc(body)])


def _lrc(body: bytes | bytearray) -> int:
    lrc = 0
    for byte in body:
        lrc ^= byte
    return lrc


class PacketReader:
    """Bytes in, packets and controls out. Noise between packets is skipped."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._inside = False
        self._overlong = False
        self._lrc_next = False

    def feed(self, data: bytes) -> Iterator[Item]:
        """Take what came; yields what is whole, in order."""
        for byte in data:
            item = self._step(byte)
            if item is not None:
                yield item

    def clear(self) -> None:
        """Forget what has begun."""
        wipe(self._body)
        self._body = bytearray()
        self._inside = self._overlong = self._lrc_next = False

    def _step(self, byte: int) -> Item | None:
        if self._lrc_next:
            return self._ended(byte)
        if byte == STX:
            self.clear()
            self._inside = True
        elif not self._inside:
            return Control(byte) if byte in _CONTROLS else None
        elif len(self._body) > TEXT_BYTES_MAX:
            self._overlong = True
            self._lrc_next = byte == ETX
        else:
            self._body.append(byte)
            self._lrc_next = byte == ETX
        return None

    def _ended(self, lrc: int) -> Item:
        right = not self._overlong and lrc == _lrc(self._body) and len(self._body) > 1
        text = bytes(self._body[:-1])
        self.clear()
        return Packet(text.decode("ascii")) if right and _PRINTABLE.issuperset(text) else Damaged()


_CONTROLS = frozenset(Control)
