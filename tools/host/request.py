"""A decoded request as the host looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from iso8583 import Message

__all__ = ["Original", "Request", "is_request", "original_of", "tagged"]

TYPE = slice(0, 2)
BATCH = slice(2, 8)
NETWORK = slice(8, 11)
_ACCOUNT_ELEMENTS = (35, 2, 36)


@dataclass(frozen=True, slots=True)
class Original:
    """Element 61: which older message is meant."""

    batch: int
    stan: int


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A message of a terminal; its parts by their names (facts/unionpay.md §2). The repr hides it."""

    message: Message
    body: bytes
    """As it came, for the MAC."""
    header: bytes
    number: int
    """The host's own count of messages since it started."""

    def text(self, element: int) -> str:
        """A text element, empty when it is not there."""
        value = self.message.get(element)
        return value if isinstance(value, str) else ""

    def data(self, element: int) -> bytes:
        """A binary element, empty when it is not there."""
        value = self.message.get(element)
        return value if isinstance(value, bytes) else b""

    @property
    def mti(self) -> str:
        """Message type, four digits."""
        return self.message.mti

    @property
    def terminal(self) -> str:
        """Element 41."""
        return self.text(41)

    @property
    def stan(self) -> int:
        """Element 11, 0 when it is not there."""
        return _number(self.text(11))

    @property
    def batch(self) -> int:
        """Element 60.2."""
        return _number(self.text(60)[BATCH])

    @property
    def type_code(self) -> str:
        """Element 60.1."""
        return self.text(60)[TYPE]

    @property
    def network_code(self) -> str:
        """Element 60.3."""
        return self.text(60)[NETWORK]

    @property
    def amount_minor(self) -> int:
        """Element 4, 0 when it is not there."""
        return _number(self.text(4))

    @property
    def currency(self) -> str:
        """Element 49."""
        return self.text(49)

    @property
    def original(self) -> Original | None:
        """Element 61, or None when it is not there."""
        return original_of(self.text(61))

    @property
    def pan_and_expiry(self) -> tuple[str, str]:
        """Card number and YYMM from track 2, or from elements 2 and 14; empty strings when there is neither."""
        number, separator, rest = self.text(35).replace("=", "D").partition("D")
        if separator:
            return number, rest[:4]
        return self.text(2), self.text(14)

    def __repr__(self) -> str:
        return f"Request({self.mti}, STAN {self.stan:06d})"


def is_request(mti: str) -> bool:
    """Whether a message may be answered: answering an answer would never end (MTI position 3 is even)."""
    return len(mti) == 4 and mti.isdecimal() and int(mti[2]) % 2 == 0


def original_of(text: str) -> Original | None:
    """Batch and trace of element 61."""
    return Original(_number(text[:6]), _number(text[6:12])) if len(text) >= 12 else None


def tagged(text: str, tag: str, length_digits: int) -> str:
    """The value of a tag in element 59: tag, decimal length, value, repeated (§3.6); empty when it is not there."""
    position = 0
    while position + 2 + length_digits <= len(text):
        name = text[position : position + 2]
        length = text[position + 2 : position + 2 + length_digits]
        if not length.isdecimal():
            return ""
        start = position + 2 + length_digits
        if name == tag:
            value = text[start : start + int(length)]
            return value if len(value) == int(length) else ""
        position = start + int(length)
    return ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
