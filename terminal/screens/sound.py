"""What the terminal sounds like: keys short, good news two high tones, bad news a low one (facts/product.md §4.1)."""

from __future__ import annotations

from enum import Enum

__all__ = ["Sound", "Tones"]

Tones = tuple[tuple[int, int], ...]
"""Frequency in hertz (0: silence) and length in milliseconds, one after the other."""


class Sound(Enum):
    """Each sound with its tones."""

    KEY = ((1800, 30),)
    GOOD = ((2400, 90), (0, 60), (2400, 90))
    BAD = ((400, 600),)

    @property
    def tones(self) -> Tones:
        """The tones to play."""
        tones: Tones = self.value
        return tones
