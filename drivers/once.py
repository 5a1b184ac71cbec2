"""The same card or code twice within two seconds is one event: a double swipe, a scanner that fires again."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

__all__ = ["SAME_S", "Once"]

SAME_S = 2.0
_KEY_BYTES = _DIGEST_BYTES = 16


class Once:
    """Remembers what came last by a keyed digest alone, which is worth nothing outside this object."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom, same_s: float = SAME_S) -> None:
        self._key = random(_KEY_BYTES)
        self._same_s = same_s
        self._last = b""
        self._at = 0.0

    def again(self, data: bytes | bytearray, now: float) -> bool:
        """Whether this came within two seconds before; each coming starts them anew."""
        digest = hashlib.blake2b(data, key=self._key, digest_size=_DIGEST_BYTES).digest()
        same = now - self._at < self._same_s and hmac.compare_digest(digest, self._last)
        self._last, self._at = digest, now
        return same
