"""Key check values: short values by which two parties see that they hold the same key (facts/keys.md §3)."""

from __future__ import annotations

from keys.ciphers import Key, aes_ecb_encrypt, sm4_ecb_encrypt, tdes_ecb_encrypt

__all__ = ["kcv"]

_LEGACY = {"tdes": (tdes_ecb_encrypt, 8), "aes": (aes_ecb_encrypt, 16), "sm4": (sm4_ecb_encrypt, 16)}
LENGTH_MAX = 5


def kcv(key: Key, algorithm: str, method: str = "legacy", length: int = 3) -> bytes:
    """First ``length`` (3..5) bytes of an encrypted zero block (``legacy``)."""
    if method != "legacy" or algorithm not in _LEGACY:
        raise ValueError("unknown check value method or algorithm")
    if not 3 <= length <= LENGTH_MAX:
        raise ValueError(f"a check value has 3 to {LENGTH_MAX} bytes")
    encrypt, block = _LEGACY[algorithm]
    return encrypt(key, bytes(block))[:length]
