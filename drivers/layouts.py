"""Keyboard layouts by scancode: what a reader or scanner means that types as if plugged into such a keyboard.

Devices are set to a country at the factory, most to the US. Decoded here and never by a console or X keymap, which
would turn ``;`` into ``ö`` in half of Europe (facts/reliability-security-emv.md §D row 28). The US table is whole, the
others say in what they differ. Codes are those of linux/input-event-codes.h. A dot stands for a dead or no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from evdev import ecodes

from drivers.us_map import CHARACTERS

__all__ = ["LAYOUTS", "LEVELS", "Layout", "keys_of", "with_overrides"]

Layout = Mapping[tuple[int, int], str]
"""Character by key code and level: 0 plain, 1 with Shift, 2 with the right Alt key."""
LEVELS = {"": 0, "SHIFT": 1, "ALTGR": 2}

_TOP = ("GRAVE", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "MINUS", "EQUAL")
_SIDE = ("LEFTBRACE", "RIGHTBRACE", "SEMICOLON", "APOSTROPHE", "BACKSLASH", "102ND", "COMMA", "DOT", "SLASH")
_NONE = "."
_ALTGR_NORDIC = {"7": "{", "8": "[", "9": "]", "0": "}", "102ND": "|", "Q": "@"}

_TABLES: dict[str, tuple[str, str, str, str, dict[str, str], dict[str, str]]] = {
    # top row plain, with Shift; sides plain, with Shift; letters that changed places; right Alt
    "gb": ("`1234567890-=", '.!"£$%^&*()_+', "[];'#\\,./", "{}:@~|<>?", {}, {}),
    "de": ("^1234567890ß.", '°!"§$%&/()=?`', "ü+öä#<,.-", "Ü*ÖÄ'>;:_", {"Y": "Z", "Z": "Y"},
           {"7": "{", "8": "[", "9": "]", "0": "}", "MINUS": "\\", "RIGHTBRACE": "~", "102ND": "|", "Q": "@"}),
    "fr": ("²&é\"'(-è_çà)=", ".1234567890°+", "^$mù*<;:!", "¨£M%µ>./§", {"Q": "A", "A": "Q", "W": "Z", "Z": "W"},
           {"2": "~", "3": "#", "4": "{", "5": "[", "6": "|", "7": "`", "8": "\\", "9": "^", "0": "@", "MINUS": "]",
            "EQUAL": "}"}),
    "fi": ("§1234567890+.", '½!"#¤%&/()=?`', "å¨öä'<,.-", "Å^ÖÄ*>;:_", {},
           {**_ALTGR_NORDIC, "2": "@", "3": "£", "4": "$", "MINUS": "\\", "RIGHTBRACE": "~"}),
    "tr": ("\"1234567890*-", "é!'^+%&/()=?_", "ğüşi,<öç.", "ĞÜŞİ;>ÖÇ:", {},
           {**_ALTGR_NORDIC, "2": "£", "3": "#", "4": "$", "MINUS": "\\", "EQUAL": "|", "RIGHTBRACE": "~"}),
}  # fmt: skip
_FRENCH_M = {"M": (",", "?")}
_TURKISH_I = {"I": ("ı", "I")}
_SINGLE = {"fr": _FRENCH_M, "tr": _TURKISH_I}


def _code(name: str) -> int:
    return int(getattr(ecodes, f"KEY_{name}"))


def _us() -> dict[tuple[int, int], str]:
    table = {(code, int(shifted)): character for (code, shifted), character in CHARACTERS.items()}
    return {**table, (_code("102ND"), 0): "<", (_code("102ND"), 1): ">"}


def _built(name: str) -> dict[tuple[int, int], str]:
    top, top_shifted, side, side_shifted, moved, altgr = _TABLES[name]
    table = _us()
    for keys, plain, shifted in ((_TOP, top, top_shifted), (_SIDE, side, side_shifted)):
        for key, *pair in zip(keys, plain, shifted, strict=True):
            for level, character in enumerate(pair):
                table[_code(key), level] = character
    for key, letter in moved.items():
        table[_code(key), 0], table[_code(key), 1] = letter.lower(), letter
    for key, (plain, shifted) in _SINGLE.get(name, {}).items():
        table[_code(key), 0], table[_code(key), 1] = plain, shifted
    for key, character in altgr.items():
        table[_code(key), 2] = character
    real_dots = {(_code("DOT"), 0), (_code("COMMA"), 0), (_code("COMMA"), 1), (_code("SLASH"), 0), (_code("KPDOT"), 0)}
    return {place: c for place, c in table.items() if c != _NONE or place in real_dots | {(_code("KPDOT"), 1)}}


LAYOUTS: dict[str, Layout] = {"us": _us(), **{name: _built(name) for name in _TABLES}}
"""By the name a configuration uses."""

_OVERRIDE = re.compile(r"^(?:(SHIFT|ALTGR)\+)?(KEY_[A-Z0-9]+)=(.)$")


def with_overrides(layout: Layout, overrides: Iterable[str]) -> Layout:
    """A layout with single keys of one's own, each as ``KEY_102ND=<`` or ``SHIFT+KEY_2=@``.

    Raises ValueError for what is no key of linux/input-event-codes.h.
    """
    changed = dict(layout)
    for override in overrides:
        match = _OVERRIDE.match(override)
        code = getattr(ecodes, match[2], None) if match else None
        if match is None or not isinstance(code, int):
            raise ValueError("a key override is written KEY_102ND=< or SHIFT+KEY_2=@")
        changed[code, LEVELS[match[1] or ""]] = match[3]
    return changed


def keys_of(layout: Layout) -> dict[str, tuple[int, int]]:
    """Key code and level by character: how a device of this layout types."""
    return {character: place for place, character in reversed(list(layout.items()))}
