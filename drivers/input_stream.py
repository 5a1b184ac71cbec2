"""``struct input_event`` from a file descriptor, in frames, with what the kernel dropped made known.

The kernel's ring for a reader holds 64 events; when it overflows, the kernel says SYN_DROPPED and
everything up to the next SYN_REPORT is incomplete (facts/hardware.md §3).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evdev import ecodes

__all__ = ["EVENT_BYTES", "Dropped", "InputParser", "KeyEvent", "pack_event", "unpack_event"]

_LAYOUT = struct.Struct("llHHi")
EVENT_BYTES = _LAYOUT.size
"""24 bytes on 64-bit machines: seconds, microseconds, type, code, value."""
_EV_KEY, _EV_SYN, _SYN_REPORT, _SYN_DROPPED = ecodes.EV_KEY, ecodes.EV_SYN, ecodes.SYN_REPORT, ecodes.SYN_DROPPED
RELEASED, PRESSED, REPEATED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key went down (True) or up (False)."""

    code: int
    down: bool
    time_s: float
    """The kernel's time stamp."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The kernel lost events: whatever was being typed is void."""

    held: frozenset[int] = frozenset()
    """Codes of the keys that are down after the loss, as the kernel has them: a key-up may be among what was lost."""


def pack_event(type: int, code: int, value: int, seconds: int = 0, microseconds: int = 0) -> bytes:
    """Bytes of one event as the kernel writes them."""
    return _LAYOUT.pack(seconds, microseconds, type, code, value)


def unpack_event(data: bytes) -> tuple[int, int, int]:
    """Type, code and value of one event."""
    _, _, type, code, value = _LAYOUT.unpack(data)
    return type, code, value


class InputParser:
    """Bytes in, key events out. Key repeats are left out; a person or card never means them.

    ``held`` asks the kernel which keys are down, after it has lost events.
    """

    def __init__(self, held: Callable[[], frozenset[int]] = frozenset) -> None:
        self._held = held
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[KeyEvent | Dropped]:
        """Take what was read; yields complete events in order."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT_BYTES
        self._rest = data[whole:]
        for seconds, microseconds, type, code, value in _LAYOUT.iter_unpack(data[:whole]):
            if type == _EV_SYN:
                if code == _SYN_DROPPED:
                    self._dropping = True
                    yield Dropped(self._held())
                elif code == _SYN_REPORT:
                    self._dropping = False
            elif type == _EV_KEY and not self._dropping and value != REPEATED:
                yield KeyEvent(code, value == PRESSED, seconds + microseconds / 1_000_000)
