"""How an answer leaves the host: sealed and whole, or damaged as a fault orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iso8583 import Dialect, Message
from iso8583.framing import UnionPayFrame
from tools.host.door import Door, FrameDoor
from tools.host.faults import Fault
from tools.host.security import Security

__all__ = ["Delivery", "Envelope"]

MAC_ELEMENT = 64
MAC_BYTES = 8
_WISH_DIGIT = 5
"""Index of the header digit in which a host asks a terminal for something (facts/unionpay.md §1)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Pieces to write one after the other, and whether to hang up after the last."""

    pieces: tuple[bytes, ...]
    close: bool = False


class Envelope:
    """Puts answers into frames, with MAC, and damages them on order."""

    def __init__(
        self, dialect: Dialect, security: Security, random: Callable[[int], bytes], door: Door | None = None
    ) -> None:
        self._dialect = dialect
        self._security = security
        self._random = random
        self.door: Door = door or FrameDoor()

    def deliver(
        self, asked: UnionPayFrame, terminal: str, message: Message, *, mac: bool, wish: str, fault: Fault | None
    ) -> Delivery:
        """The bytes of an answer to ``asked``."""

        def framed(body: bytes) -> UnionPayFrame:
            return UnionPayFrame(_swapped(asked.tpdu), _wished(asked.header, wish), body)

        def frame(body: bytes) -> bytes:
            return self.door.pack(framed(body))

        def sealed(changed: Message) -> bytes:
            return frame(self.seal(terminal, changed, mac=mac))

        whole = sealed(message)
        match fault:
            case Fault.WRONG_MAC if mac:
                body = self.seal(terminal, message, mac=True)
                return Delivery((frame(body[:-1] + (b"0" if body[-1:] != b"0" else b"1")),))
            case Fault.NO_MAC:
                return Delivery((frame(self.seal(terminal, message, mac=False)),))
            case Fault.GARBAGE:
                return Delivery((frame(self._random(40)),))
            case Fault.TRUNCATED:
                return Delivery((whole[: len(whole) // 2],), close=True)
            case Fault.OVERLONG | Fault.HTTP_ERROR | Fault.HTTP_REDIRECT | Fault.HTTP_TYPE | Fault.HTTP_CHUNKED:
                return Delivery((self.door.spoiled(fault, framed(self.seal(terminal, message, mac=mac))),))
            case Fault.OTHER_STAN:
                return Delivery((sealed(_with(message, 11, _other(message, 11))),))
            case Fault.OTHER_AMOUNT:
                return Delivery((sealed(_with(message, 4, _other(message, 4))),))
            case Fault.OTHER_MTI:
                other = Message("0230" if message.mti == "0210" else "0210", message.elements)
                return Delivery((sealed(other),))
            case Fault.DUPLICATE:
                return Delivery((whole, whole))
            case Fault.STALE_FIRST:
                return Delivery((sealed(_with(message, 11, _other(message, 11))), whole))
            case Fault.SPLIT:
                return Delivery(tuple(whole[index : index + 1] for index in range(len(whole))))
        return Delivery((whole,))

    def seal(self, terminal: str, message: Message, *, mac: bool) -> bytes:
        """A message's bytes, element 64 over everything before it when ``mac``."""
        elements = {element: value for element, value in message.elements.items() if element != MAC_ELEMENT}
        if not mac:
            return self._dialect.encode(Message(message.mti, elements))
        elements[MAC_ELEMENT] = bytes(MAC_BYTES)
        covered = self._dialect.encode(Message(message.mti, elements))[:-MAC_BYTES]
        return covered + self._security.mac(terminal, covered)


def _with(message: Message, element: int, value: str) -> Message:
    return Message(message.mti, {**message.elements, element: value} if element in message else message.elements)


def _other(message: Message, element: int) -> str:
    """Another number of the same length."""
    value = message.get(element)
    text = value if isinstance(value, str) and value.isdecimal() else "0"
    return f"{(int(text) + 1) % 10 ** len(text):0{len(text)}d}"


def _swapped(tpdu: bytes) -> bytes:
    """Destination and source change places on the way back (§1)."""
    return tpdu[:1] + tpdu[3:5] + tpdu[1:3]


def _wished(header: bytes, wish: str) -> bytes:
    digits = header.hex()
    return bytes.fromhex(digits[:_WISH_DIGIT] + wish + digits[_WISH_DIGIT + 1 :])
