"""Batch totals, always summed from the rows (facts/reliability-security-emv.md §A2 rule 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terminal.domain.transactions import SERVICE_KINDS, TRANSACTIONS, Total

__all__ = ["COUNTED", "KindTotal", "Totals", "totals_of"]

_STANDING = ", ".join(f"'{kind.name}'" for kind in TRANSACTIONS.values() if kind.stands)
_MOVING = ", ".join(f"'{kind.name}'" for kind in TRANSACTIONS.values() if kind.name not in SERVICE_KINDS)
COUNTED = f"(state = 'approved' OR (state = 'advising' AND kind IN ({_STANDING}))) AND kind IN ({_MOVING})"
"""Condition in SQL: the rows that count, those that stand at the counter before the host has heard of them included."""


@dataclass(frozen=True, slots=True)
class KindTotal:
    """Count and sum of one kind of transaction."""

    kind: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the terminal holds to be charged in a batch (element 48 of the 0500, facts/unionpay.md §3.2)."""

    batch: int
    debit_count: int
    debit_minor: int
    credit_count: int
    credit_minor: int
    kinds: tuple[KindTotal, ...]


def totals_of(batch: int, rows: Iterable[tuple[str, int, int]]) -> Totals:
    """Totals from ``(kind, count, sum)`` of the approved rows of one batch."""
    kinds = tuple(KindTotal(*row) for row in rows)

    def side(which: Total) -> tuple[int, int]:
        chosen = [row for row in kinds if TRANSACTIONS[row.kind].total is which]
        return sum(row.count for row in chosen), sum(row.amount_minor for row in chosen)

    return Totals(batch, *side(Total.DEBIT), *side(Total.CREDIT), kinds)
