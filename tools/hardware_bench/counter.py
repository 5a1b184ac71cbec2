"""A counter on real USB devices: host and terminal as processes, and the operator's hands on what is plugged in."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.hardware_bench.devices import Played, UsbKeyboard, key_reports, text_reports
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.printer import UsbPrinter
from tools.host.accounts import stripe
from tools.rig.books import Comparison, compare, read_journal
from tools.rig.host import HostProcess
from tools.rig.operator import Operator
from tools.rig.rig import ACCOUNTS
from tools.rig.terminal import MASTER_KEY_BYTES, MERCHANT, TERMINAL, TerminalOptions, TerminalProcess

__all__ = ["DEVICES", "Counter"]

DEVICES = ("keypad", "msr", "scanner", "printer")
START_S = 300.0
"""Until an emulated machine shows the idle screen."""
KEY_S = 0.080
"""A quick finger, with room for a USB that is polled by an emulated processor: no two strokes come as a bounce."""
PASS_S = 0.001
_PASS = text_reports(f";{stripe(ACCOUNTS['signature'])}?")
_CODE = text_reports("6220001234567890018")


class Counter:
    """Plug in, start, sell, compare."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ct-")
        folder = Path(self._folder.name)
        self._key_file = folder / "tmk.hex"
        with os.fdopen(os.open(self._key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(MASTER_KEY_BYTES).hex())
        self.keypad = UsbKeyboard(Identity(0x1D6B, 0x0301, "KEYS1", model="Keypad"))
        self.reader = UsbKeyboard(Identity(0x0801, 0x0011, "STRIPE1", model="Reader"))
        self.scanner = UsbKeyboard(Identity(0x0C2E, 0x0212, "CODES1", model="Scanner"))
        self.printer = UsbPrinter(Identity(0x04B8, 0x0212, "PAPER1", model="Slip"))
        ends = (self.keypad, self.reader, self.scanner, self.printer)
        self.devices: dict[str, Played] = dict(zip(DEVICES, ends, strict=True))
        self._out = set(self.devices)
        self.host = HostProcess(folder, TERMINAL, MERCHANT, self._key_file)
        options = TerminalOptions(
            overrides={"pin": "never", "response_s": 60},
            customer_language="en",
            merchant_name="Corner Shop",
            timeouts={"outcome_s": 60, "amount_s": 60, "card_s": 60},
            devices={
                "keypad": {"address": str(self.keypad.node)},
                "msr": {"address": str(self.reader.node)},
                "scanner": {"address": str(self.scanner.node)},
                "printer": {"address": self.printer.identity.usb_address, "text": "cp437"},
            },
        )
        self.terminal = TerminalProcess(folder, options)
        self.operator = Operator(lambda: self.terminal.monitor, self)
        self.by_code = False
        """Whether the customer pays by code or by card."""
        self.replugs_s: list[float] = []
        """From the cable that is put in to the terminal that has the device."""

    async def __aenter__(self) -> Self:
        """Everything in, host and terminal running, all devices open."""
        try:
            for name in self.devices:
                await self.plug(name)
            await self.host.start()
            self.terminal.prepare(self.host.port, self._key_file)
            await self.terminal.start()
            await self.operator.until_open(*DEVICES)
            await self.terminal.monitor.until_screen("idle", START_S)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End both processes, take the devices away."""
        await self.terminal.kill()
        await self.host.stop()
        for device in self.devices.values():
            await asyncio.to_thread(device.remove)
        self._folder.cleanup()

    def swipe(self) -> None:
        """Pull a customer's card through the reader; returns at once."""
        self.reader.type(_PASS, PASS_S)

    async def plug(self, name: str) -> None:
        """Put a device in."""
        device = self.devices[name]
        # The terminal may take a printer from the kernel before its node was ever seen.
        await (
            asyncio.to_thread(self.printer.plug, node=False) if name == "printer" else asyncio.to_thread(device.plug)
        )
        self._out.discard(name)

    async def unplug(self, name: str) -> None:
        """Pull a device out."""
        self._out.add(name)
        await asyncio.to_thread(self.devices[name].unplug)

    async def replug(self, name: str, out_s: float) -> None:
        """Pull a device out and put it back after a while; returns when the terminal has it again."""
        back_s = await self.operator.replug(name, lambda: self.unplug(name), lambda: self.plug(name), out_s)
        self.replugs_s.append(back_s)

    # --- hands -----------------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        """Press keys by name."""
        await self._type("keypad", self.keypad, key_reports(*keys), KEY_S)

    async def present(self) -> None:
        """Pull a customer's card through the reader, or hold a code before the scanner."""
        if self.by_code:
            await self._type("scanner", self.scanner, _CODE, PASS_S)
        else:
            await self._type("msr", self.reader, _PASS, PASS_S)

    async def _type(self, name: str, keyboard: UsbKeyboard, made: list[bytes], interval_s: float) -> None:
        """Into the void when the device is not there, as a person would."""
        if name in self._out:
            await asyncio.sleep(0.1)
            return
        try:
            keyboard.type(made, interval_s)
        except (AssertionError, OSError, ValueError):  # pulled out at this very moment
            return
        await asyncio.sleep(len(made) * max(interval_s, 0.002) + 0.05)

    # --- the auditor -----------------------------------------------------------------------

    async def compare(self) -> Comparison:
        """The terminal's journal against the host's ledger."""
        rows = await asyncio.to_thread(read_journal, self.terminal.journal)
        return compare(
            rows, await self.host.ask("ledger"), await self.host.ask("arrivals"), await self.host.ask("check")
        )
