"""What a ceremony is to bring in, by which way, and its limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from keys.errors import CeremonyRefused
from keys.records import SLOT_PATTERN
from keys.vault_rules import MAC_USAGES, MASTER_USAGES, check_slot_usage

__all__ = ["ATTEMPTS_MAX", "IDLE_S", "TOTAL_S", "Plan", "Way"]

IDLE_S = 60.0
"""Without a key pressed, the ceremony ends (PTS device practice, facts/keys.md §1)."""
TOTAL_S = 15 * 60.0
"""It ends, whatever happens."""
ATTEMPTS_MAX = 3
"""Wrong tries in a row at one step, before the ceremony ends. A password has its own, durable limit."""
_LENGTHS = {"tdes": (16, 24), "aes": (16, 24, 32), "sm4": (16,)}
_KCV_DIGITS = range(6, 11, 2)


@dataclass(frozen=True, slots=True)
class _Row:
    source: str
    custodians: int
    typed: bool
    clear: bool


class Way(Enum):
    """How a key comes: its name in the key record, custodians it takes, whether it is typed, whether it is in clear."""

    KEYPAD = _Row("ceremony", 2, True, True)
    """Typed at the terminal or at its console."""
    LOADER = _Row("loader", 2, False, True)
    """From a key-loading device at the serial line."""
    KEY_BLOCK = _Row("key-block", 1, False, False)
    """In a key block under a key that is here already."""
    TR34 = _Row("tr-34", 1, False, False)
    """In a TR-34 token for this terminal alone."""

    @property
    def source(self) -> str:
        """As the key's record names it."""
        return self.value.source

    @property
    def custodians(self) -> int:
        """How many sign in."""
        return self.value.custodians

    @property
    def typed(self) -> bool:
        """Whether custodians type components."""
        return self.value.typed

    @property
    def clear(self) -> bool:
        """Whether the key exists in clear outside; then a new master key erases all others."""
        return self.value.clear


@dataclass(frozen=True, slots=True)
class Plan:
    """One key to load. Attributes are TR-31's; none of it is secret."""

    slot: str
    way: Way
    usage: str = "K0"
    algorithm: str = "tdes"
    length_bytes: int = 16
    components: int = 2
    expected_kcv: str = ""
    """Hexadecimal, 6 to 10 digits; empty when both custodians agree to what they see."""
    kcv_method: str = ""
    """``legacy`` or ``cmac``; the algorithm's usual one when empty."""
    mode: str = "N"
    mac_algorithm: str = ""
    ksn: str = ""
    label: str = ""
    rehearsal: bool = False
    """Everything but the storing: to practise, and to compare forms."""

    @property
    def erases_others(self) -> bool:
        """A master key in clear erases every other key, so that nobody slips one in beside them."""
        return self.way.clear and self.usage in MASTER_USAGES

    def check(self) -> None:
        """Raises CeremonyRefused or UsageRefused for a plan that cannot be carried out."""
        if not re.fullmatch(SLOT_PATTERN, self.slot):
            raise CeremonyRefused("A slot's name is a letter, then up to 23 letters, digits and hyphens.", "Try: tmk")
        if not self.way.clear:
            return  # the block says the rest
        check_slot_usage(self.usage)
        if self.length_bytes not in _LENGTHS.get(self.algorithm, ()):
            lengths = ", ".join(str(length) for length in _LENGTHS.get(self.algorithm, ()))
            raise CeremonyRefused(
                f"A key of {self.length_bytes} bytes is not loaded for {self.algorithm.upper()}.",
                f"Lengths: {lengths} bytes." if lengths else f"Algorithms: {', '.join(_LENGTHS)}.",
            )
        allowed = (2, 3) if self.way.typed else (1, 2, 3)
        if self.components not in allowed:
            raise CeremonyRefused("A key has two or three components.", "Use --components 2 or 3.")
        digits = self.expected_kcv
        if digits and (len(digits) not in _KCV_DIGITS or not re.fullmatch(r"[0-9A-Fa-f]+", digits)):
            raise CeremonyRefused("An expected check value has 6, 8 or 10 hexadecimal digits.", "See the key's form.")
        if self.usage in MAC_USAGES and not self.mac_algorithm:
            raise CeremonyRefused("A MAC key is loaded for one MAC algorithm.", "Name it with --mac-algorithm.")
