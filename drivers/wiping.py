"""Card data, codes and PIN blocks are overwritten when they have been used."""

from __future__ import annotations

__all__ = ["wipe"]


def wipe(data: bytearray) -> None:
    """Overwrite in place, keeping the length."""
    data[:] = bytes(len(data))
