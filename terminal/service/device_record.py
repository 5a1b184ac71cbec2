"""What the devices have done, over every restart: totals, and the last days one by one (UnifiedPOS statistics).

A file in the state folder, written whole beside the old one and put in its place; a power cut costs the last minute.
It also says how each device is now, for a doctor who must not open what a running terminal has. States and counts
alone: nothing that a device has read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

__all__ = ["RECORD_NAME", "DeviceRecord", "counts_of", "keep_record", "read_record"]

_LOG = logging.getLogger("countertop")
RECORD_NAME = "devices.json"
FORMAT, DAYS_KEPT = 1, 8
"""Today and a week before it."""
LOOK_S, WRITTEN_S = 5.0, 60.0
Counts = dict[str, Counter[str]]
"""By device and then by the name of a count."""


class DeviceRecord:
    """Adds up what drivers count. A driver begins at 0 with every life of the terminal; the record goes on."""

    def __init__(self, total: Counts, days: dict[str, Counts], present: Mapping[str, Any] | None = None) -> None:
        self.total, self.days = total, days
        self.present: Mapping[str, Any] = present or {}
        """What the terminal says of each device now, as it does over its monitor; the counts are those of this life."""
        self._seen: dict[str, Mapping[str, int]] = {}

    def add(self, present: Mapping[str, Mapping[str, int]], today: date) -> bool:
        """Take what the drivers of this life have counted so far; whether that is more than before."""
        changed = False
        for device, counts in present.items():
            seen = self._seen.get(device, {})
            if any(counts.get(name, 0) < count for name, count in seen.items()):
                seen = {}  # another life of the terminal
            more = Counter({name: count - seen.get(name, 0) for name, count in counts.items()})
            self._seen[device] = dict(counts)
            if more := +more:
                changed = True
                self.total.setdefault(device, Counter()).update(more)
                self.days.setdefault(today.isoformat(), {}).setdefault(device, Counter()).update(more)
        oldest = (today - timedelta(days=DAYS_KEPT - 1)).isoformat()
        self.days = {day: counts for day, counts in self.days.items() if oldest <= day}
        return changed

    def of_day(self, device: str, day: date) -> Counter[str]:
        """What a device did on a day."""
        return self.days.get(day.isoformat(), {}).get(device, Counter())

    def of_week(self, device: str) -> Counter[str]:
        """What a device did in the days that are kept."""
        return sum((counts.get(device, Counter()) for counts in self.days.values()), Counter())

    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return {"format": FORMAT, "total": self.total, "days": self.days, "present": self.present}


def read_record(folder: Path) -> DeviceRecord:
    """The record of a state folder; an empty one where there is none that can be read. May wait for the disk."""
    try:
        kept = json.loads((folder / RECORD_NAME).read_text("utf-8"))
        if kept["format"] == FORMAT:
            days = {str(day): _counts(of) for day, of in kept["days"].items()}
            return DeviceRecord(_counts(kept["total"]), days, kept.get("present"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # counts are worth no stop: what was damaged begins anew
    return DeviceRecord({}, {})


def _counts(plain: Mapping[str, Mapping[str, Any]]) -> Counts:
    return {device: Counter({str(name): int(count) for name, count in of.items()}) for device, of in plain.items()}


def counts_of(told: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """The counts alone of what a terminal tells of its devices."""
    return {name: dict(word["statistics"]) for name, word in told.items()}


def write_record(folder: Path, text: str) -> None:
    """Whole or not at all. Waits for the disk. Raises OSError."""
    beside = folder / f"{RECORD_NAME}.part"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / RECORD_NAME)


async def keep_record(
    folder: Path, told: Callable[[], Mapping[str, Mapping[str, Any]]], today: Callable[[], date]
) -> None:
    """Write states soon after they change, counts every minute in which some came, and all when it is cancelled.

    A disk that fails costs counts.
    """
    record = await asyncio.to_thread(read_record, folder)
    loop = asyncio.get_running_loop()
    written_s, unwritten = loop.time() - WRITTEN_S, False
    try:
        while True:
            present = told()
            unwritten |= record.add(counts_of(present), today())
            changed = _states(present) != _states(record.present)
            if changed or (unwritten and loop.time() - written_s >= WRITTEN_S):
                record.present, written_s, unwritten = present, loop.time(), False
                await asyncio.to_thread(_write, folder, json.dumps(record.plain()))
            await asyncio.sleep(LOOK_S)
    finally:
        if record.add(counts_of(told()), today()) or unwritten:
            _write(folder, json.dumps(record.plain()))


def _states(present: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Without the counts."""
    return {name: {**word, "statistics": None} for name, word in present.items()}


def _write(folder: Path, text: str) -> None:
    try:
        write_record(folder, text)
    except OSError as error:
        _LOG.warning("What devices have done is not kept: %s.", error.strerror or type(error).__name__)
