"""Paper owed: a slip is a row first, and what came out of the printer is counted as it comes."""

from __future__ import annotations

from collections.abc import Callable

from terminal.domain.record import TransactionRecord
from terminal.journal.rows import PrintJob
from terminal.journal.store import Store

__all__ = ["PrintJobs"]


class PrintJobs:
    """The queue of slips; implements what the spooler needs."""

    def __init__(self, store: Store, record: Callable[[int], TransactionRecord]) -> None:
        self._store = store
        self._record = record

    async def queue_slip(self, id: int | None, what: str, *, reprint: bool, batch: int = 0) -> None:
        """Queue one more slip: of a row, or (``id`` None) of a batch; 0 is the open one."""
        await self._store.commit(lambda: self.queue(id, what, reprint, batch))

    def queue(self, id: int | None, what: str, reprint: bool, batch: int = 0) -> None:
        """The same within a transaction of somebody else."""
        self._store.database.execute(
            "INSERT INTO print_job (txn, batch, what, reprint, state, bytes_done, total) "
            "VALUES (?, ?, ?, ?, 'waiting', 0, 0)",
            (id, batch or self._store.batch(), what, reprint),
        )

    async def next_job(self) -> PrintJob | None:
        """The oldest slip that is not wholly on paper, or None."""

        def work() -> PrintJob | None:
            row = self._store.database.execute(
                "SELECT id, txn, batch, what, reprint, state, bytes_done, total FROM print_job "
                "WHERE state != 'done' ORDER BY id LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            id, txn, batch, what, reprint, state, bytes_done, total = row
            record = None if txn is None else self._record(txn)
            return PrintJob(id, what, record, bool(reprint), state == "started", bytes_done, total, batch)

        return await self._store.run(work)

    async def waiting(self) -> int:
        """How many slips are owed."""
        return await self._store.run(self._owed)

    async def give_up(self) -> int:
        """Owe nothing any more: each slip can still be reprinted. How many were given up."""

        def work() -> int:
            count = self._owed()
            self._store.database.execute("UPDATE print_job SET state = 'done' WHERE state != 'done'")
            return count

        return await self._store.commit(work)

    def _owed(self) -> int:
        return int(self._store.database.execute("SELECT count(*) FROM print_job WHERE state != 'done'").fetchone()[0])

    async def started(self, job: int, total: int) -> None:
        """Before the first byte of a slip: from here on a new try may be a duplicate."""
        await self._change(job, "state = 'started', total = ?, bytes_done = 0", total)

    async def withdrawn(self, job: int) -> None:
        """Nothing of the slip reached the printer after all: the next try is no duplicate."""
        await self._change(job, "state = 'waiting'")

    async def progress(self, job: int, bytes_done: int) -> None:
        """So many bytes of the slip have been taken by the printer."""
        await self._change(job, "bytes_done = ?", bytes_done)

    async def done(self, job: int) -> None:
        """The slip is on paper."""
        await self._change(job, "state = 'done', bytes_done = total")

    async def _change(self, job: int, assignments: str, *values: int) -> None:
        await self._store.commit(
            lambda: self._store.database.execute(f"UPDATE print_job SET {assignments} WHERE id = ?", (*values, job))
        )
