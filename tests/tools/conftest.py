"""A till that speaks the wire by itself: built on the codec and the key algorithms, not on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

import iso8583
from iso8583 import Message
from keys.ciphers import tdes_ecb_decrypt, tdes_ecb_encrypt
from keys.kcv import kcv
from keys.mac import unionpay_ecb
from keys.pin_block import format_0, unionpay
from keys.secret import Secret
from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES, DemoAccount, stripe
from tools.host.book import Book
from tools.host.delivery import Envelope
from tools.host.downloads import Shelf
from tools.host.request import Request
from tools.host.security import Security
from tools.host.switch import HostProfile, Switch

TERMINAL, MERCHANT = "10000001", "999290054110001"
NOW = datetime(2026, 11, 24, 10, 12, 36)
ACCOUNTS = {account.name: account for account in DEMO_ACCOUNTS}


class CountingRandom:
    """Bytes that differ at every call and are the same in every run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, length: int) -> bytes:
        self._calls += 1
        return bytes((self._calls * 37 + index * 11 + 5) % 256 for index in range(length))


@dataclass
class Bank:
    """The host without its network."""

    folder: Path
    random: CountingRandom = field(default_factory=CountingRandom)
    profile: HostProfile = field(default_factory=HostProfile)

    def __post_init__(self) -> None:
        self.dialect = iso8583.dialect("unionpay-pos")
        self.master = self.random(16)
        self.security = Security(self.folder, self.random)
        self.security.enrol(TERMINAL, self.master)
        self.book = Book.open(self.folder / "book.db", lambda: NOW, DEMO_ACCOUNTS, DEMO_CODES)
        with self.book.transaction():
            self.book.enrol(TERMINAL, MERCHANT)
        self.switch = Switch(self.book, self.security, self.profile, lambda: NOW, Shelf(self.folder, self.random))
        self.envelope = Envelope(self.dialect, self.security, self.random)

    def balance(self, name: str) -> int:
        """What an account holds now."""
        return next(account.balance_minor for account in self.book.accounts() if account.name == name)

    def held(self, name: str) -> int:
        """What pre-authorisations hold of an account now."""
        return next(account.held_minor for account in self.book.accounts() if account.name == name)


