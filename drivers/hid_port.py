"""Input reports of a HID device by libusb, which blocks: one thread reads, a bounded queue leads to the loop.

Used for devices that are no keyboards. The kernel's own driver is taken off the interface as long as it is open.
"""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from drivers.address import UsbAddress, usb_address
from drivers.port import DescriptorPort, Port

__all__ = ["REPORTS_MAX", "HidPort", "open_hid"]

HID_CLASS = 3
_IN, _INTERRUPT, _TYPE_MASK = 0x80, 3, 0x03
READ_MS = 500
"""A closed device's thread is gone after this at the latest."""
REPORTS_MAX = 64
"""That nobody has fetched: a code of the largest size, or many passes."""


class HidPort:
    """An open interface. ``read`` gives a report, raises TimeoutError after a while, or OSError when it is gone."""

    sent = 0
    answers = True

    def __init__(
        self,
        read: Callable[[], bytes],
        dispose: Callable[[], None],
        received: Callable[[bytes], None],
        overrun: Callable[[], None],
    ) -> None:
        self._read, self._dispose = read, dispose
        self._received, self._overrun = received, overrun
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._reports: queue.Queue[bytes] = queue.Queue(REPORTS_MAX)
        self._overran = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="usb-hid", daemon=True)
        self._thread.start()

    async def send(self, data: bytes) -> None:
        """Nothing is sent to such a device."""
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    async def gone(self) -> None:
        """Wait until the cable is pulled."""
        await asyncio.shield(self._gone)

    async def port_status(self) -> int | None:
        """It has none."""
        return None

    def close(self) -> None:
        """Let it go; the thread ends with its transfer and then gives the interface back."""
        self._stopping.set()

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    report = self._read()
                except TimeoutError:
                    continue
                except OSError:
                    break
                if not report:  # some devices end each report with a packet of no length
                    continue
                try:
                    self._reports.put_nowait(report)
                except queue.Full:
                    self._overran.set()
                self._on_loop(self._fetch)
        finally:
            self._dispose()
            self._on_loop(self._lose)

    def _on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call)

    def _fetch(self) -> None:
        if self._overran.is_set():
            self._overran.clear()
            while not self._reports.empty():
                self._reports.get_nowait()
            if not self._stopping.is_set():
                self._overrun()
            return
        while not (self._stopping.is_set() or self._reports.empty()):
            self._received(self._reports.get_nowait())

    def _lose(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)


async def open_hid(
    address: str, report_bytes: int, received: Callable[[bytes], None], overrun: Callable[[], None]
) -> Port:
    """Open ``usb:VVVV:PPPP[:SERIAL]``, or ``unix:PATH`` where each packet is a report. Raises OSError."""
    if address.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            peer.connect(address.removeprefix("unix:"))
        except OSError:
            peer.close()
            raise
        return DescriptorPort(peer.detach(), received)
    read, dispose = await asyncio.to_thread(_open_usb, usb_address(address), report_bytes)
    return HidPort(read, dispose, received, overrun)


def _open_usb(wanted: UsbAddress, report_bytes: int) -> tuple[Callable[[], bytes], Callable[[], None]]:
    """Find, take from the kernel, claim. Raises OSError."""
    import usb.core
    import usb.util

    try:
        device, interface, endpoint = _found(wanted)
        number = interface.bInterfaceNumber
        if device.is_kernel_driver_active(number):
            device.detach_kernel_driver(number)
        usb.util.claim_interface(device, number)
    except usb.core.NoBackendError:
        raise OSError(errno.ENOSYS, "libusb 1.0 is not installed") from None
    except usb.core.USBError as error:
        raise OSError(error.errno or errno.EIO, os.strerror(error.errno or errno.EIO)) from None

    def read() -> bytes:
        try:
            return bytes(endpoint.read(report_bytes, READ_MS))
        except usb.core.USBTimeoutError:
            raise TimeoutError from None

    def dispose() -> None:
        with suppress(usb.core.USBError, NotImplementedError):
            usb.util.release_interface(device, number)
            device.attach_kernel_driver(number)
        usb.util.dispose_resources(device)

    return read, dispose


def _found(wanted: UsbAddress) -> tuple[Any, Any, Any]:
    """The device, and its first interface of the HID class that reports by itself and is no boot keyboard or mouse."""
    import usb.core

    for device in usb.core.find(find_all=True, idVendor=wanted.vendor, idProduct=wanted.product) or ():
        try:
            if wanted.serial and device.serial_number != wanted.serial:
                continue
        except ValueError:  # pyusb: strings cannot be read, which needs the right to open the device
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
        for interface in device.get_active_configuration():
            if interface.bInterfaceClass == HID_CLASS and not interface.bInterfaceProtocol:
                for end in interface:
                    if end.bmAttributes & _TYPE_MASK == _INTERRUPT and end.bEndpointAddress & _IN:
                        return device, interface, end
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
