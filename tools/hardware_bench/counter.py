"""A counter on real USB devices: host and terminal as processes, and the operator's hands on what is plugged in."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter as Tally
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from keys import CredentialProtector, open_vault
from keys.audit import audit_path, verify
from keys.records import KeyRecord
from tools.hardware_bench.devices import UsbKeyboard, key_reports
from tools.hardware_bench.equipment import KINDS
from tools.hardware_bench.printer import UsbPrinter
from tools.host.accounts import DEMO_CODES, stripe
from tools.rig.books import Comparison, compare, read_journal
from tools.rig.host import HostProcess
from tools.rig.operator import Operator
from tools.rig.rig import ACCOUNTS
from tools.rig.terminal import MASTER_KEY_BYTES, MERCHANT, TERMINAL, TerminalOptions, TerminalProcess

__all__ = ["Counter"]

START_S = 300.0
"""Until an emulated machine shows the idle screen."""
KEY_S = 0.080
"""A quick finger, with room for a USB that is polled by an emulated processor: no two strokes come as a bounce."""
_SIGNATURE, _PIN = (stripe(ACCOUNTS[name]) for name in ("signature", "good"))


class Counter:
    """Plug in, start, sell, compare. ``kinds`` are of ``KINDS``; among them a keypad and a printer."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ct-")
        folder = Path(self._folder.name)
        self.master_key, self._key_file = os.urandom(MASTER_KEY_BYTES), folder / "tmk.hex"
        with os.fdopen(os.open(self._key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(self.master_key.hex())
        self.devices = {kind: KINDS[kind].make(self.master_key) for kind in kinds}
        self._use = {KINDS[kind].use: kind for kind in kinds}
        """Which kind is the terminal's reader, scanner, …"""
        self._out = set(kinds)
        self.host = HostProcess(folder, TERMINAL, MERCHANT, self._key_file)
        options = TerminalOptions(
            # Where there is a pad, a card says whether it wants a PIN: the amounts are small.
            overrides={"pin": "above-limit" if "pin-pad" in kinds else "never", "response_s": 60},
            customer_language="en",
            merchant_name="Corner Shop",
            timeouts={"outcome_s": 60, "amount_s": 60, "card_s": 60, "pin_s": 60},
            devices={KINDS[kind].use: KINDS[kind].section(self.devices[kind]) for kind in kinds if KINDS[kind].use},
            keys={"loader": f"serial:{self.devices['key-loader'].node}"} if "key-loader" in kinds else {},
            pin_pad="pin-pad" in kinds,
        )
        self.terminal = TerminalProcess(folder, options)
        self.operator = Operator(lambda: self.terminal.monitor, self)
        self.paid_by = "card"
        """How customers pay: ``card``, ``PIN`` (a card that wants one) or ``code``."""
        self.replugs_s: list[float] = []
        """From the cable that is put in to the terminal that has the device."""

    @property
    def printer(self) -> UsbPrinter:
        """Where slips come out."""
        printer = self.devices["printer"]
        assert isinstance(printer, UsbPrinter)
        return printer

    async def __aenter__(self) -> Self:
        """Everything in, host and terminal running, all devices open."""
        try:
            for kind in self.devices:
                await self.plug(kind)
            await self.host.start()
            self.terminal.prepare(self.host.port, self._key_file)
            await self.terminal.start()
            await self.operator.until_open(*filter(None, self._use))
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

    async def plug(self, kind: str) -> None:
        """Put a device in."""
        device = self.devices[kind]
        # The terminal may take a device from the kernel before its node was ever seen.
        await asyncio.to_thread(device.plug, node=KINDS[kind].by_node or kind == "key-loader")
        self._out.discard(kind)

    async def unplug(self, kind: str) -> None:
        """Pull a device out."""
        self._out.add(kind)
        await asyncio.to_thread(self.devices[kind].unplug)

    async def replug(self, kind: str, out_s: float) -> None:
        """Pull a device out and put it back after a while; returns when the terminal has it again."""
        use = KINDS[kind].use
        self.replugs_s.append(
            await self.operator.replug(use, lambda: self.unplug(kind), lambda: self.plug(kind), out_s)
        )

    # --- hands -----------------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        """Press keys by name; into the void when the keypad is not there, as a person would."""
        keypad = self.devices["keypad"]
        assert isinstance(keypad, UsbKeyboard)
        if "keypad" in self._out:
            await asyncio.sleep(0.1)
            return
        made = key_reports(*keys)
        try:
            keypad.type(made, KEY_S)
        except (AssertionError, OSError, ValueError):  # pulled out at this very moment
            return
        await asyncio.sleep(len(made) * KEY_S + 0.05)

    async def present(self) -> None:
        """Pull a customer's card through the reader, or hold a code before the scanner; as ``press``."""
        await asyncio.sleep(await self.show())

    async def show(self) -> float:
        """The same without waiting: the seconds that the device goes on telling."""
        if self.paid_by == "code":
            kind, content = self._use["scanner"], DEMO_CODES[0].code
        else:
            kind, content = self._use["msr"], _PIN if self.paid_by == "PIN" else _SIGNATURE
        read = KINDS[kind].read
        assert read is not None
        if kind in self._out:
            return 0.1
        try:
            return await asyncio.to_thread(read, self.devices[kind], content)
        except (AssertionError, OSError, ValueError):
            return 0.0

    # --- the auditor -----------------------------------------------------------------------

    def vault(self) -> tuple[list[KeyRecord], Tally[str]]:
        """Keys in use, and how often ceremonies ended in which way, by an audit log whose chain holds."""
        path = self.terminal.state / "keys.vault"
        protector = CredentialProtector(self.terminal.folder / "vault.credential")
        with closing(open_vault(path, protector, "lab", read_only=True)) as vault:
            ends = [line for line in verify(audit_path(path), vault) if line.event == "ceremony-ended"]
            return (
                [record for record in vault.list() if record.state == "active"],
                Tally(str(line.fields["outcome"]) for line in ends),
            )

    async def compare(self) -> Comparison:
        """The terminal's journal against the host's ledger."""
        rows = await asyncio.to_thread(read_journal, self.terminal.journal)
        return compare(
            rows, await self.host.ask("ledger"), await self.host.ask("arrivals"), await self.host.ask("check")
        )
