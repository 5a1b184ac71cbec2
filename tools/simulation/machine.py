"""One terminal: its files, its power, its devices, and one life of the product's own code after another."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from config import Settings, load
from drivers import registry
from drivers.device import Device
from drivers.printer import Printer
from keys import CredentialProtector, KeysError
from keys.secret import Secret
from keys.self_test import run_self_tests
from keys.vault_intake import Incoming
from keys.vault_open import create_vault
from terminal.assembly import live
from terminal.journal import InlineWriter, JournalError
from terminal.journal.database import JOURNAL_NAME
from terminal.outside import Outside
from terminal.screens.face import Face
from terminal.screens.screen import Screen
from terminal.service.monitor import Monitor
from tools.simulation.devices import InputPipe, PaperPrinter
from tools.simulation.disk import Disk, Platter
from tools.simulation.loop import SimulatedLoop
from tools.simulation.network import Network
from tools.simulation.power import Power, PowerCut
from tools.simulation.vault_disk import VaultDisk

__all__ = ["MASTER_KEY", "MERCHANT", "TERMINAL", "Files", "Machine", "workshop"]

TERMINAL, MERCHANT = "10000001", "999290054110001"
MASTER_KEY = bytes.fromhex("5D1C9A3B7E42F0A86B94C7D15E28A37F")
_CREDENTIAL = bytes(range(101, 133))
_VAULT_NAME = "keys.vault"
_CONFIGURATION = """
[terminal]
id = "{terminal}"
merchant_id = "{merchant}"
merchant_name = "Corner Shop"
state_dir = "{folder}"
serial_number = "CT-0000001"
language = "en"
environment = "lab"
operators = false
[acquirer]
profile = "unionpay-lab"
[acquirer.overrides]
{overrides}
[host]
address = "tcp:127.0.0.1:8583"
connection = "{connection}"
[keys]
path = "{folder}/keys.vault"
credential = "{folder}/credential"
[devices.keypad]
driver = "evdev-keypad"
address = "unix:keypad"
[devices.msr]
driver = "evdev-msr"
address = "unix:msr"
[devices.scanner]
driver = "evdev-scanner"
address = "unix:scanner"
[devices.printer]
driver = "escpos-printer"
address = "unix:printer"
model = "{printer}"
text = "cp437"
[timeouts]
outcome_s = 8
menu_s = 30
amount_s = 30
card_s = 30
pin_s = 30
"""


@dataclass(frozen=True, slots=True)
class Files:
    """What a machine has on its disks when it is switched on."""

    journal: Platter = field(default_factory=dict)
    vault: Platter = field(default_factory=dict)


def workshop(folder: Path) -> None:
    """Prepare the one real folder of a process: the credential, and where the vault's lock file lies."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / "credential", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(_CREDENTIAL)


@lru_cache(maxsize=256)
def _settings(folder: Path, overrides: tuple[tuple[str, str], ...], printer: str, connection: str) -> Settings:
    path = folder / "terminal.toml"
    path.write_text(
        _CONFIGURATION.format(
            terminal=TERMINAL,
            merchant=MERCHANT,
            folder=folder,
            printer=printer,
            connection=connection,
            overrides="\n".join(f"{name} = {value}" for name, value in overrides),
        ),
        "utf-8",
    )
    return load(path)


@lru_cache(maxsize=4)
def _new_vault(folder: Path) -> Platter:
    """A vault with the terminal's master key, as the technician left it."""
    rng = random.Random(1)  # noqa: S311 - a simulated world
    disk = VaultDisk(Power())
    vault = create_vault(
        folder / _VAULT_NAME, CredentialProtector(folder / "credential"), "lab", rng.randbytes, disk=disk
    )
    vault.install([Incoming("tmk", "K0", Secret(bytearray(MASTER_KEY)), source="lab")])
    vault.close()
    return disk.platter("all", rng)


