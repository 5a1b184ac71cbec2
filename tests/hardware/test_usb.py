"""USB devices on the kernel's own USB stack, opened by names that stay."""

import asyncio
import errno
import os
import select
import time

import pytest
import serial
import usb.core
import usb.util

from drivers.events import DeviceState, KeyPress, MisScan, MisScanReason, MisSwipe, MisSwipeReason, Scan, Swipe
from drivers.hid_reports import MAGTEK_REPORT_BYTES, POS_REPORT_BYTES
from drivers.keypad import Keypad
from drivers.msr import MagneticStripeReader
from drivers.scanner import Scanner
from tools.hardware_bench.devices import SerialLine, UsbHid, UsbKeyboard, key_reports, text_reports
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.hid_reports import CODE_DESCRIPTOR, STRIPE_DESCRIPTOR
from tools.hardware_bench.limits import REPLUG_S

AGAIN_S = 0.5
"""Nobody swipes or scans again faster."""
KEYPAD = Identity(0x1D6B, 0x0201, "KEYPAD01", model="Keypad")
READER = Identity(0x0801, 0x0001, "READER01", model="Reader")
SCANNER = Identity(0x0C2E, 0x0200, "SCAN01", model="Scanner")
HID_READER = Identity(0x0801, 0x0002, "MSR01", model="HidReader")
POS_SCANNER = Identity(0x0C2E, 0x0900, "POS01", model="PosScanner")
LINE = Identity(0x0C2E, 0x0901, "LINE01", model="SerialScanner")

TRACK1, TRACK2 = "B6200000000000005^TEST/CARD^49121010000000000000", "6200000000000005=49121010000000000000"
CODE = "https://qr.example/p?id=62012345678901234567"


def opened(identity):
    """A device and its interface as libusb has them. Its list of devices follows the cable with some delay."""
    deadline = time.monotonic() + REPLUG_S
    while True:
        try:
            found = usb.core.find(idVendor=identity.vendor, idProduct=identity.product)
            return found, found.get_active_configuration()[0, 0]
        except (AttributeError, usb.core.USBError):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_usb_keypad_is_opened_by_its_id(run, played):
    keypad = played(UsbKeyboard(KEYPAD))

    async def story(open):
        heard = await open(Keypad("keypad", str(keypad.node)))
        keypad.type(key_reports(*"1234567890", "enter", "clear", "cancel"), 0.015)
        await heard.count(13, KeyPress)
        assert [press.key for press in heard.of(KeyPress)] == [*"1234567890", "enter", "clear", "cancel"]

    run(story)


def test_reader_and_scanner_type_at_the_same_time_as_fast_as_usb_polls(run, played, record_property):
    reader, scanner = played(UsbKeyboard(READER)), played(UsbKeyboard(SCANNER))
    times = 20

    async def story(open):
        swipes = await open(MagneticStripeReader("msr", str(reader.node)))
        scans = await open(Scanner("scanner", str(scanner.node)))
        took, again = 0.0, 0
        for number in range(1, times + 1):
            while len(swipes.of(Swipe)) < number or len(scans.of(Scan)) < number:
                # What the kernel lost, because this machine stood still, is told and done again.
                swiped, scanned = len(swipes.of(Swipe, MisSwipe)), len(scans.of(Scan, MisScan))
                wanted = len(swipes.of(Swipe)) < number, len(scans.of(Scan)) < number
                if wanted[0]:
                    reader.type(text_reports(f"%{TRACK1}?;{TRACK2[:-2]}{number:02}?"))
                if wanted[1]:
                    scanner.type(text_reports(f"{CODE}{number:03}"))
                await swipes.count(swiped + wanted[0], Swipe, MisSwipe)
                await scans.count(scanned + wanted[1], Scan, MisScan)
                took += await asyncio.to_thread(reader.typed) if wanted[0] else 0.0
                if wanted[1]:  # a typist that has typed nothing says nothing
                    await asyncio.to_thread(scanner.typed)
                if len(swipes.of(Swipe)) < number or len(scans.of(Scan)) < number:
                    again += 1
                    await asyncio.sleep(AGAIN_S)
        assert {event.reason for event in swipes.of(MisSwipe)} <= {MisSwipeReason.EVENTS_LOST}
        assert {event.reason for event in scans.of(MisScan)} <= {MisScanReason.EVENTS_LOST}
        got = [(s.tracks.track1.decode(), s.tracks.track2.decode()) for s in swipes.of(Swipe)]
        assert got == [(TRACK1, f"{TRACK2[:-2]}{n:02}") for n in range(1, times + 1)]
        assert [s.text.data.decode() for s in scans.of(Scan)] == [f"{CODE}{n:03}" for n in range(1, times + 1)]
        reports = times * len(text_reports(f"%{TRACK1}?;{TRACK2}?"))
        pace_ms = took / reports * 1000
        record_property("usb reader beside usb scanner", f"{times} passes, {again} again, {pace_ms:.2f} ms a report")

    run(story, timeout_s=120)


