"""The loop of a replay: no clock and no descriptors, one recorded turn after the other."""

from __future__ import annotations

import selectors
from typing import Any

from terminal.recording.loop import TurnLoop, Turns
from tools.replay.seam import ReplaySeam

__all__ = ["ReplayLoop"]


class _Selector(selectors.BaseSelector):
    """Says that a turn has begun as often as the recording has one."""

    def __init__(self, turns: Turns, seam: ReplaySeam) -> None:
        self.loop: TurnLoop | None = None
        self._turns = turns
        self._seam = seam
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self._begun = False

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, 0, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> dict[Any, selectors.SelectorKey]:
        return self._keys

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if not self._begun:  # the turn in which the life was begun
            self._begun = True
            return []
        if self._seam.over:
            self._seam.idle(timeout)
            return []
        self._turns.now_us, self._turns.due = self._seam.next_turn()
        assert self.loop is not None
        return [(self.loop.delivery, selectors.EVENT_READ)] if self._turns.due else []


class ReplayLoop(TurnLoop):
    """A TurnLoop on a recording."""

    def __init__(self, seam: ReplaySeam, now_us: int) -> None:
        turns = Turns()
        turns.now_us = now_us
        selector = _Selector(turns, seam)
        super().__init__(selector, turns)
        selector.loop = self
