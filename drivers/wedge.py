"""Keyboard wedges: devices that type what they read. Key events to bytes, whatever the keyboard's layout.

Besides plain characters: control characters (Ctrl with a letter, as scanners send the group separator) and characters
typed as numbers on the keypad while Alt is held, as scanners do for what no keyboard has.
"""

from __future__ import annotations

from collections.abc import Iterable

from evdev import ecodes

from drivers.layouts import LAYOUTS, Layout
from drivers.us_map import RETURN_KEYS, SHIFT_KEYS

__all__ = ["ALT_NUMBER_MAX", "RETURN", "WedgeDecoder"]

RETURN = b"\n"
TAB = b"\t"
CTRL_KEYS = frozenset({ecodes.KEY_LEFTCTRL, ecodes.KEY_RIGHTCTRL})
_ALT, _ALTGR = ecodes.KEY_LEFTALT, ecodes.KEY_RIGHTALT
_MODIFIERS = SHIFT_KEYS | CTRL_KEYS | {_ALT, _ALTGR}
_KEYPAD_DIGITS = {getattr(ecodes, f"KEY_KP{digit}"): digit for digit in range(10)}
ALT_NUMBER_MAX = 0x10FFFF
_BYTE_MAX = 0xFF
_SURROGATES = range(0xD800, 0xE000)
_CONTROL = 0x1F


class WedgeDecoder:
    """Bytes from key events; knows which modifiers are held, and asks anew when events were lost."""

    def __init__(self, layout: Layout = LAYOUTS["us"]) -> None:
        self._layout = layout
        self._held: set[int] = set()
        self._alt_number: int | None = None

    def feed(self, code: int, down: bool) -> bytes:
        """What a key types: a character in UTF-8, one byte of an Alt number, RETURN, or nothing."""
        if code in _MODIFIERS:
            (self._held.add if down else self._held.discard)(code)
            return self._alt_released() if code == _ALT and not down else b""
        if not down:
            return b""
        if _ALT in self._held and code in _KEYPAD_DIGITS:
            number = (self._alt_number or 0) * 10 + _KEYPAD_DIGITS[code]
            self._alt_number = min(number, ALT_NUMBER_MAX + 1)
            return b""
        if code in RETURN_KEYS:
            return RETURN
        if code == ecodes.KEY_TAB:
            return TAB
        character = self._layout.get((code, self.level), "")
        if character and not self._held.isdisjoint(CTRL_KEYS):
            return bytes([ord(character) & _CONTROL]) if character.isascii() else b""
        return character.encode("utf-8")

    def reset(self, held: Iterable[int] = ()) -> None:
        """Only these keys are down: after lost events, or at a new device."""
        self._held = set(held) & _MODIFIERS
        self._alt_number = None

    @property
    def level(self) -> int:
        """0 plain, 1 with Shift, 2 with the right Alt key."""
        if _ALTGR in self._held:
            return 2
        return int(not self._held.isdisjoint(SHIFT_KEYS))

    @staticmethod
    def is_modifier(code: int) -> bool:
        """Whether a key types nothing by itself."""
        return code in _MODIFIERS

    def _alt_released(self) -> bytes:
        number, self._alt_number = self._alt_number, None
        if number is None or number > ALT_NUMBER_MAX or number in _SURROGATES:
            return b""
        return bytes([number]) if number <= _BYTE_MAX else chr(number).encode("utf-8")
