"""The magnetic-stripe reader that types its tracks (UnifiedPOS MSR).

One pass gives one Swipe or one MisSwipe. Tracks are ``%…?`` ``;…?`` ``+…?``, an error track is
``%E?``; most readers end with Enter (facts/hardware.md §3).
"""

from __future__ import annotations

import asyncio

from drivers.device import Emit
from drivers.evdev_device import EvdevDevice
from drivers.events import MisSwipe, MisSwipeReason, Swipe, Tracks
from drivers.input_stream import Dropped, KeyEvent
from drivers.wedge import RETURN, WedgeDecoder

__all__ = ["MagneticStripeReader", "split_tracks"]

PASS_CHARACTERS_MAX = 79 + 40 + 107 + 8
"""Three tracks with sentinels and LRC; more is no card."""
SILENCE_S = 0.200
"""A pass without Enter ends when the reader has been silent this long."""
_SENTINELS = {"%": "track1", ";": "track2", "+": "track3"}
_LIMITS = {"track1": 79, "track2": 40, "track3": 107}


class MagneticStripeReader(EvdevDevice):
    """A reader in keyboard mode, grabbed and decoded by scancode."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._decoder = WedgeDecoder()
        self._typed = bytearray()
        self._overlong = False
        self._voided = False
        """Something of this pass is lost: the rest of it, up to Enter or silence, gives no card either."""
        self._timer: asyncio.TimerHandle | None = None

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Collect characters until Enter or silence."""
        for event in events:
            if isinstance(event, Dropped):
                self._decoder.reset()
                if not self._voided:
                    self._void(MisSwipeReason.EVENTS_LOST, now, emit)
                self._voided = True
                continue
            character = self._decoder.character(event.code, event.down)
            if character is None:
                continue
            if character == RETURN:
                self._end(now, emit)
            elif self._voided:
                continue
            elif len(self._typed) < PASS_CHARACTERS_MAX:
                self._typed += character.encode("ascii")
            else:
                self._overlong = True
        self._watch(emit)

    def lost(self, now: float, emit: Emit) -> None:
        """A pass in progress is void."""
        self._decoder.reset()
        self._voided = False
        if self._typed:
            self._void(MisSwipeReason.READER_LOST, now, emit)

    def _watch(self, emit: Emit) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._typed or self._voided:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SILENCE_S, lambda: self._end(loop.time(), emit))

    def _void(self, reason: MisSwipeReason, now: float, emit: Emit) -> None:
        self._clear()
        self.statistics[f"void {reason}"] += 1
        emit(MisSwipe(self.name, reason, now))

    def _end(self, now: float, emit: Emit) -> None:
        self._voided = False
        if not self._typed:
            return
        result = MisSwipeReason.TOO_LONG if self._overlong else split_tracks(self._typed)
        self._clear()
        if isinstance(result, MisSwipeReason):
            self.statistics[f"void {result}"] += 1
            emit(MisSwipe(self.name, result, now))
        else:
            self.statistics["swipes"] += 1
            emit(Swipe(self.name, result, now))

    def _clear(self) -> None:
        for index in range(len(self._typed)):
            self._typed[index] = 0
        self._typed = bytearray()
        self._overlong = False


def split_tracks(typed: bytearray) -> Tracks | MisSwipeReason:
    """Tracks of one pass as the reader typed it, or why there are none."""
    tracks: dict[str, bytearray] = {}
    notes: list[str] = []
    position = 0
    while position < len(typed):
        name = _SENTINELS.get(chr(typed[position]))
        if name is None:
            return MisSwipeReason.BAD_READ
        end = typed.find(b"?", position)
        if end < 0:
            return MisSwipeReason.PARTIAL
        content = typed[position + 1 : end]
        position = end + 1
        if name in tracks or f"{name}-error" in notes:
            return MisSwipeReason.BAD_READ
        if bytes(content) in (b"E", b"e"):
            notes.append(f"{name}-error")
        elif len(content) + 2 > _LIMITS[name]:
            return MisSwipeReason.TOO_LONG
        else:
            tracks[name] = content
        if position < len(typed) and chr(typed[position]) not in _SENTINELS:
            position += 1  # the LRC as a character of its own
    if not tracks:
        return MisSwipeReason.BAD_READ
    return Tracks(tracks.get("track1"), tracks.get("track2"), tracks.get("track3"), tuple(notes))
