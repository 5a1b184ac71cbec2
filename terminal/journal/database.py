"""The journal's file: opened so that what is committed survives a power cut, or not opened at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from terminal.journal.faults import JournalError, JournalFault
from terminal.journal.refusal import BeginRefused
from terminal.journal.startup import require_counters, require_mount

__all__ = [
    "JOURNAL_NAME",
    "LOCAL_STORAGE",
    "JournalError",
    "JournalFault",
    "Storage",
    "open_database",
    "require_space",
    "statements",
]

JOURNAL_NAME = "journal.db"
"""The file in the state folder."""
SCHEMA_VERSION = 1
_NUMBER, _TEXT = "INTEGER NOT NULL DEFAULT 0", "TEXT NOT NULL DEFAULT ''"
_LATER_COLUMNS = {
    "settlement": dict.fromkeys(
        ("foreign_debit_count", "foreign_debit_minor", "foreign_credit_count", "foreign_credit_minor"), _NUMBER
    ),
    "txn": {"language": _TEXT},
}
FREE_BYTES_MIN = 8 * 1024 * 1024
"""Below this the terminal takes no payment: a full disk must be met before a sale, not in it."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the journal's file is kept; the simulation brings a disk that loses power."""

    connect: Callable[[Path], sqlite3.Connection]
    """A connection in autocommit mode to a file that is made when it is not there."""
    free_bytes: Callable[[Path], int]
    """Room left on the disk of a folder. Raises OSError."""
    mounts: Callable[[], str] = lambda: ""
    """Text of the kernel's table of mounts; empty where there is none."""


def _connect(path: Path) -> sqlite3.Connection:
    """Connection for one thread at a time; the file is this user's alone from its first byte."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.0)


def _free_bytes(folder: Path) -> int:
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8")
    except OSError:
        return ""


LOCAL_STORAGE = Storage(_connect, _free_bytes, _mounts)


def open_database(path: Path, storage: Storage = LOCAL_STORAGE) -> sqlite3.Connection:
    """Open or create the journal and assert what durability rests on.

    WAL with ``synchronous=FULL``: NORMAL loses committed sales at a power cut
    (facts/reliability-security-emv.md §A3). The file is locked for this process alone.

    Raises JournalError when the disk is full, the file is damaged, held by another process, or
    written by a newer version.
    """
    require_mount(path.absolute(), storage.mounts())
    try:
        database = storage.connect(path)
        try:
            _prepare(database)
        except BaseException:
            database.close()
            raise
    except OSError as error:
        raise _cannot_open(path, error.strerror or type(error).__name__) from None
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise JournalError(
                JournalFault.HELD,
                f"The journal {path.name} is held by another process.",
                "Stop the other terminal process; only one may run for a state directory.",
            ) from None
        raise _cannot_open(path, str(error)) from None
    except sqlite3.DatabaseError as error:
        raise JournalError(
            JournalFault.DAMAGED,
            f"The journal {path.name} is damaged: {error}.",
            "Take no payments. Keep the file, call the acquirer's technician, settle from the host's record.",
        ) from None
    return database


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA locking_mode=EXCLUSIVE")
    _require(database, "PRAGMA journal_mode=WAL", "wal")
    database.execute("PRAGMA synchronous=FULL")
    _require(database, "PRAGMA synchronous", 2)
    database.execute("PRAGMA foreign_keys=ON")
    database.execute("BEGIN IMMEDIATE")
    _create_or_check(database)
    database.execute("COMMIT")
    _require(database, "PRAGMA quick_check(1)", "ok")
    require_counters(database)


def _cannot_open(path: Path, why: str) -> JournalError:
    return JournalError(
        JournalFault.UNUSABLE,
        f"The journal {path.name} cannot be opened: {why}.",
        f"Check that the disk has room and that the folder belongs to this user: install -d -m 0700 {path.parent}",
    )


def require_space(folder: Path, storage: Storage) -> None:
    """Raises BeginRefused when a payment that begins now might not find room for its end."""
    if storage.free_bytes(folder) < FREE_BYTES_MIN:
        raise BeginRefused("reason.storage-full")


def _require(database: sqlite3.Connection, pragma: str, expected: object) -> None:
    row = database.execute(pragma).fetchone()
    if row is None or row[0] != expected:
        raise JournalError(
            JournalFault.UNUSABLE,
            f"The journal refuses {pragma!r}: expected {expected!r}, found {row[0] if row else None!r}.",
            "Put the state directory on a local file system (not a network share) that can lock and sync files.",
        )


def _create_or_check(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, SCHEMA_VERSION):
        raise JournalError(
            JournalFault.VERSION,
            f"The journal has format {version}; this version knows format {SCHEMA_VERSION}.",
            "Start the version of the software that wrote it, settle the batch, then update.",
        )
    if version == 0:
        _run(database, "schema.sql")
        database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    _add_columns(database)
    # Tables beside the others, which an older version leaves alone: made when they are not there.
    _run(database, "till.sql")


def _add_columns(database: sqlite3.Connection) -> None:
    """Columns that came later: each has a default, so that an older version goes on with the file all the same."""
    for table, columns in _LATER_COLUMNS.items():
        known = {name for (name,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        for name, declared in columns.items():
            if name not in known:
                database.execute(f"ALTER TABLE {table} ADD COLUMN {name} {declared}")


def _run(database: sqlite3.Connection, script: str) -> None:
    for statement in statements(files("terminal.journal").joinpath(script).read_text("utf-8")):
        database.execute(statement)


def statements(script: str) -> list[str]:
    """Statements of a script, one by one: ``executescript`` would commit before the first of them."""
    found: list[str] = []
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    return found
