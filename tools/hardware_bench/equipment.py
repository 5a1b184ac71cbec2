"""What may stand on a counter: for each kind of device how it is played, which driver has it, and how it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.hid_reports import MAGTEK_REPORT_BYTES, POS_REPORT_BYTES
from tools.hardware_bench.devices import Played, SerialLine, UsbHid, UsbKeyboard, text_reports
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.hid_reports import CODE_DESCRIPTOR, STRIPE_DESCRIPTOR, code_reports, stripe_report
from tools.hardware_bench.pin_pad import UsbPinPad
from tools.hardware_bench.printer import UsbPrinter
from tools.rig.rig import ACCOUNTS

__all__ = ["COUNTERS", "KINDS", "PASS_S", "Kind"]

PASS_S = 0.001
"""A key of a reader that types, down or up; as fast as a device can be."""
_REPORT_S, _TOLD_S = 0.002, 0.05
"""What it comes to on a bus that is polled by an emulated processor, and until the last of it is there."""
_PAD_ACK_MS = 5000
"""A pad that is played by an emulated processor."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of device."""

    use: str
    """Its section of ``[devices]``; empty for what is no device of sales."""
    driver: str
    make: Callable[[bytes], Played]
    """Plays it; given the terminal's master key, for a pad that has to have it."""
    by_node: bool = False
    """Whether the configuration names its node, and not what it says of itself."""
    settings: Mapping[str, object] = field(default_factory=dict)
    read: Callable[[Played, str], float] | None = None
    """Has it read a track or code; the seconds it goes on telling. Raises OSError when it is pulled out."""

    def section(self, device: Played) -> dict[str, object]:
        """What the configuration says of it."""
        address = str(device.node) if self.by_node else device.identity.usb_address
        return {"driver": self.driver, "address": address, **self.settings}


def _typed(text: Callable[[str], str]) -> Callable[[Played, str], float]:
    def read(device: Played, content: str) -> float:
        assert isinstance(device, UsbKeyboard)
        made = text_reports(text(content))
        device.type(made, PASS_S)
        return len(made) * _REPORT_S + _TOLD_S

    return read


def _reported(reports: Callable[[str], list[bytes]]) -> Callable[[Played, str], float]:
    def read(device: Played, content: str) -> float:
        assert isinstance(device, UsbHid)
        for report in reports(content):
            device.report(report)
        return _TOLD_S

    return read


def _sent(device: Played, content: str) -> float:
    assert isinstance(device, SerialLine)
    device.send(f"{content}\r".encode("ascii"))
    return _TOLD_S


def _keyboard(identity: Identity) -> Callable[[bytes], Played]:
    return lambda master_key: UsbKeyboard(identity)


def _hid(identity: Identity, descriptor: bytes, report_bytes: int) -> Callable[[bytes], Played]:
    return lambda master_key: UsbHid(identity, descriptor, report_bytes)


_KEYPAD = Identity(0x1D6B, 0x0301, "KEYS1", model="Keypad")
_WEDGE_MSR = Identity(0x0801, 0x0011, "STRIPE1", model="Reader")
_HID_MSR = Identity(0x0801, 0x0002, "STRIPE2", model="HidReader")
_WEDGE_SCANNER = Identity(0x0C2E, 0x0212, "CODES1", model="Scanner")
_HID_SCANNER = Identity(0x0C2E, 0x0900, "CODES2", model="PosScanner")
_SERIAL_SCANNER = Identity(0x0C2E, 0x0901, "CODES3", model="SerialScanner")
_PRINTER = Identity(0x04B8, 0x0212, "PAPER1", model="Slip")
_PIN_PAD = Identity(0x11CA, 0x0201, "PAD1", model="PinPad")
_KEY_LOADER = Identity(0x1D6B, 0x0302, "LOADER1", model="KeyLoader")

KINDS: dict[str, Kind] = {
    "keypad": Kind("keypad", "evdev-keypad", _keyboard(_KEYPAD), by_node=True),
    "wedge-msr": Kind("msr", "evdev-msr", _keyboard(_WEDGE_MSR), by_node=True, read=_typed(lambda track: f";{track}?")),
    "hid-msr": Kind(
        "msr", "hid-msr", _hid(_HID_MSR, STRIPE_DESCRIPTOR, MAGTEK_REPORT_BYTES),
        read=_reported(lambda track: [stripe_report(track)]),
    ),
    "wedge-scanner": Kind(
        "scanner", "evdev-scanner", _keyboard(_WEDGE_SCANNER), by_node=True, read=_typed(lambda code: code)
    ),
    "hid-scanner": Kind(
        "scanner", "hid-scanner", _hid(_HID_SCANNER, CODE_DESCRIPTOR, POS_REPORT_BYTES), read=_reported(code_reports)
    ),
    "serial-scanner": Kind("scanner", "serial-scanner", lambda master_key: SerialLine(_SERIAL_SCANNER), read=_sent),
    "printer": Kind("printer", "escpos-printer", lambda master_key: UsbPrinter(_PRINTER), settings={"text": "cp437"}),
    "pin-pad": Kind(
        "pin_pad", "serial-pin-pad", lambda master_key: UsbPinPad(_PIN_PAD, master_key, ACCOUNTS["good"].pin),
        settings={"ack_ms": _PAD_ACK_MS},
    ),
    "key-loader": Kind("", "", lambda master_key: SerialLine(_KEY_LOADER)),
}  # fmt: skip

COUNTERS: dict[str, tuple[str, ...]] = {
    "typing": ("keypad", "wedge-msr", "wedge-scanner", "printer"),
    "reporting": ("keypad", "hid-msr", "hid-scanner", "printer", "pin-pad"),
    "serial": ("keypad", "wedge-msr", "serial-scanner", "printer", "key-loader"),
}
"""What stands together: a terminal has one device of each use."""
