"""A slip printer of USB's printer class, played by a program down to its control requests (FunctionFS).

The kernel's own printer function would do, but it keeps back a transfer that ends on a packet's border until more
follows, and with kernel 6.1 it takes the whole machine along when it is pulled out while somebody has it open.
"""

from __future__ import annotations

import os
import queue
import select
import struct
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from drivers.simulated_paper import PaperPath
from tools.hardware_bench.devices import Played
from tools.hardware_bench.gadget import Gadget, Identity, program

__all__ = ["UsbPrinter"]

MOUNTS = Path("/run/functionfs")
PACKET_BYTES = 512
"""Of a bulk endpoint at high speed; 64 at full speed."""
LOOK_S = 0.01
_GET_DEVICE_ID, _GET_PORT_STATUS, _SOFT_RESET = 0, 1, 2
_EVENT = struct.Struct("<BBHHHB3x")
_SETUP_EVENT, _FROM_DEVICE = 4, 0x80
_DESCRIPTORS_V2, _STRINGS, _FULL_SPEED, _HIGH_SPEED = 3, 2, 1, 2
_INTERFACE = bytes([9, 4, 0, 0, 2, 7, 1, 2, 0])
"""Interface descriptor: class 7 (printer), subclass 1, protocol 2 (both directions), two endpoints."""


def _endpoints(packet_bytes: int) -> bytes:
    return b"".join(struct.pack("<BBBBHB", 7, 5, address, 2, packet_bytes, 0) for address in (0x81, 0x02))


def _descriptors() -> bytes:
    speeds = _INTERFACE + _endpoints(64) + _INTERFACE + _endpoints(PACKET_BYTES)
    body = struct.pack("<III", _FULL_SPEED | _HIGH_SPEED, 3, 3) + speeds
    return struct.pack("<II", _DESCRIPTORS_V2, 8 + len(body)) + body


class UsbPrinter(Played):
    """It keeps what reaches the paper and answers ESC/POS's requests, and those of the class."""

    OK, PAPER_OUT, NOT_SELECTED = 0x18, 0x38, 0x08
    """Port status byte of the printer class: what GET_PORT_STATUS tells."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(Gadget(identity, program(identity.serial)))
        self.path = PaperPath(self._say)
        self.pace_s = 0.0
        """Pause after each packet: a slow mechanism."""
        self._turn = threading.RLock()
        self._mount = MOUNTS / identity.serial
        self._mount.mkdir(parents=True)
        subprocess.run(["mount", "-t", "functionfs", identity.serial, self._mount], check=True, timeout=10)
        self._control = os.open(self._mount / "ep0", os.O_RDWR | os.O_CLOEXEC)
        os.write(self._control, _descriptors())
        os.write(self._control, struct.pack("<IIII", _STRINGS, 16, 0, 0))
        # In a program's own file system endpoints have numbers in the order of their descriptors.
        self._answers_out = os.open(self._mount / "ep1", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._packets_in = os.open(self._mount / "ep2", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._identification = f"MFG:{identity.maker};MDL:{identity.model};CLS:PRINTER;CMD:ESC/POS;".encode("ascii")
        self._stopping = threading.Event()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        works = (self._obey, self._print, self._answer)
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    @property
    def node(self) -> Path:
        """``/dev/usb/lp*``, the kernel's own printer driver."""
        for device in _printers():
            with suppress(OSError):  # pulled out just now
                if (device / "device" / ".." / "serial").read_text("ascii").strip() == self.identity.serial:
                    return Path("/dev/usb") / device.name
        return Path("/dev/usb/lp-absent")

    @property
    def paper(self) -> bytes:
        """Every byte that came, status requests left out."""
        with self._turn:
            return bytes(self.path.output)

    @property
    def port_status(self) -> int:
        """What GET_PORT_STATUS tells."""
        if not self.path.get("paper"):
            return self.PAPER_OUT
        return self.OK if self.path.ready else self.NOT_SELECTED

    def change(self, name: str, value: bool) -> None:
        """Change ``paper``, ``cover_closed``, ``online`` or ``paper_low``."""
        with self._turn:
            self.path.set(name, value)

    def new_roll(self) -> None:
        """Forget what was printed."""
        with self._turn:
            self.path.output.clear()

    def unplug(self) -> None:
        """Pull the cable: power goes with it, and what was not yet printed."""
        super().unplug()
        with self._turn:
            self.path.forget()

    def remove(self) -> None:
        """Pull it out for good."""
        self.unplug()
        self._stopping.set()
        self._answers.put(None)
        for thread in self._threads:
            thread.join()
        for descriptor in (self._packets_in, self._answers_out, self._control):
            os.close(descriptor)
        subprocess.run(["umount", self._mount], check=True, timeout=10)
        self._mount.rmdir()
        super().remove()

    def _say(self, data: bytes) -> None:
        self._answers.put(data)

    def _answer(self) -> None:
        """Hand answers over one by one: each waits until the host asks, which a test's own loop may have to do."""
        while (data := self._answers.get()) is not None:
            with suppress(OSError):  # not plugged, or pulled out just now
                os.write(self._answers_out, data)

    def _obey(self) -> None:
        """Answer control requests; every other event of the cable is left out."""
        waiting = select.poll()
        waiting.register(self._control, select.POLLIN)
        while not self._stopping.is_set():
            if not waiting.poll(LOOK_S * 1000):
                continue
            for event in _EVENT.iter_unpack(os.read(self._control, _EVENT.size * 4)):
                if event[5] == _SETUP_EVENT:
                    with suppress(OSError):  # taken back by the host, or refused below
                        self._request(*event[:5])

    def _request(self, direction: int, request: int, value: int, index: int, length: int) -> None:
        size = struct.pack(">H", 2 + len(self._identification))
        told = {_GET_DEVICE_ID: size + self._identification, _GET_PORT_STATUS: bytes([self.port_status])}
        if direction & _FROM_DEVICE and request in told:
            os.write(self._control, told[request][:length])
        elif request == _SOFT_RESET:
            with self._turn:
                self.path.forget()
            os.read(self._control, 0)
        elif direction & _FROM_DEVICE:
            os.read(self._control, 0)  # against the direction: refuses the request
        else:
            os.write(self._control, b"")

    def _print(self) -> None:
        while not self._stopping.is_set():
            if self.path.full:
                self._stopping.wait(LOOK_S)
                continue
            try:
                packet = os.read(self._packets_in, PACKET_BYTES)
            except OSError:  # not plugged, or pulled out just now
                self._stopping.wait(LOOK_S)
                continue
            with self._turn:
                self.path.feed(packet)
            if self.pace_s:
                self._stopping.wait(self.pace_s)


def _printers() -> list[Path]:
    """What the kernel's own printer driver has; its folder goes with the last of them."""
    try:
        return list(Path("/sys/class/usbmisc").glob("lp*"))
    except OSError:
        return []
