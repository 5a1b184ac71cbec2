"""Key algorithms as key records and key blocks name them, their lengths, and how strong they are.

Strengths are those of NIST SP 800-57 part 1, table 2, which PCI PIN Security requirement 10 follows: a key travels
under one that is at least as strong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ALGORITHMS", "Algorithm", "by_letter", "protects", "strength_bits"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What a key is a key of."""

    name: str
    """As in a key record: ``tdes``, ``aes``, ``sm4``, ``hmac``; ``rsa`` and ``ec`` only inside key blocks."""
    letter: str
    """X9.143 algorithm, or empty where it has none."""
    strengths: Mapping[int, int]
    """Bits of strength by length in bytes; empty where every length may be."""


_TABLE = (
    Algorithm("tdes", "T", {8: 56, 16: 80, 24: 112}),
    Algorithm("des", "D", {8: 56}),
    Algorithm("aes", "A", {16: 128, 24: 192, 32: 256}),
    Algorithm("sm4", "", {16: 128}),
    Algorithm("hmac", "H", {}),
    Algorithm("rsa", "R", {}),
    Algorithm("ec", "E", {}),
)
ALGORITHMS: Mapping[str, Algorithm] = {item.name: item for item in _TABLE}
_BY_LETTER = {item.letter: item for item in _TABLE if item.letter}
_HMAC_BITS_MAX = 256


def by_letter(letter: str) -> Algorithm | None:
    """The algorithm of a key block's header; None for one that is not known here."""
    return _BY_LETTER.get(letter)


def strength_bits(algorithm: str, length: int) -> int:
    """Bits of strength of a key of ``length`` bytes. Raises ValueError for a length that the algorithm has not."""
    known = ALGORITHMS[algorithm].strengths
    if algorithm == "hmac":
        return min(8 * length, _HMAC_BITS_MAX)
    try:
        return known[length]
    except KeyError:
        raise ValueError(f"{algorithm} has no keys of {length} bytes") from None


def protects(parent: tuple[str, int], child: tuple[str, int]) -> bool:
    """Whether a key (algorithm, length in bytes) is strong enough for another to travel under it."""
    return strength_bits(*parent) >= strength_bits(*child)
