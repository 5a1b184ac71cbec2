"""From a request to the answer: who asks, is it genuine, what does the bank say, what is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from iso8583 import Message
from tools.host.book import APPROVED, DECLINED, OPEN, REVERSED, Account, Book, Terminal, Txn
from tools.host.codes import (
    ACQUIRER_ID,
    APPROVE,
    BAD_CHECK,
    BAD_MAC,
    EXPIRED,
    FORMAT,
    INVALID,
    NOT_FOUND,
    OTHER_AMOUNT,
    PENDING,
    PIN_FORMAT,
    PIN_TRIES,
    REPEATED,
    SIGN_ON,
    UNKNOWN_TERMINAL,
    WRONG_CARD,
    WRONG_MERCHANT,
    WRONG_PIN,
)
from tools.host.downloads import Shelf
from tools.host.kinds import REVERSAL_MTI, Kind, kind_of
from tools.host.management import Management
from tools.host.request import Request, tagged
from tools.host.rules import Case, Decision, confirmed
from tools.host.security import PinVerdict, Security
from tools.host.settlement import Settlement
from tools.host.values import DOMESTIC

__all__ = ["Answer", "HostProfile", "Switch"]

PIN_TRIES_MAX = 3
_ISSUER_ID = "01020000"
_ECHOED = (2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 59, 60, 61)
"""Elements an answer repeats, as recorded answers do (facts/unionpay.md §3, §9)."""
_COMMON = (3, 11, 22, 25, 41, 42, 49, 60, 64)
_SCANNED_CODE_TAG, _VOUCHER_TAG = "A3", "A4"
_TAGS = (_SCANNED_CODE_TAG, _VOUCHER_TAG)
_QUERY = "qr-query"
_CODE_ENTRY = "03"
_ADVICE_MTI = "0220"
_MONEY_MTIS = frozenset({"0100", "0200", _ADVICE_MTI, REVERSAL_MTI})


@dataclass(frozen=True, slots=True)
class HostProfile:
    """Where acquirers differ (facts/unionpay.md §13)."""

    currency: str = "156"
    element_59_length_digits: int = 3
    sign_declines: bool = True
    """Whether a decline carries a MAC; recorded hosts do not always sign one (§3)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and whether it is to carry a MAC."""

    message: Message
    mac: bool
    code: str
    """Element 39, or empty where the message has none (0510)."""
    txn: Txn | None = None


class Switch:
    """The simulated acquirer and issuer behind the wire."""

    def __init__(
        self,
        book: Book,
        security: Security,
        profile: HostProfile,
        now: Callable[[], datetime],
        shelf: Shelf | None = None,
    ) -> None:
        self._book = book
        self._security = security
        self._profile = profile
        self.list_key = shelf.public_key if shelf is not None else ""
        """Ed25519 key of the card lists, as a terminal's profile names it."""
        self._now = now
        self._management = Management(book, security, shelf, now)
        self._settlement = Settlement(book, now)

    def answer(self, request: Request, forced_code: str = "") -> Answer | None:
        """Do what a request asks and answer it; None for what is never answered.

        ``forced_code`` declines a financial message before anybody looks at its card, any other before it is done.
        """
        mti = request.mti
        if mti in _MONEY_MTIS:
            return self._financial(request, forced_code)
        for message in (self._management.answer(request, forced_code), self._settlement.answer(request, forced_code)):
            if message is not None:
                code = message.get(39)
                return Answer(message, mac=mti == "0620", code=code if isinstance(code, str) else "")
        return None

    def _financial(self, request: Request, forced_code: str) -> Answer:
        """All of it in one transaction of the book: message, movements and the note that it came."""
        with self._book.transaction():
            terminal = self._book.terminal(request.terminal)
            refusal = self._refused(request, terminal)
            kind = kind_of(request.mti, request.text(3), request.type_code, request.text(25))
            if refusal or terminal is None:
                decision, txn = Decision(refusal), None
            elif request.mti == REVERSAL_MTI:
                decision, txn = self._reversal(request)
            else:
                decision, txn = self._transaction(request, terminal, kind, forced_code)
            self._book.arrived(
                request.mti, request.terminal, request.batch, request.stan, request.amount_minor, decision.code,
                decision.note, txn.id if txn else None,
            )  # fmt: skip
        return self._reply(request, decision, txn)

    def _refused(self, request: Request, terminal: Terminal | None) -> str:
        """Why the message is not even looked at; empty when terminal, form and MAC are in order."""
        if terminal is None:
            return UNKNOWN_TERMINAL
        if terminal.merchant != request.text(42):
            return WRONG_MERCHANT
        if any(element not in request.message for element in _COMMON):
            return BAD_MAC if 64 not in request.message else FORMAT
        if not request.stan or not request.batch:
            return FORMAT
        if not self._security.verify(terminal.id, request.body):
            return BAD_MAC
        return "" if terminal.signed_on or request.mti == REVERSAL_MTI else SIGN_ON

    def _transaction(
        self, request: Request, terminal: Terminal, kind: Kind | None, forced_code: str
    ) -> tuple[Decision, Txn | None]:
        if kind is None:
            return Decision(INVALID), None
        if any(element not in request.message for element in kind.needs):
            return Decision(FORMAT), None
        if request.currency != self._profile.currency:
            return Decision(INVALID), None
        book = self._book
        if book.reversed_before(terminal.id, request.batch, request.stan):
            return Decision(REPEATED, note="reversed before"), None
        known = book.find(terminal.id, request.batch, request.stan)
        if known is not None:
            # An advice is repeated until it is answered: the same answer again, and nothing is done twice.
            same = request.mti == _ADVICE_MTI and known.kind == kind.name
            return (
                (Decision(known.code, note="repeated"), known) if same else (Decision(REPEATED, note="repeated"), None)
            )
        if kind.name == _QUERY:
            return self._query(request, terminal, kind)
        account, code = self._payer(request, kind)
        refusal = forced_code or self._unfit(request, kind, account, code)
        decision = Decision(refusal) if refusal else kind.rule(self._case(request, kind, account, terminal))
        owner = decision.account or account
        draft = self._draft(request, kind, decision, owner, code if request.text(59) else "")
        return decision, book.record(draft, decision.effects)

    def _case(self, request: Request, kind: Kind, account: Account | None, terminal: Terminal) -> Case:
        digits = self._profile.element_59_length_digits
        tags = {tag: value for tag in _TAGS if (value := tagged(request.text(59), tag, digits))}
        return Case(request, kind.name, self._book, account, terminal.merchant, tags)

    def _query(self, request: Request, terminal: Terminal, kind: Kind) -> tuple[Decision, Txn | None]:
        """Answer a question; a customer who was still to confirm may have done so meanwhile."""
        book = self._book
        place = request.original
        asked = book.find(terminal.id, place.batch, place.stan) if place else None
        if asked is not None and asked.state == OPEN:
            asked = book.ask(asked)
            code = book.payment_code(asked.payment_code)
            if code is not None and asked.asked >= code.confirmed_after:
                self.confirm(asked, code.account)
        decision = kind.rule(self._case(request, kind, None, terminal))
        return decision, decision.original

    def confirm(self, txn: Txn, account: Account) -> str:
        """The customer of an open payment says yes: charged or refused; the code. Within a transaction of the book."""
        code, effects = confirmed(self._book, txn, account)
        auth_code = self._security.auth_code() if code == APPROVE else ""
        self._book.conclude(txn, code, account.id, auth_code, effects)
        return code

    def _reversal(self, request: Request) -> tuple[Decision, Txn | None]:
        """Undo the message with the same terminal, batch and STAN (facts/unionpay.md §3.1).

        A repeat finds its work done and is told so. An original that never came is answered 25 and
        remembered, so that it is refused should it come late.
        """
        book = self._book
        original = book.find(request.terminal, request.batch, request.stan)
        if original is None:
            book.remember_reversal(request.terminal, request.batch, request.stan)
            return Decision(NOT_FOUND), None
        kind = kind_of(_original_mti(original.kind), request.text(3), request.type_code, request.text(25))
        if kind is None or kind.name != original.kind:
            return Decision(INVALID), original
        if original.amount_minor != request.amount_minor:
            return Decision(OTHER_AMOUNT), original
        if original.state in (APPROVED, OPEN):
            book.undo(original)
        return Decision(APPROVE), book.txn(original.id)

    def _payer(self, request: Request, kind: Kind) -> tuple[Account | None, str]:
        """The account of what was presented and, for a code, its text."""
        code = tagged(request.text(59), _SCANNED_CODE_TAG, self._profile.element_59_length_digits)
        if code and request.text(22).startswith(_CODE_ENTRY):
            found = self._book.payment_code(code)
            return (found.account if found else None), code
        pan, _ = request.pan_and_expiry
        return (self._book.account_by_pan(pan) if pan else None), pan

    def _unfit(self, request: Request, kind: Kind, account: Account | None, presented: str) -> str:
        """Why the customer's card, code or PIN is refused; empty when all is in order."""
        if account is None:
            return WRONG_CARD if kind.payer or presented else ""
        if account.refusal:
            return account.refusal
        by_code = request.text(22).startswith(_CODE_ENTRY)
        if by_code:
            found = self._book.payment_code(presented)
            used = found is not None and found.single_use and self._book.code_charged(presented)
            return REPEATED if used else ""
        _, expiry = request.pan_and_expiry
        if expiry and expiry < self._now().strftime("%y%m"):
            return EXPIRED
        if expiry and expiry != account.expiry:
            return BAD_CHECK
        return self._pin(request, kind, account)

    def _pin(self, request: Request, kind: Kind, account: Account) -> str:
        block = request.data(52)
        if not block:
            return WRONG_PIN if account.pin_required and kind.payer and request.mti == "0200" else ""
        if account.wrong_pins >= PIN_TRIES_MAX:
            return PIN_TRIES
        verdict = self._security.check_pin(request.terminal, block, request.text(53), account.pan, account.pin)
        if verdict is PinVerdict.MALFORMED:
            return PIN_FORMAT
        if verdict is PinVerdict.WRONG:
            self._book.wrong_pins(account.id, account.wrong_pins + 1)
            return PIN_TRIES if account.wrong_pins + 1 >= PIN_TRIES_MAX else WRONG_PIN
        self._book.wrong_pins(account.id, 0)
        return ""

    # --- rows and answers ------------------------------------------------------------------

    def _draft(self, request: Request, kind: Kind, decision: Decision, account: Account | None, code: str) -> Txn:
        approved = decision.code == APPROVE
        by_code = request.text(22).startswith(_CODE_ENTRY) and decision.code in (APPROVE, PENDING)
        state = {APPROVE: APPROVED, PENDING: OPEN if by_code else DECLINED}.get(decision.code, DECLINED)
        return Txn(
            id=0,
            terminal=request.terminal,
            batch=request.batch,
            stan=request.stan,
            kind=kind.name,
            total=kind.total,
            amount_minor=request.amount_minor,
            account=account.id if account else None,
            payment_code=code,
            state=state,
            code=decision.code,
            rrn=self._reference(),
            auth_code=self._security.auth_code() if approved else "",
            original=decision.original.id if decision.original else None,
            code_voucher=f"{self._now():%y%m%d}{self._book.next_number():014d}" if by_code else "",
        )

    def _organisation(self, pan: str, txn: Txn | None) -> str:
        """Whose card it is: of the account that was charged, or of what was presented in vain."""
        book = self._book
        charged = book.account(txn.account) if txn is not None and txn.account is not None else None
        account = charged or (book.account_by_pan(pan) if pan else None)
        return account.organisation if account is not None else DOMESTIC

    def _tag(self, tag: str, value: str) -> str:
        return f"{tag}{len(value):0{self._profile.element_59_length_digits}d}{value}"

    def _reference(self) -> str:
        """Element 37: time and a number that grows with every message."""
        return f"{self._now():%H%M%S}{self._book.next_number() % 1_000_000:06d}"

    def _reply(self, request: Request, decision: Decision, txn: Txn | None) -> Answer:
        now = self._now()
        elements = {element: request.message[element] for element in _ECHOED if element in request.message}
        pan, _ = request.pan_and_expiry
        if pan and request.mti != REVERSAL_MTI:
            elements[2] = pan
        elements |= {
            12: f"{now:%H%M%S}",
            13: f"{now:%m%d}",
            15: f"{now:%m%d}",
            32: ACQUIRER_ID,
            37: txn.rrn if txn else self._reference(),
            39: decision.code,
            44: f"{_ISSUER_ID:<11}{ACQUIRER_ID:<11}",
            63: self._organisation(pan, txn),
            **decision.elements,
        }
        tags = {_VOUCHER_TAG: txn.code_voucher} if txn is not None and txn.code_voucher else {}
        told = "".join(self._tag(tag, value) for tag, value in {**tags, **decision.tags}.items())
        if told:
            elements[59] = told
        if txn is not None and txn.auth_code and txn.state != REVERSED:
            elements[38] = txn.auth_code
        reply = Message(f"{int(request.mti) + 10:04d}", dict(sorted(elements.items())))
        signed = decision.code == APPROVE or self._profile.sign_declines
        return Answer(reply, mac=signed and self._security.has_mac_key(request.terminal), code=decision.code, txn=txn)


def _original_mti(kind: str) -> str:
    """Message type of the transactions that are reversed; advices never are (§3.1)."""
    return "0100" if "pre-auth" in kind else "0200"
