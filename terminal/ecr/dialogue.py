"""The dialogue with tills: every request is answered once, also while a customer pays.

Requests are taken one after another and none waits for a customer: a payment is written down, handed to the idle screen
and answered when it has ended. Rules that keep this file whole:
- what may move money is a row of the journal before the desk hears of it;
- the same SaleID and ServiceID are answered from that row, for ever, and begin nothing;
- whoever has the terminal is named, with what it does and when it will be free. The remedy is never a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from terminal import VERSION
from terminal.domain.money import CURRENCIES
from terminal.domain.record import TransactionRecord
from terminal.ecr.answers import Condition, answer, failure, loyalty_card, reason_of, result_of, transaction_of
from terminal.ecr.conversation import Heard
from terminal.ecr.job import TAKE_OVER, Job, TillSlot, Work
from terminal.ecr.messages import (
    Abort,
    Diagnosis,
    Header,
    Login,
    Logout,
    Payment,
    PaymentType,
    Request,
    Reversal,
    TakeOver,
    TransactionStatus,
    digest_of,
)
from terminal.ecr.session import Session
from terminal.journal import Asked, BeginRefused, Journal, RequestState, TillRequest
from terminal.screens.screen import Status
from terminal.screens.texts import Translator

__all__ = ["Counter", "Dialogue"]

WAITING_MAX = 64
"""Requests that may wait for the journal; a till that sends more is told that it is too fast."""
LANGUAGE = "en"
"""Of what is said to whoever writes the till's software; screens have their own."""
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counter:
    """What tills may know of the terminal."""

    poi_id: str
    serial_number: str
    currency: str
    amount_max_minor: int
    refund_max_minor: int
    operators: bool
    """Whether people sign in; then a take-over needs the supervisor's word."""
    lease_s: float
    wall: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    status: Callable[[], Status]


class _Refused(Exception):
    def __init__(self, body: Body) -> None:
        self.body = body


