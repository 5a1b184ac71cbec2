"""The devices of a counter, played: each says of itself what a real one would, and speaks its bytes."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from pathlib import Path

from evdev import ecodes

from drivers.keypad import KEYS
from drivers.us_map import CHARACTERS
from tools.hardware_bench.gadget import ACM, Gadget, Identity, appears, hid, vanishes
from tools.hardware_bench.pace import Typist

__all__ = ["Played", "SerialLine", "UsbHid", "UsbKeyboard", "key_reports", "text_reports"]

_BOOT_KEYBOARD = bytes.fromhex(
    "0501 0906 a101 0507 19e0 29e7 1500 2501 7501 9508 8102 9501 7508 8103 9505 7501 0508 1901 2905 9102"
    "9501 7503 9103 9506 7508 1500 2565 0507 1900 2965 8100 c0"
)
"""Report descriptor of a boot keyboard (Device Class Definition for HID 1.11, appendix E.6)."""
KEYBOARD_REPORT_BYTES = 8
_RELEASED = bytes(KEYBOARD_REPORT_BYTES)
_SHIFT = 0x02

_OTHER_USAGES = {
    40: "ENTER", 41: "ESC", 42: "BACKSPACE", 44: "SPACE", 45: "MINUS", 46: "EQUAL", 47: "LEFTBRACE", 48: "RIGHTBRACE",
    49: "BACKSLASH", 51: "SEMICOLON", 52: "APOSTROPHE", 53: "GRAVE", 54: "COMMA", 55: "DOT", 56: "SLASH", 58: "F1",
    59: "F2", 81: "DOWN", 82: "UP", 84: "KPSLASH", 85: "KPASTERISK", 86: "KPMINUS", 87: "KPPLUS", 88: "KPENTER",
    99: "KPDOT",
}  # fmt: skip
_USAGES = {
    **{f"KEY_{letter}": 4 + place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
    **{f"KEY_{digit}": 30 + place for place, digit in enumerate("1234567890")},
    **{f"KEY_KP{digit}": 89 + place for place, digit in enumerate("1234567890")},
    **{f"KEY_{name}": usage for usage, name in _OTHER_USAGES.items()},
}
"""Usages of the keyboard page (HID Usage Tables, 0x07) by the kernel's names."""
_USAGE_BY_CODE: dict[int, int] = {getattr(ecodes, name): usage for name, usage in _USAGES.items()}
_PLACES = {character: place for place, character in reversed(CHARACTERS.items())}
_KEY_CODES = {str(key): code for code, key in reversed(KEYS.items()) if code in _USAGE_BY_CODE}


def text_reports(text: str, *, enter: bool = True) -> list[bytes]:
    """Reports of a USB keyboard that types ``text``: a key and the modifier with it, then all up."""
    made: list[bytes] = []
    for character in text:
        code, shifted = _PLACES[character]
        made += [_stroke(code, _SHIFT if shifted else 0), _RELEASED]
    return made + ([_stroke(ecodes.KEY_ENTER), _RELEASED] if enter else [])


def key_reports(*names: str) -> list[bytes]:
    """Reports of terminal keys by their names, such as ``"enter"``."""
    return [report for name in names for report in (_stroke(_KEY_CODES[name]), _RELEASED)]


def _stroke(code: int, modifiers: int = 0) -> bytes:
    return bytes([modifiers, 0, _USAGE_BY_CODE[code], 0, 0, 0, 0, 0])


class Played:
    """A device behind one gadget: plugged, pulled, removed."""

    def __init__(self, gadget: Gadget) -> None:
        self.gadget = gadget
        self.identity = gadget.identity

    @property
    def node(self) -> Path:
        """The terminal's node by its stable name."""
        raise NotImplementedError

    def plug(self, *, node: bool = True) -> None:
        """Put it in; returns when the terminal could open it.

        ``node``: wait for the kernel's own driver to have it; the terminal may be faster and take it.
        """
        self.gadget.plug()
        self.begin()
        if node:
            appears(lambda: self.node)

    def begin(self) -> None:
        """Open the device's own end."""

    def end(self) -> None:
        """Close the device's own end."""

    def unplug(self) -> None:
        """Pull it out, in the middle of whatever it does."""
        self.end()
        self.gadget.unplug()
        vanishes(lambda: self.node)

    def remove(self) -> None:
        """Pull it out for good."""
        self.unplug()
        self.gadget.remove()


