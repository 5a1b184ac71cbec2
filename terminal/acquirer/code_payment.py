"""Payments by code: asked for until they are final, for the customer confirms on a telephone (facts/unionpay.md §3.6).

A question moves no money. What it learns is believed only with a valid MAC and for the same money; silence,
or a host that does not know, is no result: when the time is over the payment is undone like any other.
"""

from __future__ import annotations

import asyncio

from iso8583 import Iso8583Error
from keys import KeysError
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.judge import answer_of, judge, reversal_reason
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import query
from terminal.domain.record import State, TransactionRecord, UndoCause
from terminal.journal import Slip

__all__ = ["ask_once", "until_final"]

_QUESTIONS = 3
"""At least so many fit into the time, also when each of them is left without an answer."""


async def until_final(
    acquirer: Acquirer, record: TransactionRecord, until: float, cause: UndoCause
) -> TransactionRecord:
    """Ask again and again until the payment is final or the loop's time is ``until``; then it is undone.

    The caller holds ``acquirer.turn``.
    """
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        found = await ask_once(acquirer, record, until)
        if found.state is not State.SENT:
            return found
        await asyncio.sleep(max(0.0, min(acquirer.profile.qr_query_interval_s, until - loop.time())))
    return await acquirer.journal.undo(record.id, cause, reversal_reason(cause), None)


async def ask_once(acquirer: Acquirer, record: TransactionRecord, until: float) -> TransactionRecord:
    """One question; the row, concluded when the answer was final. The caller holds ``acquirer.turn``."""
    profile, journal = acquirer.profile, acquirer.journal
    request = query(record, await journal.next_stan(), acquirer.identity, profile)
    patience_s = min(profile.response_s, max(profile.qr_query_interval_s, profile.qr_query_max_s / _QUESTIONS))
    answer_by = min(until, asyncio.get_running_loop().time() + patience_s)
    try:
        async with asyncio.timeout_at(answer_by), acquirer.link.open() as channel:
            reply = await acquirer.wire.call(channel, request, mac=True)
    except (LinkDown, LinkLost, TimeoutError, Iso8583Error, KeysError):
        return record
    verdict = judge(request, reply.message, reply.mac, profile, queried=True)
    if not verdict.approved:
        return record  # the question itself was refused: that says nothing of the payment
    answer = answer_of(reply.message, profile, status_tag=profile.qr_status_tag)
    code = answer.response_code
    if code in profile.approval_codes:
        return await journal.approve(record.id, answer, (Slip.MERCHANT, Slip.CUSTOMER))
    unclear = (*profile.qr_pending_codes, *profile.ambiguous_codes, *profile.reversal_closing_codes, "")
    return record if code in unclear else await journal.decline(record.id, answer)
