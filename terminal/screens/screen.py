"""A screen as data: what is said, not how it is drawn (facts/product.md §4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["MenuItem", "Screen", "Status", "Tone"]


class Tone(StrEnum):
    """What kind of news a screen brings; never told by colour alone."""

    NEUTRAL = "neutral"
    BUSY = "busy"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of a menu, reached by its digit."""

    key: str
    label: str
    bars: int | None = None
    """Strength of a signal, 0 to 4, where the item is a network."""
    locked: bool = False
    """Whether it asks for a password."""

    @property
    def signs(self) -> str:
        """Bars and lock as letters, where nothing can be drawn."""
        return "" if self.bars is None else f" {self.bars}/4{'*' if self.locked else ''}"


@dataclass(frozen=True, slots=True)
class Status:
    """The status bar: link, operator, clock and what is still open."""

    link: str = "unknown"
    """``up``, ``down`` or ``unknown``; drawn as the icon at the top left."""
    signed_on: bool = False
    operator: str = ""
    clock: str = ""
    """``hh:mm`` local time."""
    reversals: int = 0
    """Reversals that wait for the host."""
    offline: int = 0
    """Offline transactions that wait for the host."""
    training: bool = False
    network: str = ""
    """The link in use, ``ethernet``, ``wifi``, ``mobile`` or ``none``; empty where it is not looked at."""
    bars: int = 0
    """Its strength, 0 to 4."""
    alerts: tuple[str, ...] = ()
    """Short words for what needs a hand: ``paper``, ``cover``, ``reader``."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything one picture shows. Texts are already in the reader's language."""

    name: str
    """Stable name of the place in the flow, the same in every language: ``idle``, ``sale.amount``."""
    title: str
    instruction: str = ""
    """The one thing to do now."""
    lines: tuple[str, ...] = ()
    """Further text, a line each."""
    amount: str = ""
    """Formatted amount in large type, or empty."""
    entry: str | None = None
    """What has been typed, as it may be seen (a PIN arrives here as dots); None when nothing is typed."""
    peek: str = field(default="", repr=False)
    """The letter just typed into a secret entry: for the eyes in front of the display and for nobody else."""
    menu: tuple[MenuItem, ...] = ()
    hints: tuple[str, str] = ("", "")
    """Words for the red and the green key; empty when the key does nothing."""
    tone: Tone = Tone.NEUTRAL
    countdown_s: int | None = None
    """Seconds left before the screen acts on its own, or None."""
    character_set: str = ""
    """Active set while typing text: ``123``, ``abc``, ``ABC``, ``.@#``."""
    qr: str = ""
    """Text of a QR code to show, or empty."""
    language: str = ""
    """Language of the customer's question, such as ``fi``; empty where the merchant reads."""
    secret: bool = False
    """Whether what is typed now must not be known: no recording keeps which digits they are."""
    hides_digits: bool = False
    """Whether digits typed here may be of a card number, so that no recording keeps them."""
    other_language: str = ""
    """Name of the language that ``#`` changes to; empty where the customer reads nothing."""
    status: Status = field(default_factory=Status)

    @property
    def typed(self) -> str:
        """The entry as the display shows it: a secret's last mark is the letter itself until the next key."""
        entry = self.entry or ""
        return entry[:-1] + self.peek if self.peek else entry
