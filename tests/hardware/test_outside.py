"""Devices of the machine itself: QEMU's USB keyboard and FTDI adapter, the screen as seen from outside, the TPM."""

import asyncio
import os
import time

import pytest
from PIL import Image

from drivers.display_framebuffer import Framebuffer
from drivers.events import DeviceState, Scan, Swipe
from drivers.msr import MagneticStripeReader
from drivers.printer import Printer, PrinterTrouble, PrinterTroubleReason
from drivers.scanner import Scanner
from drivers.simulated_paper import PaperPath
from terminal.screens.render import Size, draw
from terminal.screens.screen import Screen
from tools.hardware_bench.limits import REPLUG_S
from tools.hardware_bench.outside import Monitor, OutsideKeyboard, OutsideLine, screenshot

TRACK2 = "6200000000000005=49121010000000000000"
SLIP = b"\x1b@" + bytes(range(32, 256)) * 20 + b"\x1dV\x00"
PICTURE_S = 30.0
GET_RANDOM, GET_FAMILY = "80010000000c0000017b0008", "8001000000160000017a000000060000010000000001"


@pytest.fixture
def monitor():
    with Monitor() as monitor:
        yield monitor


@pytest.fixture
def outside():
    made = []

    def plug(device):
        device.plug()
        made.append(device)
        return device

    yield plug
    for device in made:
        device.unplug()


def test_a_keyboard_with_firmware_of_its_own_reads_cards_and_codes_and_survives_its_cable(run, monitor, outside):
    keyboard = outside(OutsideKeyboard(monitor))

    async def story(open):
        reader = MagneticStripeReader("msr", str(keyboard.node))
        swipes = await open(reader)
        await asyncio.to_thread(keyboard.type, f";{TRACK2}?")
        assert (await swipes.count(1, Swipe))[0].tracks.track2.decode() == TRACK2
        await asyncio.to_thread(keyboard.unplug)
        await swipes.gone()
        await asyncio.to_thread(keyboard.plug)
        began = time.monotonic()
        await swipes.state(DeviceState.OPEN)
        assert time.monotonic() - began < REPLUG_S
        await reader.close()
        scans = await open(Scanner("scanner", str(keyboard.node)))
        await asyncio.to_thread(keyboard.type, "62012345678901234567")
        assert (await scans.count(1, Scan))[0].text.data == b"62012345678901234567"

    run(story)


def test_a_printer_on_a_serial_adapter_prints_and_survives_its_cable(run, monitor, outside):
    line = outside(OutsideLine(monitor))

    async def story(open):
        loop = asyncio.get_running_loop()
        path = PaperPath(lambda data: os.write(line.far_end, data))
        loop.add_reader(line.far_end, lambda: path.feed(os.read(line.far_end, 4096)))
        try:
            driver = Printer("printer", f"serial:{line.node}?baud=115200", "epson")
            heard = await open(driver)
            await driver.write(SLIP, lambda sent: None)
            assert bytes(path.output) == SLIP
            assert (await driver.status()).paper is True
            loop.remove_reader(line.far_end)
            writing = asyncio.create_task(driver.write(SLIP * 10, lambda sent: None))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(line.unplug)
            with pytest.raises(PrinterTrouble) as caught:
                await writing
            assert caught.value.reason is PrinterTroubleReason.ABSENT
            await heard.gone()
            loop.add_reader(line.far_end, lambda: path.feed(os.read(line.far_end, 4096)))
            await asyncio.to_thread(line.plug)
            began = time.monotonic()
            await heard.state(DeviceState.OPEN)
            assert time.monotonic() - began < REPLUG_S
            path.forget()
            path.output.clear()
            await driver.write(SLIP, lambda sent: None)
            assert bytes(path.output).endswith(SLIP)
        finally:
            loop.remove_reader(line.far_end)

    run(story)
    line.close()


def test_what_is_drawn_is_what_stands_on_the_screen(monitor):
    panel = Framebuffer("/dev/fb0")
    try:
        width, height = panel.geometry.width, panel.geometry.height
        screen = Screen("idle", "示范商店 Corner Shop", "Swipe, scan or type", amount="RMB 128.50")
        picture = draw(screen, Size(width, height, 32))
        panel.show(picture)
        deadline = time.monotonic() + PICTURE_S
        while True:  # the kernel hands a change on some hundredths of a second later
            with Image.open(screenshot(monitor)) as seen:
                same = seen.convert("RGB").tobytes() == picture.convert("RGB").tobytes()
            if same:
                break
            assert time.monotonic() < deadline, "the screen shows something else"
    finally:
        panel.close()


def test_the_machine_has_a_tpm_of_the_second_family():
    with open("/dev/tpmrm0", "r+b", buffering=0) as tpm:
        tpm.write(bytes.fromhex(GET_FAMILY))
        assert b"2.0\0" in tpm.read(4096)
        tpm.write(bytes.fromhex(GET_RANDOM))
        answer = tpm.read(4096)
        assert answer[6:10] == bytes(4) and len(answer) == 12 + 8
