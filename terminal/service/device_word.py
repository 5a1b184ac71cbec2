"""What is known of a device without opening it: the word of its driver, or of the terminal that runs with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from config import Settings
from drivers.device import Device
from drivers.printer_status import PrinterStatus
from terminal.service.device_record import read_record

__all__ = ["ASK_DEVICES", "DeviceWord", "told_words", "word_of", "words_of_terminal"]

ASK_DEVICES = "devices"
"""What a terminal is asked for, and the type of its answer."""
LINE_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class DeviceWord:
    """State and counts; nothing that a device has read."""

    state: str
    """As DeviceState."""
    detail: str = ""
    """Why it is not open, in the system's words."""
    trouble: str = ""
    """Why a printer does not print; empty where it prints or is none."""
    error: str = ""
    """What a printer's mechanism suffers from."""
    paper_low: bool = False
    known: bool = True
    """Whether it says anything of itself."""
    statistics: Mapping[str, int] = field(default_factory=dict)


def word_of(device: Device) -> DeviceWord:
    """What a device's driver knows now."""
    word = DeviceWord(
        str(device.state), str(getattr(device, "detail", "")), statistics=dict(sorted(device.statistics.items()))
    )
    status = getattr(device, "status_now", None)
    if not isinstance(status, PrinterStatus):
        return word
    return DeviceWord(
        word.state,
        word.detail,
        str(status.trouble or ""),
        str(status.error or ""),
        bool(status.paper_low),
        status.known,
        word.statistics,
    )


def told_words(words: Mapping[str, DeviceWord]) -> dict[str, Any]:
    """As they are told over the monitor and kept in a file."""
    return {name: asdict(word) for name, word in words.items()}


def read_words(told: object) -> dict[str, DeviceWord]:
    """The other way; what is not understood is left out."""
    names = {one.name for one in fields(DeviceWord)}
    found = {}
    for name, values in told.items() if isinstance(told, dict) else ():
        if isinstance(values, dict) and "state" in values:
            found[str(name)] = DeviceWord(**{key: value for key, value in values.items() if key in names})
    return found


async def words_of_terminal(settings: Settings, patience_s: float) -> dict[str, DeviceWord]:
    """What a running terminal says of its devices: over its monitor, else as it wrote it down seconds ago."""
    over_monitor = await _asked(settings, patience_s)
    if over_monitor:
        return over_monitor
    record = await asyncio.to_thread(read_record, Path(settings.terminal.state_dir))
    return read_words(record.present)


async def _asked(settings: Settings, patience_s: float) -> dict[str, DeviceWord]:
    """Empty where there is no monitor, or it does not answer."""
    if settings.monitor is None:
        return {}
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_unix_connection(settings.monitor.path, limit=LINE_BYTES_MAX)
            try:
                writer.write(json.dumps({"ask": ASK_DEVICES}).encode("ascii") + b"\n")
                while line := await reader.readline():
                    told = json.loads(line)
                    if isinstance(told, dict) and told.get("type") == ASK_DEVICES:
                        return read_words(told.get("devices"))
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        pass
    return {}
