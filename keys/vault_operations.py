"""What is done with a key's bytes, by names that a key record carries; pure, and as short as possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keys.ciphers import tdes_ecb_decrypt, tdes_ecb_encrypt
from keys.errors import KeysError, UsageRefused
from keys.mac import unionpay_ecb, x9_9, x9_19
from keys.pin_block import format_0, unionpay
from keys.secret import Secret

__all__ = ["MAC_ALGORITHMS", "MacAlgorithm", "decrypt_cryptogram", "encrypt_track", "mac", "pin_block"]


@dataclass(frozen=True, slots=True)
class MacAlgorithm:
    """A way to make a MAC, and which keys may be used that way."""

    make: Callable[[bytes | bytearray, bytes], bytes]
    usages: frozenset[str]
    cipher: str
    lengths: tuple[int, ...]


def _shown(mac: bytes) -> bytes:
    """Left half of a MAC as element 64 carries it: 8 hexadecimal characters."""
    return mac.hex().upper()[:8].encode("ascii")


MAC_ALGORITHMS: Mapping[str, MacAlgorithm] = {
    "unionpay-ecb": MacAlgorithm(unionpay_ecb, frozenset({"M0"}), "tdes", (8, 16, 24)),
    "x9.9": MacAlgorithm(lambda key, data: _shown(x9_9(key, data)), frozenset({"M0", "M1"}), "tdes", (8, 16)),
    "x9.19": MacAlgorithm(lambda key, data: _shown(x9_19(key, data)), frozenset({"M0", "M3"}), "tdes", (16,)),
}
"""M0 stands for a MAC key whose algorithm the acquirer's profile names; the others name theirs (X9.143, key usage)."""


def mac(key: Secret, algorithm: str, data: bytes) -> bytes:
    """The MAC as its algorithm gives it. Raises UsageRefused for an algorithm that is none."""
    try:
        make = MAC_ALGORITHMS[algorithm].make
    except KeyError:
        raise UsageRefused(f"{algorithm!r} is no MAC algorithm.") from None
    with key.open() as clear:
        return make(clear, data)


def pin_block(key: Secret, algorithm: str, pin: Secret, pan: str | None, format: int) -> bytes:
    """The enciphered PIN block. Raises PinBlockError, UsageRefused."""
    if algorithm != "tdes" or format != 0:
        raise UsageRefused(f"A {algorithm.upper()} key makes no PIN block of format {format}.")
    block = unionpay(pin) if pan is None else format_0(pin, pan)
    with key.open() as clear:
        return tdes_ecb_encrypt(clear, block)


def encrypt_track(key: Secret, algorithm: str, block: bytes) -> bytes:
    """One block of track data, ECB (facts/unionpay.md §6). Raises KeysError for another length than 8 bytes."""
    if algorithm != "tdes" or len(block) != 8:
        raise KeysError("Track data is enciphered 8 bytes at a time.")
    with key.open() as clear:
        return tdes_ecb_encrypt(clear, block)


def decrypt_cryptogram(key: Secret, algorithm: str, data: bytes, *, chained: bool) -> Secret:
    """A key that travelled under ``key``."""
    if algorithm != "tdes" or chained or len(data) % 8 or not data:
        raise KeysError("A cryptogram of this form cannot be read under this master key.")
    with key.open() as clear:
        return Secret(bytearray(tdes_ecb_decrypt(clear, data)))
