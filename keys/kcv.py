"""Key check values: short values by which two parties see that they hold the same key (facts/keys.md §3).

The same key has another value by another method: a value is always shown with its method.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from keys.ciphers import Data
from keys.key_in_use import AnyKey, in_use

__all__ = ["DEFAULT_METHOD", "LENGTH_MAX", "kcv", "kcv_matches"]

DEFAULT_METHOD: Mapping[str, str] = {"tdes": "legacy", "aes": "cmac", "sm4": "legacy"}
"""What the other side means when it does not say (X9.24-1:2017, annex A)."""
LENGTH_MAX = 5
"""Never more is shown or returned; longer values received are compared in full."""
_COMPARED = range(3, 9)


def kcv(key: AnyKey, algorithm: str, method: str = "legacy", length: int = 3) -> bytes:
    """First ``length`` (3..5) bytes of an encrypted zero block (``legacy``) or of the CMAC of one (``cmac``)."""
    if not 3 <= length <= LENGTH_MAX:
        raise ValueError(f"a check value has 3 to {LENGTH_MAX} bytes")
    return _whole(key, algorithm, method)[:length]


def kcv_matches(key: AnyKey, algorithm: str, expected: Data, method: str = "legacy") -> bool:
    """Whether the key has this check value, in constant time over the length that was agreed (3..8 bytes)."""
    if len(expected) not in _COMPARED:
        raise ValueError("a check value to compare with has 3 to 8 bytes")
    return hmac.compare_digest(_whole(key, algorithm, method)[: len(expected)], bytes(expected))


def _whole(key: AnyKey, algorithm: str, method: str) -> bytes:
    used = in_use(key, algorithm)
    zeros = bytes(used.block)
    if method == "legacy":
        return used.ecb_encrypt(zeros)
    if method == "cmac":
        return used.cmac(zeros)
    raise ValueError("a check value is made by method legacy or cmac")
