"""USB devices that do not exist: functions of the kernel's own device side, plugged into ``dummy_hcd``.

The terminal's side of the cable is the kernel's ordinary USB stack with its class drivers; the device's side is a
node for each function, which a program of the bench plays (facts/hardware.md §1).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ACM", "Function", "Gadget", "Identity", "appears", "hid", "program", "vanishes"]

CONFIGFS = Path("/sys/kernel/config/usb_gadget")
SOCKETS = Path("/sys/class/udc")
NODE_S = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself."""

    vendor: int
    product: int
    serial: str
    maker: str = "Bench"
    model: str = "Device"

    @property
    def usb_address(self) -> str:
        """As a configuration names it."""
        return f"usb:{self.vendor:04x}:{self.product:04x}:{self.serial}"

    @property
    def by_id(self) -> str:
        """Beginning of the names udev makes."""
        return f"usb-{self.maker}_{self.model}_{self.serial}"


@dataclass(frozen=True, slots=True)
class Function:
    """One interface of a device: its kind, its settings, and the node at the device's end."""

    kind: str
    settings: Mapping[str, str | bytes] = field(default_factory=dict)
    name: str = ""
    """The function's own name where that means something."""
    node: str = ""
    """``/dev/`` name with ``{}`` for the number."""
    number: Callable[[Path], int] = lambda folder: 0


def _minor(folder: Path) -> int:
    return int((folder / "dev").read_text("ascii").strip().partition(":")[2])


def hid(descriptor: bytes, report_bytes: int, *, keyboard: bool = False) -> Function:
    """A HID device with a report descriptor; reports are written to its node."""
    protocol = "1" if keyboard else "0"
    settings: dict[str, str | bytes] = {
        "protocol": protocol,
        "subclass": protocol,
        "report_length": str(report_bytes),
        "report_desc": descriptor,
    }
    return Function("hid", settings, node="hidg{}", number=_minor)


def program(name: str) -> Function:
    """A function that a program plays down to its control requests, through FunctionFS under this name."""
    return Function("ffs", name=name)


ACM = Function("acm", node="ttyGS{}", number=lambda folder: int((folder / "port_num").read_text("ascii")))
"""A serial line over USB (CDC-ACM)."""


class Gadget:
    """A USB device of one or several functions, in a socket of its own as long as it is plugged."""

    def __init__(self, identity: Identity, *functions: Function) -> None:
        self.identity = identity
        self._folder = CONFIGFS / f"bench-{identity.serial}"
        self._functions = {
            f"{function.kind}.{function.name or f'{identity.serial}{place}'}": function
            for place, function in enumerate(functions)
        }
        self._write("idVendor", f"{identity.vendor:#06x}")
        self._write("idProduct", f"{identity.product:#06x}")
        for name, value in (
            ("serialnumber", identity.serial),
            ("manufacturer", identity.maker),
            ("product", identity.model),
        ):
            self._write(f"strings/0x409/{name}", value)
        self._write("configs/c.1/MaxPower", "100")
        for name, function in self._functions.items():
            (self._folder / "functions" / name).mkdir()
            for key, setting in function.settings.items():
                self._write(f"functions/{name}/{key}", setting)
            (self._folder / "configs" / "c.1" / name).symlink_to(self._folder / "functions" / name)

    @property
    def nodes(self) -> list[Path]:
        """The device's end of each function, in order; there while the device is plugged."""
        return [
            Path("/dev") / function.node.format(function.number(self._folder / "functions" / name))
            for name, function in self._functions.items()
            if function.node
        ]

    @property
    def plugged(self) -> bool:
        """Whether it is in a socket."""
        return bool((self._folder / "UDC").read_text("ascii").strip())

    def plug(self) -> None:
        """Put it into the first free socket; returns when its own nodes are there."""
        taken = {(folder / "UDC").read_text("ascii").strip() for folder in CONFIGFS.iterdir()}
        self._write("UDC", next(socket.name for socket in sorted(SOCKETS.iterdir()) if socket.name not in taken))
        deadline = time.monotonic() + NODE_S
        while not all(node.exists() for node in self.nodes):
            assert time.monotonic() < deadline, f"the device's own nodes did not appear: {self.nodes}"
            time.sleep(0.005)

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        if self.plugged:
            self._write("UDC", "\n")

    def remove(self) -> None:
        """Unplug it and forget it."""
        self.unplug()
        for name in self._functions:
            with suppress(FileNotFoundError):
                (self._folder / "configs" / "c.1" / name).unlink()
            (self._folder / "functions" / name).rmdir()
        for folder in ("configs/c.1", "strings/0x409", "."):
            (self._folder / folder).rmdir()

    def _write(self, name: str, value: str | bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(value if isinstance(value, bytes) else value.encode("utf-8"))


def appears(node: Callable[[], Path], timeout_s: float = NODE_S) -> Path:
    """Wait until the terminal's side has a node, such as ``/dev/serial/by-id/…``."""
    deadline = time.monotonic() + timeout_s
    while not (path := node()).exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.005)
    return path


def vanishes(node: Callable[[], Path], timeout_s: float = NODE_S) -> None:
    """Wait until the terminal's side has forgotten a node: only then is the next one another."""
    deadline = time.monotonic() + timeout_s
    while node().exists():
        assert time.monotonic() < deadline, f"{node()} stays"
        time.sleep(0.005)
