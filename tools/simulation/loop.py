"""An asyncio loop on virtual time: waiting costs nothing, and the same seed gives the same order of events."""

from __future__ import annotations

import asyncio
import select
import selectors
from typing import Any

__all__ = ["Deadlock", "SimulatedLoop"]


class Deadlock(Exception):
    """Nothing is due and nothing can come: every task waits for ever."""


class _VirtualSelector(selectors.BaseSelector):
    """Never waits: looks at the file descriptors when told to, and otherwise moves the clock to the next timer."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.dirty = False
        """Something has been written to a descriptor that somebody may read."""
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._poll = select.poll()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._keys[number] = key
        self._poll.register(number, select.POLLIN)
        self.dirty = True
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._poll.unregister(number)
        return self._keys.pop(number)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        self.unregister(fileobj)
        return self.register(fileobj, events, data)

    def get_map(self) -> dict[int, selectors.SelectorKey]:  # type: ignore[override]  # by number, as the loop asks
        return self._keys

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj if isinstance(fileobj, int) else fileobj.fileno()]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.dirty:
            ready = sorted(number for number, _ in self._poll.poll(0))
            if ready:
                return [(self._keys[number], selectors.EVENT_READ) for number in ready]
            self.dirty = False
        if timeout is None:
            raise Deadlock("every task waits and no timer is set")
        if timeout > 0:
            self.now_s += timeout
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Event loop whose ``time()`` is virtual seconds since it was made."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Virtual seconds."""
        return self._virtual.now_s

    def written(self) -> None:
        """Bytes have been put into a pipe that a driver may read."""
        self._virtual.dirty = True
