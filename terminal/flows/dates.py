"""Days as they are typed from a slip."""

from __future__ import annotations

from calendar import monthrange

__all__ = ["is_day"]

_LEAP_YEAR = 2024


def is_day(text: str) -> bool:
    """Whether MMDD is a day of some year."""
    if len(text) != 4 or not text.isdecimal():
        return False
    month, day = int(text[:2]), int(text[2:])
    return 1 <= month <= 12 and 1 <= day <= monthrange(_LEAP_YEAR, month)[1]
