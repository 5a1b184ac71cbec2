"""An event loop that is a function of its inputs: the same turns with the same inputs make the same callbacks.

Rules that keep this file whole (docs/decisions/0023-turns-and-answers-are-recorded.md):
- time stands still within a turn: ``time()`` is what the clock said when the turn began, in whole microseconds;
- whatever comes from outside waits in the inbox and is delivered first in a turn, all at once, in its order;
- timers that are due in the same turn run in the order in which they were set when they are due at the same instant.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
import time
from asyncio import events
from collections.abc import Callable
from typing import Any, Protocol

from terminal.service.stall import MeteredSelector

__all__ = ["Inbox", "Input", "TurnLoop", "TurnSelector", "Turns"]


class Input(Protocol):
    """Something that came from outside."""

    def give(self) -> None:
        """Hand it to whoever waits for it."""


class Inbox:
    """Inputs on their way into the next turn."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def take(self) -> list[Any]:
        """Everything that waits; it waits no more."""
        taken, self.waiting = self.waiting, []
        return taken


class Turns:
    """The present turn: its time and what it delivers. A selector begins it, the loop reads it."""

    def __init__(self) -> None:
        self.now_us = 0
        self.due: list[Input] = []
        """Inputs of the turn that has just begun."""

    def deliver(self) -> None:
        """Hand the turn's inputs to those who wait for them."""
        due, self.due = self.due, []
        for one in due:
            one.give()


class _Timer(asyncio.TimerHandle):
    """A timer with a place among those of the same instant; the heap alone has no order there."""

    __slots__ = ("serial",)
    serial: int

    def __lt__(self, other: object) -> bool:
        if isinstance(other, _Timer):
            return (self.when(), self.serial) < (other.when(), other.serial)
        return NotImplemented


class TurnLoop(asyncio.SelectorEventLoop):
    """Runs turns, whoever says when they are: a clock that is recorded, or a recording."""

    def __init__(self, selector: selectors.BaseSelector, turns: Turns) -> None:
        self._turns = turns
        self._serial = 0
        super().__init__(selector)
        self._delivery = events.Handle(turns.deliver, (), self)

    def time(self) -> float:
        """When the present turn began, in seconds."""
        return self._turns.now_us / 1_000_000

    def call_at(  # type: ignore[override]  # what is called takes what it is given
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """As the base class, with an order among equals."""
        self._check_closed()  # type: ignore[attr-defined]  # BaseEventLoop's own
        timer = _Timer(when, callback, args, self, context)
        self._serial += 1
        timer.serial = self._serial
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    @property
    def delivery(self) -> selectors.SelectorKey:
        """What a selector returns first when a turn has inputs: the loop takes it for a descriptor that can be read."""
        return selectors.SelectorKey(-1, -1, selectors.EVENT_READ, (self._delivery, None))


class TurnSelector(MeteredSelector):
    """The platform's selector, which begins a turn whenever it returns."""

    def __init__(self, turns: Turns, inbox: Inbox, began: Callable[[int, list[Any]], None]) -> None:
        """``began``: told of every turn, its time in microseconds and what it delivers."""
        super().__init__()
        self.loop: TurnLoop | None = None
        self._turns = turns
        self._inbox = inbox
        self._began = began
        turns.now_us = time.monotonic_ns() // 1000

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait for inputs, descriptors and timers."""
        turns = self._turns
        if self._inbox.waiting:
            timeout = 0.0
        elif timeout is not None and timeout > 0:
            # The loop reckons from the turn's beginning; what the turn took has passed already.
            timeout = max(0.0, timeout - (time.monotonic_ns() // 1000 - turns.now_us) / 1_000_000)
        ready = super().select(timeout)
        turns.now_us = max(turns.now_us, time.monotonic_ns() // 1000)
        turns.due = self._inbox.take()
        self._began(turns.now_us, turns.due)
        if turns.due and self.loop is not None:
            ready.insert(0, (self.loop.delivery, selectors.EVENT_READ))
        return ready
