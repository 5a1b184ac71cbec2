"""The magnetic-stripe reader that types its tracks (UnifiedPOS MSR). One pass gives one Swipe or one MisSwipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drivers.device import Emit
from drivers.encrypted_stripe import KsnGuard, ksn_of_typed
from drivers.events import MisSwipe, MisSwipeReason, Swipe, Tracks
from drivers.layouts import LAYOUTS, with_overrides
from drivers.once import Once
from drivers.tracks import PASS_CHARACTERS_MAX, BadPass, Lrc, meant_layout, split_tracks
from drivers.typed import Missing, Typed, TypingDevice
from drivers.wiping import wipe

__all__ = ["MagneticStripeReader", "SwipeTeller"]

ENCRYPTED_CHARACTERS_MAX = 2048
"""A pass of an enciphering reader, with everything it adds."""
PASS_CHARACTERS_MIN = 6
"""Fewer than this without a sentinel is somebody at a keyboard, not a pass."""
_SENTINELS = b"%;+#!"
_REASONS = {Missing.EVENTS: MisSwipeReason.EVENTS_LOST, Missing.DEVICE: MisSwipeReason.READER_LOST}


class SwipeTeller:
    """Tells swipes and mis-swipes of one reader, counts them, and leaves out the second of a double swipe."""

    def __init__(self, name: str, statistics: Counter[str]) -> None:
        self._name = name
        self._statistics = statistics
        self._once = Once()

    def void(self, bad: BadPass, now: float, emit: Emit) -> None:
        """A pass that gave no card."""
        self._statistics["FailedReadCount"] += 1
        self._statistics[f"FailedReadCount {bad.reason}"] += 1
        emit(MisSwipe(self._name, bad.reason, now, bad.detail))

    def tell(self, tracks: Tracks, now: float, emit: Emit) -> None:
        """A whole pass."""
        content = bytearray(b"|".join(track or b"" for track in (tracks.track1, tracks.track2, tracks.track3)))
        again = self._once.again(content, now)
        wipe(content)
        if again:
            tracks.wipe()
            self._statistics["DoubleReadCount"] += 1
            return
        self._statistics["GoodReadCount"] += 1
        emit(Swipe(self._name, tracks, now))


class MagneticStripeReader(TypingDevice):
    """A reader in keyboard mode."""

    bytes_max = ENCRYPTED_CHARACTERS_MAX
    interaction, used_count = "Swipe a card.", "GoodReadCount"

    def __init__(
        self, name: str, address: str, *, layout: str = "us", keys: Sequence[str] = (), lrc: str = "detect"
    ) -> None:
        super().__init__(name, address, layout=with_overrides(LAYOUTS[layout], keys), keep_strokes=True)
        self._lrc = Lrc(lrc)
        self._teller = SwipeTeller(name, self.statistics)
        self._guard = KsnGuard()

    def read(self, typed: Typed, now: float, emit: Emit) -> None:
        """One event for a pass; digits that somebody types on the same keyboard are no pass."""
        marked = typed.data[0] in _SENTINELS
        if typed.typed_by_hand() or (len(typed.data) < PASS_CHARACTERS_MIN and not marked):
            self.statistics["TypedByHandCount"] += 1
            if marked:
                self._teller.void(BadPass(MisSwipeReason.BY_HAND), now, emit)
            return
        enciphered, ksn = ksn_of_typed(typed.data)
        if enciphered:
            self._teller.void(BadPass(self._guard.check(ksn)), now, emit)
            return
        if typed.overlong or len(typed.data) > PASS_CHARACTERS_MAX:
            self._teller.void(BadPass(MisSwipeReason.TOO_LONG), now, emit)
            return
        result = split_tracks(typed.data, self._lrc)
        if isinstance(result, Tracks):
            self._teller.tell(result, now, emit)
            return
        layout = meant_layout(typed.retyped, self._lrc)
        self._teller.void(BadPass(MisSwipeReason.LAYOUT, layout) if layout else result, now, emit)

    def missing(self, what: Missing, now: float, emit: Emit) -> None:
        """A pass of which something is lost gives no card."""
        self._teller.void(BadPass(_REASONS[what]), now, emit)
