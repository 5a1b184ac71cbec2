"""The exchange: the only place where a financial request leaves and its answer becomes a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from iso8583 import Iso8583Error, Message
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.code_payment import ask_once, until_final
from terminal.acquirer.judge import answer_of, judge, reversal_reason
from terminal.acquirer.link import Channel, LinkDown, LinkLost
from terminal.acquirer.request import Presented, financial
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.safe import seal_chip
from terminal.acquirer.sign_on import with_keys
from terminal.domain.outcome import Outcome, Result, outcome_of
from terminal.domain.record import FINAL_STATES, HostAnswer, Intent, Referral, State, TransactionRecord, UndoCause
from terminal.domain.transactions import TRANSACTIONS, Payer, Undo
from terminal.journal import BeginRefused, Slip

__all__ = ["Exchange"]

_WORTH_ASKING = frozenset({UndoCause.NO_ANSWER, UndoCause.LINK_LOST, UndoCause.BAD_REPLY, UndoCause.AMBIGUOUS_CODE})
"""After these a code payment is asked for; what was forged or refused is undone at once."""

Seen = Callable[[Message], None]


class Exchange:
    """Takes one attempt from intent to a state that no restart can lose."""

    def __init__(self, acquirer: Acquirer, reversals: Reversals, advices: Advices) -> None:
        self._acquirer = acquirer
        self._reversals = reversals
        self._advices = advices

    async def run(self, intent: Intent, present: Callable[[], Presented], seen: Seen | None = None) -> Outcome:
        """Exchange one financial message; told of within the profile's ``answer_s``.

        ``present`` gives the card data and the PIN block at the last moment; it is called once the
        keys are known to be there. ``seen`` is shown an approval, for what is not kept (a balance).
        Nothing is sent while an older attempt is still being undone.
        """
        found = await self._run(intent, present, seen)
        if isinstance(found, Outcome):
            return found
        self._follow(found)
        return outcome_of(found)

    async def open_order(self, intent: Intent) -> Outcome | TransactionRecord:
        """Open an order for a code on our screen: the open row when the host holds it, how it ended otherwise."""
        assert TRANSACTIONS[intent.kind].payer is Payer.SCREEN
        found = await self._run(intent, Presented, None)
        if isinstance(found, Outcome) or found.state is State.SENT:
            return found
        self._follow(found)
        return outcome_of(found)

    async def ask_order(self, record: TransactionRecord) -> Outcome | None:
        """Whether an order has been paid: None while nobody knows."""
        acquirer = self._acquirer
        until = asyncio.get_running_loop().time() + acquirer.profile.response_s
        async with acquirer.turn:
            found = await ask_once(acquirer, record, until)
        if found.state is State.SENT:
            return None
        self._follow(found)
        return outcome_of(found)

    async def close_order(self, record: TransactionRecord) -> Outcome:
        """Nobody has paid: the host is told to drop the order, and to give back what was paid after all."""
        cause = UndoCause.NOT_PAID
        found = await self._acquirer.journal.undo(record.id, cause, reversal_reason(cause), None)
        self._follow(found)
        return outcome_of(found)

    async def store(self, intent: Intent, auth_code: str) -> Outcome:
        """An advice that is agreed at the counter: stored first, forwarded when the host can be reached."""
        kind = TRANSACTIONS[intent.kind]
        slips = (Slip.MERCHANT, Slip.CUSTOMER) if kind.stands else ()
        try:
            record = await self._acquirer.journal.store(intent, auth_code, slips)
        except BeginRefused as refusal:
            return Outcome(Result.NOT_CHARGED, refusal.reason)
        self._advices.wake()
        return outcome_of(record)

    async def report_script(self, original: TransactionRecord, chip: bytes) -> Outcome:
        """What became of the issuer's scripts for a chip card (F55 with 9F5B): told until the host has answered."""
        intent = Intent(
            kind="script-result",
            amount_minor=0,
            currency=original.currency,
            entry_mode=original.entry_mode,
            account=original.account,
            operator=original.operator,
            training=original.training,
            referral=Referral(
                original.id, original.batch, original.stan, original.host_date, original.rrn, original.auth_code
            ),
            sealed=seal_chip(self._acquirer.vault, chip),
        )
        return await self.store(intent, "")

    async def take(self, intent: Intent) -> Outcome:
        """Cash: no host is asked; done when it is written down."""
        try:
            return outcome_of(await self._acquirer.journal.take(intent, (Slip.MERCHANT, Slip.CUSTOMER)))
        except BeginRefused as refusal:
            return Outcome(Result.NOT_CHARGED, refusal.reason)

    async def _run(
        self, intent: Intent, present: Callable[[], Presented], seen: Seen | None
    ) -> Outcome | TransactionRecord:
        """The row as the host's answer left it; an outcome when nothing was sent."""
        acquirer, profile = self._acquirer, self._acquirer.profile
        answer_by = asyncio.get_running_loop().time() + profile.answer_s
        async with AsyncExitStack() as held:
            try:
                # Whatever has to come first, the answer is told in time: what cannot begin by now does not begin.
                async with asyncio.timeout_at(answer_by - profile.response_s):
                    await held.enter_async_context(acquirer.turn)
                    refused = await self._not_ready()
                    if refused is not None:
                        return refused
                    presented = present()
                    line = await held.enter_async_context(AsyncExitStack())
                    channel = await line.enter_async_context(acquirer.link.open())
            except KeysError:
                return Outcome(Result.NOT_CHARGED, "reason.keys-refused")
            except LinkDown:
                return Outcome(Result.NOT_CHARGED, "reason.no-link")
            except TimeoutError:
                return Outcome(Result.NOT_CHARGED, "reason.host-slow")
            try:
                record, cause = await self._ask(channel, intent, presented, seen)
            except BeginRefused as refusal:
                return Outcome(Result.NOT_CHARGED, refusal.reason)
            await line.aclose()  # each question about the payment is a conversation of its own
            if cause is not None and TRANSACTIONS[record.kind].payer is Payer.CODE:
                asked_until = asyncio.get_running_loop().time() + profile.qr_query_max_s
                record = await until_final(acquirer, record, min(asked_until, answer_by), cause)
        return record

    async def _not_ready(self) -> Outcome | None:
        """Why nothing can be sent now; None when keys are there and nothing is being undone."""
        profile = self._acquirer.profile
        waiting = await self._reversals.drain()
        if waiting and max(record.reversal_tries for record in waiting) >= profile.reversal_help_after:
            return Outcome(Result.NOT_CHARGED, "reason.reversal-help", detail=profile.help_desk)
        if waiting:
            return Outcome(Result.NOT_CHARGED, "reason.reversal-pending")
        keys = await with_keys(self._acquirer)
        return None if keys.done else Outcome(Result.NOT_CHARGED, keys.reason)

    def _follow(self, record: TransactionRecord) -> None:
        """Let the loops that undo and forward go on with what is open, and with what waited for a host that answers."""
        if record.state is State.REVERSING:
            self._reversals.note_new()
        elif record.state is State.ADVISING:
            self._advices.wake()
        elif record.state in FINAL_STATES:
            self._advices.retry()

    async def _ask(
        self, channel: Channel, intent: Intent, presented: Presented, seen: Seen | None
    ) -> tuple[TransactionRecord, UndoCause | None]:
        """The row after one answer; with a cause when it is still to be asked what became of it."""
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
        verdict = judge(request, reply.message, reply.mac, acquirer.profile, queried=self._queried(record))
        answer = answer_of(reply.message, acquirer.profile)
        if verdict.sign_on_again or reply.wish == acquirer.profile.sign_on_wish:
            acquirer.signed_on = False
        if verdict.pending or (verdict.approved and TRANSACTIONS[record.kind].payer is Payer.SCREEN):
            # An order that is taken is no payment yet, whatever word the host has for it.
            return await acquirer.journal.noted(record.id, answer), UndoCause.NOT_PAID
        if verdict.approved:
            if seen is not None:
                seen(reply.message)
            slips = () if TRANSACTIONS[record.kind].undo is Undo.NONE else (Slip.MERCHANT, Slip.CUSTOMER)
            return await acquirer.journal.approve(record.id, answer, slips), None
        if verdict.declined:
            return await acquirer.journal.decline(record.id, answer), None
        assert verdict.undo is not None
        return await self._uncertain(record, verdict.undo, answer)

    def _queried(self, record: TransactionRecord) -> bool:
        return TRANSACTIONS[record.kind].queried and self._acquirer.profile.qr_query

    async def _uncertain(
        self, record: TransactionRecord, cause: UndoCause, answer: HostAnswer | None = None
    ) -> tuple[TransactionRecord, UndoCause | None]:
        """No proven answer: asked for, reversed, told again or let go, as the table says for this kind."""
        journal, kind = self._acquirer.journal, TRANSACTIONS[record.kind]
        if self._queried(record) and kind.payer is Payer.CODE and cause in _WORTH_ASKING:
            return record, cause
        if kind.undo is Undo.REVERSAL:
            return await journal.undo(record.id, cause, reversal_reason(cause), answer), None
        if kind.undo is Undo.ADVICE:
            return await journal.advise(record.id, cause), None
        if cause is UndoCause.UNPROVEN_DECLINE and answer is not None:
            # No money was to move; asking again brings the same words.
            return await journal.decline(record.id, answer), None
        return await journal.drop(record.id, cause), None
