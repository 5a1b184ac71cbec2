"""Frames of a transport: incremental, without I/O. Bytes in, whole frames out, whatever the network did to them.

Every form is bounded: a length outside its bounds is refused before anything is buffered for it, and
what cannot be a frame any more raises FramingError; the connection is then of no more use.
"""

from __future__ import annotations

from dataclasses import dataclass

from iso8583.errors import FramingError

__all__ = ["FORMS", "LengthFraming", "UnionPayFrame", "UnionPayFraming"]

TPDU_BYTES, HEADER_BYTES = 5, 6
BODY_BYTES_MIN = 10
"""An MTI and one bitmap, packed."""
FRAME_BYTES_MAX = 4096

FORMS = {"binary": 2, "ascii": 4, "bcd": 2}
"""Bytes of a length: big-endian binary, ASCII digits, or packed digits."""


class LengthFraming:
    """Frames after a length: ``binary`` (2 bytes), ``ascii`` (4 digits) or ``bcd`` (2 bytes, 4 digits).

    ``inclusive``: the length counts itself too. ``bytes_min`` and ``bytes_max`` bound what follows the length.
    """

    def __init__(
        self, form: str = "binary", *, inclusive: bool = False, bytes_min: int = 1, bytes_max: int = FRAME_BYTES_MAX
    ) -> None:
        if form not in FORMS:
            raise FramingError(f"a length is {', '.join(FORMS)}")
        self._form = form
        self._size = FORMS[form]
        self._extra = self._size if inclusive else 0
        self._min, self._max = bytes_min, bytes_max
        self._buffer = bytearray()

    def pack(self, content: bytes) -> bytes:
        """Bytes of a frame. Raises FramingError when it is too long or too short."""
        self._bounded(len(content))
        length = len(content) + self._extra
        largest = 0xFFFF if self._form == "binary" else 9999
        if length > largest:
            raise FramingError(
                f"frame of {len(content)} bytes has a length that {self._size} bytes cannot say", None, 0
            )
        if self._form == "binary":
            return length.to_bytes(2, "big") + content
        digits = f"{length:04d}"
        return (digits.encode("ascii") if self._form == "ascii" else bytes.fromhex(digits)) + content

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the stream; what is complete now, without its length. Raises FramingError."""
        self._buffer += data
        found = []
        while len(self._buffer) >= self._size:
            length = self.length_of(bytes(self._buffer[: self._size]))
            end = self._size + length
            if len(self._buffer) < end:
                break
            found.append(bytes(self._buffer[self._size : end]))
            del self._buffer[:end]
        return found

    def length_of(self, raw: bytes) -> int:
        """Bytes that follow such a length. Raises FramingError when it is none, or out of bounds."""
        return self._bounded(self._number(raw) - self._extra)

    @property
    def size(self) -> int:
        """Bytes of the length."""
        return self._size

    @property
    def waiting(self) -> int:
        """Bytes of a frame that has not ended."""
        return len(self._buffer)

    def _number(self, raw: bytes) -> int:
        if self._form == "binary":
            return int.from_bytes(raw, "big")
        text = raw.hex() if self._form == "bcd" else raw.decode("latin-1")
        # int() would take "+5", " 5" and "1_0" too.
        if not (text.isascii() and text.isdecimal()):
            raise FramingError("expected a length in digits", None, 0)
        return int(text)

    def _bounded(self, length: int) -> int:
        if not self._min <= length <= self._max:
            raise FramingError(f"frame length {length} is outside {self._min}..{self._max}", None, 0)
        return length


@dataclass(frozen=True, slots=True, repr=False)
class UnionPayFrame:
    """TPDU (5 bytes), application header (6 bytes) and the message from its MTI on (facts/unionpay.md §1)."""

    tpdu: bytes
    header: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"UnionPayFrame({len(self.body)} bytes)"

    @property
    def content(self) -> bytes:
        """What follows the length."""
        return self.tpdu + self.header + self.body

    @classmethod
    def of(cls, content: bytes) -> UnionPayFrame:
        """The frame of what follows a length. Raises FramingError."""
        head = TPDU_BYTES + HEADER_BYTES
        if len(content) < head + BODY_BYTES_MIN:
            raise FramingError(f"{len(content)} bytes hold no TPDU, header and message", None, 0)
        return cls(content[:TPDU_BYTES], content[TPDU_BYTES:head], content[head:])


class UnionPayFraming:
    """Frames of the UnionPay transport: the length counts everything after itself, TPDU and header too."""

    def __init__(self, max_bytes: int = FRAME_BYTES_MAX) -> None:
        least = TPDU_BYTES + HEADER_BYTES + BODY_BYTES_MIN
        self._lengths = LengthFraming(bytes_min=least, bytes_max=max_bytes)

    def pack(self, frame: UnionPayFrame) -> bytes:
        """Bytes of a frame. Raises FramingError when it is too long."""
        return self._lengths.pack(frame.content)

    def feed(self, data: bytes) -> list[UnionPayFrame]:
        """Take bytes from the stream; the frames that are complete now. Raises FramingError."""
        return [UnionPayFrame.of(content) for content in self._lengths.feed(data)]

    @property
    def waiting(self) -> int:
        """Bytes of a frame that has not ended."""
        return self._lengths.waiting

    @property
    def ends(self) -> bool:
        """Whether the other side has said that it sends no more: this transport has no word for it."""
        return False
