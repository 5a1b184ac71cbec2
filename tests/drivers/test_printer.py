"""A slip on its way through every kind of wire, and all that may happen to it there."""

import asyncio
import os
import tty

import pytest

from drivers import printer as module
from drivers.events import DeviceChanged, DeviceState, PrinterChanged
from drivers.health import HealthLevel, Verdict
from drivers.printer import Printer, PrinterTrouble, PrinterTroubleReason
from drivers.simulated import SimulatedPrinter
from drivers.simulated_paper import PaperPath

SLIP = b"\x1b@" + bytes(range(32, 256)) * 40 + b"\x1dV\x00"
WAIT_S = 10.0


class Heard:
    """What the driver told."""

    def __init__(self):
        self.events = []
        self._changed = asyncio.Event()

    def emit(self, event):
        self.events.append(event)
        self._changed.set()

    @property
    def troubles(self):
        return [event.trouble for event in self.events if isinstance(event, PrinterChanged)]

    @property
    def states(self):
        return [event.state for event in self.events if isinstance(event, DeviceChanged)]

    async def until(self, condition):
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0.02)
    monkeypatch.setattr(module, "STATUS_S", 0.2)
    monkeypatch.setattr(module, "LATE_S", 0.2)
    monkeypatch.setattr(module, "STALL_S", 1.5)
    monkeypatch.setattr(module, "IDLE_LOOK_S", 0.05)


@pytest.fixture
def at_the_counter(tmp_path):
    """Play a story with a printer behind a socket and its driver."""

    def run(story, model="generic", plugged=True):
        async def told():
            device = SimulatedPrinter(tmp_path / "p.sock")
            if plugged:
                await device.start()
            driver, heard = Printer("printer", device.address, model), Heard()
            driver.start(heard.emit)
            try:
                await story(device, driver, heard)
            finally:
                await driver.close()
                await device.close()

        asyncio.run(told())

    return run


@pytest.mark.parametrize("model", ["generic", "epson", "silent"])
def test_a_slip_arrives_byte_for_byte_and_its_way_is_told(at_the_counter, model):
    async def story(device, driver, heard):
        steps = []
        await driver.write(SLIP, steps.append)
        assert bytes(device.output) == SLIP
        assert steps == sorted(steps) and steps[-1] == len(SLIP)
        status = await driver.status()
        assert status.trouble is None
        assert status.known is (model != "silent")

    at_the_counter(story, model)


@pytest.mark.parametrize("model", ["generic", "epson"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("paper", PrinterTroubleReason.PAPER),
        ("cover_closed", PrinterTroubleReason.COVER),
        ("online", PrinterTroubleReason.OFFLINE),
    ],
)
def test_trouble_is_told_although_no_slip_is_due_and_so_is_its_end(at_the_counter, model, name, reason):
    async def story(device, driver, heard):
        await heard.until(lambda: heard.troubles == [None])
        device.change(name, False)
        await heard.until(lambda: heard.troubles[-1] is reason)
        assert (await driver.status()).trouble is reason
        device.change(name, True)
        await heard.until(lambda: heard.troubles[-1] is None)
        assert driver.statistics["ReceiptCoverOpenCount"] == (name == "cover_closed")

    at_the_counter(story, model)


def test_a_roll_that_is_nearly_at_its_end_is_told_and_prints(at_the_counter):
    async def story(device, driver, heard):
        device.change("paper_low", True)
        await heard.until(lambda: heard.events and getattr(heard.events[-1], "paper_low", False))
        await driver.write(SLIP, lambda sent: None)
        assert bytes(device.output) == SLIP
        assert set(heard.troubles) == {None}

    at_the_counter(story, "epson")


@pytest.mark.parametrize("name", ["cover_closed", "online"])
def test_a_cover_opened_in_mid_slip_is_waited_for_and_costs_no_byte(at_the_counter, name):
    async def story(device, driver, heard):
        device.bytes_s = 20_000
        writing = asyncio.create_task(driver.write(SLIP, lambda sent: None))
        await asyncio.sleep(0.1)
        device.change(name, False)
        await heard.until(lambda: heard.troubles[-1] is not None)
        await asyncio.sleep(1.0)
        assert not writing.done()
        device.change(name, True)
        async with asyncio.timeout(WAIT_S):
            await writing
        assert bytes(device.output) == SLIP

    at_the_counter(story, "epson")


