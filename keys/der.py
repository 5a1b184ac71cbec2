"""Distinguished encoding rules (X.690): read strictly, written canonically.

Only what key transport needs: definite lengths in their shortest form, tags of one byte. Whatever another encoder
could have written otherwise is refused, so that what was signed is what is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keys.ciphers import Data
from keys.errors import KeysError

__all__ = [
    "INTEGER",
    "NULL",
    "OBJECT",
    "OCTETS",
    "SEQUENCE",
    "SET",
    "DerError",
    "Element",
    "context",
    "integer",
    "object_identifier",
    "read",
    "write",
    "write_integer",
    "write_object",
    "write_set",
]

INTEGER, OCTETS, NULL, OBJECT, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31
_LONG, _BYTES_MAX, _DEPTH_MAX = 0x80, 1 << 20, 16
_HIGH_TAG = 0x1F
_CONSTRUCTED = 0x20


class DerError(KeysError):
    """Bytes that are not the one right encoding of what was expected. Never says what they held."""

    remedy = "Have the message made again; its encoding is not DER."


def context(number: int, *, constructed: bool = True) -> int:
    """Tag ``[number]`` of a context."""
    return 0x80 | (_CONSTRUCTED if constructed else 0) | number


@dataclass(frozen=True, slots=True)
class Element:
    """One encoded value. Its parts are views of the message, so that a secret in it has no second copy."""

    tag: int
    body: memoryview
    encoded: memoryview
    """All of it: tag, length, body."""

    def children(self) -> list[Element]:
        """The values inside. Raises DerError."""
        if not self.tag & _CONSTRUCTED:
            raise DerError("A constructed value was expected.")
        return list(_elements(self.body))

    def expect(self, tag: int) -> Element:
        """Itself. Raises DerError for another tag."""
        if self.tag != tag:
            raise DerError(f"Tag {tag:02X} was expected, not {self.tag:02X}.")
        return self

    def set_members(self) -> list[Element]:
        """Members of a SET OF, which must stand in order of their encodings (X.690, 11.6). Raises DerError."""
        members = self.children()
        encodings = [bytes(member.encoded) for member in members]
        if encodings != sorted(encodings):
            raise DerError("The members of a set are not in order.")
        return members


def read(data: Data, tag: int) -> Element:
    """The one value that these bytes are, with nothing behind it. Raises DerError."""
    if len(data) > _BYTES_MAX:
        raise DerError(f"The message is longer than {_BYTES_MAX} bytes.")
    elements = list(_elements(memoryview(data)))
    if len(elements) != 1:
        raise DerError("One value was expected.")
    _check_depth(elements[0], 0)
    return elements[0].expect(tag)


def _check_depth(element: Element, depth: int) -> None:
    """Every constructed value down to the leaves is well formed, and none is deeper than it needs to be."""
    if depth > _DEPTH_MAX:
        raise DerError("The message is nested too deeply.")
    if element.tag & _CONSTRUCTED:
        for child in element.children():
            _check_depth(child, depth + 1)


def _elements(data: memoryview) -> Iterator[Element]:
    at = 0
    while at < len(data):
        start, tag = at, data[at]
        if tag & _HIGH_TAG == _HIGH_TAG or at + 2 > len(data):
            raise DerError("A tag or its length is cut off, or of a form that does not occur.")
        length, at = data[at + 1], at + 2
        if length & _LONG:
            count = length & ~_LONG
            digits = data[at : at + count]
            length = int.from_bytes(digits, "big")
            if not 0 < count <= 4 or len(digits) != count or digits[0] == 0 or length < _LONG:
                raise DerError("A length is not written in its shortest form.")
            at += count
        if at + length > len(data):
            raise DerError("A value is shorter than it says.")
        yield Element(tag, data[at : at + length], data[start : at + length])
        at += length


def integer(element: Element) -> int:
    """Value of an INTEGER in its shortest form. Raises DerError."""
    body = bytes(element.expect(INTEGER).body)
    value = int.from_bytes(body, "big", signed=True)
    if not body or body != _integer_body(value):
        raise DerError("A number is not written in its shortest form.")
    return value


def object_identifier(element: Element) -> str:
    """Dotted form of an OBJECT IDENTIFIER. Raises DerError."""
    body = element.expect(OBJECT).body
    if not body or body[-1] & _LONG:
        raise DerError("An object identifier is cut off.")
    numbers, value, fresh = [], 0, True
    for byte in body:
        if fresh and byte == _LONG:
            raise DerError("An object identifier is not written in its shortest form.")
        value, fresh = value << 7 | byte & 0x7F, not byte & _LONG
        if fresh:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


def write(tag: int, *parts: bytes) -> bytes:
    """A value of these parts."""
    body = b"".join(parts)
    if len(body) < _LONG:
        return bytes((tag, len(body))) + body
    digits = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(digits))) + digits + body


def write_set(members: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF, its members in order of their encodings."""
    return write(tag, *sorted(members))


def write_integer(value: int) -> bytes:
    """An INTEGER."""
    return write(INTEGER, _integer_body(value))


def write_object(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    body = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | _LONG)
        body += bytes(reversed(digits))
    return write(OBJECT, bytes(body))


def _integer_body(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)
