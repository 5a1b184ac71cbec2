"""Each slip comes out once: over restarts, empty rolls, pulled cables. What may be there twice says so."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from drivers.printer import Printer, PrinterStatus, PrinterTrouble, PrinterTroubleReason
from drivers.simulated import SimulatedPrinter
from terminal.domain.record import HostAnswer, Intent
from terminal.journal import InlineWriter, Journal, Slip
from terminal.slips import spooler as module
from terminal.slips.spooler import Spooler

NOW = datetime(2026, 11, 24, 12, 0, 0)
SALE = Intent("sale", 12850, "156", "021", "622848******1234")
APPROVAL = HostAnswer(response_code="00", rrn="123456789012", auth_code="654321")
SLIP_BYTES = 4000
WAIT_S = 5.0


class PowerCut(BaseException):
    """Everything stops here."""


class FakePrinter:
    """Takes bytes until something is planned to happen."""

    def __init__(self):
        self.paper = bytearray()
        self.out_of_paper = False
        self.breaks_after: int | None = None
        self.power_cut_after: int | None = None
        self.paper_ends_after: int | None = None

    async def status(self):
        return PrinterStatus(online=True, paper=not self.out_of_paper, cover_closed=True)

    async def write(self, data, progress):
        for start in range(0, len(data), 1000):
            for limit, happens in ((self.breaks_after, self._pulled), (self.power_cut_after, self._power_cut)):
                if limit is not None and start >= limit:
                    happens()
            self.paper += data[start : start + 1000]
            progress(start + 1000)
            if self.paper_ends_after is not None and start >= self.paper_ends_after:
                self.out_of_paper, self.paper_ends_after = True, None

    def _pulled(self):
        self.breaks_after = None
        raise PrinterTrouble(PrinterTroubleReason.ABSENT, "Plug it in.")

    def _power_cut(self):
        self.power_cut_after = None
        raise PowerCut


class Counter:
    """Journal, printer and spooler of one run of the terminal."""

    def __init__(self, path, printer):
        self.path, self.printer = path, printer
        self.printed, self.troubles = [], []

    async def __aenter__(self):
        self.journal = await Journal.open(self.path, InlineWriter(), lambda: NOW)
        self.spooler = Spooler(self.printer, self.journal.jobs, self.draw, self.troubles.append, self.printed.append)
        self.task = asyncio.create_task(self.spooler.run())
        return self

    async def __aexit__(self, *error):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.journal.close()

    async def draw(self, job, duplicate):
        mark = b"D" if duplicate else b"."
        return (f"[{job.id}{job.what[0]}".encode() + mark).ljust(SLIP_BYTES - 1, b"-") + b"]"

    async def sell(self, *slips):
        record = await self.journal.begin(SALE)
        await self.journal.approve(record.id, APPROVAL, slips or (Slip.MERCHANT, Slip.CUSTOMER))
        self.spooler.wake()

    async def until(self, condition):
        async with asyncio.timeout(WAIT_S):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.001)

    @property
    def paper(self):
        """Slips on the paper in their order: job, copy, duplicate mark; ``!`` behind one that is not whole."""
        pieces = bytes(self.printer.paper).split(b"[")[1:]
        return [piece.split(b"-")[0].decode() + ("" if piece.endswith(b"]") else "!") for piece in pieces]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(module, "RETRY_MAX_S", 0.02)


def test_both_copies_come_out_once_and_in_order(path):
    async def story():
        async with Counter(path, FakePrinter()) as counter:
            await counter.sell()
            await counter.until(lambda: len(counter.printed) == 2)
            counter.spooler.wake()
            await asyncio.sleep(0.03)
            assert counter.paper == ["1m.", "2c."]
            assert await counter.journal.jobs.next_job() is None

    asyncio.run(story())


def test_what_is_printed_is_not_printed_again_after_a_restart(path):
    printer = FakePrinter()

    async def first():
        async with Counter(path, printer) as counter:
            await counter.sell()
            await counter.until(lambda: len(counter.printed) == 2)

    async def second():
        async with Counter(path, printer) as counter:
            await asyncio.sleep(0.03)
            assert counter.printed == []

    asyncio.run(first())
    asyncio.run(second())
    assert bytes(printer.paper).count(b"[") == 2


@pytest.mark.parametrize("after", [0, 1000, 3000])
def test_a_power_cut_in_the_middle_of_a_slip_gives_a_marked_one_afterwards(path, after):
    printer = FakePrinter()
    printer.power_cut_after = after

    async def first():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        counter = Counter(path, printer)
        counter.journal = journal
        record = await journal.begin(SALE)
        await journal.approve(record.id, APPROVAL, (Slip.MERCHANT,))
        spooler = Spooler(printer, journal.jobs, counter.draw, counter.troubles.append, counter.printed.append)
        with pytest.raises(PowerCut):
            await spooler._print(printer, await journal.jobs.next_job())
        await journal.close()

    async def second():
        async with Counter(path, printer) as counter:
            await counter.until(lambda: counter.printed)
            assert counter.paper[-1] == "1mD"
            assert [piece for piece in counter.paper[:-1] if not piece.endswith("!")] == []
            assert await counter.journal.jobs.next_job() is None

    asyncio.run(first())
    asyncio.run(second())


def test_paper_that_ends_in_the_middle_is_told_and_the_slip_comes_again_as_a_duplicate(path):
    printer = FakePrinter()
    printer.paper_ends_after = 1000

    async def story():
        async with Counter(path, printer) as counter:
            await counter.sell(Slip.MERCHANT)
            await counter.until(lambda: "paper" in counter.troubles)
            assert counter.printed == []
            printer.out_of_paper = False
            await counter.until(lambda: counter.printed)
            assert counter.troubles[-1] is None
            assert counter.paper == ["1m.", "1mD"]

    asyncio.run(story())


def test_a_printer_without_paper_before_the_first_byte_costs_no_duplicate_mark(path):
    printer = FakePrinter()
    printer.out_of_paper = True

    async def story():
        async with Counter(path, printer) as counter:
            await counter.sell(Slip.MERCHANT)
            await counter.until(lambda: "paper" in counter.troubles)
            printer.out_of_paper = False
            await counter.until(lambda: counter.printed)
            assert counter.paper == ["1m."]

    asyncio.run(story())


@pytest.mark.parametrize(("after", "expected"), [(0, ["1m."]), (2000, ["1m.!", "1mD"])])
def test_a_pulled_cable_marks_the_slip_only_if_something_of_it_may_be_on_paper(path, after, expected):
    printer = FakePrinter()
    printer.breaks_after = after

    async def story():
        async with Counter(path, printer) as counter:
            await counter.sell(Slip.MERCHANT)
            await counter.until(lambda: counter.printed)
            assert counter.paper == expected

    asyncio.run(story())


def test_a_reprint_is_a_duplicate_from_the_start(path):
    async def story():
        async with Counter(path, FakePrinter()) as counter:
            await counter.sell(Slip.MERCHANT)
            await counter.until(lambda: counter.printed)
            await counter.journal.jobs.queue_slip(1, Slip.CUSTOMER, reprint=True)
            counter.spooler.wake()
            await counter.until(lambda: len(counter.printed) == 2)
            assert counter.paper == ["1m.", "2cD"]

    asyncio.run(story())


def test_without_a_printer_slips_stay_owed_and_nothing_is_held_up(path):
    async def story():
        async with Counter(path, None) as counter:
            await counter.sell()
            await asyncio.sleep(0.01)
            assert counter.task.done() and counter.task.exception() is None
            job = await counter.journal.jobs.next_job()
            assert (job.what, job.started) == (Slip.MERCHANT, False)

    asyncio.run(story())


def test_a_real_driver_and_a_roll_that_ends_between_two_slips(path, tmp_path):
    """Bytes over a socket, status by DLE EOT, as with a printer on the counter."""

    async def story():
        device = SimulatedPrinter(tmp_path / "p.sock")
        await device.start()
        printer = Printer("printer", device.address)
        printer.start(lambda event: None)
        try:
            async with Counter(path, printer) as counter:
                await counter.sell(Slip.MERCHANT)
                await counter.until(lambda: counter.printed)
                device.paper = False
                await counter.sell(Slip.CUSTOMER)
                await counter.until(lambda: "paper" in counter.troubles)
                device.paper, device.cover_closed = True, False
                await counter.until(lambda: "cover" in counter.troubles)
                device.cover_closed = True
                await counter.until(lambda: len(counter.printed) == 2)
                assert bytes(device.output).count(b"[") == 2
        finally:
            await printer.close()
            await device.close()

    asyncio.run(story())


def test_a_printer_that_was_unplugged_prints_when_it_is_back(path, tmp_path):
    async def story():
        device = SimulatedPrinter(tmp_path / "p.sock")
        printer = Printer("printer", device.address)
        printer.start(lambda event: None)
        try:
            async with Counter(path, printer) as counter:
                await counter.sell(Slip.MERCHANT)
                await counter.until(lambda: "absent" in counter.troubles)
                await device.start()
                await counter.until(lambda: counter.printed)
                assert bytes(device.output).startswith(b"[1m.")
        finally:
            await printer.close()
            await device.close()

    asyncio.run(story())
