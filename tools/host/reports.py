"""What the host can be asked about its book: ledger, totals, accounts, and whether the book adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from tools.host.book import Book

__all__ = ["REPORTS", "Report"]

Report = Callable[[Book, Mapping[str, Any]], list[dict[str, Any]]]
_DOTS = "******"


def ledger(book: Book, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every transaction by the host's own number, with what it has really moved (``charged_minor``)."""
    return book.rows(
        "SELECT txn.id, txn.terminal, txn.batch, txn.stan, txn.kind, txn.total, txn.amount_minor, txn.state, txn.code, "
        "txn.rrn, txn.auth_code, account.name AS account, txn.original, "
        "coalesce(-(SELECT sum(entry.amount_minor) FROM entry WHERE entry.txn = txn.id), 0) AS charged_minor "
        "FROM txn LEFT JOIN account ON account.id = txn.account WHERE txn.id > ? ORDER BY txn.id",
        (int(question.get("after", 0)),),
    )


def arrivals(book: Book, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every financial message in the order it came, also repeats, refusals and reversals."""
    return book.rows("SELECT * FROM arrival WHERE id > ? ORDER BY id", (int(question.get("after", 0)),))


def totals(book: Book, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Settlement totals of every terminal and batch."""
    pairs = book.rows("SELECT DISTINCT terminal, batch FROM txn ORDER BY terminal, batch")
    return [{**pair, **asdict(book.totals(str(pair["terminal"]), int(str(pair["batch"]))))} for pair in pairs]


def accounts(book: Book, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The customers, their numbers truncated, and what they own."""
    return [
        {
            "name": account.name,
            "pan": f"{account.pan[:6]}{_DOTS}{account.pan[-4:]}",
            "balance_minor": account.balance_minor,
            "held_minor": account.held_minor,
            "refusal": account.refusal,
            "organisation": account.organisation,
            "wrong_pins": account.wrong_pins,
        }
        for account in book.accounts()
    ]


def check(book: Book, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What does not add up; empty when the book is whole.

    A reversed or declined message has moved nothing in sum; a charge that stands has moved its amount;
    no terminal's message is charged twice under one number of the terminal.
    """
    wrong_sums = book.rows(
        "SELECT 'moved though not approved' AS fault, txn.id FROM txn JOIN entry ON entry.txn = txn.id "
        "WHERE txn.state != 'approved' GROUP BY txn.id "
        "HAVING sum(entry.amount_minor) != 0 OR sum(entry.held_minor) != 0"
    )
    wrong_charges = book.rows(
        "SELECT 'approved with another amount' AS fault, txn.id FROM txn JOIN entry ON entry.txn = txn.id "
        "WHERE txn.state = 'approved' AND txn.total != 'none' GROUP BY txn.id "
        "HAVING abs(sum(entry.amount_minor)) != txn.amount_minor"
    )
    twice = book.rows(
        "SELECT 'charged twice' AS fault, max(id) AS id FROM txn WHERE state = 'approved' "
        "GROUP BY terminal, batch, stan HAVING count(*) > 1"
    )
    return wrong_sums + wrong_charges + twice


REPORTS: dict[str, Report] = {
    "ledger": ledger,
    "arrivals": arrivals,
    "totals": totals,
    "accounts": accounts,
    "check": check,
}
