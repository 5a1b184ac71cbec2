"""Reversals: repeated until the host has answered, over any restart, before anything new.

A deviation from firmware habit: a reversal is never dropped after some tries
(facts/unionpay.md §10). It stays, blocks new sales, and says so on the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from iso8583 import Iso8583Error
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.judge import Mac, reversal_closed
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import reversal
from terminal.acquirer.sign_on import sign_on
from terminal.acquirer.wire import MAC_SLOT
from terminal.domain.record import State, TransactionRecord
from terminal.journal import Slip

__all__ = ["Reversals"]

_NO_ANSWER, _BAD_MAC, _ANSWERED = "98", "A0", "06"
"""Element 39 of the next try, by what became of this one (facts/unionpay.md §3.1)."""


class Reversals:
    """Sends what the journal holds to be undone; has no memory of its own but the count to show."""

    def __init__(self, acquirer: Acquirer, changed: Callable[[TransactionRecord | None], None]) -> None:
        self._acquirer = acquirer
        self._changed = changed
        self._wake = asyncio.Event()
        self._awaited: dict[int, asyncio.Event] = {}
        self.pending = 0
        """How many wait, for the status bar."""

    def note_new(self) -> None:
        """The journal holds one more: try now instead of at the next interval."""
        self._count(self.pending + 1, None)
        self._wake.set()

    def retry(self) -> None:
        """The host may be in reach again: try now instead of at the next interval."""
        self._wake.set()

    async def until_closed(self, id: int, timeout_s: float) -> bool:
        """Wait until the host has acknowledged the reversal of a row, ``timeout_s`` at most."""
        closed = self._awaited.setdefault(id, asyncio.Event())
        try:
            async with asyncio.timeout(timeout_s):
                # It may have been acknowledged before anybody waited, as at a start.
                if (await self._acquirer.journal.record(id)).state is not State.REVERSING:
                    return True
                return await closed.wait()
        except TimeoutError:
            return False
        finally:
            self._awaited.pop(id, None)

    async def run(self) -> None:
        """Keep trying while anything waits; the interval doubles up to the profile's limit."""
        profile = self._acquirer.profile
        delay = profile.reversal_retry_first_s
        while True:
            async with self._acquirer.turn:
                before = self.pending
                waiting = await self.drain()
            delay = profile.reversal_retry_first_s if len(waiting) < before else delay
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(delay if waiting else None):
                    await self._wake.wait()
            delay = min(delay * 2, profile.reversal_retry_max_s) if waiting else profile.reversal_retry_first_s

    async def drain(self) -> list[TransactionRecord]:
        """Try every waiting reversal once, oldest first; return those that still wait.

        The first one that the host does not close ends the round. The caller holds ``acquirer.turn``.
        """
        waiting = await self._acquirer.journal.reversals()
        self._count(len(waiting), None)
        while waiting:
            closed = await self._try(waiting[0])
            if closed is None:
                break
            waiting = waiting[1:]
            self._count(len(waiting), closed)
        return waiting

    def _count(self, pending: int, closed: TransactionRecord | None) -> None:
        if pending != self.pending or closed is not None:
            self.pending = pending
            self._changed(closed)
        if closed is not None and closed.id in self._awaited:
            self._awaited[closed.id].set()

    async def _try(self, record: TransactionRecord) -> TransactionRecord | None:
        """One 0400; the closed row, or None while the host has not acknowledged it."""
        acquirer = self._acquirer
        if not acquirer.vault.has(MAC_SLOT) and not (await sign_on(acquirer)).done:
            return None
        request = reversal(record, acquirer.identity, acquirer.profile)
        try:
            async with acquirer.link.open() as channel, asyncio.timeout(acquirer.profile.response_s):
                reply = await acquirer.wire.call(channel, request, mac=True)
        except LinkDown:
            return None  # nothing was sent: not a try
        except (TimeoutError, LinkLost):
            await acquirer.journal.reversal_tried(record.id, _NO_ANSWER)
            return None
        except (Iso8583Error, KeysError):
            await acquirer.journal.reversal_tried(record.id, _ANSWERED)
            return None
        code = reply.message.get(39)
        if reversal_closed(request, reply.message, reply.mac, acquirer.profile):
            return await acquirer.journal.reversed(record.id, str(code), (Slip.MERCHANT,))
        await acquirer.journal.reversal_tried(record.id, _BAD_MAC if reply.mac is Mac.WRONG else _ANSWERED)
        if code in acquirer.profile.sign_on_codes or reply.mac is Mac.WRONG:
            await sign_on(acquirer)  # new keys for the next try
        return None
