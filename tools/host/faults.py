"""What can go wrong on the way, on order: by the amount of a sale or through the control socket.

The first group decides whether the host gets to work at all, the second what becomes of its answer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AMOUNT_FAULTS", "Fault", "Faults", "Order", "by_amount"]

ORDERS_MAX = 10_000
SECONDS_MAX = 3600.0
LATE_S = 75.0
"""Later than the 60 s a terminal of the lab profile waits."""


class Fault(StrEnum):
    """One thing that goes wrong, once."""

    # The request does not get through, or not in time.
    LOST = "lost"
    """The request never arrives: nothing is charged, nothing answered."""
    CLOSE = "close"
    """The host closes before it has looked at the request: nothing is charged."""
    HELD = "held"
    """The request is stuck on its way and arrives ``seconds`` later, perhaps after its own reversal."""
    DECLINE = "decline"
    """The host answers ``code`` without charging."""
    # The host has done its work, but the answer does not say so.
    NO_ANSWER = "no-answer"
    """Charged, and nothing comes back; the connection stays open."""
    DROP = "drop"
    """Charged, and the connection is closed without an answer."""
    LATE = "late"
    """Charged; the answer comes ``seconds`` later."""
    WRONG_MAC = "wrong-mac"
    NO_MAC = "no-mac"
    GARBAGE = "garbage"
    """A well-framed answer that is no message."""
    TRUNCATED = "truncated"
    """Half of the answer, then the connection is closed."""
    OVERLONG = "overlong"
    """A length of 65 535 in front of the answer."""
    OTHER_STAN = "other-stan"
    """An answer to a message that was never sent."""
    OTHER_AMOUNT = "other-amount"
    OTHER_MTI = "other-mti"
    DUPLICATE = "duplicate"
    """The answer twice."""
    STALE_FIRST = "stale-first"
    """An answer with another STAN first, then the right one."""
    SPLIT = "split"
    """The answer byte by byte."""
    # Only with --http: the answer is whole without it.
    HTTP_ERROR = "http-error"
    """Charged; the answer is a page with status 503."""
    HTTP_REDIRECT = "http-redirect"
    """Charged; status 302 to another path."""
    HTTP_TYPE = "http-type"
    """Charged; status 200 with a page of text."""
    HTTP_CHUNKED = "http-chunked"
    """Charged; the right answer in chunks."""


@dataclass(frozen=True, slots=True)
class Order:
    """A fault that waits for its message."""

    fault: Fault
    mti: str = ""
    """Message type it applies to; empty for any message that is about money (01xx to 04xx)."""
    code: str = ""
    """Element 39, for ``decline``."""
    seconds: float = LATE_S
    """For ``late`` and ``held``."""

    def __post_init__(self) -> None:
        if self.fault is Fault.DECLINE and (len(self.code) != 2 or self.code in APPROVING_CODES):
            raise ValueError("A decline needs a code of two characters that does not approve, such as 51.")
        if not 0 <= self.seconds <= SECONDS_MAX:
            raise ValueError(f"Seconds must lie between 0 and {SECONDS_MAX:.0f}.")

    def fits(self, mti: str) -> bool:
        """Whether this order is meant for a message type."""
        return mti == self.mti if self.mti else mti[:2] in ("01", "02", "04")


_CENTS = (
    Fault.NO_ANSWER, Fault.LATE, Fault.DROP, Fault.CLOSE, Fault.LOST, Fault.WRONG_MAC, Fault.NO_MAC, Fault.GARBAGE,
    Fault.TRUNCATED, Fault.OVERLONG, Fault.OTHER_STAN, Fault.OTHER_AMOUNT, Fault.OTHER_MTI, Fault.DUPLICATE,
    Fault.STALE_FIRST, Fault.SPLIT, Fault.HELD,
)  # fmt: skip

AMOUNT_FAULTS: dict[int, Fault] = {9801 + index: fault for index, fault in enumerate(_CENTS)}
"""Amounts 98.01, 98.02 … in the minor unit and what happens to a first message (not a reversal) of that amount."""
APPROVING_CODES = frozenset({"00", "10", "11", "A2", "A4", "A5", "A6"})
"""Codes a terminal may take for success (facts/unionpay.md §7): no fault answers them without charging."""
DECLINE_AMOUNTS = {9900 + cents: f"{cents:02d}" for cents in range(1, 100) if f"{cents:02d}" not in APPROVING_CODES}
"""Amounts 99.01 to 99.99 and the code they are declined with, which is the cents: 99.51 with 51."""


def by_amount(mti: str, amount_minor: int) -> Order | None:
    """The fault an amount asks for; reversals and voids of it go through."""
    if mti != "0200":
        return None
    if amount_minor in DECLINE_AMOUNTS:
        return Order(Fault.DECLINE, code=DECLINE_AMOUNTS[amount_minor])
    fault = AMOUNT_FAULTS.get(amount_minor)
    return None if fault is None else Order(fault)


class Faults:
    """Orders of the control socket, used up one by one in the order they came, and the table of amounts."""

    def __init__(self, by_amounts: bool = True) -> None:
        self._by_amounts = by_amounts
        self._orders: deque[Order] = deque()

    def order(self, order: Order, count: int = 1) -> None:
        """Let the next ``count`` fitting messages meet a fault. Raises ValueError beyond the bound."""
        if count < 1 or len(self._orders) + count > ORDERS_MAX:
            raise ValueError(f"At most {ORDERS_MAX} orders can wait; clear some first.")
        self._orders.extend([order] * count)

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def take(self, mti: str, processing_code: str, amount_minor: int) -> Order | None:
        """The fault for a message that has just come, or None."""
        for order in self._orders:
            if order.fits(mti):
                self._orders.remove(order)
                return order
        if self._by_amounts and not processing_code.startswith("2"):
            return by_amount(mti, amount_minor)
        return None
