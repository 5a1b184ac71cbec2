"""What may happen to one conversation with the host: one row each."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ALL_FAULTS", "AT_HOST", "FORGERIES", "MONEY_FAULTS", "Fault"]


class Fault(StrEnum):
    """One thing that goes wrong, once."""

    NONE = "none"

    # The connection.
    REFUSED = "refused"
    CONNECT_MUTE = "connect-mute"
    """No answer to the attempt to connect."""
    RESET_AT_FIRST_READ = "reset-at-first-read"
    """What a client certificate that the host refuses looks like with TLS 1.3: nothing was delivered."""

    # The request.
    REQUEST_LOST = "request-lost"
    REQUEST_CUT = "request-cut"
    """Half of it arrives, then the connection ends."""
    REQUEST_TWICE = "request-twice"
    REQUEST_LATE = "request-late"
    """Delivered only after the terminal has given up: a late 0200 behind its own 0400."""

    # The answer on its way; the host has done its work.
    RESET_AFTER_DELIVERY = "reset-after-delivery"
    ANSWER_LOST = "answer-lost"
    ANSWER_LATE = "answer-late"
    ANSWER_VERY_LATE = "answer-very-late"
    """After its reversal was answered, perhaps after a restart."""
    ANSWER_AT_THE_TIMER = "answer-at-the-timer"
    ANSWER_TWICE = "answer-twice"
    ANSWER_TRUNCATED = "answer-truncated"
    ANSWER_SPOILED = "answer-spoiled"
    """One bit is wrong."""
    ANSWER_SPLIT = "answer-split"
    GARBAGE_FIRST = "garbage-first"
    LENGTH_ZERO = "length-zero"
    LENGTH_HUGE = "length-huge"
    LENGTH_OFF_BY_ONE = "length-off-by-one"
    STALE_FIRST = "stale-first"
    """An earlier answer comes before the right one."""

    # The host's answer is damaged before it is sealed, or its seal is; the host has done its work.
    WRONG_MAC = "wrong-mac"
    NO_MAC = "no-mac"
    NO_CODE = "no-code"
    """Element 39 is missing."""
    AMBIGUOUS = "ambiguous"
    """Charged, and answered with "system malfunction"."""
    PARTIAL = "partial"
    """Approved for a part of the amount."""
    NEW_KEYS_WANTED = "new-keys-wanted"
    """The header asks for a new sign-on."""
    DENIED = "denied"
    """Charged, and an unsigned decline is what arrives."""

    # The host does nothing and says so.
    DECLINED = "declined"
    UNKNOWN_CODE = "unknown-code"
    """Refused with a code that no table has."""
    SIGN_ON_FIRST = "sign-on-first"
    FAILING = "failing"
    """It has done nothing, and says "system malfunction"."""

    # The host never hears of the request; somebody answers.
    REPLAYED = "replayed"
    """A genuine answer to an earlier message of this kind."""
    FORGED_MAC = "forged-mac"
    FORGED_NO_MAC = "forged-no-mac"
    FORGED_STAN = "forged-stan"
    FORGED_TERMINAL = "forged-terminal"
    FORGED_AMOUNT = "forged-amount"
    FORGED_MTI = "forged-mti"
    FORGED_PROCESSING = "forged-processing"
    FORGED_REPEATED = "forged-repeated"
    """An unsealed "repeated", which would end an advice that the host never got."""

    # Settlement.
    TOTALS_DISAGREE = "totals-disagree"
    """The host finds other totals of domestic cards."""
    FOREIGN_DISAGREE = "foreign-disagree"
    """The host finds other totals of foreign cards."""


FORGERIES = frozenset(fault for fault in Fault if fault.startswith("forged-"))
AT_HOST = frozenset({
    Fault.WRONG_MAC, Fault.NO_MAC, Fault.NO_CODE, Fault.UNKNOWN_CODE, Fault.AMBIGUOUS, Fault.PARTIAL,
    Fault.NEW_KEYS_WANTED, Fault.DENIED, Fault.DECLINED, Fault.SIGN_ON_FIRST, Fault.FAILING, Fault.TOTALS_DISAGREE,
    Fault.FOREIGN_DISAGREE,
}) | FORGERIES  # fmt: skip
"""Faults that the simulated host itself brings about."""
MONEY_FAULTS = (
    AT_HOST - {Fault.NEW_KEYS_WANTED, Fault.TOTALS_DISAGREE, Fault.FOREIGN_DISAGREE, Fault.NO_CODE, Fault.FAILING}
) | {Fault.REPLAYED}
"""Faults that mean something only for a message with a MAC: what carries none cannot be told from a forgery."""
ALL_FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
