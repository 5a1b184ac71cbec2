"""The doctor and devices with real faults: each named by its code, none taken from a terminal that runs."""

import asyncio
import fcntl
import functools
import os
import termios
import tty
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import pytest

from config import load
from drivers.simulated import SimulatedKeypad, SimulatedPrinter, SimulatedReader, SimulatedScanner
from terminal.service.doctor import Patient, State, examine
from terminal.service.doctor_devices import DEVICE_STEPS
from terminal.service.doctor_machine import MACHINE_STEPS
from terminal.service.doctor_wear import WEAR_STEPS
from tools.pin_pad.line import SocketLine
from tools.pin_pad.pad import Pad
from tools.rig import TerminalOptions, TerminalProcess
from tools.rig.patience import PATIENCE

DISK = tuple(step for step in MACHINE_STEPS if step.tree in ("files", "disk"))
NOBODY = 65534


class Counter:
    """Every device of the rig's configuration, plugged in, and the files of the terminal."""

    def __init__(self, folder, options):
        self.printer = SimulatedPrinter(folder / "printer.sock")
        self.msr = SimulatedReader(folder / "msr.sock")
        self.scanner = SimulatedScanner(folder / "scanner.sock")
        self.keypad = SimulatedKeypad(folder / "keypad.sock")
        self.pin_pad = SocketLine(folder / "pin_pad.sock", lambda write: Pad(write, {}, None))
        self.devices = {name: getattr(self, name) for name in ("printer", "msr", "scanner", "keypad", "pin_pad")}
        (folder / "tmk.hex").write_text(os.urandom(16).hex(), "ascii")
        self.terminal = TerminalProcess(folder, options)
        self.terminal.prepare(9, folder / "tmk.hex")
        self.configuration = folder / "terminal.toml"

    def change(self, old, new):
        text = self.configuration.read_text("utf-8")
        assert old in text
        self.configuration.write_text(text.replace(old, new), "utf-8")

    async def findings(self, person=None):
        patient = Patient(load(self.configuration), datetime.now, 8.0 * PATIENCE)
        patient.person = person
        return {finding.step.name: finding async for finding in examine(patient, (*DISK, *DEVICE_STEPS, *WEAR_STEPS))}


class Person:
    """Does what is asked, and answers every question alike."""

    def __init__(self, answer=True, **does):
        self.answer, self.does, self.asked = answer, does, []

    def say(self, key):
        act = self.does.get(key.rpartition(".")[2])
        if act is not None:
            asyncio.get_running_loop().call_soon(act)

    async def agrees(self, key):
        self.asked.append(key)
        return self.answer


@pytest.fixture
def at_the_counter(tmp_path):
    def run(story, **options):
        async def told():
            async with plugged_in(Counter(tmp_path, TerminalOptions(pin_pad=True, **options))) as counter:
                return await story(counter)

        return asyncio.run(told())

    return run


@asynccontextmanager
async def plugged_in(counter):
    for device in counter.devices.values():
        await device.start()
    try:
        yield counter
    finally:
        for device in counter.devices.values():
            await device.unplug()


def codes(found):
    return [finding.fault.code for finding in found.values() if finding.fault is not None]


def test_devices_that_are_well_are_found_well(at_the_counter):
    async def story(counter):
        found = await counter.findings()
        assert codes(found) == []
        assert {found[name].state for name in counter.devices} == {State.GOOD}
        assert found["customer_display"].what == "doctor.unused"

    at_the_counter(story)


PRINTER_FAULTS = {
    "no paper": (lambda printer: printer.change("paper", False), "P05"),
    "an open cover": (lambda printer: printer.change("cover_closed", False), "P06"),
    "a stuck knife": (lambda printer: printer.path_of_paper.fail(0x08), "P07"),
    "a hot head": (lambda printer: printer.path_of_paper.fail(0x40), "P08"),
    "an error to be cleared": (lambda printer: printer.path_of_paper.fail(0x04), "P09"),
    "an error that stays": (lambda printer: printer.path_of_paper.fail(0x20), "P10"),
    "off line": (lambda printer: printer.change("online", False), "P11"),
    "nearly no paper": (lambda printer: printer.change("paper_low", True), "P15"),
}


