"""The terminal's clocks: the loop's monotonic time for every timer, the wall for what people read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["TerminalClock"]

_ADOPTED_YEARS = (-1, 0, 1)


class TerminalClock:
    """Local wall clock, corrected by what the host said at sign-on (facts/unionpay.md §3.4).

    The machine's own clock is left alone (setting it needs privileges and would disturb
    certificates and logs); the difference is kept and added.
    """

    def __init__(self, wall: Callable[[], datetime], offset_s: int = 0) -> None:
        self._wall = wall
        self.offset_s = offset_s

    def __call__(self) -> datetime:
        """Local date and time as printed on slips."""
        return self._wall() + timedelta(seconds=self.offset_s)

    def adopt(self, date: str, time: str) -> int | None:
        """Take the host's MMDD and hhmmss; return the new offset in seconds, or None when they are no time.

        The message has no year: the one that lies nearest to the machine's clock is meant.
        """
        now = self._wall()
        candidates = []
        for years in _ADOPTED_YEARS:
            try:
                candidates.append(datetime.strptime(f"{now.year + years:04d}{date}{time}", "%Y%m%d%H%M%S"))
            except ValueError:
                continue
        if not candidates:
            return None
        nearest = min(candidates, key=lambda moment: abs(moment - now))
        self.offset_s = round((nearest - now).total_seconds())
        return self.offset_s
