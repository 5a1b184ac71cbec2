"""Answers of the ECR link: what became of a request, in the names of nexo retailer, from the journal's row."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from terminal.domain.money import CURRENCIES
from terminal.domain.outcome import Result, outcome_of
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Payer
from terminal.ecr.messages import VERSION, Header, Reject
from terminal.journal import RequestState, TillRequest

__all__ = ["Condition", "answer", "failure", "loyalty_card", "rejection", "result_of", "transaction_of"]

Body = dict[str, Any]


class Condition(StrEnum):
    """``ErrorCondition`` of nexo retailer, as far as it is used here."""

    ABORTED = "Aborted"
    BUSY = "Busy"
    CANCEL = "Cancel"
    IN_PROGRESS = "InProgress"
    MESSAGE_FORMAT = "MessageFormat"
    NOT_ALLOWED = "NotAllowed"
    NOT_FOUND = "NotFound"
    PAYMENT_RESTRICTION = "PaymentRestriction"
    REFUSAL = "Refusal"
    UNAVAILABLE_SERVICE = "UnavailableService"
    UNREACHABLE_HOST = "UnreachableHost"
    WRONG_PIN = "WrongPIN"


_CONDITIONS = {
    "till.aborted": Condition.ABORTED,
    "till.cancelled": Condition.CANCEL,
    "till.timed-out": Condition.CANCEL,
    "till.interrupted": Condition.ABORTED,
    "reason.no-link": Condition.UNREACHABLE_HOST,
    "reason.host-slow": Condition.UNREACHABLE_HOST,
    "reason.no-answer": Condition.UNREACHABLE_HOST,
    "reason.link-lost": Condition.UNREACHABLE_HOST,
    "reason.switched-off": Condition.NOT_ALLOWED,
    "operator.no-trade": Condition.NOT_ALLOWED,
    "response.55": Condition.WRONG_PIN,
}
"""By the reason's catalogue key; any other reason of an attempt is a refusal."""
_OUTCOMES = {
    Result.APPROVED: "Success",
    Result.DECLINED: "Failure",
    Result.UNDOING: "Failure",
    Result.NOT_CHARGED: "Failure",
    Result.DELIVERING: "Partial",
}
_ENTRY_MODES = {Payer.STRIPE: "MagStripe", Payer.CODE: "Scanned", Payer.SCREEN: "Scanned"}


def answer(header: Header, body: Body) -> bytes:
    """The line that answers a request."""
    envelope = {"MessageHeader": _header(header, "Response"), f"{header.message_category}Response": body}
    return _line({"SaleToPOIResponse": envelope})


def failure(condition: Condition, reason: str, text: str, **more: Any) -> Body:
    """A request that was not carried out; ``reason`` is for a program, ``text`` for people."""
    response = {"Result": "Failure", "ErrorCondition": condition, "Reason": reason, "AdditionalResponse": text}
    return {"Response": response, **more}


def loyalty_card(header: Header, number: str) -> bytes:
    """The line that tells a till of a loyalty card, while its request goes on."""
    account = {"LoyaltyAccountID": {"LoyaltyID": number, "EntryMode": "MagStripe"}}
    body = {"EventToNotify": "LoyaltyCard", "LoyaltyAccount": account}
    return _line({"SaleToPOIRequest": {"MessageHeader": _event(header), "EventNotification": body}})


def rejection(reject: Reject) -> bytes:
    """The line that answers one that cannot be understood: a response where its header can be, an event otherwise."""
    body = failure(Condition.MESSAGE_FORMAT, str(reject.fault), _SAID[str(reject.fault)])
    if reject.where:
        body["Response"]["Where"] = reject.where
    if reject.header is not None and reject.header.message_category:
        return answer(reject.header, body)
    header, told = _event(reject.header), {"EventToNotify": "Reject", **body}
    return _line({"SaleToPOIRequest": {"MessageHeader": header, "EventNotification": told}})


