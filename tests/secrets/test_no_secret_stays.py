"""After every scenario nothing of a key, a component, a PIN or a password is in any file, log or output."""

import asyncio
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

from config import default_file
from keys.kcv import kcv
from keys.key_block import wrap
from keys.key_block_header import Header
from keys.pin_block import format_0
from keys.secret import Secret
from tests.secrets.canaries import Canaries
from tools.rig import ACCOUNTS, Rig, TerminalOptions

ROOT = Path(__file__).resolve().parents[2]
PASSWORDS = {"11": "40917263", "22": "58203714"}
WRONG_PIN, RIGHT_PIN = "739150284617", ACCOUNTS["second"].pin
HERE_S = 60.0


def key_of(parts):
    return bytes(a ^ b for a, b in zip(*parts, strict=True))


def canaries_of(parts, **more):
    blocks = {}
    for name, pin, account in (("right PIN", RIGHT_PIN, "second"), ("wrong PIN", WRONG_PIN, "lost")):
        blocks[f"block of the {name}"] = bytes(format_0(Secret(bytearray(pin.encode())), ACCOUNTS[account].pan))
    return Canaries({
        "first component": parts[0],
        "second component": parts[1],
        "key": key_of(parts),
        "wrong PIN": WRONG_PIN.encode(),
        **{f"password of {number}": password.encode() for number, password in PASSWORDS.items()},
        **blocks,
        **more,
    })  # fmt: skip


# -- at the terminal's keypad, the real processes


class Keypad:
    """Two custodians at the keypad of a terminal in a rig."""

    def __init__(self, rig):
        self.rig = rig
        self.master = bytes.fromhex((rig.folder / "tmk.hex").read_text())
        first = os.urandom(16)
        self.parts = [first, key_of([first, self.master])]

    async def menu(self, *digits):
        await self.rig.until("idle")
        await self.rig.until_input_devices()
        for digit, screen in zip(digits, ("menu.technician", "menu.keys", ""), strict=False):
            await self.rig.press(digit)
            if screen:
                await self.rig.until(screen)

    async def enrol(self):
        for number, password in PASSWORDS.items():
            await self.rig.until("custodian.number")
            await self.rig.type(number)
            await self.rig.until("custodian.new")
            await self.rig.type(password)
            await self.rig.until("custodian.again")
            await self.rig.type(password)
            await self.rig.until("custodian.saved")
            await self.rig.press("enter")

    async def begin(self, expected="", *, enrol=True):
        await self.menu("9", "4", "1")
        if enrol:
            await self.enrol()
        await self.rig.until("ceremony.count")
        await self.rig.press("2")
        await self.rig.until("ceremony.expected")
        await self.hex(expected)
        for number, password in PASSWORDS.items():
            await self.rig.until("ceremony.first-custodian" if number == "11" else "ceremony.second-custodian")
            await self.rig.type(number)
            await self.rig.until("ceremony.password")
            await self.rig.type(password)

    async def hex(self, digits, *, enter=True):
        keys = [key for digit in digits.upper() for key in self._keys(digit)]
        await self.rig.press(*keys, *(["enter"] if enter else []))

    def _keys(self, digit):
        return (digit,) if digit.isdecimal() else ("star", str("ABCDEF".index(digit) + 1))

    async def type_component(self, number, part, *, agree=True):
        await self.rig.until("ceremony.password")
        await self.rig.type(PASSWORDS[number])
        await self.rig.until("ceremony.component")
        await self.hex(part.hex())
        await self.rig.until("ceremony.component-check")
        if agree:
            await self.rig.press("enter")

    async def load(self, expected="", *, enrol=True):
        await self.begin(expected, enrol=enrol)
        await self.type_component("11", self.parts[0])
        await self.type_component("22", self.parts[1])

    async def sell(self, pin, account="second"):
        await self.rig.until("idle")
        await self.rig.until_input_devices()
        await self.rig.until_card_wanted()
        self.rig.swipe(account)
        await self.rig.until("sale.pin")
        await self.rig.type(pin)
        outcome = await self.rig.until("outcome.", 30.0)
        await self.rig.press("enter")
        return outcome["name"]

    def search(self):
        """Everything the terminal has written, said and printed; the host's folder holds the master key on purpose."""
        canaries = canaries_of(self.parts)
        folder = self.rig.folder
        found = canaries.in_folder(folder, without=[folder / "tmk.hex", folder / "host", folder / "host.log"])
        told = "\n".join(json.dumps(line) for line in self.rig.terminal.monitor.story.told)
        assert len(told) > 1000
        found += canaries.in_bytes("the monitor", told.encode())
        found += canaries.in_bytes("the printer", bytes(self.rig.printer.output))
        if self.rig.terminal.running:
            process = Path(f"/proc/{self.rig.terminal.pid}")
            found += canaries.in_bytes("its environment", (process / "environ").read_bytes())
        return found


