"""Message authentication codes (facts/keys.md §3, facts/unionpay.md §5).

Every function takes the whole message and returns the whole MAC; who sends fewer bytes cuts on the right. The key is
bytes, or a key that is used where it is (keys.key_in_use).
"""

from __future__ import annotations

import hmac as library_hmac
from collections.abc import Callable, Mapping

from keys.ciphers import Data, Key, xor
from keys.key_in_use import AnyKey, in_use

__all__ = [
    "PADDINGS",
    "cbc_mac",
    "cmac",
    "hmac_sha256",
    "pad",
    "pad_zero",
    "same_mac",
    "sm4_cbc_mac",
    "tdes_cbc_mac",
    "unionpay_ecb",
    "x9_9",
    "x9_19",
]


def pad_zero(data: Data, block: int = 8) -> bytes:
    """ISO 9797-1 padding 1: zero bytes up to the block; an empty message is one zero block."""
    return bytes(data) + bytes(-len(data) % block or (block if not data else 0))


def _pad_one_bit(data: Data, block: int) -> bytes:
    return pad_zero(bytes(data) + b"\x80", block)


def _pad_length(data: Data, block: int) -> bytes:
    return (8 * len(data)).to_bytes(block, "big") + pad_zero(data, block)


PADDINGS: Mapping[int, Callable[[Data, int], bytes]] = {1: pad_zero, 2: _pad_one_bit, 3: _pad_length}
"""ISO 9797-1 padding methods: zeros; a one bit, then zeros; the length in bits in front, then zeros."""


def pad(data: Data, method: int = 1, block: int = 8) -> bytes:
    """By number of the method (1..3). Raises ValueError."""
    if method not in PADDINGS:
        raise ValueError("ISO 9797-1 has padding methods 1 to 3")
    return PADDINGS[method](data, block)


def x9_9(key: AnyKey, data: Data, padding: int = 1) -> bytes:
    """ANSI X9.9 (ISO 9797-1 algorithm 1): DES-CBC, last block; usually its left 4 bytes are sent.

    Of a longer key only the first 8 bytes are used.
    """
    return in_use(key, "tdes").single().cbc_encrypt(pad(data, padding))[-8:]


def x9_19(key: AnyKey, data: Data, padding: int = 1) -> bytes:
    """ANSI X9.19 retail MAC (ISO 9797-1 algorithm 3), 16-byte key: single DES, the last block under both halves."""
    whole, padded = in_use(key, "tdes"), pad(data, padding)
    chain = whole.single().cbc_encrypt(padded[:-8])[-8:] if len(padded) > 8 else None
    return whole.cbc_encrypt(padded[-8:], chain)


def cbc_mac(algorithm: str, key: AnyKey, data: Data, padding: int = 1) -> bytes:
    """CBC-MAC under the whole key: the last block. Only for messages whose length both sides fix beforehand."""
    used = in_use(key, algorithm)
    return used.cbc_encrypt(pad(data, padding, used.block))[-used.block :]


def tdes_cbc_mac(key: AnyKey, data: Data, padding: int = 1) -> bytes:
    """ISO 16609: TDES in CBC over all blocks, last block."""
    return cbc_mac("tdes", key, data, padding)


def sm4_cbc_mac(key: AnyKey, data: Data, padding: int = 1) -> bytes:
    """SM4 in CBC over all 16-byte blocks, last block."""
    return cbc_mac("sm4", key, data, padding)


def cmac(algorithm: str, key: AnyKey, data: Data) -> bytes:
    """CMAC (ISO 9797-1 algorithm 5) with ``tdes`` (8 bytes), ``aes`` or ``sm4`` (16 bytes)."""
    return in_use(key, algorithm).cmac(data)


def hmac_sha256(key: Key, data: Data) -> bytes:
    """HMAC-SHA-256, 32 bytes; AES DUKPT derives keys for it (X9.24-3:2017)."""
    return library_hmac.digest(bytes(key), bytes(data), "sha256")


def unionpay_ecb(key: AnyKey, data: Data, *, sm4: bool = False) -> bytes:
    """UnionPay ECB: XOR of all blocks, its hexadecimal enciphered in two halves; 8 ASCII characters.

    8-byte key: DES; 16-byte key: 3DES, or SM4 with 16-byte blocks.
    """
    used = in_use(key, "sm4" if sm4 else "tdes")
    padded = pad_zero(data, used.block)
    folded = 0
    for start in range(0, len(padded), used.block):
        folded ^= int.from_bytes(padded[start : start + used.block], "big")
    text = f"{folded:0{2 * used.block}X}".encode("ascii")
    first = used.ecb_encrypt(text[: used.block])
    second = used.ecb_encrypt(xor(first, text[used.block :]))
    return second.hex().upper()[:8].encode("ascii")


def same_mac(expected: Data, received: Data) -> bool:
    """Constant-time comparison; false for another length."""
    return library_hmac.compare_digest(bytes(expected), bytes(received))