def result_of(request: TillRequest, said: str, voided_by: TransactionRecord | None = None) -> Body:
    """What a payment or reversal came to. ``said``: its reason in words."""
    reason = reason_of(request)
    head: Body = {"Result": "Failure"}
    if request.state is RequestState.ASKED:
        head |= {"ErrorCondition": Condition.IN_PROGRESS, "Reason": "in-progress"}
        outcome = "in-progress"
    elif request.record is None:
        head |= {"ErrorCondition": _CONDITIONS.get(reason, Condition.REFUSAL), "Reason": reason}
        outcome = "not-begun"
    else:
        result = outcome_of(request.record).result
        head["Result"], outcome = _OUTCOMES[result], str(result)
        if result is not Result.APPROVED:
            head["Reason"] = reason
            if result is not Result.DELIVERING:
                head["ErrorCondition"] = _CONDITIONS.get(reason, Condition.REFUSAL)
    head["Outcome"] = outcome
    if said:
        head["AdditionalResponse"] = said
    body: Body = {"Response": head}
    if request.asked.reference:
        body["SaleData"] = {"SaleTransactionID": {"TransactionID": request.asked.reference}}
    # In progress nothing is told of a transaction: a row may be there, and may be the try before the present one.
    if request.record is not None and request.state is RequestState.ENDED:
        body |= transaction_of(request.record, voided_by)
    return body


def reason_of(request: TillRequest) -> str:
    """Catalogue key of why a request ended as it did; empty for an approval, which needs no reason."""
    if request.state is RequestState.ASKED:
        return "till.in-progress"
    if request.record is None:
        return request.reason
    outcome = outcome_of(request.record)
    return "" if outcome.result is Result.APPROVED else outcome.reason


def transaction_of(record: TransactionRecord, voided_by: TransactionRecord | None = None) -> Body:
    """A row as the till may see it: of the account only six and four digits."""
    kind, result = TRANSACTIONS[record.kind], outcome_of(record).result
    moved = record.amount_minor if result in (Result.APPROVED, Result.DELIVERING) else 0
    instrument: Body = {"MaskedPAN": record.account}
    if kind.payer in _ENTRY_MODES:
        instrument["EntryMode"] = _ENTRY_MODES[kind.payer]
    payment: Body = {
        "TransactionType": record.kind,
        "AmountsResp": {
            "Currency": CURRENCIES[record.currency].alphabetic,
            "RequestedAmountMinor": record.amount_minor,
            "AuthorizedAmountMinor": moved,
        },
        "PaymentInstrumentData": {"CardData": instrument},
        "PaymentAcquirerData": _without_empty(
            {
                "ResponseCode": record.response_code,
                "ApprovalCode": record.auth_code,
                "HostTransactionID": _without_empty({"TransactionID": record.rrn, "Date": record.host_date}),
            }
        ),
    }
    if voided_by is not None:
        payment["VoidedBy"] = f"{voided_by.stan:06d}"
    if record.training:
        payment["Training"] = True
    identity = {"TransactionID": f"{record.stan:06d}", "TimeStamp": _time(record.started_at)}
    return {"POIData": {"POITransactionID": identity, "Batch": f"{record.batch:06d}"}, "PaymentResult": payment}


def _event(about: Header | None) -> Body:
    header = {"ProtocolVersion": VERSION, "MessageClass": "Event", "MessageCategory": "Event"}
    header["MessageType"] = "Notification"
    if about is None:
        return header
    return {**header, "ServiceID": about.service_id, "SaleID": about.sale_id, "POIID": about.poi_id}


def _header(header: Header, type: str) -> Body:
    return {
        "ProtocolVersion": VERSION,
        "MessageClass": "Service",
        "MessageCategory": header.message_category,
        "MessageType": type,
        "ServiceID": header.service_id,
        "SaleID": header.sale_id,
        "POIID": header.poi_id,
    }


def _line(message: Body) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _without_empty(values: Body) -> Body:
    return {name: value for name, value in values.items() if value}


_SAID = {
    "too-long": "A message has at most 4096 bytes before its line feed.",
    "not-utf-8": "A message is UTF-8.",
    "not-json": "A message is one JSON object on one line.",
    "too-deep": "No message has so many brackets within each other.",
    "number-not-whole": "A number is whole and has at most 12 digits; amounts are in the currency's minor unit.",
    "name-twice": "A name stands twice in one object.",
    "name-unknown": "A name is not one of this message.",
    "name-missing": "A name that is required is missing.",
    "value-wrong": "A value has another type or form than the name wants.",
    "category-unknown": "There is no such message.",
    "category-differs": "The header's category and the name of the request differ.",
}
"""For whoever writes the till's software."""
