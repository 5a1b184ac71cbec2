"""A USB printer by libusb: found by descriptors, never by a list of endpoints; two threads, for libusb blocks.

One writes what stands in a bounded queue, one reads; both look up every second at the latest. A transfer that is not
taken is a printer that is busy or without paper, not an error; ``ENODEV`` is a cable that was pulled.
"""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["UsbPort", "open_usb"]

PRINTER_CLASS, VENDOR_CLASS = 7, 0xFF
_GET_PORT_STATUS, _CLASS_INTERFACE_IN = 1, 0xA1
_IN = 0x80
_BULK, _TYPE_MASK = 2, 0x03
READ_MS, WRITE_MS, CONTROL_MS = 1000, 500, 500
READ_BYTES = 512
WAITING_MAX = 4


@dataclass(frozen=True, slots=True)
class _Handle:
    """A claimed interface."""

    device: Any
    interface: int
    into: Any
    out_of: Any | None
    vendor: int
    product: int


@dataclass(slots=True)
class _Job:
    """Bytes to write, and who waits for that."""

    data: bytes
    done: asyncio.Future[None]
    dropped: threading.Event = field(default_factory=threading.Event)


async def open_usb(identity: str, received: Callable[[bytes], None]) -> UsbPort:
    """Open the printer ``VVVV:PPPP[:SERIAL]``. Raises OSError."""
    vendor, product, serial = (*identity.split(":", 2), "")[:3]
    handle = await asyncio.to_thread(_open, int(vendor, 16), int(product, 16), serial)
    return UsbPort(handle, received)


class UsbPort:
    """A printer's two bulk endpoints."""

    def __init__(self, handle: _Handle, received: Callable[[bytes], None]) -> None:
        self.sent = 0
        self.answers = handle.out_of is not None
        self.ids = (handle.vendor, handle.product)
        self._handle = handle
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING_MAX)
        self._stopping = threading.Event()
        self._working = threading.Lock()
        self._threads = 0
        for work in (self._write, self._read):
            self._threads += 1
            threading.Thread(target=self._run, args=(work,), name="usb-printer", daemon=True).start()

    async def send(self, data: bytes) -> None:
        """Hand over; ends when the printer has taken all."""
        if self._gone.done():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        job = _Job(data, self._loop.create_future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full:  # jobs that were given up and are still in a transfer
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
        try:
            await asyncio.wait({job.done, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            job.dropped.set()
        if not job.done.done():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        job.done.result()

    async def gone(self) -> None:
        """Wait until the cable is pulled."""
        await asyncio.shield(self._gone)

    async def port_status(self) -> int | None:
        """Ask over the control endpoint, which works although the bulk pipe is full."""
        if self._gone.done():
            return None
        return await asyncio.to_thread(self._ask_status)

    def close(self) -> None:
        """Let it go; the threads end when their transfers do."""
        self._stopping.set()
        with suppress(queue.Full):
            self._jobs.put_nowait(None)
        self._lose()

    def _run(self, work: Callable[[], None]) -> None:
        import usb.core
        import usb.util

        try:
            work()
        except usb.core.USBError:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._lose)
        with self._working:
            self._threads -= 1
            if self._threads == 0:
                with suppress(usb.core.USBError):
                    usb.util.dispose_resources(self._handle.device)

    def _write(self) -> None:
        from usb.core import USBError, USBTimeoutError

        while not self._stopping.is_set():
            try:
                job = self._jobs.get(timeout=READ_MS / 1000)
            except queue.Empty:
                continue
            if job is None:
                return
            rest = memoryview(job.data)
            while rest and not (self._stopping.is_set() or job.dropped.is_set()):
                try:
                    taken = self._handle.into.write(bytes(rest), WRITE_MS)
                except USBTimeoutError:
                    continue
                except USBError:
                    self._tell(job, OSError(errno.ENODEV, os.strerror(errno.ENODEV)))
                    raise
                self.sent += taken
                rest = rest[taken:]
            self._tell(job, OSError(errno.ENODEV, os.strerror(errno.ENODEV)) if rest else None)

    def _read(self) -> None:
        from usb.core import USBTimeoutError

        while not self._stopping.is_set():
            if self._handle.out_of is None:
                self._stopping.wait(READ_MS / 1000)
                continue
            try:
                data = bytes(self._handle.out_of.read(READ_BYTES, READ_MS))
            except USBTimeoutError:
                continue
            if data:
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._hand_on, data)

    def _hand_on(self, data: bytes) -> None:
        if not self._stopping.is_set():
            self._received(data)

    def _tell(self, job: _Job, error: OSError | None) -> None:
        def tell() -> None:
            if not job.done.done() and not job.dropped.is_set():
                if error is None:
                    job.done.set_result(None)
                else:
                    job.done.set_exception(error)

        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)

    def _lose(self) -> None:
        self._stopping.set()
        if not self._gone.done():
            self._gone.set_result(None)

    def _ask_status(self) -> int | None:
        from usb.core import USBError

        with suppress(USBError):
            answer = self._handle.device.ctrl_transfer(
                _CLASS_INTERFACE_IN, _GET_PORT_STATUS, 0, self._handle.interface, 1, CONTROL_MS
            )
            if len(answer) == 1:
                return int(answer[0])
        return None


def _open(vendor: int, product: int, serial: str) -> _Handle:
    """Find, take from the kernel, claim. Raises OSError."""
    import usb.core
    import usb.util

    try:
        for device in usb.core.find(find_all=True, idVendor=vendor, idProduct=product) or ():
            if serial and _serial_of(device) != serial:
                continue
            for interface, into, out_of in _candidates(device):
                number = interface.bInterfaceNumber
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
                usb.util.claim_interface(device, number)
                if interface.bAlternateSetting:
                    interface.set_altsetting()
                return _Handle(device, number, into, out_of, vendor, product)
    except usb.core.NoBackendError:
        raise OSError(errno.ENOSYS, "libusb 1.0 is not installed") from None
    except usb.core.USBError as error:
        number = error.errno or errno.EIO
        raise OSError(number, os.strerror(number)) from None
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _serial_of(device: Any) -> str | None:
    try:
        return str(device.serial_number)
    except ValueError:  # pyusb: strings cannot be read, which needs the right to open the device
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def _candidates(device: Any) -> Iterator[tuple[Any, Any, Any | None]]:
    """Interfaces with a bulk endpoint into the printer: of the printer class first, and those that answer."""
    found: list[tuple[bool, bool, int, Any, Any, Any | None]] = []
    for interface in device.get_active_configuration():
        bulk = [end for end in interface if end.bmAttributes & _TYPE_MASK == _BULK]
        into = next((end for end in bulk if not end.bEndpointAddress & _IN), None)
        out_of = next((end for end in bulk if end.bEndpointAddress & _IN), None)
        if into is not None and interface.bInterfaceClass in (PRINTER_CLASS, VENDOR_CLASS):
            found.append(
                (interface.bInterfaceClass != PRINTER_CLASS, out_of is None, len(found), interface, into, out_of)
            )
    for *_, interface, into, out_of in sorted(found, key=lambda row: row[:3]):
        yield interface, into, out_of