class Till:
    """A terminal of three pages, for talking to the bank in tests."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.stan = 0
        self.batch = 1
        self.pin_key = self.mac_key = self.track_key = b""

    def ask(self, mti: str, elements: dict[int, str | bytes], *, mac: bool = True) -> Message | None:
        """Send a message; the answer, its MAC checked where it carries one."""
        body = self.sealed(mti, elements, mac=mac)
        decoded = self.bank.dialect.decode(body)
        answer = self.bank.switch.answer(Request(decoded, body, bytes(6), 1))
        if answer is None:
            return None
        reply = self.bank.envelope.seal(TERMINAL, answer.message, mac=answer.mac)
        message = self.bank.dialect.decode(reply)
        if 64 in message and self.mac_key:
            assert unionpay_ecb(self.mac_key, reply[:-8]) == reply[-8:], "the answer's MAC is not valid"
        return message

    def sealed(self, mti: str, elements: dict[int, str | bytes], *, mac: bool = True) -> bytes:
        """Bytes of a message, with its MAC."""
        if not mac:
            return self.bank.dialect.encode(Message(mti, dict(sorted(elements.items()))))
        body = self.bank.dialect.encode(Message(mti, dict(sorted({**elements, 64: bytes(8)}.items()))))
        return body[:-8] + (unionpay_ecb(self.mac_key, body[:-8]) if self.mac_key else b"00000000")

    def next_stan(self) -> str:
        """A fresh STAN."""
        self.stan += 1
        return f"{self.stan:06d}"

    def sign_on(self, network_code: str = "003") -> Message:
        """Fetch working keys and check their check values."""
        reply = self.ask("0800", self.management(network_code), mac=False)
        assert reply is not None
        self.take_keys(reply, network_code)
        return reply

    def take_keys(self, reply: Message, network_code: str) -> None:
        """Unwrap the working keys of a sign-on answer, compare their check values, take the batch."""
        assert reply[39] == "00"
        field62 = reply[62]
        assert isinstance(field62, bytes)
        pin_length = 8 if network_code == "001" else 16
        parts = [pin_length, 4, 8, 0 if network_code == "001" else 8, 4, *([16, 4] if network_code == "004" else [])]
        assert sum(parts) == len(field62)
        pieces = []
        for length in parts:
            pieces.append(field62[:length])
            field62 = field62[length:]
        self.pin_key = tdes_ecb_decrypt(self.bank.master, pieces[0])
        self.mac_key = tdes_ecb_decrypt(self.bank.master, pieces[2])
        assert kcv(self.pin_key, "tdes", length=4) == pieces[1]
        assert kcv(self.mac_key, "tdes", length=4) == pieces[4]
        assert not any(pieces[3])
        if network_code == "004":
            self.track_key = tdes_ecb_decrypt(self.bank.master, pieces[5])
            assert kcv(self.track_key, "tdes", length=4) == pieces[6]
        batch = reply[60]
        assert isinstance(batch, str)
        self.batch = int(batch[2:8])

    def genuine(self, body: bytes) -> bool:
        """Whether a message ends with its MAC."""
        return unionpay_ecb(self.mac_key, body[:-8]) == body[-8:]

    def management(self, network_code: str) -> dict[int, str | bytes]:
        """Elements of a message about the terminal itself."""
        return {11: self.next_stan(), 41: TERMINAL, 42: MERCHANT, 60: f"00{self.batch:06d}{network_code}"}

    def elements(self, amount_minor: int, type_code: str = "22", **changes: str | bytes) -> dict[int, str | bytes]:
        """What every financial message carries; ``changes`` by element number with an ``e`` in front."""
        plain: dict[int, str | bytes] = {
            3: "000000",
            4: f"{amount_minor:012d}",
            11: self.next_stan(),
            22: "022",
            25: "00",
            41: TERMINAL,
            42: MERCHANT,
            49: "156",
            60: f"{type_code}{self.batch:06d}00020",
        }
        return plain | {int(name[1:]): value for name, value in changes.items()}

    def card(self, name: str, pin: str | None = None, *, with_pan: bool = True) -> dict[int, str | bytes]:
        """Elements of a swiped card, with the PIN block when a PIN is given."""
        account: DemoAccount = ACCOUNTS[name]
        elements: dict[int, str | bytes] = {35: stripe(account).replace("=", "D"), 53: "0600000000000000"}
        if pin is not None:
            secret = Secret(bytearray(pin.encode()))
            clear = format_0(secret, account.pan) if with_pan else unionpay(secret)
            elements |= {
                22: "021",
                26: "12",
                52: tdes_ecb_encrypt(self.pin_key, clear),
                53: "2600000000000000" if with_pan else "1600000000000000",
            }
        return elements

    def sale(self, name: str, amount_minor: int, pin: str | None = None, **changes: str | bytes) -> Message:
        """A sale by stripe; the right PIN unless another is given (an empty one: none)."""
        entered = ACCOUNTS[name].pin if pin is None else pin or None
        reply = self.ask("0200", {**self.elements(amount_minor, **changes), **self.card(name, entered)})
        assert reply is not None
        return reply

    def code_sale(self, code: str, amount_minor: int) -> Message:
        """A sale by a scanned payment code."""
        reply = self.ask("0200", self.elements(amount_minor, e22="032", e59=f"A3{len(code):03d}{code}"))
        assert reply is not None
        return reply

    def reverse(self, stan: str, amount_minor: int, type_code: str = "22", **changes: str | bytes) -> Message:
        """A reversal of an earlier message."""
        elements = self.elements(amount_minor, type_code, e39="98", e63="01 ", **changes)
        self.stan -= 1
        reply = self.ask("0400", {**elements, 11: stan})
        assert reply is not None
        return reply


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path)
    yield bank
    bank.book.close()


@pytest.fixture
def till(bank: Bank) -> Till:
    """A till that has signed on."""
    till = Till(bank)
    till.sign_on()
    return till


@pytest.fixture
def fresh_till(bank: Bank) -> Till:
    """A till that has never signed on."""
    return Till(bank)
