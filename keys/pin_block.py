"""PIN blocks of ISO 9564-1, and UnionPay's without a card number (facts/keys.md §3, facts/unionpay.md §6).

Clear blocks are bytearrays: who gets one wipes it. ``encrypt_pin`` and ``decrypt_pin`` of keys.pin_block_formats
do it themselves and are what a terminal uses. A card number is ASCII digits with its check digit.
"""

from __future__ import annotations

from collections.abc import Callable

from keys.ciphers import Data, wipe, xor
from keys.errors import PinBlockError
from keys.secret import Secret

__all__ = [
    "Pan",
    "Random",
    "format_0",
    "format_1",
    "format_2",
    "format_3",
    "format_4_pan_field",
    "format_4_pin_field",
    "parse_format_0",
    "parse_format_1",
    "parse_format_2",
    "parse_format_3",
    "parse_format_4_pin_field",
    "parse_unionpay",
    "parse_unionpay_sm4",
    "unionpay",
    "unionpay_sm4",
]

Pan = str | bytes | bytearray | memoryview
Random = Callable[[int], bytes]
"""``random(n)`` gives n unpredictable bytes, such as os.urandom."""

PIN_DIGITS = range(4, 13)
_PAN_DIGITS = range(1, 20)
_ASCII_ZERO = 0x30
_PAN_PART = 12
_DECIMAL, _LETTERS, _ANY = range(10), range(10, 16), range(16)
_F, _A = 0xF, 0xA


def format_0(pin: Secret, pan: Pan) -> bytearray:
    """Format 0: ``0L PIN F…`` XOR ``0000`` and the 12 digits left of the check digit; 8 bytes."""
    return _mixed(unionpay(pin), _pan_field(pan))


def format_1(pin: Secret, random: Random) -> bytearray:
    """Format 1, for when the card number is not known: ``1L PIN`` and random nibbles; 8 bytes."""
    return _block(1, pin, _random_nibbles(random, _ANY))


def format_2(pin: Secret) -> bytearray:
    """Format 2, for the chip of a card only and never sent online: ``2L PIN F…``; 8 bytes."""
    return _block(2, pin, [_F] * 16)


def format_3(pin: Secret, pan: Pan, random: Random) -> bytearray:
    """Format 3: as format 0 with random letters A to F in place of F, fresh for each block; 8 bytes."""
    return _mixed(_block(3, pin, _random_nibbles(random, _LETTERS)), _pan_field(pan))


def format_4_pin_field(pin: Secret, random: Random) -> bytearray:
    """Format 4, first part: ``4L PIN A…`` and 8 random bytes; 16 bytes."""
    return _block(4, pin, [_A] * 16) + random(8)


def format_4_pan_field(pan: Pan) -> bytearray:
    """Format 4, second part: digits beyond 12, the whole card number with check digit, zeros; 16 bytes."""
    digits = _pan_digits(pan).rjust(_PAN_PART, "0")
    return bytearray.fromhex(f"{len(digits) - _PAN_PART:X}{digits}".ljust(32, "0"))


def unionpay(pin: Secret) -> bytearray:
    """``0L PIN F…`` without a card number: UnionPay's form for requests without one; 8 bytes."""
    return _block(0, pin, [_F] * 16)


def unionpay_sm4(pin: Secret, pan: Pan | None) -> bytearray:
    """UnionPay's block for an SM4 key: ``0L PIN F…`` XOR zeros and the 12 digits; 16 bytes."""
    block = unionpay(pin) + b"\xff" * 8
    return block if pan is None else _mixed(block, bytes(8) + _pan_field(pan))


def parse_format_0(block: Data, pan: Pan) -> Secret:
    """PIN of a clear format 0 block. Raises PinBlockError."""
    return _mixed_pin(block, _pan_field(pan), 0, range(_F, _F + 1))


def parse_format_1(block: Data) -> Secret:
    """PIN of a clear format 1 block. Raises PinBlockError."""
    return _pin(block, 1, 16, _ANY)


def parse_format_2(block: Data) -> Secret:
    """PIN of a clear format 2 block. Raises PinBlockError."""
    return _pin(block, 2, 16, range(_F, _F + 1))


def parse_format_3(block: Data, pan: Pan) -> Secret:
    """PIN of a clear format 3 block. Raises PinBlockError."""
    return _mixed_pin(block, _pan_field(pan), 3, _LETTERS)


def parse_format_4_pin_field(field: Data) -> Secret:
    """PIN of a clear format 4 PIN field of 16 bytes; the random half may be anything. Raises PinBlockError."""
    if len(field) != 16:
        raise PinBlockError("The PIN block is not of its format.")
    return _pin(field[:8], 4, 16, range(_A, _A + 1))


def parse_unionpay(block: Data) -> Secret:
    """PIN of a clear block without card number. Raises PinBlockError."""
    return _pin(block, 0, 16, range(_F, _F + 1))


def parse_unionpay_sm4(block: Data, pan: Pan | None) -> Secret:
    """PIN of a clear 16-byte block for an SM4 key. Raises PinBlockError."""
    field = bytearray(16) if pan is None else bytes(8) + _pan_field(pan)
    return _mixed_pin(block, field, 0, range(_F, _F + 1))


def _block(control: int, pin: Secret, fill: list[int]) -> bytearray:
    """By single nibbles: a str or bytes of the PIN could not be wiped."""
    with pin.open() as digits:
        length = len(digits)
        if length not in PIN_DIGITS or not digits.isdigit():
            raise PinBlockError("A PIN has 4 to 12 digits.")
        nibbles = [control, length, *[digit - _ASCII_ZERO for digit in digits], *fill[: 14 - length]]
    return bytearray([high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True)])


def _pin(block: Data, control: int, size: int, fill: range) -> Secret:
    """One error for whatever is wrong: which part it was would tell something of the PIN."""
    nibbles = [part for byte in block for part in (byte >> 4, byte & 0xF)]
    length = nibbles[1] if len(nibbles) == size and nibbles[0] == control else 0
    digits, rest = nibbles[2 : 2 + length], nibbles[2 + length :]
    wrong = length not in PIN_DIGITS or any(digit not in _DECIMAL for digit in digits)
    if wrong or any(nibble not in fill for nibble in rest):
        raise PinBlockError("The PIN block is not of its format.")
    return Secret(bytearray(digit + _ASCII_ZERO for digit in digits))


def _mixed(block: bytearray, field: Data) -> bytearray:
    """In place: no second copy of a clear block."""
    for index, byte in enumerate(field):
        block[index] ^= byte
    return block


def _mixed_pin(block: Data, field: Data, control: int, fill: range) -> Secret:
    if len(block) != len(field):
        raise PinBlockError("The PIN block is not of its format.")
    clear = xor(block, field)
    try:
        return _pin(clear, control, 2 * len(field), fill)
    finally:
        wipe(clear)


def _pan_digits(pan: Pan) -> str:
    digits = pan if isinstance(pan, str) else bytes(pan).decode("ascii", "replace")
    if len(digits) not in _PAN_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise PinBlockError("A card number has up to 19 digits.", "Present the card again.")
    return digits


def _pan_field(pan: Pan) -> bytearray:
    return bytearray.fromhex(_pan_digits(pan)[:-1][-_PAN_PART:].rjust(16, "0"))


def _random_nibbles(random: Random, choices: range) -> list[int]:
    """As many as ever needed, each of the choices alike: one large number written in their base."""
    number = int.from_bytes(random(32), "big")
    nibbles = []
    for _ in range(16):
        number, digit = divmod(number, len(choices))
        nibbles.append(choices[digit])
    return nibbles
