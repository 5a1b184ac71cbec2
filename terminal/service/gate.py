"""The update gate: whether anything at this terminal is open that an update, a reset or a swap would endanger.

A stop is a power cut, and a start finishes what was open; so nothing is lost by an update. But a new version that
does not start would leave money undecided at a counter without a terminal: hence the gate.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from terminal.journal import JournalError, JournalFault
from terminal.journal.beside import reading
from terminal.journal.database import SCHEMA_VERSION
from terminal.journal.totals import COUNTED

__all__ = ["CONDITIONS", "MONEY", "Condition", "Obstacle", "obstacles", "open_in", "settled", "settled_in"]

_OPEN = "state IN ('sent', 'reversing', 'advising')"  # the words of the index


@dataclass(frozen=True, slots=True)
class Condition:
    """One kind of thing that may be open: how it is counted, said and closed."""

    name: str
    query: str
    """SQL that gives one number; 0 when nothing is open."""
    one: str
    many: str
    remedy: str


CONDITIONS = (
    Condition(
        "payment",
        f"SELECT count(*) FROM txn WHERE {_OPEN} AND state = 'sent'",
        "A payment is under way.",
        "{count} payments are under way.",
        "Wait until the terminal shows its result; after a crash start the terminal, it finishes the payment.",
    ),
    Condition(
        "reversal",
        f"SELECT count(*) FROM txn WHERE {_OPEN} AND state = 'reversing'",
        "A payment is being undone and the host has not confirmed it.",
        "{count} payments are being undone and the host has not confirmed it.",
        "Keep the terminal on and connected until the R in its status bar is gone.",
    ),
    Condition(
        "offline",
        f"SELECT count(*) FROM txn WHERE {_OPEN} AND state = 'advising'",
        "A transaction waits to be told to the host.",
        "{count} transactions wait to be told to the host.",
        "Keep the terminal on and connected until they are delivered; 7 0 shows what waits.",
    ),
    Condition(
        "settlement",
        "SELECT count(*) FROM settlement WHERE state != 'done'",
        "A settlement is under way.",
        "{count} settlements are under way.",
        "Finish it at the terminal: 7 6.",
    ),
    Condition(
        "batch",
        f"SELECT count(*) FROM txn WHERE {COUNTED} AND "
        "batch = (SELECT coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'batch'), 1))",
        "The batch holds a transaction that is not settled.",
        "The batch holds {count} transactions that are not settled.",
        "Settle it at the terminal: 7 6.",
    ),
    Condition(
        "slip",
        "SELECT count(*) FROM print_job WHERE state != 'done'",
        "A slip waits for the printer.",
        "{count} slips wait for the printer.",
        "Mend the printer or give the slips up: 9 5.",
    ),
)
"""In the order in which they are told: what is nearest to money first."""
MONEY = frozenset({"payment", "reversal", "offline", "settlement", "batch"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that is open, and how it comes to its end."""

    what: str
    count: int
    text: str
    remedy: str


def obstacles(journal: Path) -> tuple[Obstacle, ...]:
    """What is open at a terminal, read from its journal while it may be running; empty when it may be updated.

    A terminal without a journal has never taken a payment. Raises JournalError when the journal cannot tell.
    """
    if not journal.exists():
        return ()
    with reading(journal) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            return ()
        if version != SCHEMA_VERSION:
            raise JournalError(
                JournalFault.VERSION,
                f"The journal has format {version}; this version knows format {SCHEMA_VERSION}.",
                "Ask with the version of the software that wrote it.",
            )
        return open_in(database)


def open_in(database: sqlite3.Connection) -> tuple[Obstacle, ...]:
    """What is open in a journal."""
    return tuple(found for condition in CONDITIONS if (found := _look(database, condition)) is not None)


def settled_in(database: sqlite3.Connection) -> bool:
    """Whether nothing about money is open: no payment, reversal, offline transaction or settlement, an empty batch."""
    return not any(found.what in MONEY for found in open_in(database))


def settled(journal: Path) -> bool:
    """The same of a journal beside its terminal; a journal that cannot tell is not settled."""
    try:
        return not any(found.what in MONEY for found in obstacles(journal))
    except JournalError:
        return False


def _look(database: sqlite3.Connection, condition: Condition) -> Obstacle | None:
    (count,) = database.execute(condition.query).fetchone()
    if not count:
        return None
    text = condition.one if count == 1 else condition.many.format(count=count)
    return Obstacle(condition.name, count, text, condition.remedy)