@pytest.mark.parametrize("place", range(6))
def test_a_usb_reader_pulled_out_in_mid_pass_gives_no_card_and_comes_back(run, played, place):
    reader = played(UsbKeyboard(READER))

    async def story(open):
        heard = await open(MagneticStripeReader("msr", str(reader.node)))
        reader.type(text_reports(f"%{TRACK1}?;{TRACK2}?"), 0.001)
        await asyncio.sleep(0.01 + 0.025 * place)
        await asyncio.to_thread(reader.unplug)
        await heard.gone()
        assert not heard.of(Swipe)
        # Where the machine stood still, the kernel may have lost events of the pass before the cable came out.
        reasons = {event.reason for event in heard.of(MisSwipe)}
        assert reasons <= {MisSwipeReason.READER_LOST, MisSwipeReason.EVENTS_LOST}
        began = time.monotonic()
        await asyncio.to_thread(reader.plug)
        await heard.state(DeviceState.OPEN)
        assert time.monotonic() - began < REPLUG_S
        while not heard.of(Swipe):
            told = len(heard.of(Swipe, MisSwipe))
            reader.type(text_reports(f";{TRACK2}?"), 0.001)
            await heard.count(told + 1, Swipe, MisSwipe)
            await asyncio.sleep(AGAIN_S)
        assert [swipe.tracks.track2.decode() for swipe in heard.of(Swipe)] == [TRACK2]

    run(story)


@pytest.mark.parametrize(
    ("identity", "descriptor", "size"),
    [
        (HID_READER, STRIPE_DESCRIPTOR, MAGTEK_REPORT_BYTES),
        (POS_SCANNER, CODE_DESCRIPTOR, POS_REPORT_BYTES),
    ],
    ids=["stripe reader", "POS scanner"],
)
def test_reports_of_a_hid_device_that_is_no_keyboard_arrive_whole(played, identity, descriptor, size):
    device = played(UsbHid(identity, descriptor, size))
    report = (b"\x02" + bytes(range(1, 256)) * 2)[:size]
    node = os.open(device.node, os.O_RDONLY)
    try:
        device.report(report)
        assert select.select([node], [], [], 5)[0]
        assert os.read(node, 1024) == report
        device.unplug()
        with pytest.raises(OSError) as lost:
            os.read(node, 1024)
        assert lost.value.errno in (errno.ENODEV, errno.EIO)
    finally:
        os.close(node)


def test_libusb_reads_a_hid_reader_after_taking_it_from_the_kernel(played):
    device = played(UsbHid(HID_READER, STRIPE_DESCRIPTOR, MAGTEK_REPORT_BYTES))
    found, interface = opened(HID_READER)
    assert found.serial_number == HID_READER.serial
    assert interface.bInterfaceClass == 3
    found.detach_kernel_driver(0)
    try:
        report = bytes(range(256)) + bytes(MAGTEK_REPORT_BYTES - 256)
        device.report(report)
        assert bytes(found.read(interface[0].bEndpointAddress, MAGTEK_REPORT_BYTES, 5000)) == report
        device.unplug()
        with pytest.raises(usb.core.USBError) as lost:
            found.read(interface[0].bEndpointAddress, MAGTEK_REPORT_BYTES, 1000)
        assert lost.value.errno in (errno.ENODEV, errno.EIO)
    finally:
        usb.util.dispose_resources(found)


def test_a_line_over_usb_carries_every_byte_both_ways_and_ends_when_pulled(played):
    line = played(SerialLine(LINE))
    everything = bytes(range(256)) * 4
    with serial.Serial(str(line.node), 115200, timeout=5) as port:
        line.send(everything)
        assert port.read(len(everything)) == everything
        port.write(everything)
        assert line.receive(len(everything)) == everything
        line.unplug()
        with pytest.raises(serial.SerialException):
            port.read(1)
    line.plug()
    with serial.Serial(str(line.node), 115200, timeout=5) as port:
        line.send(b"\x02again\x03")
        assert port.read(7) == b"\x02again\x03"
