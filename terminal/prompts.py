"""What the terminal asks people, as small machines without I/O: an event in, a screen or an answer out.

Each prompt takes only the kind of input it wants: a scan never becomes digits of an amount,
a swipe never lands in a running sale (facts/product.md §2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from drivers.events import Event, Key, KeyPress, MisScan, MisSwipe, Scan, Swipe
from keys import Secret
from terminal.domain.card import Card, CardRefusal
from terminal.domain.code import Code, CodeRefusal
from terminal.domain.money import Currency, format_amount, push_digit
from terminal.screens.screen import MenuItem, Screen, Tone
from terminal.screens.texts import Translator

__all__ = [
    "AmountPrompt",
    "Answer",
    "Cancelled",
    "Confirm",
    "DigitsPrompt",
    "FirstDigit",
    "ForCustomer",
    "GaveWay",
    "GivesWay",
    "MenuPrompt",
    "Notice",
    "PassingNotice",
    "PinEntry",
    "PinPrompt",
    "PresentPrompt",
    "Prompt",
    "TimedOut",
    "Unhurried",
]

A_co = TypeVar("A_co", covariant=True)
_DIGITS = frozenset("0123456789")
_AMOUNT_KEYS = _DIGITS | {"00"}
_MASK = "●"


class Cancelled(Exception):
    """The red key: one step back."""


class TimedOut(Exception):
    """Nobody answered in time."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[A_co]):
    """What was answered; a value of its own, so that an empty answer is one too."""

    value: A_co


class ForCustomer:
    """A question that the customer reads: in the customer's language, which ``#`` changes."""

    __slots__ = ()


class GaveWay(Exception):
    """A till asks for something, and nobody is in the middle of anything."""


class GivesWay:
    """A screen that a till's request takes the place of: nobody is in the middle of anything."""

    __slots__ = ()


class Unhurried:
    """A screen whose time-out is nobody's business: it is only drawn again."""

    __slots__ = ()


class Prompt(Protocol[A_co]):
    """A question. ``take`` raises Cancelled on the red key."""

    def screen(self, texts: Translator) -> Screen:
        """The question as it stands."""

    def take(self, event: Event) -> Answer[A_co] | None:
        """Use an event; the answer when that completes it."""


def _hints(texts: Translator) -> tuple[str, str]:
    return texts.text("key.cancel"), texts.text("key.enter")


@dataclass(slots=True)
class AmountPrompt:
    """Amount from right to left in the currency's minor unit; zero is no answer (facts/product.md §4.3)."""

    title: str
    currency: Currency
    maximum_minor: int
    amount_minor: int = 0

    def screen(self, texts: Translator) -> Screen:
        """The amount so far."""
        return Screen(
            self.title.replace(".title", ".amount"),
            texts.text(self.title),
            texts.text("amount.instruction"),
            amount=format_amount(self.amount_minor, self.currency),
            hints=_hints(texts),
        )

    def take(self, event: Event) -> Answer[int] | None:
        """Digits and 00 push, yellow takes the last digit back, green answers."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        if event.key is Key.CLEAR:
            self.amount_minor //= 10
        elif event.key is Key.ENTER:
            return Answer(self.amount_minor) if self.amount_minor else None
        elif event.key in _AMOUNT_KEYS:
            self.amount_minor = push_digit(self.amount_minor, str(event.key), self.maximum_minor)
        return None


@dataclass(frozen=True, slots=True, repr=False)
class FirstDigit:
    """Somebody begins to type a card number."""

    digit: str


@dataclass(slots=True)
class PresentPrompt(ForCustomer):
    """Card or code of the customer. What cannot be used is named, and asked for again."""

    title: str
    amount: str
    read_card: Callable[[Swipe], Card | CardRefusal]
    read_code: Callable[[Scan], Code | CodeRefusal]
    instruction: str = "present.instruction"
    notice: str = ""
    """Catalogue key of what was wrong with the last try."""
    typing: bool = False
    """Whether a card number may be typed."""

    def screen(self, texts: Translator) -> Screen:
        """The amount, the request, and what went wrong before."""
        return Screen(
            self.title.replace(".title", ".present"),
            texts.text(self.title),
            texts.text(self.instruction),
            lines=tuple(texts.text(key) for key in (self.notice, "present.typing" * self.typing) if key),
            amount=self.amount,
            hints=(texts.text("key.cancel"), ""),
            tone=Tone.WARNING if self.notice else Tone.NEUTRAL,
            hides_digits=self.typing,
        )

    def take(self, event: Event) -> Answer[Card | Code | FirstDigit] | None:
        """A card or a payment code that may be charged, or the first digit of a number."""
        match event:
            case KeyPress(key=Key.CANCEL):
                raise Cancelled
            case KeyPress(key=key) if self.typing and key in _DIGITS:
                return Answer(FirstDigit(str(key)))
            case Swipe():
                return self._judge(self.read_card(event), "card")
            case Scan():
                return self._judge(self.read_code(event), "code")
            case MisSwipe():
                self.notice = f"misswipe.{event.reason}"
            case MisScan():
                self.notice = f"misscan.{event.reason}"
        return None

    def _judge(
        self, read: Card | Code | CardRefusal | CodeRefusal, what: str
    ) -> Answer[Card | Code | FirstDigit] | None:
        if isinstance(read, CardRefusal | CodeRefusal):
            self.notice = f"{what}.{read.reason}"
            return None
        return Answer(read)


@dataclass(frozen=True, slots=True, repr=False)
class PinEntry:
    """A PIN, or its deliberate absence: typed here, or already a block from the PIN pad."""

    pin: Secret | None
    bypassed: bool = False
    """It was asked for, and passed over with the green key."""
    block: bytes = b""
    """Enciphered, for element 52."""

    @property
    def entered(self) -> bool:
        """Whether there is a PIN."""
        return self.pin is not None or bool(self.block)

    def wipe(self) -> None:
        """Forget the digits."""
        if self.pin is not None:
            self.pin.wipe()


@dataclass(slots=True, repr=False)
class PinPrompt(ForCustomer):
    """The customer's PIN, shown as dots; for lab and training only.

    In production the PIN is entered on a certified PIN pad, which gives the block; this machine
    never sees the digits (facts/product.md §4.3).
    """

    amount: str
    merchant: str
    length_min: int
    length_max: int
    bypass: bool
    """Whether green on an empty field means: no PIN."""
    notice: str = ""
    """Catalogue key of what was wrong with the last try."""
    _digits: bytearray = field(default_factory=bytearray)

    def screen(self, texts: Translator) -> Screen:
        """Amount and merchant stay in sight while the PIN is typed."""
        return Screen(
            "sale.pin",
            texts.text("pin.title"),
            texts.text("pin.instruction.bypass" if self.bypass else "pin.instruction"),
            lines=(self.merchant, *((texts.text(self.notice),) if self.notice else ())),
            amount=self.amount,
            entry=_MASK * len(self._digits),
            hints=_hints(texts),
            secret=True,
        )

    def take(self, event: Event) -> Answer[PinEntry] | None:
        """Digits, yellow to clear, green when the length is allowed."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            self.wipe()
            raise Cancelled
        if event.key is Key.CLEAR:
            self.wipe()
        elif event.key is Key.ENTER:
            if not self._digits and self.bypass:
                return Answer(PinEntry(None, bypassed=True))
            if len(self._digits) >= self.length_min:
                pin = Secret(self._digits)
                self._digits = bytearray()
                return Answer(PinEntry(pin))
        elif event.key in _DIGITS and len(self._digits) < self.length_max:
            self._digits += str(event.key).encode("ascii")
        return None

    def wipe(self) -> None:
        """Forget the digits; every way out but the answer comes here."""
        for index in range(len(self._digits)):
            self._digits[index] = 0
        self._digits.clear()