class Dialogue:
    """Answers tills; feeds the desk through ``slot``. ``send`` takes the number of a till and a line for it."""

    def __init__(
        self,
        counter: Counter,
        journal: Journal,
        slot: TillSlot,
        send: Callable[[int, bytes], None],
        tell: Callable[..., None],
    ) -> None:
        self._counter = counter
        self._journal = journal
        self._requests = journal.till_requests
        self._slot = slot
        self._send = send
        self._tell = tell
        self._texts = Translator(LANGUAGE)
        self._session = Session(
            counter.lease_s, counter.wall, counter.monotonic_s, lambda: slot.job is not None and bool(slot.job.request)
        )
        self._waiting: asyncio.Queue[tuple[int, Request]] = asyncio.Queue(WAITING_MAX)

    def heard(self, heard: Heard) -> None:
        """A till has spoken, or has gone; what it has begun goes on without it."""
        request = heard.request
        if request is None:
            return
        if self._waiting.full():
            text = "Wait for an answer before asking again."
            self._send(heard.peer, answer(request.header, failure(Condition.BUSY, "too-fast", text)))
        else:
            self._waiting.put_nowait((heard.peer, request))

    async def run(self) -> None:
        """Answer for ever. Raises JournalError."""
        while True:
            peer, request = await self._waiting.get()
            try:
                body = await self._answer(peer, request)
            except _Refused as refused:
                body = refused.body
            if body is not None:
                self._reply(peer, request.header, body)

    def _reply(self, peer: int, header: Header, body: Body) -> None:
        response = body["Response"]
        self._tell(
            "till",
            till=header.sale_id,
            category=header.message_category,
            result=response["Result"],
            condition=response.get("ErrorCondition"),
            reason=response.get("Reason"),
        )
        self._send(peer, answer(header, body))

    async def _answer(self, peer: int, request: Request) -> Body | None:
        """The answer; None when it comes later."""
        header = request.header
        if header.poi_id != self._counter.poi_id:
            text = f"This terminal's POIID is {self._counter.poi_id}."
            raise _Refused(failure(Condition.NOT_ALLOWED, "other-terminal", text))
        self._session.heard(header.sale_id)
        match request.body:
            case Login():
                return self._login(header)
            case Logout():
                self._session.leave(header.sale_id)
                return _success()
            case Payment() | Reversal():
                return await self._work(peer, request)
            case TransactionStatus() as status:
                return await self._status(header, status)
            case Abort() as abort:
                return await self._abort(header, abort)
            case TakeOver():
                return await self._take_over(peer, header)
            case Diagnosis():
                return self._diagnosis()

    # --- who has the terminal --------------------------------------------------------------

    def _login(self, header: Header) -> Body:
        self._require_ours(header)
        self._session.take(header.sale_id)
        counter = self._counter
        system = {"POISoftware": {"ApplicationName": "Countertop", "SoftwareVersion": VERSION}}
        terminal = {"POISerialNumber": counter.serial_number, "Currency": CURRENCIES[counter.currency].alphabetic}
        return _success(POISystemData={**system, **terminal}, LeaseSeconds=int(counter.lease_s))

    async def _take_over(self, peer: int, header: Header) -> Body | None:
        if self._session.other_than(header.sale_id) is None:
            self._session.take(header.sale_id)
            return _success()
        if not self._counter.operators and self._slot.job is None:
            await self._journal.note("till", f"{header.sale_id} takes the terminal over")
            self._session.take(header.sale_id)
            return _success()
        self._require_free()

        async def ended(reason: str) -> None:
            self._slot.job = None
            if not reason:
                await self._journal.note("till", f"{header.sale_id} takes the terminal over")
                self._session.take(header.sale_id)
            body = failure(Condition.CANCEL, reason, self._said(reason)) if reason else _success()
            self._reply(peer, header, body)

        self._slot.offer(Job(Work(TAKE_OVER, header.sale_id), 0, self._counter.wall(), ended))
        return None

    def _require_ours(self, header: Header) -> None:
        """Raises _Refused with who has the terminal and how it is to be had."""
        if self._session.other_than(header.sale_id) is not None:
            text = "Another till has the terminal. Wait until it logs out or its lease ends, or send TakeOver."
            raise _Refused(failure(Condition.BUSY, "other-till", text, Owner=self._owner()))

    def _require_free(self) -> None:
        """Raises _Refused with what the terminal does."""
        job = self._slot.job
        if job is not None:
            text = "A request is being carried out. Ask TransactionStatus; try again when it has ended."
            raise _Refused(failure(Condition.BUSY, "under-way", text, Owner=self._owner()))
        if not self._slot.free:
            doing = self._slot.doing
            raise _Refused(failure(Condition.BUSY, doing, _DOING[doing], Owner=self._owner()))

    def _owner(self) -> Body:
        """Who has the terminal, since when, what it does, and when that may end."""
        job, owner = self._slot.job, self._session.owner
        told: Body = {}
        if owner is not None:
            told = {"SaleID": owner.sale_id, "Since": _time(owner.since)}
        if job is not None:
            told["Doing"] = {"TransactionType": job.work.kind, "Phase": str(job.phase), "Since": _time(job.since)}
        elif not self._slot.free:
            told["Doing"] = {"Phase": self._slot.doing, "Since": _time(self._slot.busy_since)}
        if owner is not None and job is None:
            told["LeaseSecondsLeft"] = int(self._session.left_s) + 1
        return told

    # --- payments --------------------------------------------------------------------------

    async def _work(self, peer: int, request: Request) -> Body | None:
        header = request.header
        work = self._work_of(request)
        asked = Asked(
            header.sale_id, header.service_id, digest_of(request), header.message_category, work.kind,
            work.amount_minor, work.reference,
        )  # fmt: skip
        known = await self._requests.find(header.sale_id, header.service_id)
        if known is not None:
            return await self._again(known, asked)
        self._require_ours(header)
        self._require_free()
        try:
            row, new = await self._requests.ask(asked)
        except BeginRefused as refusal:
            condition = Condition.UNAVAILABLE_SERVICE
            raise _Refused(failure(condition, refusal.reason, self._said(refusal.reason))) from None
        if not new:
            return await self._again(row, asked)
        self._session.take(header.sale_id)
        job = Job(work, row.id, row.at, partial(self._ended, peer, header, row.id))
        job.loyalty = lambda number: self._send(peer, loyalty_card(header, number))
        self._slot.offer(job)
        return None

    async def _ended(self, peer: int, header: Header, id: int, reason: str) -> None:
        """A request has come to its end, first in the journal."""
        row = await self._requests.end(id, reason)
        self._slot.job = None
        self._session.renew()
        self._reply(peer, header, await self._result(row))

    async def _again(self, known: TillRequest, asked: Asked) -> Body:
        """The same names once more: what became of them, if the content is the same."""
        if known.asked.digest != asked.digest:
            text = "This SaleID and ServiceID belong to another request. A new request has a new ServiceID."
            raise _Refused(failure(Condition.NOT_ALLOWED, "id-used", text))
        return await self._result(known)

    async def _result(self, row: TillRequest) -> Body:
        voided_by = await self._journal.voided_by(row.record.id) if row.record is not None else None
        return result_of(row, self._said(reason_of(row)), voided_by)

    def _work_of(self, request: Request) -> Work:
        """What is to be done. Raises _Refused for what this terminal does not do."""
        header, body = request.header, request.body
        assert isinstance(body, Payment | Reversal)
        reference = body.sale_data.sale_transaction_id.transaction_id if body.sale_data is not None else ""
        if isinstance(body, Reversal):
            if body.original.poi_transaction_id is None or body.original.host_transaction_id is not None:
                raise _Refused(_not_understood("OriginalPOITransaction.POITransactionID names what is made void."))
            voucher = int(body.original.poi_transaction_id.transaction_id)
            return Work("sale-void", header.sale_id, 0, reference, voucher=voucher)
        amounts, original = body.payment_transaction.amounts_req, body.payment_transaction.original
        currency = CURRENCIES[self._counter.currency].alphabetic
        if amounts.currency != currency:
            text = f"This terminal is paid in {currency}."
            raise _Refused(failure(Condition.PAYMENT_RESTRICTION, "other-currency", text))
        kind = body.payment_data.payment_type
        refund = kind is PaymentType.REFUND
        most_minor = self._counter.refund_max_minor if refund else self._counter.amount_max_minor
        if amounts.requested_amount_minor > most_minor:
            text = f"The largest amount is {most_minor} in the minor unit."
            raise _Refused(failure(Condition.PAYMENT_RESTRICTION, "amount-too-large", text))
        if refund != (original is not None):
            raise _Refused(_not_understood("OriginalPOITransaction belongs to a refund, and every refund has one."))
        work = partial(Work, _KINDS[kind], header.sale_id, amounts.requested_amount_minor, reference)
        if original is None:
            return work()
        if original.host_transaction_id is None or original.poi_transaction_id is not None:
            raise _Refused(_not_understood("OriginalPOITransaction.HostTransactionID names what is refunded."))
        named = original.host_transaction_id
        return work(host_reference=named.transaction_id, date=named.date)

    # --- questions and second thoughts -----------------------------------------------------

    async def _status(self, header: Header, asked: TransactionStatus) -> Body:
        reference = asked.message_reference
        if reference is not None:
            row = await self._requests.find(reference.sale_id or header.sale_id, reference.service_id)
        else:
            row = await self._requests.last(header.sale_id)
        if row is not None:
            return await self._told_of(row)
        last = await self._journal.last() if reference is None else None
        if last is None:
            text = "Nothing was begun under this name: nothing was charged."
            raise _Refused(failure(Condition.NOT_FOUND, "unknown", text))
        behind = await self._requests.behind(last.id)
        return await self._told_of(behind) if behind is not None else await self._from_keypad(last)

    async def _told_of(self, row: TillRequest) -> Body:
        result, asked = await self._result(row), row.asked
        reference = {
            "MessageCategory": asked.category, "ServiceID": asked.service_id, "SaleID": asked.sale_id,
        }  # fmt: skip
        if row.state is RequestState.ASKED:
            text = "The request is being carried out."
            return failure(Condition.IN_PROGRESS, "in-progress", text, MessageReference=reference, Owner=self._owner())
        repeated = {"MessageHeader": reference, "RepeatedResponseMessageBody": {f"{asked.category}Response": result}}
        return _success(MessageReference=reference, RepeatedMessageResponse=repeated)

    async def _from_keypad(self, last: TransactionRecord) -> Body:
        """A transaction that no till has asked for."""
        return _success(LastTransaction=transaction_of(last, await self._journal.voided_by(last.id)))

    async def _abort(self, header: Header, abort: Abort) -> Body:
        reference = abort.message_reference
        row = None
        if reference.sale_id in (None, header.sale_id):
            row = await self._requests.find(header.sale_id, reference.service_id)
        if row is None:
            text = "This till has begun nothing under this name."
            return failure(Condition.NOT_FOUND, "unknown", text)
        job = self._slot.job
        if job is None or job.request != row.id:
            return failure(Condition.NOT_ALLOWED, "ended", "It has ended. Ask TransactionStatus for its result.")
        if self._slot.abort():
            return _success()
        text = "The host is being asked; there is no way back. Ask TransactionStatus for the result, and make it void."
        return failure(Condition.NOT_ALLOWED, "host-asked", text)

    def _diagnosis(self) -> Body:
        status, owner = self._counter.status(), self._session.owner
        free = self._slot.free and self._slot.job is None
        paper = sorted(set(status.alerts) & _PAPER)
        poi = {
            "GlobalStatus": "OK" if free else "Busy",
            "HostReachable": {"up": True, "down": False}.get(status.link),
            "SignedOn": status.signed_on,
            "OperatorSignedIn": bool(status.operator),
            "Reversals": status.reversals,
            "Stored": status.offline,
            "PrinterStatus": paper[0] if paper else "OK",
        }
        more: Body = {} if free and owner is None else {"Owner": self._owner()}
        return _success(POIStatus=poi, **more)

    def _said(self, reason: str) -> str:
        return self._texts.text(reason) if reason else ""


_KINDS = {PaymentType.NORMAL: "sale", PaymentType.REFUND: "refund", PaymentType.RESERVATION: "pre-auth"}
_DOING = {
    "starting": "The terminal is starting; try again in a moment.",
    "attended": "Somebody uses the terminal by its keys; try again when the idle screen is back.",
    "in-parts": "A payment in several parts is being taken; try again when the idle screen is back.",
    "signed-out": "No operator is signed in. Sign in at the terminal.",
    "locked": "The terminal is locked by its operator. Unlock it at the terminal.",
}
_PAPER = frozenset({"paper", "cover", "error", "offline", "stalled", "printer"})


def _success(**more: Any) -> Body:
    return {"Response": {"Result": "Success"}, **more}


def _not_understood(text: str) -> Body:
    return failure(Condition.MESSAGE_FORMAT, "value-wrong", text)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
