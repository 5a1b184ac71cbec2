"""A counter on real USB devices: host and terminal as processes, and an operator who does not give up.

The operator looks at the screen and does what it asks for, whatever was lost on the way there: presses a key again
that did not come through, types an amount again that is not the one wanted, swipes again.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections import Counter as Count
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.hardware_bench.devices import Played, UsbKeyboard, key_reports, text_reports
from tools.hardware_bench.gadget import Identity
from tools.hardware_bench.printer import UsbPrinter
from tools.host.accounts import stripe
from tools.rig.books import Comparison, compare, read_journal
from tools.rig.errors import RigError
from tools.rig.host import HostProcess
from tools.rig.lines import Line
from tools.rig.rig import ACCOUNTS
from tools.rig.terminal import MASTER_KEY_BYTES, MERCHANT, TERMINAL, TerminalOptions, TerminalProcess

__all__ = ["SALE_S", "Counter", "slips_on"]

SALE_S = 180.0
"""A sale that has not come to its end by then hangs, even in an emulated machine."""
LOOK_S = 1.5
"""How long a person waits for the screen to change before doing the same again."""
KEY_S = 0.080
"""A quick finger, with room for a USB that is polled by an emulated processor: no two strokes come as a bounce."""
PASS_S = 0.001
_PASS = text_reports(f";{stripe(ACCOUNTS['signature'])}?")
_DONE = "outcome."
_BUSY = ("processing", "outcome.undoing", "starting")
_VOUCHER = re.compile(rb"VOUCHER NO\D*(\d{6})")


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
        self.printer = UsbPrinter(Identity(0x04B8, 0x0212, "PAPER1", model="Slip"))
        self.devices: dict[str, Played] = {"keypad": self.keypad, "msr": self.reader, "printer": self.printer}
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
                "scanner": {"address": f"unix:{folder / 'no-scanner.sock'}"},
                "printer": {"address": self.printer.identity.usb_address, "text": "cp437"},
            },
        )
        self.terminal = TerminalProcess(folder, options)
        self.outcomes: Count[str] = Count()
        """How often a sale ended on which screen."""
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
            for name in self.devices:
                await self.device(name, "open", 0)
            await self.terminal.monitor.until_screen("idle", SALE_S)
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

    async def device(self, name: str, state: str, after: int) -> Line:
        """Wait until the terminal says so of a device."""
        return await self.terminal.monitor.story.until(
            lambda line: line["type"] == "device" and line["device"] == name and line["state"] == state,
            SALE_S,
            after=after,
            what=f"{name} {state}",
        )

    async def replug(self, name: str, out_s: float) -> None:
        """Pull a device out and put it back after a while; returns when the terminal has it again."""
        loop = asyncio.get_running_loop()
        after = self.terminal.monitor.position
        await self.unplug(name)
        await asyncio.sleep(out_s)
        began = loop.time()
        await self.plug(name)
        lost = await self.device(name, "lost", after)
        told = self.terminal.monitor.story.told
        await self.device(name, "open", told.index(lost, after))
        self.replugs_s.append(loop.time() - began)

    # --- the operator ----------------------------------------------------------------------

    async def until_asked_for_a_card(self, amount_minor: int) -> None:
        """As far as the screen that asks for one."""
        while (name := await self._settled()) != "sale.present":
            await self._act(name, amount_minor)
            await self._changed()

    def swipe(self) -> None:
        """Pull a customer's card through the reader; returns at once."""
        self.reader.type(_PASS, PASS_S)

    async def sell(self, amount_minor: int) -> str:
        """One sale by stripe, from the idle screen to its outcome and back; the name of the outcome's screen."""
        async with asyncio.timeout(SALE_S):
            while not (name := await self._settled()).startswith(_DONE):
                await self._act(name, amount_minor)
                await self._changed()
            self.outcomes[name] += 1
            while await self._settled() == name:
                await self._press("enter")
                await self._changed()
        return name

    @property
    def _screen(self) -> dict[str, Any]:
        return self.terminal.monitor.screen

    async def _settled(self) -> str:
        """The screen that waits for somebody."""
        if self._screen.get("name") in _BUSY:
            await self._next(lambda name: name not in _BUSY, SALE_S)
        return str(self._screen.get("name"))

    async def _changed(self) -> None:
        """Wait for another screen, not for ever."""
        before = self._screen.get("name")
        with suppress(RigError):
            await self._next(lambda name: name != before, LOOK_S)

    async def _next(self, wanted: Callable[[str], bool], timeout_s: float) -> None:
        monitor = self.terminal.monitor
        await monitor.story.until(
            lambda line: line["type"] == "screen" and wanted(line["name"]),
            timeout_s,
            after=monitor.position,
            what="another screen",
        )

    async def _act(self, name: str, amount_minor: int) -> None:
        match name:
            case "idle":
                await self._press("1")
            case "sale.amount":
                digits = str(amount_minor)
                await self._press(*["clear"] * len(self._digits()), *digits)
                await asyncio.sleep(0.3)
                if self._digits() == digits:
                    await self._press("enter")
            case "sale.present":
                await self._type(self.reader, _PASS, PASS_S)
            case _:
                await self._press("enter")

    def _digits(self) -> str:
        return re.sub(r"\D", "", str(self._screen.get("amount"))).lstrip("0")

    async def _press(self, *keys: str) -> None:
        await self._type(self.keypad, key_reports(*keys), KEY_S)

    async def _type(self, keyboard: UsbKeyboard, reports: list[bytes], interval_s: float) -> None:
        """Into the void when the device is not there, as a person would."""
        name = next(name for name, device in self.devices.items() if device is keyboard)
        if name in self._out:
            await asyncio.sleep(0.1)
            return
        try:
            keyboard.type(reports, interval_s)
        except (AssertionError, OSError, ValueError):  # pulled out at this very moment
            return
        await asyncio.sleep(len(reports) * max(interval_s, 0.002) + 0.05)

    # --- the auditor -----------------------------------------------------------------------

    async def compare(self) -> Comparison:
        """The terminal's journal against the host's ledger."""
        rows = await asyncio.to_thread(read_journal, self.terminal.journal)
        return compare(
            rows, await self.host.ask("ledger"), await self.host.ask("arrivals"), await self.host.ask("check")
        )

    async def until_printed(self) -> None:
        """Wait until the terminal has printed both copies of every payment it approved."""
        story = self.terminal.monitor.story

        def printed() -> int:
            return sum(line["type"] == "print" for line in story.told)

        while printed() < 2 * self.outcomes["outcome.approved"]:
            await story.until(lambda line: line["type"] == "print", SALE_S, after=len(story.told), what="a slip")


def slips_on(paper: bytes) -> Count[tuple[str, bool, bool]]:
    """Whole slips on the paper: voucher, whether it is the merchant's copy, whether it says DUPLICATE."""
    found: Count[tuple[str, bool, bool]] = Count()
    # A slip that was cut off ends where the next begins.
    for piece in paper.split(b"\x1b@")[1:]:
        if (end := piece.find(b"\x1dV")) < 0:
            continue
        slip = piece[:end]
        if (voucher := _VOUCHER.search(slip)) is not None:
            number = voucher[1].decode("ascii")
            found[number, b"MERCHANT COPY" in slip, b"DUPLICATE" in slip] += 1
    return found
