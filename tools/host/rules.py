"""What the simulated bank decides about money: one function for each kind, without side effects.

A rule looks at the request and the book and gives a decision; the switch writes it down. Answer
codes are those of facts/unionpay.md §7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tools.host.book import APPROVED, OPEN, REVERSED, Account, Book, Effect, Txn
from tools.host.codes import (
    APPROVE,
    INVALID_AMOUNT,
    NO_FUNDS,
    NOT_FOUND,
    OTHER_AMOUNT,
    OVER_LIMIT,
    PAST_DAYS,
    PENDING,
    REPEATED,
    WRONG_CARD,
)
from tools.host.request import Original, Request

__all__ = [
    "Case",
    "Decision",
    "Rule",
    "additional_pre_auth",
    "balance",
    "completion",
    "confirmed",
    "offline_sale",
    "pre_auth",
    "pre_auth_void",
    "qr_order",
    "qr_query",
    "refund",
    "sale",
    "tip",
    "transfer",
    "void",
]

COMPLETION_PERCENT_MAX = 115
"""A completion may exceed its pre-authorisation by 15 % (general knowledge, not in the collected sources)."""
_VOIDED_KINDS = {"sale-void": ("sale", "qr-order"), "completion-void": ("completion",)}
_SCANNED_CODE_TAG, _VOUCHER_TAG, _STATUS_TAG = "A3", "A4", "A5"


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose terminal, MAC, card and PIN have been found in order."""

    request: Request
    kind: str
    book: Book
    account: Account | None
    """Whose card or code was presented; None when none was and none is needed."""
    merchant: str
    code_tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of element 59: A3 scanned code, A4 voucher number of a code payment."""

    @property
    def amount_minor(self) -> int:
        """Element 4."""
        return self.request.amount_minor


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer code, what it moves, which older message it refers to, what else the answer says."""

    code: str
    effects: tuple[Effect, ...] = ()
    original: Txn | None = None
    account: Account | None = None
    """The account when the original named it."""
    elements: dict[int, str | bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """What element 59 of the answer says besides."""
    note: str = ""
    """What the arrival's row says besides the code: ``repeated``, ``reversed before``."""


Rule = Callable[[Case], Decision]


def sale(case: Case) -> Decision:
    """Charge at once: 消费."""
    account = _payer(case)
    code = case.book.payment_code(case.code_tags.get(_SCANNED_CODE_TAG, ""))
    if code is not None and code.confirmed_after:
        return Decision(PENDING)
    refusal = _affordable(account, case.amount_minor)
    return Decision(refusal) if refusal else Decision(APPROVE, (Effect(account.id, -case.amount_minor),))


def qr_order(case: Case) -> Decision:
    """Open an order for a code on the terminal's screen; the customer pays it with the control socket's ``pay``."""
    return Decision(PENDING) if case.amount_minor else Decision(INVALID_AMOUNT)


def qr_query(case: Case) -> Decision:
    """What has become of a code payment: its own code in tag A5 of element 59. A question moves nothing.

    A customer who confirms does it between two questions; the switch counts them and charges then.
    """
    place = case.request.original
    found = case.book.find(case.request.terminal, place.batch, place.stan) if place else None
    code_payment = found is not None and (found.code_voucher or found.kind == "qr-order")
    if found is None or not code_payment or found.amount_minor != case.amount_minor:
        return Decision(APPROVE, tags={_STATUS_TAG: NOT_FOUND})
    status = {OPEN: PENDING, REVERSED: NOT_FOUND}.get(found.state, found.code)
    return Decision(APPROVE, original=found, tags={_STATUS_TAG: status})


def confirmed(book: Book, txn: Txn, account: Account) -> tuple[str, tuple[Effect, ...]]:
    """The customer says yes on the telephone: the code and the movements."""
    refusal = account.refusal or _affordable(account, txn.amount_minor)
    return (refusal, ()) if refusal else (APPROVE, (Effect(account.id, -txn.amount_minor),))


def transfer(case: Case) -> Decision:
    """From the presented card to the card of element 48."""
    account = _payer(case)
    target = case.book.account_by_pan(case.request.text(48).lstrip("0"))
    if target is None or target.id == account.id:
        return Decision(WRONG_CARD)
    refusal = target.refusal or _affordable(account, case.amount_minor)
    if refusal:
        return Decision(refusal)
    return Decision(APPROVE, (Effect(account.id, -case.amount_minor), Effect(target.id, case.amount_minor)))


def offline_sale(case: Case) -> Decision:
    """An advice of what was sold with the issuer's word by telephone: taken even beyond the balance."""
    return Decision(APPROVE, (Effect(_payer(case).id, -case.amount_minor),))


def tip(case: Case) -> Decision:
    """Add to a sale of the same terminal and batch; taken even beyond the balance, as an advice is."""
    original = _same_terminal_original(case, ("sale",))
    if isinstance(original, str):
        return Decision(original)
    account = case.book.account(_known(original.account))
    return Decision(APPROVE, (Effect(account.id, -case.amount_minor),), account=account)


def balance(case: Case) -> Decision:
    """Available balance in element 54: account type, amount type, currency, sign, 12 digits (§2)."""
    available = _payer(case).available_minor
    sign = "C" if available >= 0 else "D"
    return Decision(APPROVE, elements={54: f"1002{case.request.currency}{sign}{abs(available):012d}"})


def void(case: Case) -> Decision:
    """Undo a sale or completion of the same terminal and open batch, in full."""
    original = _same_terminal_original(case, _VOIDED_KINDS[case.kind])
    if isinstance(original, str):
        return Decision(original)
    if original.amount_minor != case.amount_minor:
        return Decision(OTHER_AMOUNT, original=original)
    account = case.book.account(_known(original.account))
    if case.account is not None and case.account.id != account.id:
        return Decision(WRONG_CARD, original=original)
    if case.book.batch_closed(original.terminal, original.batch):
        return Decision(PAST_DAYS, original=original)
    if case.book.followers(original.id):
        return Decision(REPEATED, original=original)
    if not _same_voucher(case, original):
        return Decision(NOT_FOUND)
    held = _released(case.book, original)
    return Decision(APPROVE, (Effect(account.id, original.amount_minor, held),), original, account)


def refund(case: Case) -> Decision:
    """Give back part or all of an older charge, found by the host's reference; never more than was paid."""
    original = case.book.find_rrn(case.request.text(37), case.merchant)
    if original is None or original.total != "debit" or not _same_voucher(case, original):
        return Decision(NOT_FOUND)
    account = case.book.account(_known(original.account))
    if case.account is not None and case.account.id != account.id:
        return Decision(WRONG_CARD, original=original)
    given_back = sum(follower.amount_minor for follower in case.book.followers(original.id))
    if not case.amount_minor:
        return Decision(INVALID_AMOUNT, original=original)
    if given_back + case.amount_minor > original.amount_minor:
        return Decision(OTHER_AMOUNT, original=original)
    return Decision(APPROVE, (Effect(account.id, case.amount_minor),), original, account)


def pre_auth(case: Case) -> Decision:
    """Hold an amount without charging it: 预授权."""
    account = _payer(case)
    refusal = _affordable(account, case.amount_minor)
    return Decision(refusal) if refusal else Decision(APPROVE, (Effect(account.id, held_minor=case.amount_minor),))


def additional_pre_auth(case: Case) -> Decision:
    """Hold more for a pre-authorisation that stands."""
    original = _authorised(case)
    if original is None:
        return Decision(NOT_FOUND)
    refusal = _affordable(_payer(case), case.amount_minor)
    if refusal:
        return Decision(refusal, original=original)
    return Decision(APPROVE, (Effect(_payer(case).id, held_minor=case.amount_minor),), original)


def pre_auth_void(case: Case) -> Decision:
    """Let go of what is held, additions included."""
    original = _authorised(case)
    if original is None:
        return Decision(NOT_FOUND)
    if original.amount_minor != case.amount_minor:
        return Decision(OTHER_AMOUNT, original=original)
    return Decision(APPROVE, (Effect(_payer(case).id, held_minor=-_held(case.book, original)),), original)


def completion(case: Case) -> Decision:
    """Charge what a pre-authorisation held, and let go of the rest."""
    original = _authorised(case)
    if original is None:
        return Decision(NOT_FOUND)
    held = _held(case.book, original)
    if not case.amount_minor:
        return Decision(INVALID_AMOUNT, original=original)
    if case.amount_minor * 100 > held * COMPLETION_PERCENT_MAX:
        return Decision(OVER_LIMIT, original=original)
    return Decision(APPROVE, (Effect(_payer(case).id, -case.amount_minor, -held),), original)


# --- what the rules share ------------------------------------------------------------------


def _payer(case: Case) -> Account:
    assert case.account is not None, "the table says that this kind needs a payer"
    return case.account


def _affordable(account: Account, amount_minor: int) -> str:
    if not amount_minor:
        return INVALID_AMOUNT
    if amount_minor > account.limit_minor:
        return OVER_LIMIT
    return NO_FUNDS if amount_minor > account.available_minor else ""


def _same_voucher(case: Case, original: Txn) -> bool:
    """Whether the voucher number of a code payment, where the terminal gives one, is the original's."""
    told = case.code_tags.get(_VOUCHER_TAG, "")
    return not told or told == original.code_voucher


def _same_terminal_original(case: Case, kinds: tuple[str, ...]) -> Txn | str:
    """The message that element 61 names, by batch and trace, or the code that refuses it."""
    place = case.request.original
    found = case.book.find(case.request.terminal, place.batch, place.stan) if place else None
    if found is None or found.kind not in kinds or found.state != APPROVED:
        return NOT_FOUND
    rrn = case.request.text(37)
    return NOT_FOUND if rrn.strip("0") and rrn != found.rrn else found


def _authorised(case: Case) -> Txn | None:
    """The standing pre-authorisation of the presented card with the code of element 38."""
    found = case.book.find_auth_code(case.request.text(38), case.merchant, _payer(case).id, "pre-auth")
    if found is None or not _matches(case.request.original, found):
        return None
    ended = any(row.kind != "additional-pre-auth" for row in case.book.followers(found.id))
    return None if ended else found


def _matches(place: Original | None, found: Txn) -> bool:
    """Whether element 61 names the message; zeros mean that the terminal does not know (§2)."""
    return place is None or not place.stan or (place.batch, place.stan) == (found.batch, found.stan)


def _held(book: Book, original: Txn) -> int:
    added = sum(row.amount_minor for row in book.followers(original.id) if row.kind == "additional-pre-auth")
    return original.amount_minor + added


def _released(book: Book, voided: Txn) -> int:
    """What a voided completion had let go of, to be held again; 0 for a sale."""
    return 0 if voided.original is None else _held(book, book.txn(voided.original))


def _known(account: int | None) -> int:
    assert account is not None, "an approved message always has an account"
    return account
