"""What the journal asserts before the first payment (facts/reliability-security-emv.md §A2 rule 12).

SQLite's own pragmas and its check of the file are asserted where it is opened; here is what lies below and
above: a file system that keeps the order of writes, and counters that never went back.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from terminal.journal.faults import JournalError, JournalFault

__all__ = ["require_counters", "require_mount"]

STAN_MAX = 999_999
WRAPPED = STAN_MAX // 2
"""A counter that lies further behind the newest row than this has begun anew at 1."""
_UNORDERED = "data=writeback"


def require_mount(path: Path, mounts: str) -> None:
    """The file system keeps data before metadata. ``mounts`` is the text of mountinfo, or empty. Raises JournalError.

    ext4 with data=writeback has corrupted SQLite files in the field after a power cut.
    """
    found, options = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 10 or "-" not in fields:
            continue
        point, after = fields[4], fields.index("-")
        if path.is_relative_to(point) and len(point) >= len(found):
            found, options = point, " ".join([fields[5], *fields[after + 3 :]])
    if _UNORDERED in options.replace(" ", ",").split(","):
        raise JournalError(
            JournalFault.UNUSABLE,
            f"The file system at {found} is mounted with {_UNORDERED}: a power cut may damage the journal.",
            "Mount it with data=ordered, or put the state directory on another file system.",
        )


def require_counters(database: sqlite3.Connection) -> None:
    """Neither the STAN nor the batch has gone back behind the newest row. Raises JournalError."""
    row = database.execute("SELECT stan, batch FROM txn ORDER BY id DESC LIMIT 1").fetchone()
    if row is None:
        return
    settings = dict(database.execute("SELECT name, value FROM setting WHERE name IN ('stan', 'batch')"))
    for name, used in zip(("stan", "batch"), row, strict=True):
        behind = used - int(settings.get(name, "0" if name == "stan" else "1"))
        if 0 < behind < WRAPPED:
            raise JournalError(
                JournalFault.DAMAGED,
                f"The counter {name} of the journal lies behind its newest transaction.",
                "Take no payments. Keep the file, call the acquirer's technician, settle from the host's record.",
            )
