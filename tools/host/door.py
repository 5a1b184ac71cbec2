"""The host's door: how frames stand on its port, on the connection itself or in HTTP (facts/unionpay.md §1)."""

from __future__ import annotations

from typing import Protocol

from iso8583 import Iso8583Error
from iso8583.framing import UnionPayFrame, UnionPayFraming
from iso8583.http_framing import HttpFault, HttpRefused, UnionPayHttpFraming
from tools.host.faults import Fault

__all__ = ["Door", "FrameDoor", "Framing", "HttpDoor"]

_OVERLONG = b"\xff\xff"
_STATUS = {
    HttpFault.PATH: "404 Not Found",
    HttpFault.METHOD: "405 Method Not Allowed",
    HttpFault.TYPE: "415 Unsupported Media Type",
    HttpFault.LENGTH: "413 Content Too Large",
}
"""What a request that is not taken is told; 400 for all others."""


class Framing(Protocol):
    """Cuts what one terminal sends into frames."""

    def feed(self, data: bytes) -> list[UnionPayFrame]:
        """Take bytes; the frames that are complete now. Raises Iso8583Error."""

    @property
    def ends(self) -> bool:
        """Whether the terminal wants the connection to end with the answer."""


class Door(Protocol):
    """One form of the port."""

    def framing(self) -> Framing:
        """For a connection that begins."""

    def pack(self, frame: UnionPayFrame) -> bytes:
        """An answer."""

    def spoiled(self, fault: Fault, frame: UnionPayFrame) -> bytes:
        """An answer with a fault of this form; whole where the form has no such fault."""

    def refusal(self, error: Iso8583Error) -> bytes:
        """What is said to bytes that cannot be read, before hanging up."""


class FrameDoor:
    """Frames on the connection itself."""

    def framing(self) -> Framing:
        """For a connection that begins."""
        return UnionPayFraming()

    def pack(self, frame: UnionPayFrame) -> bytes:
        """A frame after its length."""
        return UnionPayFraming().pack(frame)

    def spoiled(self, fault: Fault, frame: UnionPayFrame) -> bytes:
        """A length of 65 535, or whole."""
        whole = self.pack(frame)
        return _OVERLONG + whole[2:] if fault is Fault.OVERLONG else whole

    def refusal(self, error: Iso8583Error) -> bytes:
        """Nothing: this form has no words for it."""
        return b""


class HttpDoor:
    """Each frame in a POST, its answer in the response."""

    def __init__(self, path: str) -> None:
        self._path = path

    def framing(self) -> Framing:
        """For a connection that begins."""
        return UnionPayHttpFraming(path=self._path)

    def pack(self, frame: UnionPayFrame) -> bytes:
        """A response with status 200."""
        return UnionPayHttpFraming().pack(frame)

    def spoiled(self, fault: Fault, frame: UnionPayFrame) -> bytes:
        """As a proxy or another server would answer."""
        whole = self.pack(frame)
        head, _, body = whole.partition(b"\r\n\r\n")
        match fault:
            case Fault.OVERLONG:
                return whole.replace(b"Content-Length: %d" % len(body), b"Content-Length: 65535", 1)
            case Fault.HTTP_ERROR:
                return _page("503 Service Unavailable")
            case Fault.HTTP_REDIRECT:
                return _page("302 Found", "Location: /elsewhere")
            case Fault.HTTP_TYPE:
                return _page("200 OK")
            case Fault.HTTP_CHUNKED:
                start = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked", 1)
                return start + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return whole

    def refusal(self, error: Iso8583Error) -> bytes:
        """A status that says what was wrong."""
        fault = error.fault if isinstance(error, HttpRefused) else None
        return _page(_STATUS.get(fault, "400 Bad Request") if fault else "400 Bad Request", "Connection: close")


def _page(status: str, *headers: str) -> bytes:
    body = f"<p>{status}</p>".encode("ascii")
    lines = (f"HTTP/1.1 {status}", *headers, "Content-Type: text/html", f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode("ascii") + body
