"""The slip printer as the kernel has it: over libusb, and over the kernel's own driver."""

import asyncio
import errno
import time

import pytest
import usb.core
import usb.util

from drivers.events import DeviceState, PrinterChanged
from drivers.health import HealthLevel, Verdict
from drivers.printer import Printer, PrinterTrouble, PrinterTroubleReason
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.limits import REPLUG_S
from tools.hardware_bench.printer import UsbPrinter

EPSON = Identity(0x04B8, 0x0202, "SLIP01", model="Slip")
CHEAP = Identity(0x1FC9, 0x2016, "SLIP02", model="Slip")
SLIP = b"\x1b@" + bytes(range(32, 256)) * 100 + b"\x1dV\x00"
PACE_S = 0.02


@pytest.fixture(params=["libusb", "usblp"])
def address(request):
    """How the terminal reaches a printer: both ways in turn."""
    return lambda printer: printer.identity.usb_address if request.param == "libusb" else str(printer.node)


def troubles(heard):
    return [event.trouble for event in heard.of(PrinterChanged)]


async def until_trouble(heard, trouble):
    await heard.until(lambda heard: troubles(heard) and troubles(heard)[-1] is trouble)


def test_a_slip_arrives_and_is_confirmed(run, played, address):
    printer = played(UsbPrinter(EPSON))

    async def story(open):
        driver = Printer("printer", address(printer), "epson")
        await open(driver)
        steps = []
        await driver.write(SLIP, steps.append)
        assert printer.paper == SLIP
        assert steps[-1] == len(SLIP)
        status = await driver.status()
        assert (status.online, status.paper, status.cover_closed) == (True, True, True)
        assert (await driver.check_health(HealthLevel.INTERNAL)).verdict is Verdict.GOOD
        assert driver.statistics["UnconfirmedCount"] == 0

    run(story)


@pytest.mark.parametrize("identity", [EPSON, CHEAP], ids=["epson", "generic"])
def test_paper_cover_and_line_are_told_by_real_status_bytes(run, played, address, identity):
    printer = played(UsbPrinter(identity))

    async def story(open):
        driver = Printer("printer", address(printer), "epson" if identity is EPSON else "generic")
        heard = await open(driver)
        for name, reason in (("paper", "paper"), ("cover_closed", "cover"), ("online", "offline")):
            printer.change(name, False)
            assert (await driver.status()).trouble == reason
            await until_trouble(heard, PrinterTroubleReason(reason))
            printer.change(name, True)
            assert (await driver.status()).trouble is None
            await until_trouble(heard, None)

    run(story)


def test_a_cover_opened_in_mid_slip_is_waited_for(run, played, address):
    printer = played(UsbPrinter(EPSON))
    printer.pace_s = PACE_S

    async def story(open):
        driver = Printer("printer", address(printer), "epson")
        heard = await open(driver)
        writing = asyncio.create_task(driver.write(SLIP, lambda sent: None))
        await asyncio.sleep(0.2)
        printer.change("cover_closed", False)
        await until_trouble(heard, PrinterTroubleReason.COVER)
        assert not writing.done()
        printer.change("cover_closed", True)
        await writing
        assert printer.paper == SLIP

    run(story)


def test_paper_that_ends_in_mid_slip_is_found_without_a_question_in_the_slip(run, played, address):
    """A printer that tells nothing by itself is found out over the control endpoint."""
    printer = played(UsbPrinter(CHEAP))
    printer.pace_s = PACE_S

    async def story(open):
        driver = Printer("printer", address(printer))
        await open(driver)
        writing = asyncio.create_task(driver.write(SLIP * 2, lambda sent: None))
        await asyncio.sleep(0.2)
        printer.change("paper", False)
        with pytest.raises(PrinterTrouble) as caught:
            await writing
        assert caught.value.reason is PrinterTroubleReason.PAPER

    run(story)


def test_a_mute_printer_prints_and_stays_unknown(run, played, address):
    printer = played(UsbPrinter(CHEAP))
    printer.path.mute = True

    async def story(open):
        driver = Printer("printer", address(printer))
        await open(driver)
        assert (await driver.status()).trouble is None
        await driver.write(SLIP, lambda sent: None)
        assert not (await driver.status()).known
        assert printer.paper == SLIP

    run(story)


@pytest.mark.parametrize("after_s", [0.1, 0.4])
def test_a_cable_pulled_in_mid_slip_ends_it_and_the_printer_is_back(run, played, address, after_s):
    printer = played(UsbPrinter(EPSON))
    printer.pace_s = PACE_S

    async def story(open):
        driver = Printer("printer", address(printer), "epson")
        heard = await open(driver)
        writing = asyncio.create_task(driver.write(SLIP, lambda sent: None))
        await asyncio.sleep(after_s)
        await asyncio.to_thread(printer.unplug)
        with pytest.raises(PrinterTrouble) as caught:
            await writing
        assert caught.value.reason is PrinterTroubleReason.ABSENT
        await heard.gone()
        assert SLIP not in printer.paper
        await asyncio.to_thread(printer.plug, node=False)
        began = time.monotonic()
        await heard.state(DeviceState.OPEN)
        assert time.monotonic() - began < REPLUG_S
        printer.new_roll()
        printer.pace_s = 0.0
        await driver.write(SLIP, lambda sent: None)
        assert printer.paper == SLIP

    run(story)


def test_the_port_status_of_the_printer_class_is_told_over_the_control_endpoint(played):
    printer = played(UsbPrinter(EPSON))
    deadline = time.monotonic() + REPLUG_S
    while (found := usb.core.find(idVendor=EPSON.vendor, idProduct=EPSON.product)) is None:
        assert time.monotonic() < deadline
    if found.is_kernel_driver_active(0):
        found.detach_kernel_driver(0)
    try:
        for name, value in (("online", UsbPrinter.NOT_SELECTED), ("paper", UsbPrinter.PAPER_OUT)):
            assert found.ctrl_transfer(0xA1, 1, 0, 0, 1, 1000)[0] == UsbPrinter.OK
            printer.change(name, False)
            assert found.ctrl_transfer(0xA1, 1, 0, 0, 1, 1000)[0] == value
            printer.change(name, True)
        printer.unplug()
        with pytest.raises(usb.core.USBError) as lost:
            found.ctrl_transfer(0xA1, 1, 0, 0, 1, 1000)
        assert lost.value.errno in (errno.ENODEV, errno.EIO)
    finally:
        usb.util.dispose_resources(found)
