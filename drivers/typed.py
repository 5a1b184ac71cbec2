"""One reading of a device that types: from its first key to Enter or silence; bounded, wiped, void when torn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from drivers.device import Emit
from drivers.evdev_device import EvdevDevice
from drivers.input_stream import Dropped, KeyEvent
from drivers.layouts import LAYOUTS, Layout
from drivers.wedge import RETURN, WedgeDecoder
from drivers.wiping import wipe

__all__ = ["KEY_GAP_MAX_S", "Missing", "Typed", "TypingDevice"]

SILENCE_S = 0.200
"""A reading without Enter ends when the device has been silent this long."""
KEY_GAP_MAX_S = 0.050
"""From key to key: devices take 0.5 to 10 ms, people more than this (facts/hardware.md §3)."""
STROKES_MAX = 512
"""Keys kept for another layout to be tried: a whole pass of three tracks."""
_CODE_MAX = 0xFF


class Missing(StrEnum):
    """Why a reading is not whole."""

    EVENTS = "events"
    """The kernel dropped events."""
    DEVICE = "device"
    """It was unplugged in mid-reading."""


@dataclass(slots=True, repr=False)
class Typed:
    """A whole reading. Whoever gets it wipes it."""

    data: bytearray
    overlong: bool
    quick: int
    """How many characters came as fast after the one before as no person types, by the kernel's clock."""
    slow: int
    strokes: bytearray
    """Key codes and modifiers of the reading, as long as they fit: pairs of bytes."""

    def wipe(self) -> None:
        """Overwrite everything."""
        wipe(self.data)
        wipe(self.strokes)

    def typed_by_hand(self) -> bool:
        """Whether a person typed this: most of it came slowly. A busy machine may hold up some keys, not most."""
        return self.slow > self.quick

    def retyped(self, layout: Layout) -> bytearray:
        """The reading as a device of another layout would have meant it; wiped by the caller."""
        again = bytearray()
        for code, level in zip(self.strokes[::2], self.strokes[1::2], strict=True):
            again += layout.get((code, level), "").encode("utf-8")
        return again


class TypingDevice(EvdevDevice):
    """A reader or scanner in keyboard mode, grabbed and decoded by scancode."""

    bytes_max: int
    """Longest reading; what exceeds it is overlong, not longer."""

    def __init__(
        self,
        name: str,
        address: str,
        *,
        layout: Layout = LAYOUTS["us"],
        silence_s: float = SILENCE_S,
        ends: bytes = b"",
        keep_strokes: bool = False,
    ) -> None:
        super().__init__(name, address)
        self._decoder = WedgeDecoder(layout)
        self._silence_s = silence_s
        self._ends = ends
        """What also ends a reading, beside Enter."""
        self._keep_strokes = keep_strokes
        self._data, self._strokes = bytearray(), bytearray()
        self._overlong = False
        self._voided = False
        """Something of this reading is lost: its rest, up to Enter or silence, is void too."""
        self._last_s: float | None = None
        self._quick = self._slow = 0
        self._timer: asyncio.TimerHandle | None = None

    def read(self, typed: Typed, now: float, emit: Emit) -> None:
        """Make something of a whole reading."""
        raise NotImplementedError

    def missing(self, what: Missing, now: float, emit: Emit) -> None:
        """Tell that a reading is void."""
        raise NotImplementedError

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Collect until Enter or silence."""
        for event in events:
            if isinstance(event, Dropped):
                self._decoder.reset(event.held)
                self._clear()
                if not self._voided:
                    self.statistics["OverrunCount"] += 1
                    self.missing(Missing.EVENTS, now, emit)
                self._voided = True
                continue
            self._key(event, now, emit)
        self._watch(emit)

    def fresh(self) -> None:
        """No key is held on a device that has just come."""
        self._decoder.reset()

    def lost(self, now: float, emit: Emit) -> None:
        """A reading in progress is void."""
        self._stop()
        self._decoder.reset()
        self._voided = False
        if self._data:
            self._clear()
            self.missing(Missing.DEVICE, now, emit)

    async def close(self) -> None:
        """Let it go; what was half-read is wiped."""
        self._stop()
        self._clear()
        await super().close()

    def _key(self, event: KeyEvent, now: float, emit: Emit) -> None:
        typed = self._decoder.feed(event.code, event.down)
        if typed == RETURN or (typed and typed == self._ends):
            self._end(now, emit)
        elif not self._voided:
            if typed:
                self._take(typed, event.time_s)
            self._keep(event)

    def _take(self, typed: bytes, time_s: float) -> None:
        if self._last_s is not None:
            quick = time_s - self._last_s <= KEY_GAP_MAX_S
            self._quick, self._slow = self._quick + quick, self._slow + (not quick)
        self._last_s = time_s
        if len(self._data) + len(typed) <= self.bytes_max:
            self._data += typed
        else:
            self._overlong = True

    def _keep(self, event: KeyEvent) -> None:
        wanted = self._keep_strokes and event.down and not self._decoder.is_modifier(event.code)
        if wanted and event.code <= _CODE_MAX and len(self._strokes) < 2 * STROKES_MAX:
            self._strokes += bytes((event.code, self._decoder.level))

    def _watch(self, emit: Emit) -> None:
        self._stop()
        if self._data or self._voided:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._silence_s, lambda: self._end(loop.time(), emit))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, now: float, emit: Emit) -> None:
        self._voided = False
        if not self._data:
            self._clear()
            return
        typed = Typed(self._data, self._overlong, self._quick, self._slow, self._strokes)
        self._data, self._strokes = bytearray(), bytearray()
        self._clear()
        try:
            self.read(typed, now, emit)
        finally:
            typed.wipe()

    def _clear(self) -> None:
        wipe(self._data)
        wipe(self._strokes)
        self._data, self._strokes = bytearray(), bytearray()
        self._overlong = False
        self._last_s = None
        self._quick = self._slow = 0