class Machine:
    """Switched on with files, running until its power is cut, leaving files again."""

    def __init__(
        self,
        loop: SimulatedLoop,
        folder: Path,
        overrides: Mapping[str, str],
        network: Network,
        printer: PaperPrinter,
        rng: random.Random,
        see: Callable[[Screen], None],
        note: Callable[[str], None],
        began: datetime,
        files: Files | None = None,
        printer_model: str = "generic",
        connection: str = "transaction",
    ) -> None:
        self.settings = _settings(folder, tuple(sorted(overrides.items())), printer_model, connection)
        self._loop = loop
        self._network = network
        self.printer = printer
        self._rng = rng
        self._see = see
        self._note = note
        self._began = began
        self.wall_offset = timedelta()
        """What somebody has done to the machine's clock."""
        self.inputs = {name: InputPipe(loop) for name in ("keypad", "msr", "scanner")}
        self.files = files or Files(vault=_new_vault(folder))
        self.power = Power()
        self.disk: Disk | None = None
        self._vault_disk: VaultDisk | None = None
        self.life: asyncio.Task[None] | None = None
        self.lives = 0
        self.ended: BaseException | None = None
        """Why the last life ended, when it was neither the power nor a fault that it may end by."""
        self.out_of_service = 0
        """Lives that ended because the disk or the vault failed."""
        self.shown = Screen("off", "")
        self.closed = False
        """Whether the last life has been wholly cleared away."""

    def wall(self) -> datetime:
        """The machine's own clock."""
        return self._began + timedelta(seconds=self._loop.time()) + self.wall_offset

    def switch_on(self, cut_at: int | None = None) -> None:
        """Begin a life with what the platters hold; ``cut_at``: operation before which the power goes again."""
        assert self.life is None or self.life.done(), "it is on already"
        self.lives += 1
        self.closed = False
        self.power = Power()
        self.power.cut_at = cut_at
        self.power.gone = self._power_gone
        self.printer.power = self.power
        self.disk = Disk(self.power, self.files.journal)
        self._vault_disk = VaultDisk(self.power, self.files.vault)
        for pipe in self.inputs.values():
            pipe.plug()
        self._note(f"machine: life {self.lives} begins")
        self.life = self._loop.create_task(self._live())

    def _power_gone(self) -> None:
        self._note(f"machine: no power after {self.power.operations} operations")
        if self.life is not None and not self.life.done():
            self._loop.call_soon(self.life.cancel)

    async def _live(self) -> None:
        assert self.disk is not None and self._vault_disk is not None
        outside = Outside(
            wall=self.wall,
            monotonic=self._loop.time,
            random=self._rng.randbytes,
            self_test=_tested_once,
            writer=InlineWriter,
            storage=self.disk.storage,
            key_disk=self._vault_disk,
            dial=self._network.dial,
            device=self._device,
            aside=_inline,
        )
        try:
            await live(self.settings, Face([self._shows]), Monitor(), outside)
        except* (PowerCut, asyncio.CancelledError):
            pass
        except* (JournalError, KeysError) as group:
            if not self.power.dead:
                self.out_of_service += 1
                self._note(f"machine: out of service: {_first(group)}")
        except* Exception as group:  # noqa: BLE001 - whatever ends a life is a finding
            if not self.power.dead:
                self.ended = _first(group)

    def _shows(self, screen: Screen) -> None:
        if not self.power.dead:
            self.shown = screen
            self._see(screen)

    def _device(self, name: str, settings: Mapping[str, Any]) -> Device:
        if name == "printer":
            return Printer(name, "simulated", settings["model"], self.printer.open_port)
        if name in self.inputs:
            settings = {**settings, "address": self.inputs[name].address}
        return registry.build(name, settings)

    async def switched_off(self, platter: str, *, keep: bool = False) -> Files:
        """Pull the plug, wait until the process is gone; what the disks hold then. ``keep``: for ``platters``."""
        if self.closed:
            return self.files
        self.closed = True
        self.power.cut()
        if self.life is not None:
            self.life.cancel()
            with suppress(asyncio.CancelledError):
                await self.life
        assert self.disk is not None
        self.files = self.platters(platter)
        if not keep:
            self.disk.close()
        self.shown = Screen("off", "")
        return self.files

    def platters(self, mode: str) -> Files:
        """What a start would find now."""
        assert self.disk is not None and self._vault_disk is not None
        return Files(self.disk.platter(mode, self._rng), self._vault_disk.platter(mode, self._rng))

    async def dispose(self) -> Files:
        """The last life ends, and the pipes with it."""
        files = await self.switched_off("none")
        for pipe in self.inputs.values():
            pipe.unplug()
        return files

    @property
    def running(self) -> bool:
        """Whether a life goes on and has power."""
        return self.life is not None and not self.life.done() and not self.power.dead

    @property
    def journal_name(self) -> str:
        """The journal's file on the simulated disk."""
        return JOURNAL_NAME


@lru_cache(maxsize=1)
def _tested_once() -> None:
    """The known answers do not change from one simulated start to the next: once in a process is enough."""
    run_self_tests()


async def _inline(function: Callable[..., bytes], *arguments: Any, **options: Any) -> bytes:
    return function(*arguments, **options)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = group.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
