"""Parameters that a technician may change at the terminal: a row each, in the order of their digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from config import Settings

__all__ = [
    "COMMUNICATION",
    "FIELDS",
    "HOST_TIMES",
    "LANGUAGES",
    "LIMITS",
    "MERCHANT",
    "OFFLINE",
    "PAGES",
    "TIMES",
    "Field",
    "Kind",
    "Page",
]


class Kind(Enum):
    """How a value is asked for."""

    DIGITS = "digits"
    NUMBER = "number"
    """Digits that count something."""
    TEXT = "text"
    AMOUNT = "amount"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: its text, its key, how it is asked for."""

    label: str
    key: str
    kind: Kind
    most: int = 0
    """Digits or characters at most; the largest amount is the schema's."""
    least: int = 1
    choices: tuple[str, ...] = ()
    read: Callable[[Settings], Any] | None = None
    """Where the shown value is not simply the key's."""
    write: Callable[[Settings, str], Any] | None = None
    """Where the key's value is not simply what was typed."""

    def value(self, settings: Settings) -> Any:
        """As it is shown."""
        if self.read is not None:
            return self.read(settings)
        section, _, name = self.key.rpartition(".")
        return getattr(getattr(settings, section) if section else settings.acquirer_profile, name)

    def typed(self, settings: Settings, answer: str) -> Any:
        """The key's new value for what was typed."""
        if self.write is not None:
            return self.write(settings, answer)
        return int(answer) if self.kind in (Kind.NUMBER, Kind.AMOUNT) else answer


@dataclass(frozen=True, slots=True)
class Page:
    """A list of parameters on one screen: at most five, so that names and values stand in one column."""

    title: str
    fields: tuple[Field, ...]


def _host(place: int) -> Callable[[Settings], str]:
    def read(settings: Settings) -> str:
        return (*(address.removeprefix("tcp:") for address in settings.host.address), "", "")[place]

    return read


def _with_host(place: int) -> Callable[[Settings, str], list[str]]:
    """The list of addresses with one replaced; ``0`` takes a backup away."""

    def write(settings: Settings, answer: str) -> list[str]:
        hosts = list(settings.host.address)
        if answer == "0" and place:
            return hosts[:place] + hosts[place + 1 :]
        return [*hosts[:place], f"tcp:{answer}", *hosts[place + 1 :]]

    return write


_DIGITS, _NUMBER, _TEXT, _AMOUNT, _CHOICE = Kind.DIGITS, Kind.NUMBER, Kind.TEXT, Kind.AMOUNT, Kind.CHOICE

MERCHANT = Page("menu.technician.merchant", (
    Field("parameters.merchant-id", "terminal.merchant_id", _TEXT, 15, 15),
    Field("parameters.terminal-id", "terminal.id", _TEXT, 8, 8),
    Field("parameters.merchant-name", "terminal.merchant_name", _TEXT, 40),
))  # fmt: skip

COMMUNICATION = Page("menu.technician.communication", (
    Field("parameters.host-1", "host.address", _TEXT, 60, read=_host(0), write=_with_host(0)),
    Field("parameters.host-2", "host.address", _TEXT, 60, read=_host(1), write=_with_host(1)),
    Field("parameters.tpdu", "tpdu", _DIGITS, 10, 10),
    Field("parameters.nii", "tpdu", _DIGITS, 4, 4,
          read=lambda settings: settings.acquirer_profile.tpdu[2:6],
          write=lambda settings, nii: "60" + nii + settings.acquirer_profile.tpdu[6:]),
))  # fmt: skip

LIMITS = Page("menu.parameters.limits", (
    Field("parameters.amount-max", "amount_max_minor", _AMOUNT),
    Field("parameters.refund-max", "refund_max_minor", _AMOUNT),
    Field("parameters.pin-free", "pin_free_max_minor", _AMOUNT),
    Field("parameters.tip", "tip_percent_max", _NUMBER, 3),
))  # fmt: skip

OFFLINE = Page("menu.parameters.offline", (
    Field("parameters.offline-single", "offline_single_max_minor", _AMOUNT),
    Field("parameters.offline-sum", "offline_sum_max_minor", _AMOUNT),
    Field("parameters.offline-count", "offline_count_max", _NUMBER, 3),
))  # fmt: skip

HOST_TIMES = Page("menu.parameters.host-times", (
    Field("parameters.connect", "connect_s", _NUMBER, 3),
    Field("parameters.response", "response_s", _NUMBER, 3),
    Field("parameters.answer", "answer_s", _NUMBER, 3),
))  # fmt: skip

TIMES = Page("menu.parameters.times", (
    Field("parameters.menu-s", "timeouts.menu_s", _NUMBER, 4),
    Field("parameters.amount-s", "timeouts.amount_s", _NUMBER, 4),
    Field("parameters.card-s", "timeouts.card_s", _NUMBER, 4),
    Field("parameters.pin-s", "timeouts.pin_s", _NUMBER, 4),
    Field("parameters.outcome-s", "timeouts.outcome_s", _NUMBER, 4),
))  # fmt: skip

LANGUAGES = Page("menu.parameters.languages", (
    Field("parameters.language", "terminal.language", _CHOICE, choices=("zh", "en", "fi")),
    Field("parameters.customer-language", "terminal.customer_language", _CHOICE, choices=("zh", "en", "fi")),
))  # fmt: skip

PAGES = (MERCHANT, COMMUNICATION, LIMITS, OFFLINE, HOST_TIMES, TIMES, LANGUAGES)
FIELDS = tuple(field for page in PAGES for field in page.fields)
"""Every row, for the tests that walk all of them."""
