"""Keys in parts, parity and what is wrong with a key (facts/keys.md §3).

A key that travels in clear travels as two or three components of full length, each with another person; the key is
their XOR, so that whoever lacks one component knows nothing (PCI PIN Security, requirement 8).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise

from keys.ciphers import Key, cipher
from keys.errors import KeysError
from keys.secret import Secret

__all__ = [
    "COMPONENT_COUNTS",
    "KeyFault",
    "adjust_parity",
    "combine",
    "from_digits",
    "generate",
    "has_odd_parity",
    "key_faults",
    "split",
]

COMPONENT_COUNTS = (2, 3)
_HALF = 8
_DES = "tdes"


class KeyFault(StrEnum):
    """Why a key may not be what somebody meant to send. Whether one refuses the key is the profile's decision."""

    LENGTH = "length"
    """Its cipher knows no key of this length."""
    ZERO = "zero"
    PARITY = "parity"
    """Some byte has an even number of one bits; the cipher does not care, but typing errors look like this."""
    WEAK_PART = "weak-part"
    """A part of 8 bytes is one of DES's weak or semi-weak keys."""
    EQUAL_PARTS = "equal-parts"
    """Two neighbouring parts are the same: single DES in disguise."""


_WEAK_PATTERNS = (
    ("01", "01", "01", "01"),
    ("FE", "FE", "FE", "FE"),
    ("E0", "E0", "F1", "F1"),
    ("1F", "1F", "0E", "0E"),
    ("01", "FE", "01", "FE"),
    ("1F", "E0", "0E", "F1"),
    ("01", "E0", "01", "F1"),
    ("1F", "FE", "0E", "FE"),
    ("01", "1F", "01", "0E"),
    ("E0", "FE", "F1", "FE"),
)
"""NIST SP 800-67, 3.3.2: bytes 0, 1, 4 and 5, each twice in its half; the last six also with their pairs exchanged."""


def _weak_parts() -> frozenset[bytes]:
    parts = set()
    for a, b, c, d in _WEAK_PATTERNS:
        parts.add(bytes.fromhex((a + b) * 2 + (c + d) * 2))
        parts.add(bytes.fromhex((b + a) * 2 + (d + c) * 2))
    return frozenset(bytes(byte & 0xFE for byte in part) for part in parts)


_WEAK = _weak_parts()


def combine(components: Sequence[Secret]) -> Secret:
    """The key of two or three components of one length. They stay with their owner, who wipes them.

    Raises KeysError for another count, for lengths that differ, and for two components that are the same: they cancel.
    """
    if len(components) not in COMPONENT_COUNTS:
        raise KeysError("A key has two or three components.", "Enter every component once.")
    if len({len(component) for component in components}) != 1 or not len(components[0]):
        raise KeysError("The components differ in length.", "Compare the forms: each has the key's full length.")
    key = bytearray(len(components[0]))
    for index, component in enumerate(components):
        with component.open() as part:
            for other in components[:index]:
                with other.open() as known:
                    if hmac.compare_digest(known, part):
                        raise KeysError("Two components are the same.", "Each custodian has a form of their own.")
            for position, byte in enumerate(part):
                key[position] ^= byte
    return Secret(key)


def split(key: Secret, count: int, random: Callable[[int], bytes]) -> list[Secret]:
    """Components of a key, for who hands one out: all but the last are random. Raises KeysError."""
    if count not in COMPONENT_COUNTS:
        raise KeysError("A key has two or three components.")
    parts = [bytearray(random(len(key))) for _ in range(count - 1)]
    with key.open() as clear:
        last = bytearray(clear)
    for part in parts:
        for position, byte in enumerate(part):
            last[position] ^= byte
    return [Secret(part) for part in (*parts, last)]


def generate(algorithm: str, length: int, random: Callable[[int], bytes]) -> Secret:
    """A fresh key of ``length`` bytes; TDES with odd parity and none of DES's weak parts. Raises ValueError."""
    if length not in cipher(algorithm).key_lengths:
        raise ValueError("the cipher has no key of this length")
    for _ in range(_GENERATE_ATTEMPTS):
        key = bytearray(random(length))
        if algorithm == _DES:
            adjust_parity(key)
        if not key_faults(key, algorithm):
            return Secret(key)
    raise KeysError("The source of randomness gives no usable key.", "Replace the device.")


_GENERATE_ATTEMPTS = 8
"""A sound source needs a second one once in 2^50 keys."""


def has_odd_parity(key: Key) -> bool:
    """Whether each byte has an odd number of one bits."""
    return all(byte.bit_count() & 1 for byte in key)


def adjust_parity(key: bytearray) -> None:
    """Give each byte odd parity by its lowest bit, in place."""
    for position, byte in enumerate(key):
        key[position] = byte if byte.bit_count() & 1 else byte ^ 1


def key_faults(key: Key, algorithm: str) -> frozenset[KeyFault]:
    """Everything that speaks against this key; empty for a sound one."""
    faults = set()
    if len(key) not in cipher(algorithm).key_lengths:
        faults.add(KeyFault.LENGTH)
    if not any(key):
        faults.add(KeyFault.ZERO)
    if algorithm == _DES:
        parts = [bytes(byte & 0xFE for byte in key[start : start + _HALF]) for start in range(0, len(key), _HALF)]
        if not has_odd_parity(key):
            faults.add(KeyFault.PARITY)
        if any(part in _WEAK for part in parts):
            faults.add(KeyFault.WEAK_PART)
        if any(hmac.compare_digest(one, other) for one, other in pairwise(parts)):
            faults.add(KeyFault.EQUAL_PARTS)
    return frozenset(faults)


def from_digits(digits: bytearray) -> Secret:
    """Bytes of the hexadecimal digits that a custodian typed, in ASCII; the digits are wiped.

    Never by way of a str, which cannot be wiped. Raises KeysError.
    """
    try:
        if len(digits) % 2 or not digits:
            raise KeysError("A component has an even number of digits.")
        values = [_DIGITS.find(byte) for byte in digits.upper()]
        if min(values) < 0:
            raise KeysError("A component has the digits 0 to 9 and A to F.")
        return Secret(bytearray(high << 4 | low for high, low in zip(values[::2], values[1::2], strict=True)))
    finally:
        digits[:] = bytes(len(digits))
        digits.clear()


_DIGITS = b"0123456789ABCDEF"
