"""Operators and their passwords: salted scrypt, failures counted on disk before they are told."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from terminal.journal.store import Store

__all__ = ["FAILURES_MAX", "Matches", "Operator", "OperatorRole", "Operators", "SignInResult", "password_matches"]

Matches = Callable[[bytes | bytearray, bytes, bytes], bool]
"""Whether a password, with its salt, gives the verifier."""

FAILURES_MAX = 5
"""Wrong passwords in a row; then only a higher operator lets the number in again. A power cut resets nothing."""
PASSWORD_DIGITS = range(4, 13)
_SALT_BYTES = 16
_COST_N, _COST_R, _COST_P, _MEMORY_BYTES_MAX = 1 << 14, 8, 1, 64 << 20


class OperatorRole(StrEnum):
    """Who may do what (facts/product.md §4.5)."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class SignInResult(StrEnum):
    """How a password was found."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operator:
    """One number at the counter: 99 the administrator, 00 the supervisor, 01 to 98 cashiers."""

    number: str
    role: OperatorRole
    locked: bool


def role_of(number: str) -> OperatorRole:
    """The role that a number has by its own (facts/unionpay.md §10)."""
    return {"99": OperatorRole.ADMINISTRATOR, "00": OperatorRole.SUPERVISOR}.get(number, OperatorRole.CASHIER)


class Operators:
    """The list of operators. Every change is a line in the event log, without the password."""

    def __init__(
        self, store: Store, matches: Matches | None = None, salt: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        """``matches`` None: ``password_matches``."""
        self._store = store
        self._matches = matches or password_matches
        self._salt = salt

    async def all(self) -> list[Operator]:
        """Every operator, by number."""

        def work() -> list[Operator]:
            rows = self._store.database.execute("SELECT number, role, failures FROM operator ORDER BY number")
            return [Operator(number, OperatorRole(role), failures >= FAILURES_MAX) for number, role, failures in rows]

        return await self._store.run(work)

    async def set_password(self, number: str, password: bytes | bytearray, by: str) -> None:
        """Add an operator, or give another password; either way the number is no longer locked."""
        salt = self._salt(_SALT_BYTES)

        def work() -> None:
            verifier = _verifier(password, salt)
            self._store.database.execute(
                "INSERT INTO operator (number, role, salt, verifier, failures, changed) VALUES (?, ?, ?, ?, 0, ?) "
                "ON CONFLICT (number) DO UPDATE SET salt = excluded.salt, verifier = excluded.verifier, failures = 0, "
                "changed = excluded.changed",
                (number, role_of(number), salt, verifier, self._store.now()),
            )
            self._store.note("operator", None, f"{number} given a password by {by}")

        await self._store.commit(work)

    async def remove(self, number: str, by: str) -> None:
        """Take a number away."""

        def work() -> None:
            self._store.database.execute("DELETE FROM operator WHERE number = ?", (number,))
            self._store.note("operator", None, f"{number} removed by {by}")

        await self._store.commit(work)

    async def unlock(self, number: str, by: str) -> None:
        """Let a number try again."""

        def work() -> None:
            self._store.database.execute("UPDATE operator SET failures = 0 WHERE number = ?", (number,))
            self._store.note("operator", None, f"{number} unlocked by {by}")

        await self._store.commit(work)

    async def check(self, number: str, password: bytes | bytearray) -> SignInResult:
        """Compare a password. The failure is durable before anybody learns of it, so pulling the plug gains nothing."""

        def work() -> SignInResult:
            row = self._store.database.execute(
                "SELECT salt, verifier, failures FROM operator WHERE number = ?", (number,)
            ).fetchone()
            if row is None:
                return SignInResult.UNKNOWN
            salt, verifier, failures = row
            if failures >= FAILURES_MAX:
                return SignInResult.LOCKED
            with self._store.transaction():
                self._store.database.execute("UPDATE operator SET failures = failures + 1 WHERE number = ?", (number,))
                self._store.note("operator", None, f"{number} tries to sign in")
            if not self._matches(password, salt, verifier):
                return SignInResult.WRONG
            with self._store.transaction():
                self._store.database.execute("UPDATE operator SET failures = 0 WHERE number = ?", (number,))
                self._store.note("operator", None, f"{number} signed in")
            return SignInResult.RIGHT

        return await self._store.run(work)


def password_matches(password: bytes | bytearray, salt: bytes, verifier: bytes) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(_verifier(password, salt), verifier)


def _verifier(password: bytes | bytearray, salt: bytes) -> bytes:
    return hashlib.scrypt(
        bytes(password), salt=salt, n=_COST_N, r=_COST_R, p=_COST_P, maxmem=_MEMORY_BYTES_MAX, dklen=32
    )
