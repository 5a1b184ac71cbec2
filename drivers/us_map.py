"""Scancodes of a US keyboard to characters: readers and scanners type as if plugged into one.

Decoded here and never by a console or X keymap, which would turn ``;`` into ``ö`` in half of Europe
(facts/reliability-security-emv.md §D row 28). Codes are those of linux/input-event-codes.h.
"""

from __future__ import annotations

from evdev import ecodes

__all__ = ["CHARACTERS", "LEFT_SHIFT", "RETURN_KEYS", "SHIFT_KEYS"]

_ROWS = (
    ("KEY_GRAVE KEY_1 KEY_2 KEY_3 KEY_4 KEY_5 KEY_6 KEY_7 KEY_8 KEY_9 KEY_0 KEY_MINUS KEY_EQUAL",
     "`1234567890-=", "~!@#$%^&*()_+"),
    ("KEY_Q KEY_W KEY_E KEY_R KEY_T KEY_Y KEY_U KEY_I KEY_O KEY_P KEY_LEFTBRACE KEY_RIGHTBRACE KEY_BACKSLASH",
     "qwertyuiop[]\\", "QWERTYUIOP{}|"),
    ("KEY_A KEY_S KEY_D KEY_F KEY_G KEY_H KEY_J KEY_K KEY_L KEY_SEMICOLON KEY_APOSTROPHE",
     "asdfghjkl;'", 'ASDFGHJKL:"'),
    ("KEY_Z KEY_X KEY_C KEY_V KEY_B KEY_N KEY_M KEY_COMMA KEY_DOT KEY_SLASH KEY_SPACE",
     "zxcvbnm,./ ", "ZXCVBNM<>? "),
    ("KEY_KP0 KEY_KP1 KEY_KP2 KEY_KP3 KEY_KP4 KEY_KP5 KEY_KP6 KEY_KP7 KEY_KP8 KEY_KP9",
     "0123456789", "0123456789"),
    ("KEY_KPDOT KEY_KPPLUS KEY_KPMINUS KEY_KPASTERISK KEY_KPSLASH", ".+-*/", ".+-*/"),
)  # fmt: skip

CHARACTERS: dict[tuple[int, bool], str] = {
    (getattr(ecodes, name), shifted): character
    for names, plain, upper in _ROWS
    for shifted, characters in ((False, plain), (True, upper))
    for name, character in zip(names.split(), characters, strict=True)
}
"""Character by (key code, shift held)."""

LEFT_SHIFT: int = ecodes.KEY_LEFTSHIFT
SHIFT_KEYS = frozenset({ecodes.KEY_LEFTSHIFT, ecodes.KEY_RIGHTSHIFT})
RETURN_KEYS = frozenset({ecodes.KEY_ENTER, ecodes.KEY_KPENTER})
