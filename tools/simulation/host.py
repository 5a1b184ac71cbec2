"""The simulated host: the host simulator's rules over a ledger of its own, and whoever pretends to be it.

The ledger knows a transaction by what the oracle chose for it (its kind and an amount that no other has), never by
a number of the terminal: a terminal that uses a STAN twice cannot hide the damage behind the host's own check
for repeats (facts/reliability-security-emv.md §0).
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import iso8583
from iso8583 import Message
from iso8583.framing import UnionPayFrame, UnionPayFraming
from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES
from tools.host.book import Book, Effect, Txn
from tools.host.delivery import Envelope
from tools.host.request import Request
from tools.host.security import Security
from tools.host.switch import Answer, HostProfile, Switch
from tools.simulation.faults import FORGERIES, MONEY_FAULTS, Fault

__all__ = ["Ledger", "SaleId", "SimulatedHost"]

SaleId = tuple[str, int]
"""The host's word for the kind, and the amount: unique in a world, chosen by neither side."""
_DIALECT = iso8583.dialect("unionpay-pos")
_SEALED = ("01", "02", "04")
_RESULT_AT = (30, 61)
"""Of element 48: what the host finds of domestic and of foreign cards."""
_APPROVED = "00"


class Ledger:
    """What is really charged, by sale id."""

    def __init__(self, wrong: Callable[[str, str], None]) -> None:
        self._wrong = wrong
        self.live: Counter[SaleId] = Counter()
        self.reversed: Counter[SaleId] = Counter()

    def charged(self, kind: str, amount_minor: int) -> None:
        """An effect has come into being (invariant I2)."""
        self.live[kind, amount_minor] += 1
        if amount_minor and self.live[kind, amount_minor] > 1:
            self._wrong("I2", f"{kind} of {amount_minor} is charged {self.live[kind, amount_minor]} times")

    def undone(self, kind: str, amount_minor: int) -> None:
        """An effect has been taken back."""
        self.live[kind, amount_minor] -= 1
        self.reversed[kind, amount_minor] += 1


