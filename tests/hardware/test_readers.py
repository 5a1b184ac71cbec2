"""Readers and scanners that are no keyboards, opened by what they say of themselves, through the kernel's USB stack."""

import asyncio
import time

import pytest

from drivers.discovery import discover
from drivers.events import DeviceState, MisScan, MisSwipe, Scan, Swipe
from drivers.hid_reports import MAGTEK_REPORT_BYTES, POS_REPORT_BYTES
from drivers.hotplug import Hotplug
from drivers.keypad import Keypad
from drivers.msr_hid import HidStripeReader
from drivers.scanner_hid import HidScanner
from drivers.scanner_serial import SerialScanner
from tools.hardware_bench.devices import SerialLine, UsbHid, UsbKeyboard, key_reports
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.hid_reports import CODE_DESCRIPTOR, STRIPE_DESCRIPTOR, code_reports, stripe_report

READER = Identity(0x0801, 0x0002, "MSR01", model="HidReader")
POS_SCANNER = Identity(0x0C2E, 0x0900, "POS01", model="PosScanner")
LINE = Identity(0x0C2E, 0x0901, "LINE01", model="SerialScanner")
KEYPAD = Identity(0x1D6B, 0x0201, "KEYPAD01", model="Keypad")
TRACK2 = "6200000000000005=491210100000000000"
TEXT = "https://qr.example/付款码?id=62012345678901234567&more=" + "x" * 100
REPLUG_S = 3.0


def stripe(number):
    return stripe_report(f"{TRACK2}{number:02}")


async def replugged(device, heard):
    """Pull it out and put it in; seconds until the driver has it again."""
    await asyncio.to_thread(device.unplug)
    await heard.gone()
    await asyncio.to_thread(device.plug)
    began = time.monotonic()
    await heard.state(DeviceState.OPEN)
    return time.monotonic() - began


def test_passes_of_a_hid_reader_arrive_before_and_after_it_was_unplugged(run, played, record_property):
    reader = played(UsbHid(READER, STRIPE_DESCRIPTOR, MAGTEK_REPORT_BYTES))

    async def story(open):
        heard = await open(HidStripeReader("msr", READER.usb_address))
        for number in range(20):
            await asyncio.to_thread(reader.report, stripe(number))
            await heard.count(number + 1, Swipe, MisSwipe)
        back_s = await replugged(reader, heard)
        assert back_s < REPLUG_S
        await asyncio.to_thread(reader.report, stripe(20))
        await heard.count(21, Swipe, MisSwipe)
        got = [swipe.tracks.track2.decode() for swipe in heard.of(Swipe)]
        assert got == [f"{TRACK2}{number:02}" for number in range(21)]
        record_property("hid reader back after", f"{back_s:.2f} s")

    run(story)


def test_long_codes_of_a_hid_pos_scanner_arrive_whole(run, played):
    scanner = played(UsbHid(POS_SCANNER, CODE_DESCRIPTOR, POS_REPORT_BYTES))

    async def story(open):
        heard = await open(HidScanner("scanner", POS_SCANNER.usb_address))
        for number in range(10):
            for report in code_reports(f"{TEXT}{number}"):
                await asyncio.to_thread(scanner.report, report)
            await heard.count(number + 1, Scan, MisScan)
        assert not heard.of(MisScan)
        assert [scan.text.data.decode() for scan in heard.of(Scan)] == [f"{TEXT}{number}" for number in range(10)]
        assert {scan.symbology for scan in heard.of(Scan)} == {"qr"}
        assert await replugged(scanner, heard) < REPLUG_S

    run(story)


def test_a_serial_scanner_is_found_by_its_identity_and_again_after_it_was_unplugged(run, played):
    line = played(SerialLine(LINE))

    async def story(open):
        heard = await open(SerialScanner("scanner", f"{LINE.usb_address}?baud=115200"))
        line.send(TEXT.encode() + b"\r")
        await heard.count(1, Scan, MisScan)
        assert await replugged(line, heard) < REPLUG_S
        line.send("付款码 2\r".encode("gb18030"))
        await heard.count(2, Scan, MisScan)
        assert [scan.text.data.decode() for scan in heard.of(Scan)] == [TEXT, "付款码 2"]

    run(story)


def test_a_keypad_is_found_by_vendor_product_and_serial_number(run, played):
    keypad = played(UsbKeyboard(KEYPAD))

    async def story(open):
        heard = await open(Keypad("keypad", KEYPAD.usb_address))
        keypad.type(key_reports("1", "enter"), 0.015)
        await heard.until(lambda heard: len([e for e in heard.events if type(e).__name__ == "KeyPress"]) == 2)

    run(story)


@pytest.mark.parametrize("times", [3])
def test_the_kernels_announcement_opens_a_device_at_once(run, played, times, eventually):
    keypad = played(UsbKeyboard(KEYPAD))

    async def story(open):
        driver = Keypad("keypad", KEYPAD.usb_address)
        heard = await open(driver)
        announced = []
        hotplug = Hotplug(lambda: (announced.append(1), driver.look_again()))
        hotplug.start()
        try:
            for _ in range(times):
                assert await replugged(keypad, heard) < REPLUG_S
            await eventually(lambda: len(announced) >= times)
        finally:
            hotplug.close()

    run(story)


def test_what_is_plugged_in_is_recognised_and_named_by_its_serial_number(played):
    """By the kernel's own files, with udev's names."""
    wanted = {
        READER: (UsbHid(READER, STRIPE_DESCRIPTOR, MAGTEK_REPORT_BYTES), "msr", "hid-msr", READER.usb_address),
        POS_SCANNER: (UsbHid(POS_SCANNER, CODE_DESCRIPTOR, POS_REPORT_BYTES), "scanner", "hid-scanner",
                      POS_SCANNER.usb_address),
        KEYPAD: (UsbKeyboard(KEYPAD), "keypad", "evdev-keypad", f"/dev/input/by-id/{KEYPAD.by_id}-event-kbd"),
    }  # fmt: skip
    for device, *_ in wanted.values():
        played(device)
    found = {one.identity.serial: one for one in discover() if one.identity is not None}
    for identity, (_, use, driver, address) in wanted.items():
        one = found[identity.serial]
        assert (str(one.use), one.driver, one.address, one.problem) == (use, driver, address, ""), one.why
