"""The terminal as a process: its files, its keys, its start and its sudden end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keys import CredentialProtector, provision
from terminal.journal.database import JOURNAL_NAME
from tools.rig.monitor import Monitor
from tools.rig.process import Child

__all__ = ["MERCHANT", "TERMINAL", "TerminalOptions", "TerminalProcess"]

TERMINAL, MERCHANT = "10000001", "999290054110001"
SERIAL_NUMBER = "CT-0000001"
MASTER_KEY_BYTES, CREDENTIAL_BYTES = 16, 32
_DEVICES = {
    "keypad": "evdev-keypad",
    "msr": "evdev-msr",
    "scanner": "evdev-scanner",
    "printer": "escpos-printer",
}
_PIN_PAD = (("pin_pad", "serial-pin-pad"),)
_PATIENT_MS = 5000
"""A pad that is played by a busy machine."""


@dataclass(frozen=True, slots=True)
class TerminalOptions:
    """What a story changes of the lab's configuration."""

    language: str = "en"
    customer_language: str = "zh"
    merchant_name: str = "示范商店 Corner Shop"
    width_mm: int = 58
    overrides: Mapping[str, str | float | bool | list[str]] = field(default_factory=dict)
    """Keys of the acquirer profile, such as ``response_s``."""
    timeouts: Mapping[str, float] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Sections of devices that are not the rig's own, by name: ``{"printer": {"driver": …, "address": …}}``."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """More keys of ``[keys]``, such as the line of a key-loading device."""
    operators: bool = False
    """Whether somebody has to sign in first."""
    display: Mapping[str, str] = field(default_factory=dict)
    """Keys of ``[devices.display]``; without any only the monitor sees screens."""
    customer_display: str = ""
    """Address of the customer's two lines, or empty."""
    host: Mapping[str, object] = field(default_factory=dict)
    """More keys of ``[host]``, such as ``transport``."""
    more: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Sections of which the rig has none, by name: ``{"metrics": {"address": …}}``."""
    pin_pad: bool = False
    """Whether a PIN pad is expected at ``pin_pad.sock``."""


class TerminalProcess:
    """``countertop run`` in a folder of its own. Its devices are the sockets next to its configuration."""

    def __init__(self, folder: Path, options: TerminalOptions) -> None:
        self.folder = folder
        self.state = folder / "terminal"
        self.journal = self.state / JOURNAL_NAME
        self.monitor = Monitor()
        self.options = options
        """What the next configuration is made of."""
        self._config = folder / "terminal.toml"
        self._child = Child("terminal", ("run", "--config", str(self._config)), folder / "terminal.log")

    def prepare(self, host_port: int, master_key_file: Path) -> None:
        """Write the configuration and a vault that holds the master key (lab only)."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        credential = self.folder / "vault.credential"
        _private(credential, os.urandom(CREDENTIAL_BYTES))
        vault = self.state / "keys.vault"
        master = bytes.fromhex(master_key_file.read_text("ascii").strip())
        provision(vault, CredentialProtector(credential), "lab", {"tmk": master})
        self._config.write_text(self._configuration(host_port), "utf-8")

    def reach_host_at(self, port: int) -> None:
        """From the next start on reach the host through another port: a network that can be disturbed."""
        self._config.write_text(self._configuration(port), "utf-8")

    @property
    def pid(self) -> int:
        """Process id of the present run."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._child.running

    def plant(self, fault: str) -> None:
        """From the next start on be a terminal with a fault of ``planted``; empty for none."""
        self._child.module = ("tools.rig.planted", fault) if fault else ("tools",)

    def run_under(self, *command: str) -> None:
        """From the next start on run within another program, such as a tracer."""
        self._child.under = command

    async def start(self, *, watch: bool = True) -> None:
        """Start it and, with ``watch``, look at its monitor from the first screen on."""
        await self._child.start()
        if watch:
            await self.watch()

    async def watch(self) -> None:
        """Look at the monitor of the present run."""
        self.monitor = Monitor()
        await self.monitor.connect(self.folder / "monitor.sock", lambda: self._child.running)

    async def kill(self) -> None:
        """SIGKILL, as sudden as a power cut."""
        await self._child.kill()
        await self.monitor.close()

    async def stop(self) -> None:
        """Stop it in order."""
        await self._child.stop()
        await self.monitor.close()

    def _configuration(self, host_port: int) -> str:
        options = self.options
        tables: dict[str, Mapping[str, object]] = {
            "terminal": {
                "id": TERMINAL,
                "merchant_id": MERCHANT,
                "merchant_name": options.merchant_name,
                "state_dir": "terminal",
                "serial_number": SERIAL_NUMBER,
                "language": options.language,
                "customer_language": options.customer_language,
                "environment": "lab",
                "operators": options.operators,
            },
            "acquirer": {"profile": "unionpay-lab"},
            "host": {"address": f"tcp:127.0.0.1:{host_port}", **options.host},
            "keys": {
                "path": "terminal/keys.vault",
                "protector": "credential",
                "credential": "vault.credential",
                **options.keys,
            },
            **{
                f"devices.{name}": {"driver": driver, "address": f"unix:{self.folder / name}.sock"}
                for name, driver in (*_DEVICES.items(), *_PIN_PAD[: options.pin_pad])
            },
            "timeouts": options.timeouts,
            "monitor": {"address": f"unix:{self.folder / 'monitor.sock'}"},
        }
        tables["acquirer.overrides"] = options.overrides
        tables.update(options.more)
        if options.pin_pad:
            tables["devices.pin_pad"] = {**tables["devices.pin_pad"], "ack_ms": _PATIENT_MS}
        tables["devices.printer"] = {**tables["devices.printer"], "width_mm": options.width_mm}
        tables["devices.display"] = options.display
        if options.customer_display:
            tables["devices.customer_display"] = {"driver": "line", "address": options.customer_display}
        for name, section in options.devices.items():
            tables[f"devices.{name}"] = {**tables[f"devices.{name}"], **section}
        return "\n".join(_table(name, values) for name, values in tables.items() if values)


def _table(name: str, values: Mapping[str, object]) -> str:
    # JSON's strings, numbers, booleans and lists of them are TOML's as well.
    return "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


def _private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
