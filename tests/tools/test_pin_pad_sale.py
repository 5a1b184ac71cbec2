"""A sale with a PIN pad: real terminal, real host; the PIN is typed on the pad and its block is proven by the bank."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from keys import Secret
from tools.pin_pad.line import SocketLine
from tools.pin_pad.pad import Pad
from tools.rig import ACCOUNTS, Rig, TerminalOptions

OPTIONS = TerminalOptions(pin_pad=True, timeouts={"pin_s": 10})
GOOD = ACCOUNTS["good"]


@asynccontextmanager
async def at_the_counter(master=None):
    async with Rig(OPTIONS, "--quiet") as rig:
        key = master or bytes.fromhex((rig.folder / "tmk.hex").read_text("ascii").strip())
        line = SocketLine(rig.folder / "pin_pad.sock", lambda write: Pad(write, {0: Secret(bytearray(key))}))
        await line.start()
        try:
            await rig.terminal.start()
            await rig.until("idle")
            await rig.until_input_devices()
            yield rig, line
        finally:
            await line.unplug()


async def until_asked(rig, line):
    """From the idle screen to the pad's question."""
    await rig.until_card_wanted()
    rig.swipe("good")
    await rig.until("sale.pin")
    async with asyncio.timeout(10):
        await line.pad.asked.wait()


def test_the_bank_accepts_the_pin_that_was_typed_on_the_pad_and_no_other():
    async def play():
        async with at_the_counter() as (rig, line):
            await until_asked(rig, line)
            shown = line.pad.shown
            line.pad.type_pin("999999")
            async with asyncio.timeout(20):
                await line.pad.idle.wait()
                await line.pad.asked.wait()
            again = await rig.until("sale.pin")
            line.pad.type_pin(GOOD.pin)
            return shown, again, (await rig.until("outcome."))["name"], await rig.compare()

    shown, again, outcome, books = asyncio.run(play())
    assert shown == ("RMB 12.34", "PIN?")
    assert again["lines"] == ["Wrong PIN"]
    assert outcome == "outcome.approved"
    assert not books.faults


def test_a_pad_pulled_out_in_mid_entry_ends_the_sale_before_anything_is_sent():
    async def play():
        async with at_the_counter() as (rig, line):
            await until_asked(rig, line)
            await line.unplug()
            refused = await rig.until("refused")
            books = await rig.compare()
            await rig.press("enter")
            await rig.until("idle")
            await line.start()
            await asyncio.sleep(3)
            await until_asked(rig, line)
            line.pad.type_pin(GOOD.pin)
            return refused, books, (await rig.until("outcome."))["name"], await rig.compare()

    refused, before, outcome, after = asyncio.run(play())
    assert refused["instruction"] == "The PIN pad does not answer"
    assert not before.faults and not after.faults
    assert outcome == "outcome.approved"


def test_the_operators_red_key_clears_the_pad():
    async def play():
        async with at_the_counter() as (rig, line):
            await until_asked(rig, line)
            await rig.press("cancel")
            await rig.until("idle")
            async with asyncio.timeout(5):
                await line.pad.idle.wait()

    asyncio.run(play())


def test_a_pad_with_another_master_key_is_named_and_no_wrong_block_leaves():
    async def play():
        async with at_the_counter(bytes(range(16))) as (rig, line):
            await rig.until_card_wanted()
            rig.swipe("good")
            refused = await rig.until("refused")
            return refused, await rig.compare()

    refused, books = asyncio.run(play())
    assert refused["instruction"] == "The PIN pad lacks its key"
    assert not books.faults


def test_the_simulated_pad_runs_as_a_program_and_says_where_it_is(tmp_path):
    key = tmp_path / "tmk.hex"
    key.write_text("0123456789ABCDEFFEDCBA9876543210", "ascii")
    key.chmod(0o600)
    link = tmp_path / "pad"
    command = [sys.executable, "-m", "tools", "pin-pad", "--master", f"0:{key}", "--link", str(link), "--pin", "1234"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as pad:
        try:
            assert pad.stdout.readline().startswith("The pad is at serial:/dev/")
            assert link.is_char_device()
        finally:
            pad.terminate()
            pad.wait(10)
    assert not link.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "no key"), (("--master", "0:absent.hex"), "cannot be read"), (("--master", "0:open.hex"), "open to others")],
)
def test_a_pad_that_cannot_start_says_why_and_what_to_do(tmp_path, arguments, said):
    (tmp_path / "open.hex").write_text("00" * 16, "ascii")
    (tmp_path / "open.hex").chmod(0o644)
    command = [sys.executable, "-m", "tools", "pin-pad", *arguments]
    environment = {"PYTHONPATH": str(Path.cwd())}
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment)
    assert told.returncode == 1 and said in told.stderr and "Traceback" not in told.stderr
