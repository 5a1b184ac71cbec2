"""A technician loads the master key at the terminal: by its keypad and from a device at its serial line.

Real terminal, real host, key event bytes; the loading device is ``countertop keyloader`` at the other end of two lines.
"""

import asyncio
import os
import pty
import re
import shutil
import sys
import tty
from contextlib import asynccontextmanager, contextmanager

import pytest

from keys.kcv import kcv
from terminal.screens.texts import Translator
from tools.rig import Rig, TerminalOptions
from tools.rig.patience import PATIENCE

CUSTODIANS = {"11": "40917263", "22": "58203714"}
STEP_S = 30.0 * PATIENCE
_PAIRED = (("ceremony.pairing",),)
_ONE, _TWO = (
    ((f"ceremony.{which}-custodian", number), ("ceremony.password", password))
    for which, (number, password) in zip(("first", "second"), CUSTODIANS.items(), strict=True)
)
KEYS_UNTIL = {
    "pairing": (),
    "second-custodian": (*_PAIRED, *_ONE),
    "key-check": (*_PAIRED, *_ONE, *_TWO),
}
"""What is asked and answered before a screen of a loading from a device."""
LETTERS = dict(zip("ABCDEF", "123456", strict=True))


@contextmanager
def cable():
    """Two serial ports, each the other's far end: their names, and a function that pulls the cable out."""
    loop, ends = asyncio.get_running_loop(), [pty.openpty(), pty.openpty()]
    for _, port in ends:
        tty.setraw(port)
    (one, near), (other, far) = ends
    pairs = ((one, other), (other, one))
    for source, target in pairs:
        loop.add_reader(source, lambda source=source, target=target: os.write(target, os.read(source, 4096)))
    plugged = [one, other]

    def pull():
        while plugged:
            loop.remove_reader(plugged[-1])
            os.close(plugged.pop())

    try:
        yield os.ttyname(near), os.ttyname(far), pull
    finally:
        pull()
        os.close(near)
        os.close(far)


@asynccontextmanager
async def without_the_banks_key(options):
    """A terminal whose vault holds another master key than its bank has: it cannot sign on."""
    async with Rig(options, "--quiet") as rig:
        wrong = rig.folder / "other.hex"
        wrong.touch(mode=0o600)
        wrong.write_text(os.urandom(16).hex(), "ascii")
        shutil.rmtree(rig.terminal.state)
        rig.terminal.prepare(rig.host.port, wrong)
        await rig.terminal.start()
        await rig.until("idle")
        await rig.until_input_devices()
        yield rig


def keys_of(digits):
    """Hexadecimal digits on twelve keys."""
    return [key for digit in digits for key in (("star", LETTERS[digit]) if digit in LETTERS else (digit,))]


class Keypad:
    """Presses keys; each screen is one that came after the last key."""

    def __init__(self, rig):
        self.rig = rig
        self.seen = rig.terminal.monitor.position

    async def see(self, name):
        def wanted(line):
            return line["type"] == "screen" and line["name"] == name

        story = self.rig.terminal.monitor.story
        shown = await story.until(wanted, STEP_S, after=self.seen, what=f"screen {name}")
        self.seen = story.told.index(shown, self.seen) + 1
        return shown

    async def press(self, *keys):
        self.seen = self.rig.terminal.monitor.position
        await self.rig.press(*keys)

    async def answer(self, name, digits=""):
        """Wait for a question, type its answer and press green; what was shown."""
        shown = await self.see(name)
        await self.press(*digits, "enter")
        return shown

    async def menu(self, digits):
        for digit, name in zip(digits, ("menu.technician", "menu.keys", None), strict=True):
            await self.press(digit)
            if name:
                await self.see(name)

    async def enrol(self):
        for number, password in CUSTODIANS.items():
            await self.answer("custodian.number", number)
            await self.answer("custodian.new", password)
            await self.answer("custodian.again", password)
            await self.answer("custodian.saved")

    async def sign_in(self):
        for (number, password), which in zip(CUSTODIANS.items(), ("first", "second"), strict=True):
            await self.answer(f"ceremony.{which}-custodian", number)
            await self.answer("ceremony.password", password)

    async def component(self, digits):
        await self.see("ceremony.component")
        await self.press(*keys_of(digits), "enter")


async def sign_on(rig, keypad):
    """Menu 7 1; what it shows at its end."""
    await rig.until("idle")
    await keypad.press("7")
    await keypad.see("menu.manage")
    at = rig.terminal.monitor.position
    await keypad.press("1")
    return await rig.terminal.monitor.story.until(
        lambda line: line["type"] == "screen" and line["name"] in ("sign-on.done", "sign-on.failed"),
        STEP_S, after=at, what="the end of the sign-on",
    )  # fmt: skip


