"""The Debian package on a clean Debian that systemd runs: installed, started, sold with, watched, updated, removed.

``debootstrap`` makes the system, ``systemd-nspawn`` boots it with systemd as its first process, so the unit is run as
it stands: its user, sandbox, credential, readiness and watchdog. Host simulator and devices are outside, over real TCP
and the sockets of simulated devices; the kernel is this machine's, and so the device policy's teeth are its own.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from drivers.simulated import SimulatedKeypad, SimulatedPrinter, SimulatedReader
from keys import CredentialProtector, provision
from tools.deb.build import Target
from tools.deb.build import build as build_package
from tools.host.accounts import DEMO_ACCOUNTS, stripe
from tools.rig import HostProcess, Monitor
from tools.rig.terminal import MERCHANT, TERMINAL

SUITE, PYTHON = "bookworm", "3.11"
INCLUDED = f"systemd-sysv,udev,dbus,libusb-1.0-0,python{PYTHON}"
"""What the package depends on, from the distribution; the package itself comes from here."""
DISK = "3g"
STEP_S, BOOT_S, TOOL_S, LOOK_S = 90.0, 120.0, 600.0, 0.1
WATCHDOG_S = 15
STATE = "var/lib/countertop"
CARD = next(account for account in DEMO_ACCOUNTS if account.name == "signature")
NEEDED = ("debootstrap", "systemd-nspawn", "dpkg-deb", "nsenter")


class Machine:
    """A Debian in a folder, and its life."""

    def __init__(self, root):
        self.root = root
        self._console = root.parent / "console.log"
        self._process = None

    def boot(self):
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--console=read-only", "-b", "-D", self.root],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self.until(lambda: self._leader() is not None, BOOT_S, "the machine has a first process")
        self.until(lambda: self.system_state() in ("running", "degraded"), BOOT_S, "the machine is up")

    def off(self):
        """Off, as suddenly as a pulled plug; with its first process everything in it goes."""
        if self._process is not None:
            leader = self._leader()
            if leader is not None:
                os.kill(leader, signal.SIGKILL)
            try:
                self._process.wait(STEP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    async def does(self, *command, check=True):
        """A command inside, as its administrator."""
        return await asyncio.to_thread(self.run, *command, check=check)

    async def shows(self, name):
        """A property of the service."""
        return await asyncio.to_thread(self.property, name)

    def property(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, "countertop").stdout.strip()

    def run(self, *command, check=True):
        leader = self._leader()
        assert leader is not None, self.story()
        inside = ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd=/"]
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            [*inside, "env", "-i", path, "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *command],
            capture_output=True, text=True, timeout=TOOL_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}\n{self.story()}"
        return done

    def system_state(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def until(self, true, seconds, what):
        end = time.monotonic() + seconds
        while not true():
            assert self._process is None or self._process.poll() is None, f"the machine ended.\n{self.story()}"
            assert time.monotonic() < end, f"waited in vain until {what}.\n{self.story()}"
            time.sleep(LOOK_S)

    def story(self):
        """What a person would want to read when something failed."""
        told = self._console.read_text("utf-8", "replace")[-2000:] if self._console.exists() else ""
        if self._process is not None and self._process.poll() is None and self._leader() is not None:
            journal = ["journalctl", "-u", "countertop", "-n", "40", "--no-pager", "-o", "cat"]
            told += self.run(*journal, check=False).stdout
        return told

    def _leader(self):
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text("ascii", "replace")
            except OSError:
                continue  # it has gone meanwhile
            if f"\nPPid:\t{self._process.pid}\n" in text and "\nName:\tsystemd\n" in f"\n{text}":
                return int(status.parent.name)
        return None


@pytest.fixture(scope="module")
def system(build, tmp_path_factory):
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    disk = tmp_path_factory.mktemp("disk")
    build("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "countertop-test", disk)  # dpkg syncs every file
    try:
        build("debootstrap", "--variant=minbase", f"--include={INCLUDED}", SUITE, disk / "root")
        yield disk / "root"
    finally:
        subprocess.run(["umount", "-R", disk], check=False, timeout=STEP_S)


@pytest.fixture(scope="module")
def package(system):
    """Built from this tree, and brought to the machine; its path there."""
    built = build_package(Target(PYTHON), system / "srv")
    return f"/srv/{built.name}"


@pytest.fixture(scope="module")
def machine(system):
    """The clean system, booted; its service has a shorter patience than the unit's."""
    drop_in = system / "etc/systemd/system/countertop.service.d/test.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(f"[Service]\nWatchdogSec={WATCHDOG_S}\n", "ascii")
    found = Machine(system)
    found.boot()
    yield found
    found.off()


