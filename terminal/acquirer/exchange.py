"""The exchange: the only place where a financial request leaves and its answer becomes a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from iso8583 import Iso8583Error, Message
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import FORWARDED_AFTER_EACH, Advices
from terminal.acquirer.judge import answer_of, judge
from terminal.acquirer.link import Channel, LinkDown, LinkLost
from terminal.acquirer.request import Presented, financial
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.sign_on import sign_on
from terminal.acquirer.wire import MAC_SLOT
from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.domain.record import OPEN_STATES, HostAnswer, Intent, State, TransactionRecord, UndoCause
from terminal.domain.transactions import TRANSACTIONS, Undo
from terminal.journal import BeginRefused, Slip

__all__ = ["Exchange"]

_REASON = {UndoCause.BAD_MAC: "A0", UndoCause.NO_ANSWER: "98", UndoCause.LINK_LOST: "98"}
"""Element 39 of the reversal; 06 for every other cause (facts/unionpay.md §3.1)."""
_OTHER = "06"


class Exchange:
    """Takes one attempt from intent to a state that no restart can lose."""

    def __init__(self, acquirer: Acquirer, reversals: Reversals, advices: Advices) -> None:
        self._acquirer = acquirer
        self._reversals = reversals
        self._advices = advices

    async def run(
        self, intent: Intent, present: Callable[[], Presented], seen: Callable[[Message], None] | None = None
    ) -> Outcome:
        """Exchange one financial message.

        ``present`` gives the card data and the PIN block at the last moment; it is called once the
        keys are known to be there. ``seen`` is shown an approval, for what is not kept (a balance).
        Nothing is sent while an older attempt is still being undone.
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
                    record = await self._ask(channel, intent, presented, seen)
            except LinkDown:
                return Outcome(Result.NOT_CHARGED, "reason.no-link")
            except BeginRefused as refusal:
                return Outcome(Result.NOT_CHARGED, refusal.reason)
            if record.state not in OPEN_STATES:
                await self._advices.drain(FORWARDED_AFTER_EACH)
        if record.state is State.REVERSING:
            self._reversals.note_new()
        elif record.state is State.ADVISING:
            self._advices.wake()
        return outcome_of(record)

    async def store(self, intent: Intent, auth_code: str) -> Outcome:
        """An advice that is agreed at the counter: stored first, forwarded when the host can be reached."""
        try:
            record = await self._acquirer.journal.store(intent, auth_code, (Slip.MERCHANT, Slip.CUSTOMER))
        except BeginRefused as refusal:
            return Outcome(Result.NOT_CHARGED, refusal.reason)
        self._advices.wake()
        return outcome_of(record)

    async def take(self, intent: Intent) -> Outcome:
        """Cash: no host is asked; done when it is written down."""
        try:
            return outcome_of(await self._acquirer.journal.take(intent, (Slip.MERCHANT, Slip.CUSTOMER)))
        except BeginRefused as refusal:
            return Outcome(Result.NOT_CHARGED, refusal.reason)

    async def _ask(
        self, channel: Channel, intent: Intent, presented: Presented, seen: Callable[[Message], None] | None
    ) -> TransactionRecord:
        acquirer = self._acquirer
        # A power cut after this line is made certain at the next start, whether a byte left or not.
        record = await acquirer.journal.begin(intent)
        request = financial(record, presented, acquirer.identity, acquirer.profile)
        try:
            async with asyncio.timeout(acquirer.profile.response_s):
                reply = await acquirer.wire.call(channel, request, mac=True)
        except TimeoutError:
            return await self._uncertain(record, UndoCause.NO_ANSWER)
        except LinkLost:
            return await self._uncertain(record, UndoCause.LINK_LOST)
        except (Iso8583Error, KeysError):
            return await self._uncertain(record, UndoCause.BAD_REPLY)
        verdict = judge(request, reply.message, reply.mac, acquirer.profile)
        answer = answer_of(reply.message)
        if verdict.sign_on_again or reply.wish == acquirer.profile.sign_on_wish:
            acquirer.signed_on = False
        if verdict.approved:
            if seen is not None:
                seen(reply.message)
            slips = () if TRANSACTIONS[record.kind].undo is Undo.NONE else (Slip.MERCHANT, Slip.CUSTOMER)
            return await acquirer.journal.approve(record.id, answer, slips)
        if verdict.declined:
            return await acquirer.journal.decline(record.id, answer)
        assert verdict.undo is not None
        return await self._uncertain(record, verdict.undo, answer)

    async def _uncertain(
        self, record: TransactionRecord, cause: UndoCause, answer: HostAnswer | None = None
    ) -> TransactionRecord:
        """No proven answer: reversed, told again or let go, as the table says for this kind."""
        journal, undo = self._acquirer.journal, TRANSACTIONS[record.kind].undo
        if undo is Undo.REVERSAL:
            return await journal.undo(record.id, cause, _REASON.get(cause, _OTHER), answer)
        if undo is Undo.ADVICE:
            return await journal.advise(record.id, cause)
        if cause is UndoCause.UNPROVEN_DECLINE and answer is not None:
            # No money was to move; asking again brings the same words.
            return await journal.decline(record.id, answer)
        return await journal.drop(record.id, cause)
