"""Batch totals, always summed from the rows (facts/reliability-security-emv.md §A2 rule 8).

Domestic and foreign cards 内卡/外卡 are told apart by the organisation in the host's answer, element 63.1, as the
acquirer's profile says. The row keeps what the host said; which side that is, is asked only when sums are drawn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from terminal.domain.transactions import SERVICE_KINDS, TRANSACTIONS, Payer, Total

__all__ = ["COUNTED", "DOMESTIC", "KindTotal", "SideTotals", "Totals", "is_foreign", "read_totals", "totals_of"]

_STANDING = ", ".join(f"'{kind.name}'" for kind in TRANSACTIONS.values() if kind.stands)
_MOVING = ", ".join(f"'{kind.name}'" for kind in TRANSACTIONS.values() if kind.name not in SERVICE_KINDS)
COUNTED = f"(state = 'approved' OR (state = 'advising' AND kind IN ({_STANDING}))) AND kind IN ({_MOVING})"
"""Condition in SQL: the rows that count, those that stand at the counter before the host has heard of them included."""
DOMESTIC = frozenset({"CUP"})
"""Organisations of domestic cards where no profile says otherwise."""


def is_foreign(organisation: str, domestic: frozenset[str]) -> bool:
    """Whether a card is on the foreign side; one whose organisation the host did not name is domestic."""
    return bool(organisation) and organisation not in domestic


@dataclass(frozen=True, slots=True)
class KindTotal:
    """Count and sum of one kind of transaction on one side."""

    kind: str
    count: int
    amount_minor: int
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class SideTotals:
    """What is charged and given back on one side of a batch."""

    debit_count: int = 0
    debit_minor: int = 0
    credit_count: int = 0
    credit_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the merchant has coming."""
        return self.debit_minor - self.credit_minor

    def __bool__(self) -> bool:
        """Whether anything counts on this side."""
        return bool(self.debit_count or self.credit_count)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the terminal holds to be charged in a batch (element 48 of the 0500, facts/unionpay.md §3.2)."""

    batch: int
    domestic: SideTotals
    foreign: SideTotals
    kinds: tuple[KindTotal, ...]
    """Domestic ones first."""

    @property
    def sections(self) -> tuple[tuple[str, tuple[KindTotal, ...]], ...]:
        """Kinds under the catalogue key of their heading, which is empty for cash and where no card is foreign."""
        if not any(kind.foreign for kind in self.kinds):
            return (("", self.kinds),)
        cash = tuple(kind for kind in self.kinds if TRANSACTIONS[kind.kind].payer is Payer.CASH)
        domestic = tuple(kind for kind in self.kinds if not kind.foreign and kind not in cash)
        foreign = tuple(kind for kind in self.kinds if kind.foreign)
        found = (("", cash), ("side.domestic", domestic), ("side.foreign", foreign))
        return tuple((heading, kinds) for heading, kinds in found if kinds)

    @property
    def net_minor(self) -> int:
        """What the merchant has coming for both sides."""
        return self.domestic.net_minor + self.foreign.net_minor


def read_totals(database: sqlite3.Connection, batch: int, domestic: frozenset[str]) -> Totals:
    """Totals of a batch: one reading of its rows."""
    rows = database.execute(
        f"SELECT kind, card_organisation, count(*), sum(amount_minor) FROM txn WHERE batch = ? AND {COUNTED} "
        "GROUP BY kind, card_organisation ORDER BY kind",
        (batch,),
    )
    return totals_of(batch, rows, domestic)


def totals_of(batch: int, rows: Iterable[tuple[str, str, int, int]], domestic: frozenset[str] = DOMESTIC) -> Totals:
    """Totals from ``(kind, organisation, count, sum)`` of the rows that count in one batch."""
    sums: dict[tuple[bool, str], tuple[int, int]] = {}
    for kind, organisation, count, amount_minor in rows:
        place = is_foreign(organisation, domestic), kind
        known_count, known_minor = sums.get(place, (0, 0))
        sums[place] = known_count + count, known_minor + amount_minor
    kinds = tuple(KindTotal(kind, *sums[foreign, kind], foreign) for foreign, kind in sorted(sums))

    def total(foreign: bool, which: Total) -> tuple[int, int]:
        chosen = [row for row in kinds if row.foreign is foreign and TRANSACTIONS[row.kind].total is which]
        return sum(row.count for row in chosen), sum(row.amount_minor for row in chosen)

    home, abroad = (SideTotals(*total(side, Total.DEBIT), *total(side, Total.CREDIT)) for side in (False, True))
    return Totals(batch, home, abroad, kinds)
