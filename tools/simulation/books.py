"""The terminal's journal as its platter holds it after the last life, read by nobody else's code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminal.domain.transactions import TRANSACTIONS
from tools.host.kinds import kind_of
from tools.simulation.disk import Disk, Platter
from tools.simulation.power import Power

__all__ = ["Books", "Job", "Row", "Settled", "Sums", "host_kind", "read_books"]


Sums = tuple[int, int, int, int]
"""Debit count and amount, credit count and amount."""


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction."""

    id: int
    kind: str
    state: str
    stan: int
    batch: int
    amount_minor: int
    account: str
    auth_code: str
    rrn: str
    uploaded: int


@dataclass(frozen=True, slots=True)
class Job:
    """One slip owed or printed."""

    txn: int | None
    what: str
    reprint: int
    state: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it was told to the host."""

    batch: int
    state: str
    domestic: Sums
    foreign: Sums
    verdict: str
    """What the terminal believes the host to find: a digit for either side."""

    @property
    def balanced(self) -> bool:
        """Whether both sides agree."""
        return self.verdict == "11"


@dataclass(frozen=True, slots=True)
class Books:
    """Everything the invariants look at."""

    rows: tuple[Row, ...]
    jobs: tuple[Job, ...]
    settled: tuple[Settled, ...]
    settings: dict[str, str]


def read_books(platter: Platter, name: str) -> Books:
    """Open the journal's files on a machine of their own and read them."""
    disk = Disk(Power(), platter)
    try:
        database: Any = disk.storage.connect(Path(name))
        database.execute("PRAGMA locking_mode=EXCLUSIVE").fetchone()

        def select(what: str) -> list[Any]:
            return list(database.execute(what))

        return Books(
            tuple(
                Row(*row)
                for row in select(
                    "SELECT id, kind, state, stan, batch, amount_minor, account, auth_code, rrn, uploaded "
                    "FROM txn ORDER BY id"
                )
            ),
            tuple(Job(*row) for row in select("SELECT txn, what, reprint, state FROM print_job ORDER BY id")),
            tuple(
                Settled(row[0], row[1], row[2:6], row[6:10], row[10])
                for row in select(
                    "SELECT batch, state, debit_count, debit_minor, credit_count, credit_minor, foreign_debit_count, "
                    'foreign_debit_minor, foreign_credit_count, foreign_credit_minor, domestic || "foreign" '
                    "FROM settlement ORDER BY batch"
                )
            ),
            dict(select("SELECT name, value FROM setting")),
        )
    finally:
        disk.close()


def host_kind(kind: str) -> str:
    """The host's word for a kind of the terminal's; empty for what the host never hears of."""
    row = TRANSACTIONS[kind]
    if not row.mti:
        return ""
    found = kind_of(row.mti, row.processing_code, row.type_code, row.condition_code)
    return found.name if found else kind