def played(story):
    async def whole():
        async with Rig(TerminalOptions(timeouts={"outcome_s": 5})) as rig:
            await rig.terminal.start()
            await story(Keypad(rig))

    asyncio.run(whole())


def test_a_ceremony_at_the_keypad_and_sales_with_it_leave_no_secret():
    async def story(keypad):
        rig = keypad.rig
        await keypad.load(kcv(keypad.master, "tdes").hex())
        shown = await rig.until("ceremony.key-check")
        assert any(kcv(keypad.master, "tdes").hex().upper() in line for line in shown["lines"])
        await rig.press("enter")
        await rig.until("ceremony.stored")
        await rig.press("enter")
        assert await keypad.sell(RIGHT_PIN) == "outcome.approved", "the loaded key is the host's"
        assert await keypad.sell(WRONG_PIN, "lost") == "outcome.declined"
        assert keypad.search() == []
        (rig.terminal.state / "planted").write_bytes(keypad.parts[0].hex().encode())
        assert keypad.search() == ["first component as hex in terminal/planted"], "the control"

    played(story)


def test_a_wrong_check_value_at_the_keypad_stores_nothing_and_leaves_no_secret():
    async def story(keypad):
        await keypad.load("ABCDEF")
        shown = await keypad.rig.until("ceremony.refused")
        assert shown["tone"] == "bad"
        await keypad.rig.press("enter")
        await keypad.rig.until("idle")
        assert keypad.search() == []

    played(story)


@pytest.mark.parametrize("where", ["typing", "checking"])
def test_a_power_cut_in_mid_ceremony_leaves_no_secret_and_the_old_keys(where):
    async def story(keypad):
        rig = keypad.rig
        await keypad.begin()
        await keypad.type_component("11", keypad.parts[0])
        if where == "typing":
            await rig.until("ceremony.password")
            await rig.type(PASSWORDS["22"])
            await rig.until("ceremony.component")
            await keypad.hex(keypad.parts[1].hex()[:20], enter=False)
        else:
            await keypad.type_component("22", keypad.parts[1], agree=False)
        before = list(rig.terminal.monitor.story.told)
        await rig.terminal.kill()
        canaries = canaries_of(keypad.parts)
        assert canaries.in_bytes("the monitor", json.dumps(before).encode()) == []
        assert canaries.in_folder(rig.terminal.state) == []
        assert not list(rig.folder.rglob("core*"))
        await rig.terminal.start()
        await rig.until("idle")
        assert await keypad.sell(RIGHT_PIN) == "outcome.approved", "the old keys are still there"
        assert b"ceremony-interrupted" in (rig.terminal.state / "keys.vault.audit").read_bytes()
        assert keypad.search() == []

    played(story)