def test_paper_that_ends_in_mid_slip_ends_the_slip_by_name(at_the_counter):
    async def story(device, driver, heard):
        device.bytes_s = 20_000
        steps = []
        writing = asyncio.create_task(driver.write(SLIP, steps.append))
        await asyncio.sleep(0.1)
        device.paper = False
        with pytest.raises(PrinterTrouble) as caught:
            await writing
        assert caught.value.reason is PrinterTroubleReason.PAPER and caught.value.remedy
        assert steps and steps[-1] <= len(SLIP)

    at_the_counter(story, "epson")


def test_paper_that_ends_behind_the_last_byte_is_found_by_a_printer_that_confirms(at_the_counter):
    async def story(device, driver, heard):
        device.path_of_paper.marks = False  # the mark is not reached
        writing = asyncio.create_task(driver.write(SLIP[:300], lambda sent: None))
        await asyncio.sleep(0.1)
        assert not writing.done()
        device.paper = False
        with pytest.raises(PrinterTrouble) as caught:
            await writing
        assert caught.value.reason is PrinterTroubleReason.PAPER

    at_the_counter(story, "epson")


def test_a_mute_printer_prints_and_is_unknown(at_the_counter):
    async def story(device, driver, heard):
        device.path_of_paper.mute = True
        await heard.until(lambda: heard.states == [DeviceState.OPEN])
        assert not (await driver.status()).known
        await driver.write(SLIP, lambda sent: None)
        assert bytes(device.output) == SLIP
        health = await driver.check_health(HealthLevel.INTERNAL)
        assert health.verdict is Verdict.UNKNOWN

    at_the_counter(story)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(at_the_counter):
    async def story(device, driver, heard):
        await heard.until(lambda: heard.troubles == [None])
        device.path_of_paper.mute = True
        asking = asyncio.create_task(driver.status())
        await asyncio.sleep(0.3)
        device.send(b"\x7e")  # to whichever question: every bit of it is trouble
        assert (await asking).trouble is None
        device.path_of_paper.mute = False
        await asyncio.sleep(0.3)
        assert (await driver.status()).trouble is None

    at_the_counter(story)


def test_a_mute_printer_that_takes_nothing_is_stalled_in_bounded_time(at_the_counter):
    async def story(device, driver, heard):
        device.path_of_paper.mute = True
        device.paper = False
        with pytest.raises(PrinterTrouble) as caught:
            await driver.write(SLIP * 60, lambda sent: None)
        assert caught.value.reason is PrinterTroubleReason.STALLED
        assert PrinterTroubleReason.STALLED in heard.troubles

    at_the_counter(story)


def test_a_slow_printer_is_not_called_stalled(at_the_counter):
    async def story(device, driver, heard):
        device.bytes_s = 10_000
        await driver.write(SLIP, lambda sent: None)
        async with asyncio.timeout(WAIT_S):
            while not (await driver.status()).known:  # answered behind the last byte
                pass
        assert bytes(device.output) == SLIP
        assert set(heard.troubles) == {None}

    at_the_counter(story)


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.15, 0.3])
def test_a_cable_pulled_in_mid_slip_ends_it_and_the_printer_is_opened_again(at_the_counter, after_s):
    async def story(device, driver, heard):
        device.bytes_s = 20_000
        writing = asyncio.create_task(driver.write(SLIP * 3, lambda sent: None))
        await asyncio.sleep(after_s)
        await device.unplug()
        with pytest.raises(PrinterTrouble) as caught:
            await writing
        assert caught.value.reason is PrinterTroubleReason.ABSENT
        await heard.until(lambda: DeviceState.LOST in heard.states)
        await device.start()
        await heard.until(lambda: heard.states[-1] is DeviceState.OPEN)
        device.bytes_s = None
        device.output.clear()
        device.path_of_paper.forget()
        await driver.write(SLIP, lambda sent: None)
        assert bytes(device.output) == SLIP

    at_the_counter(story)


def test_a_printer_that_is_not_there_is_told_at_once(at_the_counter):
    async def story(device, driver, heard):
        for wanted in (driver.status(), driver.write(SLIP, lambda sent: None)):
            with pytest.raises(PrinterTrouble) as caught:
                await wanted
            assert caught.value.reason is PrinterTroubleReason.ABSENT
        health = await driver.check_health(HealthLevel.INTERNAL)
        assert health.verdict is Verdict.BAD and health.remedy

    at_the_counter(story, plugged=False)


