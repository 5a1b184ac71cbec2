"""Stop list and BIN table of the acquirer: signed, sorted, looked up by halving (facts/unionpay.md §2, 390/391).

A list is signed text (``signed_text.py``). Its head says what it is:

    countertop-list 1 stop 7 a1b2c3d4
    0f3a…32 hexadecimal digits… C
    signature BASE64

Entries of a stop list are the first 16 bytes of SHA-256 over the list's salt and the card number, with C
(capture) or D (decline): the list at rest names no card. Entries of a BIN table are ``LOW HIGH ORGANISATION
KIND`` with ``offline`` or ``online`` as the kind; ranges do not overlap. The version only grows.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from terminal.domain.signed_text import Unsigned, signed_part

__all__ = ["EMPTY", "Bin", "BinTable", "CardLists", "ListRefused", "StopList", "read_list", "stop_entry"]

_MAGIC, _FORMAT = "countertop-list", "1"
_DIGEST_DIGITS = 32
_BIN_DIGITS = 12


class ListRefused(Exception):
    """A list that is not taken over; ``reason`` is a catalogue key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class StopList:
    """Cards that are not accepted."""

    version: int
    salt: str
    entries: tuple[str, ...]
    """Digest and action, sorted."""

    def action(self, pan: bytes | bytearray) -> str:
        """``C`` capture, ``D`` decline, or empty for a card that is not listed."""
        digest = stop_entry(self.salt, pan)
        place = bisect_right(self.entries, digest + "~") - 1
        found = self.entries[place] if place >= 0 else ""
        return found[-1] if found[:_DIGEST_DIGITS] == digest else ""


@dataclass(frozen=True, slots=True, order=True)
class Bin:
    """A range of card numbers by their first digits, filled up to 12."""

    low: str
    high: str
    organisation: str
    """CUP, VIS, MCC …"""
    offline: bool
    """Whether a card of the range may be accepted without the issuer's own word."""


@dataclass(frozen=True, slots=True)
class BinTable:
    """Ranges in ascending order."""

    version: int
    ranges: tuple[Bin, ...]

    def find(self, pan: bytes | bytearray) -> Bin | None:
        """The range that a card number lies in, or None."""
        head = bytes(pan[:_BIN_DIGITS]).decode("ascii").ljust(_BIN_DIGITS, "0")
        place = bisect_right(self.ranges, head, key=lambda entry: entry.low) - 1
        found = self.ranges[place] if place >= 0 else None
        return found if found is not None and found.low <= head <= found.high else None


@dataclass(frozen=True, slots=True)
class CardLists:
    """Both lists as they are in force; None where the acquirer gives none."""

    stop: StopList | None = None
    bins: BinTable | None = None

    def refused_offline(self, pan: bytes | bytearray) -> str:
        """Catalogue key of why a card is not accepted without the host; empty when nothing speaks against it."""
        action = self.stop.action(pan) if self.stop is not None else ""
        if action:
            return "card.stopped-capture" if action == "C" else "card.stopped"
        found = self.bins.find(pan) if self.bins is not None else None
        if self.bins is not None and (found is None or not found.offline):
            return "card.online-only"
        return ""


EMPTY = CardLists()


def stop_entry(salt: str, pan: bytes | bytearray) -> str:
    """How a stop list names a card: 32 hexadecimal digits."""
    return hashlib.sha256(salt.encode("ascii") + bytes(pan)).hexdigest()[:_DIGEST_DIGITS]


def read_list(data: bytes, key: bytes) -> StopList | BinTable:
    """A list whose signature is right. Raises ListRefused; nothing of an unsigned list is looked at."""
    try:
        covered = signed_part(data, key)
    except Unsigned:
        raise ListRefused("list.unsigned") from None
    try:
        head, *lines = covered.decode("ascii").splitlines()
        magic, form, kind, version, salt = head.split()
        if (magic, form) != (_MAGIC, _FORMAT):
            raise ListRefused("list.unreadable")
        return _parsed(kind, int(version), salt, lines)
    except (ValueError, UnicodeDecodeError):
        raise ListRefused("list.unreadable") from None


def _parsed(kind: str, version: int, salt: str, lines: list[str]) -> StopList | BinTable:
    if kind == "stop":
        entries = tuple(sorted(f"{digest.lower()}{action}" for digest, action in (line.split() for line in lines)))
        if any(len(entry) != _DIGEST_DIGITS + 1 or entry[-1] not in "CD" for entry in entries):
            raise ListRefused("list.unreadable")
        return StopList(version, salt, entries)
    if kind != "bin":
        raise ListRefused("list.unreadable")
    ranges = tuple(sorted(_bin(line) for line in lines))
    if any(before.high >= after.low for before, after in pairwise(ranges)):
        raise ListRefused("list.unreadable")
    return BinTable(version, ranges)


def _bin(line: str) -> Bin:
    low, high, organisation, kind = line.split()
    chosen: dict[str, Literal[True, False]] = {"offline": True, "online": False}
    if not (low.isdecimal() and high.isdecimal() and low <= high and kind in chosen):
        raise ValueError
    return Bin(low.ljust(_BIN_DIGITS, "0"), high.ljust(_BIN_DIGITS, "9"), organisation, chosen[kind])
