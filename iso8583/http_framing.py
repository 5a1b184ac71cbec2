"""Frames inside HTTP: one request or answer a frame, its body the frame of another transport (facts/unionpay.md §1).

Only what the payment hosts use: a start line, header lines, Content-Length, a body. No chunks, no continuation lines,
no other place to go to: what is not read the same way by everybody is refused, and says by its fault what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iso8583.errors import FramingError
from iso8583.framing import UnionPayFrame, UnionPayFraming

__all__ = ["HttpFault", "HttpFraming", "HttpRefused", "HttpTarget", "UnionPayHttpFraming"]

HEAD_BYTES_MAX = 8192
BODY_BYTES_MAX = 4096
CONTENT_TYPE = "x-ISO-TPDU/x-auth"
_END = b"\r\n\r\n"
_OK = 200
_REDIRECTS = range(300, 400)


class HttpFault(StrEnum):
    """What is wrong with a request or an answer."""

    STATUS = "status"
    """The answer does not say 200."""
    REDIRECT = "redirect"
    """The answer says that it is to be had elsewhere; nobody goes there."""
    METHOD = "method"
    """The request is no POST."""
    PATH = "path"
    """The request is for something else."""
    TYPE = "type"
    """Content-Type is another."""
    CODED = "coded"
    """The body comes in chunks, or compressed."""
    LENGTH = "length"
    """No Content-Length, several, none that is a number, or one out of bounds."""
    HEAD = "head"
    """Start line or header lines are none, or too long."""


class HttpRefused(FramingError):
    """A request or an answer that is not taken."""

    remedy = "Compare path, header lines and type with the other side's specification."

    def __init__(self, fault: HttpFault, text: str, status: int = _OK) -> None:
        super().__init__(text)
        self.fault = fault
        self.status = status
        """Of the answer."""


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """Where requests go: path, host with port, and what the terminal calls itself."""

    path: str
    host: str
    user_agent: str = "Donjin Http 0.1"
    closes: bool = False
    """Whether the connection is for one request only; the host is told so (RFC 9112 §9.6)."""

    def __post_init__(self) -> None:
        if any(not part.isprintable() or not part.isascii() for part in (self.path, self.host, self.user_agent)):
            raise FramingError("a path, host or user agent has characters that end a header line")
        if not self.path.startswith("/") or " " in self.path or not self.host or " " in self.host:
            raise FramingError("expected a path from / on and a host, both without blanks")


class HttpFraming:
    """Packs requests (with a target) or answers (without), and cuts a stream of the other side's back into bodies."""

    def __init__(
        self, target: HttpTarget | None = None, *, path: str | None = None, bytes_max: int = BODY_BYTES_MAX
    ) -> None:
        """``path``: without a target, what requests have to be for; None: anything."""
        self._target = target
        self._path = path
        self._max = bytes_max
        self._buffer = bytearray()
        self._length: int | None = None
        self.ends = False
        """Whether the other side has said that nothing comes behind its last request or answer."""

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
                *(["Connection: close"] if self._target.closes else []),
            ]
        lines += [f"Content-Type:{CONTENT_TYPE}", f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode("ascii") + body

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes from the stream; the bodies that are complete now. Raises HttpRefused."""
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
                        raise HttpRefused(HttpFault.HEAD, f"no end of the header lines within {HEAD_BYTES_MAX} bytes")
                    return found
                self._length = self._body_length(bytes(self._buffer[:end]))
                del self._buffer[: end + len(_END)]
            if len(self._buffer) < self._length:
                return found
            found.append(bytes(self._buffer[: self._length]))
            del self._buffer[: self._length]
            self._length = None

    @property
    def waiting(self) -> int:
        """Bytes of a request or an answer that has not ended."""
        return len(self._buffer) + (0 if self._length is None else 1)

    def _body_length(self, head: bytes) -> int:
        start, *lines = head.split(b"\r\n")
        old = self._checked_start(start)
        fields = [_field(line) for line in lines]
        if any(name == b"transfer-encoding" or (name, value) in _CODED for name, value in fields):
            raise HttpRefused(HttpFault.CODED, "the body comes in chunks or compressed; expected Content-Length")
        lengths = {value for name, value in fields if name == b"content-length"}
        if len(lengths) != 1:
            raise HttpRefused(HttpFault.LENGTH, "expected one Content-Length")
        digits = lengths.pop()
        if not digits.isdigit() or len(digits) > 9 or not 1 <= int(digits) <= self._max:
            raise HttpRefused(HttpFault.LENGTH, f"Content-Length is not a number in 1..{self._max}")
        # Some hosts leave the type out; one that names another sends something else, such as a page of a proxy.
        types = {value.partition(b";")[0].strip().lower() for name, value in fields if name == b"content-type"}
        if types - {CONTENT_TYPE.lower().encode("ascii")}:
            raise HttpRefused(HttpFault.TYPE, f"the type of the body is not {CONTENT_TYPE}")
        words = [word.strip() for name, value in fields if name == b"connection" for word in value.lower().split(b",")]
        self.ends = b"close" in words or (old and b"keep-alive" not in words)
        return int(digits)

    def _checked_start(self, start: bytes) -> bool:
        """The start line: a status where we send requests, a request where we answer them. Whether it is HTTP/1.0."""
        words = start.split(b" ", 2)
        if self._target is not None:
            if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit() or len(words[1]) != 3:
                raise HttpRefused(HttpFault.HEAD, "expected the status line of an HTTP/1 answer")
            status = int(words[1])
            if status in _REDIRECTS:
                raise HttpRefused(HttpFault.REDIRECT, f"the host answers with HTTP status {status}: elsewhere", status)
            if status != _OK:
                raise HttpRefused(HttpFault.STATUS, f"the host answers with HTTP status {status}", status)
            return words[0] == b"HTTP/1.0"
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            raise HttpRefused(HttpFault.HEAD, "expected the request line of an HTTP/1 POST")
        if words[0] != b"POST":
            raise HttpRefused(HttpFault.METHOD, "expected POST")
        if self._path is not None and words[1] != self._path.encode("ascii"):
            raise HttpRefused(HttpFault.PATH, "the request is for another path")
        return words[2] == b"HTTP/1.0"


_CODED = frozenset((b"content-encoding", name) for name in (b"gzip", b"deflate", b"br", b"compress", b"zstd"))


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise HttpRefused(HttpFault.HEAD, "a header line is not a name, a colon and a value")
    return name.lower(), value.strip().lower() if name.lower() == b"content-encoding" else value.strip()


class UnionPayHttpFraming:
    """UnionPay frames in HTTP: each body is one frame with its length."""

    def __init__(self, target: HttpTarget | None = None, *, path: str | None = None) -> None:
        """As ``HttpFraming``."""
        self._http = HttpFraming(target, path=path)

    def pack(self, frame: UnionPayFrame) -> bytes:
        """A request or an answer. Raises FramingError when the frame is too long."""
        return self._http.pack(UnionPayFraming().pack(frame))

    def feed(self, data: bytes) -> list[UnionPayFrame]:
        """Take bytes from the stream; the frames that are complete now. Raises FramingError."""
        return [_only_frame(body) for body in self._http.feed(data)]

    @property
    def waiting(self) -> int:
        """Bytes of a request or an answer that has not ended."""
        return self._http.waiting

    @property
    def ends(self) -> bool:
        """Whether the other side has said that nothing comes behind its last request or answer."""
        return self._http.ends


def _only_frame(body: bytes) -> UnionPayFrame:
    framing = UnionPayFraming()
    frames = framing.feed(body)
    if len(frames) != 1 or framing.waiting:
        raise FramingError("the body is not one frame with its length", None, 0)
    return frames[0]
