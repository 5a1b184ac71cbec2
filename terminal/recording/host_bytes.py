"""What the host sends, without what may not be kept: frame by frame, in the turn in which a frame is whole.

Until then the terminal does nothing with it, so a replay that gets the frame at once does the same.
"""

from __future__ import annotations

from collections.abc import Callable

from iso8583 import Dialect, Iso8583Error, Message
from iso8583.framing import UnionPayFrame, UnionPayFraming
from iso8583.tlv import pack_tagged, parse_tagged
from terminal.acquirer.line import Framing
from terminal.recording.tokens import Tokens

__all__ = ["HostBytes"]

_NO_LENGTH = b"\xff\xff"
"""Longer than any frame: refused like whatever broke the framing."""
_PAN, _TRACKS, _PIN, _KEYS = 2, (35, 36, 45), 52, 62
_SIGN_ON_ANSWER = "0810"
_TAGGED, _SCANNED_CODE = 59, "A3"


def _broken_answer(error: Iso8583Error) -> bytes:
    """An HTTP answer that is refused for the same reason, without anything that the host's may hold."""
    from iso8583.http_framing import HttpFault, HttpRefused

    if not isinstance(error, HttpRefused):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + _NO_LENGTH
    lines = {
        HttpFault.TYPE: b"Content-Type: other\r\nContent-Length: 1\r\n",
        HttpFault.CODED: b"Transfer-Encoding: chunked\r\n",
        HttpFault.LENGTH: b"",
        HttpFault.HEAD: b"no header\r\n",
    }
    return b"HTTP/1.1 %d .\r\n%s\r\n" % (error.status, lines.get(error.fault, b""))


class HostBytes:
    """One connection."""

    def __init__(self, dialect: Dialect, tag_digits: int, tokens: Callable[[], Tokens], *, http: bool = False) -> None:
        """``tag_digits``: of a length in element 59; ``http``: each frame comes in an HTTP answer."""
        self._dialect = dialect
        self._digits = tag_digits
        self._tokens = tokens
        self._http = http
        self._framing = self._begun()

    def washed(self, data: bytes) -> bytes:
        """Whole frames with tokens; empty while there is none."""
        try:
            frames = self._framing.feed(data)
        except Iso8583Error as error:
            self._framing = self._begun()
            return _broken_answer(error) if self._http else _NO_LENGTH
        return b"".join(self._packed(self._frame(frame)) for frame in frames)

    def _begun(self) -> Framing:
        if not self._http:
            return UnionPayFraming()
        from iso8583.http_framing import HttpTarget, UnionPayHttpFraming  # only where it is spoken

        return UnionPayHttpFraming(HttpTarget("/", "host"))

    def _packed(self, frame: UnionPayFrame) -> bytes:
        packed = UnionPayFraming().pack(frame)
        if not self._http:
            return packed
        connection = b"Connection: close\r\n" if self._framing.ends else b""
        return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (connection, len(packed), packed)

    def _frame(self, frame: UnionPayFrame) -> UnionPayFrame:
        try:
            message = self._dialect.decode(frame.body)
            body = self._dialect.encode(self._message(message))
        except Iso8583Error:
            body = b"\xff" * len(frame.body)  # no message, and none in the replay
        return UnionPayFrame(frame.tpdu, frame.header, body)

    def _coded(self, text: str) -> str:
        """Element 59 without the payment code that a host may send back."""
        try:
            tags = parse_tagged(text, self._digits)
            if code := tags.get(_SCANNED_CODE):
                tags[_SCANNED_CODE] = self._tokens().code(code.encode("utf-8")).decode("ascii")
                return pack_tagged(tags, self._digits)
        except Iso8583Error:
            pass
        return text

    def _message(self, message: Message) -> Message:
        tokens, elements = self._tokens(), dict(message.elements)
        for element, value in message.elements.items():
            if element == _PAN and isinstance(value, str):
                elements[element] = tokens.number(value.encode("ascii")).decode("ascii")
            elif element in _TRACKS and isinstance(value, str):
                elements[element] = tokens.track(value.encode("ascii", "replace")).decode("ascii")
            elif element == _PIN or (element == _KEYS and message.mti == _SIGN_ON_ANSWER):
                elements[element] = bytes(len(value)) if isinstance(value, bytes) else "0" * len(value)
            elif isinstance(value, str):
                elements[element] = tokens.text(self._coded(value) if element == _TAGGED else value)
            else:
                elements[element] = tokens.packed(value)
        return Message(message.mti, elements)
