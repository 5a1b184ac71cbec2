"""What goes wrong around a payment is said clearly and leaves a defined state; every part is the real process."""

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from drivers.once import SAME_S
from tools.rig import Rig, TerminalOptions

OPTIONS = TerminalOptions(overrides={"pin": "never"})
DISK_BYTES = 24 << 20
STARTS_AGAIN_S = 15.0


def countertop(*arguments, folder):
    """A command that is expected to end by itself."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    return subprocess.run(
        [sys.executable, "-m", "tools", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        cwd=folder,
        check=False,
    )


async def swipe(rig):
    """From the idle screen to the swipe."""
    await rig.until("idle")
    await rig.until_input_devices()
    await rig.until_card_wanted()
    rig.swipe("signature")


async def sell(rig):
    """From the idle screen to the outcome; the outcome's screen."""
    await swipe(rig)
    outcome = await rig.until("outcome.")
    await rig.press("enter")
    return outcome


def test_a_wrong_configuration_names_file_key_and_an_example(tmp_path):
    config = tmp_path / "terminal.toml"
    config.write_text('[terminal]\nid = "12"\n', "utf-8")
    told = countertop("run", "--config", str(config), folder=tmp_path)
    assert told.returncode == 2
    assert "terminal.toml" in told.stderr
    assert "terminal.id" in told.stderr
    assert 'Write: id = "10000001"' in told.stderr
    assert "Traceback" not in told.stderr


def test_a_busy_port_is_named_with_a_remedy(tmp_path):
    key = tmp_path / "tmk.hex"
    key.write_text("00112233445566778899AABBCCDDEEFF", "ascii")
    key.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        terminal = f"10000001:999290054110001:{key}"
        told = countertop(
            "host", "--state", str(tmp_path / "host"), "--port", str(port), "--terminal", terminal, folder=tmp_path
        )
    assert told.returncode != 0
    assert str(port) in told.stderr
    assert "Traceback" not in told.stderr


def test_without_a_printer_the_sale_goes_on_and_its_slips_come_when_it_is_back():
    async def play():
        async with Rig(OPTIONS, "--quiet") as rig:
            await rig.printer.unplug()
            await rig.terminal.start()
            assert (await sell(rig))["name"] == "outcome.approved"
            await rig.until("idle")
            told = rig.terminal.monitor.story
            await told.until(lambda line: line["type"] == "screen" and line["status"]["alerts"], STARTS_AGAIN_S)
            assert not rig.printer.output
            await rig.printer.replug()
            await told.until(lambda line: line["type"] == "print" and line["what"] == "customer", STARTS_AGAIN_S)
            assert not (await rig.compare()).faults
            return bytes(rig.printer.output)

    printed = asyncio.run(play())
    assert printed.count(b"\x1dV") == 2  # two slips, each cut once


def test_a_host_that_is_not_there_leaves_the_customer_uncharged_and_says_so():
    async def play():
        async with Rig(OPTIONS, "--quiet") as rig:
            await rig.host.stop()
            await rig.terminal.start()
            return await sell(rig)

    outcome = asyncio.run(play())
    assert outcome["name"] == "outcome.not-charged"
    assert outcome["lines"]


def test_a_second_terminal_on_the_same_journal_leaves_the_first_alone():
    async def play():
        async with Rig(OPTIONS, "--quiet") as rig:
            await rig.terminal.start()
            await rig.until("idle")
            # Own monitor and devices are left out, so that only the journal is contested.
            config = rig.folder / "terminal.toml"
            second = rig.folder / "second.toml"
            second.write_text(config.read_text("utf-8").replace("monitor.sock", "second.sock"), "utf-8")
            told = await asyncio.to_thread(countertop, "run", "--config", str(second), folder=rig.folder)
            return told, await sell(rig)

    told, outcome = asyncio.run(play())
    assert told.returncode == 1
    assert "held by another process" in told.stderr
    assert "Stop the other terminal process" in told.stderr
    assert outcome["name"] == "outcome.approved"


@pytest.fixture
def small_disk(tmp_path):
    """Puts a folder on a real file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a file system of its own needs the right to mount: {done.stderr.strip()}")
    yield lambda folder: folder.symlink_to(disk)
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(folder, *, leaving):
    """Leave so many bytes on the disk of a folder."""
    ballast = folder / "ballast"
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize - leaving
    with ballast.open("ab") as file, suppress(OSError):
        file.write(bytes(max(0, free)))
    return ballast


def test_on_a_nearly_full_disk_no_payment_begins_and_the_screen_says_why(small_disk):
    async def play():
        rig = Rig(OPTIONS, "--quiet")
        small_disk(rig.terminal.state)
        async with rig:
            await rig.terminal.start()
            await rig.until("idle")
            ballast = fill(rig.terminal.state, leaving=4 << 20)
            refused = await sell(rig)
            books = await rig.compare()
            ballast.unlink()
            await asyncio.sleep(SAME_S)  # the same card sooner is a double swipe
            accepted = await sell(rig)
            return refused, books, accepted, await rig.compare()

    refused, before, accepted, after = asyncio.run(play())
    assert refused["name"] == "outcome.not-charged"
    assert refused["lines"][0] == "Storage full. Call the technician"
    assert not before.faults
    assert accepted["name"] == "outcome.approved"
    assert not after.faults


def test_a_disk_that_fills_during_a_payment_puts_the_terminal_out_of_service_until_it_is_mended(small_disk):
    async def play():
        rig = Rig(OPTIONS, "--quiet")
        small_disk(rig.terminal.state)
        async with rig:
            await rig.terminal.start()
            await rig.host.do("next-answer", fault="late", mti="0200", seconds=0.5)
            position = len(rig.host.events.told)
            await swipe(rig)
            await rig.host.event("received", STARTS_AGAIN_S, after=position, mti="0200")
            ballast = fill(rig.terminal.state, leaving=0)
            ended = await rig.until("out-of-service")
            ballast.unlink()
            undone = await rig.until("outcome.not-charged")
            await rig.press("enter")
            return ended, undone, await sell(rig), await rig.compare()

    ended, undone, again, books = asyncio.run(play())
    assert ended["lines"][0] == "A payment in progress will be undone"
    assert undone["lines"]
    assert again["name"] == "outcome.approved"
    assert not books.faults


def test_a_disk_that_is_full_at_the_start_is_said_and_the_terminal_starts_by_itself_when_there_is_room(small_disk):
    async def play():
        rig = Rig(OPTIONS, "--quiet")
        small_disk(rig.terminal.state)
        async with rig:
            ballast = fill(rig.terminal.state, leaving=0)
            await rig.terminal.start()
            shown = await rig.until("out-of-service")
            ballast.unlink()
            return shown, await sell(rig)

    shown, outcome = asyncio.run(play())
    assert shown["title"] == "Out of service"
    assert "Trying again by itself" in shown["lines"]
    assert outcome["name"] == "outcome.approved"
