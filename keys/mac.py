"""Message authentication codes (facts/keys.md §3, facts/unionpay.md §5)."""

from __future__ import annotations

from keys.ciphers import Key, sm4_ecb_encrypt, tdes_cbc_encrypt, tdes_ecb_encrypt

__all__ = ["pad_zero", "unionpay_ecb", "x9_9", "x9_19"]


def pad_zero(data: bytes, block: int = 8) -> bytes:
    """ISO 9797-1 padding 1: zero bytes up to the block; an empty message is one zero block."""
    return data + bytes(-len(data) % block or (block if not data else 0))


def x9_9(key: Key, data: bytes) -> bytes:
    """ANSI X9.9: DES-CBC, last block; usually its left 4 bytes are sent."""
    return tdes_cbc_encrypt(key[:8], pad_zero(data))[-8:]


def x9_19(key: Key, data: bytes) -> bytes:
    """ANSI X9.19 retail MAC with a 16-byte key: single DES, the last block under both halves."""
    padded = pad_zero(data)
    chain = tdes_cbc_encrypt(key[:8], padded[:-8])[-8:] if len(padded) > 8 else bytes(8)
    return tdes_cbc_encrypt(key, padded[-8:], chain)


def unionpay_ecb(key: Key, data: bytes, *, sm4: bool = False) -> bytes:
    """UnionPay ECB: XOR of all blocks, its hexadecimal enciphered in two halves; 8 ASCII characters.

    8-byte key: DES; 16-byte key: 3DES, or SM4 with 16-byte blocks.
    """
    block = 16 if sm4 else 8
    encrypt = sm4_ecb_encrypt if sm4 else tdes_ecb_encrypt
    padded = pad_zero(data, block)
    folded = 0
    for start in range(0, len(padded), block):
        folded ^= int.from_bytes(padded[start : start + block], "big")
    text = f"{folded:0{2 * block}X}".encode("ascii")
    first = encrypt(key, text[:block])
    second = encrypt(key, bytes(a ^ b for a, b in zip(first, text[block:], strict=True)))
    return second.hex().upper()[:8].encode("ascii")
