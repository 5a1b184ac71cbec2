"""Store and forward: what was agreed at the counter is told to the host until it has answered.

One row, one message: a repeat carries the same STAN and the same content, so a host that has it
already says so (facts/unionpay.md §10; facts/reliability-security-emv.md §A2 rule 9). Nothing is
dropped; what waits is shown, and limited where it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from iso8583 import Iso8583Error
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.judge import answer_of, judge
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import financial
from terminal.acquirer.safe import unseal_card
from terminal.acquirer.sign_on import with_keys
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import SERVICE_KINDS, TRANSACTIONS
from terminal.journal import Slip

__all__ = ["FORWARDED_AT_ONCE", "Advices"]

FORWARDED_AT_ONCE = 3
"""How many are forwarded in a row before the next customer may come in between."""


class Advices:
    """Forwards what the journal holds; has no memory of its own but the count to show."""

    def __init__(self, acquirer: Acquirer, changed: Callable[[], None]) -> None:
        self._acquirer = acquirer
        self._changed = changed
        self._woken = asyncio.Event()
        self._forwarded = 0
        self.pending = 0
        """How many wait, for the status bar."""

    def wake(self) -> None:
        """The journal holds one more: try now instead of at the next interval."""
        self._count(self.pending + 1)
        self._woken.set()

    def retry(self) -> None:
        """The host has just answered something: what waits is forwarded behind it (§10)."""
        self._woken.set()

    async def run(self) -> None:
        """Keep trying while anything waits; the interval doubles up to the profile's limit."""
        profile = self._acquirer.profile
        delay = profile.reversal_retry_first_s
        while True:
            self._woken.clear()
            async with self._acquirer.turn:
                before = self._forwarded
                left = await self.drain(FORWARDED_AT_ONCE)
            if self._forwarded > before:
                delay = profile.reversal_retry_first_s
                if left:
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(delay if left else None):
                    await self._woken.wait()
            delay = min(delay * 2, profile.reversal_retry_max_s) if left else profile.reversal_retry_first_s

    async def drain(self, at_most: int | None) -> int:
        """Forward the oldest, ``at_most`` of them; how many still wait. The caller holds ``acquirer.turn``.

        The first one that the host does not answer ends the round; nothing is forwarded before a reversal.
        """
        journal = self._acquirer.journal
        waiting = await journal.advices()
        self._count(len(waiting))
        if not waiting or await journal.reversals():
            return len(waiting)
        for record in waiting[:at_most]:
            if not await self._tell(record):
                break
            self._forwarded += 1
            self._count(self.pending - 1)
        return self.pending

    def _count(self, pending: int) -> None:
        if pending != self.pending:
            self.pending = pending
            self._changed()

    async def _tell(self, record: TransactionRecord) -> bool:
        """Tell the host once; whether it has answered."""
        acquirer = self._acquirer
        if not (await with_keys(acquirer)).done:
            return False
        presented = unseal_card(acquirer.vault, record)
        request = financial(record, presented, acquirer.identity, acquirer.profile)
        try:
            async with acquirer.link.open() as channel, asyncio.timeout(acquirer.profile.response_s):
                reply = await acquirer.wire.call(channel, request, mac=True)
        except (LinkDown, LinkLost, TimeoutError, Iso8583Error, KeysError):
            return False
        verdict = judge(request, reply.message, reply.mac, acquirer.profile)
        answer = answer_of(reply.message, acquirer.profile)
        if verdict.sign_on_again:
            acquirer.signed_on = False
            return False
        # Paper is owed for what was not printed when it was stored; a service message leaves none.
        stands = TRANSACTIONS[record.kind].stands or record.kind in SERVICE_KINDS
        # "Repeated" closes it only as proven as any other decline.
        known = verdict.declined and answer.response_code in acquirer.profile.advice_known_codes
        if verdict.approved or known:
            await acquirer.journal.approve(record.id, answer, () if stands else (Slip.MERCHANT, Slip.CUSTOMER))
            return True
        if verdict.declined:
            # An unproven one may hide that the host has taken it, and is asked again. The merchant has to know:
            # what stood at the counter will not be paid by the issuer.
            await acquirer.journal.decline(record.id, answer, (Slip.MERCHANT,) if stands else ())
            return True
        return False
