"""Encrypted track data as UnionPay acquirers ask for it (facts/unionpay.md §6).

Of a track only 8 bytes, 16 digits near its end, are enciphered and put back in place; length and everything before
stay as they are. Off unless an acquirer's profile asks for it.
"""

from __future__ import annotations

from keys.ciphers import Key, cipher, wipe
from keys.errors import KeysError

__all__ = ["decrypt_track", "encrypt_track", "secret_part"]

_DIGITS = b"0123456789ABCDEF"
_SEPARATOR = ord("=")
_SHORTEST = 17
_PART = 16
_LONGEST = 104


def secret_part(track: bytearray) -> tuple[bytearray, int]:
    """The track in upper-case hexadecimal digits (``=`` as D, filled to 17 with F on the left), and where the 16
    enciphered digits begin. Raises KeysError for a character that no track has."""
    digits = bytearray(ord("D") if byte == _SEPARATOR else byte for byte in track.upper())
    if len(digits) > _LONGEST or any(byte not in _DIGITS for byte in digits):
        wipe(digits)
        raise KeysError("Track data has up to 104 digits and separators.", "Present the card again.")
    digits[:0] = b"F" * (_SHORTEST - len(digits))
    return digits, len(digits) - (_PART + 1 + (len(digits) % 2 == 0))


def encrypt_track(key: Key, algorithm: str, track: bytearray) -> bytearray:
    """The track with its secret part enciphered, in upper-case hexadecimal digits. Raises KeysError."""
    return _changed(key, algorithm, track, decrypt=False)


def decrypt_track(key: Key, algorithm: str, track: bytearray) -> bytearray:
    """What a host reads: digits with D for the separator. Raises KeysError."""
    return _changed(key, algorithm, track, decrypt=True)


def _changed(key: Key, algorithm: str, track: bytearray, *, decrypt: bool) -> bytearray:
    chosen = cipher(algorithm)
    if chosen.block != _PART // 2:
        raise KeysError("Track data is enciphered with TDES, 8 bytes at a time.", "Load a TDES track key.")
    digits, start = secret_part(track)
    clear = _packed(digits[start : start + _PART])
    try:
        changed = bytearray(chosen.ecb_decrypt(key, clear) if decrypt else chosen.ecb_encrypt(key, clear))
    finally:
        wipe(clear)
    for index, byte in enumerate(changed):
        digits[start + 2 * index] = _DIGITS[byte >> 4]
        digits[start + 2 * index + 1] = _DIGITS[byte & 0xF]
    wipe(changed)
    return digits


def _packed(digits: bytearray) -> bytearray:
    values = [_DIGITS.find(byte) for byte in digits]
    wipe(digits)
    return bytearray(high << 4 | low for high, low in zip(values[::2], values[1::2], strict=True))
