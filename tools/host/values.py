"""What the host's book holds, as values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DOMESTIC", "Account", "Effect", "PaymentCode", "SettlementTotals", "Terminal", "Txn"]


DOMESTIC = "CUP"
"""Organisation of the host's own cards; every other is a foreign one."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal that may talk to this host."""

    id: str
    merchant: str
    batch: int
    signed_on: bool


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A customer's account as it stands now."""

    id: int
    name: str
    pan: str
    expiry: str
    pin: str
    refusal: str
    pin_required: bool
    limit_minor: int
    wrong_pins: int
    balance_minor: int
    held_minor: int
    organisation: str
    """Of the card, element 63.1 of an answer."""

    @property
    def available_minor(self) -> int:
        """What may be charged: the balance less what pre-authorisations hold."""
        return self.balance_minor - self.held_minor

    def __repr__(self) -> str:
        return f"Account({self.name})"


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The account behind a code, whether it may be used only once, and how many questions until it is confirmed."""

    account: Account
    single_use: bool
    confirmed_after: int


@dataclass(frozen=True, slots=True)
class Txn:
    """One financial message that was taken into the book, by the host's own number ``id``."""

    id: int
    terminal: str
    batch: int
    stan: int
    kind: str
    total: str
    amount_minor: int
    account: int | None
    payment_code: str
    state: str
    code: str
    rrn: str
    auth_code: str
    original: int | None
    code_voucher: str = ""
    """The host's own number of a code payment, tag A4 of element 59 (facts/unionpay.md §3.6)."""
    asked: int = 0
    """How often its result has been asked for while it was open."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A movement on an account: money (negative is charged) and what is held for later."""

    account: int
    amount_minor: int = 0
    held_minor: int = 0


@dataclass(frozen=True, slots=True)
class SettlementTotals:
    """What the host holds to be charged in a batch, the sides of element 48 (facts/unionpay.md §3.2).

    The first four are of domestic cards.
    """

    debit_count: int = 0
    debit_minor: int = 0
    credit_count: int = 0
    credit_minor: int = 0
    foreign_debit_count: int = 0
    foreign_debit_minor: int = 0
    foreign_credit_count: int = 0
    foreign_credit_minor: int = 0
