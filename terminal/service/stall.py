"""The stall meter: how long the loop was busy between two looks at its file descriptors.

A HID keyboard reader fills its kernel ring of 64 events in about 20 ms; a loop that is busy longer
loses card data (facts/product.md §0). Measured at the selector, so nothing has to tick.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import Any

__all__ = ["STALL_WARNING_S", "MeteredSelector"]

STALL_WARNING_S = 0.015


class MeteredSelector(selectors.DefaultSelector):
    """The platform's selector, which also keeps the longest busy time of the loop, in seconds."""

    def __init__(self, stalled: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self.stalled = stalled
        """Called with the busy time of a turn that exceeded STALL_WARNING_S."""
        self.longest_s = self._recent_s = 0.0
        self.count = 0
        self._returned = time.perf_counter()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait for file descriptors; note how long the loop took since it last came from here."""
        busy = time.perf_counter() - self._returned
        self.longest_s = max(self.longest_s, busy)
        self._recent_s = max(self._recent_s, busy)
        if busy > STALL_WARNING_S:
            self.count += 1
            if self.stalled is not None:
                self.stalled(busy)
        ready = super().select(timeout)
        self._returned = time.perf_counter()
        return ready

    def take_longest_s(self) -> float:
        """The longest busy time since the last call of this."""
        longest_s, self._recent_s = self._recent_s, 0.0
        return longest_s
