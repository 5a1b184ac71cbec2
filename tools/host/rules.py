"""What the simulated bank decides about money: one function for each kind, without side effects.

A rule looks at the request and the book and gives a decision; the switch writes it down. Answer
codes are those of facts/unionpay.md §7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tools.host.book import APPROVED, Account, Book, Effect, Txn
from tools.host.codes import (
    APPROVE,
    INVALID_AMOUNT,
    NO_FUNDS,
    NOT_FOUND,
    OTHER_AMOUNT,
    OVER_LIMIT,
    PAST_DAYS,
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
    "offline_sale",
    "pre_auth",
    "pre_auth_void",
    "refund",
    "sale",
    "tip",
    "void",
]

COMPLETION_PERCENT_MAX = 115
"""A completion may exceed its pre-authorisation by 15 % (general knowledge, not in the collected sources)."""
_VOIDED_KIND = {"sale-void": "sale", "completion-void": "completion"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose terminal, MAC, card and PIN have been found in order."""

    request: Request
    kind: str
    book: Book
    account: Account | None
    """Whose card or code was presented; None when none was and none is needed."""
    merchant: str

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
    note: str = ""
    """What the arrival's row says besides the code: ``repeated``, ``reversed before``."""


Rule = Callable[[Case], Decision]


def sale(case: Case) -> Decision:
    """Charge at once: 消费."""
    account = _payer(case)
    refusal = _affordable(account, case.amount_minor)
    return Decision(refusal) if refusal else Decision(APPROVE, (Effect(account.id, -case.amount_minor),))


def offline_sale(case: Case) -> Decision:
    """An advice of what was sold with the issuer's word by telephone: taken even beyond the balance."""
    return Decision(APPROVE, (Effect(_payer(case).id, -case.amount_minor),))


def tip(case: Case) -> Decision:
    """Add to a sale of the same terminal and batch; taken even beyond the balance, as an advice is."""
    original = _same_terminal_original(case, "sale")
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
    original = _same_terminal_original(case, _VOIDED_KIND[case.kind])
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
    held = _released(case.book, original)
    return Decision(APPROVE, (Effect(account.id, original.amount_minor, held),), original, account)


def refund(case: Case) -> Decision:
    """Give back part or all of an older charge, found by the host's reference; never more than was paid."""
    original = case.book.find_rrn(case.request.text(37), case.merchant)
    if original is None or original.total != "debit":
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


def _same_terminal_original(case: Case, kind: str) -> Txn | str:
    """The message that element 61 names, by batch and trace, or the code that refuses it."""
    place = case.request.original
    found = case.book.find(case.request.terminal, place.batch, place.stan) if place else None
    if found is None or found.kind != kind or found.state != APPROVED:
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
