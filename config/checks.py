"""What one key means for another: checks that no single value shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from config.devices import InputDevice, Printer
from config.errors import Problem
from config.network import twice
from config.profile import AcquirerProfile
from config.schema import Document

__all__ = ["check_document", "check_profile"]

SOCKET_PATH_BYTES_MAX = 107
"""A Unix socket's path, without its end mark (unix(7))."""


def check_document(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    """Contradictions within a terminal's file, and between it and the acquirer's profile."""
    for check in _DOCUMENT_CHECKS:
        yield from check(document, profile, file)


def check_profile(profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    """Contradictions within a profile."""
    if profile.pin_length_min > profile.pin_length_max:
        yield Problem(
            file,
            "pin_length_min",
            "at most pin_length_max",
            "a larger number",
            "Write: pin_length_min = 4 and pin_length_max = 12",
        )
    if profile.reversal_retry_first_s > profile.reversal_retry_max_s:
        yield Problem(
            file,
            "reversal_retry_first_s",
            "at most reversal_retry_max_s",
            "a larger number",
            "Write: reversal_retry_first_s = 5 and reversal_retry_max_s = 300",
        )
    if profile.answer_s < profile.response_s + profile.connect_s:
        yield Problem(
            file,
            "answer_s",
            "at least response_s and connect_s together",
            "a smaller number",
            "Write: answer_s = 90 with response_s = 60 and connect_s = 10",
        )
    seen: dict[str, str] = {}
    for key in ("approval_codes", "ambiguous_codes"):
        for code in getattr(profile, key):
            if code in seen:
                yield Problem(
                    file,
                    key,
                    "codes that no other list holds",
                    f"a code that {seen[code]} holds too",
                    "An answer either approves or is unclear: keep the code in one list.",
                )
            seen.setdefault(code, key)
    if profile.pin_key_bytes == 8 and profile.mac_field_bytes == 16:
        yield Problem(
            file,
            "mac_field_bytes",
            "8 when pin_key_bytes is 8",
            "16",
            "Write: mac_field_bytes = 8",
        )


def _production(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    if document.terminal.environment != "production":
        return
    if document.monitor is not None:
        yield Problem(
            file,
            "monitor",
            "no monitor in production",
            "a section",
            'Remove [monitor], or write: environment = "lab"   in section [terminal]',
        )
    if document.terminal.training:
        yield Problem(
            file,
            "terminal.training",
            "false in production",
            "true",
            'Write: training = false, or environment = "lab"   in section [terminal]',
        )
    if not document.terminal.operators:
        yield Problem(
            file,
            "terminal.operators",
            "true in production",
            "false",
            'Write: operators = true, or environment = "lab"   in section [terminal]',
        )
    for name, device in _devices(document):
        if device.address.startswith(("unix:", "fd:", "file:")):
            yield Problem(
                file,
                f"devices.{name}.address",
                "a real device in production",
                "the address of a simulated one",
                'Write: address = "/dev/input/by-id/…", or environment = "lab"   in section [terminal]',
            )
    if profile.pin != "never" and document.devices.pin_pad is None:
        yield Problem(
            file,
            "acquirer.profile",
            'pin = "never" in production while no PIN pad is configured',
            f"a profile that asks for a PIN ({profile.pin})",
            "A PIN may be typed only on a certified PIN pad. Add a section [devices.pin_pad], or write: "
            'overrides = { pin = "never" }   in section [acquirer]',
        )


def _socket_paths(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    addresses = [(f"devices.{name}.address", device.address) for name, device in _devices(document)]
    if document.monitor is not None:
        addresses.append(("monitor.address", document.monitor.address))
    for key, address in addresses:
        path = address.removeprefix("unix:")
        if address.startswith("unix:") and len(path.encode()) > SOCKET_PATH_BYTES_MAX:
            yield Problem(
                file,
                key,
                f"a socket path of at most {SOCKET_PATH_BYTES_MAX} bytes",
                f"one of {len(path.encode())} bytes",
                'Use a shorter folder, such as: address = "unix:/run/countertop/monitor.sock"',
            )


def _ports(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    for _, port in document.host.endpoints:
        if port > 65535:
            yield Problem(
                file,
                "host.address",
                "a port from 1 to 65535",
                "a larger number",
                'Write: address = "tcp:127.0.0.1:8583"   in section [host]',
            )


def _same_node(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, device in _devices(document):
        if device.address in seen:
            yield Problem(
                file,
                f"devices.{name}.address",
                "an address of its own",
                f"the address of devices.{seen[device.address]}",
                "A device is grabbed by one driver only: give each its own address.",
            )
        seen.setdefault(device.address, name)


def _display(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    display = document.devices.display
    if display.driver == "framebuffer" and display.address is None:
        yield Problem(
            file,
            "devices.display.address",
            "the framebuffer's device",
            "nothing",
            'Add: address = "/dev/fb0"   in section [devices.display]',
        )


def _till(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    ecr = document.ecr
    if ecr is None:
        return
    if ecr.endpoint is not None and ecr.endpoint[1] > 65535:
        yield Problem(
            file,
            "ecr.address",
            "a port from 1 to 65535",
            "a larger number",
            'Write: address = "tcp:127.0.0.1:7300"   in section [ecr]',
        )
    if ecr.reaches_out and ecr.key_file is None:
        yield Problem(
            file,
            "ecr.key_file",
            "a key where tills connect over a network",
            "nothing",
            'Add: key_file = "/etc/countertop/till.key", or write: address = "tcp:127.0.0.1:7300"   in section [ecr]',
        )


def _order(document: Document, profile: AcquirerProfile, file: str) -> Iterator[Problem]:
    for kind in twice(document.network):
        yield Problem(
            file,
            "network.order",
            "each kind of link once",
            f"{kind} twice",
            'Write: order = ["ethernet", "wifi", "mobile"]   in section [network]',
        )


_DOCUMENT_CHECKS: tuple[Callable[[Document, AcquirerProfile, str], Iterator[Problem]], ...] = (
    _production,
    _socket_paths,
    _ports,
    _same_node,
    _display,
    _till,
    _order,
)


def _devices(document: Document) -> Iterator[tuple[str, InputDevice | Printer]]:
    for name in ("keypad", "msr", "scanner", "pin_pad", "printer"):
        device = getattr(document.devices, name)
        if device is not None:
            yield name, device
