"""Reading the journal beside the terminal that has it: from a copy, because the terminal locks the file for itself."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terminal.journal.faults import JournalError, JournalFault

__all__ = ["reading"]

_PARTS = ("", "-wal")
"""The file and what was committed since the last checkpoint; a copy of both is what a restart would find."""
TRIES = 50
PAUSE_S = 0.03
"""Longer than the step of a file system's clock (10 ms at most): whatever is written later has another time."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a whole copy of a journal; nothing that is done with it reaches the journal.

    The copy lies in a folder of this user's own and is removed. Raises JournalError when the journal cannot be
    read, is damaged, or is written to without a pause.
    """
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        copy = Path(folder) / path.name
        try:
            _take(path, copy)
            database = sqlite3.connect(copy, isolation_level=None)
            try:
                if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    raise _damaged(path)
                yield database
            finally:
                database.close()
        except OSError as error:
            raise JournalError(
                JournalFault.UNUSABLE,
                f"The journal {path.name} cannot be read: {error.strerror or type(error).__name__}.",
                "Ask as root, or as the user that the terminal runs as.",
            ) from None
        except sqlite3.DatabaseError:
            raise _damaged(path) from None


def _take(path: Path, copy: Path) -> None:
    """Copy file and write-ahead log of one and the same moment: quiet before the copy, and unchanged after it."""
    for _ in range(TRIES):
        before = _state(path)
        time.sleep(PAUSE_S)
        if _state(path) != before:
            continue
        for part in _PARTS:
            source, target = path.with_name(path.name + part), copy.with_name(copy.name + part)
            target.unlink(missing_ok=True)
            if source.exists():
                shutil.copyfile(source, target)
        if _state(path) == before:
            return
    raise JournalError(
        JournalFault.HELD,
        f"The journal {path.name} is being written to without a pause.",
        "Ask again when the terminal shows its idle screen.",
    )


def _state(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for part in _PARTS:
        try:
            status = path.with_name(path.name + part).stat()
            found.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


def _damaged(path: Path) -> JournalError:
    return JournalError(
        JournalFault.DAMAGED,
        f"The journal {path.name} is damaged.",
        "Take no payments. Keep the file, call the acquirer's technician, settle from the host's record.",
    )