class UsbHid(Played):
    """A HID device that is no keyboard: its reports come out of ``/dev/hidraw*``, or of libusb."""

    def __init__(self, identity: Identity, descriptor: bytes, report_bytes: int, *, keyboard: bool = False) -> None:
        super().__init__(Gadget(identity, hid(descriptor, report_bytes, keyboard=keyboard)))
        self._end: int | None = None

    @property
    def node(self) -> Path:
        """``/dev/hidraw*``: found by the serial number, as there is no name by id for it."""
        for device in Path("/sys/class/hidraw").glob("hidraw*"):
            with suppress(OSError):
                if f"HID_UNIQ={self.identity.serial}\n" in (device / "device" / "uevent").read_text("utf-8"):
                    return Path("/dev") / device.name
        return Path("/dev/hidraw-absent")

    def begin(self) -> None:
        """Open the node reports are written to."""
        self._end = os.open(self.gadget.nodes[0], os.O_RDWR | os.O_CLOEXEC)

    def end(self) -> None:
        """Close it."""
        if self._end is not None:
            os.close(self._end)
            self._end = None

    def report(self, data: bytes) -> None:
        """Send one report; waits until the terminal's side has fetched the one before."""
        assert self._end is not None
        os.write(self._end, data)


class UsbKeyboard(UsbHid):
    """Keypad, reader or scanner that types, as a USB keyboard with a name by id."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(identity, _BOOT_KEYBOARD, KEYBOARD_REPORT_BYTES, keyboard=True)
        self._typist: Typist | None = None

    @property
    def node(self) -> Path:
        """``/dev/input/by-id/…-event-kbd``."""
        return Path("/dev/input/by-id") / f"{self.identity.by_id}-event-kbd"

    def begin(self) -> None:
        """Open the node and seat the typist."""
        super().begin()
        assert self._end is not None
        self._typist = Typist(self._end)

    def end(self) -> None:
        """Stop typing, also in the middle of a key."""
        if self._typist is not None:
            self._typist.end()
            self._typist = None
        super().end()

    def type(self, reports: list[bytes], interval_s: float = 0.0) -> None:
        """Let the typist send reports, as fast as the host controller polls or slower; returns at once."""
        assert self._typist is not None
        self._typist.type(reports, interval_s)

    def typed(self) -> float:
        """Wait until everything is sent; seconds from the first report to the last."""
        assert self._typist is not None
        return self._typist.typed()


class SerialLine(Played):
    """A scanner, PIN pad or key loader on a serial line over USB; its own end is a descriptor."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(Gadget(identity, ACM))
        self._end: int | None = None

    @property
    def node(self) -> Path:
        """``/dev/serial/by-id/…-if00``."""
        return Path("/dev/serial/by-id") / f"{self.identity.by_id}-if00"

    def begin(self) -> None:
        """Open the device's end raw: no echo, no translation."""
        import tty

        self._end = os.open(self.gadget.nodes[0], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        tty.setraw(self._end)

    def end(self) -> None:
        """Close it."""
        if self._end is not None:
            os.close(self._end)
            self._end = None

    def send(self, data: bytes) -> None:
        """Say something to the terminal."""
        assert self._end is not None
        os.write(self._end, data)

    def receive(self, size: int, timeout_s: float = 5.0) -> bytes:
        """What the terminal says: so many bytes, or what came in time."""
        assert self._end is not None
        got = b""
        while len(got) < size and select.select([self._end], [], [], timeout_s)[0]:
            got += os.read(self._end, size - len(got))
        return got
