"""The cash drawer opens without a payment, through a real driver and a printer's real bytes, and it is written down."""

import pytest

from drivers.cash_drawer import CashDrawer
from drivers.printer import Printer
from drivers.simulated import SimulatedPrinter


def at_a_drawer(counter, tmp_path, story, level="high"):
    async def told(c):
        device = SimulatedPrinter(tmp_path / "p.sock")
        await device.start()
        printer = Printer("printer", device.address, "epson")
        printer.start(lambda event: None)
        c.desk.drawer = CashDrawer("drawer", printer, open_level=level)
        try:
            await story(c, device)
        finally:
            await printer.close()
            await device.close()

    counter(told)


def notes(c):
    return list(c.journal._database.execute("SELECT detail FROM event WHERE what = 'drawer opened'"))


def test_a_drawer_is_opened_without_a_payment_and_it_is_written_down(counter, tmp_path):
    async def story(c, device):
        assert (await c.do("87"))[-1].name == "drawer.opened"
        assert b"\x1bp\x00\x19\xfa" in bytes(device.output)
        assert len(notes(c)) == 1

    at_a_drawer(counter, tmp_path, story)


@pytest.mark.parametrize("stuck", ["locked", "printer gone"])
def test_a_drawer_that_did_not_open_is_told_as_such(counter, tmp_path, stuck):
    async def story(c, device):
        if stuck == "printer gone":
            await device.close()
        shown = (await c.do("87"))[-1]
        assert shown.name == "refused" and "drawer" in shown.instruction
        assert len(notes(c)) == 1

    at_a_drawer(counter, tmp_path, story, "low")  # the played drawer's switch is high when it opens


def test_a_terminal_without_a_drawer_says_so_and_writes_nothing(counter):
    async def story(c):
        assert "no cash drawer" in (await c.do("87"))[-1].instruction
        assert not notes(c)

    counter(story)