@pytest.mark.parametrize("case", PRINTER_FAULTS)
def test_what_a_printer_says_of_itself_is_named(at_the_counter, case):
    break_it, code = PRINTER_FAULTS[case]

    async def story(counter):
        break_it(counter.printer)
        assert codes(await counter.findings()) == [code]

    at_the_counter(story, devices={"printer": {"model": "epson"}})


def test_a_printer_that_says_nothing_is_looked_at_and_not_called_well(at_the_counter):
    async def story(counter):
        counter.printer.path_of_paper.mute = True
        found = await counter.findings()
        assert codes(found) == []
        assert found["printer"].what == "doctor.says-nothing"

    at_the_counter(story)


def test_every_device_that_was_pulled_out_is_named_by_itself(at_the_counter):
    async def story(counter):
        for device in counter.devices.values():
            await device.unplug()
        found = await counter.findings()
        assert codes(found) == ["P01", "M01", "Q01", "B01", "E01"]

    at_the_counter(story)


def test_a_pin_pad_that_does_not_answer_is_told_apart_from_one_that_is_not_there(at_the_counter):
    async def story(counter):
        counter.pin_pad.pad.receive = lambda data: None
        assert codes(await counter.findings()) == ["E05"]

    at_the_counter(story, devices={"pin_pad": {"ack_ms": 500}})