def test_a_ceremony_that_is_left_and_a_key_that_is_destroyed_leave_no_secret():
    async def story(keypad):
        rig = keypad.rig
        await keypad.begin()
        await rig.until("ceremony.password")
        await rig.type(PASSWORDS["11"])
        await rig.until("ceremony.component")
        await keypad.hex(keypad.parts[0].hex(), enter=False)
        await rig.press("cancel")
        await rig.until("ceremony.cancelled")
        await rig.press("enter")
        await keypad.menu("9", "4", "5")
        slots = [item["label"] for item in (await rig.until("keys.choose"))["menu"]]
        await rig.press(str(slots.index("tmk") + 1))
        await rig.until("ceremony.first-custodian")
        await rig.type("11")
        await rig.until("ceremony.password")
        await rig.type(PASSWORDS["11"])
        await rig.until("keys.destroy")
        await rig.press("enter")
        await rig.until("keys.destroyed")
        assert keypad.search() == []

    played(story)


# -- at the console, through a real pseudo-terminal


class Typist:
    """A command at a pseudo-terminal: what it says is read, what is asked is typed."""

    def __init__(self, folder, *arguments):
        self._master, slave = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.output = b""
        self._seen = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def until(self, text):
        """Wait until something new says this."""
        deadline = time.monotonic() + HERE_S
        while (at := self.output.find(text.encode(), self._seen)) < 0:
            left = deadline - time.monotonic()
            assert left > 0, f"waited in vain for {text!r}; it says:\n{self.output[-600:].decode(errors='replace')}"
            self._read(left)
        self._seen = at + len(text.encode())

    def answer(self, text, typed):
        self.until(text + ": ")
        time.sleep(0.05)  # the keyboard is made silent right after the question
        os.write(self._master, typed.encode() + b"\r")

    def end(self):
        deadline = time.monotonic() + HERE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            self._read(0.2)
        self._read(0)
        return self.process.returncode

    def _read(self, seconds):
        if select.select([self._master], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.output += os.read(self._master, 65536)


@pytest.fixture
def terminal(tmp_path):
    """A terminal's folder: configuration, credential, no vault yet."""
    (tmp_path / "state").mkdir(mode=0o700)
    credential = tmp_path / "vault.credential"
    credential.write_bytes(os.urandom(32))
    credential.chmod(0o600)
    config = tmp_path / "terminal.toml"
    text = default_file().read_text("utf-8").replace('language = "zh" ', 'language = "en" ')
    config.write_text(text.replace('# credential = "vault.credential"', 'credential = "vault.credential"'), "utf-8")
    return tmp_path


def keys(folder, *arguments):
    run = subprocess.run(
        [sys.executable, "-m", "tools", "keys", *arguments, "--config", "terminal.toml"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


def enrol(typist):
    for number, password in PASSWORDS.items():
        typist.answer("Number", number)
        typist.answer("Password (not shown)", password)
        typist.answer("The same again", password)


def sign_in(typist):
    for number, password in PASSWORDS.items():
        typist.answer("Number", number)
        typist.answer("Password (not shown)", password)


def type_components(typist, parts, *, to=None):
    for number, part in zip(PASSWORDS, parts[:to], strict=False):
        typist.answer("Password (not shown)", PASSWORDS[number])
        typist.answer("Component (shown as dots)", part.hex())
        typist.answer("Answer", "y")


def load_at_console(folder, parts, *options):
    with Typist(folder, "keys", "load", "--fresh", "--config", "terminal.toml", *options) as typist:
        enrol(typist)
        sign_in(typist)
        type_components(typist, parts)
        typist.answer("Answer", "y")
        return typist.end(), typist.output


def test_a_ceremony_at_the_console_leaves_no_secret(terminal):
    parts = [os.urandom(16), os.urandom(16)]
    code, output = load_at_console(terminal, parts, "--slip", "slip.txt")
    assert code == 0, output.decode()
    canaries = canaries_of(parts)
    found = canaries.in_folder(terminal) + canaries.in_bytes("the console", output)
    for command in (("list", "--all"), ("list", "--json"), ("kcv", "tmk"), ("audit", "show"), ("audit", "verify")):
        code, told = keys(terminal, *command)
        assert code == 0
        found += canaries.in_bytes(" ".join(command), told)
    assert found == []
    assert "●".encode() * 32 in output, "what is typed is seen as dots"
    assert kcv(key_of(parts), "tdes").hex().upper().encode() in (terminal / "slip.txt").read_bytes()


def test_a_wrong_check_value_at_the_console_leaves_no_secret(terminal):
    parts = [os.urandom(16), os.urandom(16)]
    with Typist(terminal, "keys", "load", "--fresh", "--config", "terminal.toml", "--kcv", "000000") as typist:
        enrol(typist)
        sign_in(typist)
        type_components(typist, parts)
        assert typist.end() == 1
    canaries = canaries_of(parts)
    assert canaries.in_folder(terminal) + canaries.in_bytes("the console", typist.output) == []
    assert keys(terminal, "kcv", "tmk")[0] == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=str)
def test_a_console_ceremony_that_is_cut_off_leaves_no_secret_and_is_noted(terminal, number):
    parts = [os.urandom(16), os.urandom(16)]
    with Typist(terminal, "keys", "load", "--fresh", "--config", "terminal.toml") as typist:
        enrol(typist)
        sign_in(typist)
        type_components(typist, parts, to=1)
        typist.answer("Password (not shown)", PASSWORDS["22"])
        typist.until("Component (shown as dots): ")
        os.write(typist._master, parts[1].hex()[:20].encode())
        time.sleep(0.2)
        typist.process.send_signal(number)
        typist.end()
    canaries = canaries_of(parts)
    assert canaries.in_folder(terminal) + canaries.in_bytes("the console", typist.output) == []
    assert not list(terminal.rglob("core*"))
    code, told = keys(terminal, "audit", "archive", "handed-over.audit")
    assert code == 0, told
    assert b"ceremony-" in (terminal / "handed-over.audit").read_bytes()
    assert keys(terminal, "kcv", "tmk")[0] == 1, "nothing was stored"


def test_an_imported_key_block_and_destroyed_and_erased_keys_leave_no_secret(terminal):
    parts = [os.urandom(16), os.urandom(16)]
    pin_key = os.urandom(16)
    block = wrap(key_of(parts), Header("B", "P0", "T", "E"), Secret(bytearray(pin_key)), os.urandom)
    (terminal / "pin.tr31").write_text(block)
    canaries = canaries_of(parts, **{"PIN key": pin_key})
    load_at_console(terminal, parts)
    said = b""
    code, told = keys(terminal, "import", "pin.tr31", "--slot", "pin", "--dry-run")
    assert code == 0 and kcv(pin_key, "tdes").hex().upper().encode() in told, told
    said += told
    assert keys(terminal, "kcv", "pin")[0] == 1, "a dry run stores nothing"
    with Typist(terminal, "keys", "import", "pin.tr31", "--slot", "pin", "--config", "terminal.toml") as typist:
        typist.answer("Number", "11")
        typist.answer("Password (not shown)", PASSWORDS["11"])
        typist.answer("Answer", "y")
        assert typist.end() == 0, typist.output.decode()
    said += typist.output
    with Typist(terminal, "keys", "destroy", "pin", "--config", "terminal.toml") as typist:
        typist.answer("Number", "11")
        typist.answer("Password (not shown)", PASSWORDS["11"])
        assert typist.end() == 0, typist.output.decode()
    said += typist.output + keys(terminal, "list", "--all")[1]
    assert canaries.in_folder(terminal) + canaries.in_bytes("what was said", said) == []
    assert b"pin/1" in said and b"destroyed" in said
    code, told = keys(terminal, "zeroise", "--yes")
    assert code == 0, told
    assert canaries.in_folder(terminal) + canaries.in_bytes("zeroise", told) == []
    log = (terminal / "state" / "keys.vault.audit").read_bytes()
    assert b'"event":"zeroised"' in log
    assert keys(terminal, "list")[0] == 1


# -- from a key-loading device, over a real serial line


@contextlib.contextmanager
def serial_cable():
    """Two serial lines joined by a cable that remembers what went over it."""
    masters, slaves = zip(*(pty.openpty() for _ in range(2)), strict=True)
    for slave in slaves:
        tty.setraw(slave)
    heard, stop = [], threading.Event()

    def carry():
        while not stop.is_set():
            for end in select.select(masters, [], [], 0.1)[0]:
                data = os.read(end, 4096)
                heard.append(data)
                os.write(masters[1 - masters.index(end)], data)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield [os.ttyname(slave) for slave in slaves], heard
    finally:
        stop.set()
        thread.join()
        for descriptor in (*masters, *slaves):
            os.close(descriptor)


def loader(folder, port, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tools", "keyloader", "--port", port, "--slot", "tmk", "--yes", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def write_components(folder, parts):
    names = []
    for place, part in enumerate(parts):
        path = folder / f"component-{place}.hex"
        path.write_text(part.hex().upper())
        path.chmod(0o600)
        names.append(path)
    return names


@pytest.mark.parametrize("dry_run", [False, True], ids=["stored", "dry-run"])
def test_a_key_from_a_loading_device_leaves_no_secret_anywhere_and_none_on_the_line(terminal, dry_run):
    parts = [os.urandom(16), os.urandom(16)]
    files = write_components(terminal, parts)
    assert keys(terminal, "custodians", "list")[0] == 1
    canaries = canaries_of(parts)
    with Typist(terminal, "keys", "custodians", "add", "--fresh", "--config", "terminal.toml") as typist:
        enrol(typist)
        assert typist.end() == 0
    options = ["--dry-run"] if dry_run else []
    with serial_cable() as (ports, heard):
        command = ("keys", "serve-loader", "--port", ports[0], "--config", "terminal.toml", *options)
        with Typist(terminal, *command) as typist:
            typist.until("Start the loading device")
            device = loader(terminal, ports[1], "--components", *map(str, files))
            typist.answer("Answer", "y")
            sign_in(typist)
            typist.answer("Answer", "y")
            assert typist.end() == 0, typist.output.decode()
        told, _ = device.communicate(timeout=HERE_S)
    assert device.returncode == 0, told.decode()
    assert b"The terminal: stored" in told
    line = b"".join(heard)
    assert len(line) > 500
    found = canaries.in_folder(terminal, without=files)
    for where, said in (("the console", typist.output), ("the device", told), ("the line", line)):
        found += canaries.in_bytes(where, said)
    assert found == []
    assert canaries.in_folder(terminal), "the control: the component files are found when they are not spared"
    assert keys(terminal, "kcv", "tmk", "--expect", kcv(key_of(parts), "tdes").hex())[0] == (1 if dry_run else 0)


def test_a_loading_device_that_dies_in_the_middle_leaves_no_secret_and_no_key(terminal):
    parts = [os.urandom(16), os.urandom(16)]
    files = write_components(terminal, parts)
    canaries = canaries_of(parts)
    with Typist(terminal, "keys", "custodians", "add", "--fresh", "--config", "terminal.toml") as typist:
        enrol(typist)
        typist.end()
    with (
        serial_cable() as (ports, _),
        Typist(terminal, "keys", "serve-loader", "--port", ports[0], "--config", "terminal.toml") as typist,
    ):
        typist.until("Start the loading device")
        device = loader(terminal, ports[1], "--components", *map(str, files))
        typist.answer("Answer", "y")
        typist.until("First custodian")
        device.kill()
        told, _ = device.communicate(timeout=HERE_S)
        sign_in(typist)
        typist.until("The device may load now")
        typist.process.send_signal(signal.SIGKILL)
        typist.end()
    found = canaries.in_folder(terminal, without=files) + canaries.in_bytes("the console", typist.output + told)
    assert found == []
    assert keys(terminal, "kcv", "tmk")[0] == 1
