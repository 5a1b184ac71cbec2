"""The exchange: the only place where a financial request leaves and its answer becomes a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from iso8583 import Iso8583Error
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.judge import answer_of, judge
from terminal.acquirer.link import Channel, LinkDown, LinkLost
from terminal.acquirer.request import Presented, financial
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.sign_on import sign_on
from terminal.acquirer.wire import MAC_SLOT
from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.domain.record import HostAnswer, Intent, State, TransactionRecord, UndoCause
from terminal.journal import Slip, StorageFull

__all__ = ["Exchange"]

_REASON = {UndoCause.BAD_MAC: "A0", UndoCause.NO_ANSWER: "98", UndoCause.LINK_LOST: "98"}
"""Element 39 of the reversal; 06 for every other cause (facts/unionpay.md §3.1)."""
_OTHER = "06"


class Exchange:
    """Takes one attempt from intent to a state that no restart can lose."""

    def __init__(self, acquirer: Acquirer, reversals: Reversals) -> None:
        self._acquirer = acquirer
        self._reversals = reversals

    async def run(self, intent: Intent, present: Callable[[], Presented]) -> Outcome:
        """Exchange one financial message.

        ``present`` gives the card data and the PIN block at the last moment; it is called once the
        keys are known to be there. Nothing is sent while an older attempt is still being undone.
        """
        acquirer = self._acquirer
        async with acquirer.turn:
            if await self._reversals.drain():
                return Outcome(Result.NOT_CHARGED, "reason.reversal-pending")
            if not (acquirer.signed_on and acquirer.vault.has(MAC_SLOT)):
                signed = await sign_on(acquirer)
                if not signed.done:
                    return Outcome(Result.NOT_CHARGED, signed.reason)
            try:
                presented = present()
            except KeysError:
                return Outcome(Result.NOT_CHARGED, "reason.keys-refused")
            try:
                async with acquirer.link.open() as channel:
                    record = await self._ask(channel, intent, presented)
            except LinkDown:
                return Outcome(Result.NOT_CHARGED, "reason.no-link")
            except StorageFull:
                return Outcome(Result.NOT_CHARGED, "reason.storage-full")
        if record.state is State.REVERSING:
            self._reversals.note_new()
        return outcome_of(record)

    async def _ask(self, channel: Channel, intent: Intent, presented: Presented) -> TransactionRecord:
        acquirer = self._acquirer
        # A power cut after this line is undone at the next start, whether a byte left or not.
        record = await acquirer.journal.begin(intent)
        request = financial(record, presented, acquirer.identity, acquirer.profile)
        try:
            async with asyncio.timeout(acquirer.profile.response_s):
                reply = await acquirer.wire.call(channel, request, mac=True)
        except TimeoutError:
            return await self._undo(record, UndoCause.NO_ANSWER)
        except LinkLost:
            return await self._undo(record, UndoCause.LINK_LOST)
        except (Iso8583Error, KeysError):
            return await self._undo(record, UndoCause.BAD_REPLY)
        verdict = judge(request, reply.message, reply.mac, acquirer.profile)
        answer = answer_of(reply.message)
        if verdict.sign_on_again or reply.wish == acquirer.profile.sign_on_wish:
            acquirer.signed_on = False
        if verdict.approved:
            return await acquirer.journal.approve(record.id, answer, (Slip.MERCHANT, Slip.CUSTOMER))
        if verdict.declined:
            return await acquirer.journal.decline(record.id, answer)
        assert verdict.undo is not None
        return await self._undo(record, verdict.undo, answer)

    async def _undo(
        self, record: TransactionRecord, cause: UndoCause, answer: HostAnswer | None = None
    ) -> TransactionRecord:
        return await self._acquirer.journal.undo(record.id, cause, _REASON.get(cause, _OTHER), answer)
