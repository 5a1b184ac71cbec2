"""The file of changed parameters: a history that only grows, and two complete sets of which one is in force.

A change is durable when the method that makes it returns; a power cut leaves the state before or after it. The file is
opened for each step and closed again, so that a command beside the running terminal can change parameters too.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from terminal.journal.database import statements
from terminal.service.parameters.change import Change, ChangeState, ParametersError, ParametersFault, Source

__all__ = ["PARAMETERS_NAME", "Present", "Store", "connect_parameters"]

PARAMETERS_NAME = "parameters.db"
"""The file in the state folder."""
SCHEMA_VERSION = 1
TRIES_MAX = 3
"""Starts that a new set is given to reach the idle screen; a power cut at a start must not cost it its place."""
BUSY_S = 10.0
_OTHER = {"a": "b", "b": "a"}
_COLUMNS = "number, at, who, source, note, reverts, bundle, effective, state, decided_at"
Connect = Callable[[Path], sqlite3.Connection]


def connect_parameters(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; a file that root makes belongs to whom the folder belongs."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        if not stat.S_ISREG(path.lstat().st_mode):  # root must not be led elsewhere by whoever owns the folder
            raise OSError(errno.ELOOP, "it is not a regular file") from None
    else:
        owner = path.parent.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.close(descriptor)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)


@dataclass(frozen=True, slots=True)
class Present:
    """The set in force."""

    slot: str
    content: dict[str, Any]
    trial: bool
    bundle: int
    """The version below which no bundle is taken."""


class Store:
    """The steps that are made with the file. Raises ParametersError."""

    def __init__(self, path: Path, connect: Connect = connect_parameters) -> None:
        self.path = path
        self._connect = connect

    # --- reading ---------------------------------------------------------------------------

    def present(self, database: sqlite3.Connection) -> Present:
        """What is in force. A set that does not agree with its sum is damaged."""
        slot, bundle = database.execute("SELECT slot, bundle FROM present").fetchone()
        content, sum_, state = database.execute(
            "SELECT content, sum, state FROM slot WHERE name = ?", (slot,)
        ).fetchone()
        if _sum(content) != sum_:
            raise _damaged(self.path)
        return Present(slot, json.loads(content), state == "trial", bundle)

    def changes(self, database: sqlite3.Connection, where: str = "1", *values: object) -> list[Change]:
        """Changes in the order of their numbers."""
        found = []
        query = f"SELECT {_COLUMNS} FROM change WHERE {where} ORDER BY number"
        for row in database.execute(query, values).fetchall():
            number, at, who, source, note, reverts, bundle, effective, state, decided_at = row
            keys = database.execute(
                "SELECT key, old, new FROM value WHERE change = ? ORDER BY key", (number,)
            ).fetchall()
            found.append(
                Change(
                    number, at, who, Source(source), note, reverts, bundle, effective, ChangeState(state), decided_at,
                    {key: old for key, old, _ in keys}, {key: new for key, _, new in keys},
                )
            )  # fmt: skip
        return found

    def ahead(self, database: sqlite3.Connection) -> dict[str, Any]:
        """What will be in force when everything that waits has been applied."""
        content = self.present(database).content
        for change in self.changes(database, "state = 'waiting'"):
            content = change.laid_over(content)
        return content

    # --- changing --------------------------------------------------------------------------

    def record(
        self, database: sqlite3.Connection, at: str, who: str, source: Source, values: Mapping[str, Any],
        old: Mapping[str, str], *, note: str = "", reverts: int | None = None, bundle: int | None = None,
        effective: str = "",
    ) -> int:  # fmt: skip
        """A new change that waits; its number."""
        cursor = database.execute(
            "INSERT INTO change (at, who, source, note, reverts, bundle, effective, state, decided_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', '')",
            (at, who, str(source), note, reverts, bundle, effective),
        )
        number = cursor.lastrowid
        assert number is not None
        for key, value in values.items():
            new = "" if value is None else json.dumps(value, ensure_ascii=False)
            database.execute("INSERT INTO value VALUES (?, ?, ?, ?)", (number, key, old.get(key, ""), new))
        return number

    def decide(self, database: sqlite3.Connection, numbers: Iterable[int], state: ChangeState, at: str) -> None:
        """Bring changes to where they end; whoever keeps the terminal's log has yet to hear of it."""
        for number in numbers:
            database.execute(
                "UPDATE change SET state = ?, decided_at = ?, told = 0 WHERE number = ?", (str(state), at, number)
            )

    def install(self, database: sqlite3.Connection, content: Mapping[str, Any], numbers: Iterable[int]) -> None:
        """Put a set into the slot that is not in force, and that slot in force, as a trial."""
        slot = _OTHER[self.present(database).slot]
        text = json.dumps(dict(sorted(content.items())), ensure_ascii=False)
        database.execute(
            "UPDATE slot SET content = ?, sum = ?, changes = ?, state = 'trial', tries = 0 WHERE name = ?",
            (text, _sum(text), json.dumps(sorted(numbers)), slot),
        )
        database.execute("UPDATE present SET slot = ?", (slot,))

    def begin(self, database: sqlite3.Connection) -> None:
        """A life of the terminal begins: count it for a trial."""
        database.execute("UPDATE slot SET tries = tries + 1 WHERE state = 'trial'")

    def exhausted(self, database: sqlite3.Connection) -> bool:
        """Whether a trial has had all the starts that it is given."""
        row = database.execute("SELECT tries FROM slot WHERE state = 'trial'").fetchone()
        return row is not None and row[0] >= TRIES_MAX

    def confirm(self, database: sqlite3.Connection) -> None:
        """The terminal has started with the set: it is good, and so is the version of its bundle."""
        present = self.present(database)
        if not present.trial:
            return
        taken = self._taken(database, present.slot)
        database.execute("UPDATE slot SET state = 'good', tries = 0 WHERE name = ?", (present.slot,))
        versions = [change.bundle for change in self.changes(database) if change.number in taken and change.bundle]
        self.raise_floor(database, max(versions, default=0))

    def fall_back(self, database: sqlite3.Connection, at: str) -> list[int]:
        """The terminal does not start with the set: back to the one before it; the changes that failed.

        What still waits and builds on a failed value fails with it.
        """
        present = self.present(database)
        assert present.trial, "a set that has been good is never left"
        failed = self._taken(database, present.slot)
        keys = {key for change in self.changes(database) if change.number in failed for key in change.new}
        failed |= {change.number for change in self.changes(database, "state = 'waiting'") if keys & change.new.keys()}
        database.execute("UPDATE slot SET state = 'failed' WHERE name = ?", (present.slot,))
        database.execute("UPDATE present SET slot = ?", (_OTHER[present.slot],))
        self.decide(database, sorted(failed), ChangeState.FAILED, at)
        return sorted(failed)

    def raise_floor(self, database: sqlite3.Connection, bundle: int) -> None:
        """No bundle below this version any more."""
        database.execute("UPDATE present SET bundle = ? WHERE bundle < ?", (bundle, bundle))

    def _taken(self, database: sqlite3.Connection, slot: str) -> set[int]:
        (text,) = database.execute("SELECT changes FROM slot WHERE name = ?", (slot,)).fetchone()
        return set(json.loads(text))

    # --- the file --------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether anything was ever changed here. Raises ParametersError when that cannot be seen."""
        try:
            return self.path.exists()
        except OSError as error:
            raise _unusable(self.path, error.strerror or type(error).__name__) from None

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of what is done in it, durable at its end, or nothing."""
        try:
            database = self._connect(self.path)
            try:
                _prepare(database, self.path)
                database.execute("BEGIN IMMEDIATE")
                try:
                    _create_or_check(database, self.path)
                    yield database
                    database.execute("COMMIT")
                except BaseException:
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
            finally:
                database.close()
        except OSError as error:
            raise _unusable(self.path, error.strerror or type(error).__name__) from None
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ParametersError(
                    ParametersFault.BUSY,
                    f"The changed parameters {self.path.name} are being changed by somebody else.",
                    "Try again in a moment.",
                ) from None
            raise _unusable(self.path, str(error)) from None
        except sqlite3.DatabaseError:
            raise _damaged(self.path) from None


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA synchronous=EXTRA")  # the folder too, after the rollback journal has gone
    database.execute("PRAGMA foreign_keys=ON")
    if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise _damaged(path)


def _create_or_check(database: sqlite3.Connection, path: Path) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    if version != 0:
        raise ParametersError(
            ParametersFault.VERSION,
            f"The changed parameters {path.name} have format {version}; this version knows format {SCHEMA_VERSION}.",
            "Start the version of the software that wrote them.",
        )
    for statement in statements(files("terminal.service.parameters").joinpath("schema.sql").read_text("utf-8")):
        database.execute(statement)
    database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _unusable(path: Path, why: str) -> ParametersError:
    if not path.parent.is_dir():
        return ParametersError(
            ParametersFault.UNUSABLE,
            f"There is no folder {path.parent} to keep changed parameters in.",
            f"Make it as the terminal's user: install -d -m 0700 {path.parent}",
        )
    return ParametersError(
        ParametersFault.UNUSABLE,
        f"The changed parameters {path.name} cannot be used: {why}.",
        "Check that the disk has room, and ask as root or as the user that the terminal runs as.",
    )


def _damaged(path: Path) -> ParametersError:
    return ParametersError(
        ParametersFault.DAMAGED,
        f"The changed parameters {path.name} are damaged.",
        "Move the file away and keep it: the terminal then starts with what its configuration file says. "
        "Make the changes again.",
    )
