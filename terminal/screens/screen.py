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
    other_language: str = ""
    """Name of the language that ``#`` changes to; empty where the customer reads nothing."""
    status: Status = field(default_factory=Status)
