"""The whole counter in a folder: host, terminal, and the devices a person would touch."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.simulated import SimulatedKeypad, SimulatedPrinter, SimulatedReader, SimulatedScanner
from tools.host.accounts import DEMO_ACCOUNTS, DemoAccount, stripe
from tools.rig.books import Comparison, compare, read_journal
from tools.rig.errors import RigError
from tools.rig.host import HostProcess
from tools.rig.terminal import MASTER_KEY_BYTES, MERCHANT, TERMINAL, TerminalOptions, TerminalProcess

__all__ = ["ACCOUNTS", "Rig"]

ACCOUNTS: dict[str, DemoAccount] = {account.name: account for account in DEMO_ACCOUNTS}
SCREEN_S = 15.0
"""How long a screen may take to come; only a broken terminal needs it."""
DEVICE_S = 15.0


class Rig:
    """Starts real processes; drives the terminal only through its devices, sees it only as people can."""

    def __init__(self, options: TerminalOptions | None = None, *host_options: str) -> None:
        # A short path: the sockets in it may have 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="ct-")
        self.folder = Path(self._folder.name)
        key_file = self.folder / "tmk.hex"
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(os.urandom(MASTER_KEY_BYTES).hex())
        self._key_file = key_file
        self.host = HostProcess(self.folder, TERMINAL, MERCHANT, key_file, *host_options)
        self.terminal = TerminalProcess(self.folder, options or TerminalOptions())
        self.keypad = SimulatedKeypad(self.folder / "keypad.sock")
        self.reader = SimulatedReader(self.folder / "msr.sock")
        self.scanner = SimulatedScanner(self.folder / "scanner.sock")
        self.printer = SimulatedPrinter(self.folder / "printer.sock")

    @property
    def master_key(self) -> str:
        """The terminal's master key in hexadecimal: for a host that the rig did not start (lab only)."""
        return self._key_file.read_text("ascii").strip()

    async def __aenter__(self) -> Self:
        """Plug in the devices and start the host; the terminal is started by the story."""
        try:
            for device in (self.keypad, self.reader, self.scanner, self.printer):
                await device.start()
            await self.host.start()
            self.terminal.prepare(self.host.port, self._key_file)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End both processes and remove the folder."""
        await self.terminal.kill()
        await self.host.stop()
        for device in (self.keypad, self.reader, self.scanner, self.printer):
            await device.unplug()
        self._folder.cleanup()

    # --- what a person does ----------------------------------------------------------------

    async def until(self, screen: str, timeout_s: float = SCREEN_S) -> dict[str, Any]:
        """Wait for a screen by its name (a name that ends with a dot: any below it)."""
        try:
            return await self.terminal.monitor.until_screen(screen, timeout_s)
        except RigError as error:
            shown = self.terminal.monitor.screen
            raise RigError(
                f"{error} It shows: {shown.get('name')} {shown.get('amount')} {shown.get('lines')}"
            ) from None

    async def until_input_devices(self) -> None:
        """Wait until the terminal has opened keypad, reader and scanner."""
        async with asyncio.timeout(DEVICE_S):
            for device in (self.keypad, self.reader, self.scanner):
                await device.connected()

    async def press(self, *keys: str) -> None:
        """Press keys by name; ``amount`` style digits one by one."""
        await self.keypad.press(*keys)

    async def type(self, digits: str) -> None:
        """Type digits and the green key."""
        await self.keypad.press(*digits, "enter")

    async def until_card_wanted(self, amount_minor: int = 1234) -> None:
        """A sale, from the idle screen to the one that asks for a card or code."""
        await self.press("1")
        await self.until("sale.amount")
        await self.type(str(amount_minor))
        await self.until("sale.present")

    def swipe(self, account: str) -> None:
        """Swipe a demonstration customer's card."""
        self.reader.swipe(track2=stripe(ACCOUNTS[account]))

    def scan(self, code: str) -> None:
        """Hold a payment code before the scanner."""
        self.scanner.scan(code)

    # --- what an auditor does --------------------------------------------------------------

    async def compare(self) -> Comparison:
        """The terminal's journal against the host's ledger."""
        rows = await asyncio.to_thread(read_journal, self.terminal.journal)
        return compare(
            rows, await self.host.ask("ledger"), await self.host.ask("arrivals"), await self.host.ask("check")
        )
