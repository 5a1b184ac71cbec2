"""What came of an attempt, as the people at the counter need to hear it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from terminal.domain.record import State, TransactionRecord, UndoCause
from terminal.domain.transactions import TRANSACTIONS

__all__ = ["Outcome", "Result", "is_proof", "outcome_of"]


class Result(StrEnum):
    """There is no "unknown": a payment is never left so (facts/product.md §2.3)."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNDOING = "undoing"
    """Not charged as far as the merchant is concerned; the reversal has yet to be acknowledged."""
    NOT_CHARGED = "not-charged"
    """Undone and acknowledged, or never sent."""
    DELIVERING = "delivering"
    """A refund that is on its way: repeated until the host has answered; not to be entered again."""


_RESULTS = {
    State.APPROVED: Result.APPROVED,
    State.DECLINED: Result.DECLINED,
    State.SENT: Result.UNDOING,
    State.REVERSING: Result.UNDOING,
    State.REVERSED: Result.NOT_CHARGED,
    State.ADVISING: Result.DELIVERING,
    State.DROPPED: Result.NOT_CHARGED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, its row (None when nothing was sent) and the key of the text that says why."""

    result: Result
    reason: str
    """Catalogue key: ``response.51``, ``reason.no-answer``, ``reason.no-link``."""
    record: TransactionRecord | None = None
    detail: str = ""
    """Whom to call, as it is; no catalogue key."""


def outcome_of(record: TransactionRecord) -> Outcome:
    """Outcome as the journal row tells it: nothing in memory is needed to say where a sale stands.

    A decline that could not be proven is being undone, yet the host's words are the best reason there is.
    """
    if record.state is State.ADVISING and TRANSACTIONS[record.kind].stands:
        return Outcome(Result.APPROVED, "reason.will-be-sent", record)
    told_by_host = not record.undo_cause or record.undo_cause in _HOST_SPOKE
    reason = f"response.{record.response_code}" if told_by_host else f"reason.{record.undo_cause}"
    return Outcome(_RESULTS[record.state], reason, record)


def is_proof(record: TransactionRecord) -> bool:
    """Whether a slip of this row proves a payment: approved, or agreed at the counter and on its way."""
    return record.state is State.APPROVED or (record.state is State.ADVISING and TRANSACTIONS[record.kind].stands)


_HOST_SPOKE = frozenset({UndoCause.UNPROVEN_DECLINE, UndoCause.AMBIGUOUS_CODE})