async def loading_device(rig, port):
    """``countertop keyloader`` with the key that the bank has."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools", "keyloader", "--port", f"{port}?baud=9600", "--slot", "tmk",
        "--components", str(rig.folder / "tmk.hex"), "--kcv", value(bytes.fromhex(rig.master_key)), "--yes",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def value(key):
    return kcv(key, "tdes").hex().upper()


def everything(rig):
    return "\n".join(str(line) for line in rig.terminal.monitor.story.told).upper()


def test_a_master_key_typed_by_two_custodians_lets_the_terminal_sign_on():
    async def play():
        async with without_the_banks_key(TerminalOptions()) as rig:
            keypad = Keypad(rig)
            refused = await sign_on(rig, keypad)
            await keypad.press("enter")
            await rig.until("idle")
            key = bytes.fromhex(rig.master_key)
            first = os.urandom(16)
            second = bytes(a ^ b for a, b in zip(key, first, strict=True))
            await keypad.menu("941")
            await keypad.enrol()
            await keypad.see("ceremony.count")
            await keypad.press("2")
            await keypad.see("ceremony.expected")
            await keypad.press(*keys_of(value(key)), "enter")
            await keypad.sign_in()
            shown = []
            for part, password in zip((first, second), CUSTODIANS.values(), strict=True):
                await keypad.answer("ceremony.password", password)
                await keypad.component(part.hex().upper())
                shown.append(await keypad.answer("ceremony.component-check"))
            shown.append(await keypad.answer("ceremony.key-check"))
            await keypad.answer("ceremony.stored")
            done = await keypad.see("sign-on.done")
            return refused, [str(screen) for screen in shown], (first, second, key), done, everything(rig)

    refused, shown, parts, done, told = asyncio.run(play())
    assert refused["name"] == "sign-on.failed"
    assert all(value(part) in screen for part, screen in zip(parts, shown, strict=True))
    assert done["name"] == "sign-on.done" and len(done["lines"]) >= 2, "the check values of the working keys"
    assert not any(part.hex().upper() in told for part in parts), "a component was shown"


def test_a_master_key_from_a_loading_device_lets_the_terminal_sign_on():
    async def play():
        with cable() as (here, there, _):
            options = TerminalOptions(keys={"loader": f"serial:{here}?baud=9600"})
            async with without_the_banks_key(options) as rig:
                keypad = Keypad(rig)
                key = bytes.fromhex(rig.master_key)
                await keypad.menu("943")
                await keypad.enrol()
                await keypad.see("ceremony.connect")
                device = await loading_device(rig, there)
                try:
                    pairing = await keypad.answer("ceremony.pairing")
                    await keypad.sign_in()
                    check = await keypad.answer("ceremony.key-check")
                    await keypad.answer("ceremony.stored")
                    async with asyncio.timeout(STEP_S):
                        said, _ = await device.communicate()
                    await keypad.see("sign-on.done")
                finally:
                    if device.returncode is None:
                        device.kill()
                        await device.wait()
                return device.returncode, said.decode(), pairing, str(check), everything(rig), key

    code, said, pairing, check, told, key = asyncio.run(play())
    assert code == 0, said
    number = re.search(r"Compare with the terminal: (\d{6})", said)
    assert number is not None and number[1] == pairing["amount"], "both show the same number"
    assert value(key) in check and "stored" in said
    assert key.hex().upper() not in told + said.upper()


@pytest.mark.parametrize("at", ["connect", "pairing", "second-custodian", "key-check"])
def test_a_loading_device_that_is_unplugged_stores_nothing_and_the_terminal_says_so_at_once(at):
    async def play():
        with cable() as (here, there, pull):
            options = TerminalOptions(keys={"loader": f"serial:{here}?baud=9600"})
            async with without_the_banks_key(options) as rig:
                keypad = Keypad(rig)
                await keypad.menu("943")
                await keypad.enrol()
                await keypad.see("ceremony.connect")
                device = None if at == "connect" else await loading_device(rig, there)
                try:
                    if device is not None:
                        for step in KEYS_UNTIL[at]:
                            await keypad.answer(*step)
                        await keypad.see(f"ceremony.{at}")
                    pull()
                    told = await keypad.see("refused" if at in ("connect", "pairing") else "ceremony.cancelled")
                    if device is not None:
                        async with asyncio.timeout(STEP_S):
                            await device.communicate()
                finally:
                    if device is not None and device.returncode is None:
                        device.kill()
                        await device.wait()
                await keypad.press("enter")
                await rig.until("idle")
                return told, device, await sign_on(rig, keypad)

    told, device, signed_on = asyncio.run(play())
    assert Translator("en").text("ceremony.reason.gone") in str(told)
    assert device is None or device.returncode == 1
    assert signed_on["name"] == "sign-on.failed", "the bank's key was stored"


def test_a_terminal_without_a_loading_line_says_so():
    async def play():
        async with without_the_banks_key(TerminalOptions()) as rig:
            keypad = Keypad(rig)
            await keypad.menu("943")
            return await keypad.see("refused")

    assert Translator("en").text("keys.no-loader") in str(asyncio.run(play()))
