"""Settlement and batch upload: 0500, 0320 (facts/unionpay.md §3.2, §3.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from iso8583 import Message
from tools.host.book import Book, SettlementTotals
from tools.host.codes import ACQUIRER_ID, APPROVE
from tools.host.request import Request

__all__ = ["Settlement"]

_TOTALS_DIGITS = 62
_SIDE_DIGITS = 30
_FOREIGN_AT = _SIDE_DIGITS + 1
_BALANCED, _UNBALANCED, _MALFORMED = "1", "2", "3"
_UPLOAD_ENDS = frozenset({"202", "207"})
_RECORD_DIGITS = 40
_RECORDS_MAX = 8


class Settlement:
    """Answers 0500 and 0320. Neither carries a MAC (§5)."""

    def __init__(self, book: Book, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now

    def answer(self, request: Request, forced_code: str = "") -> Message | None:
        """The answer, or None when the message is none of this service or comes from a stranger."""
        terminal = self._book.terminal(request.terminal)
        if terminal is None or terminal.merchant != request.text(42) or not request.batch:
            return None
        if request.mti == "0500":
            return self._compare(request)
        if request.mti == "0320" and forced_code:
            return self._reply(request, {39: forced_code})
        if request.mti == "0320":
            return self._upload(request)
        return None

    def _compare(self, request: Request) -> Message:
        """Say whether the terminal's totals are the host's: 1 balanced, 2 not, 3 unreadable. There is no element 39."""
        told = request.text(48)
        home, abroad = _sides(self._book.totals(request.terminal, request.batch))
        readable = len(told) == _TOTALS_DIGITS
        domestic, foreign = (
            (_BALANCED if told[at : at + _SIDE_DIGITS] == ours else _UNBALANCED) if readable else _MALFORMED
            for at, ours in ((0, home), (_FOREIGN_AT, abroad))
        )
        with self._book.transaction():
            self._book.settled(request.terminal, request.batch, told, domestic + foreign)
        return self._reply(request, {48: f"{home}{domestic}{abroad}{foreign}", 49: request.text(49)})

    def _upload(self, request: Request) -> Message:
        """Take records one by one or in groups, or the end that closes the batch."""
        terminal, batch = request.terminal, request.batch
        told = request.text(48)
        with self._book.transaction():
            if request.network_code in _UPLOAD_ENDS:
                self._book.close_batch(terminal, batch)
                self._book.next_batch(terminal, batch)
                return self._reply(request, {39: APPROVE, 48: told})
            if told:
                for trace, pan, amount_minor in _records(told):
                    self._book.uploaded(terminal, batch, trace, _truncated(pan), amount_minor)
            else:
                pan, _ = request.pan_and_expiry
                trace = request.original.stan if request.original else request.stan
                self._book.uploaded(terminal, batch, trace, _truncated(pan), request.amount_minor)
        return self._reply(request, {39: APPROVE})

    def _reply(self, request: Request, more: dict[int, str | bytes]) -> Message:
        now = self._now()
        elements: dict[int, str | bytes] = {
            element: request.message[element] for element in (11, 41, 42, 60) if element in request.message
        }
        elements |= {
            12: f"{now:%H%M%S}",
            13: f"{now:%m%d}",
            32: ACQUIRER_ID,
            37: f"{now:%H%M%S}{request.stan:06d}",
            **{element: value for element, value in more.items() if value},
        }
        return Message(f"{int(request.mti) + 10:04d}", dict(sorted(elements.items())))


def _sides(totals: SettlementTotals) -> tuple[str, str]:
    """Domestic and foreign: debit amount and count, credit amount and count, of 12, 3, 12 and 3 digits."""
    domestic = (totals.debit_minor, totals.debit_count, totals.credit_minor, totals.credit_count)
    foreign = (
        totals.foreign_debit_minor, totals.foreign_debit_count, totals.foreign_credit_minor, totals.foreign_credit_count
    )  # fmt: skip
    return _side(*domestic), _side(*foreign)


def _side(debit_minor: int, debit_count: int, credit_minor: int, credit_count: int) -> str:
    return f"{debit_minor:012d}{debit_count % 1000:03d}{credit_minor:012d}{credit_count % 1000:03d}"


def _records(digits: str) -> list[tuple[int, str, int]]:
    """Trace, card number and amount of each record: count 2, then card type 2, trace 6, PAN 20, amount 12."""
    count = min(int(digits[:2]), _RECORDS_MAX)
    records = []
    for index in range(count):
        record = digits[2 + index * _RECORD_DIGITS : 2 + (index + 1) * _RECORD_DIGITS]
        if len(record) == _RECORD_DIGITS:
            records.append((int(record[2:8]), record[8:28].lstrip("0"), int(record[28:])))
    return records


def _truncated(pan: str) -> str:
    return f"{pan[:6]}{'*' * max(0, len(pan) - 10)}{pan[-4:]}" if len(pan) > 10 else ""
