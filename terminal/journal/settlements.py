"""Settlement as a row: it begins once, goes forward only, and is resumed wherever it was cut off."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from enum import StrEnum

from terminal.domain.record import Uploaded
from terminal.journal.jobs import PrintJobs
from terminal.journal.refusal import BeginRefused
from terminal.journal.store import Store
from terminal.journal.totals import SideTotals, Totals

__all__ = ["Settlement", "SettlementState", "Settlements", "refuse_while_open"]

BATCH_MAX = 999_999
_OPEN = "state IN ('sent', 'reversing', 'advising')"
_SIDE = len(fields(SideTotals))
_SUMS = ", ".join(f"{side}{field.name}" for side in ("", "foreign_") for field in fields(SideTotals))
"""Columns of the domestic side, then those of the foreign one."""


class SettlementState(StrEnum):
    """How far a settlement has come (facts/unionpay.md §3.2, §3.3)."""

    COMPARING = "comparing"
    """The totals are fixed; the host has yet to compare them."""
    UPLOADING = "uploading"
    """The host has spoken; records are being delivered."""
    ENDING = "ending"
    """All records are delivered; the host has yet to close the batch."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Settlement:
    """One batch on its way to the host; the totals are those of the moment it began."""

    batch: int
    state: SettlementState
    started_at: str
    domestic_totals: SideTotals
    foreign_totals: SideTotals
    domestic: str
    """The host's result for domestic cards: 1 balanced, 2 not, 3 error; empty before its answer."""
    foreign: str
    """The host's result for foreign cards; 0 where it compares none."""

    @property
    def balanced(self) -> bool:
        """Whether the host agrees on both sides; a side that it does not compare must be empty."""
        return self.domestic == "1" and (self.foreign == "1" or (self.foreign == "0" and not self.foreign_totals))

    @property
    def net_minor(self) -> int:
        """What the merchant has coming for both sides."""
        return self.domestic_totals.net_minor + self.foreign_totals.net_minor


class Settlements:
    """Begins, advances and finds settlements."""

    def __init__(self, store: Store, totals: Callable[[int], Totals], jobs: PrintJobs) -> None:
        self._store = store
        self._totals = totals
        self._jobs = jobs

    async def asked(self, question: Callable[[sqlite3.Connection], bool]) -> bool:
        """Whether something holds for the rows as they stand, such as that nothing is open; asked in the writer."""
        return await self._store.run(lambda: question(self._store.database))

    async def open(self) -> Settlement | None:
        """The one that is under way, or None."""
        return await self._store.run(lambda: self._find("WHERE state != 'done'"))

    async def of(self, batch: int) -> Settlement | None:
        """The settlement of a batch, or None."""
        return await self._store.run(lambda: self._find("WHERE batch = ?", batch))

    async def last(self) -> Settlement | None:
        """The last one that was finished, or None."""
        return await self._store.run(lambda: self._find("WHERE state = 'done' ORDER BY batch DESC LIMIT 1"))

    async def begin(self) -> Settlement:
        """Fix the totals of the open batch, or go on with the one that is under way.

        Raises BeginRefused while a transaction of any batch is open: the totals would not be true.
        """

        def work() -> Settlement:
            found = self._find("WHERE state != 'done'")
            if found is not None:
                return found
            if self._store.database.execute(f"SELECT 1 FROM txn WHERE {_OPEN} LIMIT 1").fetchone():
                raise BeginRefused("reason.transaction-open")
            totals = self._totals(self._store.batch())
            self._store.database.execute(
                f"INSERT INTO settlement (batch, state, started_at, {_SUMS}, domestic, "
                '"foreign") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (
                    totals.batch,
                    SettlementState.COMPARING,
                    self._store.now(),
                    *astuple(totals.domestic),
                    *astuple(totals.foreign),
                    "",
                    "",
                ),
            )
            self._store.note("settlement begun", None, f"batch {totals.batch}")
            begun = self._find("WHERE batch = ?", totals.batch)
            assert begun is not None
            return begun

        return await self._store.commit(work)

    async def compared(self, batch: int, domestic: str, foreign: str) -> Settlement:
        """The host has compared the totals."""
        return await self._advance(
            batch, SettlementState.UPLOADING, f"result {domestic}{foreign}", domestic=domestic, foreign=foreign
        )

    async def uploaded(self, ids: Sequence[int]) -> None:
        """These rows have been delivered."""
        await self._store.commit(lambda: self._mark(ids, Uploaded.TAKEN))

    async def refused(self, ids: Sequence[int], code: str) -> None:
        """The host does not want these rows: noted, and printed with the settlement."""

        def work() -> None:
            self._mark(ids, Uploaded.REFUSED)
            for id in ids:
                self._store.note("upload refused", id, f"answer {code}")

        await self._store.commit(work)

    def _mark(self, ids: Sequence[int], how: Uploaded) -> None:
        for id in ids:
            self._store.database.execute("UPDATE txn SET uploaded = ? WHERE id = ?", (how, id))

    async def delivered(self, batch: int) -> Settlement:
        """Every row that had to be uploaded has been."""
        return await self._advance(batch, SettlementState.ENDING, "records delivered")

    async def finished(self, batch: int, slips: Sequence[str]) -> Settlement:
        """The host has closed the batch: the next one begins, and nothing sealed is needed any more."""

        def work() -> None:
            self._store.put("batch", str(batch % BATCH_MAX + 1))
            self._store.database.execute(
                "UPDATE txn SET sealed = x'' WHERE batch = ? AND state NOT IN ('sent', 'reversing', 'advising')",
                (batch,),
            )
            for what in slips:
                self._jobs.queue(None, what, False, batch)

        return await self._advance(batch, SettlementState.DONE, "batch closed", work)

    async def _advance(
        self, batch: int, state: SettlementState, detail: str, also: Callable[[], None] | None = None, **values: str
    ) -> Settlement:
        def work() -> Settlement:
            assignments = "".join(f', "{name}" = ?' for name in values)
            self._store.database.execute(
                f"UPDATE settlement SET state = ?{assignments} WHERE batch = ?", (state, *values.values(), batch)
            )
            self._store.note(f"settlement {state}", None, detail)
            if also is not None:
                also()
            found = self._find("WHERE batch = ?", batch)
            assert found is not None
            return found

        return await self._store.commit(work)

    def _find(self, where: str, *values: int) -> Settlement | None:
        row = self._store.database.execute(
            f'SELECT batch, state, started_at, {_SUMS}, domestic, "foreign" FROM settlement {where}', values
        ).fetchone()
        if row is None:
            return None
        batch, state, started_at, *sums, domestic, foreign = row
        sides = SideTotals(*sums[:_SIDE]), SideTotals(*sums[_SIDE:])
        return Settlement(batch, SettlementState(state), started_at, *sides, domestic, foreign)


def refuse_while_open(store: Store) -> None:
    """Nothing new begins while a settlement is under way. Raises BeginRefused."""
    if store.database.execute("SELECT 1 FROM settlement WHERE state != 'done'").fetchone():
        raise BeginRefused("reason.settlement-open")