@pytest.mark.parametrize(
    ("level", "printed", "verdict"),
    [
        (HealthLevel.INTERNAL, False, Verdict.GOOD),
        (HealthLevel.EXTERNAL, True, Verdict.GOOD),
        (HealthLevel.INTERACTIVE, True, Verdict.UNKNOWN),
    ],
)
def test_health_at_three_levels(at_the_counter, level, printed, verdict):
    async def story(device, driver, heard):
        health = await driver.check_health(level)
        assert (health.level, health.verdict) == (level, verdict)
        assert bool(device.output) is printed
        device.paper = False
        assert (await driver.check_health(level)).verdict is Verdict.BAD

    at_the_counter(story)


def test_a_request_inside_a_picture_is_dots_and_stays_in_it():
    answers = []
    path = PaperPath(answers.append)
    picture = b"\x1dv0\x00\x02\x00\x03\x00" + b"\x10\x04\x01\x10\x04\x02"
    for byte in b"A" + picture + b"B\x10\x04\x01C":
        path.feed(bytes([byte]))
    assert bytes(path.output) == b"A" + picture + b"BC"
    assert answers == [b"\x12"]


def test_a_slip_goes_through_the_network(tmp_path):
    async def story():
        got = asyncio.get_running_loop().create_future()

        async def serve(reader, writer):
            path = PaperPath(writer.write)
            while data := await reader.read(4096):
                path.feed(data)
            got.set_result(bytes(path.output))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        driver, heard = Printer("printer", f"tcp:127.0.0.1:{port}", "epson"), Heard()
        driver.start(heard.emit)
        await driver.write(SLIP, lambda sent: None)
        assert (await driver.status()).paper is True
        await driver.close()
        async with asyncio.timeout(WAIT_S):
            assert await got == SLIP
        server.close()
        await server.wait_closed()

    asyncio.run(story())


def test_a_slip_goes_through_a_serial_line_and_what_a_stuck_line_holds_never_holds_up_the_loop(tmp_path):
    controller, device = os.openpty()
    tty.setraw(device)
    os.set_blocking(controller, False)
    address = f"serial:{os.ttyname(device)}?baud=115200"

    async def story():
        loop = asyncio.get_running_loop()
        path = PaperPath(lambda data: os.write(controller, data))
        loop.add_reader(controller, lambda: path.feed(os.read(controller, 4096)))
        driver, heard = Printer("printer", address, "epson"), Heard()
        driver.start(heard.emit)
        await driver.write(SLIP, lambda sent: None)
        assert bytes(path.output) == SLIP
        assert (await driver.status()).trouble is None
        loop.remove_reader(controller)
        with pytest.raises(PrinterTrouble) as caught:
            await driver.write(SLIP * 10, lambda sent: None)
        assert caught.value.reason is PrinterTroubleReason.STALLED
        began = loop.time()
        await driver.close()
        assert loop.time() - began < 1.0

    try:
        asyncio.run(story())
    finally:
        os.close(controller)
        os.close(device)


@pytest.mark.parametrize("address", ["file:{}/slips.bin", "/dev/null"])
def test_a_file_takes_slips_one_after_the_other_and_is_asked_nothing(tmp_path, address):
    async def story():
        driver, heard = Printer("printer", address.format(tmp_path), "epson"), Heard()
        driver.start(heard.emit)
        for _ in range(2):
            assert not (await driver.status()).known
            await driver.write(SLIP, lambda sent: None)
        await driver.close()

    asyncio.run(story())
    if address.startswith("file:"):
        assert (tmp_path / "slips.bin").read_bytes() == SLIP * 2


@pytest.mark.parametrize(
    "address", ["serial:/dev/absent", "/dev/usb/lp99", "usb:ffff:fffe", "tcp:127.0.0.1:1", "file:{}/absent/slips.bin"]
)
def test_what_cannot_be_opened_is_absent_and_looked_for_again(tmp_path, address):
    async def story():
        driver, heard = Printer("printer", address.format(tmp_path)), Heard()
        driver.start(heard.emit)
        await heard.until(lambda: heard.states)
        assert heard.states == [DeviceState.ABSENT]
        await driver.close()

    asyncio.run(story())
