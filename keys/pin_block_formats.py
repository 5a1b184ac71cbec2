"""PIN blocks under a key: which formats a cipher knows, and the clear block wiped whatever happens.

Sent online are formats 0, 3 and 4 and UnionPay's (ISO 9564-1); format 1 only where an acquirer's profile asks for it;
format 2 stays between terminal and chip and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keys.ciphers import Data, Key, cipher, wipe, xor
from keys.errors import PinBlockError, UsageRefused
from keys.key_in_use import AnyKey, in_use
from keys.pin_block import (
    Pan,
    Random,
    format_0,
    format_1,
    format_3,
    format_4_pan_field,
    format_4_pin_field,
    parse_format_0,
    parse_format_1,
    parse_format_3,
    parse_format_4_pin_field,
    parse_unionpay,
    parse_unionpay_sm4,
    unionpay,
    unionpay_sm4,
)
from keys.secret import Secret

__all__ = ["PIN_FORMATS", "decrypt_pin", "encrypt_pin"]

Build = Callable[[Secret, Pan | None, Random], bytearray]
Parse = Callable[[Data, Pan | None], Secret]


@dataclass(frozen=True, slots=True)
class _Format:
    build: Build
    parse: Parse
    needs_pan: bool


def _pan(pan: Pan | None) -> Pan:
    assert pan is not None  # encrypt_pin and decrypt_pin have looked
    return pan


_UNIONPAY = _Format(
    lambda pin, pan, random: unionpay(pin) if pan is None else format_0(pin, pan),
    lambda block, pan: parse_unionpay(block) if pan is None else parse_format_0(block, pan),
    needs_pan=False,
)
_FORMAT_4 = _Format(
    lambda pin, pan, random: format_4_pin_field(pin, random),
    lambda block, pan: parse_format_4_pin_field(block),
    needs_pan=True,
)
PIN_FORMATS: Mapping[tuple[int | str, str], _Format] = {
    (0, "tdes"): _Format(
        lambda pin, pan, random: format_0(pin, _pan(pan)), lambda block, pan: parse_format_0(block, _pan(pan)), True
    ),
    (1, "tdes"): _Format(
        lambda pin, pan, random: format_1(pin, random), lambda block, pan: parse_format_1(block), False
    ),
    (3, "tdes"): _Format(
        lambda pin, pan, random: format_3(pin, _pan(pan), random),
        lambda block, pan: parse_format_3(block, _pan(pan)),
        True,
    ),
    (4, "aes"): _FORMAT_4,
    ("unionpay", "tdes"): _UNIONPAY,
    ("unionpay", "sm4"): _Format(lambda pin, pan, random: unionpay_sm4(pin, pan), parse_unionpay_sm4, False),
}
"""By format and cipher: 0, 1, 3, 4 or ``unionpay`` (format 0 where a card number is known)."""


def encrypt_pin(key: AnyKey, algorithm: str, pin: Secret, pan: Pan | None, format: int | str, random: Random) -> bytes:
    """The enciphered PIN block: 8 bytes with TDES, 16 with AES and SM4. Raises PinBlockError, UsageRefused."""
    chosen, used = _chosen(format, algorithm, pan), in_use(key, algorithm)
    clear = chosen.build(pin, pan, random)
    try:
        once = used.ecb_encrypt(clear)
    finally:
        wipe(clear)
    if chosen is not _FORMAT_4:
        return once
    return used.ecb_encrypt(xor(once, format_4_pan_field(_pan(pan))))


def decrypt_pin(key: Key, algorithm: str, block: Data, pan: Pan | None, format: int | str) -> Secret:
    """The PIN, as a host reads it. Raises PinBlockError (also under a wrong key), UsageRefused."""
    chosen = _chosen(format, algorithm, pan)
    if len(block) != cipher(algorithm).block:
        raise PinBlockError("The PIN block is not of its format.")
    clear = cipher(algorithm).ecb_recover(key, block)
    try:
        if chosen is _FORMAT_4:
            mixed = xor(clear, format_4_pan_field(_pan(pan)))
            clear = cipher(algorithm).ecb_recover(key, mixed)
        return chosen.parse(clear, pan)
    finally:
        wipe(clear)


def _chosen(format: int | str, algorithm: str, pan: Pan | None) -> _Format:
    chosen = PIN_FORMATS.get((format, algorithm))
    if chosen is None:
        raise UsageRefused(f"A {algorithm.upper()} key makes no PIN block of format {format}.")
    if chosen.needs_pan and pan is None:
        raise PinBlockError(f"A PIN block of format {format} needs the card number.", "Present the card again.")
    return chosen