@dataclass(slots=True)
class MenuPrompt:
    """One of several items by its digit."""

    name: str
    title: str
    items: tuple[tuple[str, str], ...]
    """Digit and catalogue key of each item."""

    def screen(self, texts: Translator) -> Screen:
        """The items with their digits."""
        return Screen(
            self.name,
            texts.text(self.title),
            menu=tuple(MenuItem(digit, texts.text(label)) for digit, label in self.items),
            hints=(texts.text("key.cancel"), ""),
        )

    def take(self, event: Event) -> Answer[str] | None:
        """The digit of an item that is there."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        return Answer(str(event.key)) if any(event.key == digit for digit, _ in self.items) else None


@dataclass(slots=True)
class DigitsPrompt:
    """Some digits as they stand on a slip: a voucher number, a date, a reference."""

    name: str
    title: str
    instruction: str
    """Catalogue keys."""
    digits_max: int
    digits_min: int = 1
    right: Callable[[str], bool] = lambda typed: True
    """Whether what was typed can be what is asked for, such as a day that exists."""
    typed: str = ""
    wrong: bool = False
    about: str = ""
    """What the digits are about, as it stands on the screen."""

    def screen(self, texts: Translator) -> Screen:
        """The digits so far."""
        return Screen(
            self.name,
            texts.text(self.title),
            texts.text(self.instruction),
            lines=tuple(line for line in (self.about, texts.text("digits.wrong") if self.wrong else "") if line),
            entry=self.typed,
            hints=_hints(texts),
            tone=Tone.WARNING if self.wrong else Tone.NEUTRAL,
        )

    def take(self, event: Event) -> Answer[str] | None:
        """Digits, yellow takes the last back, green answers."""
        if not isinstance(event, KeyPress):
            return None
        if event.key is Key.CANCEL:
            raise Cancelled
        self.wrong = False
        if event.key is Key.CLEAR:
            self.typed = self.typed[:-1]
        elif event.key is Key.ENTER:
            if len(self.typed) >= self.digits_min and self.right(self.typed):
                return Answer(self.typed)
            self.wrong = bool(self.typed)
        elif event.key in _DIGITS and len(self.typed) < self.digits_max:
            self.typed += str(event.key)
        return None


@dataclass(slots=True)
class Confirm:
    """Something to agree to: green agrees, red goes back."""

    shown: Screen

    def screen(self, texts: Translator) -> Screen:
        """What is agreed to."""
        return replace(self.shown, hints=_hints(texts))

    def take(self, event: Event) -> Answer[None] | None:
        """Green or red; nothing else is an answer."""
        if isinstance(event, KeyPress) and event.key is Key.CANCEL:
            raise Cancelled
        return Answer(None) if isinstance(event, KeyPress) and event.key is Key.ENTER else None


@dataclass(slots=True)
class Notice:
    """Something to read; green or red ends it."""

    shown: Screen

    def screen(self, texts: Translator) -> Screen:
        """The notice with its green key."""
        return replace(self.shown, hints=("", texts.text("key.enter")))

    def take(self, event: Event) -> Answer[None] | None:
        """Any of the two keys that end a step."""
        ends = isinstance(event, KeyPress) and event.key in (Key.ENTER, Key.CANCEL)
        return Answer(None) if ends else None


@dataclass(slots=True)
class PassingNotice(Notice, GivesWay):
    """A notice that the next customer need not wait for."""
