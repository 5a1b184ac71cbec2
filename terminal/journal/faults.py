"""Why the journal cannot be relied on."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["JournalError", "JournalFault"]


class JournalFault(StrEnum):
    """Why the journal cannot be relied on, for the screen in the reader's language."""

    HELD = "held"
    """Another process has it."""
    DAMAGED = "damaged"
    UNUSABLE = "unusable"
    """Its folder, its rights or its file system will not do."""
    VERSION = "version"
    """Written by a newer version of the software."""
    WRITE = "write"
    """A write failed: the disk is full or worn."""


class JournalError(Exception):
    """The journal cannot be relied on; no payment may be taken until it is mended.

    ``remedy`` says what a technician does about it.
    """

    def __init__(self, fault: JournalFault, text: str, remedy: str) -> None:
        super().__init__(text)
        self.fault = fault
        self.remedy = remedy
