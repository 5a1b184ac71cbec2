"""Rows of the journal as the values the rest of the terminal works with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from terminal.domain.record import State, TransactionRecord

__all__ = ["COLUMNS", "PrintJob", "Slip", "record_from_row"]

COLUMNS = tuple(field.name for field in fields(TransactionRecord))
_FLAGS = frozenset({"training", "pin_entered"})


class Slip:
    """What a print job prints."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"
    TOTALS = "totals"
    DETAILS = "details"
    """Every transaction of a batch, a line each."""
    SETTLEMENT = "settlement"
    PARAMETERS = "parameters"
    """What the terminal is set to."""
    KEYS = "keys"
    """How a key was loaded; the job's batch is the number of its line in the audit log."""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One slip on its way to paper; the job is durable, so the paper comes exactly once."""

    id: int
    what: str
    """A name of Slip."""
    record: TransactionRecord | None
    """The row the slip is drawn from; None for what is drawn from a whole batch."""
    reprint: bool
    started: bool
    """Bytes may already be on paper: what follows is marked as a duplicate unless it can be resumed."""
    bytes_done: int
    total: int
    batch: int = 0
    """The batch that totals, details and settlement are of."""


def record_from_row(row: tuple[Any, ...]) -> TransactionRecord:
    """Record from a row selected in the order of COLUMNS."""
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    values["state"] = State(values["state"])
    values["started_at"] = datetime.fromisoformat(values["started_at"])
    for flag in _FLAGS:
        values[flag] = bool(values[flag])
    return TransactionRecord(**values)
