"""Frames of the UnionPay transport: incremental, without I/O (facts/unionpay.md §1)."""

from __future__ import annotations

from dataclasses import dataclass

from iso8583.errors import FramingError

__all__ = ["UnionPayFrame", "UnionPayFraming"]

LENGTH_BYTES, TPDU_BYTES, HEADER_BYTES = 2, 5, 6
BODY_BYTES_MIN = 10


@dataclass(frozen=True, slots=True, repr=False)
class UnionPayFrame:
    """TPDU (5 bytes), application header (6 bytes) and the message from its MTI on."""

    tpdu: bytes
    header: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"UnionPayFrame({len(self.body)} bytes)"


class UnionPayFraming:
    """Packs frames, and cuts a stream back into them; the length counts everything after itself."""

    def __init__(self, max_bytes: int = 4096) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    def pack(self, frame: UnionPayFrame) -> bytes:
        """Bytes of a frame. Raises FramingError when it is too long."""
        content = frame.tpdu + frame.header + frame.body
        if len(content) > self._max_bytes:
            raise FramingError(f"frame of {len(content)} bytes exceeds {self._max_bytes}", None, 0)
        return len(content).to_bytes(LENGTH_BYTES, "big") + content

    def feed(self, data: bytes) -> list[UnionPayFrame]:
        """Take bytes from the stream; the frames that are complete now. Raises FramingError."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
            if not TPDU_BYTES + HEADER_BYTES + BODY_BYTES_MIN <= length <= self._max_bytes:
                raise FramingError(f"frame length {length} is outside 21..{self._max_bytes}", None, 0)
            if len(self._buffer) < LENGTH_BYTES + length:
                break
            content = bytes(self._buffer[LENGTH_BYTES : LENGTH_BYTES + length])
            del self._buffer[: LENGTH_BYTES + length]
            head = TPDU_BYTES + HEADER_BYTES
            frames.append(UnionPayFrame(content[:TPDU_BYTES], content[TPDU_BYTES:head], content[head:]))
        return frames
