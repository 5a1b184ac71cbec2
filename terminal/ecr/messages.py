"""Messages of the ECR link: JSON with the names of nexo retailer, read strictly.

What is wrong with a line is one reason of ``Fault``; nothing of a line is quoted in it. Amounts are whole numbers of
the minor unit, no number may have a fraction or an exponent, no name may stand twice, and a name that is not known
is refused: a till that means more than is understood here must hear of it before money moves.
"""

from __future__ import annotations

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Never

import msgspec
from msgspec import Meta, Struct, field

__all__ = [
    "CATEGORIES",
    "Abort",
    "Diagnosis",
    "Fault",
    "Header",
    "Login",
    "Logout",
    "OriginalTransaction",
    "Payment",
    "PaymentType",
    "Reject",
    "Request",
    "Reversal",
    "TakeOver",
    "TransactionStatus",
    "digest_of",
    "read",
]

DEPTH_MAX = 10
NUMBER_DIGITS_MAX = 12
"""Of any number; element 4 has as many."""
VERSION = "3.0"
"""Of the vocabulary, in every header."""


class Fault(StrEnum):
    """What is wrong with a line."""

    TOO_LONG = "too-long"
    NOT_UTF_8 = "not-utf-8"
    NOT_JSON = "not-json"
    TOO_DEEP = "too-deep"
    NUMBER = "number-not-whole"
    """A fraction, an exponent, NaN, or more than 12 digits: an amount is a whole number of the minor unit."""
    TWICE = "name-twice"
    UNKNOWN_NAME = "name-unknown"
    MISSING = "name-missing"
    WRONG_VALUE = "value-wrong"
    UNKNOWN_CATEGORY = "category-unknown"
    OTHER_CATEGORY = "category-differs"
    """The header says another category than the body."""


Name = Annotated[str, Meta(pattern=r"\A(?!.*[0-9]{13})[A-Za-z0-9._:/-]{1,36}\Z")]
"""A till, a request or an order. At most 12 digits in a row: no card number gets in by mistake."""
_Text = Annotated[str, Meta(max_length=64, pattern=r"\A(?!.*[0-9]{13})[^\x00-\x1f\ud800-\udfff]*\Z")]
"""Words for people; taken and not kept."""
_WORDS = ("sale_software", "abort_reason")


