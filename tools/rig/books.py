"""The terminal's journal and the host's ledger side by side: the only judge of whether a payment went well.

Both are read from outside. Charges are matched by the host's reference (element 37), which the
terminal does not choose, and by the amount, which the rig chose; never by STAN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminal.domain.record import OPEN_STATES, State
from terminal.domain.transactions import TRANSACTIONS, Total
from terminal.journal.beside import reading

__all__ = ["Comparison", "JournalRow", "compare", "read_journal"]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What the comparison needs of a row of the journal."""

    kind: str
    state: str
    batch: int
    stan: int
    amount_minor: int
    rrn: str
    undo_cause: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the two books say of each other."""

    terminal_count: int
    terminal_minor: int
    host_count: int
    host_minor: int
    faults: tuple[str, ...]
    """What is wrong, one sentence each; empty when the books are equal and whole."""


def read_journal(path: Path) -> list[JournalRow]:
    """All transactions of a journal, whether or not its terminal runs."""
    query = "SELECT kind, state, batch, stan, amount_minor, rrn, undo_cause FROM txn ORDER BY id"
    with reading(path) as database:
        return [JournalRow(*row) for row in database.execute(query)]


def compare(
    rows: Iterable[JournalRow],
    ledger: Iterable[dict[str, Any]],
    arrivals: Iterable[dict[str, Any]],
    unsound: Iterable[dict[str, Any]],
) -> Comparison:
    """Hold the approved rows of a journal against the charges that stand at the host.

    ``ledger``, ``arrivals`` and ``unsound`` are the host's reports ``ledger``, ``arrivals`` and ``check``.
    """
    rows = list(rows)
    approved = Counter(
        (row.rrn, row.amount_minor)
        for row in rows
        if row.state == State.APPROVED and TRANSACTIONS[row.kind].total is not Total.NONE
    )
    charged = Counter(
        (row["rrn"], row["amount_minor"]) for row in ledger if row["state"] == "approved" and row["total"] != "none"
    )
    faults = [
        f"The host has charged {amount} (reference {rrn}); the terminal counts no such sale."
        for rrn, amount in (charged - approved).elements()
    ]
    faults += [
        f"The terminal counts a sale of {amount} (reference {rrn}) that the host has not charged."
        for rrn, amount in (approved - charged).elements()
    ]
    faults += [f"Voucher {row.stan:06d} has come to no end: {row.state}." for row in rows if row.state in OPEN_STATES]
    faults += [
        f"Message {row['stan']:06d} reached the host twice under one number."
        for row in arrivals
        if row["note"] == "repeated"
    ]
    faults += [f"The host's own book: {row['fault']} (number {row['id']})." for row in unsound]
    return Comparison(
        sum(approved.values()),
        sum(amount * count for (_, amount), count in approved.items()),
        sum(charged.values()),
        sum(amount * count for (_, amount), count in charged.items()),
        tuple(faults),
    )
