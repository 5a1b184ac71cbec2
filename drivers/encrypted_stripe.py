"""Readers that encipher the stripe in their head (DUKPT): recognised, checked for replay, and reported by name.

A terminal of this kind cannot open such tracks, and must not take an old recording of them for a new pass: the key
serial number (KSN, X9.24-1: 80 bits) has to be whole, and its counter to rise.
"""

from __future__ import annotations

from drivers.events import MisSwipeReason

__all__ = ["KSN_BYTES", "KsnGuard", "ksn_of_typed"]

KSN_BYTES = 10
COUNTER_BITS = 21
"""The transaction counter within a KSN."""
_SEPARATOR = b"|"
FIELDS_MIN, _KSN_FIELD = 5, 9
"""Fields of a pass in keyboard mode are separated by bars; the tracks as masked text are field 0 (MagTek's layout)."""


class KsnGuard:
    """The last key serial number of a reader. A pass counts only with a later one."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def check(self, ksn: bytes | None) -> MisSwipeReason:
        """REPLAYED for a serial number that is malformed or not later than the last; else ENCRYPTED."""
        if ksn is None or len(ksn) != KSN_BYTES or not any(ksn):
            return MisSwipeReason.REPLAYED
        number = int.from_bytes(ksn, "big")
        device, counter = number >> COUNTER_BITS, number & ((1 << COUNTER_BITS) - 1)
        if self._last is not None and self._last[0] == device and counter <= self._last[1]:
            return MisSwipeReason.REPLAYED
        self._last = (device, counter)
        return MisSwipeReason.ENCRYPTED


def ksn_of_typed(typed: bytes | bytearray) -> tuple[bool, bytes | None]:
    """Whether a pass in keyboard mode is enciphered, and its KSN; None for one that is no serial number."""
    fields = bytes(typed).split(_SEPARATOR)
    if len(fields) < FIELDS_MIN:
        return False, None
    try:
        text = fields[_KSN_FIELD].decode("ascii")
        ksn = bytes.fromhex(text) if text.isalnum() else None
    except (IndexError, UnicodeDecodeError, ValueError):
        ksn = None
    return True, ksn if ksn is not None and len(ksn) == KSN_BYTES else None