class _Part(Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    pass


class Header(_Part, frozen=True):
    """``MessageHeader``."""

    message_category: Name
    service_id: Name = field(name="ServiceID")
    """The till's own number of a request; with the till's name it is the request's for ever."""
    sale_id: Name = field(name="SaleID")
    """The till."""
    poi_id: Name = field(name="POIID")
    """The terminal: element 41."""
    protocol_version: Literal["3.0"] = "3.0"
    message_class: Literal["Service"] = "Service"
    message_type: Literal["Request"] = "Request"


class _SaleTransactionID(_Part, frozen=True):
    transaction_id: Name = field(name="TransactionID")


class _SaleData(_Part, frozen=True):
    sale_transaction_id: _SaleTransactionID = field(name="SaleTransactionID")


class _POITransactionID(_Part, frozen=True):
    transaction_id: Annotated[str, Meta(pattern=r"\A[0-9]{1,6}\Z")] = field(name="TransactionID")
    """Voucher number of the open batch."""


class _HostTransactionID(_Part, frozen=True):
    transaction_id: Annotated[str, Meta(pattern=r"\A[0-9]{12}\Z")] = field(name="TransactionID")
    """Reference number (element 37)."""
    date: Annotated[str, Meta(pattern=r"\A(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])\Z")]
    """MMDD as on the slip."""


class OriginalTransaction(_Part, frozen=True):
    """``OriginalPOITransaction``: by voucher number to be made void, by the host's reference to be refunded."""

    poi_transaction_id: _POITransactionID | None = field(name="POITransactionID", default=None)
    host_transaction_id: _HostTransactionID | None = field(name="HostTransactionID", default=None)


class _AmountsReq(_Part, frozen=True):
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
    requested_amount_minor: Annotated[int, Meta(ge=1, le=999_999_999_999)]


class _PaymentTransaction(_Part, frozen=True):
    amounts_req: _AmountsReq
    original: OriginalTransaction | None = field(name="OriginalPOITransaction", default=None)


class PaymentType(StrEnum):
    """``PaymentData.PaymentType``."""

    NORMAL = "Normal"
    REFUND = "Refund"
    RESERVATION = "FirstReservation"
    """Pre-authorisation."""


class _PaymentData(_Part, frozen=True):
    payment_type: PaymentType = PaymentType.NORMAL


class Login(_Part, frozen=True):
    """``LoginRequest``: have the terminal; with a key, prove to be one of its tills."""

    proof: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")] | None = None
    sale_software: _Text = ""


class Logout(_Part, frozen=True):
    """``LogoutRequest``: let the terminal go."""


class Payment(_Part, frozen=True):
    """``PaymentRequest``."""

    payment_transaction: _PaymentTransaction
    payment_data: _PaymentData = _PaymentData()
    sale_data: _SaleData | None = None


class Reversal(_Part, frozen=True):
    """``ReversalRequest``: make a payment of the open batch void."""

    original: OriginalTransaction = field(name="OriginalPOITransaction")
    sale_data: _SaleData | None = None


class _MessageReference(_Part, frozen=True):
    service_id: Name = field(name="ServiceID")
    sale_id: Name | None = field(name="SaleID", default=None)
    """When absent, the till that asks."""
    message_category: Name | None = None


class TransactionStatus(_Part, frozen=True):
    """``TransactionStatusRequest``: what became of a request; without a reference, of the till's last one."""

    message_reference: _MessageReference | None = None


class Abort(_Part, frozen=True):
    """``AbortRequest``: break off, if the host has not been asked yet."""

    message_reference: _MessageReference
    abort_reason: _Text = ""


class TakeOver(_Part, frozen=True):
    """``TakeOverRequest``: have the terminal instead of the till that has it. Not of nexo."""


class Diagnosis(_Part, frozen=True):
    """``DiagnosisRequest``: how the terminal is; to be asked before a payment, not after it."""


Body = Login | Logout | Payment | Reversal | TransactionStatus | Abort | TakeOver | Diagnosis
CATEGORIES: dict[str, type[Body]] = {
    kind.__name__: kind for kind in (Login, Logout, Payment, Reversal, TransactionStatus, Abort, TakeOver, Diagnosis)
}


class Request(Struct, frozen=True, tag="request"):
    """A request that can be understood."""

    header: Header
    content: bytes
    """Its body as it is recorded and compared: JSON with sorted names, all its values those of the schema."""

    @property
    def body(self) -> Body:
        """What is asked."""
        return msgspec.json.decode(self.content, type=CATEGORIES[self.header.message_category])


class Reject(Struct, frozen=True, tag="reject"):
    """A line that cannot be understood."""

    fault: Fault
    where: str = ""
    """Path of names to what is wrong; names of the schema only."""
    header: Header | None = None
    """When that much is right: whom to answer."""


class _Wrong(Exception):
    def __init__(self, fault: Fault, where: str = "") -> None:
        self.fault, self.where = fault, where


def read(line: bytes) -> Request | Reject:
    """One line. Never raises."""
    header: Header | None = None
    try:
        message = _of_json(line)
        envelope = _object(message, "SaleToPOIRequest")
        header = _converted(envelope.pop("MessageHeader", None), Header, "SaleToPOIRequest.MessageHeader")
        category = header.message_category
        if category not in CATEGORIES:
            header = msgspec.structs.replace(header, message_category="")
            raise _Wrong(Fault.UNKNOWN_CATEGORY, "SaleToPOIRequest.MessageHeader.MessageCategory")
        name = f"{category}Request"
        if list(envelope) != [name]:
            raise _Wrong(Fault.OTHER_CATEGORY, "SaleToPOIRequest")
        body = _converted(envelope[name], CATEGORIES[category], name)
    except _Wrong as wrong:
        return Reject(wrong.fault, wrong.where, header)
    body = msgspec.structs.replace(body, **{name: "" for name in _WORDS if name in body.__struct_fields__})
    return Request(header, msgspec.json.encode(body, order="sorted"))


def digest_of(request: Request) -> bytes:
    """Tells two requests apart; the same for one that is only written another way."""
    category = request.header.message_category.encode("ascii")
    return hashlib.sha256(category + b"\n" + request.content).digest()


def _of_json(line: bytes) -> Any:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise _Wrong(Fault.NOT_UTF_8) from None
    if _too_deep(text):
        raise _Wrong(Fault.TOO_DEEP)
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_float=_not_whole, parse_constant=_not_whole, parse_int=_whole
        )
    except (ValueError, RecursionError):
        raise _Wrong(Fault.NOT_JSON) from None


def _too_deep(text: str) -> bool:
    """Whether more brackets are open than any message has; those within texts are counted too, which does no harm."""
    depth = 0
    for bracket in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        if bracket[0] in "[{":
            depth += 1
        elif bracket[0] in "]}":
            depth -= 1
        if depth > DEPTH_MAX:
            return True
    return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Wrong(Fault.TWICE)
    return found


def _not_whole(text: str) -> Never:
    raise _Wrong(Fault.NUMBER)


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > NUMBER_DIGITS_MAX:
        raise _Wrong(Fault.NUMBER)
    return int(text)


def _object(message: Any, name: str) -> dict[str, Any]:
    if not isinstance(message, dict) or not isinstance(message.get(name), dict):
        raise _Wrong(Fault.MISSING, name)
    if len(message) != 1:
        raise _Wrong(Fault.UNKNOWN_NAME)
    found: dict[str, Any] = message[name]
    return found


T = Header | Body


def _converted(value: Any, kind: type[Any], where: str) -> Any:
    if not isinstance(value, dict):
        raise _Wrong(Fault.MISSING, where)
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        told, _, path = str(error).partition(" - at `$")
        fault = Fault.WRONG_VALUE
        if told.startswith("Object contains unknown field"):
            fault = Fault.UNKNOWN_NAME
        elif told.startswith("Object missing required field"):
            fault = Fault.MISSING
            path = f"{path.rstrip('`')}.{told.rpartition(' `')[2]}"
        raise _Wrong(fault, where + path.rstrip("`")) from None
