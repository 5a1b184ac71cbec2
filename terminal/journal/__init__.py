"""The journal: durable rows of everything that matters about money."""

from terminal.journal.database import JournalError, JournalFault
from terminal.journal.journal import Journal
from terminal.journal.limits import Limits
from terminal.journal.operators import OperatorRole, SignInResult
from terminal.journal.refusal import BeginRefused
from terminal.journal.rows import PrintJob, Slip
from terminal.journal.settlements import Settlement, SettlementState
from terminal.journal.till_requests import Asked, RequestState, TillRequest
from terminal.journal.totals import KindTotal, SideTotals, Totals, is_foreign
from terminal.journal.writer import InlineWriter, ThreadWriter, Writer

__all__ = [
    "Asked",
    "BeginRefused",
    "InlineWriter",
    "Journal",
    "JournalError",
    "JournalFault",
    "KindTotal",
    "Limits",
    "OperatorRole",
    "PrintJob",
    "RequestState",
    "Settlement",
    "SettlementState",
    "SideTotals",
    "SignInResult",
    "Slip",
    "ThreadWriter",
    "TillRequest",
    "Totals",
    "Writer",
    "is_foreign",
]
