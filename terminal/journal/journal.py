"""The journal: the one place that knows where every transaction stands.

Rules that keep this file whole:
- every method that changes something is one SQLite transaction, committed before it returns;
- a STAN is taken from the durable counter in the same transaction as the row that uses it;
- states only move forward (the schema's triggers hold that too);
- a power cut inside a method leaves the rows as they were before it, a cut after it as they are after it;
- any error of the database is final for this process: JournalError, and no payment after it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from terminal.domain.record import HostAnswer, Intent, State, TransactionRecord, UndoCause
from terminal.journal.database import (
    LOCAL_STORAGE,
    JournalError,
    JournalFault,
    Storage,
    open_database,
    require_space,
)
from terminal.journal.rows import COLUMNS, PrintJob, record_from_row
from terminal.journal.totals import Totals, totals_of
from terminal.journal.writer import Writer

__all__ = ["Journal", "WallClock"]

T = TypeVar("T")
STAN_MAX = 999_999
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM txn"
_NO_ANSWER = HostAnswer()


class WallClock(Protocol):
    """Local date and time; data only, never a timer."""

    def __call__(self) -> datetime: ...


class Journal:
    """Durable rows of one terminal. All methods are coroutines; the work runs in the writer."""

    def __init__(
        self, database: sqlite3.Connection, writer: Writer, now: WallClock, folder: Path, storage: Storage
    ) -> None:
        self._database = database
        self._folder = folder
        self._storage = storage
        self._writer = writer
        self._now = now
        self._failed = False

    @classmethod
    async def open(cls, path: Path, writer: Writer, now: WallClock, storage: Storage = LOCAL_STORAGE) -> Journal:
        """Open the journal and assert its durability. Raises JournalError."""
        return cls(await writer.run(lambda: open_database(path, storage)), writer, now, path.parent, storage)

    async def close(self) -> None:
        """Close the file; only an orderly way out, never needed for durability."""
        await self._writer.run(self._database.close)
        self._writer.close()

    # --- a transaction's way ---------------------------------------------------------------

    async def begin(self, intent: Intent) -> TransactionRecord:
        """Durable intent with a fresh STAN and the current batch: from here on, silence is undone.

        Raises StorageFull, and nothing has begun, when the disk may not hold its end.
        """

        def work() -> int:
            require_space(self._folder, self._storage)
            values = {
                **asdict(intent),
                "state": State.SENT,
                "stan": self._take_stan(),
                "batch": int(self._setting("batch", "1")),
                "started_at": self._now().isoformat(timespec="seconds"),
                "undo_cause": "",
                "reversal_reason": "",
                "reversal_tries": 0,
                **asdict(_NO_ANSWER),
            }
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            row = self._database.execute(f"INSERT INTO txn ({names}) VALUES ({marks})", values).lastrowid
            assert row is not None
            self._note("begun", row, "")
            return row

        return await self._changed(work)

    async def approve(self, id: int, answer: HostAnswer, slips: Sequence[str]) -> TransactionRecord:
        """The proven approval, with its slips queued in the same transaction."""
        return await self._move(id, State.APPROVED, answer, slips=slips)

    async def decline(self, id: int, answer: HostAnswer) -> TransactionRecord:
        """The proven decline: nothing is charged, nothing needs undoing."""
        return await self._move(id, State.DECLINED, answer)

    async def undo(self, id: int, cause: UndoCause, reason: str, answer: HostAnswer | None) -> TransactionRecord:
        """Turn an attempt into a durable reversal. ``reason`` is element 39 of the reversal."""
        return await self._move(
            id, State.REVERSING, answer, undo_cause=str(cause), reversal_reason=reason, detail=str(cause)
        )

    async def reversal_tried(self, id: int, next_reason: str) -> TransactionRecord:
        """Count one reversal that got no closing answer, and keep what the next one says in element 39."""

        def work() -> int:
            self._database.execute(
                "UPDATE txn SET reversal_tries = reversal_tries + 1, reversal_reason = ? WHERE id = ? AND state = ?",
                (next_reason, id, State.REVERSING),
            )
            return id

        return await self._changed(work)

    async def reversed(self, id: int, code: str, slips: Sequence[str]) -> TransactionRecord:
        """The host has acknowledged the reversal with ``code``; the attempt is closed."""
        return await self._move(id, State.REVERSED, None, slips=slips, detail=f"acknowledged with {code}")

    async def recover(self) -> list[TransactionRecord]:
        """After any restart: what was sent and has no answer is undone. Safe to repeat and to interrupt."""

        def work() -> list[TransactionRecord]:
            with self._transaction():
                for record in self._records("WHERE state = ?", (State.SENT,)):
                    self._update(
                        record.id,
                        {"state": State.REVERSING, "undo_cause": str(UndoCause.INTERRUPTED), "reversal_reason": "98"},
                    )
                    self._note("reversing", record.id, UndoCause.INTERRUPTED)
            return self._records("WHERE state = ? ORDER BY id", (State.REVERSING,))

        return await self._run(work)

    # --- looking ---------------------------------------------------------------------------

    async def reversals(self) -> list[TransactionRecord]:
        """Reversals that the host has yet to acknowledge, oldest first."""
        return await self._run(lambda: self._records("WHERE state = ? ORDER BY id", (State.REVERSING,)))

    async def record(self, id: int) -> TransactionRecord:
        """One row; KeyError when there is none."""
        return await self._run(lambda: self._record(id))

    async def last(self) -> TransactionRecord | None:
        """The newest transaction, or None."""
        found = await self._run(lambda: self._records("ORDER BY id DESC LIMIT 1"))
        return found[0] if found else None

    async def find(self, stan: int) -> TransactionRecord | None:
        """The newest transaction of the current batch with this voucher number, or None."""

        def work() -> list[TransactionRecord]:
            batch = int(self._setting("batch", "1"))
            return self._records("WHERE batch = ? AND stan = ? ORDER BY id DESC LIMIT 1", (batch, stan))

        found = await self._run(work)
        return found[0] if found else None

    async def totals(self) -> Totals:
        """Totals of the current batch, summed from its approved rows."""

        def work() -> Totals:
            batch = int(self._setting("batch", "1"))
            rows = self._database.execute(
                "SELECT kind, count(*), sum(amount_minor) FROM txn WHERE batch = ? AND state = ? "
                "GROUP BY kind ORDER BY kind",
                (batch, State.APPROVED),
            )
            return totals_of(batch, rows)

        return await self._run(work)

    # --- the terminal's own numbers --------------------------------------------------------

    async def next_stan(self) -> int:
        """A STAN for a management message, from the same durable counter."""

        def work() -> int:
            with self._transaction():
                return self._take_stan()

        return await self._run(work)

    async def setting(self, name: str, default: str = "") -> str:
        """A durable value of the terminal's own."""
        return await self._run(lambda: self._setting(name, default))

    async def set(self, **values: str) -> None:
        """Replace durable values, all or none."""

        def work() -> None:
            with self._transaction():
                for name, value in values.items():
                    self._put(name, value)

        await self._run(work)

    async def note(self, what: str, detail: str = "") -> None:
        """Add a line to the event log. Never card data, PIN or key."""

        def work() -> None:
            with self._transaction():
                self._note(what, None, detail)

        await self._run(work)

    # --- paper -----------------------------------------------------------------------------

    async def queue_slip(self, id: int | None, what: str, *, reprint: bool) -> None:
        """Queue one more slip of a row (None: of the batch totals)."""

        def work() -> None:
            with self._transaction():
                self._queue(id, what, reprint)

        await self._run(work)

    async def next_job(self) -> PrintJob | None:
        """The oldest slip that is not wholly on paper, or None."""

        def work() -> PrintJob | None:
            row = self._database.execute(
                "SELECT id, txn, what, reprint, state, bytes_done, total FROM print_job "
                "WHERE state != 'done' ORDER BY id LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            id, txn, what, reprint, state, bytes_done, total = row
            record = None if txn is None else self._record(txn)
            return PrintJob(id, what, record, bool(reprint), state == "started", bytes_done, total)

        return await self._run(work)

    async def started(self, job: int, total: int) -> None:
        """Before the first byte of a slip: from here on a new try may be a duplicate."""
        await self._job(job, "state = 'started', total = ?, bytes_done = 0", total)

    async def withdrawn(self, job: int) -> None:
        """Nothing of the slip reached the printer after all: the next try is no duplicate."""
        await self._job(job, "state = 'waiting'")

    async def progress(self, job: int, bytes_done: int) -> None:
        """So many bytes of the slip have been taken by the printer."""
        await self._job(job, "bytes_done = ?", bytes_done)

    async def done(self, job: int) -> None:
        """The slip is on paper."""
        await self._job(job, "state = 'done', bytes_done = total")

    # --- within the writer -----------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
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

    async def _changed(self, work: Callable[[], int]) -> TransactionRecord:
        def committed() -> TransactionRecord:
            with self._transaction():
                return self._record(work())

        return await self._run(committed)

    async def _move(
        self,
        id: int,
        state: State,
        answer: HostAnswer | None,
        *,
        slips: Sequence[str] = (),
        detail: str = "",
        **values: str,
    ) -> TransactionRecord:
        def work() -> int:
            self._update(id, {"state": state, **values, **(asdict(answer) if answer else {})})
            for what in slips:
                self._queue(id, what, reprint=False)
            self._note(str(state), id, detail)
            return id

        return await self._changed(work)

    async def _job(self, job: int, assignments: str, *values: int) -> None:
        def work() -> None:
            with self._transaction():
                self._database.execute(f"UPDATE print_job SET {assignments} WHERE id = ?", (*values, job))

        await self._run(work)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _take_stan(self) -> int:
        stan = int(self._setting("stan", "0")) % STAN_MAX + 1
        self._put("stan", str(stan))
        return stan

    def _setting(self, name: str, default: str) -> str:
        row = self._database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def _put(self, name: str, value: str) -> None:
        self._database.execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def _update(self, id: int, values: dict[str, Any]) -> None:
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self._database.execute(f"UPDATE txn SET {assignments} WHERE id = :id", {**values, "id": id})

    def _queue(self, id: int | None, what: str, reprint: bool) -> None:
        self._database.execute(
            "INSERT INTO print_job (txn, what, reprint, state, bytes_done, total) VALUES (?, ?, ?, 'waiting', 0, 0)",
            (id, what, reprint),
        )

    def _note(self, what: str, id: int | None, detail: str) -> None:
        self._database.execute(
            "INSERT INTO event (at, what, txn, detail) VALUES (?, ?, ?, ?)",
            (self._now().isoformat(timespec="seconds"), what, id, detail),
        )

    def _records(self, where: str, values: tuple[Any, ...] = ()) -> list[TransactionRecord]:
        return [record_from_row(row) for row in self._database.execute(f"{_SELECT} {where}", values)]

    def _record(self, id: int) -> TransactionRecord:
        found = self._records("WHERE id = ?", (id,))
        if not found:
            raise KeyError(id)
        return found[0]