@contextmanager
def as_anybody(folder):
    """Whoever may everything is refused nothing: another user asks."""
    folder.chmod(0o711)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def printer_on_a_line(counter):
    """Its printer hangs on a real terminal line; the line's node."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    node = os.ttyname(theirs)
    counter.change(f"unix:{counter.printer.path}", f"serial:{node}?baud=9600")
    try:
        yield node, theirs
    finally:
        os.close(ours)
        os.close(theirs)


async def printer_finding(counter):
    settings = load(counter.configuration)
    with as_anybody(counter.configuration.parent):
        patient = Patient(settings, datetime.now, 8.0)
        (found,) = [finding async for finding in examine(patient, DEVICE_STEPS[:1])]
    return found


def test_a_line_that_this_user_may_not_open_is_told_with_the_rule_that_is_missing(at_the_counter):
    async def story(counter):
        with printer_on_a_line(counter) as (node, _):
            os.chmod(node, 0)
            found = await printer_finding(counter)
        assert found.fault.code == "P02"
        assert 'GROUP="dialout"' in found.what

    at_the_counter(story)


def test_a_line_that_another_program_holds_is_told_apart_from_one_that_is_not_there(at_the_counter):
    async def story(counter):
        with printer_on_a_line(counter) as (node, theirs):
            os.chmod(node, 0o666)
            fcntl.ioctl(theirs, termios.TIOCEXCL)
            assert (await printer_finding(counter)).fault.code == "P03"

    at_the_counter(story)


def test_a_section_that_a_driver_cannot_use_is_named(at_the_counter):
    async def story(counter):
        assert codes(await counter.findings()) == ["M04"]

    at_the_counter(story, devices={"msr": {"keys": ["KEY_NOBODYHAS=x"]}})


def test_the_customers_display_is_looked_at_too(at_the_counter):
    async def story(counter):
        assert codes(await counter.findings()) == ["L01"]
        (counter.configuration.parent / "line.txt").touch()
        counter.change("unix:/nowhere/display.sock", f"file:{counter.configuration.parent / 'line.txt'}")
        assert codes(await counter.findings()) == []
        assert codes(await counter.findings(Person(False, **uses(counter)))) == ["P13", "L04"]

    at_the_counter(story, customer_display="unix:/nowhere/display.sock")


# --- with somebody there ------------------------------------------------------------------------


def uses(counter):
    press = counter.keypad.press
    return {
        "msr": lambda: counter.msr.swipe(track2="6222021234567894=29122010000000000"),
        "scanner": lambda: counter.scanner.scan("4006381333931"),
        "keypad": lambda: asyncio.ensure_future(press("1")),
    }


def test_somebody_tries_every_device_out_and_a_test_slip_is_printed(at_the_counter):
    async def story(counter):
        person = Person(**uses(counter))
        assert codes(await counter.findings(person)) == []
        assert b"printer test" in counter.printer.output
        assert person.asked == ["doctor.ask.printer"]

    at_the_counter(story)


def test_a_swipe_that_is_not_heard_and_one_that_cannot_be_read_are_told_apart(at_the_counter, monkeypatch):
    monkeypatch.setattr("drivers.supervised.TRIED_S", 3.0 * PATIENCE)

    async def story(counter):
        does = uses(counter) | {"msr": lambda: counter.msr.type(";E?"), "scanner": None}
        assert codes(await counter.findings(Person(**does))) == ["M06", "Q05"]

    at_the_counter(story)


@pytest.mark.parametrize(("model", "code"), [("generic", "P13"), ("impact", "P14")])
def test_pale_paper_is_a_roll_or_a_head_and_behind_needles_a_ribbon(at_the_counter, model, code):
    async def story(counter):
        assert codes(await counter.findings(Person(False, **uses(counter)))) == [code]

    at_the_counter(story, devices={"printer": {"model": model}})


def test_a_drawer_that_stays_closed_is_told(at_the_counter):
    async def story(counter):
        assert (await counter.findings())["drawer"].what == "doctor.by-eye"
        found = await counter.findings(Person(False, **uses(counter)))
        assert codes(found) == ["P13", "W01"]
        assert counter.printer.path_of_paper.get("drawer_high")

    at_the_counter(story, devices={"printer": {"drawer": True}})


# --- beside a terminal that runs ----------------------------------------------------------------


def _came(name, line):
    return (line["type"], line.get("device"), line.get("state")) == ("device", name, "open")


def test_a_running_terminal_keeps_its_devices_and_says_how_they_are(at_the_counter):
    async def story(counter):
        terminal = counter.terminal
        await terminal.start()
        try:
            await terminal.monitor.until_screen("idle", 30.0 * PATIENCE)
            for name in counter.devices:
                there = functools.partial(_came, name)
                await terminal.monitor.story.until(there, 30.0 * PATIENCE)
            counter.printer.change("cover_closed", False)
            await counter.scanner.unplug()
            for name, value in (("trouble", "cover"), ("state", "lost")):
                known = functools.partial(lambda name, value, line: line.get(name) == value, name, value)
                await terminal.monitor.story.until(known, 30.0 * PATIENCE)
            found = await counter.findings(Person(**uses(counter)))
        finally:
            await terminal.stop()
        assert codes(found) == ["P06", "Q01"]
        assert {found[name].what for name in ("msr", "keypad")} == {"doctor.running"}, "nobody takes its swipes"

    at_the_counter(story, devices={"printer": {"model": "epson"}})


def test_a_running_terminal_without_a_monitor_has_written_down_how_its_devices_are(at_the_counter):
    async def story(counter):
        terminal = counter.terminal
        await terminal.start()
        try:
            await terminal.monitor.until_screen("idle", 30.0 * PATIENCE)
            without = counter.configuration.read_text("utf-8").partition("[monitor]")[0]
            counter.configuration.write_text(without, "utf-8")
            await counter.scanner.unplug()
            async with asyncio.timeout(30.0 * PATIENCE):
                found = await counter.findings()
                while codes(found) != ["Q01"]:
                    found = await counter.findings()
        finally:
            await terminal.stop()
        assert found["msr"].state is State.GOOD

    at_the_counter(story)


def test_a_running_terminal_that_has_said_nothing_yet_is_left_alone_and_that_is_said(at_the_counter):
    async def story(counter):
        terminal = counter.terminal
        await terminal.start()
        try:
            await terminal.monitor.until_screen("idle", 30.0 * PATIENCE)
            patient = Patient(load(counter.configuration), datetime.now, 8.0 * PATIENCE)
            patient.told = {}
            found = {finding.step.name: finding async for finding in examine(patient, (*DISK, *DEVICE_STEPS))}
        finally:
            await terminal.stop()
        assert codes(found) == []
        assert {found[name].what for name in counter.devices} == {"doctor.running"}

    at_the_counter(story)
