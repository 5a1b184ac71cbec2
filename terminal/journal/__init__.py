"""The journal: durable rows of everything that matters about money."""

from terminal.journal.database import JournalError, JournalFault, StorageFull
from terminal.journal.journal import Journal
from terminal.journal.rows import PrintJob, Slip
from terminal.journal.totals import KindTotal, Totals
from terminal.journal.writer import InlineWriter, ThreadWriter, Writer

__all__ = [
    "InlineWriter",
    "Journal",
    "JournalError",
    "JournalFault",
    "KindTotal",
    "PrintJob",
    "Slip",
    "StorageFull",
    "ThreadWriter",
    "Totals",
    "Writer",
]
