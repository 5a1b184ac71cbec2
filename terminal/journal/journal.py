"""The journal: the one place that knows where every transaction stands.

Rules that keep this file whole:
- every method that changes something is one SQLite transaction, committed before it returns;
- a STAN is taken from the durable counter in the same transaction as the row that uses it;
- states only move forward (the schema's triggers hold that too);
- a power cut inside a method leaves the rows as they were before it, a cut after it as they are after it;
- any error of the database is final for this process: JournalError, and no payment after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terminal.domain.record import HostAnswer, Intent, State, TransactionRecord, UndoCause
from terminal.domain.transactions import TRANSACTIONS, Total, Undo
from terminal.journal.database import LOCAL_STORAGE, Storage, open_database
from terminal.journal.downloads import Downloads
from terminal.journal.jobs import PrintJobs
from terminal.journal.limits import Limits
from terminal.journal.operators import Matches, Operators
from terminal.journal.refusal import BeginRefused
from terminal.journal.rows import COLUMNS, record_from_row
from terminal.journal.settlements import Settlements, refuse_while_open
from terminal.journal.store import Store, WallClock
from terminal.journal.till_requests import TillRequests
from terminal.journal.totals import COUNTED, DOMESTIC, Totals, read_totals
from terminal.journal.writer import Writer

__all__ = ["Journal", "WallClock"]

STAN_MAX = 999_999
INTERRUPTED_REASON = "98"
"""Element 39 of the reversal of an attempt that a power cut interrupted: no answer (facts/unionpay.md §3.1)."""
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM txn"
_OPEN = "state IN ('sent', 'reversing', 'advising')"
"""The words of the index ``txn_open``: without them a query for open rows would walk through years of closed ones."""
_LIVE = "state IN ('sent', 'approved', 'reversing', 'advising')"
_HINDERS = {"tip": "reason.has-tip", "refund": "reason.has-refund", "qr-refund": "reason.has-refund"}
"""What stands on a payment and would be left without it: then it is refunded, not made void."""
_SETS = {"card_organisation": "iif(original IS NULL OR card_organisation = '', :card_organisation, card_organisation)"}
"""A void, tip or refund stands on the side of what it is about, whatever its own answer calls the card."""
_REFUNDS = ("refund", "qr-refund")
_VOIDS = tuple(kind.name for kind in TRANSACTIONS.values() if kind.undoes)


class Journal:
    """Durable rows of one terminal. All methods are coroutines; the work runs in the writer."""

    def __init__(
        self, store: Store, limits: Limits, matches: Matches | None = None, domestic: frozenset[str] = DOMESTIC
    ) -> None:
        self._store = store
        self._database = store.database
        self.limits = limits
        self.domestic = domestic
        self.jobs = PrintJobs(store, self._record)
        self.settlements = Settlements(store, self._totals, self.jobs)
        self.operators = Operators(store, matches)
        self.downloads = Downloads(store)
        self.till_requests = TillRequests(store, self._record)

    @classmethod
    async def open(
        cls,
        path: Path,
        writer: Writer,
        now: WallClock,
        storage: Storage = LOCAL_STORAGE,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        matches: Matches | None = None,
        domestic: frozenset[str] = DOMESTIC,
    ) -> Journal:
        """Open the journal and assert its durability; ``domestic`` organisations' cards are no foreign ones.

        Raises JournalError.
        """
        database = await writer.run(lambda: open_database(path, storage))
        return cls(Store(database, writer, now, path.parent, storage), limits, matches, domestic)

    async def close(self) -> None:
        """Close the file; only an orderly way out, never needed for durability."""
        await self._store.close()

    def watch(self, tell: Callable[[object], None]) -> None:
        """Tell of the row that each durable change has left, and of whatever else a change returns."""
        self._store.committed = tell

    # --- a transaction's way ---------------------------------------------------------------

    async def begin(self, intent: Intent) -> TransactionRecord:
        """Durable intent with a fresh STAN and the current batch: from here on, silence is made certain.

        Raises BeginRefused, and nothing has begun: no room on the disk, batch full, settlement under way,
        or an original that cannot be made void any more.
        """
        return await self._insert(intent, State.SENT, ())

    async def store(self, intent: Intent, auth_code: str, slips: Sequence[str]) -> TransactionRecord:
        """An advice that is agreed at the counter: it stands, and the host hears of it when it can.

        Raises BeginRefused as ``begin`` does, and when the limits of what may wait are reached.
        """
        assert TRANSACTIONS[intent.kind].undo is Undo.ADVICE
        return await self._insert(intent, State.ADVISING, slips, auth_code)

    async def take(self, intent: Intent, slips: Sequence[str]) -> TransactionRecord:
        """Cash: done when it is written down. Raises BeginRefused as ``begin`` does."""
        assert not TRANSACTIONS[intent.kind].mti
        return await self._insert(intent, State.APPROVED, slips)

    async def noted(self, id: int, answer: HostAnswer) -> TransactionRecord:
        """What the host said of a payment that is not final yet: its numbers, and no change of state."""

        def work() -> TransactionRecord:
            told = {name: value for name, value in asdict(answer).items() if value and name != "response_code"}
            if told:
                self._update(id, told)
            self._store.note("pending", id, "")
            return self._record(id)

        return await self._store.commit(work)

    async def approve(self, id: int, answer: HostAnswer, slips: Sequence[str]) -> TransactionRecord:
        """The proven approval, with its slips queued in the same transaction."""
        return await self._move(id, State.APPROVED, answer, slips=slips)

    async def decline(self, id: int, answer: HostAnswer, slips: Sequence[str] = ()) -> TransactionRecord:
        """The proven decline: nothing is charged, nothing needs undoing."""
        return await self._move(id, State.DECLINED, answer, slips=slips)

    async def undo(self, id: int, cause: UndoCause, reason: str, answer: HostAnswer | None) -> TransactionRecord:
        """Turn an attempt into a durable reversal. ``reason`` is element 39 of the reversal."""
        return await self._move(
            id, State.REVERSING, answer, undo_cause=str(cause), reversal_reason=reason, detail=str(cause)
        )

    async def advise(self, id: int, cause: UndoCause) -> TransactionRecord:
        """Turn an attempt into a durable advice: told again until the host has answered."""
        return await self._move(id, State.ADVISING, None, undo_cause=str(cause), detail=str(cause))

    async def drop(self, id: int, cause: UndoCause) -> TransactionRecord:
        """Asked in vain, and no money was to move."""
        return await self._move(id, State.DROPPED, None, undo_cause=str(cause), detail=str(cause))

    async def reversal_tried(self, id: int, next_reason: str) -> TransactionRecord:
        """Count one reversal that got no closing answer, and keep what the next one says in element 39."""

        def work() -> TransactionRecord:
            self._database.execute(
                "UPDATE txn SET reversal_tries = reversal_tries + 1, reversal_reason = ? WHERE id = ? AND state = ?",
                (next_reason, id, State.REVERSING),
            )
            return self._record(id)

        return await self._store.commit(work)

    async def reversed(self, id: int, code: str, slips: Sequence[str]) -> TransactionRecord:
        """The host has acknowledged the reversal with ``code``; the attempt is closed."""
        return await self._move(id, State.REVERSED, None, slips=slips, detail=f"acknowledged with {code}")

    async def recover(self) -> list[TransactionRecord]:
        """After any restart: what was sent and has no answer is made certain. Safe to repeat and to interrupt.

        Returns what the merchant must be told of, oldest first: what is being undone, and what was interrupted.
        """

        def work() -> list[TransactionRecord]:
            interrupted = self._records(f"WHERE {_OPEN} AND state = ?", (State.SENT,))
            for record in interrupted:
                state, values = _RECOVERY[TRANSACTIONS[record.kind].undo]
                self._update(record.id, {"state": state, "undo_cause": str(UndoCause.INTERRUPTED), **values})
                self._store.note(str(state), record.id, UndoCause.INTERRUPTED)
            self.till_requests.end_interrupted()
            told = {record.id for record in interrupted if TRANSACTIONS[record.kind].undo is not Undo.NONE}
            told |= {record.id for record in self._records(f"WHERE {_OPEN} AND state = ?", (State.REVERSING,))}
            return [self._record(id) for id in sorted(told)]

        return await self._store.commit(work)

    # --- looking ---------------------------------------------------------------------------

    async def reversals(self) -> list[TransactionRecord]:
        """Reversals that the host has yet to acknowledge, oldest first."""
        return await self._select(f"WHERE {_OPEN} AND state = ? ORDER BY id", (State.REVERSING,))

    async def advices(self) -> list[TransactionRecord]:
        """Advices that the host has yet to answer, oldest first."""
        return await self._select(f"WHERE {_OPEN} AND state = ? ORDER BY id", (State.ADVISING,))

    async def record(self, id: int) -> TransactionRecord:
        """One row; KeyError when there is none."""
        return await self._store.run(lambda: self._record(id))

    async def last(self) -> TransactionRecord | None:
        """The newest transaction, or None."""
        found = await self._select("ORDER BY id DESC LIMIT 1", ())
        return found[0] if found else None

    async def find(self, stan: int, batch: int = 0) -> TransactionRecord | None:
        """The newest transaction of a batch with this voucher number, or None; 0 is the open one."""
        where = "WHERE batch = ? AND stan = ? ORDER BY id DESC LIMIT 1"
        found = await self._store.run(lambda: self._records(where, (batch or self._store.batch(), stan)))
        return found[0] if found else None

    async def of_batch(self, batch: int = 0) -> list[TransactionRecord]:
        """Every row of a batch that counts, oldest first; 0 is the open one."""
        where = f"WHERE batch = ? AND {COUNTED} ORDER BY id"
        return await self._store.run(lambda: self._records(where, (batch or self._store.batch(),)))

    async def voided_by(self, id: int) -> TransactionRecord | None:
        """The transaction that makes a row void, or is about to; None when there is none."""
        return await self._store.run(lambda: self._voided_by(id))

    async def by_rrn(self, rrn: str, day: str = "") -> TransactionRecord | None:
        """The approved payment with this reference number of the host and day (MMDD); None when it is not ours.

        A host's reference may come again on another day.
        """
        debits = ", ".join(f"'{kind.name}'" for kind in TRANSACTIONS.values() if kind.total is Total.DEBIT)
        where = f"WHERE rrn = ? AND state = ? AND kind IN ({debits}) ORDER BY id DESC"
        found = await self._select(where, (rrn, State.APPROVED))
        return next((record for record in found if not day or record.day == day), None)

    async def held_minor(self, auth_code: str, day: str) -> int | None:
        """What a pre-authorisation of this journal holds, additions included; None when it is not ours."""
        kinds = "kind IN ('pre-auth', 'additional-pre-auth')"
        found = await self._select(
            f"WHERE {kinds} AND state = ? AND (auth_code = ? OR original_auth = ?)",
            (State.APPROVED, auth_code, auth_code),
        )
        first = [record for record in found if record.auth_code == auth_code and record.day == day]
        added = [record for record in found if record.original_auth == auth_code and record.original_date == day]
        return sum(record.amount_minor for record in first + added) if first else None

    async def followed_minor(self, id: int, *kinds: str) -> int:
        """Sum of what refers to a row and stands or may yet stand: its tips, its refunds."""
        marks = ", ".join("?" * len(kinds))
        found = await self._select(f"WHERE original = ? AND kind IN ({marks}) AND {_LIVE}", (id, *kinds))
        return sum(record.amount_minor for record in found)

    async def totals(self, batch: int = 0) -> Totals:
        """Totals of a batch, summed from its rows; 0 is the open one."""
        return await self._store.run(lambda: self._totals(batch))

    # --- the terminal's own numbers --------------------------------------------------------

    async def next_stan(self) -> int:
        """A STAN for a management message, from the same durable counter."""
        return await self._store.commit(self._take_stan)

    async def setting(self, name: str, default: str = "") -> str:
        """A durable value of the terminal's own."""
        return await self._store.run(lambda: self._store.setting(name, default))

    async def set(self, **values: str) -> None:
        """Replace durable values, all or none."""

        def work() -> None:
            for name, value in values.items():
                self._store.put(name, value)

        await self._store.commit(work)

    async def has_space(self) -> bool:
        """Whether a payment may begin, as far as the disk goes."""
        return await self._store.run(self._store.has_space)

    async def note(self, what: str, detail: str = "") -> None:
        """Add a line to the event log. Never card data, PIN or key."""
        await self._store.commit(lambda: self._store.note(what, None, detail))

    # --- within the writer -----------------------------------------------------------------

    async def _insert(
        self, intent: Intent, state: State, slips: Sequence[str], auth_code: str = ""
    ) -> TransactionRecord:
        def work() -> TransactionRecord:
            self._store.require_space()
            refuse_while_open(self._store)
            batch = self._store.batch()
            self.limits.check(self._database, batch, intent, self._store.now())
            self._require_voidable(intent, batch)
            self._require_refundable(intent)
            plain = asdict(intent)
            till_request = plain.pop("till_request")
            values = {
                **plain.pop("referral"),
                **plain,
                "state": state,
                "stan": self._take_stan(),
                "batch": batch,
                "started_at": self._store.now(),
                "undo_cause": "",
                "reversal_reason": "",
                "reversal_tries": 0,
                **asdict(HostAnswer(auth_code=auth_code, card_organisation=self._organisation(intent))),
            }
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            row = self._database.execute(f"INSERT INTO txn ({names}) VALUES ({marks})", values).lastrowid
            assert row is not None
            if till_request:
                self.till_requests.link(row, till_request)
            for what in slips:
                self.jobs.queue(row, what, reprint=False)
            self._store.note("begun" if state is State.SENT else str(state), row, "")
            return self._record(row)

        return await self._store.commit(work)

    def _organisation(self, intent: Intent) -> str:
        """Of the card that the original was paid with; empty where the host has yet to name it."""
        original = intent.referral.original
        return "" if original is None else self._record(original).card_organisation

    def _require_voidable(self, intent: Intent, batch: int) -> None:
        undoes, original = TRANSACTIONS[intent.kind].undoes, intent.referral.original
        if not undoes:
            return
        record = self._record(original) if original is not None else None
        if record is None or record.kind not in undoes or record.state is not State.APPROVED or record.batch != batch:
            raise BeginRefused("reason.not-voidable")
        if self._voided_by(record.id) is not None:
            raise BeginRefused("reason.already-voided")
        for kind, reason in _HINDERS.items():
            if self._records(f"WHERE original = ? AND kind = ? AND {_LIVE} LIMIT 1", (record.id, kind)):
                raise BeginRefused(reason)

    def _require_refundable(self, intent: Intent) -> None:
        """Never more than was paid, as far as this journal knows the payment."""
        original = intent.referral.original
        if original is None or intent.kind not in _REFUNDS:
            return
        marks = ", ".join("?" * len(_REFUNDS))
        given = self._records(f"WHERE original = ? AND kind IN ({marks}) AND {_LIVE}", (original, *_REFUNDS))
        left_minor = self._record(original).amount_minor - sum(record.amount_minor for record in given)
        if intent.amount_minor > left_minor:
            raise BeginRefused("refund.too-much")

    def _voided_by(self, id: int) -> TransactionRecord | None:
        marks = ", ".join("?" * len(_VOIDS))
        found = self._records(f"WHERE original = ? AND kind IN ({marks}) AND {_LIVE} LIMIT 1", (id, *_VOIDS))
        return found[0] if found else None

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
        def work() -> TransactionRecord:
            told = {name: value for name, value in asdict(answer).items() if value} if answer else {}
            self._update(id, {"state": state, **values, **told})
            for what in slips:
                self.jobs.queue(id, what, reprint=False)
            self._store.note(str(state), id, detail)
            return self._record(id)

        return await self._store.commit(work)

    async def _select(self, where: str, values: tuple[Any, ...]) -> list[TransactionRecord]:
        return await self._store.run(lambda: self._records(where, values))

    def _totals(self, batch: int) -> Totals:
        return read_totals(self._database, batch or self._store.batch(), self.domestic)

    def _take_stan(self) -> int:
        stan = int(self._store.setting("stan", "0")) % STAN_MAX + 1
        self._store.put("stan", str(stan))
        return stan

    def _update(self, id: int, values: dict[str, Any]) -> None:
        assignments = ", ".join(f"{name} = {_SETS.get(name, f':{name}')}" for name in values)
        self._database.execute(f"UPDATE txn SET {assignments} WHERE id = :id", {**values, "id": id})

    def _records(self, where: str, values: tuple[Any, ...] = ()) -> list[TransactionRecord]:
        return [record_from_row(row) for row in self._database.execute(f"{_SELECT} {where}", values)]

    def _record(self, id: int) -> TransactionRecord:
        found = self._records("WHERE id = ?", (id,))
        if not found:
            raise KeyError(id)
        return found[0]


_RECOVERY: dict[Undo, tuple[State, dict[str, str]]] = {
    Undo.REVERSAL: (State.REVERSING, {"reversal_reason": INTERRUPTED_REASON}),
    Undo.ADVICE: (State.ADVISING, {}),
    Undo.NONE: (State.DROPPED, {}),
}
