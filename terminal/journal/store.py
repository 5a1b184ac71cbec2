"""One database, one writer, one kind of transaction: what every part of the journal stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from terminal.journal.database import JournalError, JournalFault, Storage, require_space
from terminal.journal.refusal import BeginRefused
from terminal.journal.writer import Writer

__all__ = ["Store", "WallClock"]

T = TypeVar("T")


class WallClock(Protocol):
    """Local date and time; data only, never a timer."""

    def __call__(self) -> datetime: ...


class Store:
    """The journal's file and the way to it. Names with ``now`` in them run within the writer."""

    def __init__(
        self, database: sqlite3.Connection, writer: Writer, clock: WallClock, folder: Path, storage: Storage
    ) -> None:
        self.database = database
        self._writer = writer
        self._clock = clock
        self._folder = folder
        self._storage = storage
        self._failed = False
        self.committed: Callable[[object], None] = lambda result: None
        """Told on the loop what each transaction has returned, once it is durable."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do work in the writer. Raises JournalError, and for ever after one."""
        if self._failed:
            raise JournalError(
                JournalFault.WRITE,
                "The journal failed earlier.",
                "Restart the terminal; it recovers from the disk.",
            )
        try:
            return await self._writer.run(work)
        except (sqlite3.Error, OSError) as error:
            # After a failed fsync the kernel may call lost pages clean: only a restart tells the truth.
            self._failed = True
            raise JournalError(
                JournalFault.WRITE,
                f"The journal cannot be written: {error}.",
                "Free space or replace the storage, then start the terminal; open payments are undone then.",
            ) from None

    async def commit(self, work: Callable[[], T]) -> T:
        """Do work as one transaction, durable on return."""

        def committed() -> T:
            with self.transaction():
                return work()

        result = await self.run(committed)
        self.committed(result)
        return result

    async def close(self) -> None:
        """Close the file and the writer."""
        await self._writer.run(self.database.close)
        self._writer.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise

    def require_space(self) -> None:
        """Raises BeginRefused when a payment that begins now might not find room for its end."""
        require_space(self._folder, self._storage)

    def has_space(self) -> bool:
        """Whether a payment may begin, as far as the disk goes."""
        try:
            self.require_space()
        except BeginRefused:
            return False
        return True

    def setting(self, name: str, default: str) -> str:
        """A value of the terminal's own."""
        row = self.database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def put(self, name: str, value: str) -> None:
        """Replace a value of the terminal's own."""
        self.database.execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def batch(self) -> int:
        """Number of the open batch."""
        return int(self.setting("batch", "1"))

    def note(self, what: str, txn: int | None, detail: str) -> None:
        """A line in the event log."""
        self.database.execute(
            "INSERT INTO event (at, what, txn, detail) VALUES (?, ?, ?, ?)", (self.now(), what, txn, detail)
        )

    def now(self) -> str:
        """The time as the rows keep it."""
        return self._clock().isoformat(timespec="seconds")
