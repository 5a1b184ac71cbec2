"""The journal a life began with, as far as a replay needs it, and digests of what is in a journal.

Sealed card data and password verifiers are overwritten in the copy; of an old journal only the newest rows are taken.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from pathlib import Path

__all__ = ["COPY_BYTES_MAX", "changes_of", "copy_of", "digest_of", "restore"]

COPY_BYTES_MAX = 4 << 20
"""Compressed; a journal that gives more is not recorded."""
ROWS_KEPT, EVENTS_KEPT = 2000, 500
_OPEN = "state IN ('sent', 'reversing', 'advising')"
_SECRET_SETTING = "'pin_key'"  # noqa: S105 - the name of a setting; its value is a cryptogram
_FLOORS = {"txn": ROWS_KEPT, "event": EVENTS_KEPT, "print_job": ROWS_KEPT}
_DIGESTED = (
    f"SELECT name, CASE WHEN name = {_SECRET_SETTING} THEN value != '' ELSE value END FROM setting ORDER BY name",
    "SELECT * FROM txn WHERE id > (SELECT max(id) FROM txn) - 1000 ORDER BY id",
    "SELECT * FROM settlement ORDER BY batch",
    "SELECT number, role, failures, changed FROM operator ORDER BY number",
    "SELECT * FROM print_job WHERE id > (SELECT max(id) FROM print_job) - 1000 ORDER BY id",
    "SELECT * FROM event WHERE id > (SELECT max(id) FROM event) - 400 ORDER BY id",
    "SELECT name, version, at, length(content) FROM download ORDER BY name",
    "SELECT * FROM till_request WHERE id > (SELECT max(id) FROM till_request) - 1000 ORDER BY id",
    "SELECT * FROM till_payment WHERE txn > (SELECT max(id) FROM txn) - 1000 ORDER BY txn",
)
"""Everything that a replay must come to, row by row."""


def changes_of(database: sqlite3.Connection) -> int:
    """Rows that a connection has changed since it was opened; 0 once it is closed."""
    try:
        return database.total_changes
    except sqlite3.ProgrammingError:
        return 0


def copy_of(database: sqlite3.Connection) -> bytes:
    """A journal for a replay, compressed; empty for one without tables. Raises sqlite3.Error."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.backup(copy)
        if not copy.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return b""
        triggers = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            copy.execute(f'DROP TRIGGER "{name}"')
        for table, kept in _FLOORS.items():
            still_open = f" AND NOT ({_OPEN})" if table == "txn" else ""
            copy.execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - {kept}{still_open}")
        copy.execute("UPDATE txn SET sealed = zeroblob(length(sealed))")
        copy.execute("UPDATE operator SET salt = zeroblob(length(salt)), verifier = zeroblob(length(verifier))")
        copy.execute(f"UPDATE setting SET value = '00' WHERE name = {_SECRET_SETTING} AND value != ''")
        for _, sql in triggers:
            copy.execute(sql)
        copy.execute("VACUUM")  # nothing of the overwritten rows is left in free pages
        return zlib.compress(copy.serialize(), 1)
    finally:
        copy.close()


def restore(copy: bytes, path: Path) -> None:
    """Put a copy where a replay's terminal looks for its journal."""
    if copy:
        path.write_bytes(zlib.decompress(copy))


def digest_of(database: sqlite3.Connection) -> bytes:
    """Digest of the newest rows of every table; the same for a journal and the one that a replay came to."""
    digest = hashlib.sha256()
    for query in _DIGESTED:
        cursor = database.execute(query)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            told = [len(value) if name == "sealed" else value for name, value in zip(names, row, strict=True)]
            digest.update(repr(told).encode("utf-8"))
        digest.update(b";")
    return digest.digest()[:16]
