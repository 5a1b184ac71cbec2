"""What the host does for each message: one row each (facts/unionpay.md §2, §3).

The columns are the specification's. A message that no row names is answered with 12, an account
or network function the host does not have with 40.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.host import rules
from tools.host.rules import Rule

__all__ = ["KINDS", "REVERSAL_MTI", "Kind", "kind_of"]

REVERSAL_MTI = "0400"


@dataclass(frozen=True, slots=True)
class Kind:
    """A financial message as the host knows it."""

    name: str
    mti: str
    processing_code: str
    """Element 3."""
    type_code: str
    """Element 60.1."""
    condition_code: str
    """Element 25."""
    total: str
    """Side of the settlement totals: debit, credit or none."""
    payer: bool
    """Whether a card or code must be presented; otherwise the original names the account."""
    needs: tuple[int, ...]
    """Elements it must carry besides 3, 11, 22, 25, 41, 42, 49, 60 and 64."""
    rule: Rule


_ROWS = (
    #    name                  MTI     F3        60.1  F25   total     payer  needs          rule
    Kind("sale",               "0200", "000000", "22", "00", "debit",  True,  (4,),          rules.sale),
    Kind("qr-order",           "0200", "190000", "22", "00", "debit",  False, (4,),          rules.qr_order),
    Kind("qr-query",           "0200", "330000", "22", "00", "none",   False, (4, 61),       rules.qr_query),
    Kind("transfer",           "0200", "400000", "50", "00", "none",   True,  (4, 48),       rules.transfer),
    Kind("sale-void",          "0200", "200000", "23", "00", "credit", False, (4, 37, 61),   rules.void),
    Kind("refund",             "0220", "200000", "25", "00", "credit", False, (4, 37, 61),   rules.refund),
    Kind("pre-auth",           "0100", "030000", "10", "06", "none",   True,  (4,),          rules.pre_auth),
    Kind("additional-pre-auth","0100", "030000", "10", "60", "none",   True,  (4, 38),       rules.additional_pre_auth),
    Kind("pre-auth-void",      "0100", "200000", "11", "06", "none",   True,  (4, 38, 61),   rules.pre_auth_void),
    Kind("completion",         "0200", "000000", "20", "06", "debit",  True,  (4, 38, 61),   rules.completion),
    Kind("completion-void",    "0200", "200000", "21", "06", "credit", False, (4, 37, 61),   rules.void),
    Kind("completion-advice",  "0220", "000000", "24", "06", "debit",  True,  (4, 38, 61),   rules.completion),
    Kind("balance",            "0200", "310000", "01", "00", "none",   True,  (),            rules.balance),
    Kind("offline-sale",       "0220", "000000", "30", "00", "debit",  True,  (4, 38),       rules.offline_sale),
    Kind("tip",                "0220", "000000", "34", "00", "debit",  False, (4, 38, 61),   rules.tip),
    Kind("offline-ic-sale",    "0220", "000000", "36", "00", "debit",  True,  (4, 55),       rules.offline_sale),
)  # fmt: skip

KINDS: dict[tuple[str, str, str, str], Kind] = {
    (row.mti, row.processing_code, row.type_code, row.condition_code): row for row in _ROWS
}


def kind_of(mti: str, processing_code: str, type_code: str, condition_code: str) -> Kind | None:
    """The row of a message, or None when the host has no such transaction."""
    return KINDS.get((mti, processing_code, type_code, condition_code))
