"""What is done to the virtual machine from outside: its own USB socket, keys pressed on it, a picture of its screen.

QEMU's monitor (QMP) is reached from within, through a port of the machine's own, so that a test reads from top to
bottom. QEMU's devices have a model's firmware and the kernel's own drivers at both ends of the cable.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from evdev import ecodes

from drivers.us_map import CHARACTERS
from tools.hardware_bench.gadget import NODE_S, appears, vanishes
from tools.hardware_bench.machine import FOLDER, QMP_PORT, SERIAL_PORT

__all__ = ["Monitor", "OutsideKeyboard", "OutsideLine", "screenshot"]

PORTS = Path("/dev/virtio-ports")
ANSWER_S = 20.0
_SOCKET = "xhci.0"
_PLACES = {character: place for place, character in reversed(CHARACTERS.items())}
_QCODES = {
    "SEMICOLON": "semicolon", "EQUAL": "equal", "MINUS": "minus", "SLASH": "slash", "ENTER": "ret", "DOT": "dot",
    "SPACE": "spc", "COMMA": "comma", "APOSTROPHE": "apostrophe",
}  # fmt: skip
"""QEMU's names of keys where they are not the kernel's in small letters (QAPI schema, QKeyCode)."""


class Monitor:
    """QEMU's monitor."""

    def __init__(self) -> None:
        self._port = os.open(PORTS / QMP_PORT, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        self._send({"execute": "qmp_capabilities"})
        self._answer()  # an error when somebody was here before us, and then all is well

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._port)

    def do(self, command: str, **arguments: Any) -> Any:
        """Execute a command; what it returns."""
        self._send({"execute": command, "arguments": arguments})
        answer = self._answer()
        assert "error" not in answer, f"{command}: {answer}"
        return answer["return"]

    def _send(self, line: dict[str, Any]) -> None:
        os.write(self._port, json.dumps(line).encode("ascii") + b"\n")

    def _answer(self) -> dict[str, Any]:
        while True:
            while b"\n" not in self._rest:
                assert select.select([self._port], [], [], ANSWER_S)[0], "the monitor does not answer"
                self._rest += os.read(self._port, 65536)
            line, _, self._rest = self._rest.partition(b"\n")
            told: dict[str, Any] = json.loads(line)
            if "return" in told or "error" in told:
                return told  # greetings and events are left out


class _Outside:
    """A device of QEMU's in the machine's own USB socket."""

    driver = ""

    def __init__(self, monitor: Monitor, name: str, node: Callable[[], Path], **options: str) -> None:
        self._monitor = monitor
        self._name = name
        self._node = node
        # A serial number of its own, or its name would be that of the socket it happens to be put into.
        self._options = {"serial": name, **options}

    @property
    def node(self) -> Path:
        """The terminal's node by its stable name."""
        return self._node()

    def plug(self) -> None:
        """Put it in; returns when the terminal could open it. What was pulled just before needs a moment."""
        deadline = time.monotonic() + NODE_S
        while True:
            try:
                self._monitor.do("device_add", driver=self.driver, id=self._name, bus=_SOCKET, **self._options)
                break
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        appears(self._node)

    def unplug(self) -> None:
        """Pull it out."""
        self._monitor.do("device_del", id=self._name)
        vanishes(self._node)


class OutsideKeyboard(_Outside):
    """QEMU's USB keyboard: a reader, scanner or keypad whose firmware is not ours."""

    driver = "usb-kbd"

    def __init__(self, monitor: Monitor, name: str = "keyboard") -> None:
        super().__init__(monitor, name, lambda: _first("/dev/input/by-id", "*QEMU*Keyboard*-event-kbd"))

    def type(self, text: str, interval_s: float = 0.0085) -> None:
        """Type as a wedge does: each key down and up, capitals with shift, and Enter.

        It holds 16 events and is polled for one every 8 ms: so long each of them takes.
        """
        due = time.monotonic()
        for code, shifted in [*(_PLACES[character] for character in text), (ecodes.KEY_ENTER, False)]:
            name = str(ecodes.KEY[code] if isinstance(ecodes.KEY[code], str) else ecodes.KEY[code][0])
            qcode = _QCODES.get(name.removeprefix("KEY_"), name.removeprefix("KEY_").lower())
            keys = ["shift", qcode] if shifted else [qcode]
            strokes = [(key, True) for key in keys] + [(key, False) for key in reversed(keys)]
            events = [{"down": down, "key": {"type": "qcode", "data": key}} for key, down in strokes]
            self._monitor.do("input-send-event", events=[{"type": "key", "data": event} for event in events])
            due = max(due + len(events) * interval_s, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


class OutsideLine(_Outside):
    """QEMU's FTDI adapter. What is wired to it is at the far end of its line: a descriptor here."""

    driver = "usb-serial"

    def __init__(self, monitor: Monitor, name: str = "line-adapter") -> None:
        super().__init__(monitor, name, lambda: _first("/dev/serial/by-id", "*QEMU*SERIAL*"), chardev="line")
        self.far_end = os.open(PORTS / SERIAL_PORT, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        """Let the far end go."""
        os.close(self.far_end)


def screenshot(monitor: Monitor, name: str = "screen.ppm") -> Path:
    """A picture of the machine's screen, taken by QEMU: the path of a PPM file."""
    folder = os.environ["COUNTERTOP_BENCH_FOLDER"]  # as the outside calls it
    monitor.do("screendump", filename=f"{folder}/{name}")
    return FOLDER / name


def _first(folder: str, pattern: str) -> Path:
    absent = Path(folder) / "absent"
    try:
        return next(Path(folder).glob(pattern), absent)
    except FileNotFoundError:  # udev removes the folder with the last name in it
        return absent
