"""What leaves the terminal, checked at the moment it does: durable first, never the same number twice (I3, I8)."""

from __future__ import annotations

from collections.abc import Callable

import iso8583
from iso8583 import Message
from iso8583.framing import UnionPayFraming
from tools.simulation.disk import Disk

__all__ = ["WireWatch", "integer"]

_DIALECT = iso8583.dialect("unionpay-pos")
_STATES = {"0100": ("sent",), "0200": ("sent",), "0220": ("sent", "advising"), "0400": ("reversing",)}
_QUESTION = "330000"
"""Processing code of the question what has become of a payment by code: it moves nothing and has no row."""
STAN_MAX = 999_999


class WireWatch:
    """Knows every message that ever left."""

    def __init__(self, note: Callable[[str], None], wrong: Callable[[str, str], None]) -> None:
        self._note = note
        self._wrong = wrong
        self.asked: dict[tuple[int, int], tuple[str, str, int]] = {}
        """MTI, processing code and amount by batch and STAN, of what was asked about money."""
        self.reversals: dict[tuple[int, int], int] = {}
        """Amount of the 0400 by batch and STAN of its original."""
        self._sent: set[tuple[int, int]] = set()
        self._last_stan = 0
        self.messages = 0

    def left(self, data: bytes, disk: Disk) -> None:
        """A frame leaves."""
        message = _DIALECT.decode(UnionPayFraming().feed(data)[0].body)
        self.messages += 1
        stan, batch = int(str(message.get(11) or "0")), int(str(message.get(60) or "")[2:8] or "0")
        amount = int(str(message.get(4) or "0"))
        self._note(f"terminal: {message.mti} {stan:06d} batch {batch} amount {amount}")
        question = message.mti == "0200" and message.get(3) == _QUESTION
        if message.mti in _STATES and not question:
            self._durable(message, batch, stan, amount, disk)
        if message.mti == "0400":
            self._reversal(batch, stan, amount)
        elif message.mti in _STATES and not question:
            self._request(message, batch, stan, amount)
        if message.mti not in ("0400", "0220"):
            self._fresh(stan)

    def _durable(self, message: Message, batch: int, stan: int, amount: int, disk: Disk) -> None:
        """The bytes of the row's state, STAN, batch, amount and currency stand together on the platter."""
        rest = integer(stan) + integer(batch) + integer(amount) + str(message.get(49)).encode("ascii")
        if not any(disk.holds(state.encode("ascii") + rest) for state in _STATES[message.mti]):
            self._wrong("I3", f"{message.mti} {stan:06d} of {amount} left before its row was on the platter")

    def _request(self, message: Message, batch: int, stan: int, amount: int) -> None:
        said = (message.mti, str(message.get(3)), amount)
        before = self.asked.setdefault((batch, stan), said)
        if before != said:
            self._wrong("I8", f"number {stan:06d} of batch {batch} was used for {before} and for {said}")
        elif message.mti != "0220" and (batch, stan) in self._sent:
            self._wrong("I8", f"{message.mti} {stan:06d} was sent twice")
        self._sent.add((batch, stan))

    def _reversal(self, batch: int, stan: int, amount: int) -> None:
        original = self.asked.get((batch, stan))
        if original is not None and original[2] != amount:
            self._wrong("I4", f"the reversal of {stan:06d} says {amount}, its original said {original[2]}")
        if self.reversals.setdefault((batch, stan), amount) != amount:
            self._wrong("I4", f"the reversal of {stan:06d} is repeated with another amount")

    def _fresh(self, stan: int) -> None:
        """A new message has a number after all before it; 999999 is followed by 1."""
        behind = (stan - self._last_stan) % STAN_MAX
        if stan == 0 or (self._last_stan and not 0 < behind < STAN_MAX // 2):
            self._wrong("I8", f"number {stan:06d} comes after {self._last_stan:06d}")
        self._last_stan = stan


def integer(value: int) -> bytes:
    """A whole number as SQLite lays it into a record: the fewest of 0, 1, 2, 3, 4, 6 or 8 bytes."""
    if value in (0, 1):
        return b""
    for length in (1, 2, 3, 4, 6, 8):
        if -(1 << (8 * length - 1)) <= value < 1 << (8 * length - 1):
            return value.to_bytes(length, "big", signed=True)
    raise ValueError(value)
