"""Whether a replay came to what was recorded; if not, where it first went another way."""

from __future__ import annotations

from dataclasses import dataclass

from tools.replay.player import Played
from tools.replay.recording import LifeRecord

__all__ = ["Verdict", "verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Right or not, and why."""

    right: bool
    text: str


def verdict(played: Played, following: LifeRecord | None, *, whole: bool) -> Verdict:
    """``following``: the next life on the same disk. ``whole``: the replay was not stopped before its end."""
    life, difference = played.life, played.difference
    if difference is not None:
        at_s = (difference.at_us - life.now_us) / 1_000_000
        return Verdict(
            False, f"It differs at {at_s:.6f} s: recorded was {difference.recorded}, replayed {difference.replayed}."
        )
    if life.journal and played.began_with != life.journal:
        return Verdict(False, "The journal it begins with is not the one that was recorded.")
    same = f"The same {len(played.screens)} screens and everything that was sent"
    if not whole:
        return Verdict(True, f"{same}, as far as it was played.")
    if life.left:
        return Verdict(True, f"{same}, until the recording ends: {life.left}.")
    if played.fault and played.fault != life.ended:
        return Verdict(False, f"The replay ends with {played.fault}, the life did not.")
    expected = life.end_journal or (following.journal if following is not None else None)
    if not expected:
        return Verdict(True, f"{same}; the life has no last word of its journal to compare with.")
    if played.journal == expected:
        return Verdict(True, f"{same}, the same journal.")
    if played.under_way:
        return Verdict(True, f"{same}; the life ended in the middle of a write, so its journal is not compared.")
    return Verdict(False, f"{same}, and another journal.")
