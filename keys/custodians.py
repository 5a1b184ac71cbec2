"""Key custodians: the people who each hold a part of a key, and the proof that it is them.

Numbers and salted verifiers (Argon2id, RFC 9106) rest sealed in the vault. A wrong password is counted there before
anybody learns that it was wrong, so pulling the plug gains no further try. A custodian who is locked out is let in
again by another custodian; there is no password that opens for everybody, and none to begin with.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keys.errors import CeremonyRefused
from keys.secret import Secret
from keys.vault import Vault

__all__ = ["CUSTODIANS_MIN", "FAILURES_MAX", "NUMBER_DIGITS", "PASSWORD_DIGITS", "Custodian", "Custodians", "Proof"]

CUSTODIANS_MIN, CUSTODIANS_MAX = 2, 9
FAILURES_MAX = 5
NUMBER_DIGITS = 2
PASSWORD_DIGITS = range(8, 17)
"""Digits, for they are typed on a keypad (PCI PIN Security asks for 5 at least, the trade for 7)."""
_EXTRA = "custodians"
_MEMORY_KIB, _PASSES, _LANES, _SALT_BYTES, _VERIFIER_BYTES = 19_456, 4, 1, 16, 32


class Proof(StrEnum):
    """How a password was found."""

    RIGHT = "right"
    WRONG = "wrong"
    """Or the number is nobody's: which of the two is not told."""
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Custodian:
    """One of the people, without the password."""

    number: str
    locked: bool
    since: str
    """When the password was chosen, UTC."""


class Custodians:
    """The custodians of a vault. Its methods write the disk; they are called in the thread that writes the vault."""

    def __init__(self, vault: Vault, now: Callable[[], datetime], random: Callable[[int], bytes] = os.urandom) -> None:
        self._vault, self._now, self._random = vault, now, random

    def all(self) -> tuple[Custodian, ...]:
        """Everybody, by number."""
        return tuple(
            Custodian(number, row["failures"] >= FAILURES_MAX, row["since"])
            for number, row in sorted(self._rows().items())
        )

    @property
    def enough(self) -> bool:
        """Whether there are the two that a ceremony takes."""
        return len(self._rows()) >= CUSTODIANS_MIN

    def enrol(self, number: str, password: Secret, by: tuple[str, ...] = ()) -> None:
        """Add a custodian, or give a new password. Raises CeremonyRefused for a password that is none.

        ``by``: who allowed it; the first two of a new vault allow each other.
        """
        check_number(number)
        check_password(number, password)
        rows = self._rows()
        if number not in rows and len(rows) >= CUSTODIANS_MAX:
            raise CeremonyRefused("There are as many custodians as there may be.", "Remove one who no longer is one.")
        salt = self._random(_SALT_BYTES)
        since = self._now().astimezone(UTC).isoformat(timespec="seconds")
        rows[number] = {"salt": salt.hex(), "verifier": _verifier(password, salt).hex(), "failures": 0, "since": since}
        self._keep(rows)
        self._vault.witness("custodian-enrolled", wait=True, custodian=number, by=list(by))

    def remove(self, number: str, by: tuple[str, ...]) -> None:
        """Take a custodian's number away. Raises CeremonyRefused when too few would be left."""
        rows = self._rows()
        if number not in rows:
            raise CeremonyRefused(f"There is no custodian {number}.")
        if len(rows) <= CUSTODIANS_MIN:
            raise CeremonyRefused("Two custodians must remain.", "Enrol the successor first.")
        del rows[number]
        self._keep(rows)
        self._vault.witness("custodian-removed", wait=True, custodian=number, by=list(by))

    def unlock(self, number: str, by: str) -> None:
        """Let a custodian try again; ``by`` another one. Raises CeremonyRefused."""
        rows = self._rows()
        if number not in rows or number == by:
            raise CeremonyRefused(f"Custodian {number} cannot be let in by {by}.", "Another custodian does it.")
        rows[number] = {**rows[number], "failures": 0}
        self._keep(rows)
        self._vault.witness("custodian-unlocked", wait=True, custodian=number, by=[by])

    def prove(self, number: str, password: Secret) -> Proof:
        """Compare a password, which is wiped. The failure is durable before it is told."""
        with password:
            rows = self._rows()
            row = rows.get(number)
            if row is None:
                _verifier(password, bytes(_SALT_BYTES))  # takes as long as for a number that is somebody's
                return Proof.WRONG
            if row["failures"] >= FAILURES_MAX:
                return Proof.LOCKED
            rows[number] = {**row, "failures": row["failures"] + 1}
            self._keep(rows)
            if not hmac.compare_digest(_verifier(password, bytes.fromhex(row["salt"])), bytes.fromhex(row["verifier"])):
                locked = rows[number]["failures"] >= FAILURES_MAX
                self._vault.witness("custodian-failed", wait=True, custodian=number, locked=locked)
                return Proof.LOCKED if locked else Proof.WRONG
        rows[number] = {**row, "failures": 0}
        self._keep(rows)
        return Proof.RIGHT

    def _rows(self) -> dict[str, dict[str, Any]]:
        return dict(self._vault.kept(_EXTRA) or {})

    def _keep(self, rows: dict[str, dict[str, Any]]) -> None:
        self._vault.keep(**{_EXTRA: rows})


def check_number(number: str) -> None:
    """Raises CeremonyRefused for what is no custodian's number."""
    if len(number) != NUMBER_DIGITS or not number.isascii() or not number.isdecimal():
        raise CeremonyRefused(f"A custodian's number has {NUMBER_DIGITS} digits.", "Choose another number.")


def check_password(number: str, password: Secret) -> None:
    """Raises CeremonyRefused for a password that is too short, too long or too easy."""
    with password.open() as digits:
        steps = {(after - before) % 10 for before, after in pairwise(digits)}
        if len(digits) not in PASSWORD_DIGITS or not digits.isdigit():
            raise CeremonyRefused(
                f"A custodian's password has {PASSWORD_DIGITS.start} to {PASSWORD_DIGITS.stop - 1} digits.",
                "Choose a longer one.",
            )
        if len(steps) == 1 or len(set(digits)) < 4 or digits == (number * 8).encode("ascii")[: len(digits)]:
            raise CeremonyRefused("This password is too easy to guess.", "Avoid repeated digits and rows of digits.")


def _verifier(password: Secret, salt: bytes) -> bytes:
    stretch = Argon2id(salt=salt, length=_VERIFIER_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    with password.open() as text:
        return stretch.derive(text)  # type: ignore[arg-type]  # takes any buffer: no copy that cannot be wiped
