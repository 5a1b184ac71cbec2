"""Planted bugs of the journal: durability, numbers, recovery, paper, and what is kept of a card."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import Any

from terminal.acquirer import safe as safe_room
from terminal.domain import card as card_room
from terminal.domain.record import State
from terminal.flows import steps as steps_room
from terminal.journal import Journal
from terminal.journal import journal as journal_room
from terminal.journal import totals as totals_room
from terminal.journal.jobs import PrintJobs
from terminal.journal.store import Store
from terminal.slips.paper import SlipWriter
from tools.simulation.planted import Patch, bug

__all__: list[str] = []


def _synchronous(patch: Patch, level: str) -> None:
    whole = vars(journal_room)["open_database"]

    def opened(*arguments: Any) -> Any:
        database = whole(*arguments)
        database.execute(f"PRAGMA synchronous={level}").fetchone()
        return database

    patch.over(journal_room, "open_database", opened)


@bug("synchronous-normal", "the journal is opened with synchronous=NORMAL")
def _normal(patch: Patch) -> None:
    _synchronous(patch, "NORMAL")


@bug("synchronous-off", "the journal is opened with synchronous=OFF")
def _off(patch: Patch) -> None:
    _synchronous(patch, "OFF")


@bug("write-error-ignored", "a write that fails is tried no more, and the terminal goes on as if it had succeeded")
def _ignored(patch: Patch) -> None:
    async def commit(self: Any, work: Any) -> Any:
        done: list[Any] = []

        def committed() -> Any:
            try:
                self.database.execute("BEGIN IMMEDIATE")
                done.append(work())
                self.database.execute("COMMIT")
            except sqlite3.OperationalError:
                with suppress(sqlite3.OperationalError):
                    self.database.execute("ROLLBACK")
                if not done:
                    raise
            except BaseException:
                self.database.execute("ROLLBACK")
                raise
            return done[0]

        return await self._writer.run(committed)

    patch.over(Store, "commit", commit)


@bug("no-recovery", "what was sent before a restart is forgotten")
def _no_recovery(patch: Patch) -> None:
    async def recover(self: Any) -> list[Any]:
        return []

    patch.over(Journal, "recover", recover)


def _recovered_as(patch: Patch, state: State) -> None:
    whole = vars(Journal)["recover"]

    async def recover(self: Any) -> Any:
        def work() -> None:
            for record in self._records("WHERE state = ?", (State.SENT,)):
                self._update(record.id, {"state": state})

        await self._store.commit(work)
        return await whole(self)

    patch.over(Journal, "recover", recover)


@bug("recovery-declines", "what was sent before a restart is called declined")
def _recovery_declines(patch: Patch) -> None:
    _recovered_as(patch, State.DECLINED)


@bug("recovery-approves", "what was sent before a restart is called approved")
def _recovery_approves(patch: Patch) -> None:
    _recovered_as(patch, State.APPROVED)


@bug("recovery-drops", "a restart takes every reversal for done")
def _recovery_drops(patch: Patch) -> None:
    whole = vars(Journal)["recover"]

    async def recover(self: Any) -> Any:
        found = await whole(self)
        for record in found:
            if record.state is State.REVERSING:
                await self.reversed(record.id, "00", ())
        return []

    patch.over(Journal, "recover", recover)


@bug("stan-from-max", "the STAN is one more than the highest in the journal")
def _stan_from_max(patch: Patch) -> None:
    def take(self: Any) -> int:
        (highest,) = self._database.execute("SELECT coalesce(max(stan), 0) FROM txn").fetchone()
        return int(highest) % 999_999 + 1

    patch.over(Journal, "_take_stan", take)


@bug("stan-from-clock", "the STAN is the time of day")
def _stan_from_clock(patch: Patch) -> None:
    patch.over(Journal, "_take_stan", lambda self: int(self._store._clock().strftime("%H%M%S")) or 1)


@bug("stan-from-one", "STANs are counted in memory and begin again at every start")
def _stan_from_one(patch: Patch) -> None:
    made = vars(Journal)["__init__"]

    def make(self: Any, *arguments: Any) -> None:
        made(self, *arguments)
        self._numbers = itertools.count(1)

    patch.over(Journal, "__init__", make)
    patch.over(Journal, "_take_stan", lambda self: next(self._numbers))


@bug("stan-per-batch", "the counter of STANs begins again with every batch")
def _stan_per_batch(patch: Patch) -> None:
    from terminal.journal.settlements import Settlements

    whole = vars(Settlements)["finished"]

    async def finished(self: Any, batch: int, slips: Any) -> Any:
        done = await whole(self, batch, slips)
        await self._store.commit(lambda: self._store.put("stan", "0"))
        return done

    patch.over(Settlements, "finished", finished)


@bug("slips-afterwards", "an approval's slips are queued in a transaction of their own, a moment later")
def _slips_afterwards(patch: Patch) -> None:
    whole = vars(Journal)["approve"]

    async def approve(self: Any, id: int, answer: Any, slips: Any) -> Any:
        record = await whole(self, id, answer, ())
        for what in slips:
            await self.jobs.queue_slip(id, what, reprint=False)
        return record

    patch.over(Journal, "approve", approve)


@bug("print-unmarked", "that a slip has been begun is not written down")
def _print_unmarked(patch: Patch) -> None:
    async def started(self: Any, job: int, total: int) -> None:
        return None

    patch.over(PrintJobs, "started", started)


@bug("trouble-unmarked", "after trouble a slip is printed again as if for the first time", printer_trouble=True)
def _trouble_unmarked(patch: Patch) -> None:
    async def progress(self: Any, job: int, bytes_done: int) -> None:
        await self.withdrawn(job)

    patch.over(PrintJobs, "progress", progress)


@bug("reprint-unmarked", "a reprint does not say DUPLICATE")
def _reprint_unmarked(patch: Patch) -> None:
    whole = vars(PrintJobs)["queue_slip"]

    async def queue(self: Any, id: Any, what: str, *, reprint: bool, batch: int = 0) -> None:
        await whole(self, id, what, reprint=False, batch=batch)

    patch.over(PrintJobs, "queue_slip", queue)


@bug("slip-from-memory", "a slip is drawn from what was printed before it, not from its row")
def _slip_from_memory(patch: Patch) -> None:
    whole = vars(SlipWriter)["draw"]
    last: list[Any] = []

    async def draw(self: Any, job: Any, duplicate: bool) -> bytes:
        remembered = last[0] if last and job.record is not None else job
        if job.record is not None:
            last[:] = [job]
        shown = replace(job, record=replace(job.record, amount_minor=remembered.record.amount_minor)) if (
            job.record is not None
        ) else job  # fmt: skip
        data: bytes = await whole(self, shown, duplicate)
        return data

    patch.over(SlipWriter, "draw", draw)


@bug("slip-always-good", "the slip of what was undone does not say NOT CHARGED")
def _slip_always_good(patch: Patch) -> None:
    from terminal.slips import layout

    patch.over(layout, "is_proof", lambda record: True)


@bug("card-in-journal", "the account column holds the whole number")
def _card_in_journal(patch: Patch) -> None:
    patch.over(card_room, "mask_pan", lambda pan: pan)


@bug("safe-open", "the card number that an advice needs is kept as it is")
def _safe_open(patch: Patch) -> None:
    patch.over(steps_room, "seal_card", lambda vault, pan, expiry: bytes(pan) + b"=" + expiry.encode("ascii"))
    whole = vars(safe_room)["unseal_card"]
    assert whole is not None


@bug("card-in-events", "the event log notes whose card it was")
def _card_in_events(patch: Patch) -> None:
    from terminal.acquirer.exchange import Exchange

    whole = vars(Exchange)["run"]

    async def run(self: Any, intent: Any, present: Any, seen: Any = None) -> Any:
        def noted() -> Any:
            presented = present()
            kept.append(presented.track2 or presented.pan)
            return presented

        kept: list[str] = []
        try:
            return await whole(self, intent, noted, seen)
        finally:
            if kept:
                await self._acquirer.journal.note("card", kept[0])

    patch.over(Exchange, "run", run)


@bug("totals-with-reversed", "what was reversed counts in the totals")
def _totals_with_reversed(patch: Patch) -> None:
    counted = vars(journal_room)["COUNTED"].replace("state = 'approved'", "state IN ('approved', 'reversed')")
    patch.over(journal_room, "COUNTED", counted)
    patch.over(totals_room, "COUNTED", counted)


@bug("totals-in-memory", "the totals of a batch are added up once and then remembered")
def _totals_in_memory(patch: Patch) -> None:
    whole = vars(Journal)["_totals"]

    def totals(self: Any, batch: int) -> Any:
        known = self.__dict__.setdefault("_known", {})
        batch = batch or self._store.batch()
        return known.setdefault(batch, whole(self, batch))

    patch.over(Journal, "_totals", totals)
