"""Tracks of a magnetic stripe as readers give them: sentinels, characters, LRC, error marks (ISO/IEC 7811-6).

A reader types ``%…?`` ``;…?`` ``+…?``, track 3 of some with ``#`` or ``!``; a track it could not read is ``%E?``. After
the end sentinel some give the LRC as one more character. Pure: bytes in, Tracks or the reason out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drivers.events import MisSwipeReason, Tracks
from drivers.layouts import LAYOUTS, Layout
from drivers.wiping import wipe

__all__ = ["PASS_CHARACTERS_MAX", "BadPass", "Lrc", "longitudinal", "meant_layout", "split_tracks"]

PASS_CHARACTERS_MAX = 79 + 40 + 107 + 8
"""Three tracks with sentinels and LRC; more is no card."""
END = ord("?")
_ERROR_MARKS = (b"E", b"e")


class Lrc(StrEnum):
    """What a reader does with the check character that follows the end sentinel on the stripe."""

    DETECT = "detect"
    """Either; where one is given, it must be right."""
    REQUIRED = "required"
    """It gives it; a track without it was not read to its end."""
    ABSENT = "absent"
    """It checks and keeps it; a character there is a fault."""


@dataclass(frozen=True, slots=True)
class BadPass:
    """Why a pass gave no tracks; ``detail`` names the track and what is wrong with it."""

    reason: MisSwipeReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Track:
    """A track's alphabet: characters from ``base`` on in ``bits`` bits, and the most that fit."""

    name: str
    base: int
    bits: int
    characters_max: int
    """With sentinels, without LRC (ISO/IEC 7811-6, 7813)."""

    @property
    def characters(self) -> range:
        return range(self.base, self.base + (1 << self.bits))


_TRACK1 = _Track("track1", 0x20, 6, 79)
_TRACK2 = _Track("track2", 0x30, 4, 40)
_TRACK3 = _Track("track3", 0x30, 4, 107)
_STARTS = {ord("%"): _TRACK1, ord(";"): _TRACK2, ord("+"): _TRACK3, ord("#"): _TRACK3, ord("!"): _TRACK3}
_SENTINEL_OF_TRACK3 = ord(";")
"""What stands on the stripe, whatever the reader types for it."""


def longitudinal(track: str, start: int, content: bytes | bytearray) -> int:
    """The LRC of a track as the character a reader would type: XOR of all codes from start to end sentinel."""
    kind = next(each for each in (_TRACK1, _TRACK2, _TRACK3) if each.name == track)
    first = _SENTINEL_OF_TRACK3 if kind is _TRACK3 else start
    code = (first - kind.base) ^ (END - kind.base)
    for character in content:
        code ^= character - kind.base
    return kind.base + (code & ((1 << kind.bits) - 1))


def split_tracks(typed: bytes | bytearray, lrc: Lrc = Lrc.DETECT) -> Tracks | BadPass:
    """Tracks of one pass as the reader typed it, or why there are none."""
    tracks: dict[str, bytearray] = {}
    notes: list[str] = []
    position = 0
    while position < len(typed):
        start = typed[position]
        kind = _STARTS.get(start)
        if kind is None:
            return _void(tracks, MisSwipeReason.BAD_READ, "no start sentinel")
        end = typed.find(END, position)
        if end < 0:
            return _void(tracks, MisSwipeReason.PARTIAL, f"{kind.name} has no end sentinel")
        content = bytearray(typed[position + 1 : end])
        position = end + 1
        if kind.name in tracks or f"{kind.name}-error" in notes:
            return _void(tracks, MisSwipeReason.BAD_READ, f"{kind.name} came twice")
        if bytes(content) in _ERROR_MARKS:
            notes.append(f"{kind.name}-error")
            continue
        if kind is _TRACK1:
            content = content.upper()
        problem, position = _checked(kind, start, content, typed, position, lrc)
        if problem is not None:
            return _void(tracks, problem.reason, problem.detail)
        if content:
            tracks[kind.name] = content
    if not tracks:
        return BadPass(MisSwipeReason.BAD_READ, ", ".join(notes) or "empty")
    return Tracks(tracks.get("track1"), tracks.get("track2"), tracks.get("track3"), tuple(notes))


def _checked(
    kind: _Track, start: int, content: bytearray, typed: bytes | bytearray, position: int, lrc: Lrc
) -> tuple[BadPass | None, int]:
    """What is wrong with a track, and where the next one begins."""
    if len(content) + 2 > kind.characters_max:
        return BadPass(MisSwipeReason.TOO_LONG, f"{kind.name} is too long"), position
    allowed = kind.characters
    if any(character not in allowed or (character in _STARTS and kind is not _TRACK1) for character in content):
        return BadPass(MisSwipeReason.BAD_READ, f"{kind.name} has a character that is not of its alphabet"), position
    if not content:
        return None, position
    right = longitudinal(kind.name, start, content)
    here = typed[position] if position < len(typed) else None
    after_it = position + 1 == len(typed) or (position + 1 < len(typed) and typed[position + 1] in _STARTS)
    if here == right and after_it and lrc is not Lrc.ABSENT:
        return None, position + 1
    if lrc is Lrc.REQUIRED:
        what = "LRC is wrong" if here is not None and after_it else "LRC is missing"
        return BadPass(MisSwipeReason.BAD_READ, f"{kind.name}: {what}"), position
    if here is None or here in _STARTS:
        return None, position
    return BadPass(MisSwipeReason.BAD_READ, f"{kind.name}: LRC is wrong"), position


def meant_layout(retyped: Callable[[Layout], bytearray], lrc: Lrc = Lrc.DETECT) -> str:
    """Names of the layouts by which a pass that makes no sense would be a card; empty when there is none."""
    names = []
    for name, layout in LAYOUTS.items():
        again = retyped(layout)
        result = split_tracks(again, lrc)
        wipe(again)
        if isinstance(result, Tracks):
            plausible = result.track2 is not None and b"=" in result.track2
            result.wipe()
            if plausible:
                names.append(name)
    return " or ".join(names)


def _void(tracks: dict[str, bytearray], reason: MisSwipeReason, detail: str) -> BadPass:
    for track in tracks.values():
        wipe(track)
    return BadPass(reason, detail)
