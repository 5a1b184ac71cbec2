"""Which dialect some bytes are in, and how sure that is: every form of frame and every dialect is tried.

What decodes to the last byte is weighed by what only a right reading is likely to show: a frame's length that
fits, an MTI of the dialect's edition, dates that exist, a check digit, chip data that is BER-TLV.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import iso8583
from iso8583.dialect import Dialect
from iso8583.errors import Iso8583Error
from iso8583.framing import HEADER_BYTES, TPDU_BYTES, LengthFraming
from iso8583.message import Message
from iso8583.subfields import split

__all__ = ["Guess", "Unframed", "guesses", "unframed"]

PLAIN = "no frame"


@dataclass(frozen=True, slots=True, repr=False)
class Unframed:
    """Bytes from the MTI on, and what was around them."""

    framing: str
    body: bytes
    tpdu: bytes = b""
    header: bytes = b""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, repr=False)
class Guess:
    """A reading of the bytes; of all readings the confidences add up to at most 1."""

    dialect: Dialect
    message: Message
    frame: Unframed
    confidence: float

    def __repr__(self) -> str:
        return f"Guess({self.dialect.name}, {self.frame.framing}, {self.confidence:.2f})"


_LENGTHS = (
    ("2-byte length", LengthFraming("binary", bytes_max=65535)),
    ("2-byte length that counts itself", LengthFraming("binary", inclusive=True, bytes_max=65533)),
    ("4-digit length", LengthFraming("ascii", bytes_max=9999)),
    ("4-digit length that counts itself", LengthFraming("ascii", inclusive=True, bytes_max=9995)),
    ("BCD length", LengthFraming("bcd", bytes_max=9999)),
)
_FITS = 50.0
"""A length that fits by chance is rarer than that."""


def unframed(data: bytes) -> list[Unframed]:
    """Every way to take a frame off: none, a length, TPDU, application header, HTTP, and what of them goes together."""
    found = [Unframed(PLAIN, data)]
    contents = [("", data, 1.0)]
    http_end = data.find(b"\r\n\r\n") if data[:5] in (b"POST ", b"HTTP/") else -1
    if http_end >= 0:
        inner = unframed(data[http_end + 4 :].removesuffix(b"\r\n\r\n"))
        return [Unframed(f"HTTP, {one.framing}", one.body, one.tpdu, one.header, one.weight) for one in inner]
    for name, framing in _LENGTHS:
        content = _content(framing, data)
        if content is not None:
            contents.append((name, content, _FITS))
            found.append(Unframed(name, content, weight=_FITS))
    head = TPDU_BYTES + HEADER_BYTES
    for name, content, weight in contents:
        # A TPDU begins with 60 (facts/unionpay.md §1); so does an application header.
        if len(content) > head and content[0] == 0x60 and content[TPDU_BYTES] >> 4 == 6:
            named = f"{name}, TPDU and header" if name else "TPDU and header"
            found.append(
                Unframed(named, content[head:], content[:TPDU_BYTES], content[TPDU_BYTES:head], weight * _FITS)
            )
        if len(content) > TPDU_BYTES and content[0] == 0x60:
            named = f"{name}, TPDU" if name else "TPDU"
            found.append(Unframed(named, content[TPDU_BYTES:], content[:TPDU_BYTES], b"", weight * 5))
    return found


def _content(framing: LengthFraming, data: bytes) -> bytes | None:
    """What follows a length that fits exactly."""
    if len(data) <= framing.size:
        return None
    try:
        length = framing.length_of(data[: framing.size])
    except Iso8583Error:
        return None
    return data[framing.size :] if length == len(data) - framing.size else None


def guesses(data: bytes) -> list[Guess]:
    """Readings of the bytes, the likeliest first; none when no dialect takes them."""
    weighed: list[tuple[float, Dialect, Message, Unframed]] = []
    for frame in unframed(data):
        for dialect in map(iso8583.dialect, iso8583.dialect_names()):
            try:
                message = dialect.decode(frame.body)
            except Iso8583Error:
                continue
            weighed.append((frame.weight * _weight(dialect, message), dialect, message, frame))
    total = sum(weight for weight, *_ in weighed)
    found = [
        Guess(dialect, message, frame, min(weight / (total + _NOISE), CERTAIN))
        for weight, dialect, message, frame in weighed
    ]
    return sorted(found, key=lambda guess: -guess.confidence)


_NOISE = 0.3
"""Weight of the reading that we do not have."""
CERTAIN = 0.99
"""No guess is surer."""
_EDITIONS = {"iso93": "1"}
_RARER = {"unionpay-host": 0.5, "unionpay-host-hex": 0.3}


def _weight(dialect: Dialect, message: Message) -> float:
    weight = _RARER.get(dialect.name, 1.0)
    for factor in _evidence(dialect, message):
        weight *= factor
    return weight


def _evidence(dialect: Dialect, message: Message) -> Iterator[float]:
    """Factors above 1 for what a right reading shows, below 1 for what only a wrong one does."""
    mti = message.mti
    edition = _EDITIONS.get(dialect.name[:5], "0")
    yield 4.0 if mti[0] == edition else 0.2
    yield 3.0 if mti[1] in "12345678" and mti[2] in "01234" and mti[3] in "012345" else 0.05
    yield 1.0 if message.elements else 0.1
    for number, limits in _RANGES.items():
        value = message.get(number)
        if isinstance(value, str) and value.isdecimal() and not (number == 12 and len(value) != 6):
            yield 2.0 if _in_range(value, limits) else 0.1
    pan = message.get(2)
    if isinstance(pan, str) and len(pan) >= 12:
        yield 3.0 if _luhn(pan) else 0.7
    for number in (54, 55, 60, 90):
        value = message.get(number)
        element = dialect.declaration.elements.get(number)
        if value and element is not None and element.inside:
            yield 2.0 if _splits(number, dialect, value) else 0.2


_RANGES: dict[int, tuple[tuple[int, int, int], ...]] = {
    7: ((0, 1, 12), (2, 1, 31), (4, 0, 23), (6, 0, 59), (8, 0, 59)),
    12: ((0, 0, 23), (2, 0, 59), (4, 0, 59)),
    13: ((0, 1, 12), (2, 1, 31)),
}
"""Of dates and times: place of two digits, least, largest."""


def _in_range(value: str, limits: tuple[tuple[int, int, int], ...]) -> bool:
    return all(low <= int(value[place : place + 2] or "0") <= high for place, low, high in limits)


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + index % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _splits(number: int, dialect: Dialect, value: str | bytes) -> bool:
    try:
        split(number, dialect.declaration.elements[number], value)
    except Iso8583Error:
        return False
    return True
