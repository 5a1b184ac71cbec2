"""PIN blocks of ISO 9564-1 in clear, before encryption (facts/keys.md §3, facts/unionpay.md §6)."""

from __future__ import annotations

from keys.errors import PinBlockError
from keys.secret import Secret

__all__ = ["format_0", "parse_format_0", "parse_unionpay", "unionpay"]

PIN_DIGITS = range(4, 13)
_ASCII_ZERO = 0x30


def format_0(pin: Secret, pan: str) -> bytes:
    """Format 0: ``0L PIN F…`` XOR ``0000`` and the 12 digits left of the check digit; 8 bytes."""
    return bytes(a ^ b for a, b in zip(unionpay(pin), _pan_field(pan), strict=True))


def unionpay(pin: Secret) -> bytes:
    """``0L PIN F…`` without a card number: UnionPay's form for requests without one; 8 bytes."""
    with pin.open() as digits:
        if len(digits) not in PIN_DIGITS or not all(0 <= digit - _ASCII_ZERO <= 9 for digit in digits):
            raise PinBlockError("A PIN has 4 to 12 digits.")
        nibbles = [0, len(digits), *(digit - _ASCII_ZERO for digit in digits)]
        nibbles += [0xF] * (16 - len(nibbles))
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


def parse_format_0(block: bytes, pan: str) -> Secret:
    """PIN of a clear format 0 block. Raises PinBlockError."""
    return parse_unionpay(bytes(a ^ b for a, b in zip(block, _pan_field(pan), strict=True)))


def parse_unionpay(block: bytes) -> Secret:
    """PIN of a clear block without card number. Raises PinBlockError."""
    nibbles = [part for byte in block for part in (byte >> 4, byte & 0xF)]
    length = nibbles[1] if len(nibbles) == 16 and nibbles[0] == 0 else 0
    digits, fill = nibbles[2 : 2 + length], nibbles[2 + length :]
    if length not in PIN_DIGITS or any(digit > 9 for digit in digits) or any(nibble != 0xF for nibble in fill):
        raise PinBlockError("The PIN block is not of its format.")
    return Secret(bytearray(digit + _ASCII_ZERO for digit in digits))


def _pan_field(pan: str) -> bytes:
    return bytes.fromhex("0000" + pan[:-1][-12:].rjust(12, "0"))
