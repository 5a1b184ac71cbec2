"""Keyboard wedges: devices that type what they read. Scancodes to characters, bounded and wiped."""

from __future__ import annotations

from drivers.us_map import CHARACTERS, RETURN_KEYS, SHIFT_KEYS

__all__ = ["RETURN", "WedgeDecoder"]

RETURN = "\n"


class WedgeDecoder:
    """Characters from key events; knows which shift is held, and forgets it when events were lost."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def character(self, code: int, down: bool) -> str | None:
        """The character a key going down types, RETURN for Enter, or None."""
        if code in SHIFT_KEYS:
            (self._held.add if down else self._held.discard)(code)
            return None
        if not down:
            return None
        if code in RETURN_KEYS:
            return RETURN
        return CHARACTERS.get((code, bool(self._held)))

    def reset(self) -> None:
        """No key is held: after lost events or a new device."""
        self._held.clear()