class Counter:
    """What is around the terminal: host and devices outside, the monitor of the one inside."""

    def __init__(self, machine, folder):
        self.machine = machine
        self.host_key = folder / "tmk.hex"
        self.host_key.touch(mode=0o600)
        self.host_key.write_text(os.urandom(16).hex(), "ascii")
        self.host = HostProcess(folder, TERMINAL, MERCHANT, self.host_key)
        self.devices_folder = machine.root / "srv" / "counter"
        self.devices_folder.mkdir(exist_ok=True)
        self.keypad = SimulatedKeypad(self.devices_folder / "keypad.sock")
        self.reader = SimulatedReader(self.devices_folder / "msr.sock")
        self.printer = SimulatedPrinter(self.devices_folder / "printer.sock")
        self.monitor = Monitor()

    def configure(self):
        """The file that the package has put there, with what a technician would write into it."""
        file = self.machine.root / "etc/countertop/terminal.toml"
        text = file.read_text("utf-8")
        text = re.sub(r"(?m)^language = .*", 'language = "en"', text)
        text = re.sub(r"(?m)^address = \"tcp:.*", f'address = "tcp:127.0.0.1:{self.host.port}"', text)
        text = re.sub(r"(?m)^(profile = .*)", r'\1\noverrides = { pin = "never" }', text)
        for name, driver in (("keypad", "evdev-keypad"), ("msr", "evdev-msr"), ("printer", "escpos-printer")):
            text += f'\n[devices.{name}]\ndriver = "{driver}"\naddress = "unix:/srv/counter/{name}.sock"\n'
        text += f'\n[monitor]\naddress = "unix:/{STATE}/monitor.sock"\n'
        file.write_text(text, "utf-8")
        vault = self.machine.root / STATE / "keys.vault"
        credential = self.machine.root / "etc/countertop/vault.credential"
        master = bytes.fromhex(self.host_key.read_text("ascii"))
        provision(vault, CredentialProtector(credential), "lab", {"tmk": master})
        owner = (self.machine.root / STATE).stat()
        for made in vault.parent.iterdir():
            os.chown(made, owner.st_uid, owner.st_gid)

    async def watch(self):
        await self.leave()
        self.monitor = Monitor()
        await self.monitor.connect(self.machine.root / STATE / "monitor.sock", lambda: True)

    async def leave(self):
        await self.monitor.close()

    async def until(self, screen):
        return await self.monitor.until_screen(screen, STEP_S)

    async def signed_on(self):
        def shown(line):
            return line["type"] == "screen" and line["status"]["signed_on"]

        await self.monitor.story.until(shown, STEP_S, what="a screen of a terminal that has signed on")

    async def sell(self):
        await self.until("idle")
        async with asyncio.timeout(STEP_S):
            await self.keypad.connected()
            await self.reader.connected()
        await self.keypad.press("1")
        await self.until("sale.amount")
        await self.keypad.press("1", "2", "3", "4", "enter")
        await self.until("sale.present")
        self.reader.swipe(track2=stripe(CARD))
        outcome = await self.until("outcome.")
        await self.keypad.press("enter")
        return outcome["name"]

    async def settle(self):
        await self.until("idle")
        await self.keypad.press("7")
        await self.until("menu.manage")
        await self.keypad.press("6")
        await self.until("settle.")
        await self.keypad.press("enter")


@asynccontextmanager
async def counter_at(machine, folder):
    async with AsyncExitStack() as closing:
        counter = Counter(machine, folder)
        for device in (counter.keypad, counter.reader, counter.printer):
            await device.start()
            device.path.chmod(0o666)
            closing.push_async_callback(device.unplug)
        await counter.host.start()
        closing.push_async_callback(counter.host.stop)
        closing.push_async_callback(counter.leave)
        yield counter


def test_a_clean_machine_becomes_a_terminal_that_sells_and_is_updated(machine, package, tmp_path, report):
    async def play():
        async with counter_at(machine, tmp_path) as counter:
            await becomes_a_terminal(machine, package, counter)
            assert await counter.sell() == "outcome.approved"
            await shows_its_keys_at_the_console(machine)
            await is_confined(machine)
            await is_started_again_when_it_stands_still(machine, counter)
            await is_updated_only_when_nothing_is_open(machine, package, counter)
            assert await counter.sell() == "outcome.approved"
            await is_updated_all_the_same_by_whoever_insists(machine, package, counter)
            await is_removed_only_when_nothing_is_open(machine, counter)

    asyncio.run(play())
    version = (machine.root / "etc/debian_version").read_text("ascii").strip()
    report("Debian", "package installed, started by systemd, sold with, updated, removed", 1, version)


