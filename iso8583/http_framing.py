"""Frames inside HTTP: one request or answer a frame, its body the frame of another transport (facts/unionpay.md §1).

Only what the payment hosts use: a start line, header lines, Content-Length, a body. No chunks, no continuation lines:
what is not read the same way by everybody is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from iso8583.errors import FramingError

__all__ = ["HttpFraming", "HttpTarget"]

HEAD_BYTES_MAX = 8192
BODY_BYTES_MAX = 4096
CONTENT_TYPE = "x-ISO-TPDU/x-auth"
_END = b"\r\n\r\n"
_OK = 200


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """Where requests go: path, host with port, and what the terminal calls itself."""

    path: str
    host: str
    user_agent: str = "Donjin Http 0.1"

    def __post_init__(self) -> None:
        if any(not part.isprintable() or not part.isascii() for part in (self.path, self.host, self.user_agent)):
            raise FramingError("a path, host or user agent has characters that end a header line")
        if not self.path.startswith("/") or " " in self.path or not self.host or " " in self.host:
            raise FramingError("expected a path from / on and a host, both without blanks")


class HttpFraming:
    """Packs requests (with a target) or answers (without), and cuts a stream of the other side's back into bodies."""

    def __init__(self, target: HttpTarget | None = None, *, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._target = target
        self._max = bytes_max
        self._buffer = bytearray()
        self._length: int | None = None

    def pack(self, body: bytes) -> bytes:
        """A request to the target, or an answer. Raises FramingError when the body is too long."""
        if not 1 <= len(body) <= self._max:
            raise FramingError(f"body of {len(body)} bytes is outside 1..{self._max}", None, 0)
        if self._target is None:
            lines = ["HTTP/1.1 200 OK"]
        else:
            lines = [
                f"POST {self._target.path} HTTP/1.1",
                f"HOST: {self._target.host}",
                f"User-Agent: {self._target.user_agent}",
                "Cache-Control: no-cache",
                "Accept: */*",
            ]
        lines += [f"Content-Type:{CONTENT_TYPE}", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("ascii") + body

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the stream; the bodies that are complete now. Raises FramingError."""
        self._buffer += data
        found: list[bytes] = []
        while True:
            if self._length is None:
                # Some terminals send an empty line after the body; it belongs to nothing (RFC 9112 §2.2).
                while self._buffer[:2] == b"\r\n":
                    del self._buffer[:2]
                end = self._buffer.find(_END, 0, HEAD_BYTES_MAX + len(_END))
                if end < 0:
                    if len(self._buffer) > HEAD_BYTES_MAX:
                        raise FramingError(f"no end of the header lines within {HEAD_BYTES_MAX} bytes", None, 0)
                    return found
                self._length = self._body_length(bytes(self._buffer[:end]))
                del self._buffer[: end + len(_END)]
            if len(self._buffer) < self._length:
                return found
            found.append(bytes(self._buffer[: self._length]))
            del self._buffer[: self._length]
            self._length = None

    def _body_length(self, head: bytes) -> int:
        start, *lines = head.split(b"\r\n")
        self._checked_start(start)
        lengths = set()
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise FramingError("a header line is not a name, a colon and a value", None, 0)
            if name.lower() == b"transfer-encoding":
                raise FramingError("the body comes in chunks; expected Content-Length", None, 0)
            if name.lower() == b"content-length":
                lengths.add(value.strip())
        if len(lengths) != 1:
            raise FramingError("expected one Content-Length", None, 0)
        digits = lengths.pop()
        if not digits.isdigit() or not 1 <= int(digits[:9]) <= self._max or len(digits) > 9:
            raise FramingError(f"Content-Length is not a number in 1..{self._max}", None, 0)
        return int(digits)

    def _checked_start(self, start: bytes) -> None:
        """The start line: a status where we send requests, a request where we answer them."""
        words = start.split(b" ", 2)
        if self._target is not None:
            if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit() or len(words[1]) != 3:
                raise FramingError("expected the status line of an HTTP/1 answer", None, 0)
            if int(words[1]) != _OK:
                raise FramingError(f"the host answers with HTTP status {int(words[1])}", None, 0)
        elif len(words) != 3 or words[0] != b"POST" or not words[2].startswith(b"HTTP/1."):
            raise FramingError("expected the request line of an HTTP/1 POST", None, 0)
