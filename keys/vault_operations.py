"""What is done with a key by names that a key record carries; pure, and as short as possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keys.ciphers import Data
from keys.errors import KeysError, UsageRefused
from keys.key_in_use import KeyInUse
from keys.mac import cmac, sm4_cbc_mac, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.pin_block import Pan, Random
from keys.pin_block_formats import encrypt_pin
from keys.secret import Secret

__all__ = [
    "MAC_ALGORITHMS",
    "MacAlgorithm",
    "check_mac_algorithm",
    "encrypt_track",
    "mac",
    "pin_block",
    "usual_mac_algorithm",
]

_TRACK_BLOCK = 8


@dataclass(frozen=True, slots=True)
class MacAlgorithm:
    """A way to make a MAC, and which keys may be used that way."""

    make: Callable[[KeyInUse, Data], bytes]
    usages: frozenset[str]
    cipher: str
    lengths: tuple[int, ...]


def _shown(mac: bytes) -> bytes:
    """Left half of a MAC as element 64 carries it: 8 hexadecimal characters."""
    return mac.hex().upper()[:8].encode("ascii")


def _uses(*codes: str) -> frozenset[str]:
    return frozenset({"M0", *codes})


_DOUBLE, _AES = (16, 24), (16, 24, 32)
MAC_ALGORITHMS: Mapping[str, MacAlgorithm] = {
    "unionpay-ecb": MacAlgorithm(unionpay_ecb, _uses(), "tdes", (8, 16, 24)),
    "unionpay-ecb-sm4": MacAlgorithm(lambda key, data: unionpay_ecb(key, data, sm4=True), _uses(), "sm4", (16,)),
    "x9.9": MacAlgorithm(lambda key, data: _shown(x9_9(key, data)), _uses("M1"), "tdes", (8, 16)),
    "x9.19": MacAlgorithm(lambda key, data: _shown(x9_19(key, data)), _uses("M3"), "tdes", (16,)),
    "x9.9-binary": MacAlgorithm(lambda key, data: x9_9(key, data)[:4] + bytes(4), _uses("M1"), "tdes", (8, 16)),
    "x9.19-binary": MacAlgorithm(x9_19, _uses("M3"), "tdes", (16,)),
    "iso-16609": MacAlgorithm(tdes_cbc_mac, _uses(), "tdes", _DOUBLE),
    "tdes-cmac": MacAlgorithm(lambda key, data: cmac("tdes", key, data), _uses("M5", "M6"), "tdes", _DOUBLE),
    "aes-cmac": MacAlgorithm(lambda key, data: cmac("aes", key, data)[:8], _uses("M5", "M6"), "aes", _AES),
    "sm4-cbc": MacAlgorithm(lambda key, data: sm4_cbc_mac(key, data)[:8], _uses("M1"), "sm4", (16,)),
    "sm4-cmac": MacAlgorithm(lambda key, data: cmac("sm4", key, data)[:8], _uses("M5", "M6"), "sm4", (16,)),
}
"""All give the 8 bytes of element 64. ``unionpay-ecb``, ``x9.9`` and ``x9.19`` write the left half of the MAC in 8
hexadecimal characters, as UnionPay's hosts expect; the others carry the MAC itself (X9.9 has 4 bytes, then zeros).

M0 stands for a MAC key whose algorithm the acquirer's profile names; the others name theirs (X9.143, key usage)."""

_USUAL = {
    ("M1", "tdes"): "x9.9-binary",
    ("M3", "tdes"): "x9.19-binary",
    ("M5", "tdes"): "tdes-cmac",
    ("M6", "tdes"): "tdes-cmac",
    ("M5", "aes"): "aes-cmac",
    ("M6", "aes"): "aes-cmac",
    ("M0", "tdes"): "iso-16609",
}


def usual_mac_algorithm(usage: str, algorithm: str) -> str:
    """What a usage of X9.143 means by itself; empty where it says nothing."""
    return _USUAL.get((usage, algorithm), "")


def check_mac_algorithm(name: str, usage: str, algorithm: str, length: int) -> None:
    """Raises UsageRefused for a MAC that is none, or not for such a key."""
    known = MAC_ALGORITHMS.get(name)
    if known is None:
        raise UsageRefused(f"{name!r} is no MAC algorithm.", f"Known are: {', '.join(MAC_ALGORITHMS)}.")
    if usage not in known.usages or algorithm != known.cipher or length not in known.lengths:
        raise UsageRefused(f"A {algorithm.upper()} key of usage {usage} and {length} bytes makes no MAC by {name}.")


def mac(key: KeyInUse, algorithm: str, data: bytes) -> bytes:
    """The MAC as its algorithm gives it, 8 bytes. Raises UsageRefused for an algorithm that is none."""
    try:
        make = MAC_ALGORITHMS[algorithm].make
    except KeyError:
        raise UsageRefused(f"{algorithm!r} is no MAC algorithm.") from None
    return make(key, data)


def pin_block(key: KeyInUse, pin: Secret, pan: Pan | None, format: int | str, random: Random) -> bytes:
    """The enciphered PIN block. Raises PinBlockError, UsageRefused.

    Format 0 without a card number, and with SM4, is UnionPay's form (facts/unionpay.md §6).
    """
    chosen = "unionpay" if format == 0 and (pan is None or key.algorithm == "sm4") else format
    return encrypt_pin(key, key.algorithm, pin, pan, chosen, random)


def encrypt_track(key: KeyInUse, block: bytes) -> bytes:
    """One block of track data, ECB (facts/unionpay.md §6). Raises KeysError for another length than 8 bytes."""
    if key.block != _TRACK_BLOCK or len(block) != _TRACK_BLOCK:
        raise KeysError("Track data is enciphered 8 bytes at a time.")
    return key.ecb_encrypt(block)