async def becomes_a_terminal(machine, package, counter):
    told = await machine.does("dpkg", "-i", package)
    assert "systemctl enable --now countertop" in told.stdout
    counter.configure()
    await machine.does("countertop", "config", "check", "/etc/countertop/terminal.toml")
    await machine.does("systemctl", "enable", "--now", "countertop")  # comes back when it has said that it is ready
    assert await machine.shows("ActiveState") == "active"
    assert await machine.shows("StatusText") == "In service."
    await counter.watch()
    await counter.signed_on()


async def shows_its_keys_at_the_console(machine):
    """As the service's user, with the credential that only the service manager can hand over."""
    as_service = ["--pipe", "--wait", "-q", "--uid=countertop"]
    credential = "LoadCredential=countertop-vault:/etc/countertop/vault.credential"
    keys = ["countertop", "keys", "list", "--config", "/etc/countertop/terminal.toml"]
    assert "tmk" in (await machine.does("systemd-run", *as_service, "-p", credential, *keys)).stdout
    by_hand = await machine.does("su", "-s", "/bin/sh", "countertop", "-c", " ".join(keys), check=False)
    assert by_hand.returncode != 0


async def is_confined(machine):
    """What the kernel says of the process, whatever the unit says."""
    pid = await machine.shows("MainPID")
    status = dict(
        line.split(":\t", 1) for line in (await machine.does("cat", f"/proc/{pid}/status")).stdout.splitlines()
    )
    user = (await machine.does("id", "-u", "countertop")).stdout.strip()
    assert set(status["Uid"].split()) == {user} and user != "0"
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16)) == (0, 0)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    lines = (await machine.does("journalctl", "-u", "countertop", "-o", "cat")).stdout.splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert {"start", "self-test", "transaction"} <= {line["event"] for line in events}, "structured, in its journal"
    assert "read-only" not in (await machine.does("journalctl", "-u", "countertop", "-o", "cat")).stdout.lower()
    exposure = await machine.does("systemd-analyze", "security", "--no-pager", "--threshold=15", "countertop")
    assert "countertop.service" in exposure.stdout


async def is_started_again_when_it_stands_still(machine, counter):
    before = await machine.shows("MainPID")

    def another():
        return machine.property("MainPID") not in ("0", before) and machine.property("ActiveState") == "active"

    await machine.does("systemctl", "kill", "--kill-who=main", "--signal=SIGSTOP", "countertop")
    await asyncio.to_thread(machine.until, another, STEP_S, "another process serves")
    assert "watchdog" in (await machine.does("journalctl", "-u", "countertop", "-o", "cat")).stdout.lower()
    await counter.watch()
    await counter.until("idle")


async def is_updated_only_when_nothing_is_open(machine, package, counter):
    before = await machine.shows("MainPID")
    refused = await machine.does("dpkg", "-i", package, check=False)
    assert refused.returncode != 0
    assert "The batch holds a transaction that is not settled." in refused.stderr
    assert "Settle it at the terminal" in refused.stderr and "not updated" in refused.stderr
    assert await machine.shows("MainPID") == before, f"a refused update leaves it alone\n{machine.story()}"
    await counter.settle()
    await machine.does("countertop", "gate", "--wait", str(STEP_S))
    await machine.does("dpkg", "-i", package)
    assert await machine.shows("MainPID") != before
    assert await machine.shows("ActiveState") == "active"
    await counter.watch()


async def is_updated_all_the_same_by_whoever_insists(machine, package, counter):
    """When only the new version can close what is open; nothing of it is lost on the way."""
    told = await machine.does("env", "COUNTERTOP_UPDATE_OPEN=yes", "dpkg", "-i", package)
    assert "The batch holds a transaction that is not settled." in told.stderr
    await counter.watch()
    await counter.until("idle")
    assert (await machine.does("countertop", "gate", check=False)).returncode == 1


async def is_removed_only_when_nothing_is_open(machine, counter):
    refused = await machine.does("dpkg", "-r", "countertop", check=False)
    assert refused.returncode != 0
    assert "not removed" in refused.stderr
    await counter.until("idle")
    await counter.settle()
    await machine.does("countertop", "gate", "--wait", str(STEP_S))
    await machine.does("dpkg", "-P", "countertop")
    assert not (machine.root / "opt/countertop").exists()
    assert (machine.root / STATE / "journal.db").exists(), "the journal is nobody's to throw away"
