"""How much may be open before the host must have its say: refused at the counter, never dropped later."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from terminal.domain.record import Intent, State
from terminal.domain.transactions import TRANSACTIONS, Total
from terminal.journal.refusal import BeginRefused

__all__ = ["Limits"]

_STANDING = tuple(kind.name for kind in TRANSACTIONS.values() if kind.stands)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a batch and of what waits to be forwarded; the defaults are the firmware's (facts/unionpay.md §10)."""

    batch_rows: int = 500
    batch_minor: int = 9_999_000_000_00
    waiting_rows: int = 50
    """Transactions agreed at the counter that the host has not answered."""
    waiting_minor: int = 5_000_000
    single_minor: int = 1_000_000
    age_hours: int = 24
    """Age of the oldest of them."""

    def check(self, database: sqlite3.Connection, batch: int, intent: Intent, now: str) -> None:
        """Raises BeginRefused when one more would exceed a limit."""
        count, total = database.execute(
            "SELECT count(*), coalesce(sum(amount_minor), 0) FROM txn WHERE batch = ? AND state != ?",
            (batch, State.DROPPED),
        ).fetchone()
        counts = TRANSACTIONS[intent.kind].total is not Total.NONE
        if counts and (count >= self.batch_rows or total + intent.amount_minor > self.batch_minor):
            raise BeginRefused("reason.batch-full")
        if TRANSACTIONS[intent.kind].stands:
            self._check_waiting(database, intent, now)

    def _check_waiting(self, database: sqlite3.Connection, intent: Intent, now: str) -> None:
        marks = ", ".join("?" * len(_STANDING))
        count, total, oldest = database.execute(
            f"SELECT count(*), coalesce(sum(amount_minor), 0), min(started_at) FROM txn "
            f"WHERE state IN ('sent', 'reversing', 'advising') AND state = ? AND kind IN ({marks})",
            (State.ADVISING, *_STANDING),
        ).fetchone()
        too_old = oldest is not None and datetime.fromisoformat(now) - datetime.fromisoformat(oldest) > timedelta(
            hours=self.age_hours
        )
        if (
            intent.amount_minor > self.single_minor
            or count >= self.waiting_rows
            or total + intent.amount_minor > self.waiting_minor
            or too_old
        ):
            raise BeginRefused("reason.offline-limit")
