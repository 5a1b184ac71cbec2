"""Keys that everybody knows: from standards, manuals and test suites. They never protect anything (facts/keys.md §6).

Kept as sums of the key without its parity bits, so that no scan for keys finds this file, and so that a key is
known with any parity. Patterns are known by their form.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

__all__ = ["is_published"]

_SUM_CHARACTERS = 16
_SUMS = (
    "00347cf7ca774a3700ffafabd350d0f5033b0b05e398728d03897acde2f8452308c675c3fe9f08ee0956e0e0a57dcfc5"
    "0967d7c9c06bdf810b0d7ac71fe7e6da0cfdeb8abde4ff17175031d329217e0b1fbab3f1db5062421ff6aa5262d89e0e"
    "20d0e4419d940a6b2646623986467cda2682466c424a34e427a06ede7f6983f0284a4ee96236bc9428c9a63ed096a329"
    "2bf6a8d210e553272c6a0ba9d0b08b0a2de8af2ef030e21a305c86d43040ee9134bdfdf41297666634f37ed2a222cf11"
    "3611f533d4c19473364d4c81a8b9fea5385c2f7885ca4a083a5b70e6d789b7a93cf817e25b6559873e0a53525a4468c5"
    "4626ce52bfb2ce79466c0431b8c9f23947e69b828b4f8cd949a1d28935af633e4e3fd7f289d92c044ec5c53643b5ae38"
    "4ec7b964313e5d3c4f0399e3a39c8c364f754b0c46a63d7a4fe09e80bfcb401254cfa316b71ed3dd550f24d4d58f3f1a"
    "558b684741463d5f55f2c783d9a7bb2157a1b918a1e04b9c5aecee3e106ad3495b3efed95816538f5c616d1d04586920"
    "5ca0826e3c03342e5ec8d749d75eff135f92a17dd43834e7605d6309c0eafe9a62f8f76cfa2ce91e630f914b0446a7e2"
    "63c04cf96c3f22da65738aac13a025976741225bbf284f0569e03e391d4f016469f274af9e437f916f9a53f8c2903259"
    "6fb3aa73a0f47a7c703b6b1405267895745f8ff996d1739877237333e71de9c0772d89bd340ec8f478cd6528e25f33c1"
    "792150bb57bce1fc7b91c599f2d385ee7c566c606e0301757cee907d88d5ee877e4750c8c887cee08076f374ac6998c0"
    "80bd8e7e97e956aa81209a32b0e7759f855f8e54a799d37186b9896566fd5d5687e38a084b9407ec888b1a8f1eb5e815"
    "891c3c3c41b169bc893f257c1831a15b896b6521646cf1be8a8dcd7e64fd084b8acd2b686c8359998bfe526f6c940f6a"
    "8d8fab82e747709191a3413bd25d5b6a92b7eb5290d8d6e395d5d4f0ab7cdfd9991642493ee50f8b9abad56eeda7b56d"
    "9af9faed355e2e019c3de2041d691e549d001937e7f40910a2f8445ee52fdfb8a3a98331e0d7ad74a546eadf21696880"
    "a64ea6d637705ba1a7472639e3738b50a90a3392b6ee977fac39531cc6913045b165d46f952a14cfb1cb3cf5f1021d17"
    "b22132cd6f40ce5db37410413513dffab524507426fcf122b53d73549a5af14db54f858bfaf691e5b908c37170161ea1"
    "b9345d13a1a36a9fbc245bf2226caa6dc001e5a5ecba9bd5c3655dccacb5ee65c3b7796b04637150c4ec856e891fc6ac"
    "c55daee1a3a7a761c633a34910eb3febca5f305f3a159801cb4d2075acb898e0cfb5992f33a1b8a2d05f7577d41ad929"
    "d0f3f503d0286663d171b78d4892e5c9d6d8115f93631fb2dc56f5cc5aafeb40de12f3f4d6142c47dee572bf4f415e1f"
    "e2b1519cf3321f69e51b42b0efe37b14e53e7347a42f8478e7ad1a821617423ce83cac63aa73527ee8ac53144708c8d0"
    "ea9219789fe52b74eac80bb1928894a5ee80d6023871943deff1623a0ce51ed6f3864885f377f92cf3f8218fbff92c31"
    "f4126446533011edf44184c6e95cc9ddf946395be62ace52f9f6994f0b1f6e54fcdb4b423f4e5283"
)
_PUBLISHED = frozenset(_SUMS[start : start + _SUM_CHARACTERS] for start in range(0, len(_SUMS), _SUM_CHARACTERS))
_PARITY_MASK = 0xFE


def is_published(key: bytes | bytearray) -> bool:
    """Whether a key of 8 to 32 bytes is published, or a pattern such as one byte again and again.

    >>> is_published(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    True
    """
    bare = bytearray(byte & _PARITY_MASK for byte in key)
    try:
        return _sum(bare) in _PUBLISHED or _is_pattern(key) or _is_pattern(bare)
    finally:
        for index in range(len(bare)):
            bare[index] = 0


def _is_pattern(key: bytes | bytearray) -> bool:
    """One byte, or two, again and again; each half of one byte; bytes that count up or down evenly."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    halves = [len(set(key[start : start + 8])) for start in range(0, len(key), 8)]
    return len(steps) == 1 or len(set(key)) <= 2 or max(halves) == 1


def _sum(bare: bytearray) -> str:
    return hashlib.sha256(bare).hexdigest()[:_SUM_CHARACTERS]
