"""A drawer hangs on its printer: it opens through it, and says what its switch says."""

import asyncio

import pytest

from drivers.cash_drawer import CashDrawer
from drivers.events import DeviceState
from drivers.health import HealthLevel, Verdict
from drivers.printer import Printer, PrinterTrouble
from drivers.simulated import SimulatedPrinter


def at_the_counter(tmp_path, story, level="high"):
    async def told():
        device = SimulatedPrinter(tmp_path / "p.sock")
        await device.start()
        printer = Printer("printer", device.address, "epson")
        printer.start(lambda event: None)
        try:
            await story(device, CashDrawer("drawer", printer, open_level=level))
        finally:
            await printer.close()
            await device.close()

    asyncio.run(told())


def test_a_drawer_opens_and_its_switch_says_so(tmp_path):
    async def story(device, drawer):
        assert await drawer.opened() is False
        assert await drawer.open() is True
        assert bytes(device.output) == b"\x1bp\x00\x19\xfa"
        device.change("drawer_high", False)
        assert await drawer.opened() is False
        assert drawer.statistics["DrawerGoodOpenCount"] == 1
        assert drawer.state is DeviceState.OPEN

    at_the_counter(tmp_path, story)


def test_a_drawer_whose_switch_is_wired_the_other_way_round_did_not_open(tmp_path):
    async def story(device, drawer):
        assert await drawer.open() is False
        health = await drawer.check_health(HealthLevel.EXTERNAL)
        assert health.verdict is Verdict.BAD and health.remedy
        assert drawer.statistics["DrawerFailedOpenCount"] == 2

    at_the_counter(tmp_path, story, level="low")


def test_a_drawer_without_a_switch_is_unknown_and_opens(tmp_path):
    async def story(device, drawer):
        assert await drawer.open() is None
        for level in HealthLevel:
            assert (await drawer.check_health(level)).verdict is Verdict.UNKNOWN
        assert device.output.count(b"\x1bp") == 3

    at_the_counter(tmp_path, story, level=None)


def test_without_its_printer_a_drawer_says_so(tmp_path):
    async def story(device, drawer):
        await drawer.opened()
        await device.unplug()
        with pytest.raises(PrinterTrouble):
            await drawer.open()
        assert (await drawer.check_health(HealthLevel.INTERNAL)).verdict is Verdict.BAD

    at_the_counter(tmp_path, story)
