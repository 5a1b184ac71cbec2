"""What happened, line by line on virtual time, and its hash: two runs of a seed are the same or they are not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

__all__ = ["Trace"]

LINES_MAX = 200_000


class Trace:
    """Lines in the order they happened; kept only when somebody wants to read them."""

    def __init__(self, now: Callable[[], float], *, kept: bool = False) -> None:
        self._now = now
        self._hash = hashlib.blake2b(digest_size=16)
        self._kept = kept
        self.lines: list[str] = []

    def note(self, what: str) -> None:
        """One thing that happened. Never card data, PIN or key."""
        line = f"{self._now():12.3f}  {what}"
        self._hash.update(line.encode("utf-8") + b"\n")
        if self._kept and len(self.lines) < LINES_MAX:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """Hash of everything noted so far, in hexadecimal."""
        return self._hash.hexdigest()
