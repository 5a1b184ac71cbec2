"""The keypad: keys by their meaning (facts/product.md §4.1)."""

from __future__ import annotations

from evdev import ecodes

from drivers.device import Emit
from drivers.evdev_device import EvdevDevice
from drivers.events import Key, KeyPress
from drivers.input_stream import Dropped, KeyEvent

__all__ = ["KEYS", "Keypad"]

_NAMES = {
    Key.STAR: ("KEY_KPASTERISK",),
    Key.HASH: ("KEY_KPSLASH", "KEY_NUMERIC_POUND"),
    Key.CANCEL: ("KEY_ESC", "KEY_CANCEL", "KEY_STOP"),
    Key.CLEAR: ("KEY_BACKSPACE", "KEY_CLEAR", "KEY_DELETE"),
    Key.ENTER: ("KEY_ENTER", "KEY_KPENTER", "KEY_OK"),
    Key.UP: ("KEY_UP",),
    Key.DOWN: ("KEY_DOWN",),
    Key.F1: ("KEY_F1",),
    Key.F2: ("KEY_F2",),
    Key.D00: ("KEY_KPDOT",),
}
KEYS: dict[int, Key] = {getattr(ecodes, name): key for key, names in _NAMES.items() for name in names}
KEYS.update({getattr(ecodes, f"KEY_{digit}"): Key(digit) for digit in "0123456789"})
KEYS.update({getattr(ecodes, f"KEY_KP{digit}"): Key(digit) for digit in "0123456789"})
"""Meaning of each scancode."""

DEBOUNCE_S = 0.020


class Keypad(EvdevDevice):
    """Tells each press once; repeats and bounces within 20 ms of the release are left out.

    Only presses count, so a release that was lost leaves no key behind; the next press is a press.
    """

    interaction, used_count = "Press a key.", "KeyPressedCount"

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._released_s: dict[int, float] = {}

    def fresh(self) -> None:
        """Nothing is known of a keypad that has just come."""
        self._released_s.clear()

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """A KeyPress for every key that went down."""
        for event in events:
            if isinstance(event, Dropped):
                self.statistics["OverrunCount"] += 1
                self._released_s.clear()
                continue
            if event.code not in KEYS:
                continue
            if not event.down:
                self._released_s[event.code] = event.time_s
            elif not 0 <= event.time_s - self._released_s.get(event.code, -1.0) < DEBOUNCE_S:
                self.statistics["KeyPressedCount"] += 1
                emit(KeyPress(KEYS[event.code], now))
            else:
                self.statistics["BounceCount"] += 1
