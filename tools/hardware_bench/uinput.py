"""Keyboards that do not exist, made of ``/dev/uinput``: wedge readers, wedge scanners and keypads.

What they type reaches the terminal through the kernel's input core and a real ``/dev/input/event*`` node. A typist
is a process of its own, so that the pace of the keys does not depend on what the terminal's loop is doing.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path

from evdev import InputDevice, ecodes

from drivers.input_stream import pack_event
from drivers.keypad import KEYS
from drivers.us_map import CHARACTERS, LEFT_SHIFT
from tools.hardware_bench.pace import Typist

__all__ = ["UDEV_RULE", "VirtualKeyboard", "keys", "reports"]

NODES = Path("/dev/input/by-place")
UDEV_RULE = 'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{phys}=="bench-*", SYMLINK+="input/by-place/$attr{phys}"\n'
"""Gives such a keyboard a name that stays when it is unplugged, as a technician would by its socket."""
NODE_S = 5.0
_CODES = {character: place for place, character in reversed(CHARACTERS.items())}
_KEY_CODES = {str(key): code for code, key in reversed(KEYS.items())}
_SETUP = struct.Struct("HHHH80sI")
"""``struct uinput_setup`` of linux/uinput.h: bus, vendor, product, version, name, and what only effects need."""
_UI_DEV_CREATE, _UI_DEV_SETUP, _UI_SET_EVBIT, _UI_SET_KEYBIT = 0x5501, 0x405C5503, 0x40045564, 0x40045565
_UI_SET_MSCBIT, _UI_SET_PHYS = 0x40045568, 0x4008556C
_SYN = pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)


def _report(code: int, down: bool) -> bytes:
    scan = pack_event(ecodes.EV_MSC, ecodes.MSC_SCAN, 0x70000 | code)
    return scan + pack_event(ecodes.EV_KEY, code, int(down)) + _SYN


def reports(text: str, *, enter: bool = True) -> list[bytes]:
    """One report for each key that goes down or up when a device types ``text``; capitals with shift."""
    made: list[bytes] = []
    for character in text:
        code, shifted = _CODES[character]
        stroke = [_report(code, True), _report(code, False)]
        made += [_report(LEFT_SHIFT, True), *stroke, _report(LEFT_SHIFT, False)] if shifted else stroke
    return made + ([_report(ecodes.KEY_ENTER, True), _report(ecodes.KEY_ENTER, False)] if enter else [])


def keys(*names: str) -> list[bytes]:
    """Reports of terminal keys by their names, such as ``"enter"``: each down and up."""
    return [_report(_KEY_CODES[name], down) for name in names for down in (True, False)]


def _create(place: str, *, repeats: bool) -> int:
    """A descriptor of ``/dev/uinput`` behind which the kernel has made a keyboard; closing it removes that."""
    device = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    codes = {code for code, _ in CHARACTERS} | set(KEYS) | {LEFT_SHIFT, ecodes.KEY_ENTER}
    for type in (ecodes.EV_KEY, ecodes.EV_MSC, *([ecodes.EV_REP] if repeats else [])):
        fcntl.ioctl(device, _UI_SET_EVBIT, type)
    fcntl.ioctl(device, _UI_SET_MSCBIT, ecodes.MSC_SCAN)
    for code in codes:
        fcntl.ioctl(device, _UI_SET_KEYBIT, code)
    fcntl.ioctl(device, _UI_SET_PHYS, place.encode("ascii") + b"\0")
    fcntl.ioctl(device, _UI_DEV_SETUP, _SETUP.pack(ecodes.BUS_VIRTUAL, 0, 0, 1, b"Virtual " + place.encode("ascii"), 0))
    fcntl.ioctl(device, _UI_DEV_CREATE)
    return device


class VirtualKeyboard:
    """A keyboard in a socket called ``place``. ``plug`` and ``unplug`` it as often as you like."""

    def __init__(self, place: str, *, repeats: bool = False) -> None:
        self.place = f"bench-{place}"
        self._repeats = repeats
        self._device: int | None = None
        self._typist: Typist | None = None

    @property
    def path(self) -> str:
        """The node's name that stays."""
        return str(NODES / self.place)

    def plug(self) -> None:
        """Put it in; returns when udev has named the node."""
        assert self._device is None, "it is in already"
        self._device = _create(self.place, repeats=self._repeats)
        self._typist = Typist(self._device)
        deadline = time.monotonic() + NODE_S
        while not Path(self.path).exists():
            assert time.monotonic() < deadline, f"udev did not name {self.path}"
            time.sleep(0.01)

    def unplug(self) -> None:
        """Pull it out, also in the middle of a key."""
        self.hush()
        if self._device is not None:
            os.close(self._device)
            self._device = None

    def send(self, made: Iterable[bytes]) -> None:
        """All reports at once: faster than any device, to overrun the kernel's ring."""
        assert self._device is not None
        os.write(self._device, b"".join(made))

    def type(self, made: list[bytes], interval_s: float) -> None:
        """Let the typist send one report each interval; returns at once."""
        assert self._typist is not None
        self._typist.type(made, interval_s)

    def typed(self) -> float:
        """Wait until the typist has sent what it was given last; seconds from its first report to its last."""
        assert self._typist is not None
        return self._typist.typed()

    @property
    def stood_still_s(self) -> float:
        """The typist's longest pause between two reports of the last job."""
        assert self._typist is not None
        return self._typist.longest_s

    def hush(self) -> None:
        """End the typist wherever it is."""
        if self._typist is not None:
            self._typist.end()
            self._typist = None

    def open_beside(self) -> InputDevice[str]:
        """The node opened by somebody else, without grabbing."""
        return InputDevice(self.path)
