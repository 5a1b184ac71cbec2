"""A till's request on its way through the flows: shared by the dialogue, which answers the till, and the desk.

A request waits until the idle screen takes it, asks people, and then asks the host. Up to that moment it may be
broken off; whoever is told that it was can rely on it, because nothing is sent once ``aborted`` is set.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["TAKE_OVER", "Job", "Phase", "TillSlot", "Work"]

TAKE_OVER = "take-over"
"""Kind of a job that moves no money: another till wants the terminal."""


class Phase(StrEnum):
    """How far a request has come."""

    WAITING = "waiting"
    """The terminal has yet to take it up."""
    ASKING = "asking"
    """The customer or the operator is asked."""
    SENDING = "sending"
    """The host is asked, or may be: no way back."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a flow is to do."""

    kind: str
    """A name of ``TRANSACTIONS``, or ``TAKE_OVER``."""
    sale_id: str
    """The till that asks."""
    amount_minor: int = 0
    reference: str = ""
    """The till's number of the order."""
    voucher: int = 0
    """Of the payment that is made void."""
    host_reference: str = ""
    date: str = ""
    """MMDD; with ``host_reference`` the payment that is refunded."""


@dataclass(slots=True)
class Job:
    """One request that the terminal carries out. ``ended`` is awaited once, with the reason where nothing was begun."""

    work: Work
    request: int
    """Its number in the journal; 0 for what moves no money."""
    since: datetime
    ended: Callable[[str], Awaitable[None]]
    phase: Phase = Phase.WAITING
    aborted: bool = False
    refused: str = ""
    """Catalogue key of the last refusal that was shown."""
    loyalty: Callable[[str], None] = lambda number: None
    """Tells the till of a loyalty card that the customer has shown."""


class TillSlot:
    """The one place for a till's request at this terminal, and whether the terminal is free for one."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.job: Job | None = None
        self.free = False
        """Whether the idle screen is up, or a result that the next customer need not wait for."""
        self.doing = "starting"
        """Why it is not free: ``starting``, ``attended``, ``in-parts``, ``signed-out`` or ``locked``."""
        self.busy_since = now()
        self.call: Callable[[], None] = lambda: None
        """Wakes whoever asks at the desk, so that it looks here."""

    def offer(self, job: Job) -> None:
        """Put a job in; whether the terminal is free is the caller's to look at."""
        assert self.job is None, "one request at a time"
        self.job = job
        self.call()

    def abort(self) -> bool:
        """Break the present job off; whether that is still possible. What is broken off is never sent."""
        job = self.job
        if job is None or job.phase is Phase.SENDING:
            return False
        job.aborted = True
        self.call()
        return True

    def set_free(self, free: bool) -> None:
        """The idle screen comes up, or goes."""
        if self.free and not free:
            self.busy_since = self._now()
        self.free = free

    @property
    def waiting(self) -> bool:
        """Whether a job has yet to be taken up."""
        return self.job is not None and self.job.phase is Phase.WAITING