class _LedgerBook(Book):
    """The host simulator's book in memory; the ledger listens to it."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        database = sqlite3.connect(":memory:", isolation_level=None)
        database.execute("PRAGMA journal_mode=OFF")
        database.executescript(files("tools.host").joinpath("schema.sql").read_text("utf-8"))
        super().__init__(database, now)
        self._ledger = ledger
        self._fill(DEMO_ACCOUNTS, DEMO_CODES)

    def record(self, txn: Txn, effects: Sequence[Effect]) -> Txn:
        if txn.state == "approved":
            self._ledger.charged(txn.kind, txn.amount_minor)
        return super().record(txn, effects)

    def conclude(self, txn: Txn, code: str, account: int, auth_code: str, effects: Sequence[Effect]) -> Txn:
        if auth_code:
            self._ledger.charged(txn.kind, txn.amount_minor)
        return super().conclude(txn, code, account, auth_code, effects)

    def undo(self, txn: Txn) -> None:
        if txn.state == "approved":  # an open code payment has moved nothing yet
            self._ledger.undone(txn.kind, txn.amount_minor)
        super().undo(txn)


class _Security(Security):
    """Keys in memory only."""

    def _save(self) -> None:
        return None

    def working_keys(self, terminal: str) -> list[bytes]:
        """PIN and MAC key, in clear: for whoever looks for them elsewhere."""
        known = self._keys[terminal]
        return [bytes.fromhex(text) for text in (known.pin, known.mac) if text]


class SimulatedHost:
    """Answers frames; some of them by order of a fault."""

    def __init__(
        self,
        terminal: str,
        merchant: str,
        master_key: bytes,
        rng: random.Random,
        now: Callable[[], datetime],
        note: Callable[[str], None],
        wrong: Callable[[str, str], None],
        *,
        sign_declines: bool = True,
    ) -> None:
        self.terminal = terminal
        self.ledger = Ledger(wrong)
        self._rng = rng
        self._note = note
        self.book = _LedgerBook(self.ledger, now)
        self._security = _Security(Path("/simulated"), rng.randbytes)
        self._security.enrol(terminal, master_key)
        self.book.enrol(terminal, merchant)
        self._switch = Switch(self.book, self._security, HostProfile(sign_declines=sign_declines), now)
        self._envelope = Envelope(_DIALECT, self._security, rng.randbytes)
        self._count = 0
        self.asked: list[tuple[str, int, int, str, int]] = []
        """MTI, batch, STAN, type code and amount of every message about money that arrived."""
        self.verdicts: dict[int, set[str]] = defaultdict(set)
        """What the terminal was told of its totals, for each batch: a digit for either side."""
        self._answers: dict[tuple[str, str], bytes] = {}
        self.genuine: Counter[SaleId] = Counter()
        """Proven approvals that were given out."""

    def answer(self, data: bytes, fault: Fault) -> bytes | None:
        """Do what a frame asks and answer it."""
        frame = UnionPayFraming().feed(data)[0]
        message = _DIALECT.decode(frame.body)
        self._count += 1
        request = Request(message, frame.body, frame.header, self._count)
        sealed = message.mti[:2] in _SEALED
        if fault in MONEY_FAULTS and not sealed:
            fault = Fault.NONE
        if fault in FORGERIES:
            return self._forged(frame, request, fault)
        if sealed:
            self.asked.append((message.mti, request.batch, request.stan, request.type_code, request.amount_minor))
        known = self.book.find(self.terminal, request.batch, request.stan) is not None and message.mti != "0400"
        if fault in _REFUSALS and sealed and not known:  # a host does not deny what it has answered already
            return self._refused(frame, request, _REFUSALS[fault])
        answer = self._switch.answer(request)
        if answer is None:
            return None
        self._note(f"host: {request.mti} {request.stan:06d} {request.amount_minor} answered {answer.code}")
        given = self._delivered(frame, request, answer, fault)
        if fault not in _DAMAGED and sealed:
            self._remember(request, answer, given)
        return given

    def pay(self, amount_minor: int, account: str) -> None:
        """A customer pays an order that stands open on the terminal's screen."""
        rows = self.book.rows(
            "SELECT rrn FROM txn WHERE kind = 'qr-order' AND state = 'open' AND amount_minor = ?", (amount_minor,)
        )
        customer = next((each for each in self.book.accounts() if each.name == account), None)
        order = self.book.open_order(str(rows[0]["rrn"])) if rows else None
        if order is None or customer is None:
            return
        with self.book.transaction():
            self._note(f"customer: pays the order of {amount_minor}")
            if self._switch.confirm(order, customer) == _APPROVED:
                self.genuine[order.kind, amount_minor] += 1

    def forgive(self) -> None:
        """Wrong PINs are forgotten."""
        with self.book.transaction():
            for account in self.book.accounts():
                self.book.wrong_pins(account.id, 0)

    def working_keys(self) -> list[bytes]:
        """The keys of the latest sign-on."""
        return self._security.working_keys(self.terminal)

    def close(self) -> None:
        """Let the book go."""
        self.book.close()

    def earlier(self, data: bytes) -> bytes | None:
        """A genuine approval of an earlier message of the same type and processing code."""
        message = _DIALECT.decode(UnionPayFraming().feed(data)[0].body)
        return self._answers.get((message.mti, str(message.get(3))))

    def _remember(self, request: Request, answer: Answer, given: bytes) -> None:
        if answer.code == _APPROVED:
            self._answers[request.mti, request.text(3)] = given
            if answer.txn is not None and request.mti != "0400":
                self.genuine[answer.txn.kind, answer.txn.amount_minor] += 1

    def _delivered(self, frame: UnionPayFrame, request: Request, answer: Answer, fault: Fault) -> bytes:
        message, mac, wish = answer.message, answer.mac, "0"
        match fault:
            case Fault.NEW_KEYS_WANTED:
                wish = "3"
            case Fault.NO_MAC:
                mac = False
            case Fault.NO_CODE:
                message = _without(message, 39)
            case Fault.AMBIGUOUS:
                message = _with(message, 39, "96")
            case Fault.DENIED:
                message, mac = _with(message, 39, "51"), False
            case Fault.PARTIAL if request.amount_minor > 1:
                message = _with(_with(message, 39, "10"), 4, f"{request.amount_minor // 2:012d}")
            case Fault.TOTALS_DISAGREE | Fault.FOREIGN_DISAGREE if request.mti == "0500":
                told, at = str(message.get(48)), _RESULT_AT[fault is Fault.FOREIGN_DISAGREE]
                message = _with(message, 48, f"{told[:at]}2{told[at + 1 :]}")
        if request.mti == "0500" and 48 in message:
            self.verdicts[request.batch].add("".join(str(message[48])[at] for at in _RESULT_AT))
        body = self._envelope.seal(request.terminal, message, mac=mac)
        if fault is Fault.WRONG_MAC and mac:
            body = _spoiled_mac(body)
        return self._framed(frame, body, wish)

    def _refused(self, frame: UnionPayFrame, request: Request, code: str) -> bytes:
        """Nothing is done, and the answer says so, sealed."""
        self._note(f"host: {request.mti} {request.stan:06d} refused {code}")
        message = _with(_echo(request), 39, code)
        known = self._security.has_mac_key(request.terminal)
        return self._framed(frame, self._envelope.seal(request.terminal, message, mac=known))

    def _forged(self, frame: UnionPayFrame, request: Request, fault: Fault) -> bytes:
        """An approval of something the host has never seen; only one thing about it is wrong."""
        self._note(f"forger: {request.mti} {request.stan:06d} {fault}")
        message = _with(_with(_with(_echo(request), 39, _APPROVED), 37, "999999999999"), 38, "999999")
        match fault:
            case Fault.FORGED_STAN:
                message = _with(message, 11, f"{(request.stan + 1) % 1_000_000:06d}")
            case Fault.FORGED_TERMINAL:
                message = _with(message, 41, "99999999")
            case Fault.FORGED_AMOUNT:
                message = _with(message, 4, f"{request.amount_minor + 1:012d}")
            case Fault.FORGED_PROCESSING:
                message = _with(message, 3, "990000")
            case Fault.FORGED_MTI:
                mti = {"0210": "0110", "0110": "0210", "0230": "0210", "0410": "0210"}.get(message.mti, "0210")
                message = Message(mti, message.elements)
        if fault is Fault.FORGED_REPEATED:
            message = _with(message, 39, "94")
        mac = fault not in (Fault.FORGED_NO_MAC, Fault.FORGED_REPEATED) and self._security.has_mac_key(request.terminal)
        body = self._envelope.seal(request.terminal, message, mac=mac)
        return self._framed(frame, _spoiled_mac(body) if fault is Fault.FORGED_MAC and mac else body)

    def _framed(self, frame: UnionPayFrame, body: bytes, wish: str = "0") -> bytes:
        header = bytearray(frame.header)
        header[2] = header[2] & 0xF0 | int(wish)
        return UnionPayFraming().pack(UnionPayFrame(frame.tpdu, bytes(header), body))


_REFUSALS = {Fault.DECLINED: "51", Fault.SIGN_ON_FIRST: "77", Fault.FAILING: "96", Fault.UNKNOWN_CODE: "ZZ"}
_DAMAGED = frozenset({
    Fault.WRONG_MAC, Fault.NO_MAC, Fault.NO_CODE, Fault.AMBIGUOUS, Fault.DENIED, Fault.PARTIAL,
})  # fmt: skip
_ECHOED = (3, 4, 11, 25, 41, 42, 49, 60)


def _echo(request: Request) -> Message:
    elements = {element: request.message[element] for element in _ECHOED if element in request.message}
    return Message(f"{int(request.mti) + 10:04d}", elements)


def _with(message: Message, element: int, value: str) -> Message:
    return Message(message.mti, dict(sorted({**message.elements, element: value}.items())))


def _without(message: Message, element: int) -> Message:
    return Message(message.mti, {number: value for number, value in message.elements.items() if number != element})


def _spoiled_mac(body: bytes) -> bytes:
    return body[:-1] + (b"0" if body[-1:] != b"0" else b"1")
