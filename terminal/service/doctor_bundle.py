"""The diagnostic bundle: a zip file for whoever is asked from afar. No card data, no secret; a test searches it.

Each part is made by itself: one that cannot be made says why in its place, and the others are there.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import ssl
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from config import ConfigError, Settings
from config.parameters import parameters
from drivers.discovery import discover
from terminal.journal import JournalError
from terminal.journal.beside import reading
from terminal.journal.database import JOURNAL_NAME
from terminal.screens.texts import Translator
from terminal.service.device_word import DeviceWord, told_words
from terminal.service.doctor_report import Report
from terminal.service.parameters import Parameters, ParametersError

__all__ = ["PARTS", "write_bundle"]

EVENT_LINES_MAX, EVENT_BYTES_MAX = 500, 1 << 18
FILES_MAX = 1000
_PACKAGES = ("cryptography", "evdev", "msgspec", "pillow", "pyserial", "python-escpos", "pyusb", "segno")
PARTS = (
    "findings.json", "configuration.txt", "versions.json", "devices.json", "events.jsonl", "journal.json", "files.txt",
)  # fmt: skip
_COUNTS = {
    "transactions": "SELECT kind || ' ' || state, count(*) FROM txn GROUP BY kind, state ORDER BY kind, state",
    "settlements": "SELECT state, count(*) FROM settlement GROUP BY state ORDER BY state",
    "print jobs": "SELECT state, count(*) FROM print_job GROUP BY state ORDER BY state",
    "events": "SELECT 'all', count(*) FROM event",
    "counters": "SELECT name, CAST(value AS INTEGER) FROM setting WHERE name IN ('batch', 'stan') ORDER BY name",
}
"""Names and numbers only: no column that a card's number or a person's name could stand in is read."""


def write_bundle(
    path: Path, report: Report, settings: Settings, file: Path | None, words: Mapping[str, DeviceWord]
) -> None:
    """Write it for this user alone, whole or not at all; waits for the disk. Raises OSError.

    ``file`` is the terminal's configuration; None where it has none.
    """
    made: dict[str, Callable[[], str]] = {
        "findings.json": lambda: _findings(report),
        "configuration.txt": lambda: _configuration(file),
        "versions.json": _versions,
        "devices.json": lambda: _devices(words),
        "events.jsonl": lambda: _events(settings),
        "journal.json": lambda: _journal(settings),
        "files.txt": lambda: _files(Path(settings.terminal.state_dir)),
    }
    beside = path.with_name(f"{path.name}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in PARTS:
                bundle.writestr(name, _made(made[name]))
            bundle.comment = report.code_text.encode("utf-8")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _made(make: Callable[[], str]) -> str:
    try:
        return make()
    except (OSError, ConfigError, ParametersError, JournalError, sqlite3.Error) as error:
        # An OSError's text may hold more than its reason; the others are sentences of ours.
        return f"not available: {getattr(error, 'strerror', None) or type(error).__name__}\n"


def _findings(report: Report) -> str:
    return _json(
        {
            "reference": report.reference,
            "code": report.code_text,
            "serial_number": report.serial_number,
            "terminal": report.terminal,
            "at": report.at.isoformat(timespec="seconds"),
            "version": report.version,
            "codes": report.codes,
            "steps": report.rows(Translator("en")),
        }
    )


def _configuration(file: Path | None) -> str:
    """As ``countertop config show`` tells it: secrets masked, and whence each value comes."""
    if file is None:
        return "not available: this terminal has no file\n"
    changed = Parameters(file)
    lines = parameters(changed.file, changed.standing().content)
    return "".join(f"{each.key} = {each.value}   # {each.origin}\n" for each in lines)


def _versions() -> str:
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": sqlite3.sqlite_version,
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return _json(found)


def _devices(words: Mapping[str, DeviceWord]) -> str:
    return _json({"configured": told_words(words), "connected": [asdict(one) for one in discover()]})


def _events(settings: Settings) -> str:
    """The last lines of the log, which cuts numbers as long as a card's wherever they stand."""
    if settings.log is None:
        return "not available: without [log] events go to the system's journal: journalctl -u countertop -o cat\n"
    with open(settings.log.file, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - EVENT_BYTES_MAX))
        lines = file.read().split(b"\n")
    lines = lines[1:] if size > EVENT_BYTES_MAX else lines
    return b"\n".join(lines[-EVENT_LINES_MAX - 1 :]).decode("utf-8", "replace")


def _journal(settings: Settings) -> str:
    path = Path(settings.terminal.state_dir) / JOURNAL_NAME
    with reading(path) as database:
        return _json({what: dict(database.execute(query).fetchall()) for what, query in _COUNTS.items()})


def _files(folder: Path) -> str:
    """Rights, size, time and name of each file of the state folder."""
    lines = []
    for path in sorted(folder.rglob("*"))[:FILES_MAX]:
        with suppress(OSError):
            found = path.lstat()
            at = datetime.fromtimestamp(found.st_mtime).isoformat(timespec="seconds")
            lines.append(f"{found.st_mode & 0o7777:04o} {found.st_size:>12} {at} {path.relative_to(folder)}\n")
    return "".join(lines)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"
